"""``kefu call`` against a gateway with scripted answers, in real time: the timeline, silence, lines that break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from dialogue.types import ActionRunner, Reply, ReplyAction, Turn
from gateway.__main__ import app
from gateway.cli.call_client import Caller
from gateway.cli.client import Gateway
from speech.audio import read_wav, write_wav
from speech.types import LISTEN_RATE_HZ, AudioFrame, Language
from tests.bench.gateway_process import free_port
from tests.fakes import audio_of
from tests.fakes_core import House, Item
from tests.fakes_tts import FakeTts
from tests.gateway.doors import Door, house_with, served

QUESTION = audio_of("10. 14# 2.")
"""320 ms of silence, 448 ms of speech."""
TURN_KEYS = {
    "transcript", "intent", "slots", "reply_text", "speech_end_ms", "final_ms", "first_text_ms", "first_audio_ms",
    "audio_end_ms", "interrupted", "turn_id", "hops",
}  # fmt: skip


class LoudTts(FakeTts):
    """20 ms a character, loud enough to be heard."""

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        for number in range(len(text)):
            yield AudioFrame(b"\0\x20" * 160, 8_000, number * 20)


def talking_house() -> House:
    house = house_with()
    house.tts = LoudTts()
    return house


async def kefu(*arguments: str) -> Result:
    """Run a command beside the gateway of this test."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


@pytest.fixture
def question(tmp_path: Path) -> Path:
    path = tmp_path / "question.wav"
    write_wav(path, QUESTION, LISTEN_RATE_HZ)
    return path


async def test_the_timeline_of_a_turn_is_complete_and_in_order(question: Path, tmp_path: Path) -> None:
    out = tmp_path / "reply.wav"
    async with served(talking_house()) as door:
        result = await kefu("call", str(question), "--url", door.url, "--out", str(out), "--json")
    assert result.exit_code == 0, result.output
    (turn,) = json.loads(result.stdout)["turns"]
    assert set(turn) == TURN_KEYS
    assert turn["transcript"] == "我的订单什么时候到"
    assert turn["intent"] == "order_status"
    assert turn["reply_text"] == "您的包裹已经到了杭州。\n预计明天下午送到。"
    assert turn["speech_end_ms"] == pytest.approx(24 * 32, abs=10), "of the recording, not of the gateway"
    order = [turn[name] for name in ("speech_end_ms", "final_ms", "first_text_ms", "first_audio_ms", "audio_end_ms")]
    assert order == sorted(order)
    assert turn["audio_end_ms"] - turn["first_audio_ms"] > 300
    assert not turn["interrupted"]
    assert turn["hops"]["endpoint_ms"] > 0
    samples, rate_hz = read_wav(out)
    assert rate_hz == 24_000
    assert samples.size * 1000 / rate_hz == pytest.approx(turn["audio_end_ms"], abs=10)
    assert float(np.abs(samples[: int(turn["first_audio_ms"] * 23)]).max()) == 0.0, "the answer stands where it came"


async def test_silence_is_no_turn() -> None:
    async with served() as door:
        caller = Caller(Gateway(door.url), np.zeros(LISTEN_RATE_HZ // 5, np.float32))
        async with asyncio.timeout(6):
            await caller.run()
    assert caller.turns == []
    assert caller.reply_audio[0].size == 1


async def test_a_call_that_kefu_ends_is_a_whole_call(question: Path) -> None:
    house = talking_house()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "再见。", "zh", is_last=True, action=ReplyAction.HANG_UP)

    house.responder.answer = answer
    async with served(house) as door:
        result = await kefu("call", str(question), "--url", door.url)
    assert result.exit_code == 0, result.output
    assert "customer: 我的订单什么时候到" in result.stdout
    assert "kefu: 再见。" in result.stdout
    assert "turn 1: voice-to-voice" in result.stdout


async def test_no_gateway_is_one_line(question: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for command in (["call", str(question)], ["chat", "你好"]):
        result = await kefu(*command, "--url", url)
        assert result.exit_code == 1
        (line,) = result.stderr.strip().splitlines()
        assert line.startswith(f"kefu: no gateway answers at {url}")
        assert "make run" in line


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://127.0.0.1:1", "http://[::1", "http://127.0.0.1:99999"])
async def test_an_address_that_is_none_is_one_line(url: str, question: Path) -> None:
    result = await kefu("call", str(question), "--url", url)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.output


async def test_a_full_house_is_one_line(question: Path) -> None:
    async with served() as door:
        for _ in range(5):
            await door.started()
        result = await kefu("call", str(question), "--url", door.url)
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("kefu: ")
    assert "busy" in line


async def _stop_soon(door: Door) -> None:
    while not door.services.metrics.registry.get_sample_value("kefu_active_sessions"):  # noqa: ASYNC110 - a gauge
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    server: Any = door.client.server
    await server.close()


async def test_a_line_that_breaks_is_one_line(question: Path) -> None:
    async with served() as door, asyncio.TaskGroup() as group:
        group.create_task(_stop_soon(door))
        result = await kefu("call", str(question), "--url", door.url)
    assert result.exit_code == 1
    assert result.stderr.strip().splitlines()[-1].startswith("kefu: the line broke")
    assert len(result.stderr.strip().splitlines()) == 1
    assert not isinstance(result.exception, BaseExceptionGroup)


async def test_a_recording_that_is_none_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF\0\0\0\0WAVEjunk")
    for path in (tmp_path / "absent.wav", broken):
        result = await kefu("call", str(path))
        assert result.exit_code == 1
        (line,) = result.stderr.strip().splitlines()
        assert path.name in line or "WAV" in line
