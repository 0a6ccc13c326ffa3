"""Goal: the whole demo survives the sudden death of any of its processes.

Method: run the demo as a user would, and while it works kill -9 its processes one after another, seeded. It must still
exit 0: every order shipped or in a named incident, and the ledger's audit clean. Long form: 40 kills (make long).
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.conftest import free_port
from wms.stack.supervisor import read_status

KILLS = int(os.environ.get("WMS_KILLS", "40" if "WMS_LONG" in os.environ else "6"))
SEED = int(os.environ.get("WMS_KILLS_SEED", "7"))
VICTIMS = ("worker", "api", "gateway", "broker", "postgres")


def pid_of(folder: Path, name: str) -> int | None:
    status = read_status(folder / "demo")
    children = (status or {}).get("children", [])
    return next((c["pid"] for c in children if c["name"] == name and c["state"] == "running"), None)


@pytest.mark.slow
@pytest.mark.timeout(600 + 60 * KILLS)
def test_the_demo_survives_kill_9_of_everything() -> None:
    print(f"kills: seed {SEED}, {KILLS} kills")
    rng = random.Random(SEED)
    folder = Path(tempfile.mkdtemp(prefix="wms-k-"))
    folder.chmod(0o711)
    env = {
        **os.environ,
        "WMS_DATA_DIR": str(folder),
        "WMS_HTTP_PORT": str(free_port()),
        "WMS_BROKER_PORT": str(free_port()),
    }
    orders = str(max(40, KILLS * 8))
    with (folder / "demo.log").open("w+") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "wms", "demo", "--count", orders, "--factor", "40"],
            env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        killed = []
        try:
            deadline = time.monotonic() + 120
            while not (folder / "demo" / "progress.json").exists() and time.monotonic() < deadline:
                assert demo.poll() is None, (folder / "demo.log").read_text()
                time.sleep(0.2)
            names = [VICTIMS[i % len(VICTIMS)] for i in range(KILLS)]
            rng.shuffle(names)
            for name in names:
                time.sleep(rng.uniform(2.0, 5.0))
                if demo.poll() is None and (pid := pid_of(folder, name)) is not None:
                    with contextlib.suppress(ProcessLookupError):  # it is just being started anew
                        os.kill(pid, signal.SIGKILL)
                        killed.append(name)
            code = demo.wait(timeout=180 + 20 * KILLS)
        finally:
            if demo.poll() is None:
                print((folder / "demo.log").read_text()[-4000:])
                demo.terminate()
                demo.wait(60)
    said = (folder / "demo.log").read_text()
    assert code == 0, said[-4000:]
    assert "DIFFERS" not in said
    assert len(killed) >= KILLS // 2, f"only {killed} were killed before the work was done"
