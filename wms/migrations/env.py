"""Alembic's entry: sees every slice's tables, runs as the URL's own role (the application assumes a lesser one)."""

import importlib
import os
import pkgutil

from alembic import context
from sqlalchemy import create_engine

import wms.foundation
import wms.processes
from wms.db import tables as _db_tables  # noqa: F401
from wms.db.base import Base

for package in (wms.foundation, wms.processes):
    for module in pkgutil.iter_modules(package.__path__):
        slice_ = f"{package.__name__}.{module.name}"
        if any(m.name == "tables" for m in pkgutil.iter_modules(importlib.import_module(slice_).__path__)):
            importlib.import_module(f"{slice_}.tables")

config = context.config
url = config.get_main_option("sqlalchemy.url") or os.environ["WMS_DATABASE_URL"]
engine = create_engine(url)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        # Two processes that start together must not migrate together.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7270)")
        context.run_migrations()
