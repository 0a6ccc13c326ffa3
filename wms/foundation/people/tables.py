"""Operators, their sessions, and the keys of machines."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from wms.db.base import Base, uuid_pk


class Operator(Base):
    __tablename__ = "operator"
    id: Mapped[uuid_pk]
    code: Mapped[str] = mapped_column(unique=True)
    """Short login name, shown on screens and movements."""
    name: Mapped[str]
    badge: Mapped[str] = mapped_column(unique=True)
    """Random badge code; knowing an employee number is not enough."""
    pin_hash: Mapped[str]
    roles: Mapped[list[Any]]
    locale: Mapped[str] = mapped_column(default="en")
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class Session(Base):
    __tablename__ = "session"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator_code: Mapped[str] = mapped_column(index=True)
    device: Mapped[str]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class MachineKey(Base):
    """A key of a device or an integration: only its hash is kept."""

    __tablename__ = "machine_key"
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    name: Mapped[str]
    roles: Mapped[list[Any]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
