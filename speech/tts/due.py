"""Threads that do the work first that is due first: blocking jobs in, futures out.

Every piece of audio has a time at which its listener runs dry. The first piece of a sentence is due at once, a later
one when the audio before it has been played, so a new sentence does not wait behind the far end of a long one. The
times are absolute: what waits comes nearer, nothing is passed over for ever.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class DuePool(Generic[_Result]):
    """A fixed number of threads. A job that has begun runs to its end; one that has not can be cancelled."""

    def __init__(self, name: str, *, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._jobs: list[tuple[float, int, Future[_Result], Callable[[], _Result]]] = []

    def submit(self, job: Callable[[], _Result], due_s: float) -> Future[_Result]:
        """Run ``job`` after those due earlier (seconds on any one clock). Raises ``RuntimeError`` once closed."""
        future: Future[_Result] = Future()
        with self._lock:
            self._threads.submit(self._do_next)  # one call a job: whichever thread is free takes the job due first
            heapq.heappush(self._jobs, (due_s, next(self._order), future, job))
        return future

    def close(self) -> None:
        """Cancel what waits and let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            waiting, self._jobs = self._jobs, []
        for _, _, future, _ in waiting:
            future.cancel()

    def _do_next(self) -> None:
        with self._lock:
            if not self._jobs:
                return
            _, _, future, job = heapq.heappop(self._jobs)
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = job()
        except BaseException as error:  # noqa: BLE001 it goes to whoever waits for the result
            future.set_exception(error)
        else:
            future.set_result(result)
