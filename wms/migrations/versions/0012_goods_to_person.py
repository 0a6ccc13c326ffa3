"""Pods brought to a person: visits, orders at stations"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

METHOD = op.f("ck_release_channel_method")
UNIT_KIND = op.f("ck_handling_unit_kind")


def upgrade() -> None:
    op.drop_constraint(METHOD, "release_channel")
    op.create_check_constraint(METHOD, "release_channel", "method IN ('cluster','zone','goods_to_person')")
    op.drop_constraint(UNIT_KIND, "handling_unit")
    op.create_check_constraint(UNIT_KIND, "handling_unit", "kind IN ('pallet','case','tote','parcel','cart','pod')")
    op.add_column("station", sa.Column("pods_max", sa.BigInteger(), nullable=False, server_default="3"))
    op.alter_column("station", "pods_max", server_default=None)
    op.create_table(
        "pod_visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pod_id", sa.BigInteger(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('called','here','leaving','done')", name=op.f("ck_pod_visit_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pod_visit")),
    )
    op.create_index(
        "uq_pod_visit_open", "pod_visit", ["pod_id"], unique=True, postgresql_where=sa.text("state <> 'done'")
    )
    op.create_table(
        "station_order",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("tote", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting','here','picked','gone')", name=op.f("ck_station_order_state")),
        sa.PrimaryKeyConstraint("order_id", "wave_id", name=op.f("pk_station_order")),
    )
    op.create_index(
        "ix_station_order_open", "station_order", ["order_id"], postgresql_where=sa.text("state IN ('waiting','here')")
    )


def downgrade() -> None:
    op.drop_table("station_order")
    op.drop_table("pod_visit")
    op.drop_column("station", "pods_max")
    op.drop_constraint(UNIT_KIND, "handling_unit")
    op.create_check_constraint(UNIT_KIND, "handling_unit", "kind IN ('pallet','case','tote','parcel','cart')")
    op.drop_constraint(METHOD, "release_channel")
    op.create_check_constraint(METHOD, "release_channel", "method IN ('cluster','zone')")
