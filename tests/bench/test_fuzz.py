"""The fuzzer itself: what it finds in codecs that are broken on purpose, and nothing in one that is not."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.bench.fuzz.cases import MAX_MESSAGES, Message, pack, unpack
from tests.bench.fuzz.judge import Subject, judge, size_of
from tests.bench.fuzz.mutate import Mutator
from tests.bench.fuzz.parent import fuzz_one
from tests.bench.fuzz.smaller import smaller

SEED = ('{"type": "start", "n": 1}', b"\0\1\2\3")


def codec(take: Any, **more: Any) -> Subject:
    return Subject("broken", lambda: [SEED], lambda: take, (ValueError,), **more)


def test_a_case_is_packed_and_unpacked() -> None:
    assert unpack(pack(SEED)) == SEED
    assert unpack(pack(("中文", b"", ""))) == ("中文", b"", "")
    assert unpack(b"\0\0") == ()
    assert unpack(b"\0\xff\xff\xffab\xff") == ("ab\ufffd",)
    assert len(unpack(pack((b"x",) * 50))) == MAX_MESSAGES


def test_its_own_error_is_no_finding_and_any_other_is() -> None:
    def own(message: Message) -> None:
        raise ValueError("mine")

    def other(message: Message) -> None:
        raise KeyError("not mine")

    assert judge(codec(own), SEED) is None
    found = judge(codec(other), SEED)
    assert found is not None
    assert (found.kind, found.where.split()[0]) == ("raised", "KeyError")


def test_what_is_no_text_too_large_or_slow_is_found() -> None:
    def kind(take: Any, **more: Any) -> str | None:
        found = judge(codec(take, **more), SEED)
        return found.kind if found else None

    assert kind(lambda _: {"a": ("\ud800",)}) == "not text"
    assert kind(lambda message: b"x" * 1_000_000) == "large"
    assert kind(lambda message: sum(range(2_000_000)), max_s=0.001) == "slow"
    assert kind(lambda message: message) is None


def test_the_size_of_a_value_is_that_of_all_it_holds() -> None:
    assert size_of(["ab", b"abc", {"é": 1}]) == 8 + 2 + 3 + (8 + 2 + 8)


def test_a_case_is_made_smaller() -> None:
    case = ("noise", "xxxxxxxxBADxxxx", b"\0" * 40)
    assert smaller(case, lambda one: any("BAD" in str(message) for message in one)) == ("BAD",)


def test_the_same_source_makes_the_same_cases_and_most_json_stays_json() -> None:
    def made(seed: int) -> list[Any]:
        mutator, rng = Mutator([SEED], ("start", "stop")), random.Random(seed)
        return [mutator.mutate(SEED, rng) for _ in range(300)]

    assert made(1) == made(1)
    assert made(1) != made(2)
    texts = [message for case in made(1) for message in case if isinstance(message, str)]
    assert sum(_is_json(text) for text in texts) > 0.8 * len(texts)
    assert len(set(texts)) > 100


def test_few_cases_are_larger_than_usual() -> None:
    large, rng = ("x" * 5_000,), random.Random(1)
    usual, any_size = Mutator([SEED], usual_bytes=1_000), Mutator([SEED])

    def larger(mutator: Mutator) -> int:
        return sum(sum(map(len, mutator.mutate(large, rng))) > 1_000 for _ in range(500))

    assert 20 < larger(usual) < 120
    assert larger(any_size) > 150


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


@pytest.mark.timeout(300)
def test_a_run_ends_with_what_was_done(tmp_path: Path) -> None:
    done = fuzz_one(tmp_path / "web", "web", 3_000, 1)
    assert done.inputs >= 3_000
    assert done.findings == 0
    assert done.branches >= done.branches_at_first > 0
