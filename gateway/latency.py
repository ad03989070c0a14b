"""Where the time of a turn went: hops that add up, and spans of work that overlap. Pure; seconds in, milliseconds out.

speech ===|                          0 = end of speech
endpoint  |--------------------|
asr          |-------|                          (decoded at the pause)
nlu                  |-|
dialogue               |-|
tts                      |---|
first audio                    ^
"""

from __future__ import annotations

from gateway.ahead import Ahead
from gateway.core import Hops
from gateway.events import Span
from gateway.message import Message


def hops_of(message: Message, hops: Hops, now_s: float) -> dict[str, float]:
    """What the customer waited for after the endpoint, hop by hop; with the endpoint they add up to ``total_ms``."""
    since_known_ms = (now_s - message.received_s) * 1000
    known_ms = message.asr_ms + hops.nlu_ms + hops.dialogue_ms
    return {
        "endpoint_ms": message.endpoint_ms,
        "asr_ms": message.asr_ms,
        "nlu_ms": hops.nlu_ms,
        "dialogue_ms": hops.dialogue_ms,
        "tts_ms": max(0.0, since_known_ms - known_ms),
        "total_ms": message.endpoint_ms + since_known_ms,
    }


def spans_of(message: Message, hops: Hops, ahead: Ahead | None, now_s: float) -> tuple[Span, ...]:
    """The work, on the clock that begins at the end of speech; what was done ahead lies before the endpoint's end."""
    zero_s = message.received_s - message.endpoint_ms / 1000

    def at(seconds: float) -> float:
        return (seconds - zero_s) * 1000

    if ahead is None or ahead.understood_s is None or ahead.replied_s is None:
        heard_ms = message.endpoint_ms + message.asr_ms
        understood_ms = heard_ms + hops.nlu_ms
        replied_ms = understood_ms + hops.dialogue_ms
        begun_ms, spoken_ms = heard_ms, at(now_s)
    else:
        begun_ms, understood_ms, replied_ms = at(ahead.began_s), at(ahead.understood_s), at(ahead.replied_s)
        audio_s = ahead.audio.first_frame_s if ahead.audio is not None else None
        spoken_ms = at(audio_s or now_s)
    spans = [Span("endpoint", 0.0, message.endpoint_ms)] if message.spoken else []
    if message.decode_ms:
        spans.append(Span("asr", begun_ms - message.decode_ms, begun_ms))
    return (
        *spans,
        Span("nlu", begun_ms, understood_ms),
        Span("dialogue", understood_ms, replied_ms),
        Span("tts", replied_ms, spoken_ms),
        Span("send", max(spoken_ms, message.endpoint_ms), at(now_s)),
    )
