"""Other warehouses and their stock; return labels bought from a carrier"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"

LIMITS = "parcels_max > 0 AND weight_max_g > 0 AND tare_g >= 0"


def upgrade() -> None:
    op.add_column("ship_purchase", sa.Column("kind", sa.Text(), nullable=False, server_default="parcel"))
    op.alter_column("ship_purchase", "kind", server_default=None)
    op.create_check_constraint(op.f("ck_ship_purchase_kind"), "ship_purchase", "kind IN ('parcel','return')")
    _sourcing()
    op.drop_constraint(op.f("uq_container_code"), "container")
    op.create_index(op.f("ix_container_code"), "container", ["code"])
    op.create_index(
        "uq_container_here", "container", ["code"], unique=True,
        postgresql_where=sa.text("state IN ('open','sealed','loaded')"),
    )  # fmt: skip
    op.add_column("bag_rule", sa.Column("pallet_tare_g", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("bag_rule", "pallet_tare_g", server_default=None)
    op.drop_constraint(op.f("ck_bag_rule_limits"), "bag_rule")
    op.create_check_constraint(op.f("ck_bag_rule_limits"), "bag_rule", f"{LIMITS} AND pallet_tare_g >= 0")
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


def _sourcing() -> None:
    op.add_column("customer_order", sa.Column("may_split", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("customer_order", "may_split", server_default=None)
    op.add_column("order_line", sa.Column("elsewhere_each", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("order_line", "elsewhere_each", server_default=None)
    op.create_check_constraint(
        op.f("ck_order_line_elsewhere"), "order_line", "elsewhere_each >= 0 AND elsewhere_each <= short_each"
    )
    op.create_table(
        "other_warehouse",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("data", JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_other_warehouse")),
    )
    op.create_table(
        "warehouse_stock",
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("qty_each >= 0", name=op.f("ck_warehouse_stock_qty")),
        sa.ForeignKeyConstraint(
            ["warehouse"], ["other_warehouse.code"], name=op.f("fk_warehouse_stock_warehouse_other_warehouse")
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_warehouse_stock_sku_id_sku")),
        sa.PrimaryKeyConstraint("warehouse", "sku_id", name=op.f("pk_warehouse_stock")),
    )
    op.create_table(
        "sourcing_choice",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("considered", JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_sourcing_choice")),
    )
    op.create_table(
        "order_part",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_ref", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("lead_days", sa.Float(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("back_as", sa.UUID(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('told','accepted','refused','cancelled','done')", name=op.f("ck_order_part_state")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse"], ["other_warehouse.code"], name=op.f("fk_order_part_warehouse_other_warehouse")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_part")),
        sa.UniqueConstraint("channel", "ref", name=op.f("uq_order_part_channel_ref")),
    )
    op.create_index(op.f("ix_order_part_order_id"), "order_part", ["order_id"])
    op.create_index(
        "ix_order_part_taking", "order_part", ["warehouse"],
        postgresql_where=sa.text("state IN ('told','accepted','done')"),
    )  # fmt: skip
    op.create_index("ix_order_part_back_as", "order_part", ["back_as"], postgresql_where=sa.text("back_as IS NOT NULL"))
    op.create_table(
        "order_part_line",
        sa.Column("part_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_order_part_line_qty")),
        sa.ForeignKeyConstraint(["part_id"], ["order_part.id"], name=op.f("fk_order_part_line_part_id_order_part")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_order_part_line_sku_id_sku")),
        sa.PrimaryKeyConstraint("part_id", "line_id", name=op.f("pk_order_part_line")),
    )


def downgrade() -> None:
    for table in ("order_part_line", "order_part", "sourcing_choice", "warehouse_stock", "other_warehouse"):
        op.drop_table(table)
    op.execute("DELETE FROM order_check WHERE kind = 'sourcing'")
    op.drop_constraint(op.f("ck_order_line_elsewhere"), "order_line")
    op.drop_column("order_line", "elsewhere_each")
    op.drop_column("customer_order", "may_split")
    op.drop_table("return_label")
    op.drop_constraint(op.f("ck_bag_rule_limits"), "bag_rule")
    op.drop_column("bag_rule", "pallet_tare_g")
    op.create_check_constraint(op.f("ck_bag_rule_limits"), "bag_rule", LIMITS)
    op.drop_index("uq_container_here", "container")
    op.drop_index(op.f("ix_container_code"), "container")
    # Of tags that came back only the last trip keeps its name.
    op.execute("""
        UPDATE container c SET code = c.code || '/' || n.trip FROM (
          SELECT id, row_number() OVER (PARTITION BY code ORDER BY opened_at) AS trip,
            count(*) OVER (PARTITION BY code) AS trips FROM container) n
        WHERE n.id = c.id AND n.trip < n.trips""")
    op.create_unique_constraint(op.f("uq_container_code"), "container", ["code"])
    op.drop_constraint(op.f("ck_ship_purchase_kind"), "ship_purchase")
    op.drop_column("ship_purchase", "kind")
