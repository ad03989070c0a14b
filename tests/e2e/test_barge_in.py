"""A caller who speaks over the answer: it stops, the new question is answered, the history keeps what was heard."""

from __future__ import annotations

import numpy as np
import pytest

from dialogue.database import open_database
from dialogue.store import ConversationStore, TurnRecord
from gateway.cli.call_client import Caller
from gateway.cli.client import Gateway
from speech.audio import speech_bounds_ms
from speech.types import LISTEN_RATE_HZ
from tests.bench.gateway_process import GatewayProcess
from tests.e2e.recordings import Recordings, silence
from tests.e2e.shop_database import ShopDatabase

WAIT_S = 4.5
"""From the end of the question; the answer begins after about one second and lasts about six."""
STOPPED_MS = 400.0
BUSY_MACHINE_MS = 600.0
NEWEST = "SELECT conversation_id FROM conversations WHERE channel = 'web' ORDER BY opened_at DESC LIMIT 1"


async def kept_turns(shop: ShopDatabase) -> tuple[TurnRecord, ...]:
    """The turns of the newest call, as the store gives them to those who read it."""
    engine = open_database(f"sqlite+aiosqlite:///{shop.path}")
    try:
        return await ConversationStore(engine).turns(shop.one(NEWEST))
    finally:
        await engine.dispose()


def plain(text: str) -> str:
    return "".join(text.split())


@pytest.mark.timeout(180)
async def test_speaking_over_the_answer_stops_it_and_is_answered(
    gateway: GatewayProcess, recordings: Recordings, shop: ShopDatabase
) -> None:
    question, interruption = recordings.samples["order"], recordings.samples["return"]
    over_it = np.concatenate([question, silence(WAIT_S), interruption])
    caller = Caller(Gateway(gateway.url), over_it)
    await caller.run()
    first, second = caller.turns

    bounds = speech_bounds_ms(interruption, LISTEN_RATE_HZ)
    assert bounds is not None
    spoken_over_ms = (over_it.size - interruption.size) * 1000 / LISTEN_RATE_HZ + bounds[0]
    assert first["first_audio_ms"] < spoken_over_ms, "the answer was not being said yet"
    assert first["interrupted"]
    stopped_after_ms = first["audio_end_ms"] - spoken_over_ms
    print(f"\nthe answer stopped {stopped_after_ms:.0f} ms after the customer began to speak")
    assert 0 < stopped_after_ms < STOPPED_MS + BUSY_MACHINE_MS

    assert second["intent"] == "return_request"
    assert not second["interrupted"]
    assert first["audio_end_ms"] < second["final_ms"] < second["first_audio_ms"]

    cut, whole = await kept_turns(shop)
    assert cut.reply_complete is False
    assert cut.reply
    assert plain(first["reply_text"]).startswith(plain(cut.reply))
    assert len(plain(cut.reply)) < len(plain(first["reply_text"]))
    assert len(plain(cut.reply)) >= 5, "a second of it was heard"
    assert whole.reply_complete is True
    assert plain(whole.reply or "") == plain(second["reply_text"])
