"""What a customer's line makes of the gateway's messages."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from websockets.asyncio.client import ClientConnection

from tests.bench.line import KefuLine


class _NoSocket:
    async def send(self, data: bytes) -> None:
        """Nothing is sent here."""


def line() -> KefuLine:
    return KefuLine(cast("ClientConnection", _NoSocket()))


def take(line: KefuLine, *messages: dict[str, Any]) -> None:
    for at_ms, message in enumerate(messages):
        line.take(message, float(at_ms))


def test_an_answer_gathers_what_is_said_about_it() -> None:
    customer = line()
    take(
        customer,
        {"type": "transcript", "is_final": True, "text": "运费怎么算"},
        {"type": "understood", "turn_id": 3, "intent": "freight"},
        {"type": "reply", "turn_id": 3, "text": "满99元"},
        {"type": "reply", "turn_id": 3, "text": "包邮。"},
        {"type": "latency", "turn_id": 3, "hops": {"asr_ms": 1.0}, "spans": [["asr", -300.0, 1.0]]},
    )
    answer = customer.answer()
    assert answer is not None
    assert (answer.transcript, answer.intent, answer.reply) == ("运费怎么算", "freight", "满99元 包邮。")
    assert (answer.hops, answer.spans) == ({"asr_ms": 1.0}, [("asr", -300.0, 1.0)])


def test_an_answer_taken_back_does_not_count_until_it_goes_on() -> None:
    customer = line()
    take(customer, {"type": "audio_start", "turn_id": 1})
    first = customer.answer()
    assert first is not None
    first.playback.push(np.full(2400, 0.5, np.float32), 10.0)
    take(customer, {"type": "clear", "turn_id": 1})
    assert customer.answer() is None
    take(customer, {"type": "audio_start", "turn_id": 1})
    again = customer.answer()
    assert again is not None
    assert again.playback.audible_ms == 10.0, "it was first heard before the interruption"
    assert again.playback.received_ms == 0, "its clock starts again"


def test_the_newest_answer_counts() -> None:
    customer = line()
    take(customer, {"type": "audio_start", "turn_id": 1}, {"type": "audio_start", "turn_id": 2})
    answer = customer.answer()
    assert answer is not None
    assert answer.turn_id == 2


def test_errors_and_the_end_of_the_call_are_kept() -> None:
    customer = line()
    take(customer, {"type": "error", "code": "asr_failed"}, {"type": "bye", "reason": "goodbye"})
    assert customer.errors == ["asr_failed"]
    assert customer.hung_up
