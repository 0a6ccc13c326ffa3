"""Customs filings, documents, declarations"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "customs_table",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_table")),
    )
    op.create_index("ix_customs_table_kind", "customs_table", ["kind", "valid_from"], unique=False)
    op.create_table(
        "customs_filing",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("hs_code", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_customs_filing_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_filing")),
        sa.UniqueConstraint("sku_id", "version", name=op.f("uq_customs_filing_sku_id_version")),
    )
    op.create_index(
        "uq_customs_filing_current", "customs_filing", ["sku_id"], unique=True, postgresql_where=sa.text("current")
    )
    op.create_table(
        "customs_record",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("came_by", sa.Text(), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_record")),
        sa.UniqueConstraint("channel", "ref", "paper", name=op.f("uq_customs_record_channel_ref_paper")),
    )
    op.create_table(
        "customs_order",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("fixed", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("faults", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("papers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unverified", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("estimate", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_fault_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_ok", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_customs_order")),
    )
    op.create_index(
        "ix_customs_order_faulty", "customs_order", ["judged_at"], unique=False, postgresql_where=sa.text("NOT ok")
    )
    op.create_index(
        "ix_customs_order_shipped_at",
        "customs_order",
        ["shipped_at"],
        unique=False,
        postgresql_where=sa.text("shipped_at IS NOT NULL"),
    )
    op.create_table(
        "customs_batch",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("summary_id", sa.UUID(), nullable=True),
        sa.Column("entries", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('list', 'summary')", name=op.f("ck_customs_batch_kind")),
        sa.ForeignKeyConstraint(["summary_id"], ["customs_batch.id"], name=op.f("fk_customs_batch_summary_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_batch")),
        sa.UniqueConstraint("number", name=op.f("uq_customs_batch_number")),
    )
    op.create_table(
        "customs_parcel",
        sa.Column("parcel_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("gross_g", sa.BigInteger(), nullable=False),
        sa.Column("of", sa.BigInteger(), nullable=False),
        sa.Column("contents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.UUID(), nullable=True),
        sa.Column("declared", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["customs_batch.id"], name=op.f("fk_customs_parcel_batch_id")),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f("pk_customs_parcel")),
    )
    op.create_index(op.f("ix_customs_parcel_batch_id"), "customs_parcel", ["batch_id"], unique=False)
    op.create_index(
        "ix_customs_parcel_open",
        "customs_parcel",
        ["mode", "state"],
        unique=False,
        postgresql_where=sa.text("state <> 'released'"),
    )
    op.create_index(op.f("ix_customs_parcel_order_id"), "customs_parcel", ["order_id"], unique=False)
    op.create_table(
        "customs_hold",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("parcel_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("asks", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("papers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["parcel_id"], ["customs_parcel.parcel_id"], name=op.f("fk_customs_hold_parcel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_hold")),
    )
    op.create_index(
        "uq_customs_hold_open",
        "customs_hold",
        ["parcel_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "customs_item",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("declaration", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("sold_each", sa.BigInteger(), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("exported_on", sa.Date(), nullable=False),
        sa.CheckConstraint("qty_each > 0 AND sold_each BETWEEN 0 AND qty_each", name=op.f("ck_customs_item_qty")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_customs_item_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_item")),
        sa.UniqueConstraint("declaration", "item", name=op.f("uq_customs_item_declaration_item")),
    )
    op.create_index(op.f("ix_customs_item_sku_id"), "customs_item", ["sku_id"], unique=False)
    op.create_table(
        "customs_sale",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_customs_sale_qty")),
        sa.ForeignKeyConstraint(["item_id"], ["customs_item.id"], name=op.f("fk_customs_sale_item_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_customs_sale_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_sale")),
    )
    op.create_index(op.f("ix_customs_sale_item_id"), "customs_sale", ["item_id"], unique=False)
    op.create_index("ix_customs_sale_source", "customs_sale", ["source", "ref"], unique=False)
    op.create_table(
        "customs_paper",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("parcel_id", sa.UUID(), nullable=True),
        sa.Column("batch_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("legal_hold", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_paper")),
        sa.UniqueConstraint("number", "kind", "sha256", name=op.f("uq_customs_paper_number_kind_sha256")),
    )
    op.create_index(
        "ix_customs_paper_keep_until",
        "customs_paper",
        ["keep_until"],
        unique=False,
        postgresql_where=sa.text("legal_hold = ''"),
    )
    op.create_index(op.f("ix_customs_paper_order_id"), "customs_paper", ["order_id"], unique=False)


def downgrade() -> None:
    op.drop_table("customs_paper")
    op.drop_table("customs_sale")
    op.drop_table("customs_item")
    op.drop_table("customs_hold")
    op.drop_table("customs_parcel")
    op.drop_table("customs_batch")
    op.drop_table("customs_order")
    op.drop_table("customs_record")
    op.drop_table("customs_filing")
    op.drop_table("customs_table")
