"""A yes or no with its reasons: what a supervisor reads under "why"."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    ok: bool
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok

    @classmethod
    def yes(cls, *reasons: str) -> "Verdict":
        return cls(True, reasons)

    @classmethod
    def no(cls, *reasons: str) -> "Verdict":
        return cls(False, reasons)
