"""Days and times are the site's, wherever server and browser stand: one and a half hours after its midnight it is still yesterday in UTC."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.integration.house import House, open_house

NIGHT = datetime(2026, 11, 30, 17, 30, tzinfo=UTC)


@dataclass
class Stopped:
    at: datetime

    def now(self) -> datetime:
        return self.at


@pytest.fixture
async def house(new_db: Callable[..., str]) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        opened.db.clock = Stopped(NIGHT)
        yield opened


async def in_zone(house: House, timezone: str = "") -> str:
    """The site's zone after a layout without rows that names this one."""
    layout = {"warehouse": "W1", "nodes": [], "edges": [], "locations": [], "timezone": timezone}
    await house.admin.post("/api/v1/layout", layout)
    return str((await house.admin.get("/api/v1/me"))["timezone"])


async def test_the_zone_comes_with_the_layout_and_stays_until_another_is_named(house: House) -> None:
    assert (await house.admin.get("/api/v1/me"))["timezone"] == "UTC"
    assert await in_zone(house, "Asia/Shanghai") == "Asia/Shanghai"
    assert await in_zone(house) == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("timezone", "day"), [("Asia/Shanghai", "2026-12-01"), ("UTC", "2026-11-30"), ("America/New_York", "2026-11-30")]
)
async def test_what_comes_in_has_the_sites_day(house: House, timezone: str, day: str) -> None:
    await in_zone(house, timezone)
    await house.admin.post("/api/v1/stock/opening?dry_run=false", [{"location": "A-02", "sku": "A", "qty_each": 3}])
    lots = {row["place"]: row["received_on"] for row in await house.admin.get("/api/v1/stock?q=A") if row["sku"] == "A"}
    assert lots["A-02"] == day


async def test_what_is_dated_counts_from_the_sites_midnight(house: House) -> None:
    """What was sold tomorrow is refused; by the site's clocks that is today."""
    sold = {"rows": [{"ref": "S1", "sku": "A", "qty_each": 1, "sold_on": "2026-12-01"}]}
    refused = await house.admin.call("POST", "/api/v1/customs/sales", sold)
    assert "in the future" in refused.text
    await in_zone(house, "Asia/Shanghai")
    assert (await house.admin.post("/api/v1/customs/sales", sold))["rows"] == 1
