"""Alembic migrations; the ledger's SQL functions lie in sql/."""
