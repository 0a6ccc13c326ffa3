"""Counting; control points with their register"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

# The register of DOMAIN.md, changeable per site. Columns: id, node, measure, unit, op, limit, limit text, window, action,
# owner, deadline in hours, calendar.
_SUP, _FIN, _QA, _PLAN, _SHIP, _CS = "supervisor", "finance", "quality", "planning", "shipping", "customer_side"
POINTS = [
    ("rfid-gate", "gate", "identified ÷ (identified + found later)", "%", ">=", 99.9, "", "last ≥ 10,000 tags",
     "gate flagged; any difference from the notice goes to hand count", _SUP, 4, "working"),
    ("dws-weight", "receiving", "weight error on check pieces", "%", "", None, "< max(0.5 %, one interval)", "each check",
     "second failed check: station locked, another named", _QA, 4, "working"),
    ("dws-dimension", "receiving", "size error on check pieces", "%", "", None, "< max(0.5 %, one interval)", "each check",
     "second failed check: station locked, another named", _QA, 4, "working"),
    ("sku-code-unique", "catalog", "active codes that mean one SKU and level; one primary code each", "%", ">=", 100, "", "live",
     "code blocked", _QA, 4, "working"),
    ("unit-serial-unique", "catalog", "serial-kept units with exactly one live serial", "%", ">=", 100, "", "live",
     "unit blocked", _QA, 4, "working"),
    ("inbound-incident", "receiving", "detection to registered incident", "h", "<=", 2, "", "each",
     "escalates; a supplier case opens with the evidence", _SUP, 2, "wall"),
    ("inspection-tier", "inspection", "inspections that followed the risk tier's plan", "%", ">=", 100, "", "each lot",
     "lot held; video and photos on the report", _QA, 24, "working"),
    ("supplier-on-time", "suppliers", "receipts on time", "%", ">=", 95, "", "quarter",
     "grade A/B/C; 15 % delayed opens a review", _PLAN, 120, "working"),
    ("supplier-pass", "suppliers", "lots accepted ÷ inspected", "%", ">=", None, "", "quarter",
     "review; a rejected lot proposes the contract's deduction", _QA, 120, "working"),
    ("supplier-response", "suppliers", "complaint to answer", "h", "<=", 24, "", "each", "escalates", _PLAN, 24, "wall"),
    ("ap-match", "suppliers", "order, receipt and invoice agree", "%", ">=", 100, "", "each", "payment advice held", _FIN, 48,
     "working"),
    ("trace-time", "trace", "question to full answer", "h", "<=", 48, "", "each", "shown", _QA, 48, "wall"),
    ("golden-zone", "storage", "share of picks from the best pick zone", "%", ">=", None, "", "day",
     "re-slot moves proposed", _SUP, 24, "working"),
    ("golden-lane", "storage", "walk per line for the top-100 SKUs against the layout before", "%", "<=", -40, "−40 %", "peak",
     "re-slot moves proposed", _SUP, 24, "working"),
    ("space-reserve", "storage", "free share of positions", "%", ">=", 15, "", "live", "warning, overflow plan", _SUP, 24,
     "working"),
    ("count-coverage", "counting", "share of positions counted; key categories every day", "%", ">=", 5, "", "day",
     "missing counts become tasks", _SUP, 12, "working"),
    ("count-variance", "counting", "sum of abs(count − book) ÷ book, confirmed by recount", "%", "<=", 0.3, "",
     "rolling 5 working days and ≥ 3,000 units",
     "more count tasks; lower 95 % bound above the limit: full count, zone by zone, worst first", _SUP, 24, "working"),
    ("variance-review", "counting", "variance to finance decision", "h", "<=", 48, "", "each", "escalates", _FIN, 4, "wall"),
    ("pack-line-rate", "packing", "parcels weighed and labelled per line and hour", "/h", ">=", 2000, "", "rolling 15 min",
     "bottleneck shown", _SUP, 1, "wall"),
    ("carton-fill", "packing", "used ÷ inner volume against the site's baseline", "%", ">=", 35, "+35 %", "month",
     "assortment review", _PLAN, 120, "working"),
    ("fragile-pack", "packing", "fragile SKUs shipped in a tested pack version", "%", ">=", 100, "", "each", "not shippable",
     _QA, 4, "wall"),
    ("restricted-goods", "shipping", "lines checked against bans and required papers", "%", ">=", 100, "", "each",
     "held, rule and paper named", _SHIP, 4, "wall"),
    ("order-screening", "orders", "suspicious orders held before release", "%", ">=", 100, "", "each",
     "reviewed by a person", _CS, 4, "wall"),
    ("short-order", "orders", "shortage to the customer contacted with options", "h", "<=", 2, "", "each",
     "escalates; a second clock applies the order's short policy", _CS, 2, "wall"),
    ("late-dispatch", "shipping", "orders after ship-by ÷ shipped", "%", "<", 3, "", "30 days", "causes shown", _SHIP, 24,
     "working"),
    ("order-defect", "orders", "defects caused here ÷ orders", "%", "<", 1, "", "60 days", "causes shown", _SUP, 24, "working"),
    ("delay-notice", "orders", "notice before a promise is missed", "h", ">=", 48, "", "each", "notice sent", _CS, 4, "wall"),
    ("customs-hold", "customs", "hold to papers answered", "h", "<=", 24, "", "each", "escalates", _SHIP, 4, "wall"),
    ("customs-match", "customs", "documents agree field by field before declaration", "%", ">=", 100, "", "each",
     "parcel held with the differing fields", _SHIP, 4, "wall"),
    ("loss-claim", "shipping", "loss to claim with label and weight record", "h", "<=", 48, "", "each", "escalates", _SHIP, 8,
     "wall"),
    ("stock-age", "stock", "age of the oldest lot", "d", "<=", 90, "", "live", "red, with an action", _PLAN, 120, "working"),
    ("days-on-hand", "stock", "days of stock per SKU", "d", "<=", None, "site limit", "week", "slow-mover plan", _PLAN, 120,
     "working"),
    ("replenishment-error", "planning", "weighted forecast error", "%", "<=", 8, "±8 %", "4 weeks",
     "model and safety stock reviewed", _PLAN, 120, "working"),
    ("over-stock", "planning", "projected available in 30 days against the order-up-to level", "%", "<=", 20, "≤ +20 %", "day",
     "transfer proposed", _PLAN, 72, "working"),
    ("campaign-buffer", "planning", "stock reserved for a campaign, share of its forecast", "%", ">=", 10, "10–15 %", "week",
     "purchase or transfer proposed", _PLAN, 120, "working"),
    ("coverage-72h", "planning", "population reachable in 72 h from stock as placed", "%", ">=", 80, "", "week",
     "placement review", _PLAN, 120, "working"),
    ("stock-sync", "channels", "stock syncs per channel and week", "", ">=", 3, "", "week", "warning", _PLAN, 24, "working"),
    ("return-cost", "returns", "return cost ÷ order value", "%", "<=", 8, "", "month", "policy review", _FIN, 120, "working"),
]  # fmt: skip


def _at(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    setting = op.create_table(
        "count_setting",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("daily_share_pct", sa.BigInteger(), nullable=False),
        sa.Column("empty_checks", sa.BigInteger(), nullable=False),
        sa.Column("tolerance_each", sa.BigInteger(), nullable=False),
        sa.Column("auto_below_cents", sa.BigInteger(), nullable=False),
        sa.Column("review_hours", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_count_setting_one_row")),
        sa.CheckConstraint(
            "daily_share_pct BETWEEN 0 AND 100 AND empty_checks >= 0 AND tolerance_each >= 0",
            name=op.f("ck_count_setting_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_setting")),
    )
    op.bulk_insert(
        setting,
        [{"id": 1, "daily_share_pct": 5, "empty_checks": 5, "tolerance_each": 0, "auto_below_cents": 0,
          "review_hours": 48}],
    )  # fmt: skip
    op.create_table(
        "count_record",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("task_id", sa.UUID(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("in_rate", sa.Boolean(), nullable=False),
        sa.Column("counted_each", sa.BigInteger(), nullable=False),
        sa.Column("book_each", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("counted_by", sa.Text(), nullable=False),
        _at("scanned_at"),
        _at("recorded_at"),
        sa.CheckConstraint("counted_each >= 0", name=op.f("ck_count_record_counted")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_record")),
    )
    op.create_index("ix_count_record_position", "count_record", ["place_id", "sku_id", "recorded_at"])
    op.create_index("ix_count_record_recorded_at", "count_record", ["recorded_at"])
    op.create_index(op.f("ix_count_record_task_id"), "count_record", ["task_id"])
    op.create_table(
        "count_variance",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("system_each", sa.BigInteger(), nullable=False),
        sa.Column("counted_each", sa.BigInteger(), nullable=False),
        sa.Column("recount_each", sa.BigInteger(), nullable=False),
        sa.Column("delta_each", sa.BigInteger(), nullable=False),
        sa.Column("value_delta_cents", sa.BigInteger(), nullable=False),
        sa.Column("missing_reserved_each", sa.BigInteger(), nullable=False),
        sa.Column("counters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _at("opened_at"),
        _at("due_at"),
        _at("decided_at", nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_variance")),
    )
    op.create_index("ix_count_variance_opened_at", "count_variance", ["opened_at"])
    op.create_index(
        "uq_count_variance_open", "count_variance", ["place_id", "sku_id"], unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )  # fmt: skip
    point = op.create_table(
        "control_point",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("limit_op", sa.Text(), nullable=False),
        sa.Column("limit_value", sa.Float(), nullable=True),
        sa.Column("limit_text", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("deadline_h", sa.Float(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _at("state_since", nullable=True),
        _at("told_at", nullable=True),
        sa.CheckConstraint("calendar IN ('wall', 'working')", name=op.f("ck_control_point_calendar")),
        sa.CheckConstraint("limit_op IN ('', '>=', '<=', '<')", name=op.f("ck_control_point_op")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_point")),
    )
    names = ("id", "node", "measure", "unit", "limit_op", "limit_value", "limit_text", "window", "action", "owner",
             "deadline_h", "calendar")  # fmt: skip
    op.bulk_insert(
        point,
        [{**dict(zip(names, row, strict=True)), "position": n, "active": True, "state": "no_data"}
         for n, row in enumerate(POINTS, 1)],
    )  # fmt: skip
    op.create_table(
        "control_sample",
        sa.Column("control_id", sa.Text(), nullable=False),
        _at("at"),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("control_id", "at", name=op.f("pk_control_sample")),
    )
    op.create_index("ix_control_sample_at", "control_sample", ["at"])
