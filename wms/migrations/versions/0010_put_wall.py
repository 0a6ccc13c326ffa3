"""Zones pick apart and a put wall brings their shares together"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for table in ("wave", "release_channel"):
        op.add_column(table, sa.Column("method", sa.Text(), nullable=False, server_default="cluster"))
        op.alter_column(table, "method", server_default=None)
    op.create_check_constraint(op.f("ck_release_channel_method"), "release_channel", "method IN ('cluster','zone')")
    op.add_column("tour", sa.Column("zone", sa.Text(), nullable=False, server_default=""))
    op.alter_column("tour", "zone", server_default=None)
    op.add_column("station", sa.Column("light", sa.Text(), nullable=False, server_default=""))
    op.alter_column("station", "light", server_default=None)


def downgrade() -> None:
    op.drop_column("station", "light")
    op.drop_column("tour", "zone")
    op.drop_constraint(op.f("ck_release_channel_method"), "release_channel")
    for table in ("wave", "release_channel"):
        op.drop_column(table, "method")
