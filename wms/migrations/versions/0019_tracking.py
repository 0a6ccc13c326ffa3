"""Tracking events, claims"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "track_parcel",
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("watched", sa.Boolean(), nullable=False),
        sa.Column("manifest_id", sa.Uuid(), nullable=False),
        sa.Column("bag", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("milestone", sa.Text(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_scan_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lost_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rest_min", sa.BigInteger(), nullable=False),
        sa.Column("stalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("papers_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("presumed", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delay_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delay_expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("host_told", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "state IN ('under_way','delivered','returned','damaged','lost')", name=op.f("ck_track_parcel_state")
        ),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f("pk_track_parcel")),
    )
    op.create_index("ix_track_parcel_departed", "track_parcel", ["departed_at"])
    op.create_index("ix_track_parcel_due", "track_parcel", ["due_at"], postgresql_where=sa.text("state = 'under_way'"))
    op.create_index(
        "ix_track_parcel_handover",
        "track_parcel",
        ["manifest_id"],
        postgresql_where=sa.text("handed_over_at IS NULL AND account <> ''"),
    )
    op.create_index(op.f("ix_track_parcel_manifest_id"), "track_parcel", ["manifest_id"])
    op.create_index(op.f("ix_track_parcel_order_id"), "track_parcel", ["order_id"])
    op.create_index(op.f("ix_track_parcel_tracking"), "track_parcel", ["tracking"])
    op.create_table(
        "track_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["track_parcel.parcel_id"], name=op.f("fk_track_event_parcel_id_track_parcel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track_event")),
        sa.UniqueConstraint("carrier", "tracking", "key", name=op.f("uq_track_event_carrier_tracking_key")),
    )
    op.create_index(op.f("ix_track_event_parcel_id"), "track_event", ["parcel_id"])
    op.create_index("ix_track_event_parked", "track_event", ["tracking"], postgresql_where=sa.text("state = 'parked'"))
    op.create_table(
        "track_paper",
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("weight", postgresql.JSONB(), nullable=False),
        sa.Column("contents", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f("pk_track_paper")),
    )
    op.create_table(
        "track_gap",
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("parcel_id", "after", name=op.f("pk_track_gap")),
    )
    op.create_index("ix_track_gap_service_country_at", "track_gap", ["service", "country", "at"])
    op.create_table(
        "track_window",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("observed", postgresql.JSONB(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service", "country", "after", name=op.f("pk_track_window")),
    )
    op.create_table(
        "loss_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("presumed", sa.Boolean(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("label", postgresql.JSONB(), nullable=True),
        sa.Column("weight", postgresql.JSONB(), nullable=True),
        sa.Column("complete_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("log", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("amount_cents >= 0 AND paid_cents >= 0", name=op.f("ck_loss_claim_amounts")),
        sa.CheckConstraint("kind IN ('lost','damaged')", name=op.f("ck_loss_claim_kind")),
        sa.CheckConstraint(
            "state IN ('open','sent','accepted','rejected','paid','dropped')", name=op.f("ck_loss_claim_state")
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["track_parcel.parcel_id"], name=op.f("fk_loss_claim_parcel_id_track_parcel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loss_claim")),
        sa.UniqueConstraint("number", name=op.f("uq_loss_claim_number")),
    )
    op.create_index(op.f("ix_loss_claim_parcel_id"), "loss_claim", ["parcel_id"])
    op.create_index(
        "uq_loss_claim_live",
        "loss_claim",
        ["parcel_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('paid','dropped')"),
    )


def downgrade() -> None:
    op.drop_table("loss_claim")
    op.drop_table("track_window")
    op.drop_table("track_gap")
    op.drop_table("track_paper")
    op.drop_table("track_event")
    op.drop_table("track_parcel")
