"""Spoken questions, and what is no question, played into the gateway as recordings by ``kefu call``.

Calls are made four at a time, three beside the one of a minute, so that the module takes little longer than that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypinyin import lazy_pinyin

from dialogue.shop.demo import sample_order_number
from nlu.normalize import normalize
from speech.audio import read_wav, speech_bounds_ms
from tests.bench.gateway_process import GatewayProcess
from tests.bench.voice import distance
from tests.e2e import recordings as sound
from tests.e2e.customer import Line, Message, call, digits, is_ready, say
from tests.e2e.recordings import Recordings
from tests.e2e.shop_database import ShopDatabase

pytestmark = pytest.mark.timeout(300)
CALLS_AT_ONCE = 4
ORDER = sample_order_number()
CLIPS = Path(__file__).parents[1] / "data" / "audio"
LONG_S = 60.0
LIMIT_MS = 30_000.0
"""``listen.max_utterance_s`` of the configuration."""

Calls = dict[str, "Future[Any]"]


@pytest.fixture(scope="module")
def calls(
    gateway: GatewayProcess, recordings: Recordings, shop: ShopDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Calls]:
    """The turns of every call, as it ends; the order in which they are made."""
    files = recordings.file
    spoken = sound.make(
        tmp_path_factory.mktemp("numbers"),
        {
            # As people read a number out: digit by digit, 幺 for one.
            "own": ("zh", f"查一下订单{digit_words(ORDER)}到哪里了"),
            "foreign": ("zh", f"查一下订单{digit_words(shop.foreign_order())}到哪里了"),
        },
    )
    minute = sound.without_pauses(recordings.samples["complaint"], LONG_S)
    recorded: dict[str, tuple[Path, ...]] = {
        "minute": (files("minute", minute),),
        "order": (files("order"), recordings.folder / "heard.wav"),
        "own": (spoken.file("own"),),
        "foreign": (spoken.file("foreign"),),
        "english": (files("english"),),
        "silence": (files("silence", sound.silence(3)),),
        "noise": (files("noise", sound.noise(4)),),
        "tones": (files("tones", sound.tones(4)),),
        "telephone": (files("return", rate_hz=8_000),),
        "studio": (files("return", rate_hz=48_000),),
        "weather": (CLIPS / "en_azure_weather_8k.wav",),
    }
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        started: Calls = {name: pool.submit(call, gateway.url, *paths) for name, paths in recorded.items()}
        for rate_hz in (8_000, 48_000):
            at_rate: Callable[..., Any] = lambda hz: asyncio.run(asked_at(gateway, recordings, hz))  # noqa: E731
            started[f"line at {rate_hz}"] = pool.submit(at_rate, rate_hz)
        yield started


def digit_words(number: str) -> str:
    return "".join("零幺二三四五六七八九"[int(digit)] for digit in number)


async def asked_at(gateway: GatewayProcess, recordings: Recordings, rate_hz: int) -> tuple[Message, Message, Message]:
    """Transcript, parse and first reply of the order question on a line with this sample rate."""
    async with Line.open(gateway.url, rate_hz) as line:
        line.speak(recordings.samples["order"])
        reply = await line.until("reply")
        return await line.until("transcript", lambda m: bool(m["is_final"])), await line.until("understood"), reply


def syllables_off(wanted: str, got: str) -> int:
    """Toneless pinyin syllables by which a transcript misses; whisper writes homophones, and arabic numbers."""

    def syllables(text: str) -> list[str]:
        return lazy_pinyin("".join(character for character in text if character.isalnum()))

    names = {name: chr(number) for number, name in enumerate(sorted({*syllables(wanted), *syllables(got)}))}
    first, second = ("".join(names[syllable] for syllable in syllables(text)) for text in (wanted, got))
    return distance(first, second)


def the_turn(turns: list[Message]) -> Message:
    (turn,) = turns
    return turn


def test_a_spoken_order_question_is_answered_aloud_with_the_shipment(
    calls: Calls, recordings: Recordings, shop: ShopDatabase
) -> None:
    turn = the_turn(calls["order"].result())
    assert syllables_off(sound.ORDER_QUESTION, turn["transcript"]) <= 2
    assert turn["intent"] in sound.ORDER_INTENTS
    assert ORDER in digits(turn["reply_text"])
    assert "预计" in turn["reply_text"]
    assert shop.carrier(ORDER) not in turn["reply_text"], "aloud the short answer comes first"
    assert not turn["interrupted"]

    times = [turn[f"{name}_ms"] for name in ("speech_end", "final", "first_text", "first_audio", "audio_end")]
    assert times == sorted(times)
    assert times[0] < times[1] <= times[2] <= times[3] < times[4]
    bounds = speech_bounds_ms(recordings.samples["order"], 16_000)
    assert bounds is not None
    assert turn["speech_end_ms"] == pytest.approx(bounds[1], abs=50)
    assert {"endpoint_ms", "asr_ms", "nlu_ms", "dialogue_ms", "tts_ms", "total_ms"} == set(turn["hops"])
    assert all(value >= 0 for value in turn["hops"].values())

    # What the caller hears: quiet until the answer, then speech of a length that the words need.
    heard, rate_hz = read_wav(recordings.folder / "heard.wav")
    spoken = speech_bounds_ms(heard, rate_hz)
    assert spoken is not None
    assert spoken[0] == pytest.approx(turn["first_audio_ms"], abs=300)
    assert spoken[1] - spoken[0] > 100 * len(turn["reply_text"])
    assert np.sqrt(np.mean(heard[int(spoken[0] * rate_hz / 1000) :] ** 2)) > 0.01


def test_an_order_number_read_out_digit_by_digit_is_found(calls: Calls) -> None:
    turn = the_turn(calls["own"].result())
    assert turn["slots"]["order_number"] == ORDER
    assert ORDER in digits(turn["reply_text"])
    assert "预计" in turn["reply_text"]


def test_an_english_question_is_answered_in_english(calls: Calls) -> None:
    turn = the_turn(calls["english"].result())
    assert "order" in turn["transcript"].lower()
    assert turn["intent"] in sound.ORDER_INTENTS
    assert ORDER in digits(turn["reply_text"])
    assert "should arrive" in turn["reply_text"]
    assert turn["first_audio_ms"] > turn["speech_end_ms"]


def test_a_question_that_is_no_business_of_a_shop_is_declined(calls: Calls) -> None:
    turn = the_turn(calls["weather"].result())
    assert "weather" in turn["transcript"].lower()
    assert turn["intent"] == "out_of_scope"
    assert "orders" in turn["reply_text"]
    assert turn["first_audio_ms"] > turn["speech_end_ms"]


@pytest.mark.parametrize("what", ["silence", "noise", "tones"])
def test_what_is_no_speech_is_no_turn(calls: Calls, what: str) -> None:
    assert calls[what].result() == []


@pytest.mark.parametrize("what", ["telephone", "studio"])
def test_a_recording_at_another_rate_is_understood(calls: Calls, what: str) -> None:
    turn = the_turn(calls[what].result())
    assert syllables_off(sound.RETURN_WISH, turn["transcript"]) <= 1
    assert turn["intent"] == "return_request"
    assert turn["first_audio_ms"] is not None


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_a_line_at_another_rate_is_understood(calls: Calls, rate_hz: int) -> None:
    transcript, understood, reply = calls[f"line at {rate_hz}"].result()
    assert syllables_off(sound.ORDER_QUESTION, transcript["text"]) <= 2
    assert understood["intent"] in sound.ORDER_INTENTS
    assert ORDER in digits(reply["text"])


def test_the_order_of_somebody_else_is_not_told(calls: Calls, gateway: GatewayProcess, shop: ShopDatabase) -> None:
    foreign = shop.foreign_order()
    secrets = shop.secrets_of(foreign)
    assert len(secrets) >= 8
    turn = the_turn(calls["foreign"].result())
    assert digits(normalize(turn["transcript"]).text) == foreign, "heard right, or this proves nothing"
    written = say(gateway.url, f"订单{foreign}到哪里了")
    assert written["slots"]["order_number"] == foreign
    for reply in (turn["reply_text"], written["text"]):
        assert reply
        assert [secret for secret in secrets if secret in reply] == []
    assert written["cards"] == []


def test_a_minute_without_a_pause_is_cut_and_answered(calls: Calls, gateway: GatewayProcess) -> None:
    turns = calls["minute"].result()
    assert len(turns) >= 2
    # The first ends where the limit is, not where the customer rests: there is no such place.
    assert LIMIT_MS <= turns[0]["final_ms"] < LONG_S * 1000
    assert "快递" in turns[0]["transcript"]
    assert all(turn["reply_text"] for turn in turns)
    assert turns[-1]["first_audio_ms"] is not None
    assert not turns[-1]["interrupted"]
    assert is_ready(gateway.url)
    assert ORDER in digits(say(gateway.url, sound.ORDER_QUESTION)["text"])
