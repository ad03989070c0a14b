"""Packets by their numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telephony.in_order import InOrder


def given_on(*numbers: int) -> list[list[int]]:
    order: InOrder[int] = InOrder(3)
    return [order.put(number & 0xFFFF, number) for number in numbers]


@pytest.mark.parametrize(
    ("numbers", "given"),
    [
        ((5, 6, 7), [[5], [6], [7]]),
        ((1, 2, 4, 3, 5), [[1], [2], [], [3, 4], [5]]),
        ((1, 3, 4, 5, 6), [[1], [], [], [3, 4, 5], [6]]),
        ((1, 3, 4, 5, 2, 6), [[1], [], [], [3, 4, 5], [], [6]]),
        ((1, 1, 2, 2), [[1], [], [2], []]),
        ((65_535, 65_536, 65_538, 65_537), [[65_535], [65_536], [], [65_537, 65_538]]),
        ((1, 30_000, 30_001), [[1], [30_000], [30_001]]),
    ],
)
def test_order(numbers: tuple[int, ...], given: list[list[int]]) -> None:
    assert given_on(*numbers) == given


def test_what_waits_is_given_on_when_nothing_comes() -> None:
    order: InOrder[int] = InOrder(3)
    for number in (1, 3, 5):
        order.put(number, number)
    assert order.flush() == [3, 5]
    assert order.flush() == []
    assert order.put(6, 6) == [6]


@given(st.lists(st.integers(0, 0xFFFF), max_size=80))
def test_nothing_is_given_on_twice_in_a_row_and_little_waits(numbers: list[int]) -> None:
    order: InOrder[int] = InOrder(3)
    for number in numbers:
        order.put(number, number)
        assert len(order._waiting) < 3
    assert order.put(70_000 & 0xFFFF, 1) in ([1], [])


@given(st.permutations(range(3)), st.integers(0, 0xFFFF))
def test_any_shuffle_within_the_patience_is_put_right(shuffle: list[int], first: int) -> None:
    order: InOrder[int] = InOrder(3)
    heard = order.put(first, -1)
    for number in shuffle:
        heard += order.put(first + 1 + number & 0xFFFF, number)
    assert heard == [-1, 0, 1, 2]


def test_one_at_a_time_what_waited_stays_behind() -> None:
    order: InOrder[int] = InOrder(3)
    taken = []
    for number in (1, 3, 4, 5, 6):
        order.add(number, number)
        taken.append(order.take())
    assert taken == [1, None, None, 3, 4]
    assert order.flush() == [5, 6]


@given(st.permutations(range(12)))
def test_a_longer_patience_is_as_bounded(numbers: list[int]) -> None:
    order: InOrder[int] = InOrder(6, bits=32)
    given_out = [packet for number in numbers for packet in order.put(number, number)]
    assert given_out == sorted(set(given_out))
    assert len(order._waiting) <= 5


def test_numbers_of_32_bits_begin_again_too() -> None:
    order: InOrder[int] = InOrder(6, bits=32)
    assert [order.put(number % 2**32, number) for number in (65_535, 65_536)] == [[65_535], [65_536]]
    assert [order.put(number % 2**32, number) for number in (2**32 - 1, 2**32)] == [[2**32 - 1], [2**32]]
