"""Speech over HTTP on the real engines: OpenAI's own client hears what it had said, and a recording of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

from tests.bench.gateway_process import GatewayProcess
from tests.bench.voice import distance

CLIPS = Path(__file__).parents[1] / "data" / "audio"
SAID = "您好，您的包裹已经到杭州了，预计明天下午送达。"


@pytest.fixture
def client(gateway: GatewayProcess) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", base_url=f"{gateway.url}/v1", max_retries=0)


@pytest.mark.parametrize("audio_format", ["mp3", "opus", "aac", "flac", "wav"])
def test_what_is_spoken_is_understood_again(client: openai.OpenAI, audio_format: Any) -> None:
    spoken = client.audio.speech.create(model="kefu-tts", voice="any", input=SAID, response_format=audio_format)
    heard = client.audio.transcriptions.create(
        model="kefu-asr", file=(f"speech.{audio_format}", spoken.read()), language="zh"
    )
    assert distance(SAID, heard.text) <= len(SAID) / 4, heard.text


def test_a_person_is_transcribed_with_times(client: openai.OpenAI) -> None:
    heard = client.audio.transcriptions.create(
        model="kefu-asr", file=CLIPS / "zh_azure_season.wav", response_format="verbose_json"
    )
    assert heard.language == "chinese"
    assert heard.segments
    assert all(0 <= one.start < one.end <= float(heard.duration) + 0.01 for one in heard.segments)
    starts = [segment.start for segment in heard.segments]
    assert starts == sorted(starts)
