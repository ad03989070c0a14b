"""The pool of synthesis threads: what is due first goes first, nothing is lost."""

from __future__ import annotations

import threading

import pytest

from speech.tts.due import DuePool


def test_the_job_due_first_is_done_first_and_equals_keep_their_order() -> None:
    pool: DuePool[int] = DuePool("test", workers=1)
    gate = threading.Event()
    done: list[str] = []

    def job(name: str) -> int:
        done.append(name)
        return len(done)

    blocked = pool.submit(lambda: int(gate.wait(5)), 0)
    futures = [
        pool.submit(lambda n=name: job(n), due) for name, due in [("c", 3.0), ("a", 1.0), ("x", 2.0), ("b", 1.0)]
    ]
    assert futures[2].cancel()
    gate.set()
    assert blocked.result(5) == 1
    assert futures[0].result(5) == 3
    assert done == ["a", "b", "c"]
    pool.close()


def test_errors_reach_who_waits_and_the_thread_goes_on() -> None:
    pool: DuePool[int] = DuePool("test", workers=1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0, 0).result(5)
    assert pool.submit(lambda: 7, 0).result(5) == 7
    pool.close()


def test_closing_cancels_what_waits() -> None:
    pool: DuePool[int] = DuePool("test", workers=1)
    gate, running = threading.Event(), threading.Event()

    def busy() -> int:
        running.set()
        return int(gate.wait(5))

    working = pool.submit(busy, 0)
    running.wait(5)
    waiting = pool.submit(lambda: 1, 0)
    pool.close()
    assert waiting.cancelled()
    gate.set()
    assert working.result(5) == 1
    with pytest.raises(RuntimeError):
        pool.submit(lambda: 1, 0)
