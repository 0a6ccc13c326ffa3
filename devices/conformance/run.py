"""Runs every check against one driver and prints a table; exit 0 when all hold, 1 when one fails, 2 for wrong arguments."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from devices import drivers
from devices.conformance import subject as subjects
from devices.conformance.checks import CHECKS, Check, Failed, Skipped
from devices.conformance.subject import NoSubject, Subject
from devices.contract.driver import ConfigRefused, Driver

EXIT_FAILED, EXIT_USAGE = 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    rule: str
    state: str
    """ok, FAILED or skipped."""
    detail: str


async def run_kit(
    make: Callable[[dict[str, Any]], Driver], subject: Subject, checks: Sequence[Check] = CHECKS
) -> list[Verdict]:
    """Every check in order, each whatever became of the others."""
    verdicts = []
    for check in checks:
        name = cast(Any, check).__name__.replace("_", " ")
        await subject.start()
        try:
            verdicts.append(Verdict(name, "ok", await check(make, subject)))
        except Skipped as reason:
            verdicts.append(Verdict(name, "skipped", str(reason)))
        except Failed as reason:
            verdicts.append(Verdict(name, "FAILED", str(reason)))
        except Exception as error:  # a broken driver or subject must not hide the other verdicts
            verdicts.append(Verdict(name, "FAILED", f"{error!r}"))
        finally:
            await subject.stop()
    return verdicts


def table(verdicts: Sequence[Verdict]) -> str:
    width = max(len(v.rule) for v in verdicts)
    return "\n".join(f"{v.state:<8} {v.rule:<{width}}  {v.detail}" for v in verdicts)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m devices.conformance", description=__doc__)
    parser.add_argument("driver", help="family (ours, or an entry point of wharfinger.drivers) or module:Class")
    parser.add_argument("--config", type=Path, help="YAML with the configuration of a device that is already there")
    parser.add_argument("--subject", help="module:Class of the driver's simulator; default: by entry point or ours")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.CRITICAL)
    sys.path.insert(0, "")  # a driver that is being written lies in the working folder
    try:
        if ":" in arguments.driver:
            module, _, name = arguments.driver.partition(":")
            driver = getattr(import_module(module), name)
        else:
            driver = drivers.load(arguments.driver)
        if arguments.config is not None:
            against = subjects.from_file(arguments.config)
        elif arguments.subject is not None:
            module, _, name = arguments.subject.partition(":")
            against = getattr(import_module(module), name)()
        else:
            against = subjects.by_family(driver.family)
    except (ConfigRefused, NoSubject, ImportError, AttributeError) as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    verdicts = asyncio.run(run_kit(driver, against))
    print(table(verdicts))
    failed = sum(v.state == "FAILED" for v in verdicts)
    print(f"{driver.family}: {len(verdicts) - failed} of {len(verdicts)} rules hold")
    return EXIT_FAILED if failed else 0
