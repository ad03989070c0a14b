"""The door: sessions are capped, addresses are slowed down."""

from __future__ import annotations

import pytest

from gateway.admission import Admission, LocalBuckets, RateLimit
from gateway.errors import Busy, TooManyRequests


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_full_house_refuses_and_says_when_to_come_back() -> None:
    seen: list[int] = []
    admission = Admission(1, seen.append)
    with admission.enter():
        assert admission.full
        with pytest.raises(Busy) as caught, admission.enter():
            pass
        assert caught.value.retry_after_s
    with admission.enter():
        pass
    assert seen == [1, 0, 1, 0]


def test_a_thousand_connects_in_a_second_let_few_through() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    refused: list[int | None] = []
    for _ in range(1000):
        clock.now += 0.001
        try:
            limit.take("192.0.2.1")
        except TooManyRequests as error:
            refused.append(error.retry_after_s)
    assert 984 <= len(refused) <= 985, "a burst of 15 passes, and the one a second that 60 a minute allow"
    assert set(refused) == {1}


def test_addresses_do_not_share_a_bucket() -> None:
    limit = RateLimit(10, Clock())
    for _ in range(10):
        limit.take("192.0.2.1")
    limit.take("192.0.2.2")
    with pytest.raises(TooManyRequests):
        limit.take("192.0.2.1")


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    for _ in range(15):
        limit.take("a")
    clock.now += 1
    limit.take("a")
    with pytest.raises(TooManyRequests):
        limit.take("a")


def test_memory_is_bounded() -> None:
    buckets = LocalBuckets()
    limit = RateLimit(60, Clock(), buckets)
    for number in range(20_000):
        limit.take(str(number))
    assert len(buckets) <= 10_000


def test_under_overload_nobody_new_is_let_in_and_who_is_in_stays() -> None:
    load = 0.9
    admission = Admission(5, load=lambda: load)
    with admission.enter():
        load = 1.0
        assert admission.full
        with pytest.raises(Busy) as caught, admission.enter():
            pass
        assert caught.value.code == "overloaded"
        assert caught.value.retry_after_s
        load = 0.5
        with admission.enter():
            pass


def test_a_full_house_says_so_under_overload_too() -> None:
    admission = Admission(1, load=lambda: 2.0)
    assert admission.busy().code == "overloaded"
    full = Admission(0, load=lambda: 2.0)
    assert full.busy().code == "busy"
