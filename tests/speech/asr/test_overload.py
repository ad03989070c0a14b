from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.asr.overload import AsrCounts, Level, OverloadPolicy

POLICY = OverloadPolicy(workers=2, queue=16, greedy_above=8)


@pytest.mark.parametrize(
    ("busy", "waiting", "level"),
    [
        (0, 0, Level.EASY),
        (1, 0, Level.NO_PARTIALS),  # one worker is kept for finals
        (2, 0, Level.NO_PARTIALS),
        (2, 8, Level.NO_PARTIALS),
        (2, 9, Level.GREEDY),
        (2, 15, Level.GREEDY),
        (2, 16, Level.FULL),
    ],
)
def test_what_is_given_up_at_which_load(busy: int, waiting: int, level: Level) -> None:
    assert POLICY.level(busy, waiting) is level


def test_a_single_worker_also_takes_partials_when_it_is_idle() -> None:
    policy = OverloadPolicy(workers=1, queue=4, greedy_above=2)
    assert policy.level(0, 0) is Level.EASY
    assert policy.level(1, 0) is Level.NO_PARTIALS


def test_without_a_queue_an_idle_worker_still_takes_finals() -> None:
    assert OverloadPolicy(1, 0, 0).level(0, 0) is Level.EASY
    assert OverloadPolicy(1, 0, 0).level(1, 0) is Level.FULL


def test_load() -> None:
    assert POLICY.load(0, 0) == 0
    assert POLICY.load(1, 8) == 0.5
    assert POLICY.load(2, 40) == 1


@given(st.integers(1, 8), st.integers(1, 40), st.data())
def test_the_order_is_fixed_partials_then_beam_then_admission(workers: int, queue: int, data: st.DataObject) -> None:
    policy = OverloadPolicy(workers, queue, data.draw(st.integers(0, queue - 1)))
    levels = [policy.level(min(n, workers), max(0, n - workers)) for n in range(workers + queue + 1)]
    assert levels == sorted(levels)
    assert levels[-1] is Level.FULL
    assert levels[-2] is not Level.FULL


def test_counts() -> None:
    counts = AsrCounts()
    counts.shed("partial")
    counts.shed("beam")
    counts.shed("beam")
    counts.shed("admission")
    counts.decoded(3, partial=False)
    counts.decoded(3, partial=True)
    counts.decoded_again()
    counts.load(4, 0.3)
    counts.load(1, 0.1)
    assert (counts.partials_shed, counts.beams_shed, counts.finals_shed, counts.again) == (1, 2, 1, 1)
    assert counts.batches == {3: 2}
    assert counts.most_waiting == 4
