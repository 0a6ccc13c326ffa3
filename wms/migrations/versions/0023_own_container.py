"""Goods that ship in their own container, and bags"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

OWN, FLAT = op.f("ck_sku_own_container"), op.f("ck_carton_flat")


def upgrade() -> None:
    for table, name in (("sku", "own_container"), ("carton", "bag")):
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default="false"))
        op.alter_column(table, name, server_default=None)
    op.create_check_constraint(OWN, "sku", "NOT (own_container AND fragile)")
    op.create_check_constraint(FLAT, "carton", "bag = (inner_height_mm = 0) AND bag = (outer_height_mm = 0)")


def downgrade() -> None:
    op.drop_constraint(FLAT, "carton")
    op.drop_constraint(OWN, "sku")
    op.execute("DELETE FROM carton WHERE bag")
    op.drop_column("carton", "bag")
    op.drop_column("sku", "own_container")
