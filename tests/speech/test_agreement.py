from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.agreement import agreed_beginning


@pytest.mark.parametrize(
    ("before", "now", "stable"),
    [
        ("", "我想", ""),
        ("我想退。", "我想退货。", "我想退"),
        ("我想退货", "我想退货，因为", "我想退货"),
        ("我想推货", "我想退货", "我想"),
        ("我 想退", "我想退货", "我想退"),
        ("Where is", "where is my order", "where is"),
        ("where is my or", "Where is my order?", "Where is my"),
        ("I don't", "I don't know", "I don't"),
        ("我要iPhone", "我要iPhone手机", "我要iPhone"),
        ("我要iPho", "我要iPhone手机", "我要"),
        ("138 00", "138 0013", "138"),
        ("a", "b", ""),
    ],
)
def test_what_two_readings_agree_on(before: str, now: str, stable: str) -> None:
    assert agreed_beginning(before, now) == stable


@given(st.text(), st.text())
def test_stable_words_begin_the_text(before: str, now: str) -> None:
    assert now.startswith(agreed_beginning(before, now))
