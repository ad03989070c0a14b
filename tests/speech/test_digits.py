from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.digits import SpokenDigits, digit_sounds, spoken_digits


@pytest.mark.parametrize(
    ("text", "count", "trailing"),
    [
        ("一三八零零", 5, 5),
        ("我的手机号是幺三八", 3, 3),
        ("订单号是 1390 2847", 8, 8),
        ("138-0013-8000。", 11, 11),
        ("SF1390284", 7, 7),
        ("５６７", 3, 3),
        ("一三八，嗯，零零", 5, 5),
        ("一三八那个零零", 5, 5),
        ("洞拐洞洞", 4, 4),
        ("尾号三", 1, 1),
        ("对，五", 1, 1),
        ("三个零", 3, 3),
        ("一三八十五", 4, 4),
        ("五十三", 2, 0),
        ("一千零五", 4, 0),
        ("两千五", 4, 0),
        ("我花了三百二十", 3, 0),
        ("我花了300", 3, 0),
        ("1380013是我的号码", 7, 0),
        ("One, three, eight.", 3, 3),
        ("my number is one three oh", 3, 3),
        ("double five seven", 3, 3),
        ("triple zero", 3, 3),
        ("twenty three", 2, 0),
        ("nineteen eighty four", 4, 0),
        ("five hundred", 3, 0),
        ("one two three four and five six", 6, 6),
        ("it's five", 1, 1),
        ("order number 4 5 6", 3, 3),
        ("I paid 300", 3, 0),
        ("it was 199.99", 5, 0),
        ("1,299", 4, 0),
        ("seven eight nine is my code", 3, 0),
    ],
)
def test_digits_that_are_read_out(text: str, count: int, trailing: int) -> None:
    assert spoken_digits(text) == SpokenDigits(count, trailing)


@pytest.mark.parametrize(
    "text",
    ["", "帮我看一下", "我要一个", "三天了还没到", "两个一样的", "第三", "十一月", "二零二五年", "我是3月5号买的",
     "5号", "三百块", "我不知道订单号", "统一发货", "星期一", "拐弯", "I want this one", "I don't have one", "oh",
     "2 items", "no one answered", "I need two of them", "ten days"],
)  # fmt: skip
def test_numerals_that_are_none(text: str) -> None:
    assert spoken_digits(text) == SpokenDigits(0, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一三八，不对，一三九", SpokenDigits(3, 3)),
        ("一三八不对", SpokenDigits(0, 0, corrected=True)),
        ("one two, no wait, one three five", SpokenDigits(3, 3)),
        ("one two sorry", SpokenDigits(0, 0, corrected=True)),
    ],
)
def test_digits_taken_back_do_not_count(text: str, expected: SpokenDigits) -> None:
    assert spoken_digits(text) == expected


@given(st.text(alphabet="零一幺两二三十百千个的，。 0123456789.-onetwdublfivhr ", max_size=60))
def test_any_text_has_a_count(text: str) -> None:
    digits = spoken_digits(text)
    assert 0 <= digits.trailing <= digits.count


@given(st.text(alphabet="0123456789", min_size=1, max_size=11), st.sampled_from(["zh", "en", "groups"]))
def test_every_digit_read_out_counts(number: str, how: str) -> None:
    english = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    said = {
        "zh": "".join("零一二三四五六七八九"[int(digit)] for digit in number),
        "en": " ".join(english[int(digit)] for digit in number),
        "groups": number,
    }[how]
    assert spoken_digits(said).count == len(number)


@pytest.mark.parametrize(
    ("text", "count"),
    [("移生吧", 3), ("一三八", 3), ("幺洞拐", 3), ("我要退货", 0), ("那个", 0), ("", 0), ("13吧", 3), ("ok", 0)],
)
def test_syllables_that_may_be_digits(text: str, count: int) -> None:
    assert digit_sounds(text) == count


@pytest.mark.parametrize(
    ("text", "before", "passes"),
    [
        ("一零零零二零九五", "", True),
        ("一零零零零二零九", "", False),
        ("二零九五", "1000", True),
        ("二零九六", "1000", False),
    ],
)
def test_the_check_digit(text: str, before: str, passes: bool) -> None:
    assert spoken_digits(text).passes_luhn(before) is passes
