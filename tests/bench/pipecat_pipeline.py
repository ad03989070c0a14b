"""The reference bot: pipecat 1.14.0 with Kefu's recogniser model, voice and answers. Runs in pipecat's environment.

``python -m tests.bench.pipecat_pipeline PORT GATEWAY_URL WHISPER_FOLDER [--timeout]``; says ``ready``.

    websocket > WhisperSTTService > user aggregator (Silero VAD, smart turn) > answers > voice > websocket

What is pipecat's own is left at its defaults: VAD (confidence 0.7, start 0.2 s, stop 0.2 s, minimum volume 0.6), the
turn ends when LocalSmartTurnAnalyzerV3 says so and the transcript is there (an unfinished verdict waits for 3 s of
silence), sentence aggregation before the voice, output in chunks of 40 ms, RTVI on. What is given: the language (its
default is English), the same CTranslate2 folder on the CPU as int8, Kefu's ``fast`` voice in the same process, and the
answers of the same dialogue through Kefu's REST API, which takes about 40 ms a turn. ``--timeout`` takes pipecat's
other way to end a turn, SpeechTimeoutUserTurnStopStrategy at its default of 0.6 s, instead of the smart-turn model.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import aiohttp
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.websocket.server import SingleClientWebsocketServerParams, SingleClientWebsocketServerTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from speech.spoken_text import spoken
from speech.tts import TtsOptions, load_tts
from speech.types import TtsEngine


class KefuAnswers(FrameProcessor):
    """Stands where a language model would: asks Kefu's dialogue. An interruption cancels the request."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        super().__init__()
        self._url = url
        self._http = http
        self._conversation_id = ""
        self.new_call()

    def new_call(self) -> None:
        """The next turn begins a conversation."""
        self._conversation_id = f"bench-{uuid.uuid4().hex}"

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        last = frame.context.messages[-1:]
        if not last or last[0]["role"] != "user":
            return  # a turn without words, for which pipecat would let the model speak
        said = str(last[0]["content"]).strip()
        answer = await self._answer(said)
        turn = {"type": "kefu-turn", "transcript": said, "reply": answer["text"], "intent": answer["intent"]}
        await self.push_frame(OutputTransportMessageUrgentFrame(message=turn))
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame(answer["text"]))
        await self.push_frame(LLMFullResponseEndFrame())

    async def _answer(self, text: str) -> dict[str, Any]:
        body = {"text": text, "conversation_id": self._conversation_id}
        async with self._http.post(f"{self._url}/v1/message", json=body) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer


class KefuVoice(TTSService):
    """Kefu's ``fast`` engine as a pipecat voice: audio leaves as the engine makes it."""

    def __init__(self, engine: TtsEngine) -> None:
        settings = TTSSettings(model="fast", voice="fast", language=Language.ZH)
        super().__init__(push_start_frame=True, push_stop_frames=True, settings=settings)
        self._engine = engine

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        pcm = self._pcm(text)
        rate_hz = self._engine.capabilities.rate_hz
        async for frame in self._stream_audio_frames_from_iterator(pcm, in_sample_rate=rate_hz, context_id=context_id):
            yield frame

    async def _pcm(self, text: str) -> AsyncIterator[bytes]:
        async for frame in self._engine.synthesize(spoken(text, "zh"), "zh"):
            yield frame.pcm


async def main(port: int, gateway_url: str, whisper: str, *, by_timeout: bool) -> None:
    """Serve one customer at a time until SIGINT."""
    transport = SingleClientWebsocketServerTransport(
        SingleClientWebsocketServerParams(
            serializer=ProtobufFrameSerializer(), audio_in_enabled=True, audio_out_enabled=True
        ),
        host="127.0.0.1",
        port=port,
    )
    stt = WhisperSTTService(
        device="cpu", compute_type="int8", settings=WhisperSTTService.Settings(model=whisper, language=Language.ZH)
    )
    voice = KefuVoice(await asyncio.to_thread(load_tts, TtsOptions()))
    user, assistant = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(),
            user_turn_strategies=UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy()]) if by_timeout else None,
        ),
    )
    async with aiohttp.ClientSession() as http:
        answers = KefuAnswers(gateway_url, http)

        @transport.event_handler("on_client_connected")
        async def on_client_connected(_transport: object, _socket: object) -> None:
            answers.new_call()

        @transport.event_handler("on_websocket_ready")
        async def on_websocket_ready(_transport: object) -> None:
            print("ready", flush=True)

        pipeline = Pipeline([transport.input(), stt, user, answers, voice, transport.output(), assistant])
        runner = WorkerRunner()
        await runner.add_workers(PipelineWorker(pipeline, params=PipelineParams(), idle_timeout_secs=None))
        await runner.run()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="DEBUG" if "--debug" in sys.argv else "WARNING")
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], by_timeout="--timeout" in sys.argv))
