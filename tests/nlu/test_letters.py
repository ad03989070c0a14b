"""Letters read aloud."""

from __future__ import annotations

import pytest

from nlu.normalize import normalize


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("爱丝艾弗幺三九零幺二三四五六七八九", "SF1390123456789"),
        ("快递单号是歪踢一二三四五六七八九零一二三", "快递单号是YT1234567890123"),
        ("杰迪零幺二三四五六七八九零一二", "JD0123456789012"),
        ("s as in sugar, f as in fox, one three nine zero", "SF1390"),
        ("it is A as in apple, B as in boy, one two three", "it is AB123"),
        ("sierra foxtrot one three nine", "SF 139"),
        ("s for sierra f for foxtrot 139012", "SF139012"),
    ],
)
def test_spelt(said: str, written: str) -> None:
    assert normalize(said).text == written


@pytest.mark.parametrize(
    "text",
    ["爱丝袜", "外地能送吗", "皮开肉绽", "november 5", "i stay in a hotel 123", "mike is here", "a gift for papa",
     "something like a phone", "i for one think so", "踢足球的鞋"],
)  # fmt: skip
def test_words_stay_words(text: str) -> None:
    assert normalize(text).text == text
