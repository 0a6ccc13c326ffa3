"""Learned weights, checks of opened parcels, pack versions with their tests, inserts, single units"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

METHOD = op.f("ck_release_channel_method")
PARCEL = (("offs", sa.BigInteger(), "0"), ("extras", JSONB(), "[]"), ("single", sa.Boolean(), "false"))


def upgrade() -> None:
    for name, kind, empty in PARCEL:
        op.add_column("parcel", sa.Column(name, kind, nullable=False, server_default=empty))
        op.alter_column("parcel", name, server_default=None)
    op.add_column("parcel", sa.Column("pack_version_id", sa.Uuid(), nullable=True))
    op.add_column("parcel", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("supplier", "revision"):
        op.add_column("carton", sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column("carton", name, server_default=None)
    op.add_column("tour", sa.Column("singles", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("tour", "singles", server_default=None)
    op.drop_constraint(METHOD, "release_channel")
    op.create_check_constraint(METHOD, "release_channel", "method IN ('cluster','zone','goods_to_person','singles')")
    op.create_index(
        "ix_customer_order_email", "customer_order", [sa.text("lower(destination->>'email')")],
        postgresql_where=sa.text("destination ? 'email'"),
    )  # fmt: skip
    op.create_table(
        "learned_weight",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("samples", sa.Float(), nullable=False),
        sa.Column("units", sa.Float(), nullable=False),
        sa.Column("mean_g", sa.Float(), nullable=False),
        sa.Column("m2", sa.Float(), nullable=False),
        sa.Column("drift_g", sa.Float(), nullable=False),
        sa.Column("taught_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('sku','carton')", name=op.f("ck_learned_weight_kind")),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_learned_weight")),
    )
    op.create_table(
        "parcel_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("expected_g", sa.BigInteger(), nullable=False),
        sa.Column("tolerance_g", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_check")),
    )
    op.create_index("ix_parcel_check_at", "parcel_check", ["at"])
    op.create_table(
        "bench_policy",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("scan_once", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_bench_policy_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bench_policy")),
    )
    op.create_table(
        "insert_rule",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("takes", JSONB(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=True),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("qty_each", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("qty_each > 0 AND weight_g >= 0", name=op.f("ck_insert_rule_amounts")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_insert_rule_sku_id_sku")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_insert_rule")),
    )
    op.create_table(
        "single_wait",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("tote", sa.Text(), nullable=False),
        sa.Column("cutoff_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_single_wait")),
    )
    op.create_index(
        "ix_single_wait_sku", "single_wait", ["sku_id", "cutoff_at"], postgresql_where=sa.text("matched_at IS NULL")
    )
    op.create_table(
        "pack_material",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('inner','dunnage')", name=op.f("ck_pack_material_kind")),
        sa.CheckConstraint("weight_g >= 0", name=op.f("ck_pack_material_weight")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_pack_material")),
    )
    op.create_table(
        "pack_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("carton", sa.Text(), nullable=False),
        sa.Column("units_max", sa.BigInteger(), nullable=False),
        sa.Column("recipe", JSONB(), nullable=False),
        sa.Column("made_of", JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("units_max > 0", name=op.f("ck_pack_version_units")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_pack_version_sku_id_sku")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_version")),
        sa.UniqueConstraint("sku_id", "number", name=op.f("uq_pack_version_sku_id_number")),
    )
    op.create_table(
        "pack_test",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("lab", sa.Text(), nullable=False),
        sa.Column("tested_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('ista_3a','compression')", name=op.f("ck_pack_test_kind")),
        sa.ForeignKeyConstraint(["version_id"], ["pack_version.id"], name=op.f("fk_pack_test_version_id_pack_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_test")),
    )
    op.create_index("ix_pack_test_version_id", "pack_test", ["version_id"])
    op.create_table(
        "pack_policy",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("ista_3a", sa.Boolean(), nullable=False),
        sa.Column("compression", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_pack_policy_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_policy")),
    )
    op.create_table(
        "parcel_limit",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("beside", sa.Text(), nullable=False),
        sa.Column("apart", sa.Boolean(), nullable=False),
        sa.Column("each_max", sa.BigInteger(), nullable=True),
        sa.Column("weight_max_g", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "apart AND beside <> '' OR NOT apart AND (each_max > 0 OR weight_max_g > 0)",
            name=op.f("ck_parcel_limit_says_something"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_limit")),
        sa.UniqueConstraint("tag", "beside", name=op.f("uq_parcel_limit_tag_beside")),
    )


def downgrade() -> None:
    for table in (
        "parcel_limit", "pack_policy", "pack_test", "pack_version", "pack_material", "single_wait", "insert_rule", "bench_policy",
        "parcel_check", "learned_weight",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("ix_customer_order_email", "customer_order")
    op.drop_constraint(METHOD, "release_channel")
    op.create_check_constraint(METHOD, "release_channel", "method IN ('cluster','zone','goods_to_person')")
    op.drop_column("tour", "singles")
    op.drop_column("carton", "supplier")
    op.drop_column("carton", "revision")
    op.drop_column("parcel", "closed_at")
    op.drop_column("parcel", "pack_version_id")
    for name, _, _ in PARCEL:
        op.drop_column("parcel", name)
