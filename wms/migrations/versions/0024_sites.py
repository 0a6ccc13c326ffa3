"""Other warehouses and their stock; return labels bought from a carrier"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("ship_purchase", sa.Column("kind", sa.Text(), nullable=False, server_default="parcel"))
    op.alter_column("ship_purchase", "kind", server_default=None)
    op.create_check_constraint(op.f("ck_ship_purchase_kind"), "ship_purchase", "kind IN ('parcel','return')")
    op.create_table(
        "return_label",
        sa.Column("rma_id", sa.UUID(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("house", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('wanted','bought','refused','dropped')", name=op.f("ck_return_label_state")),
        sa.ForeignKeyConstraint(["rma_id"], ["rma.id"], name=op.f("fk_return_label_rma_id_rma")),
        sa.PrimaryKeyConstraint("rma_id", name=op.f("pk_return_label")),
    )
    op.create_index(
        "ix_return_label_tracking", "return_label", ["tracking"], postgresql_where=sa.text("tracking <> ''")
    )


def downgrade() -> None:
    op.drop_table("return_label")
    op.drop_constraint(op.f("ck_ship_purchase_kind"), "ship_purchase")
    op.drop_column("ship_purchase", "kind")
