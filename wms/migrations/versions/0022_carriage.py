"""What a parcel may weigh, be worth and cost with the service chosen, for the carton plan"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "carriage",
        sa.Column("key", sa.Text(), nullable=False),
        *(sa.Column(name, JSONB(), nullable=False) for name in ("ladders", "as_is")),
        sa.Column("divisor", sa.BigInteger(), nullable=False),
        sa.Column("dim_over_mm", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_carriage")),
    )
    op.add_column("customer_order", sa.Column("parcel_max_cents", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("customer_order", sa.Column("carriage", sa.Text(), nullable=False, server_default=""))
    op.alter_column("customer_order", "parcel_max_cents", server_default=None)
    op.alter_column("customer_order", "carriage", server_default=None)


def downgrade() -> None:
    op.drop_column("customer_order", "carriage")
    op.drop_column("customer_order", "parcel_max_cents")
    op.drop_table("carriage")
