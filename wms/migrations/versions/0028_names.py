"""Pieces that lay there before their SKU kept serials get names, in a movement that stays in its place"""

from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0027"

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    op.execute("ALTER TABLE movement DROP CONSTRAINT ck_movement_moves")
    op.execute("""
    ALTER TABLE movement ADD CONSTRAINT ck_movement_moves
    CHECK (from_place_id <> to_place_id OR from_status <> to_status OR reason = 'named')""")
    op.execute((_SQL / "names.sql").read_text("utf-8"))


def downgrade() -> None:
    # The constraint stays as it is: what was named is history, which nothing may change.
    old = (_SQL / "serials.sql").read_text("utf-8")
    op.execute(old.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    for name in ("stock_name(jsonb, uuid, text, text, timestamptz, timestamptz)", "serials_named(jsonb)",
                 "nameless_may_go(bigint, bigint, bigint, text)", "stock_unnamed(bigint, bigint, text)"):  # fmt: skip
        op.execute(f"DROP FUNCTION {name}")
