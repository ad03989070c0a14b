"""Structured logs. Personal data never enters: events carry ids, codes, counts and times, not words or numbers said."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog

# What a log line may carry. Anything else is a mistake and is dropped with a mark, so that a customer's words cannot
# slip into the logs through a new call site.
ALLOWED_FIELDS = frozenset(
    (
        *("event", "level", "timestamp", "exc_info", "exception", "error", "code", "reason", "line"),
        *("session_id", "conversation_id", "turn_id", "channel", "modality", "intent", "classifier", "degraded"),
        *("status", "method", "route", "duration_ms", "hops", "count", "bytes", "address_hash"),
        *("action", "outcome", "model", "skill", "state", "version", "host", "port", "url"),
        *("worker", "pid", "request_id", "call_hash"),
    )
)


_OUR_PACKAGES = frozenset(("gateway", "speech", "nlu", "dialogue", "inference_server"))


def _only_allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in [name for name in event if name not in ALLOWED_FIELDS]:
        event[name] = "<not logged>"
    return event


def _traceback(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where it broke and with which errors; their words only where they are our own, which hold no personal data."""
    if event.pop("exc_info", None) and (error := sys.exc_info()[1]) is not None:
        event["exception"] = "\n".join(_told(error))
    return event


def _told(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _told(before)
        yield "and from that:"
    yield "Traceback (most recent call last):"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
    # A library quotes what it was given: a validation error an address, a database error a row.
    words = str(error) if type(error).__module__.partition(".")[0] in _OUR_PACKAGES else "(its words are not logged)"
    yield f"{type(error).__qualname__}: {words}"
    for inner in getattr(error, "exceptions", ()):
        yield from _told(inner)


def configure(level: str, style: str, *, worker: int | None = None) -> None:
    """Set up structlog for the process. ``style`` is ``console`` or ``json``; every line names the ``worker``."""

    def _with_worker(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if worker is not None:
            event["worker"] = worker
        return event

    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _with_worker,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            _traceback,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger(**bound: Any) -> structlog.typing.FilteringBoundLogger:
    """A logger with bound fields."""
    return structlog.get_logger(**bound)  # type: ignore[no-any-return]
