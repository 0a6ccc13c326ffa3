"""The ledger's functions, the status table, the virtual holders and the application's role."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

SQL = Path(__file__).parents[1] / "sql"

STATUSES = [
    ("available", True, True, True, True), ("qc_hold", False, True, True, False), ("count_hold", False, True, False, False),
    ("damaged", False, True, True, False), ("quarantine", False, True, True, False), ("blocked", False, True, True, False),
    ("customs_hold", False, True, False, False), ("returned_ungraded", False, True, True, False),
    ("expired", False, True, True, False), ("bonded", True, True, True, False),
]  # fmt: skip
VIRTUAL = ("SUPPLIER", "CUSTOMER", "ADJUSTMENT", "SCRAP", "IN_TRANSIT", "OPENING")
LEDGER = ("stock_balance", "movement", "reservation", "serial", "movement_serial", "hu_move", "place", "handling_unit")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE sscc_seq")
    op.execute((SQL / "ledger.sql").read_text(encoding="utf-8"))
    for row in STATUSES:
        op.execute("INSERT INTO stock_status VALUES ('{}', {}, {}, {}, {})".format(*row))  # noqa: S608
    for code in VIRTUAL:
        op.execute(f"INSERT INTO place (kind, code) VALUES ('virtual', '{code}')")  # noqa: S608
    op.execute("""
    DO $$ BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'wms_app') THEN CREATE ROLE wms_app NOLOGIN; END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$""")
    op.execute("GRANT wms_app TO CURRENT_USER")
    op.execute("GRANT USAGE ON SCHEMA public TO wms_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO wms_app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO wms_app")
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO wms_app")
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO wms_app")
    # No code path but the functions may write the ledger; places of locations are layout's to insert.
    for table in LEDGER:
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM wms_app")
    op.execute("GRANT INSERT ON place TO wms_app")
    op.execute("GRANT UPDATE (bound_to, closed_at, weight_g) ON handling_unit TO wms_app")
    op.execute("REVOKE UPDATE, DELETE ON event FROM wms_app")
