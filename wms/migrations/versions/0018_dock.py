"""Bags, pallets, doors, trucks"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

UNIT_KIND = op.f("ck_handling_unit_kind")
KINDS = "'pallet','case','tote','parcel','cart','pod'"


def upgrade() -> None:
    op.drop_constraint(UNIT_KIND, "handling_unit")
    op.create_check_constraint(UNIT_KIND, "handling_unit", f"kind IN ({KINDS},'bag')")
    for name in ("door", "plate", "seal", "signed_by"):
        op.add_column("manifest", sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column("manifest", name, server_default=None)
    op.create_table(
        "container",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("hu_id", sa.BigInteger(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("expected_g", sa.BigInteger(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("manifest_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('bag','pallet')", name=op.f("ck_container_kind")),
        sa.CheckConstraint("state IN ('open','sealed','loaded','departed','void')", name=op.f("ck_container_state")),
        sa.ForeignKeyConstraint(["parent_id"], ["container.id"], name=op.f("fk_container_parent_id_container")),
        sa.ForeignKeyConstraint(["manifest_id"], ["manifest.id"], name=op.f("fk_container_manifest_id_manifest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container")),
        sa.UniqueConstraint("code", name=op.f("uq_container_code")),
    )
    op.create_index(op.f("ix_container_parent_id"), "container", ["parent_id"])
    op.create_index(op.f("ix_container_manifest_id"), "container", ["manifest_id"])
    op.create_index("uq_container_seal", "container", ["seal"], unique=True, postgresql_where=sa.text("seal <> ''"))
    for name in ("service", "country"):
        op.add_column("load", sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column("load", name, server_default=None)
    op.add_column("load", sa.Column("container_id", sa.Uuid(), nullable=True))
    op.add_column("load", sa.Column("cutoff_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_load_container_id_container"), "load", "container", ["container_id"], ["id"])
    op.create_index(op.f("ix_load_container_id"), "load", ["container_id"])
    op.create_table(
        "bag_rule",
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("parcels_max", sa.BigInteger(), nullable=False),
        sa.Column("weight_max_g", sa.BigInteger(), nullable=False),
        sa.Column("tare_g", sa.BigInteger(), nullable=False),
        sa.Column("by_country", sa.Boolean(), nullable=False),
        sa.Column("needs_bag", sa.Boolean(), nullable=False),
        sa.CheckConstraint("parcels_max > 0 AND weight_max_g > 0 AND tare_g >= 0", name=op.f("ck_bag_rule_limits")),
        sa.PrimaryKeyConstraint("carrier", "service", name=op.f("pk_bag_rule")),
    )
    op.create_table(
        "dock_door",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_dock_door")),
    )
    op.create_table(
        "carrier_lane",
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("carrier", name=op.f("pk_carrier_lane")),
    )
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointment_times")),
        sa.ForeignKeyConstraint(["door"], ["dock_door.code"], name=op.f("fk_appointment_door_dock_door")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index("ix_appointment_door", "appointment", ["door", "starts_at"])
    op.create_index(
        "uq_appointment_there", "appointment", ["door"], unique=True, postgresql_where=sa.text("state = 'arrived'")
    )


def downgrade() -> None:
    op.drop_table("appointment")
    op.drop_table("carrier_lane")
    op.drop_table("dock_door")
    op.drop_table("bag_rule")
    for name in ("container_id", "cutoff_at", "country", "service"):
        op.drop_column("load", name)
    op.drop_table("container")
    for name in ("door", "plate", "seal", "signed_by"):
        op.drop_column("manifest", name)
    op.drop_constraint(UNIT_KIND, "handling_unit")
    op.create_check_constraint(UNIT_KIND, "handling_unit", f"kind IN ({KINDS})")
