"""Waves are planned before they are released, by channels; stages are stamped; work has standards"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

_JSON = postgresql.JSONB(astext_type=sa.Text())
_STAMPS = ("released_at", "picked_at", "labelled_at")


def upgrade() -> None:
    op.create_table(
        "release_channel",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wakes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filter", _JSON, nullable=False),
        sa.Column("wip_max", sa.BigInteger(), nullable=False),
        sa.Column("lead_min", sa.BigInteger(), nullable=False),
        sa.Column("filling_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode IN ('stream','wave')", name=op.f("ck_release_channel_mode")),
        sa.CheckConstraint("state IN ('open','locked','asleep')", name=op.f("ck_release_channel_state")),
        sa.CheckConstraint("wip_max >= 0 AND lead_min >= 0", name=op.f("ck_release_channel_limits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_channel")),
        sa.UniqueConstraint("code", name=op.f("uq_release_channel_code")),
    )
    # The floor is fed from the first day on: one stream that takes every order.
    op.execute(
        "INSERT INTO release_channel (code, seq, mode, state, filter, wip_max, lead_min) "
        "VALUES ('stream', 100, 'stream', 'open', '{}', 160, 0)"
    )
    op.add_column("wave", sa.Column("draft", sa.Boolean(), nullable=False, server_default="false"))
    op.add_column("wave", sa.Column("channel_id", sa.BigInteger(), nullable=True))
    op.add_column("wave", sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("wave", sa.Column("plan", _JSON, nullable=False, server_default="{}"))
    op.create_foreign_key(op.f("fk_wave_channel_id_release_channel"), "wave", "release_channel", ["channel_id"], ["id"])
    op.add_column("wave_order", sa.Column("tour", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("wave_order", sa.Column("plan", _JSON, nullable=False, server_default="{}"))
    for table, column in (("wave", "draft"), ("wave", "plan"), ("wave_order", "tour"), ("wave_order", "plan")):
        op.alter_column(table, column, server_default=None)
    op.create_index(
        "ix_wave_order_open", "wave_order", ["order_id"],
        postgresql_where=sa.text("state IN ('planning','planned')"),
    )  # fmt: skip
    # What was released and is not yet on carts walks order by order: nobody chose who shares one.
    op.execute(
        "UPDATE event SET name = 'order_release.wave_released.v2', payload = (payload - 'order_ids') || jsonb_build_object("
        "'tours', (SELECT coalesce(jsonb_agg(jsonb_build_array(i)), '[]') FROM jsonb_array_elements(payload->'order_ids') i)) "
        "WHERE name = 'order_release.wave_released.v1'"
    )
    op.add_column("tour", sa.Column("expected_s", sa.Float(), nullable=False, server_default="0"))
    op.alter_column("tour", "expected_s", server_default=None)
    for column in _STAMPS:
        op.add_column("customer_order", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_customer_order_picked_at",
        "customer_order",
        ["picked_at"],
        postgresql_where=sa.text("picked_at IS NOT NULL"),
    )
    op.create_index("ix_task_done", "task", ["done_at"], postgresql_where=sa.text("done_at IS NOT NULL"))
    op.create_table(
        "work_standard",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("walk_mm_s", sa.Float(), nullable=False),
        sa.Column("stop_s", sa.Float(), nullable=False),
        sa.Column("piece_s", sa.Float(), nullable=False),
        sa.Column("fixed_s", sa.Float(), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_work_standard")),
    )


def downgrade() -> None:
    op.drop_table("work_standard")
    op.drop_index("ix_task_done", table_name="task")
    op.drop_column("tour", "expected_s")
    op.execute(
        "UPDATE event SET name = 'order_release.wave_released.v1', payload = (payload - 'tours') || jsonb_build_object("
        "'order_ids', (SELECT coalesce(jsonb_agg(i), '[]') FROM jsonb_array_elements(payload->'tours') t, "
        "jsonb_array_elements(t) i)) WHERE name = 'order_release.wave_released.v2'"
    )
    op.drop_index("ix_customer_order_picked_at", table_name="customer_order")
    for column in _STAMPS:
        op.drop_column("customer_order", column)
    op.drop_index("ix_wave_order_open", table_name="wave_order")
    for table, column in (
        ("wave_order", "plan"), ("wave_order", "tour"), ("wave", "plan"), ("wave", "planned_at"), ("wave", "channel_id"),
        ("wave", "draft"),
    ):  # fmt: skip
        op.drop_column(table, column)
    op.drop_table("release_channel")
