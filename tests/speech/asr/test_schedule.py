from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from speech.asr.schedule import AGEING, Waiting, hold_ms, next_batch


def waiting(number: int, seconds: float, *, group: int | None = None, at_ms: float = 0) -> Waiting:
    return Waiting(number, at_ms, seconds * 1000, round(seconds) if group is None else group)


def numbers(batch: list[Waiting]) -> list[int]:
    return [item.number for item in batch]


def test_the_shortest_goes_first_with_others_of_its_length() -> None:
    items = [waiting(1, 9), waiting(2, 1), waiting(3, 1.4), waiting(4, 9), waiting(5, 1.2)]
    assert numbers(next_batch(items, 0, 2)) == [2, 5]
    assert numbers(next_batch(items, 0, 8)) == [2, 5, 3]
    assert numbers(next_batch(items, 0, 1)) == [2]
    assert next_batch([], 0, 4) == []


def test_of_equals_the_first_come_is_first_served() -> None:
    assert numbers(next_batch([waiting(n, 2) for n in (3, 1, 2)], 0, 2)) == [1, 2]


def test_a_long_utterance_is_not_starved_by_short_ones_that_keep_coming() -> None:
    long = waiting(0, 28, group=28)
    now_ms, served = 0.0, False
    for number in range(1, 100):
        now_ms += 100
        batch = next_batch([long, waiting(number, 1, at_ms=now_ms)], now_ms, 1)
        if batch == [long]:
            served = True
            break
    assert served
    assert now_ms <= 27_000 / AGEING + 100


@given(
    st.lists(st.tuples(st.floats(0.1, 28), st.floats(0, 5000), st.integers(0, 3)), max_size=12),
    st.integers(1, 5),
)
def test_a_batch_is_of_one_group_and_within_the_size(drawn: list[tuple[float, float, int]], size: int) -> None:
    items = [waiting(number, seconds, group=group, at_ms=at) for number, (seconds, at, group) in enumerate(drawn)]
    batch = next_batch(items, 5000, size)
    assert len(batch) <= size
    assert bool(batch) == bool(items)
    assert len({item.group for item in batch}) <= 1
    assert len(set(numbers(batch))) == len(batch)


def test_a_free_worker_waits_for_company_but_not_for_long() -> None:
    alone = [waiting(1, 2, at_ms=100)]
    assert hold_ms(alone, 101, 4, 5) == 4
    assert hold_ms(alone, 110, 4, 5) == 0
    assert hold_ms(alone, 101, 1, 5) == 0
    assert hold_ms([*alone, waiting(2, 2, at_ms=101)], 101, 2, 5) == 0
    assert hold_ms([], 101, 4, 5) == 0
