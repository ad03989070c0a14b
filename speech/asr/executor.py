"""Threads for blocking recognition, with a limit: a full queue refuses at once instead of growing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from speech.errors import AsrFailed, AsrOverloaded

T = TypeVar("T")


class BoundedExecutor:
    """At most ``workers`` calls run and ``queue`` wait. Used from one or several event loops."""

    def __init__(self, workers: int, queue: int, name: str) -> None:
        self._workers = workers
        self._limit = workers + queue
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._pending = 0
        self._closed = False
        self._lock = threading.Lock()

    async def run(self, call: Callable[[], T], *, only_if_idle: bool = False) -> T:
        """Run ``call`` in a thread. Raises ``AsrOverloaded`` at once when there is no room.

        ``only_if_idle`` never waits: it wants a free thread. Safe to cancel: a call that waits is withdrawn, the
        result of one that runs is dropped.
        """
        return await asyncio.wrap_future(self._submit(call, self._workers if only_if_idle else self._limit))

    def close(self) -> None:
        """Withdraw what waits; what runs ends in its own time. Blocks until then."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, call: Callable[[], T], limit: int) -> Future[T]:
        with self._lock:
            if self._closed:
                raise AsrFailed("the recogniser is closed")
            if self._pending >= limit:
                raise AsrOverloaded(f"{self._pending} utterances are being recognised or wait; the limit is {limit}")
            self._pending += 1
            future = self._pool.submit(call)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[T]) -> None:
        with self._lock:
            self._pending -= 1
