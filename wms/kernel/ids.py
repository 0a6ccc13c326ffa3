"""Identifiers. UUIDv7 (RFC 9562 section 5.7) is made here because PostgreSQL knows it only from version 18 on."""

import os
import time
from typing import NewType
from uuid import UUID

SkuId = NewType("SkuId", int)
OwnerId = NewType("OwnerId", int)
LotId = NewType("LotId", int)
PlaceId = NewType("PlaceId", int)
"""A holder of stock: a location, a handling unit or a virtual holder."""
OrderId = NewType("OrderId", UUID)
TaskId = NewType("TaskId", UUID)

_last_ms = 0
_counter = 0


def uuid7() -> UUID:
    """Time-ordered UUID, increasing within one thread (12-bit counter in rand_a), unique by 62 random bits."""
    global _last_ms, _counter
    now_ms = time.time_ns() // 1_000_000  # an identifier, never read back as a time by domain code
    if now_ms > _last_ms:
        _last_ms, _counter = now_ms, int.from_bytes(os.urandom(1), "big")
    else:
        _counter += 1
        if _counter > 0xFFF:
            _last_ms, _counter = _last_ms + 1, 0
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=(_last_ms & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | _counter << 64 | 0b10 << 62 | tail)
