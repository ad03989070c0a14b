from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.asr.crop import FULL_CONTEXT_S, MAX_INPUT_S, full_input_s, input_s, is_runaway, token_budget


@given(st.floats(0.05, 28))
def test_every_utterance_has_some_silence_after_it_and_never_more_than_does_any_good(seconds: float) -> None:
    length = input_s(seconds)
    assert seconds < length <= MAX_INPUT_S
    assert length >= min(MAX_INPUT_S, seconds + 2)
    assert input_s(min(28, seconds + 1)) >= length


def test_lengths_come_in_steps_so_that_utterances_can_be_decoded_together() -> None:
    assert len({input_s(tenth / 10) for tenth in range(1, 280)}) <= 12


def test_a_configured_silence_is_kept_to_the_letter() -> None:
    assert input_s(3, 7) == 10
    assert input_s(28, 7) == MAX_INPUT_S
    assert full_input_s(3) == 3 + FULL_CONTEXT_S
    assert full_input_s(25) == MAX_INPUT_S


def test_the_budget_of_tokens_grows_with_the_speech() -> None:
    assert token_budget(0.1) < token_budget(2) < token_budget(28)
    assert token_budget(28) == 224


@pytest.mark.parametrize(
    ("text", "tokens", "runaway"),
    [
        ("好的", 2, False),
        ("好的", 48, True),
        ("是的是的是的", 6, True),
        ("不对，不对", 5, True),
        ("Refund, refund.", 4, True),
        ("Turn on the lamp turn on the lamp.", 9, True),
        ("谢谢", 2, False),
        ("对对对", 3, False),
        ("8 8 8 8", 4, False),
        ("我要退款退款", 6, False),
        ("", 0, False),
    ],
)
def test_a_decoder_that_does_not_find_the_end(text: str, tokens: int, runaway: bool) -> None:
    assert is_runaway(text, tokens, 1.0) is runaway
