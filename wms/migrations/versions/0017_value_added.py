"""Value-added work, marketplace preparation, carton proposals"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"

TEXT, INT, AT = sa.Text(), sa.BigInteger(), sa.DateTime(timezone=True)


def _col(name: str, kind: Any, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _fk(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def upgrade() -> None:
    op.execute("INSERT INTO place (kind, code) VALUES ('virtual', 'PRODUCTION') ON CONFLICT DO NOTHING")
    op.create_table(
        "vas_recipe",
        *(_col(n, TEXT) for n in ("code", "name", "name_zh", "kind")), _col("sku_id", INT, True),
        *(_col(n, JSONB()) for n in ("parts", "steps", "consumables")), _col("minutes", sa.Float()), _col("round_each", INT),
        _col("active", sa.Boolean()),
        sa.CheckConstraint("kind IN ('service','kit','unkit')", name=op.f("ck_vas_recipe_kind")),
        _fk("vas_recipe", "sku_id", "sku"), sa.PrimaryKeyConstraint("code", name=op.f("pk_vas_recipe")),
    )  # fmt: skip
    op.create_table(
        "vas_order",
        _col("id", sa.Uuid()), _col("ref", TEXT), _col("recipe", TEXT), _col("made", JSONB()), _col("sku_id", INT),
        _col("owner_id", INT), _col("place_id", INT), _col("order_id", sa.Uuid(), True), _col("line_id", sa.Uuid(), True),
        _col("qty_each", INT), _col("done_each", INT), _col("round_each", INT), _col("round_at", AT, True), _col("state", TEXT),
        _col("station", TEXT), _col("why", TEXT), _col("created_by", TEXT), _col("created_at", AT), _col("ended_at", AT, True),
        sa.CheckConstraint("qty_each > 0 AND done_each BETWEEN 0 AND qty_each", name=op.f("ck_vas_order_amounts")),
        _fk("vas_order", "sku_id", "sku"), _fk("vas_order", "owner_id", "owner"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vas_order")), sa.UniqueConstraint("ref", name=op.f("uq_vas_order_ref")),
    )  # fmt: skip
    op.create_index(
        "ix_vas_order_customer", "vas_order", ["order_id"], postgresql_where=sa.text("order_id IS NOT NULL")
    )
    op.create_index(
        "ix_vas_order_open", "vas_order", ["created_at"], postgresql_where=sa.text("state IN ('open','working')")
    )
    op.create_table(
        "vas_photo",
        _col("id", sa.Uuid()), _col("work_order_id", sa.Uuid()), _col("step", INT), _col("units_from", INT), _col("at", AT),
        _col("by", TEXT), _col("jpeg", sa.LargeBinary()),
        _fk("vas_photo", "work_order_id", "vas_order"), sa.PrimaryKeyConstraint("id", name=op.f("pk_vas_photo")),
    )  # fmt: skip
    op.create_index("ix_vas_photo_work_order_id", "vas_photo", ["work_order_id"])
    op.create_table(
        "chargeable_act",
        _col("id", sa.Uuid()), _col("owner_id", INT), _col("kind", TEXT), _col("qty", sa.Float()), _col("unit", TEXT),
        _col("ref", TEXT), _col("at", AT), _col("by", TEXT), _col("data", JSONB()),
        _fk("chargeable_act", "owner_id", "owner"), sa.PrimaryKeyConstraint("id", name=op.f("pk_chargeable_act")),
    )  # fmt: skip
    op.create_index("ix_chargeable_act_owner", "chargeable_act", ["owner_id", "at"])
    op.create_table(
        "fba_limit",
        _col("id", sa.Uuid()), _col("centre", TEXT), _col("starts_on", sa.Date()), _col("weight_max_g", INT),
        _col("side_max_mm", INT), _col("each_max", INT), _col("source", TEXT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fba_limit")),
        sa.UniqueConstraint("centre", "starts_on", name=op.f("uq_fba_limit_centre_starts_on")),
    )  # fmt: skip
    # 50 lb and 25 in, as the marketplace's packing rules state them; 150 units as its box-content form takes them.
    op.execute(
        "INSERT INTO fba_limit (id, centre, starts_on, weight_max_g, side_max_mm, each_max, source) VALUES "
        "('0193f000-0000-7000-8000-000000000017', '', '2024-01-01', 22680, 635, 150, 'default: 50 lb, 25 in; check with the marketplace')"
    )
    op.create_table(
        "fba_shipment",
        _col("id", sa.Uuid()), _col("ref", TEXT), _col("owner_id", INT), _col("centre", TEXT), _col("address", JSONB()),
        _col("place_id", INT), _col("mixed", sa.Boolean()), _col("each_max", INT), _col("state", TEXT), _col("created_by", TEXT),
        _col("created_at", AT), _col("departed_at", AT, True), _col("why", TEXT),
        _fk("fba_shipment", "owner_id", "owner"), sa.PrimaryKeyConstraint("id", name=op.f("pk_fba_shipment")),
        sa.UniqueConstraint("ref", name=op.f("uq_fba_shipment_ref")),
    )  # fmt: skip
    op.create_table(
        "fba_line",
        _col("id", sa.Uuid()), _col("shipment_id", sa.Uuid()), _col("sku_id", INT), _col("fnsku", TEXT), _col("prep", JSONB()),
        _col("unit_each", INT), _col("qty_each", INT), _col("boxed_each", INT),
        sa.CheckConstraint(
            "qty_each > 0 AND boxed_each BETWEEN 0 AND qty_each AND unit_each > 0", name=op.f("ck_fba_line_amounts")
        ),
        _fk("fba_line", "shipment_id", "fba_shipment"), _fk("fba_line", "sku_id", "sku"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fba_line")),
        sa.UniqueConstraint("shipment_id", "fnsku", name=op.f("uq_fba_line_shipment_id_fnsku")),
    )  # fmt: skip
    op.create_index("ix_fba_line_shipment_id", "fba_line", ["shipment_id"])
    op.create_table(
        "fba_box",
        _col("id", sa.Uuid()), _col("shipment_id", sa.Uuid()), _col("number", INT), _col("code", TEXT), _col("sscc", TEXT),
        _col("hu_id", INT), _col("carton", TEXT), *(_col(n, INT) for n in ("length_mm", "width_mm", "height_mm", "tare_g", "weight_g")),
        _col("pallet", TEXT), _col("station", TEXT), _col("state", TEXT), _col("content", JSONB()),
        _fk("fba_box", "shipment_id", "fba_shipment"), sa.PrimaryKeyConstraint("id", name=op.f("pk_fba_box")),
        sa.UniqueConstraint("code", name=op.f("uq_fba_box_code")), sa.UniqueConstraint("sscc", name=op.f("uq_fba_box_sscc")),
        sa.UniqueConstraint("shipment_id", "number", name=op.f("uq_fba_box_shipment_id_number")),
    )  # fmt: skip
    op.create_index("ix_fba_box_shipment_id", "fba_box", ["shipment_id"])
    op.create_table(
        "carton_proposal",
        _col("id", sa.Uuid()), _col("ask", JSONB()), _col("state", TEXT), _col("made", JSONB()), _col("why", TEXT),
        _col("asked_by", TEXT), _col("asked_at", AT), _col("decided_by", TEXT), _col("decided_at", AT, True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carton_proposal")),
    )  # fmt: skip


def downgrade() -> None:
    for table in (
        "carton_proposal", "fba_box", "fba_line", "fba_shipment", "fba_limit", "chargeable_act", "vas_photo", "vas_order", "vas_recipe",
    ):  # fmt: skip
        op.drop_table(table)
    # The ledger is append-only: once anything was made, its place stays.
    op.execute(
        "DELETE FROM place WHERE code = 'PRODUCTION' AND NOT EXISTS "
        "(SELECT 1 FROM movement m WHERE m.from_place_id = place.id OR m.to_place_id = place.id)"
    )
