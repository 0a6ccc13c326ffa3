"""Declarative base and the column types that every slice uses."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, DateTime, Identity, MetaData, Text, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import DeclarativeBase, mapped_column

from wms.kernel.ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        UUID: PgUuid(as_uuid=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def among(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`column = ANY(values)`: one parameter, however many values; `in_` writes and parses one for each of thousands."""
    return column == any_(literal(list(values), ARRAY(column.type)))


uuid_pk = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
int_pk = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
