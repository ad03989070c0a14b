"""Normalisation by table, and its promises on any text: never raises, idempotent, aligned."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.normalize import detect_language, normalize

ZH = [
    ("一二三四五六七八", "12345678"), ("一二三 四五六", "123456"), ("订单号是一二三四 五六七八", "订单号是12345678"),
    ("幺三八零零零零零零零零", "13800000000"), ("三五零零", "3500"), ("两五零幺", "2501"), ("尾号五六七八", "尾号5678"),
    ("二零二六年", "2026年"), ("二六年", "26年"), ("两千三", "2300"), ("三百五", "350"), ("一万二", "12000"),
    ("一百零五", "105"), ("三千零五十", "3050"), ("一百一", "110"), ("一万两千三", "12300"), ("两百五十块", "250块"),
    ("十五块五", "15.5块"), ("十五块五毛", "15.5块"), ("三块二毛五", "3.25块"), ("一百二十三块四毛五", "123.45块"),
    ("一块五", "1.5块"), ("三块半", "3.5块"), ("五块钱", "5块钱"), ("十块钱", "10块钱"), ("一百五十块一个",
    "150块一个"),
    ("百分之二十", "20%"), ("百分之三点五", "3.5%"), ("三点五", "3.5"), ("十一月五号", "11月5号"), ("五月三号",
    "5月3号"),
    ("下午三点五十", "下午3点50"), ("两点半", "2点半"), ("十分钟", "10分钟"), ("二十四小时", "24小时"), ("十五天",
    "15天"),
    ("九九六", "996"), ("一米七五", "1米75"), ("我一米八", "我1米8"), ("十万", "100000"), ("伍佰元", "500元"),
    ("一亿二", "120000000"), ("周二十点", "周二10点"),
    ("12三45", "12345"), ("ＡＢＣ１２３", "ABC123"), ("訂單號是１２３", "订单号是123"), ("  我要\t退货\n ",
    "我要 退货"),
    ("你好，在吗？", "你好,在吗?"), ("￥２９９", "¥299"), ("退\u200b货", "退货"), ("iPhone有货吗", "iPhone有货吗"),
    # Words, estimates and names that only look like numbers.
    *[(word, word) for word in (
        "一下", "一起", "万一", "十分满意", "一点也不好", "便宜一点", "看一看", "千万别忘", "一块去", "一定", "一共",
        "唯一",
        "两三天", "三五天", "七八个", "十几块", "二十几号", "十来天", "几百块", "两三百块", "一两个", "双十一",
        "三三两两",
        "周三", "星期一", "第一次", "一个", "三天了", "百货", "一会儿", "有一点二手的感觉", "三号楼", "五一假期",
        "十全十美",
    )],
]  # fmt: skip

EN = [
    ("one zero double five", "1055"), ("one oh five triple seven", "105777"), ("double five", "55"),
    ("my order number is one two three four five six seven eight", "my order number is 12345678"),
    ("twenty five dollars", "25 dollars"), ("a hundred bucks", "100 bucks"), ("five dollars", "5 dollars"),
    ("one hundred and twenty three dollars and fifty cents", "123 dollars and 50 cents"),
    ("three thousand four hundred", "3400"), ("twelve thirty four fifty six seventy eight", "12345678"),
    ("twenty twenty six", "2026"), ("twelve point five", "12.5"), ("november fifth", "november 5th"),
    ("november twenty first", "november 21st"), ("the twenty first of november", "the 21st of november"),
    ("two days ago", "2 days ago"), ("one two three four, five six seven eight", "1234, 5678"),
    ("oh one two three", "0123"), ("ORDER One Two Three", "ORDER 123"), ("twenty-five", "25"),
    ("one million", "1000000"), ("ten percent", "10 percent"), ("three o'clock", "3 o'clock"),
    *[(words, words) for words in (
        "I have two questions", "oh one moment", "no one", "I want one", "iPhone 15 and two cases", "someone",
        "second hand",
    )],
]  # fmt: skip

SPOKEN = [
    "one", "two", "oh", "o", "double", "triple", "twenty", "eleven", "hundred", "thousand", "point", "and", "a", ",",
    "3", "12", "五",
]  # fmt: skip
ANY_TEXT = st.one_of(
    st.text(max_size=60),
    st.text("零一二三四五六七八九十百千万亿两幺点块元毛分半号月年日周几来 ,，0123456789年abo", max_size=24),
    st.lists(st.sampled_from(SPOKEN))
    .map(" ".join),
)  # fmt: skip


@pytest.mark.parametrize(("said", "written"), ZH)
def test_chinese(said: str, written: str) -> None:
    assert normalize(said, "zh").text == written


@pytest.mark.parametrize(("said", "written"), EN)
def test_english(said: str, written: str) -> None:
    assert normalize(said, "en").text == written


def test_english_names_stay_words_in_a_chinese_sentence_but_digit_strings_do_not() -> None:
    assert normalize("我要买Forty Winks", "zh").text == "我要买Forty Winks"
    assert normalize("订单是 one two three four", "zh").text == "订单是 1234"


def test_a_digit_string_is_traced_digit_by_digit() -> None:
    normalized = normalize("单号：一二三 四五六", "zh")
    start = normalized.text.index("456")
    assert normalized.original[slice(*normalized.span(start, start + 3))] == "四五六"


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_any_text_is_normalised_once_and_aligned(text: str) -> None:
    normalized = normalize(text)
    assert normalized.original == text
    assert len(normalized.text) == len(normalized.starts) == len(normalized.ends) == len(normalized.folded)
    assert all(0 <= start < end <= len(text) for start, end in zip(normalized.starts, normalized.ends, strict=True))
    assert list(normalized.starts) == sorted(normalized.starts)
    for language in ("zh", "en"):
        once = normalize(text, language).text
        assert normalize(once, language).text == once


@pytest.mark.parametrize(
    ("text", "language"),
    [("我要退货", "zh"), ("iPhone 15 Pro Max 有货吗", "zh"), ("OK好的", "zh"), ("SF1390123456789", "zh"), ("12345678",
    "zh"),
     ("", "zh"), ("😀", "zh"), ("where is my order", "en"), ("I want to buy one more 茶 please thank you", "en"),
     ("查一下 SF1390123456789", "zh"), ("ok", "en")],
)  # fmt: skip
def test_detect_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_text_without_words_takes_the_language_of_the_conversation() -> None:
    assert detect_language("12345678", default="en") == "en"
