"""Between ``transcribe`` and the model: bounded threads that decode the utterances of concurrent sessions together.

::

    run(A) --> worker 1 decodes A (idle: at once)
    run(B) --> worker 2 decodes B
    run(C), run(D), run(E) wait;  worker 1 is free --> C and E together (one group), then D

An idle worker starts at once; only a worker that has just become free holds back for ``batch_wait_ms`` to fill a batch.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from speech.asr.overload import AsrCounts, AsrObserver, Level, OverloadPolicy
from speech.asr.schedule import Waiting, hold_ms, next_batch
from speech.errors import AsrFailed, AsrOverloaded

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Job(Generic[Item, Result]):
    item: Item
    partial: bool
    waiting: Waiting
    future: Future[Result]


def _monotonic_ms() -> float:
    return time.monotonic() * 1000


class Batcher(Generic[Item, Result]):
    """At most ``policy.workers`` batches are decoded and ``policy.queue`` utterances wait. Any thread, any loop."""

    def __init__(
        self,
        decode: Callable[[Sequence[Item], bool], Sequence[Result]],
        policy: OverloadPolicy,
        *,
        batch_size: int = 1,
        batch_wait_ms: float = 0.0,
        observe: AsrObserver | None = None,
        clock_ms: Callable[[], float] = _monotonic_ms,
    ) -> None:
        """``decode(items, greedy)`` runs in a thread and answers every item of one group, in order."""
        self._decode_items = decode
        self._policy = policy
        self._batch_size = batch_size
        self._batch_wait_ms = batch_wait_ms
        self._observe = observe or AsrCounts()
        self._clock_ms = clock_ms
        self._pool = ThreadPoolExecutor(policy.workers, thread_name_prefix="asr")
        self._changed = threading.Condition()
        self._jobs: dict[int, _Job[Item, Result]] = {}
        """What waits, by number."""
        self._busy = 0
        self._starting = 0
        """Workers on their way to their first batch; each finds at least one utterance left for it."""
        self._arrivals = 0
        self._closed = False

    async def run(
        self, item: Item, *, speech_ms: float, group: Hashable, partial: bool = False, admitted: bool = False
    ) -> Result:
        """Decode ``item``, perhaps together with others of its ``group``. Raises what ``decode`` raises.

        ``AsrOverloaded`` is raised at once where the policy sheds this item: a ``partial`` only runs on a free worker,
        a final needs room in the queue unless it was ``admitted`` before (the rest of a long utterance). Raises
        ``AsrFailed`` when closed. Safe to cancel: what waits is withdrawn, the result of what runs is dropped.
        """
        future = self._submit(item, speech_ms, (partial, group), partial, admitted)
        return await asyncio.wrap_future(future)

    @property
    def load(self) -> float:
        """0 (idle) to 1 (the next final is refused)."""
        with self._changed:
            return self._policy.load(self._busy, self._waiting())

    def close(self) -> None:
        """Fail what waits with ``AsrFailed``; what runs ends in its own time. Blocks until then."""
        with self._changed:
            self._closed = True
            withdrawn = list(self._jobs.values())
            self._jobs.clear()
            self._changed.notify_all()
        for job in withdrawn:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(AsrFailed("the recogniser was closed before it came to this utterance"))
        self._pool.shutdown(wait=True)

    # --- callers' side ---

    def _submit(self, item: Item, speech_ms: float, group: Hashable, partial: bool, admitted: bool) -> Future[Result]:
        with self._changed:
            if self._closed:
                raise AsrFailed("the recogniser is closed")
            busy, waiting = self._busy, self._waiting()
            level = self._policy.level(busy, waiting)
            refused = level >= Level.NO_PARTIALS if partial else level is Level.FULL and not admitted
            if not refused:
                future = self._enqueue(item, speech_ms, group, partial)
        if refused:
            self._observe.shed("partial" if partial else "admission")
            raise AsrOverloaded(f"{busy} workers decode and {waiting} utterances wait (limit {self._policy.queue})")
        self._report()
        future.add_done_callback(self._withdraw_cancelled)
        return future

    def _enqueue(self, item: Item, speech_ms: float, group: Hashable, partial: bool) -> Future[Result]:
        future: Future[Result] = Future()
        self._arrivals += 1
        waiting = Waiting(self._arrivals, self._clock_ms(), speech_ms, group)
        self._jobs[waiting.number] = _Job(item, partial, waiting, future)
        if self._busy < self._policy.workers:
            self._busy += 1
            self._starting += 1
            self._pool.submit(self._work)
        else:
            self._changed.notify()
        return future

    def _withdraw_cancelled(self, future: Future[Result]) -> None:
        if not future.cancelled():
            return
        with self._changed:
            for number, job in list(self._jobs.items()):
                if job.future is future:
                    del self._jobs[number]
        self._report()

    def _waiting(self) -> int:
        """Utterances for which no worker is on its way. Under the lock."""
        return max(0, len(self._jobs) - self._starting)

    def _report(self) -> None:
        with self._changed:
            waiting = self._waiting()
            load = self._policy.load(self._busy, waiting)
        self._observe.load(waiting, load)

    # --- the worker's side ---

    def _work(self) -> None:
        """One worker, from idle until nothing waits."""
        with self._changed:
            self._starting -= 1
            batch, greedy = self._take()
        while batch:
            self._report()
            answer = self._decode(batch, greedy)
            # Free before the answers are out, or a caller that comes straight back would find this worker busy.
            with self._changed:
                self._busy -= 1
            answer()
            with self._changed:
                if self._busy >= self._policy.workers:
                    break
                self._busy += 1
                self._hold()
                batch, greedy = self._take()
        self._report()

    def _take(self) -> tuple[list[_Job[Item, Result]], bool]:
        """Under the lock: the next batch and whether it is greedy; an empty one when this worker is idle now."""
        while self._jobs:
            size = max(1, min(self._batch_size, len(self._jobs) - self._starting))
            greedy = self._policy.level(self._busy, self._waiting()) >= Level.GREEDY
            chosen = next_batch([job.waiting for job in self._jobs.values()], self._clock_ms(), size)
            taken = [self._jobs.pop(item.number) for item in chosen]
            if batch := [job for job in taken if job.future.set_running_or_notify_cancel()]:
                return batch, greedy
        self._busy -= 1
        return [], False

    def _hold(self) -> None:
        """Wait for company, shorter the longer the batch has waited already."""
        while not self._closed:
            waiting = [job.waiting for job in self._jobs.values()]
            left_ms = hold_ms(waiting, self._clock_ms(), self._batch_size, self._batch_wait_ms)
            if left_ms <= 0:
                return
            self._changed.wait(left_ms / 1000)

    def _decode(self, batch: Sequence[_Job[Item, Result]], greedy: bool) -> Callable[[], None]:
        """Decode and return what gives everybody the answer."""
        partial = batch[0].partial
        self._observe.decoded(len(batch), partial=partial)
        if greedy and not partial:
            for _ in batch:
                self._observe.shed("beam")
        outcomes = self._outcomes([job.item for job in batch], greedy)

        def answer() -> None:
            for job, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    job.future.set_exception(outcome)
                else:
                    job.future.set_result(outcome)

        return answer

    def _outcomes(self, items: Sequence[Item], greedy: bool) -> Sequence[Result | Exception]:
        try:
            return self._decode_items(items, greedy)
        except Exception as error:  # noqa: BLE001 - whatever the model raises belongs to whoever waits for it
            if len(items) == 1:
                return [error]
            # one bad utterance must not take the others down
            return [outcome for item in items for outcome in self._outcomes([item], greedy)]
