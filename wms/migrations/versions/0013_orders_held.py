"""Orders that are held, their shipping service, duty term, customs mode and declared values"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for name, kind, default in (
        ("service", sa.Text(), "''"), ("duty_term", sa.Text(), "''"), ("customs_mode", sa.Text(), "''"),
        ("currency", sa.Text(), "'USD'"), ("gift", JSONB(), "'{}'"), ("holds", JSONB(), "'[]'"),
    ):  # fmt: skip
        op.add_column("customer_order", sa.Column(name, kind, nullable=False, server_default=sa.text(default)))
        op.alter_column("customer_order", name, server_default=None)
    op.add_column("customer_order", sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("order_line", sa.Column("value_cents", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("order_line", "value_cents", server_default=None)
    op.create_check_constraint(op.f("ck_order_line_value"), "order_line", "value_cents >= 0")
    for table, name in (("parcel", "tracking"), ("load", "tracking")):
        op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column(table, name, server_default=None)
    op.create_index("ix_parcel_tracking", "parcel", ["tracking"], postgresql_where=sa.text("tracking <> ''"))
    op.create_index(op.f("ix_load_tracking"), "load", ["tracking"])
    op.create_table(
        "order_check",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_order_check")),
    )


def downgrade() -> None:
    op.drop_table("order_check")
    op.drop_column("load", "tracking")
    op.drop_column("parcel", "tracking")
    op.drop_constraint(op.f("ck_order_line_value"), "order_line")
    op.drop_column("order_line", "value_cents")
    for name in ("promised_at", "holds", "gift", "currency", "customs_mode", "duty_term", "service"):
        op.drop_column("customer_order", name)
