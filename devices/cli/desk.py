"""`wms devices`: look at, try and trace the devices of the gateway on this machine.

list · ping DEVICE · read DEVICE · print DEVICE · trace DEVICE · replay FILE · reload
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devices.contract.commands import MEASURE, PRINT, WEIGH
from devices.gateway.config import BadConfig, GatewayConfig, load
from devices.gateway.control import socket_path

Json = dict[str, Any]
EXIT_NO, EXIT_CONFIG, EXIT_NO_GATEWAY = 1, 2, 3
READS = {"scale": WEIGH, "dws": MEASURE, "dimensioner": MEASURE}
TEST_LABEL = {
    "zpl": "^XA^CI28^FO40,40^A0N,60,60^FDWharfinger^FS^FO40,120^A0N,36,36^FDtest {at}^FS^FO40,180^BY3^BCN,120,Y,N,N^FDTEST^FS^XZ",
    "tspl": 'SIZE 100 mm,50 mm\r\nCLS\r\nTEXT 40,40,"3",0,2,2,"Wharfinger"\r\nTEXT 40,120,"3",0,1,1,"test {at}"\r\n'
            'BARCODE 40,180,"128",120,1,0,2,4,"TEST"\r\nPRINT 1\r\n',
}  # fmt: skip
REPLY_LATEST_S = 5.0


class NoGateway(Exception):
    """Nobody listens beside this configuration's spool."""


def ask(config: GatewayConfig, **question: Any) -> Json:
    """One question to the running gateway. Errors: NoGateway."""
    return asyncio.run(_ask(socket_path(config.spool.path), question))


async def _ask(path: Path, question: Json) -> Json:
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=64 * 1024 * 1024)
    except OSError as error:
        raise NoGateway(f"no gateway answers at {path}: {error.strerror or error}; is it running?") from error
    writer.write(json.dumps(question).encode() + b"\n")
    answer: Json = json.loads(await reader.readline() or b'{"error": "the gateway hung up"}')
    writer.close()
    return answer


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="wms devices", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="gateway.yaml")
    actions = parser.add_subparsers(dest="action")
    for name, run, what in (
        ("list", _list, "every device with its state and the age of its last good datum"),
        ("ping", _ping, "exit 0 if the device is online"),
        ("read", _read, "weigh or measure once"),
        ("print", _print, "print a test label"),
        ("trace", _trace, "what passed on the wire, as JSON lines; --follow goes on"),
        ("reload", _reload, "take the changed configuration; devices that it leaves alone go on"),
    ):
        action = actions.add_parser(name, help=what)
        action.set_defaults(run=run)
        if name in ("ping", "read", "print", "trace"):
            action.add_argument("device")
        if name == "trace":
            action.add_argument("--follow", action="store_true")
    replay = actions.add_parser("replay", help="play a device from a trace: listens where a driver may connect")
    replay.add_argument("file", type=Path)
    replay.add_argument("--listen", type=int, default=0, help="TCP port, 0 = any")
    replay.set_defaults(run=_replay)
    arguments = parser.parse_args(argv)
    chosen: Callable[[GatewayConfig, argparse.Namespace], int] = getattr(arguments, "run", _list)
    try:
        return chosen(load(arguments.config), arguments)
    except BadConfig as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    except NoGateway as error:
        print(error, file=sys.stderr)
        return EXIT_NO_GATEWAY
    except KeyboardInterrupt:
        return 0


def _told(answer: Json) -> int:
    """Print an answer; the exit code."""
    if "error" in answer:
        print(answer["error"], *answer.get("devices", []), file=sys.stderr)
        return EXIT_NO
    print(json.dumps(answer, indent=1))
    return 0


def _rows(config: GatewayConfig) -> Iterator[Json]:
    now = datetime.now(UTC)
    for row in ask(config, ask="list")["devices"]:
        seen = datetime.fromisoformat(row["last_seen"]) if row["last_seen"] else None
        yield {**row, "age": "never" if seen is None else f"{max(0.0, (now - seen).total_seconds()):.1f} s"}


def _list(config: GatewayConfig, _: argparse.Namespace) -> int:
    rows = [("DEVICE", "FAMILY", "STATE", "LAST DATUM", "DETAIL")]
    rows += [(r["device"], r["family"], r["state"], r["age"], r["detail"]) for r in _rows(config)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print("  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[4]]).rstrip())
    return 0


def _ping(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    row = next((r for r in _rows(config) if r["device"] == arguments.device), None)
    if row is None:
        return _told({"error": f"no device {arguments.device}"})
    print(f"{row['device']}: {row['state']}, last datum {row['age']} ago, {row['detail']}")
    return 0 if row["state"] == "online" else EXIT_NO


def _family(config: GatewayConfig, device: str) -> tuple[str, Json]:
    found = next((d for d in config.devices if d.id == device), None)
    return ("", {}) if found is None else (found.family, found.config)


def _read(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    family, _ = _family(config, arguments.device)
    if family not in READS:
        return _told({"error": f"{arguments.device} ({family or 'unknown'}) reports by itself: see `trace`"})
    answer = ask(config, ask="do", device=arguments.device, kind=READS[family], data={})
    return _told(answer) or (0 if answer.get("outcome") == "done" else EXIT_NO)


def _print(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    family, settings = _family(config, arguments.device)
    if family != "printer":
        return _told({"error": f"{arguments.device} is no printer"})
    language = str(settings.get("protocol", "zpl"))
    content = TEST_LABEL[language].replace("{at}", datetime.now(UTC).isoformat(timespec="seconds"))
    data = {"job_id": "test", "content": content, "labels": 1, "language": language}
    answer = ask(config, ask="do", device=arguments.device, kind=PRINT, data=data)
    return _told(answer) or (0 if answer.get("outcome") == "done" else EXIT_NO)


def _trace(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    after = 0
    while True:
        answer = ask(config, ask="trace", device=arguments.device, after=after)
        if "error" in answer:
            return _told(answer)
        for passed in answer["passed"]:
            after = passed["number"]
            print(
                json.dumps({**passed, "text": bytes.fromhex(passed["hex"]).decode("ascii", "backslashreplace")}),
                flush=True,
            )
        if not arguments.follow:
            return 0
        asyncio.run(asyncio.sleep(0.5))


def _reload(config: GatewayConfig, _: argparse.Namespace) -> int:
    return _told(ask(config, ask="reload"))


def _replay(_: GatewayConfig, arguments: argparse.Namespace) -> int:
    passed = [json.loads(line) for line in arguments.file.read_text("utf-8").splitlines() if line.strip()]
    asyncio.run(_play(passed, arguments.listen))
    return 0


async def _play(passed: list[Json], port: int) -> None:
    """Be the device of a trace: its frames follow each other as they did, after as much was asked as in the trace."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        before = passed[0]["at"] if passed else 0.0
        for each in passed:
            data, pause_s, before = bytes.fromhex(each["hex"]), each["at"] - before, each["at"]
            if not each["to_device"]:
                await asyncio.sleep(pause_s)
                writer.write(data)
                await writer.drain()
                continue
            try:
                async with asyncio.timeout(REPLY_LATEST_S):
                    await reader.readexactly(len(data))
            except (TimeoutError, asyncio.IncompleteReadError):
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
