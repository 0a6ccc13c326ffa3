"""An order remembers what the host chose of service, duty term and customs mode"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("customer_order", sa.Column("fixed", JSONB(), nullable=False, server_default="{}"))
    op.alter_column("customer_order", "fixed", server_default=None)


def downgrade() -> None:
    op.drop_column("customer_order", "fixed")
