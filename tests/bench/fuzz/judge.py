"""One case against one codec: a value or its own error, in bounded time, memory and size, all text being text.

``judge`` never raises; what breaks a rule is a ``Finding``.
"""

from __future__ import annotations

import resource
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from tests.bench.fuzz.cases import MAX_BYTES, Case, Message

Feed = Callable[[Message], object]
MAX_S = 0.5
"""CPU seconds a case may take; instrumented code is several times slower than the real one."""
MAX_MEMORY_BYTES = 96 << 20
"""By which one case may raise the most memory that the process ever had."""
LOOKED_AT_S = 0.005
"""So much memory is not taken in less time; to ask for it takes long."""
_TRIES = 3
"""What was slow is slow again: a collection of garbage is not."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A codec to be judged."""

    name: str
    seeds: Callable[[], Sequence[Case]]
    """Real connections."""
    open: Callable[[], Feed]
    """A codec in its first state; feed it one message after the other. It is closed, if it has a ``close``."""
    errors: tuple[type[BaseException], ...]
    """What it may raise by its documentation."""
    words: tuple[str, ...] = ()
    """Of its protocol, for the mutator."""
    size: Callable[[int], int] = lambda given: 64 * given + 65_536
    """Bytes of values that a connection may get for the bytes that it gave."""
    max_s: float = MAX_S
    usual_bytes: int = MAX_BYTES
    """Of nine in ten cases, where most of a run would else be spent on large ones."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a case showed."""

    kind: str
    """``raised``, ``slow``, ``memory``, ``large``, ``not text``, ``died``."""
    where: str
    """The same for the same fault: error and place."""
    detail: str
    case: Case


def judge(subject: Subject, case: Case, told: Callable[[], None] = lambda: None) -> Finding | None:
    """The first rule that ``case`` breaks; ``told`` is called before each message."""
    found = _judged(subject, case, told)
    if found is not None and found.kind == "slow":
        again = [_judged(subject, case, told) for _ in range(_TRIES)]
        if not all(one is not None and one.kind == "slow" for one in again):
            return None
    return found


def _judged(subject: Subject, case: Case, told: Callable[[], None]) -> Finding | None:
    feed = subject.open()
    found = _fed(subject, feed, case, told)
    if callable(close := getattr(feed, "close", None)):
        try:
            close()
        except Exception as error:  # noqa: BLE001 - what cannot be ended is a finding too
            found = found or Finding("raised", f"at the end: {_place(error)}", repr(error), case)
    return found


def _fed(subject: Subject, feed: Feed, case: Case, told: Callable[[], None]) -> Finding | None:
    given = size = 0
    began_s = time.thread_time()
    for message in case:
        told()
        given += len(message)
        try:
            value = feed(message)
        except subject.errors as error:
            value = error.args
        except Exception as error:  # noqa: BLE001 - whatever else it raises is what is looked for
            return Finding("raised", _place(error), "".join(traceback.format_exception(error)[-6:]), case)
        try:
            size += size_of(value)
        except UnicodeEncodeError as error:
            return Finding("not text", type(value).__name__, repr(error.object)[:200], case)
    took_s = time.thread_time() - began_s
    if took_s > subject.max_s:
        return Finding("slow", subject.name, f"{took_s:.2f} s for {given} bytes", case)
    if took_s > LOOKED_AT_S and (grown := memory_grown()) > MAX_MEMORY_BYTES:
        return Finding("memory", subject.name, f"{grown >> 20} MB for {given} bytes", case)
    if size > subject.size(given):
        return Finding("large", subject.name, f"{size} bytes for {given}", case)
    return None


def memory_grown() -> int:
    """Bytes by which the most memory that this process ever had has grown since it was asked last."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    grown = peak - _peak[0] if _peak[0] else 0
    _peak[0] = peak
    return grown


_peak = [0]


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    file = last.filename.rpartition("/")[2] if last else ""
    return f"{type(error).__name__} {file}:{last.lineno if last else 0}"


def size_of(value: Any) -> int:
    """Bytes in a value, its text in UTF-8. Raises ``UnicodeEncodeError`` for text that is none (lone surrogates)."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if isinstance(value, Mapping):
        return 8 + sum(size_of(key) + size_of(item) for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return 8 + sum(map(size_of, value))
    if value is None or isinstance(value, int | float):
        return 8
    return 8 + sum(size_of(getattr(value, name)) for name in _fields_of(type(value)))


@cache
def _fields_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
