"""Clauses and script runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.tts.clauses import Run, clauses, runs
from speech.tts.fast import voice_runs


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("很抱歉给您带来不便，我马上为您处理退款。", ["很抱歉给您带来不便，", "我马上为您处理退款。"]),
        ("您好，请问有什么可以帮您？", ["您好，请问有什么可以帮您？"]),
        ("好的。", ["好的。"]),
        ("我马上为您处理，好的", ["我马上为您处理，好的"]),
        ("Sorry for that, I will refund it now.", ["Sorry for that,", " I will refund it now."]),
        ("二点五，", ["二点五，"]),
        ("！！", []),
        ("", []),
    ],
)
def test_clauses(text: str, pieces: list[str]) -> None:
    assert clauses(text) == pieces


@given(st.text(alphabet="您好ab ，。,.!3", max_size=80))
def test_clauses_lose_nothing_that_can_be_said(text: str) -> None:
    joined = "".join(clauses(text))
    assert [c for c in joined if c.isalnum()] == [c for c in text if c.isalnum()]


def test_an_endless_clause_is_cut() -> None:
    assert max(len(piece) for piece in clauses("好" * 300)) <= 40


def test_runs_of_one_script() -> None:
    assert runs("您的iPhone 十五 Pro Max已签收，OK！", "zh") == [
        Run("您的", "zh"),
        Run("iPhone", "en"),
        Run(" 十五 ", "zh"),
        Run("Pro Max", "en"),
        Run("已签收，", "zh"),
        Run("OK！", "en"),
    ]


def test_letters_stay_with_the_chinese_voice_and_words_go_to_the_english_one() -> None:
    languages = [run.language for run in voice_runs("订单 S F 一三九零 有XL码，USB-C、WiFi 都行", "zh")]
    assert languages == ["zh", "en", "zh"]
    assert [run.language for run in voice_runs("Your 华为 USB cable", "en")] == ["en", "zh", "en"]
