"""Tags that live at a gate are kept apart from strays"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "gate_passage",
        sa.Column("resident", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"),
    )
    op.alter_column("gate_passage", "resident", server_default=None)


def downgrade() -> None:
    op.drop_column("gate_passage", "resident")
