"""Alembic's entry: runs the steps on the connection that ``dialogue.database.migrate`` hands over.

The caller owns the transaction, so a step that fails leaves nothing behind, on SQLite too.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import text
from sqlalchemy.types import TypeDecorator

import dialogue.knowledge.schema
import dialogue.shop.schema
import dialogue.store_schema  # noqa: F401  (all fill the metadata)
from dialogue.database import metadata

_LOCK = 5_338_001
"""PostgreSQL advisory lock: several gateways that start at once migrate one after the other."""


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """A step keeps the plain type that a column had then, whatever becomes of our own types."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def _run() -> None:
    connection = context.config.attributes["connection"]
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        version_table="kefu_schema",
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
