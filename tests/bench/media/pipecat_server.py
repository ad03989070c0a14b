"""pipecat for the media benchmark, run by its own environment: FastAPI WebSocket transport, protobuf serializer, Silero
VAD; recogniser, model and voice are stub processors. ``python -m tests.bench.media.pipecat_server PORT FILE``

Every choice that costs pipecat time and that this benchmark does not need is off: RTVI, turn tracking, observers,
metrics, heartbeats, idle timeouts, context aggregators, filling silence, log lines. uvicorn has uvloop and httptools.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams, VADState
from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from tests.bench.media.files import allow_many_files
from tests.bench.media.heard import Heard, now_s
from tests.bench.media.script import (
    ANSWER_FRAME,
    ANSWER_HZ,
    ANSWER_MS,
    FRAME_MS,
    MICROPHONE_HZ,
    REPLY,
    TRANSCRIPT,
)


class _TimedVad(SileroVADAnalyzer):
    """Notes when it has answered for a frame. Stops after 550 ms of silence, as Kefu's endpointing does."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(sample_rate=MICROPHONE_HZ, params=VADParams(stop_secs=0.55))
        self._times = heard.call()

    async def analyze_audio(self, buffer: bytes) -> VADState:
        state = await super().analyze_audio(buffer)
        self._times.append(now_s())
        return state


class _Asr(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            await self.push_frame(TranscriptionFrame(TRANSCRIPT, "customer", "2026-11-22T00:00:00"))


class _Llm(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            await self.push_frame(LLMFullResponseStartFrame())
            await self.push_frame(LLMTextFrame(REPLY))
            await self.push_frame(LLMFullResponseEndFrame())
        else:
            await self.push_frame(frame, direction)


class _Tts(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            await self.push_frame(TTSStartedFrame())
            for _ in range(0, ANSWER_MS, FRAME_MS):
                await self.push_frame(TTSAudioRawFrame(ANSWER_FRAME, ANSWER_HZ, 1))
            await self.push_frame(TTSStoppedFrame())
        else:
            await self.push_frame(frame, direction)


def _app(heard: Heard) -> FastAPI:
    app = FastAPI(lifespan=_started)

    @app.websocket("/")
    async def call(socket: WebSocket) -> None:
        await socket.accept()
        transport = FastAPIWebsocketTransport(
            socket,
            FastAPIWebsocketParams(
                audio_in_enabled=True,
                audio_out_enabled=True,
                audio_in_sample_rate=MICROPHONE_HZ,
                audio_out_sample_rate=ANSWER_HZ,
                audio_out_auto_silence=False,
                serializer=ProtobufFrameSerializer(),
            ),
        )
        pipeline = Pipeline(
            [transport.input(), VADProcessor(vad_analyzer=_TimedVad(heard)), _Asr(), _Llm(), _Tts(), transport.output()]
        )
        worker = PipelineWorker(
            pipeline,
            params=PipelineParams(audio_in_sample_rate=MICROPHONE_HZ, audio_out_sample_rate=ANSWER_HZ),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
            check_dangling_tasks=False,
        )

        @transport.event_handler("on_client_connected")
        async def connected(_transport: Any, _client: Any) -> None:
            # The load generator's sign that this call is open, as Kefu's 'ready'.
            await socket.send_text("ready")

        @transport.event_handler("on_client_disconnected")
        async def gone(_transport: Any, _client: Any) -> None:
            await worker.cancel()

        runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
        await runner.add_workers(worker)
        await runner.run()

    return app


@asynccontextmanager
async def _started(_app: FastAPI) -> AsyncIterator[None]:
    print("ready", flush=True)
    yield


def main() -> None:
    """Serve until SIGTERM, which writes the times."""
    allow_many_files()
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    heard_file = Path(sys.argv[2])
    server = uvicorn.Server(
        uvicorn.Config(
            _app(Heard(heard_file)), port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="error"
        )
    )
    server.capture_signals = nullcontext  # type: ignore[method-assign]
    server.run()


if __name__ == "__main__":
    main()
