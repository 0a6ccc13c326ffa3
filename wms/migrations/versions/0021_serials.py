"""Serials follow units that move whole, and are taken at the bench where a SKU's policy is on_ship"""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    op.execute((_SQL / "serials.sql").read_text("utf-8"))


def downgrade() -> None:
    old = (_SQL / "ledger.sql").read_text("utf-8")
    posting = old[old.index("-- Posts a batch of movements") : old.index("-- Reserves on given balances")]
    op.execute(posting.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("DROP FUNCTION serials_told(jsonb)")
