"""How much the encoder hears: the speech and a stretch of silence after it, instead of Whisper's 30 s. Pure.

With too little silence the decoder says everything twice or misreads it, and short utterances need the most of it.
What ran away is decoded again with ``FULL_CONTEXT_S`` (measured: speech/README.md).
"""

from __future__ import annotations

import math

MAX_INPUT_S = 30.0
FULL_CONTEXT_S = 10.0
"""More silence than this changes nothing but the time it takes."""
_STEPS_S = (9.0, 10.0, 11.0, 12.0, 14.0, 17.0, 20.0, 25.0, MAX_INPUT_S)
"""Input lengths in use: utterances of one length can be decoded together. All up to 4 s have the first."""
_CONTEXT_S = 5.0
_MAX_TOKENS_PER_S = 16
"""Fast Chinese is about 7 characters a second, a rare character two tokens."""
_MAX_TOKENS = 224
_SHORTEST_PHRASE = 2
"""Letters; 谢谢 and 对对对 are no echo."""


def input_s(speech_s: float, context_s: float | None = None) -> float:
    """Length of the encoder's input for ``speech_s`` of speech; ``context_s`` sets the silence instead of the table."""
    if context_s is not None:
        return min(MAX_INPUT_S, speech_s + context_s)
    return next((step for step in _STEPS_S if step >= speech_s + _CONTEXT_S), MAX_INPUT_S)


def full_input_s(speech_s: float) -> float:
    """Length of the input when nothing is to be saved."""
    return min(MAX_INPUT_S, speech_s + FULL_CONTEXT_S)


def token_budget(speech_s: float) -> int:
    """Tokens that so much speech may become; a decoder that needs more is stuck."""
    return min(_MAX_TOKENS, 16 + math.ceil(speech_s * _MAX_TOKENS_PER_S))


def is_runaway(text: str, tokens: int, speech_s: float) -> bool:
    """Whether the decoder did not find the end of what was said."""
    return tokens >= token_budget(speech_s) or _is_echoed(text)


def _is_echoed(text: str) -> bool:
    """Whether the whole text is one phrase said twice or more."""
    letters = "".join(filter(str.isalnum, text)).lower()
    period = (letters + letters).find(letters, 1)
    return _SHORTEST_PHRASE <= period < len(letters)
