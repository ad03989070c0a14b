"""The doors without a line, with OpenAI's own client: each figure is milliseconds from the request."""

from __future__ import annotations

import io
import wave

import openai

from tests.bench.doors.ear import Ear
from tests.bench.line import now_ms
from tests.bench.questions import Question

_SPEECH_HZ = 24_000


async def speech(client: openai.AsyncOpenAI, number: int) -> float:
    """To the first audible sample of a sentence, streamed as PCM and played as it comes."""
    # A new sentence each time: one that was said before would come from the cache.
    words = f"您好，您的第{number + 1}个包裹已经到杭州了，预计明天下午送达。"
    ear, began_ms = Ear(_SPEECH_HZ), now_ms()
    odd = b""
    async with client.audio.speech.with_streaming_response.create(
        model="kefu-tts", voice="any", input=words, response_format="pcm"
    ) as response:
        async for piece in response.iter_bytes():
            whole = odd + piece
            odd = whole[len(whole) & ~1 :]
            ear.push(whole[: len(whole) & ~1], now_ms())
    heard_ms = ear.first_ms()
    if heard_ms is None:
        raise RuntimeError("nothing audible came")
    return heard_ms - began_ms


async def chat(client: openai.AsyncOpenAI, question: Question) -> float:
    """To the first words of the streamed answer to the question as text."""
    began_ms = now_ms()
    stream = await client.chat.completions.create(
        model="kefu", stream=True, messages=[{"role": "user", "content": question.text}]
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            told_ms = now_ms() - began_ms
            await stream.close()
            return told_ms
    raise RuntimeError("no words came")


async def transcriptions(client: openai.AsyncOpenAI, question: Question) -> float:
    """To the whole text of the spoken question."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(question.pcm)
    began_ms = now_ms()
    heard = await client.audio.transcriptions.create(
        model="kefu-asr", file=("question.wav", file.getvalue()), language="zh"
    )
    if not heard.text:
        raise RuntimeError("no words were heard")
    return now_ms() - began_ms
