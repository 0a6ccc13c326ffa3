"""Server, site and browser of the screen tests.

`server` runs the API and the worker as processes on a database of this module's own, `admin` is a client with every
role, `pda` a phone-sized page that is signed in. Screenshots go to test-artifacts/.
"""

import asyncio
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ROOT, free_port
from tests.e2e import children, site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BUILT = (ROOT / "wms" / "web" / "dist" / "pda.html").exists()
SHOTS = ROOT / "test-artifacts"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required")  # fmt: skip
PDA: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
CONSOLE: dict[str, Any] = {"viewport": {"width": 1400, "height": 900}}
# The limit is for what never comes, however slow the machine.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        item.add_marker(pytest.mark.e2e)
        if CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="no browser: install the package chromium"))
        if not BUILT:
            item.add_marker(pytest.mark.skip(reason="the screens are not built: python3 tasks.py setup"))


@dataclass
class Server:
    url: str
    key: str
    database: str

    def movements(self, reason: str = "pick") -> int:
        """Pieces that the ledger says were moved for this reason."""
        with psycopg.connect(self.database.replace("+psycopg", "")) as db:
            row = db.execute("SELECT coalesce(sum(qty_each), 0) FROM movement WHERE reason = %s", [reason]).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture(scope="module")
def server(migrated_db: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(f"http://127.0.0.1:{(port := free_port())}", secrets.token_urlsafe(24), migrated_db)
    logs = tmp_path_factory.mktemp("server")
    env = {
        "WMS_DATABASE_URL": migrated_db,
        "WMS_HTTP_PORT": str(port),
        "WMS_DATA_DIR": str(logs),
        "WMS_BROKER_URL": "",
    }
    running = [children.start(what, env, logs / f"{what.__name__}.log") for what in (children.api, children.worker)]
    asyncio.run(_grant(migrated_db, found.key))
    try:
        site.until(lambda: _answers(found.url), "the API", 60)
        with _client(found) as admin:
            site.load(admin)
        yield found
    finally:
        children.stop(running)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


async def _grant(url: str, key: str) -> None:
    from wms.foundation.people import service as people
    from wms.main import database
    from wms.settings import Settings

    db = database(Settings(database_url=url))
    async with db.begin(cause="test") as uow:
        await people.grant_machine(uow, "e2e", ["admin"], key=key)
    await db.close()


def _client(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {server.key}"}, timeout=30)


# The plugin's browser lives as long as the session, and with it an event loop in this thread, under which no
# asynchronous test of another module can run. This one ends with its module.
@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone-sized page of its own profile."""
    context = browser.new_context(**PDA, locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A desk-sized page of its own profile."""
    context = browser.new_context(**CONSOLE, locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.fixture
def admin(server: Server) -> Iterator[httpx.Client]:
    with _client(server) as client:
        yield client


@pytest.fixture
def shot() -> Callable[[Any, str], None]:
    """Keep a screenshot for a person to look at."""
    SHOTS.mkdir(exist_ok=True)

    def take(page: Any, name: str) -> None:
        page.wait_for_timeout(250)  # the flash of the feedback band has ended
        page.screenshot(path=SHOTS / f"{name}.png")

    return take
