"""Whose word moves counted stock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from wms.db.uow import UnitOfWork


@contextmanager
def authority(uow: UnitOfWork) -> Iterator[None]:
    """A confirmed count or finance's decision allows the status change, whatever the rank of who speaks it; the movement
    still names that person."""
    actor = uow.actor
    uow.actor = replace(actor, roles=actor.roles | {"system"})
    try:
        yield
    finally:
        uow.actor = actor
