"""Returns"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE return_number_seq")
    op.create_index("ix_movement_ship", "movement", ["from_place_id"], postgresql_where=sa.text("reason = 'ship'"))
    op.create_index("ix_movement_serial_serial", "movement_serial", ["serial"])
    op.create_table(
        "return_policy",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_policy")),
    )
    op.create_table(
        "return_site",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_return_site_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_site")),
    )
    op.create_table(
        "sent_parcel",
        sa.Column("parcel_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f("pk_sent_parcel")),
    )
    op.create_index(op.f("ix_sent_parcel_order_id"), "sent_parcel", ["order_id"], unique=False)
    op.create_index(op.f("ix_sent_parcel_sscc"), "sent_parcel", ["sscc"], unique=False)
    op.create_index(op.f("ix_sent_parcel_tracking"), "sent_parcel", ["tracking"], unique=False)
    op.create_table(
        "rma",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_ref", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("restock_pct", sa.BigInteger(), nullable=False),
        sa.Column("label_cents", sa.BigInteger(), nullable=False),
        sa.Column("hold_code", sa.Text(), nullable=False),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("order_cents", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("refund_cents", sa.BigInteger(), nullable=False),
        sa.Column("cost_cents", sa.BigInteger(), nullable=False),
        sa.Column("advised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rma")),
        sa.UniqueConstraint("channel", "ref", name="uq_rma_channel_ref"),
        sa.UniqueConstraint("number", name=op.f("uq_rma_number")),
    )
    op.create_index("ix_rma_buyer", "rma", ["buyer"], unique=False, postgresql_where=sa.text("buyer <> ''"))
    op.create_index("ix_rma_closed_at", "rma", ["closed_at"], unique=False)
    op.create_index(op.f("ix_rma_order_id"), "rma", ["order_id"], unique=False)
    op.create_index("ix_rma_state", "rma", ["state"], unique=False)
    op.create_table(
        "rma_line",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("rma_id", sa.UUID(), nullable=False),
        sa.Column("order_line_id", sa.UUID(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("received_each", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("qty_each >= 0 AND received_each >= 0", name=op.f("ck_rma_line_qty")),
        sa.ForeignKeyConstraint(["rma_id"], ["rma.id"], name=op.f("fk_rma_line_rma_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_rma_line_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rma_line")),
    )
    op.create_index(op.f("ix_rma_line_order_line_id"), "rma_line", ["order_line_id"], unique=False)
    op.create_index(op.f("ix_rma_line_rma_id"), "rma_line", ["rma_id"], unique=False)
    op.create_table(
        "return_item",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("rma_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("first_grade", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("loss_cents", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.UUID(), nullable=True),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("graded_by", sa.Text(), nullable=False),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.CheckConstraint("qty_each > 0", name=op.f("ck_return_item_qty")),
        sa.ForeignKeyConstraint(["line_id"], ["rma_line.id"], name=op.f("fk_return_item_line_id")),
        sa.ForeignKeyConstraint(["rma_id"], ["rma.id"], name=op.f("fk_return_item_rma_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_return_item_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_item")),
    )
    op.create_index(
        "ix_return_item_open", "return_item", ["station"], unique=False, postgresql_where=sa.text("state <> 'done'")
    )
    op.create_index(op.f("ix_return_item_rma_id"), "return_item", ["rma_id"], unique=False)
    op.create_table(
        "return_finding",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("rma_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rma_id"], ["rma.id"], name=op.f("fk_return_finding_rma_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_finding")),
    )
    op.create_index(op.f("ix_return_finding_rma_id"), "return_finding", ["rma_id"], unique=False)
    op.create_table(
        "return_photo",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_photo")),
    )
    op.create_index(op.f("ix_return_photo_subject_id"), "return_photo", ["subject_id"], unique=False)
    op.create_table(
        "stray_parcel",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rma_id", sa.UUID(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stray_parcel")),
        sa.UniqueConstraint("number", name=op.f("uq_stray_parcel_number")),
    )
    op.create_index(
        "ix_stray_parcel_shelved",
        "stray_parcel",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'shelved'"),
    )
    op.create_table(
        "return_flag",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("rma_id", sa.UUID(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rma_id"], ["rma.id"], name=op.f("fk_return_flag_rma_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_flag")),
        sa.UniqueConstraint("rma_id", name=op.f("uq_return_flag_rma_id")),
    )


def downgrade() -> None:
    op.drop_index("ix_movement_ship", "movement")
    op.drop_index("ix_movement_serial_serial", "movement_serial")
    op.drop_table("return_flag")
    op.drop_table("stray_parcel")
    op.drop_table("return_photo")
    op.drop_table("return_finding")
    op.drop_table("return_item")
    op.drop_table("rma_line")
    op.drop_table("rma")
    op.drop_table("sent_parcel")
    op.drop_table("return_site")
    op.drop_table("return_policy")
    op.execute("DROP SEQUENCE return_number_seq")
