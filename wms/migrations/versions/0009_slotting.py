"""Moves proposed, approved and walked; every slot keeps its why; temperature and family of goods and places"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

_JSON = postgresql.JSONB(astext_type=sa.Text())
_TEMPERATURE = sa.Column("temperature", sa.Text(), nullable=False, server_default="ambient")


def upgrade() -> None:
    for table in ("sku", "location"):
        op.add_column(table, _TEMPERATURE.copy())
        op.alter_column(table, "temperature", server_default=None)
    op.add_column("sku", sa.Column("family", sa.Text(), nullable=False, server_default=""))
    op.alter_column("sku", "family", server_default=None)
    op.create_table(
        "slot_policy",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("budget", sa.BigInteger(), nullable=False),
        sa.Column("horizon_days", sa.BigInteger(), nullable=False),
        sa.Column("peak", sa.Boolean(), nullable=False),
        sa.Column("lane_size", sa.BigInteger(), nullable=False),
        sa.Column("peak_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before", _JSON, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_slot_policy_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_policy")),
    )
    op.execute(
        "INSERT INTO slot_policy (id, budget, horizon_days, peak, lane_size, before) VALUES (1, 50, 14, false, 100, '{}')"
    )
    op.create_table(
        "slot_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("budget", sa.BigInteger(), nullable=False),
        sa.Column("horizon_days", sa.BigInteger(), nullable=False),
        sa.Column("lane_size", sa.BigInteger(), nullable=False),
        sa.Column("result", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_proposal")),
    )
    op.create_table(
        "slot_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("grp", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("grain", _JSON, nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("from_place_id", sa.BigInteger(), nullable=False),
        sa.Column("to_place_id", sa.BigInteger(), nullable=False),
        sa.Column("saving_mm", sa.Float(), nullable=False),
        sa.Column("walk_mm", sa.Float(), nullable=False),
        sa.Column("net_mm", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_why", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["slot_proposal.id"], name=op.f("fk_slot_move_proposal_id_slot_proposal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_move")),
    )
    op.create_index("ix_slot_move_proposal", "slot_move", ["proposal_id", "grp", "seq"])
    op.create_index("ix_slot_move_task", "slot_move", ["task_id"])
    op.create_table(
        "slot_why",
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place_id", "sku_id", name=op.f("pk_slot_why")),
    )


def downgrade() -> None:
    op.drop_table("slot_why")
    op.drop_index("ix_slot_move_task", table_name="slot_move")
    op.drop_index("ix_slot_move_proposal", table_name="slot_move")
    op.drop_table("slot_move")
    op.drop_table("slot_proposal")
    op.drop_table("slot_policy")
    op.drop_column("sku", "family")
    for table in ("sku", "location"):
        op.drop_column(table, "temperature")
