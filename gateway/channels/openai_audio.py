"""Channel ``openai_audio``: recordings to text and text to speech, over HTTP in OpenAI's shapes.

``POST /v1/audio/transcriptions`` (multipart; json, verbose_json, text, srt, vtt; streamed as SSE) and
``POST /v1/audio/speech`` (mp3, opus, aac, flac, wav, pcm; streamed as audio or SSE), on the engines of the calls.
Any ``model`` and ``voice`` is taken: the configured ones answer.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway import patience
from gateway.channels import openai_transcripts as shapes
from gateway.channels.identity import require_key
from gateway.channels.rest import read_object
from gateway.channels.upload import Form, read_form
from gateway.errors import Busy, ProtocolError
from gateway.services import SERVICES, Services
from gateway.voice import Voice
from nlu.normalize import detect_language
from nlu.types import Language
from speech.audio import Resampler, resample
from speech.containers import CONTENT_TYPES, AudioFormat, Encoder, decode
from speech.errors import AsrError, AudioError, TtsFailed
from speech.speak import SpokenRequest, speak
from speech.transcription import Segment, transcribe
from speech.types import LISTEN_RATE_HZ, Samples

_SPEECH_RATE_HZ = 24_000
"""What OpenAI's ``pcm`` is."""
_MAX_INPUT_CHARS = 4096
_RECORDINGS_AT_ONCE = 2
"""Recordings wait for each other, so that calls find the recogniser free."""
_RECORDINGS_WAITING = 16
_RETRY_S = 5
_SSE = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    recordings = RecordingQueue()

    async def transcriptions(request: web.Request) -> web.StreamResponse:
        return await _transcriptions(request, recordings)

    return [web.post("/v1/audio/transcriptions", transcriptions), web.post("/v1/audio/speech", _speech)]


class RecordingQueue:
    """Who may use the recogniser for a recording; bounded. Cancelling a wait is safe."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_RECORDINGS_AT_ONCE)
        self._waiting = 0

    async def __aenter__(self) -> None:
        if self._waiting >= _RECORDINGS_WAITING:
            raise Busy("too many recordings wait to be transcribed; try again shortly", retry_after_s=_RETRY_S)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


def _voice(services: Services) -> Voice:
    if services.voice is None:
        raise Busy("speech is switched off on this gateway", code="voice_off")
    return services.voice


# --- transcriptions --------------------------------------------------------------------------------------------------


async def _transcriptions(request: web.Request, recordings: RecordingQueue) -> web.StreamResponse:
    require_key(request)
    services = request.app[SERVICES]
    voice, gateway = _voice(services), services.settings.gateway
    form = await read_form(request, gateway.max_upload_bytes)
    shape, language, is_streamed = checked_fields(form)
    assert form.file is not None
    async with recordings:
        try:
            samples = await asyncio.to_thread(_listenable, form.file, gateway.max_upload_s)
        except AudioError as error:
            raise ProtocolError(f"field 'file': {error}", code=error.code, param="file") from error
        seconds = samples.size / LISTEN_RATE_HZ
        segments = transcribe(samples, voice.asr, voice.vad.stream(), language=language)
        async with aclosing(segments):
            if is_streamed:
                return await _stream_segments(request, segments, seconds)
            try:
                whole = [segment async for segment in segments]
            except AsrError as error:
                raise Busy(
                    "the recogniser is busy; try again shortly", code=error.code, retry_after_s=_RETRY_S
                ) from error
    if shape in shapes.JSON:
        return web.json_response(shapes.JSON[shape](whole, seconds))
    content_type, written = shapes.PLAIN[shape]
    return web.Response(text=written(whole), content_type=content_type, charset="utf-8")


def checked_fields(form: Form) -> tuple[str, Language | None, bool]:
    """(response format, language, whether streamed) of a form. Raises ``ProtocolError`` with the field and the fix."""
    if form.file is None:
        raise ProtocolError("field 'file' is missing: a recording as multipart/form-data", param="file")
    if not form.one("model"):
        raise ProtocolError("field 'model' is missing; any name will do, e.g. kefu", param="model")
    shape = form.one("response_format") or "json"
    if shape not in shapes.JSON and shape not in shapes.PLAIN:
        known = ", ".join([*shapes.JSON, *shapes.PLAIN])
        raise ProtocolError(f"field 'response_format' must be one of {known}", param="response_format")
    if "word" in form.fields.get("timestamp_granularities", ()):
        raise ProtocolError(
            "field 'timestamp_granularities': only segment is supported, words have no times here",
            param="timestamp_granularities",
        )
    return shape, _language(form.one("language")), form.one("stream") in {"true", "True", "1"}


def _language(name: str | None) -> Language | None:
    """zh and en in any of their spellings (BCP 47); None when it is to be told from the sound."""
    match (name or "").lower().replace("_", "-").partition("-")[0]:
        case "":
            return None
        case "zh" | "cmn" | "chinese":
            return "zh"
        case "en" | "english":
            return "en"
        case _:
            raise ProtocolError("field 'language' must be zh or en, or be left out", param="language")


def _listenable(data: bytes, max_s: float) -> Samples:
    samples, rate_hz = decode(data, max_s)
    return resample(samples, rate_hz, LISTEN_RATE_HZ)


async def _stream_segments(
    request: web.Request, segments: AsyncIterator[Segment], seconds: float
) -> web.StreamResponse:
    response = web.StreamResponse(headers=_SSE)
    await response.prepare(request)
    text = ""
    # A client that leaves is no error; recognition ends with its iterator.
    with suppress(ConnectionError):
        try:
            async for segment in segments:
                event = shapes.delta(text, segment)
                text += event["delta"]
                await _send(request, response, event)
            await _send(request, response, shapes.done(text, seconds))
        except AsrError as error:
            await _send(request, response, _stream_error(error.code, "recognition stopped; try again shortly"))
        await patience.finish(request, response)
    return response


# --- speech ----------------------------------------------------------------------------------------------------------


class SpeechRequest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(min_length=1)]
    input: Annotated[str, Field(min_length=1, max_length=_MAX_INPUT_CHARS)]
    voice: str | dict[str, Any] | None = None
    response_format: AudioFormat = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


async def _speech(request: web.Request) -> web.StreamResponse:
    require_key(request)
    voice = _voice(request.app[SERVICES])
    wanted = speech_request(await read_object(request))
    chunks = _encoded(wanted, voice)
    async with aclosing(chunks):
        # The first bytes come before the headers, so that a voice that is broken is an error and no empty file.
        try:
            first = await anext(chunks, b"")
        except TtsFailed as error:
            raise Busy("the voice does not answer just now; try again shortly", code=error.code) from error
        if wanted.stream_format == "sse":
            return await _stream_events(request, wanted, first, chunks)
        return await _stream_audio(request, wanted, first, chunks)


def speech_request(body: dict[str, Any]) -> SpeechRequest:
    """The request in ``body``. Raises ``ProtocolError`` with the field and the fix."""
    try:
        wanted = SpeechRequest.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "body"
        raise ProtocolError(f"field '{field}': {first['msg'].lower()}", param=field) from error
    if not wanted.input.strip():
        raise ProtocolError("field 'input' must not be blank", param="input")
    return wanted


async def _encoded(wanted: SpeechRequest, voice: Voice) -> AsyncGenerator[bytes]:
    """The file, in pieces as it is spoken. Raises ``TtsFailed``."""
    to_rate = Resampler(voice.tts.capabilities.rate_hz, _SPEECH_RATE_HZ)
    encoder = Encoder(wanted.response_format, _SPEECH_RATE_HZ, speed=wanted.speed)
    async with aclosing(speak(_said(wanted.input), voice.tts, voice.prompts)) as frames:
        async for frame in frames:
            if piece := encoder.push(to_rate.push(frame.audio.pcm)):
                yield piece
    yield encoder.push(to_rate.flush()) + encoder.finish()


async def _said(text: str) -> AsyncIterator[SpokenRequest]:
    yield SpokenRequest(text.encode("utf-8", "replace").decode("utf-8"), detect_language(text))


async def _stream_audio(
    request: web.Request, wanted: SpeechRequest, first: bytes, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPES[wanted.response_format]})
    await response.prepare(request)
    with suppress(ConnectionError):
        await patience.write(request, response, first)
        try:
            async for piece in chunks:
                await patience.write(request, response, piece)
        except TtsFailed:
            # Half a file must not look whole: without the last chunk (RFC 9112 section 8) the client sees that it is.
            if request.transport is not None:
                request.transport.abort()
            return response
        await patience.finish(request, response)
    return response


async def _stream_events(
    request: web.Request, wanted: SpeechRequest, first: bytes, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    response = web.StreamResponse(headers=_SSE)
    await response.prepare(request)
    characters = len(wanted.input)
    used = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters}
    with suppress(ConnectionError):
        await _send(request, response, _audio_delta(first))
        try:
            async for piece in chunks:
                await _send(request, response, _audio_delta(piece))
            await _send(request, response, {"type": "speech.audio.done", "usage": used})
        except TtsFailed as error:
            await _send(request, response, _stream_error(error.code, "the voice stopped; try again shortly"))
        await patience.finish(request, response)
    return response


def _audio_delta(piece: bytes) -> dict[str, Any]:
    return {"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}


def _stream_error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "type": "server_error", "param": None}}


async def _send(request: web.Request, response: web.StreamResponse, event: dict[str, Any]) -> None:
    data = f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
    await patience.write(request, response, data)
