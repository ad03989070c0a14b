"""Speech over HTTP, by hand and by OpenAI's own client."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import openai
import pytest

from gateway.channels.openai_audio import RecordingQueue, speech_request
from gateway.channels.openai_chat import MODELS
from gateway.errors import Busy, ProtocolError
from speech.audio import pcm_from_float
from speech.containers import Encoder, decode
from speech.errors import AsrOverloaded
from speech.types import LISTEN_RATE_HZ
from tests.fakes import FakeAsr, audio_of
from tests.fakes_core import House
from tests.gateway.doors import Door, house_with, served

TEXT = "您好，您的订单明天到。"


def recording(script: str = "20. 20# 40. 20# 20.") -> bytes:
    encoder = Encoder("wav", LISTEN_RATE_HZ)
    return encoder.push(pcm_from_float(audio_of(script))) + encoder.finish()


def heard_as(*words: str) -> House:
    house = house_with()
    answers = iter(words)
    house.asr = FakeAsr(lambda call: next(answers))
    return house


@asynccontextmanager
async def stock_client(house: House) -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        served(house) as door,
        openai.AsyncOpenAI(api_key="any", base_url=f"{door.url}/v1", max_retries=0) as client,
    ):
        yield client


async def transcribed(door: Door, status: int = 200, **fields: Any) -> Any:
    form = aiohttp.FormData()
    for name, value in {"file": recording(), "model": "kefu", **fields}.items():
        if value is not None:
            form.add_field(name, value, filename="a.wav" if name == "file" else None)
    async with door.client.post("/v1/audio/transcriptions", data=form) as response:
        assert response.status == status, await response.text()
        return await response.json() if response.content_type == "application/json" else await response.text()


async def test_the_stock_client_transcribes_in_every_shape() -> None:
    house = house_with()
    house.asr = FakeAsr(lambda call: "你好")
    async with stock_client(house) as client:
        ask = client.audio.transcriptions.create
        file = ("question.wav", recording())
        assert (await ask(model="whisper-1", file=file)).text == "你好\n你好"
        verbose = await ask(model="whisper-1", file=file, response_format="verbose_json", language="zh-CN")
        assert verbose.segments is not None
        assert [round(segment.start, 2) for segment in verbose.segments] == [0.44, 2.36]
        assert verbose.duration == pytest.approx(3.84)
        text: Any = await ask(model="whisper-1", file=file, response_format="text")
        assert text == "你好\n你好\n"
        srt: Any = await ask(model="whisper-1", file=file, response_format="srt")
        assert srt.startswith("1\n00:00:00,440 --> 00:00:01,480\n你好")
        vtt: Any = await ask(model="whisper-1", file=file, response_format="vtt")
        assert vtt.startswith("WEBVTT")


async def test_the_stock_client_streams_a_transcription() -> None:
    async with stock_client(heard_as("你好", "再见")) as client:
        stream = await client.audio.transcriptions.create(model="m", file=("a.wav", recording()), stream=True)
        events = [event async for event in stream]
    assert [event.type for event in events] == [
        "transcript.text.delta",
        "transcript.text.delta",
        "transcript.text.done",
    ]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "你好\n再见"


async def test_a_stream_that_breaks_says_so() -> None:
    house = house_with()
    house.asr = FakeAsr(lambda call: AsrOverloaded("full"))
    async with served(house) as door:
        text = await transcribed(door, stream="true")
        whole = await transcribed(door, 503)
    assert json.loads(text.removeprefix("data: "))["error"]["code"] == "asr_overloaded"
    assert whole["error"]["code"] == "asr_overloaded"


@pytest.mark.parametrize(
    ("fields", "param", "status"),
    [
        ({"file": b"no audio at all"}, "file", 400),
        ({"file": b"x" * 5000}, "file", 413),
        ({"model": None}, "model", 400),
        ({"response_format": "diarized_json"}, "response_format", 400),
        ({"language": "fr"}, "language", 400),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities", 400),
        ({"prompt": "x" * 9000}, "prompt", 413),
    ],
)
async def test_a_wrong_form_names_its_field(fields: dict[str, Any], param: str, status: int) -> None:
    async with served(house_with(max_upload_bytes=4096)) as door:
        error = (await transcribed(door, status, **{"file": recording("1#")[:4000], **fields}))["error"]
    assert error["param"] == param
    assert param in error["message"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", ""]
)
async def test_a_body_that_is_no_form(content_type: str) -> None:
    async with (
        served() as door,
        door.client.post(
            "/v1/audio/transcriptions", data=b"--y\r\n\r\nbroken", headers={"Content-Type": content_type}
        ) as response,
    ):
        assert response.status == 400
        assert (await response.json())["error"]["code"] in {"bad_form", "bad_message"}


async def test_a_form_without_its_file() -> None:
    async with served() as door:
        form = aiohttp.FormData({"model": "m"}, default_to_multipart=True)
        async with door.client.post("/v1/audio/transcriptions", data=form) as response:
            assert response.status == 400
            assert (await response.json())["error"]["param"] == "file"


async def test_a_recording_that_is_too_long() -> None:
    async with served(house_with(max_upload_s=1)) as door:
        error = (await transcribed(door, 400))["error"]
    assert "longer than 1 s" in error["message"]


async def test_only_so_many_recordings_wait() -> None:
    queue = RecordingQueue()
    async with asyncio.TaskGroup() as group:
        ends = asyncio.Event()

        async def one() -> None:
            async with queue:
                await ends.wait()

        for _ in range(18):
            group.create_task(one())
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await queue.__aenter__()
        ends.set()


@pytest.mark.parametrize("audio_format", ["mp3", "opus", "aac", "flac", "wav"])
async def test_the_stock_client_gets_speech(audio_format: Any) -> None:
    house = house_with()
    async with stock_client(house) as client:
        answer = await client.audio.speech.create(
            model="tts-1", voice="alloy", input=TEXT, response_format=audio_format
        )
        data = answer.read()
        plain = (await client.audio.speech.create(model="m", voice="v", input=TEXT, response_format="pcm")).read()
        fast = (
            await client.audio.speech.create(model="m", voice="v", input=TEXT, response_format="pcm", speed=2.0)
        ).read()
    samples, rate = decode(data, 100)
    assert samples.size / rate == pytest.approx(len(plain) / 48_000, abs=0.15)
    assert len(fast) == pytest.approx(len(plain) / 2, rel=0.1)


async def test_speech_as_events() -> None:
    async with served() as door:
        body = {"model": "m", "input": TEXT, "voice": "v", "response_format": "pcm", "stream_format": "sse"}
        async with door.client.post("/v1/audio/speech", json=body) as response:
            assert response.content_type == "text/event-stream"
            events = [json.loads(line[6:]) for line in (await response.text()).split("\n\n") if line]
        async with door.client.post("/v1/audio/speech", json={**body, "stream_format": "audio"}) as response:
            assert response.content_type == "audio/pcm"
            plain = await response.read()
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    # soxr dithers, so that only the length is the same each time.
    assert sum(len(base64.b64decode(event["audio"])) for event in events[:-1]) == len(plain)


async def test_a_voice_that_breaks_is_an_error_or_a_torn_file() -> None:
    house = house_with()
    first, second = "第一句话。", "第二句话。"
    house.tts.fail = {first: [0, 0], second: [3, 3]}
    body = {"model": "m", "voice": "v", "response_format": "pcm"}
    async with served(house) as door:
        async with door.client.post("/v1/audio/speech", json={**body, "input": first}) as response:
            assert response.status == 503
            assert (await response.json())["error"]["code"] == "tts_failed"
        async with door.client.post("/v1/audio/speech", json={**body, "input": first + second}) as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": None}, "input"),
        ({"input": "  "}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"model": ""}, "model"),
        ({"response_format": "ogg"}, "response_format"),
        ({"speed": 9}, "speed"),
        ({"speed": float("nan")}, "speed"),
        ({"stream_format": "x"}, "stream_format"),
        ({"voice": 5}, "voice"),
    ],
)
def test_a_wrong_request_names_its_field(change: dict[str, Any], param: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        speech_request({"model": "m", "input": "你好", "voice": "v", **change})
    assert caught.value.param == param


async def test_models_and_keys() -> None:
    async with stock_client(house_with()) as client:
        assert [model.id async for model in client.models.list()] == list(MODELS)
        assert (await client.models.retrieve("kefu-asr")).id == "kefu-asr"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt")
    async with stock_client(house_with(api_keys=("secret",))) as client:
        for ask in (
            client.models.list(),
            client.audio.speech.create(model="m", voice="v", input="x"),
            client.audio.transcriptions.create(model="m", file=("a.wav", b"x")),
        ):
            with pytest.raises(openai.AuthenticationError):
                await ask
