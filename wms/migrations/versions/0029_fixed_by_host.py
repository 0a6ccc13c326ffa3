"""An order remembers what the host chose of service, duty term and customs mode; a time zone that is none becomes UTC"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("customer_order", sa.Column("fixed", JSONB(), nullable=False, server_default="{}"))
    op.alter_column("customer_order", "fixed", server_default=None)
    # Any text was taken once; now every screen asks for the site's time.
    op.execute("""
    UPDATE warehouse SET timezone = 'UTC'
    WHERE timezone NOT LIKE '%/%' OR timezone NOT IN (SELECT name FROM pg_timezone_names)""")


def downgrade() -> None:
    op.drop_column("customer_order", "fixed")
