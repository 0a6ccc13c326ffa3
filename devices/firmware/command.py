"""`python -m devices.firmware render|golden|check`"""

import argparse
import sys
from pathlib import Path

from devices.firmware.render import (
    BadFirmwareConfig,
    folders,
    golden_cases,
    queries,
    read_params,
    render,
)

EXIT_BAD = 2


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m devices.firmware")
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
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except BadFirmwareConfig as error:
        print(error, file=sys.stderr)
        return EXIT_BAD
    return code


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
