"""Goods known by serials are counted and adjusted serial by serial"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"

_TABLES, _COLUMNS = ("count_record", "count_variance"), ("missing", "extra")


def upgrade() -> None:
    for table in _TABLES:
        for name in _COLUMNS:
            op.add_column(table, sa.Column(name, JSONB(), nullable=False, server_default="[]"))
            op.alter_column(table, name, server_default=None)


def downgrade() -> None:
    for table in _TABLES:
        for name in _COLUMNS:
            op.drop_column(table, name)
