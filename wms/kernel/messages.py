"""Base of events: frozen facts in the past tense, named `<process>.<fact>.v<n>` on the wire."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Event:
    name: ClassVar[str] = ""
    stream: ClassVar[str] = ""
    """Field whose value orders the event's reactions; reactions of one stream run one after another."""

    def stream_key(self) -> str:
        return f"{self.stream}:{getattr(self, self.stream)}"


_adapters: dict[str, TypeAdapter[Any]] = {}


def _adapter(cls: type[Event]) -> TypeAdapter[Any]:
    if cls.name not in _adapters:
        _adapters[cls.name] = TypeAdapter(cls)
    return _adapters[cls.name]


def dump(event: Event) -> dict[str, Any]:
    """JSON-ready fields."""
    data: dict[str, Any] = _adapter(type(event)).dump_python(event, mode="json")
    return data


def load(cls: type[Event], data: dict[str, Any]) -> Event:
    event: Event = _adapter(cls).validate_python(data)
    return event
