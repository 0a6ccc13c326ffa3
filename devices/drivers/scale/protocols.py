"""Each scale protocol as data: how its bytes are read, what is asked first, what starts the weights, what zeroes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from devices.contract.driver import ConfigRefused
from devices.drivers.scale import codec, profile, toledo
from devices.drivers.scale.reading import Heard
from devices.transports.line import LineNeeds


class Reader(Protocol):
    def feed(self, data: bytes) -> list[Heard]: ...


@dataclass(frozen=True, slots=True)
class Question:
    """Sent once at the start; `name` is that of the answer."""

    name: str
    ask: bytes
    needed: bool = True
    """False: the scale may refuse it."""


@dataclass(frozen=True, slots=True)
class Speech:
    title: str
    needs: LineNeeds
    reader: Callable[[], Reader]
    greeting: tuple[Question, ...] = ()
    start: bytes | None = None
    """Starts the stream of weights, None where it runs by itself or is polled."""
    poll: bytes | None = None
    poll_s: float = 0.2
    zero: bytes | None = None
    zero_is_answered: bool = False
    ask_tare: bytes | None = None
    clear_tare: bytes | None = None


class _SicsReader:
    def __init__(self) -> None:
        self._decoder = codec.Decoder()

    def feed(self, data: bytes) -> list[Heard]:
        return [codec.heard(frame) for frame in self._decoder.feed(data)]


MT_SICS = Speech(
    title="MT-SICS",
    needs=LineNeeds(
        bauds=(9600, 300, 600, 1200, 2400, 4800, 19200, 38400, 57600, 115200),
        formats=("8N1", "7E1", "7O1", "8E1", "8O1", "7N2"),
    ),
    reader=_SicsReader,
    greeting=(
        Question("I4", codec.command("@")),  # cancels a stream that is still running; its reply is that of I4
        Question("I1", codec.command("I1"), needed=False),
        Question("I2", codec.command("I2"), needed=False),
        Question("I3", codec.command("I3"), needed=False),
        Question("TAC", codec.command("TAC"), needed=False),  # a tare left over would be missing from every weight
    ),
    start=codec.command("SIR"),
    zero=codec.command("Z"),
    zero_is_answered=True,
    ask_tare=codec.command("TA"),
    clear_tare=codec.command("TAC"),
)


def toledo_continuous(checksum: bool) -> Speech:
    """At less than 4800 baud the display is sent slower than it moves (Wildcat manual 6-4)."""
    return Speech(
        title="Toledo continuous",
        needs=LineNeeds(bauds=(9600, 4800, 19200, 38400), formats=("7E1", "8N1", "7O1", "8E1", "8O1")),
        reader=lambda: toledo.Decoder(checksum),
        zero=toledo.ZERO,
    )


def by_profile(described: profile.Profile) -> Speech:
    def ascii_(text: str | None) -> bytes | None:
        return None if text is None else text.encode("ascii")

    return Speech(
        title=described.title,
        needs=LineNeeds(described.line.bauds, described.line.formats),
        reader=lambda: profile.Decoder(described),
        poll=ascii_(described.poll),
        poll_s=described.poll_s,
        zero=ascii_(described.zero),
    )


def speech(protocol: str, own: dict[str, Any] | None, checksum: bool) -> Speech:
    """The protocol of this name, or that of the configuration's own profile. Errors: ConfigRefused."""
    try:
        if own is not None:
            return by_profile(profile.Profile.model_validate(own))
        if protocol == "mt_sics":
            return MT_SICS
        if protocol == "toledo":
            return toledo_continuous(checksum)
        return by_profile(profile.load(protocol))
    except FileNotFoundError:
        known = ", ".join(["mt_sics", "toledo", *profile.names()])
        raise ConfigRefused(f"scale: unknown protocol {protocol!r}, known: {known}") from None
    except (ValidationError, UnicodeEncodeError) as error:
        raise ConfigRefused(f"scale: profile: {error}") from error
