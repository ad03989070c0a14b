"""What makes a conversation tense, over labelled lines, many of which only look as if they did."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from nlu.escalation import load, read_signals
from nlu.normalize import normalize
from nlu.types import Signal, SignalKind

_LINES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("escalation.yaml").read_text("utf-8"))
_TENSE = [(text, kinds.split()) for line in _LINES["calls_for"] for kinds, text in line.items()]


def _kinds(text: str) -> list[str]:
    return [signal.kind for signal in read_signals(normalize(text).text, text)]


@pytest.mark.parametrize(("text", "kinds"), _TENSE)
def test_signals_are_read(text: str, kinds: list[str]) -> None:
    assert _kinds(text) == kinds


@pytest.mark.parametrize("text", _LINES["nothing"])
def test_what_only_looks_tense_gives_none(text: str) -> None:
    assert _kinds(text) == []


def test_there_are_lines_of_every_kind() -> None:
    seen = {kind for _, kinds in _TENSE for kind in kinds}
    assert seen == set(get_args(SignalKind))


def test_the_words_are_the_evidence() -> None:
    load()
    assert read_signals("再不退款我就打12315") == (Signal("legal", "12315"),)


def test_a_negation_reaches_only_to_the_end_of_its_clause() -> None:
    assert _kinds("我不要这个了，我要投诉") == ["complaint"]
    assert _kinds("I don't want it. I will sue you") == ["legal"]


def test_one_signal_of_a_kind_however_often_it_is_said() -> None:
    assert _kinds("骗子骗子骗子，黑店") == ["anger"]


def test_any_text_is_read() -> None:
    for text in ("", "\0", "「", "』『", "!" * 4000, "不" * 4000, "\U0001f621"):
        read_signals(text)
