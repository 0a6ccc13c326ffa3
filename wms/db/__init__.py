"""The one transaction: engine, unit of work, outbox, inbox, idempotency. Nobody outside commits."""
