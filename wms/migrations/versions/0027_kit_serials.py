"""Which serials went into which kits"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

TABLE = "vas_kit_serial"


def _fk(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_{TABLE}_{column}_{table}"))


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(n, sa.BigInteger(), nullable=False) for n in ("sku_id", "kit_id", "lot_id", "units_from")),
        *(sa.Column(n, sa.Text(), nullable=False) for n in ("serial", "by")),
        sa.Column("work_order_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("out_of", sa.Uuid(), nullable=True),
        sa.Column("out_at", sa.DateTime(timezone=True), nullable=True),
        _fk("sku_id", "sku"), _fk("kit_id", "sku"), _fk("lot_id", "lot"), _fk("work_order_id", "vas_order"), _fk("out_of", "vas_order"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )  # fmt: skip
    for column in ("serial", "lot_id", "work_order_id"):
        op.create_index(f"ix_{TABLE}_{column}", TABLE, [column])
    op.create_index(
        f"uq_{TABLE}_inside", TABLE, ["sku_id", "serial"], unique=True, postgresql_where=sa.text("out_of IS NULL")
    )


def downgrade() -> None:
    op.drop_table(TABLE)
