"""Receipts, gate passages, ABC runs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "gate_passage",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("epcs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("surplus", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stray", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unknown", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("overflow", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_passage")),
        sa.UniqueConstraint("gate", "session_id", name=op.f("uq_gate_passage_gate_session_id")),
    )
    op.create_index("ix_gate_passage_at", "gate_passage", ["at"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("notice_id", sa.UUID(), nullable=True),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index(op.f("ix_receipt_notice_id"), "receipt", ["notice_id"], unique=False)
    op.create_table(
        "receipt_unit",
        sa.Column("hu_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("labelled", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hu_id", name=op.f("pk_receipt_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_receipt_unit_code")),
    )
    op.create_index(op.f("ix_receipt_unit_station"), "receipt_unit", ["station"], unique=False)
    op.create_table(
        "velocity_run",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_days", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("skus", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("sizes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_velocity_run")),
    )
    op.create_table(
        "gate_match",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("passage_id", sa.UUID(), nullable=False),
        sa.Column("notice_id", sa.UUID(), nullable=False),
        sa.Column("notice_line_id", sa.UUID(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("identified", sa.BigInteger(), nullable=False),
        sa.Column("missing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("surplus", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_later", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["passage_id"], ["gate_passage.id"], name=op.f("fk_gate_match_passage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_match")),
    )
    op.create_index(op.f("ix_gate_match_notice_id"), "gate_match", ["notice_id"], unique=False)
    op.create_index(op.f("ix_gate_match_notice_line_id"), "gate_match", ["notice_line_id"], unique=False)
    op.create_index(op.f("ix_gate_match_passage_id"), "gate_match", ["passage_id"], unique=False)
    op.create_table(
        "receipt_line",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("receipt_id", sa.UUID(), nullable=False),
        sa.Column("notice_line_id", sa.UUID(), nullable=True),
        sa.Column("follows_id", sa.UUID(), nullable=True),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("damaged_each", sa.BigInteger(), nullable=False),
        sa.Column("damage_reason", sa.Text(), nullable=False),
        sa.Column("keyed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("serials", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("hu_id", sa.BigInteger(), nullable=False),
        sa.Column("hu_code", sa.Text(), nullable=False),
        sa.Column("measure", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("flags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counted_by", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "qty_each > 0 AND damaged_each >= 0 AND damaged_each <= qty_each", name=op.f("ck_receipt_line_qty")
        ),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f("fk_receipt_line_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_line")),
    )
    op.create_index(op.f("ix_receipt_line_follows_id"), "receipt_line", ["follows_id"], unique=False)
    op.create_index(op.f("ix_receipt_line_notice_line_id"), "receipt_line", ["notice_line_id"], unique=False)
    op.create_index(op.f("ix_receipt_line_receipt_id"), "receipt_line", ["receipt_id"], unique=False)
    op.create_index(
        "uq_receipt_line_station_busy",
        "receipt_line",
        ["station"],
        unique=True,
        postgresql_where=sa.text("state IN ('measuring','weighing','weight_off')"),
    )
