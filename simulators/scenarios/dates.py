"""Days of a demo site's data, counted from today: a demo that is opened next year is as fresh."""

from datetime import UTC, datetime, timedelta

TODAY = datetime.now(UTC).date()
VALID_FROM, VALID_UNTIL, LONG_UNTIL = f"{TODAY.year - 1}-01-01", f"{TODAY.year + 1}-12-31", f"{TODAY.year + 3}-12-31"


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()
