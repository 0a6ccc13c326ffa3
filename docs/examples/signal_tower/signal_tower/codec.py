"""Lines of the tower: `PING` -> `PONG`, `ON colour` / `OFF colour` -> `OK colour` or `NO colour`, `PRESS colour` unasked."""

from dataclasses import dataclass

COLOURS = frozenset({"red", "orange", "green"})
LONGEST = 64


@dataclass(frozen=True, slots=True)
class Line:
    word: str
    colour: str = ""


class Decoder:
    """Bytes in, lines out; what is no line of the tower is left out. Never raises."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Line]:
        *raw, self._buffer = (self._buffer + data).split(b"\n")
        self._buffer = self._buffer[-LONGEST:]
        return [line for line in map(_parse, raw) if line is not None]


def _parse(raw: bytes) -> Line | None:
    word, _, colour = raw.decode("ascii", "replace").strip().partition(" ")
    if word == "PONG" and not colour:
        return Line(word)
    return Line(word, colour) if word in ("OK", "NO", "PRESS") and colour in COLOURS else None
