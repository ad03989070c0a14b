"""Where texts are cut for synthesis, and which written form goes with which spoken one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.spoken_text import SpokenSentence, sentences, spoken_sentences
from speech.types import Language


@pytest.mark.parametrize(
    ("language", "text", "pieces"),
    [
        ("zh", "您好！您的订单已发货。谢谢", ["您好！", "您的订单已发货。", "谢谢"]),
        ("zh", "真的吗？！好的……再见", ["真的吗？！", "好的……", "再见"]),
        ("zh", "运费 3.5 元。共 12.00 元。", ["运费 3.5 元。", "共 12.00 元。"]),
        ("zh", "他说：“好的。”然后走了。", ["他说：“好的。”", "然后走了。"]),
        ("zh", "第一行\n第二行", ["第一行", "第二行"]),
        ("zh", "1. 苹果\n2. 香蕉", ["1. 苹果", "2. 香蕉"]),
        ("zh", "好的.您稍等", ["好的.", "您稍等"]),
        ("zh", "版本v2.0.1可用", ["版本v2.0.1可用"]),
        ("zh", "请看 https://kefu.example/a?b=1.html 谢谢", ["请看 https://kefu.example/a?b=1.html 谢谢"]),
        ("en", "Hi Mr. Li. It costs $3.50, e.g. for you. Ok?", ["Hi Mr. Li.", "It costs $3.50, e.g. for you.", "Ok?"]),
        ("en", "Open at 9 a.m. Tomorrow too.", ["Open at 9 a.m.", "Tomorrow too."]),
        ("en", "We ship from 9 a.m. to noon.", ["We ship from 9 a.m. to noon."]),
        ("en", "J. Smith ordered. So did I. Good.", ["J. Smith ordered.", "So did I.", "Good."]),
        ("en", "Made in the U.S. today. Yes.", ["Made in the U.S. today.", "Yes."]),
        ("en", "Wait... what? No!", ["Wait...", "what?", "No!"]),
        ("en", "", []),
        ("zh", " \n ", []),
    ],
)
def test_cut_at_stops(language: Language, text: str, pieces: list[str]) -> None:
    assert sentences(text, language) == pieces


def test_the_first_piece_is_short_and_long_ones_are_cut_at_commas() -> None:
    text = "您好，" + "我们已经为您查询到这个订单的物流信息，" * 6 + "请您放心。"
    pieces = sentences(text, "zh")
    assert "".join(pieces) == text
    assert len(pieces[0]) <= 24
    assert all(len(piece) <= 60 for piece in pieces)
    assert all(piece[-1] in "，。" for piece in pieces)


def test_a_long_stretch_without_commas_stays_whole() -> None:
    assert sentences("好" * 100 + "。", "zh") == ["好" * 100 + "。"]


def test_what_cannot_be_said_is_shown_with_a_neighbour() -> None:
    assert spoken_sentences("🎉！您好。😊！再见。", "zh") == [
        SpokenSentence("🎉！您好。😊！", "您好。"),
        SpokenSentence("再见。", "再见。"),
    ]
    assert spoken_sentences("😊", "zh") == []


@given(st.text(alphabet="您好3.5,，。！？ab A\n…”*1", max_size=60), st.sampled_from(["zh", "en"]))
def test_no_character_is_lost(text: str, language: Language) -> None:
    assert "".join("".join(sentences(text, language)).split()) == "".join(text.split())


@given(st.text(max_size=80), st.sampled_from(["zh", "en"]))
def test_any_text_is_taken(text: str, language: Language) -> None:
    for sentence in spoken_sentences(text, language):
        assert any(character.isalnum() for character in sentence.spoken)
