"""What the tunnel measured of a parcel's sides is held against what was planned"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("parcel", sa.Column("measured_mm", JSONB(), nullable=False, server_default="[]"))
    op.alter_column("parcel", "measured_mm", server_default=None)
    op.add_column("pack_line", sa.Column("tolerance_mm", sa.BigInteger(), nullable=False, server_default="20"))
    op.alter_column("pack_line", "tolerance_mm", server_default=None)
    op.create_check_constraint(op.f("ck_pack_line_tolerance"), "pack_line", "tolerance_mm > 0")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_pack_line_tolerance"), "pack_line", type_="check")
    op.drop_column("pack_line", "tolerance_mm")
    op.drop_column("parcel", "measured_mm")
