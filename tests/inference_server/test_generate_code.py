"""generate/text_stream and generate/prompt: whole characters, stop texts, and checked requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inference_server.model_code import model_module

text_stream = model_module("generate", "text_stream")
prompt = model_module("generate", "prompt")


def _decode(tokens: Sequence[int]) -> str:
    """One token is one byte: the hardest tokenizer for UTF-8."""
    return bytes(tokens).decode("utf-8", errors="replace")


def _pieces(data: bytes, stop: Sequence[str] = ()) -> tuple[list[str], Any]:
    stream = text_stream.TextStream(_decode, stop)
    pieces = []
    for byte in data:
        pieces.append(stream.push(byte))
        if stream.stopped:
            break
    return [*pieces, stream.flush()], stream


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_all_text_comes_through_in_whole_characters(text: str) -> None:
    pieces, _ = _pieces(text.encode())
    assert "".join(pieces) == text


def test_a_character_appears_with_its_last_byte() -> None:
    pieces, _ = _pieces("好😀".encode())
    assert pieces == ["", "", "好", "", "", "", "😀", ""]


def test_an_unfinished_character_is_never_shown() -> None:
    pieces, _ = _pieces("好".encode() + b"\xf0\x9f")
    assert "".join(pieces) == "好"


def test_bytes_that_are_no_text_do_not_hold_the_stream_up() -> None:
    pieces, _ = _pieces(b"\xff" * 8 + b"ok")
    assert "".join(pieces).endswith("ok")


@given(st.text("ab好", max_size=30), st.lists(st.text("ab好", min_size=1, max_size=4), min_size=1, max_size=3))
def test_text_ends_before_the_first_stop(text: str, stop: list[str]) -> None:
    pieces, stream = _pieces(text.encode(), stop)
    given_out = "".join(pieces)
    # The stream stops as soon as any stop text is complete.
    ends = [text.find(s) + len(s) for s in stop if s in text]
    assert stream.stopped == bool(ends)
    if ends:
        seen = text[: min(ends)]
        assert given_out == seen[: min(at for s in stop if (at := seen.find(s)) >= 0)]
    else:
        assert given_out == text


def test_what_may_become_a_stop_text_is_held_back_and_then_released() -> None:
    pieces, _ = _pieces(b"a<en.", ["<end>"])
    assert pieces == ["a", "", "", "", "<en.", ""]


def test_messages_are_read() -> None:
    assert prompt.parse_messages('[{"role": "user", "content": "你好", "name": "x"}]') == [
        {"role": "user", "content": "你好"}
    ]
    assert prompt.parse_messages("[]") == []


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"role": "user"}', '["hi"]', '[{"role": "tool", "content": "x"}]', '[{"role": "user", "content": 1}]'],
)
def test_other_messages_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="MESSAGES"):
        prompt.parse_messages(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": 0},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"stop": ("",)},
    ],
    ids=str,
)
def test_sampling_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).upper()):
        prompt.Sampling(**wrong)
