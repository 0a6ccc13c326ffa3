"""`wms firmware render|golden|check|diff|push|verify|drift`"""

import argparse
import asyncio
import getpass
import json
import sys
from dataclasses import asdict
from pathlib import Path

from devices.contract.driver import NotReady
from devices.firmware import deploy, talk
from devices.firmware.render import (
    BadFirmwareConfig,
    folders,
    golden_cases,
    manifest,
    queries,
    read_params,
    render,
)
from devices.gateway.config import BadConfig, Device, Firmware, GatewayConfig, load, with_broker

EXIT_BAD, EXIT_AWAY = 2, 3


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="wms firmware")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("render", help="write the rendered bytes to the output, their hash to stderr")
    one.add_argument("folder", type=Path)
    one.add_argument("--params", type=Path, help="JSON file; default: the first golden case")
    one.set_defaults(run=_render)
    golden = commands.add_parser("golden", help="write the golden renders anew from golden/*.params.json")
    golden.add_argument("folder", type=Path)
    golden.set_defaults(run=_golden)
    check = commands.add_parser("check", help="compare every golden render below a folder")
    check.add_argument("root", type=Path, nargs="?", default=Path("firmware_configs"))
    check.set_defaults(run=_check)
    for name, run, what in (
        ("diff", _verify, "what a device says against what it should: all of it"),
        ("verify", _verify, "the same, only what differs; exit 1 if anything does"),
        ("push", _push, "apply, read back and keep a record; sealed devices are only audited"),
        ("drift", _drift, "verify every device of the gateway that has a configuration"),
    ):
        action = commands.add_parser(name, help=what)
        action.add_argument("--config", type=Path, required=True, help="gateway.yaml with `firmware` at its devices")
        action.set_defaults(run=run, name=name)
        if name != "drift":
            action.add_argument("device")
        if name == "push":
            action.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except (BadFirmwareConfig, BadConfig) as error:
        print(error, file=sys.stderr)
        return EXIT_BAD
    except (NotReady, talk.Refused) as error:
        print(error, file=sys.stderr)
        return EXIT_AWAY
    return code


def _of(config: GatewayConfig, name: str) -> tuple[Device, Firmware]:
    device = next((d for d in config.devices if d.id == name), None)
    if device is None or device.firmware is None:
        raise BadFirmwareConfig(f"{name}: no such device, or it has no `firmware` in the gateway's configuration")
    return device, device.firmware


def _read_back(config: GatewayConfig, device: Device, firmware: Firmware) -> list[deploy.Finding]:
    return asyncio.run(deploy.read_back(firmware.folder, firmware.params, with_broker(device, config.broker)))


def _show(findings: list[deploy.Finding], all_of_them: bool) -> bool:
    """Print findings; whether all are as configured."""
    for f in findings:
        if all_of_them or not f.same:
            print(
                f"{'ok     ' if f.same else 'DIFFERS'} {f.question}\n          expected {f.expected}\n          found    {f.found}"
            )
    return all(f.same for f in findings)


def _verify(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    device, firmware = _of(config, arguments.device)
    good = _show(_read_back(config, device, firmware), arguments.name == "diff")
    print(f"{device.id}: {'as configured' if good else 'differs'}, {manifest(firmware.folder).id}")
    return 0 if good else 1


def _push(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    device, firmware = _of(config, arguments.device)
    about = manifest(firmware.folder)
    if not about.legal_seal:
        _show(_read_back(config, device, firmware), True)
        if (
            not arguments.yes
            and input(f"push {about.id} {about.version} to {device.id}? [y/N] ").strip().lower() != "y"
        ):
            print("nothing was sent")
            return 1
    by_hand = asyncio.run(deploy.push(firmware.folder, firmware.params, with_broker(device, config.broker)))
    findings = _read_back(config, device, firmware)
    good = _show(findings, False)
    for step in by_hand:
        print(f"by hand: {step}")
    kept = arguments.config.with_name("firmware-records.json")
    records = json.loads(kept.read_text("utf-8")) if kept.exists() else []
    made = deploy.record(device.id, firmware.folder, firmware.params, getpass.getuser(), findings)
    kept.write_text(json.dumps([*records, asdict(made)], indent=1), "utf-8")
    print(f"{device.id}: {'as configured' if good else 'DIFFERS'}, sha256 {made.sha256}, recorded in {kept}")
    return 0 if good else 1


def _drift(arguments: argparse.Namespace) -> int:
    config, bad = load(arguments.config), 0
    for device in config.devices:
        if device.firmware is None:
            continue
        try:
            findings = _read_back(config, device, device.firmware)
            good = all(f.same for f in findings)
            print(f"{'ok     ' if good else 'DIFFERS'} {device.id} {manifest(device.firmware.folder).id}")
            _show(findings, False)
        except (NotReady, talk.Refused) as error:
            good = False
            print(f"UNKNOWN {device.id} {manifest(device.firmware.folder).id}: {error}")
        bad += not good
    return 1 if bad else 0


def _render(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    if arguments.params is not None:
        params = read_params(arguments.params)
    else:
        first = next(golden_cases(folder), None)
        if first is None:
            raise BadFirmwareConfig(f"{folder}: no golden case, give --params")
        params = first.params
    rendered = render(folder, params)
    sys.stdout.buffer.write(rendered.content)
    sys.stdout.flush()
    print(f"sha256 {rendered.sha256}", file=sys.stderr)
    for query in queries(folder, params):
        print(f"verify {query}", file=sys.stderr)
    return 0


def _golden(arguments: argparse.Namespace) -> int:
    for case in golden_cases(arguments.folder):
        case.output.write_bytes(render(case.folder, case.params).content)
        print(case.output)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    bad = 0
    for folder in folders(arguments.root):
        for case in golden_cases(folder):
            same = case.output.exists() and render(folder, case.params).content == case.output.read_bytes()
            bad += not same
            print(f"{'ok      ' if same else 'DIFFERS '} {folder} {case.name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
