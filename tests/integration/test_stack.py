"""The embedded servers for real: killed with -9, they come back with what they had acknowledged."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import psycopg
import pytest

from tests.conftest import free_port
from wms.settings import Settings
from wms.stack.broker import EmbeddedBroker
from wms.stack.health import mqtt
from wms.stack.local import Stack
from wms.stack.postgres import EmbeddedPostgres
from wms.stack.process import StackFault, command_of, working_in
from wms.stack.supervisor import Child, Supervisor, read_status

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.name != "posix", reason="kill -9 and signals are POSIX"),
]


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wms-s-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def postgres_in(home: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(home / "d", home=home / "c")


def broker_in(home: Path) -> EmbeddedBroker:
    return EmbeddedBroker(home / "d", port=free_port())


@asynccontextmanager
async def supervised(home: Path, *children: Child) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(children, home / "d")
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def taken_over(url: str, admitted: bool = True) -> None:
    """Until a running broker knows changed users."""
    async with asyncio.timeout(30):
        while await mqtt(url) != admitted:
            await asyncio.sleep(0.1)


async def killed_and_back(supervisor: Supervisor, name: str) -> None:
    """Kill -9 a child and wait until another one of that name is ready."""
    old = supervisor.pid(name)
    assert old is not None
    os.kill(old, signal.SIGKILL)
    async with asyncio.timeout(60):
        while supervisor.states[name].state != "running" or supervisor.pid(name) == old:
            await asyncio.sleep(0.02)


def client(url: str, identifier: str, clean: bool = True) -> aiomqtt.Client:
    at = urlsplit(url)
    return aiomqtt.Client(
        at.hostname or "",
        at.port or 0,
        username=at.username,
        password=at.password,
        identifier=identifier,
        clean_session=clean,
        timeout=5,
    )


async def heard(on: aiomqtt.Client, seconds: float = 2.0, until: int = 1000) -> list[tuple[str, bytes]]:
    got: list[tuple[str, bytes]] = []
    try:
        async with asyncio.timeout(seconds):
            async for message in on.messages:
                got.append((str(message.topic), bytes(message.payload)))
                if len(got) == until:
                    break
    except TimeoutError:
        pass
    return got


async def test_postgres_keeps_rows_over_kill_9(home: Path) -> None:
    postgres = postgres_in(home)
    async with supervised(home, postgres.child()) as supervisor:
        with psycopg.connect(postgres.libpq_url()) as db:
            db.execute("CREATE TABLE kept (n int)")
        for n in range(3):
            with psycopg.connect(postgres.libpq_url()) as db:
                db.execute("INSERT INTO kept VALUES (%s)", [n])
            await killed_and_back(supervisor, "postgres")
            with psycopg.connect(postgres.libpq_url()) as db:
                assert db.execute("SELECT count(*) FROM kept").fetchone() == (n + 1,)
        assert supervisor.states["postgres"].restarts == 3


async def test_postgres_starts_though_its_pid_now_belongs_to_another(home: Path) -> None:
    """A stale postmaster.pid that names a living stranger neither stops us nor is the stranger harmed."""
    postgres = postgres_in(home)
    async with supervised(home, postgres.child()):
        pass
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        stale = postgres.pgdata / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{postgres.pgdata}\n1700000000\n5432\n{postgres.home}\n\n 1 1\nready\n")
        async with supervised(home, postgres.child()):
            with psycopg.connect(postgres.libpq_url()) as db:
                assert db.execute("SELECT 1").fetchone() == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="survivors are found through /proc")
async def test_postgres_that_outlived_its_supervisor_is_ended_first(home: Path) -> None:
    postgres = postgres_in(home)
    await asyncio.to_thread(postgres.prepare)
    child = postgres.child()
    who = {"user": child.account.uid, "group": child.account.gid, "extra_groups": []} if child.account else {}
    survivor = subprocess.Popen(list(child.argv), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)
    try:
        async with asyncio.timeout(30):
            while not await postgres.ready():
                await asyncio.sleep(0.05)
        assert survivor.pid in working_in(postgres.pgdata, "postgres")
        async with supervised(home, child) as supervisor:
            assert survivor.wait(5) is not None
            assert supervisor.pid("postgres") != survivor.pid
    finally:
        survivor.kill()
        survivor.wait()


async def test_data_folder_made_anew_does_not_meet_the_old_cluster(home: Path) -> None:
    """Deleting the data folder deletes the warehouse, also as root, where the cluster lies elsewhere."""
    first = EmbeddedPostgres(home / "d")
    async with supervised(home, first.child()):
        with psycopg.connect(first.libpq_url()) as db:
            db.execute("CREATE TABLE old (n int)")
    shutil.rmtree(home / "d")
    second = EmbeddedPostgres(home / "d")
    try:
        async with supervised(home, second.child()):
            with psycopg.connect(second.libpq_url()) as db:
                assert db.execute("SELECT to_regclass('old')").fetchone() == (None,)
        assert first.home == second.home or not first.home.exists()
    finally:
        second.destroy()


async def test_database_is_private(home: Path) -> None:
    postgres = postgres_in(home)
    async with supervised(home, postgres.child()):
        assert stat.S_IMODE((home / "d" / "secrets" / "postgres").stat().st_mode) == 0o600
        assert stat.S_IMODE(postgres.pgdata.stat().st_mode) == 0o700
        wrong = postgres.libpq_url().replace(postgres.password, "guessed")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        with psycopg.connect(postgres.libpq_url()) as db:
            assert db.execute("SHOW listen_addresses").fetchone() == ("",)
            assert db.execute("SHOW data_checksums").fetchone() == ("on",)
            assert db.execute("SHOW fsync").fetchone() == ("on",)


async def test_broker_keeps_messages_of_an_absent_client_over_kill_9(home: Path) -> None:
    broker = broker_in(home)
    broker.add_gateway("gw-1")
    async with supervised(home, broker.child()) as supervisor:
        async with client(broker.url(), "absent", clean=False) as absent:
            await absent.subscribe("wms/v1/#", qos=1)
        async with client(broker.url("gw-1"), "gateway") as gateway:
            for n in range(50):
                await gateway.publish("wms/v1/gw-1/ev", b"%d" % n, qos=1)
            await gateway.publish("wms/v1/gw-1/last", b"known", qos=1, retain=True)
        await killed_and_back(supervisor, "broker")
        async with client(broker.url(), "absent", clean=False) as absent:
            got = await heard(absent, 10, until=51)
        assert [body for topic, body in got if topic.endswith("/ev")] == [b"%d" % n for n in range(50)]
        async with client(broker.url(), "newcomer") as newcomer:
            await newcomer.subscribe("wms/v1/gw-1/last", qos=1)
            assert await heard(newcomer, 5, until=1) == [("wms/v1/gw-1/last", b"known")]


async def test_broker_lets_each_user_only_onto_its_own_topics(home: Path) -> None:
    broker = broker_in(home)
    for gateway in ("gw-1", "gw-2"):
        broker.add_gateway(gateway)
    topics = {"wms/v1/gw-1/ev", "wms/v1/gw-2/ev", "uagv/v2/acme/a.1/state", "uagv/v2/acme/a2/state", "other/topic"}
    vehicles = {"uagv/v2/acme/a.1/state", "uagv/v2/acme/a2/state"}
    may = {
        "gw-1": {"wms/v1/gw-1/ev"} | vehicles,
        "gw-2": {"wms/v1/gw-2/ev"} | vehicles,
        "wes": topics - {"other/topic"},
        "acme.a.1": {"uagv/v2/acme/a.1/state"},
        "vehicles": vehicles,
    }
    async with supervised(home, broker.child()):
        broker.add_agv("acme", "a.1")  # while it runs
        broker.add_vehicles()
        await taken_over(broker.url("vehicles"))
        for user, allowed in may.items():
            async with client(broker.url(), "wes-ears") as wes, client(broker.url(user), "ears") as ears:
                await wes.subscribe([("wms/v1/#", 1), ("uagv/#", 1)])
                await ears.subscribe([(topic, 1) for topic in sorted(topics)])
                for topic in sorted(topics):
                    await wes.publish(topic, b"from wes", qos=1)
                    await ears.publish(topic, user.encode() + b" itself", qos=1)
                arrived, listened = await asyncio.gather(heard(wes, 1.0), heard(ears, 1.0))
            assert {topic for topic, body in arrived if body == user.encode() + b" itself"} == allowed, user
            assert {topic for topic, body in listened if body == b"from wes"} == allowed, user


async def test_broker_refuses_strangers_and_the_removed(home: Path) -> None:
    broker = broker_in(home)
    broker.add_gateway("gw-1")
    gone = broker.url("gw-1")
    async with supervised(home, broker.child()):
        port = broker.port
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port, timeout=3):
                pass
        broker.remove("gw-1")
        await taken_over(gone, admitted=False)
        with pytest.raises(aiomqtt.MqttError):
            async with client(gone, "gone"):
                pass


async def test_two_stacks_on_one_folder_are_refused(home: Path) -> None:
    postgres = postgres_in(home)
    async with supervised(home, postgres.child()):
        found = read_status(home / "d")
        assert found is not None
        assert found["children"][0]["state"] == "running"
        second = Supervisor([postgres.child()], home / "d")
        with pytest.raises(StackFault, match="already running"):
            await second.start()
        assert await postgres.ready()
    assert read_status(home / "d") is None


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal")
def test_children_die_with_a_killed_supervisor_and_the_next_one_starts(home: Path) -> None:
    script = home / "run.py"
    script.write_text(
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from wms.stack.supervisor import Child, Supervisor\n"
        "async def main():\n"
        "    s = Supervisor([Child('nap', ['sleep', '300'])], Path(sys.argv[1]))\n"
        "    await s.start()\n    print(s.pid('nap'), flush=True)\n    await asyncio.sleep(300)\n"
        "asyncio.run(main())\n"
    )
    for _ in range(2):
        run = subprocess.Popen([sys.executable, str(script), str(home / "d")], stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None
        nap = int(run.stdout.readline())
        assert command_of(nap) == ["sleep", "300"]
        run.kill()
        run.wait()
        run.stdout.close()
        for _ in range(100):
            if command_of(nap) is None:
                break
            subprocess.run(["sleep", "0.05"], check=True)
        assert command_of(nap) is None


async def test_child_that_never_gets_ready_is_named_with_its_last_words(home: Path) -> None:
    (home / "d").mkdir()
    broken = Child("broken", ["sh", "-c", "echo no such luck; exit 3"], ready=_never)
    with pytest.raises(StackFault, match="broken did not start.*no such luck"):
        await Supervisor([broken], home / "d").start()


async def test_failed_one_shot_stops_the_start(home: Path) -> None:
    (home / "d").mkdir()
    migrate = Child("migrate", ["sh", "-c", "echo cannot; exit 1"], one_shot=True)
    after = Child("api", ["sleep", "60"], after=("migrate",))
    supervisor = Supervisor([after, migrate], home / "d")
    with pytest.raises(StackFault, match="migrate did not start: cannot"):
        await supervisor.start()
    assert supervisor.pid("api") is None


async def test_a_child_that_tells_how_far_it_is_is_shown_and_waited_for(home: Path) -> None:
    (home / "d").mkdir()
    told: list[tuple[str, str]] = []
    compiling = Child("planners", ["sh", "-c", "echo 1 of 2 done; sleep 0.3"], one_shot=True, tells=True)
    after = Child("worker", ["sleep", "60"], after=("planners",))
    supervisor = Supervisor([compiling, after], home / "d", lambda s: told.append((s.name, s.detail or s.state)))
    await supervisor.start()
    await supervisor.stop()
    assert (
        told.index(("planners", "1 of 2 done")) < told.index(("planners", "done")) < told.index(("worker", "starting"))
    )


def test_nothing_is_planned_or_served_before_the_planners_are_compiled(home: Path) -> None:
    children = Stack(Settings(data_dir=home / "d")).supervisor.children
    assert all("planners" in children[name].after for name in ("api", "worker"))


async def _never() -> bool:
    return False
