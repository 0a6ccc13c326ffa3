"""Shipping services, rate cards, matrices, choices, labels bought"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("customer_order", sa.Column("parcel_max_g", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("customer_order", "parcel_max_g", server_default=None)
    op.create_table(
        "ship_check",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("parcel_id", sa.UUID(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("bans", JSONB(), nullable=False),
        sa.Column("matrix", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stage IN ('release','label')", name=op.f("ck_ship_check_stage")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ship_check")),
    )
    op.create_index(op.f("ix_ship_check_order_id"), "ship_check", ["order_id"], unique=False)
    op.create_table(
        "ship_choice",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("fixed_service", sa.Text(), nullable=False),
        sa.Column("fixed_term", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("term_why", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("offers", JSONB(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_ship_choice")),
    )
    op.create_table(
        "ship_goods",
        sa.Column("sku_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("un_number", sa.Text(), nullable=False),
        sa.Column("packing_instruction", sa.Text(), nullable=False),
        sa.Column("energy_mwh", sa.BigInteger(), nullable=False),
        sa.Column("lithium_mg", sa.BigInteger(), nullable=False),
        sa.Column("cells", sa.BigInteger(), nullable=False),
        sa.Column("net_ml", sa.BigInteger(), nullable=False),
        sa.Column("papers", JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sku_id", name=op.f("pk_ship_goods")),
    )
    op.create_table(
        "ship_purchase",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("parcel_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("request", JSONB(), nullable=False),
        sa.Column("expected_cents", sa.BigInteger(), nullable=False),
        sa.Column("expected_currency", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("carrier_ref", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.Text(), nullable=False),
        sa.Column("dropped", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('wanted','buying','unknown','bought','voiding','voided','refused')",
            name=op.f("ck_ship_purchase_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ship_purchase")),
    )
    op.create_index(op.f("ix_ship_purchase_order_id"), "ship_purchase", ["order_id"], unique=False)
    op.create_index(op.f("ix_ship_purchase_parcel_id"), "ship_purchase", ["parcel_id"], unique=False)
    op.create_index(
        "ix_ship_purchase_tracking",
        "ship_purchase",
        ["tracking"],
        unique=False,
        postgresql_where=sa.text("tracking <> ''"),
    )
    op.create_index(
        "uq_ship_purchase_live",
        "ship_purchase",
        ["parcel_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('buying', 'unknown', 'bought', 'voiding')"),
    )
    op.create_index(
        "uq_ship_purchase_wanted",
        "ship_purchase",
        ["parcel_id"],
        unique=True,
        postgresql_where=sa.text("state = 'wanted'"),
    )
    op.create_table(
        "ship_service",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ship_service")),
    )
    op.create_table(
        "ship_transit",
        sa.Column("parcel_id", sa.UUID(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("tenths", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f("pk_ship_transit")),
    )
    op.create_index("ix_ship_transit_service_country_at", "ship_transit", ["service", "country", "at"], unique=False)
    op.create_table(
        "ship_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('card','matrix','policy')", name=op.f("ck_ship_version_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ship_version")),
        sa.UniqueConstraint("kind", "code", "version", name="uq_ship_version_kind_code_version"),
    )
    op.create_table(
        "ship_window",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("p10", sa.BigInteger(), nullable=False),
        sa.Column("p50", sa.BigInteger(), nullable=False),
        sa.Column("p90", sa.BigInteger(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service", "country", name=op.f("pk_ship_window")),
    )


def downgrade() -> None:
    op.drop_column("customer_order", "parcel_max_g")
    for table in (
        "ship_purchase", "ship_window", "ship_transit", "ship_check", "ship_choice", "ship_goods", "ship_version", "ship_service",
    ):  # fmt: skip
        op.drop_table(table)
