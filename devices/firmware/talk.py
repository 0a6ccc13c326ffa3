"""Putting a configuration's questions and commands to a device, one small speaker per transport of the manifests.

Each opens its own connection and closes it; a reader or scale that takes one client only is asked while its gateway
driver is stopped. Answers come back as text or as a tree, for `deploy` to compare.
"""

import asyncio
import json
import os
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiomqtt
import httpx
import yaml

from devices.contract.driver import ConfigRefused, NotReady
from devices.drivers.rfid_gate import codec as llrp
from devices.transports import modbus, tcp
from devices.transports.link import Link

Json = dict[str, Any]
QUIET_S, ANSWER_S = 0.3, 4.0
"""An answer of text ends when nothing came for QUIET_S; the first of it may take ANSWER_S."""


class Refused(Exception):
    """The device did not take a step, or cannot be asked this."""


@dataclass(slots=True)
class Speaker:
    """`ask(step, rendered)` gives what the device says; `send(step, rendered)` carries out an apply step."""

    ask: Callable[[Json, bytes], Awaitable[Any]]
    send: Callable[[Json, bytes], Awaitable[None]]


@asynccontextmanager
async def to(transport: Json, config: Json) -> AsyncIterator[Speaker]:
    """Speak to a device. `transport` is the manifest's, `config` the device's of gateway.yaml.

    Errors: Refused for a transport that only a person can set; NotReady when it does not answer.
    """
    opened = _OPEN.get(transport["protocol"])
    if opened is None:
        raise Refused(f"{transport['protocol']} is configured by hand: compare the render with the device's own page")
    async with opened(transport, config) as speaker:
        yield speaker


def _port(config: Json, transport: Json, default: int) -> int:
    return int(config.get("port") or transport.get("port") or default)


# text over TCP: ZPL and SGD, TSPL, MT-SICS, Cubiscan


@asynccontextmanager
async def _text(transport: Json, config: Json) -> AsyncIterator[Speaker]:
    link = await tcp.connect(str(config["host"]), _port(config, transport, 0))
    frame = _FRAMES[transport["protocol"]]

    async def ask(step: Json, _rendered: bytes) -> str:
        return await _say(link, frame(str(step["query"])))

    async def send(step: Json, rendered: bytes) -> None:
        if "query" in step:
            await _say(link, frame(str(step["query"])))
        elif step.get("send") == "lines":
            for line in rendered.decode().split():
                answer = await _say(link, frame(line))
                if not answer.startswith(f"\x02{line[0]}A"):
                    raise Refused(f"{line}: answered {answer.strip()!r}")
        else:
            await link.write(rendered)
            await _quiet(link)

    try:
        yield Speaker(ask, send)
    finally:
        await link.close()


async def _say(link: Link, question: bytes) -> str:
    await link.write(question)
    answer = (await link.read(ANSWER_S)).decode("ascii", "replace")
    return answer + await _quiet(link)


async def _quiet(link: Link) -> str:
    answer = ""
    while True:
        try:
            answer += (await link.read(QUIET_S)).decode("ascii", "replace")
        except NotReady as silent:
            if "silent" not in str(silent):
                raise
            return answer


_FRAMES: dict[str, Callable[[str], bytes]] = {
    "zpl": lambda q: f"{q}\r\n".encode(),
    "tspl": lambda q: q.replace("ESC ", "\x1b").encode() + b"\r\n",
    "mt_sics": lambda q: f"{q}\r\n".encode(),
    "cubiscan": lambda q: f"\x02{q}\x03\r\n".encode(),
}


# LLRP, Impinj IoT, Modbus registers, VDA 5050


@asynccontextmanager
async def _llrp(transport: Json, config: Json) -> AsyncIterator[Speaker]:
    reader, writer = await tcp.open_stream(str(config["host"]), _port(config, transport, 5084))
    buffer, number = llrp.FrameBuffer(), 0
    frames: deque[bytes] = deque()

    async def message() -> llrp.Message:
        while not frames:
            data = await reader.read(65536)
            if not data:
                raise NotReady("closed by the reader")
            frames.extend(buffer.feed(data))
        return llrp.decode(frames.popleft())

    async def say(name: str, tree: Json) -> llrp.Message:
        nonlocal number
        number += 1
        # Texts of a manifest are templates, so a number in them comes as its digits.
        tree = {k: int(v) if isinstance(v, str) and v.isdigit() else v for k, v in tree.items()}
        writer.write(llrp.encode(llrp.from_json(name, tree, number)))
        async with asyncio.timeout(ANSWER_S):
            while (heard := await message()).id != number or not heard.name.endswith(("_RESPONSE", "ERROR_MESSAGE")):
                continue
        code, text = llrp.status_of(heard)
        if code:
            raise Refused(f"{name}: status {code} {text}")
        return heard

    async def ask(step: Json, _rendered: bytes) -> Any:
        return _tree(await say(step["query"], step.get("fields", {})))

    async def send(step: Json, rendered: bytes) -> None:
        await say(step["send"], {**step.get("fields", {}), **json.loads(rendered).get(step["send"], {})})

    try:
        async with asyncio.timeout(ANSWER_S):
            await message()  # nothing may be sent before the reader's connection event
        yield Speaker(ask, send)
    except TimeoutError:
        raise NotReady("the reader does not answer") from None
    finally:
        writer.transport.abort()


def _tree(node: "llrp.Message | llrp.Param") -> Json:
    tree: Json = dict(node.values)
    for child in node.children:
        inner, there = _tree(child), tree.get(child.name)
        tree[child.name] = inner if there is None else [*there, inner] if isinstance(there, list) else [there, inner]
    return tree


@asynccontextmanager
async def _impinj(transport: Json, config: Json) -> AsyncIterator[Speaker]:
    scheme = str(config.get("scheme", "https"))
    port = int(config.get("port") or (443 if scheme == "https" else 80))
    url = f"{scheme}://{config['host']}:{port}{transport.get('base', '')}"
    login = (str(config.get("username", "root")), _secret(config))
    verify = ssl.create_default_context(cafile=config.get("ca")) if scheme == "https" else False
    async with httpx.AsyncClient(base_url=url, auth=login, verify=verify, timeout=ANSWER_S) as client:

        async def request(line: str, body: bytes | None = None) -> Any:
            method, _, path = line.partition(" ")
            try:
                answer = await client.request(method, path, content=body, headers={"content-type": "application/json"})
            except httpx.HTTPError as error:
                raise NotReady(f"{url}: {error!r}") from error
            if answer.status_code >= 400:
                raise Refused(f"{line}: HTTP {answer.status_code} {answer.text[:200]}")
            return answer.json() if answer.content.strip() else {}

        async def ask(step: Json, _rendered: bytes) -> Any:
            try:
                return await request(step["query"])
            except Refused as missing:
                return {"refused": str(missing)}

        async def send(step: Json, rendered: bytes) -> None:
            await request(step["send"], rendered if step.get("body") == "render" else None)

        yield Speaker(ask, send)


def _secret(config: Json) -> str:
    """The password by reference, read anew each time. Errors: Refused."""
    try:
        if config.get("password_file") is not None:
            return Path(config["password_file"]).read_text("utf-8").strip()
        return os.environ[config["password_env"]] if config.get("password_env") else ""
    except (OSError, KeyError) as error:
        raise Refused(f"password: {error!r}") from error


@asynccontextmanager
async def _registers(transport: Json, config: Json) -> AsyncIterator[Speaker]:
    unit = int(config.get("unit_id") or transport.get("unit_id") or 1)
    registers = await modbus.connect(str(config["host"]), _port(config, transport, 502), unit)

    async def ask(step: Json, rendered: bytes) -> int:
        address = _address(yaml.safe_load(rendered), step["read"])
        return (await registers.read(address, 1))[0]

    async def send(step: Json, _rendered: bytes) -> None:
        raise Refused(f"registers are set at the PLC: {step}")

    try:
        yield Speaker(ask, send)
    except ConfigRefused as error:
        raise Refused(str(error)) from error
    finally:
        registers.close()


def _address(tree: Any, name: str) -> int:
    """Address of a register by name in a rendered map: `{name: {address: n}}` or `[{name:, address:}]` at any depth."""
    if isinstance(tree, dict):
        if isinstance(inner := tree.get(name), dict) and "address" in inner:
            return int(inner["address"])
        if tree.get("name") == name and "address" in tree:
            return int(tree["address"])
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        try:
            return _address(inner, name)
        except Refused:
            continue
    raise Refused(f"the map has no register {name}")


@asynccontextmanager
async def _vehicle(transport: Json, config: Json) -> AsyncIterator[Speaker]:
    broker, major = config["broker"], str(transport.get("version", "2.1.0")).split(".")[0]
    prefix = f"{'vda5050' if major == '3' else 'uagv'}/v{major}/{config['manufacturer']}/{config['serial']}"
    client = aiomqtt.Client(
        broker["host"], int(broker.get("port", 1883)), username=broker.get("username"), password=broker.get("password"),
        identifier=f"wharfinger-firmware-{uuid4().hex[:8]}",
    )  # fmt: skip

    async def ask(step: Json, _rendered: bytes) -> Any:
        action = {"actionId": str(uuid4()), "actionType": step["request"], "blockingType": "NONE"}
        body = {"headerId": 0, "version": transport["version"], "manufacturer": config["manufacturer"],
                "serialNumber": config["serial"], "timestamp": "1970-01-01T00:00:00.000Z", "actions": [action]}  # fmt: skip
        await client.publish(f"{prefix}/instantActions", json.dumps(body))
        async with asyncio.timeout(ANSWER_S):
            async for message in client.messages:
                return json.loads(message.payload)

    async def send(step: Json, _rendered: bytes) -> None:
        raise Refused(f"a vehicle is set in its own tool: {step}")

    try:
        async with client:
            await client.subscribe(f"{prefix}/factsheet")
            yield Speaker(ask, send)
    except (aiomqtt.MqttError, TimeoutError) as error:
        raise NotReady(f"vehicle: {error!r}") from error


_OPEN = {
    **dict.fromkeys(_FRAMES, _text), "llrp": _llrp, "impinj_iot": _impinj, "modbus_tcp": _registers, "vda5050": _vehicle,
}  # fmt: skip
