"""A pack line: plates, lanes, passages"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"

ADDED = (
    ("line", sa.Text(), ""), ("plate", sa.Text(), ""), ("passes", sa.BigInteger(), "0"), ("held", sa.Text(), ""),
    ("rejected", sa.Text(), ""),
)  # fmt: skip


def upgrade() -> None:
    for name, kind, empty in ADDED:
        op.add_column("parcel", sa.Column(name, kind, nullable=False, server_default=empty))
        op.alter_column("parcel", name, server_default=None)
    op.add_column("parcel", sa.Column("belt_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_parcel_plate", "parcel", ["plate"], unique=True, postgresql_where=sa.text("plate <> '' AND state <> 'void'")
    )
    op.create_index("ix_parcel_sscc", "parcel", ["sscc"], postgresql_where=sa.text("sscc <> ''"))
    op.create_table(
        "pack_line",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("dws", sa.Text(), nullable=False),
        sa.Column("printer", sa.Text(), nullable=False),
        sa.Column("sorter", sa.Text(), nullable=False),
        sa.Column("benches", JSONB(), nullable=False),
        sa.Column("interval_g", sa.BigInteger(), nullable=False),
        sa.Column("passes_max", sa.BigInteger(), nullable=False),
        sa.Column("alarms", JSONB(), nullable=False),
        sa.CheckConstraint("interval_g > 0 AND passes_max >= 0", name=op.f("ck_pack_line_limits")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_pack_line")),
    )
    op.create_table(
        "line_lane",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("takes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["line"], ["pack_line.code"], name=op.f("fk_line_lane_line_pack_line"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("line", "lane", name=op.f("pk_line_lane")),
    )
    op.create_table(
        "line_passage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.Column("aim", sa.Text(), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("went", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_passage")),
    )
    op.create_index("ix_line_passage_at", "line_passage", ["line", "at"])
    op.create_index("ix_line_passage_sequence", "line_passage", ["line", "point", "sequence"])
    op.create_index("ix_line_passage_parcel", "line_passage", ["parcel_id"])


def downgrade() -> None:
    op.drop_table("line_passage")
    op.drop_table("line_lane")
    op.drop_table("pack_line")
    op.drop_index("ix_parcel_sscc", "parcel")
    op.drop_index("uq_parcel_plate", "parcel")
    op.drop_column("parcel", "belt_at")
    for name, _, _ in ADDED:
        op.drop_column("parcel", name)
