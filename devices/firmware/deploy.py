"""Render, read back, compare, apply: a configuration and a device."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devices.contract.reports import ConfigurationChecked
from devices.firmware import talk
from devices.firmware.render import BadFirmwareConfig, fill_step, manifest, queries, render

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One question to the device and whether the answer is as configured."""

    question: str
    expected: str
    found: str
    same: bool


@dataclass(frozen=True, slots=True)
class Record:
    """What was pushed and read back; kept beside the gateway's configuration."""

    device: str
    profile: str
    version: str
    sha256: str
    at: str
    by: str
    findings: list[Finding]


async def read_back(folder: Path, params: Json, config: Json) -> list[Finding]:
    """Ask a device all verify questions of its configuration.

    `config`: the device's own settings as in gateway.yaml. Errors: BadFirmwareConfig, talk.Refused, NotReady.
    """
    rendered = render(folder, params).content
    async with talk.to(manifest(folder).transport, config) as speaker:
        return [_judge(step, await speaker.ask(step, rendered), rendered) for step in queries(folder, params)]


ONE_CLIENT = frozenset({"llrp"})
"""Transports that the driver holds alone: it watches the reader's own configuration state instead."""


async def checked(folder: Path, params: Json, config: Json) -> ConfigurationChecked | None:
    """What the gateway tells of a device that came online; None where it cannot be asked beside its driver.

    Errors: as read_back.
    """
    about = manifest(folder)
    if about.transport["protocol"] in ONE_CLIENT:
        return None
    wrong = [f for f in await read_back(folder, params, config) if not f.same]
    told = tuple(f"{f.question}: {f.found} instead of {f.expected}" for f in wrong)
    return ConfigurationChecked(about.id, render(folder, params).sha256, told)


async def push(folder: Path, params: Json, config: Json) -> list[str]:
    """Carry out the apply steps; answers those that a person must do.

    Errors: BadFirmwareConfig for a sealed device: it is audited, never written; talk.Refused, NotReady.
    """
    about = manifest(folder)
    if about.legal_seal:
        raise BadFirmwareConfig(f"{about.id} is legal for trade: {about.seal_note or 'its seal may not be broken'}")
    rendered = render(folder, params).content
    by_hand = [str(step["manual"]) for step in about.apply if "manual" in step]
    async with talk.to(about.transport, config) as speaker:
        for step in about.apply:
            if "manual" not in step:
                await speaker.send(fill_step(folder, step, params), rendered)
    return by_hand


def record(device: str, folder: Path, params: Json, by: str, findings: list[Finding]) -> Record:
    about = manifest(folder)
    sha256 = render(folder, params).sha256
    return Record(
        device, about.id, about.version, sha256, datetime.now(UTC).isoformat(timespec="seconds"), by, findings
    )


def _judge(step: Json, said: Any, rendered: bytes) -> Finding:
    question = str(step.get("query") or step.get("read") or step.get("request"))
    if "equals" in step:
        return Finding(question, str(step["equals"]), str(said), said == int(str(step["equals"]), 0))
    if isinstance(said, str):
        expected = str(step["expect"])
        text, expected = " ".join(said.split()), " ".join(expected.split())
        return Finding(
            question,
            expected,
            text,
            text.lstrip("\x02").startswith(expected) if "compare" in step else expected in text,
        )
    expected, found = _pair(step, said, rendered)
    wrong = list(_differences(expected, found, set(step.get("ignore", ()))))
    return Finding(question, _short(expected), "; ".join(wrong) or "as configured", not wrong)


def _pair(step: Json, said: Any, rendered: bytes) -> tuple[Any, Any]:
    if "expect" in step:
        return {k: v for k, v in step["expect"].items()}, {k: _at(said, k) for k in step["expect"]}
    tree, wanted = json.loads(rendered), str(step["compare"])
    if wanted in ("render", "factsheet"):
        return tree, said
    name, _, part = wanted.partition(".")
    return (tree[name] if not part else {part: tree[name][part]}), said


def _at(tree: Any, path: str) -> Any:
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _differences(expected: Any, found: Any, ignore: set[str], path: str = "") -> list[str]:
    """Where `found` lacks or contradicts what is expected; what it has beyond that is the device's own."""
    if path in ignore or path.rsplit(".", 1)[-1] in ignore:
        return []
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            d for k, v in expected.items() for d in _differences(v, found.get(k), ignore, f"{path}.{k}".lstrip("."))
        ]
    if isinstance(expected, list):
        others = list(found) if isinstance(found, list | tuple) else [found]
        if len(others) < len(expected):
            return [f"{path}: {len(others)} of {len(expected)}"]
        return [d for i, v in enumerate(expected) for d in _differences(v, others[i], ignore, path)]
    said = found.hex() if isinstance(found, bytes) else found
    same = str(said).lower() == str(expected).lower() or (isinstance(expected, bool) and bool(said) == expected)
    return [] if same or expected == said else [f"{path}: {_short(said)} instead of {_short(expected)}"]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 120 else f"{text[:117]}..."
