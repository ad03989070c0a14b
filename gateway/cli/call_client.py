"""A caller made of a recording: plays it into the voice socket in real time, writes down when which answer came.

All times are milliseconds since the first sample was sent. The caller's loudspeaker is simulated: answer audio starts
when it arrives (or when the one before it ends) and is reported with ``played``, as the page does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK

from gateway.cli.client import Gateway, parse_message, split_audio
from speech.audio import first_audible_ms, float_from_pcm, pcm_from_float, speech_bounds_ms
from speech.types import LISTEN_RATE_HZ, Samples

_FRAME_MS = 20
_OUTPUT_RATE_HZ = 24_000
_REPORT_S = 0.25
_QUIET_AFTER_MS = 3000.0
_GIVE_UP_MS = 25_000.0


@dataclass(slots=True)
class CallTurn:
    """One turn of the call; the stable JSON of ``kefu call --json``. None: it did not come."""

    transcript: str = ""
    intent: str | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    reply_text: str = ""
    speech_end_ms: float | None = None
    """End of speech in the recording itself."""
    final_ms: float | None = None
    first_text_ms: float | None = None
    first_audio_ms: float | None = None
    """Arrival of the first audible sample."""
    audio_end_ms: float | None = None
    """End of playback."""
    interrupted: bool = False
    turn_id: int | None = None
    hops: dict[str, float] = field(default_factory=dict)
    """The gateway's own account of the turn."""


class Caller:
    """Run once."""

    def __init__(
        self,
        gateway: Gateway,
        samples: Samples,
        say: Callable[[str], None] = lambda line: None,
        *,
        hear_out: bool = True,
    ) -> None:
        """``samples``: the recording at 16 kHz; ``say`` is told a line per event. Without ``hear_out`` the caller hangs
        up as soon as the answer to the last turn is heard to begin.
        """
        self._hear_out = hear_out
        self._gateway = gateway
        self._samples = samples
        self._say = say
        self._zero = 0.0
        self._turns: list[CallTurn] = []
        self._by_id: dict[int, CallTurn] = {}
        self._playing: dict[int, tuple[float, float]] = {}
        """turn_id -> (start of playback, milliseconds of audio received)."""
        self._plays: dict[int, int | None] = {}
        self._track: list[tuple[float, Samples]] = []
        self._last_event_ms = 0.0
        self._sent_all = asyncio.Event()
        self._hung_up = False
        """The gateway said goodbye."""
        self._open_utterances = 0
        self._awaiting: set[int] = set()
        self._ended_ms: dict[int, float] = {}

    @property
    def turns(self) -> list[dict[str, Any]]:
        """The timeline of each turn, as JSON."""
        return [{name: _rounded(value) for name, value in asdict(turn).items()} for turn in self._turns]

    @property
    def reply_audio(self) -> tuple[Samples, int]:
        """What the caller heard, on the call's timeline, and its rate."""
        end = max((at * _OUTPUT_RATE_HZ / 1000 + len(audio) for at, audio in self._track), default=0)
        track = np.zeros(int(end) + 1, np.float32)
        for at, audio in self._track:
            start = int(at * _OUTPUT_RATE_HZ / 1000)
            track[start : start + len(audio)] = audio
        return track, _OUTPUT_RATE_HZ

    async def run(self) -> None:
        """Make the call. Raises ``OSError`` or ``websockets.WebSocketException`` when the line breaks."""
        protocols = self._gateway.subprotocols(await self._gateway.voice_token())
        async with connect(
            self._gateway.voice_url, subprotocols=[websockets.Subprotocol(name) for name in protocols], max_size=2**20
        ) as socket:
            start = {"type": "start", "version": 1, "rate_hz": LISTEN_RATE_HZ, "output_rate_hz": _OUTPUT_RATE_HZ}
            await socket.send(json.dumps({**start, "greet": False}))
            await self._until_ready(socket)
            self._zero = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                jobs = [group.create_task(job(socket)) for job in (self._speak, self._receive, self._report)]
                await self._until_over()
                for job in jobs:
                    job.cancel()
            with suppress(ConnectionClosedOK):
                await socket.send(json.dumps({"type": "bye"}))

    def _now_ms(self) -> float:
        return (time.perf_counter() - self._zero) * 1000

    async def _until_ready(self, socket: ClientConnection) -> None:
        while True:
            message = await socket.recv()
            if isinstance(message, str) and parse_message(message)["type"] == "ready":
                return

    async def _speak(self, socket: ClientConnection) -> None:
        """The recording, then silence, 20 ms at a time on absolute deadlines."""
        step = LISTEN_RATE_HZ * _FRAME_MS // 1000
        silence = bytes(2 * step)
        for number in range(1_000_000):
            await asyncio.sleep(max(0.0, self._zero + number * _FRAME_MS / 1000 - time.perf_counter()))
            chunk = self._samples[number * step : (number + 1) * step]
            if not chunk.size:
                self._sent_all.set()
            try:
                await socket.send(pcm_from_float(chunk) if chunk.size else silence)
            except ConnectionClosedOK:  # ``_receive`` knows whether that is right
                self._sent_all.set()
                return

    async def _report(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(_REPORT_S)
            for turn_id, (start_ms, length_ms) in list(self._playing.items()):
                played = min(length_ms, max(0.0, self._now_ms() - start_ms))
                with suppress(ConnectionClosedOK):
                    report = {"type": "played", "turn_id": turn_id, "ms": played, "play": self._plays.get(turn_id)}
                    await socket.send(json.dumps(report))

    async def _until_over(self) -> None:
        """The recording has been sent, every turn has been answered and played, and it has been quiet for a while."""
        await self._sent_all.wait()
        while True:
            await asyncio.sleep(0.05)
            now = self._now_ms()
            playing = any(start + length > now for start, length in self._playing.values())
            if self._hung_up and not playing:
                return
            if not self._hear_out and self._turns and self._turns[-1].first_audio_ms is not None:
                return
            busy = playing or self._open_utterances > 0 or self._awaiting
            quiet_ms = _QUIET_AFTER_MS if not self._turns else 300.0
            idle_ms = now - max(self._last_event_ms, max((s + n for s, n in self._playing.values()), default=0.0))
            if (not busy and idle_ms > quiet_ms) or idle_ms > _GIVE_UP_MS:
                return

    async def _receive(self, socket: ClientConnection) -> None:
        async for message in socket:
            self._last_event_ms = self._now_ms()
            if isinstance(message, bytes):
                self._on_audio(message)
            else:
                self._on_message(parse_message(message))
        if not self._hung_up:
            raise ConnectionAbortedError("the gateway closed the call")

    def _on_audio(self, message: bytes) -> None:
        turn_id, _, pcm = split_audio(message)
        audio, now = float_from_pcm(pcm), self._now_ms()
        start_ms, length_ms = self._playing.setdefault(turn_id, (now, 0.0))
        turn = self._by_id.get(turn_id)
        if turn and turn.first_audio_ms is None and first_audible_ms(audio, _OUTPUT_RATE_HZ) is not None:
            turn.first_audio_ms = now
            self._say(f"{now:8.0f} ms  first audio")
        self._track.append((start_ms + length_ms, audio))
        self._playing[turn_id] = (start_ms, length_ms + len(audio) * 1000 / _OUTPUT_RATE_HZ)
        if turn:
            turn.audio_end_ms = start_ms + self._playing[turn_id][1]

    def _on_message(self, message: dict[str, Any]) -> None:
        now = self._now_ms()
        match message["type"]:
            case "speech_started":
                self._open_utterances += 1
            case "speech_ended":
                self._ended_ms[message["utterance_id"]] = message["decided_ms"]
            case "transcript" if message["is_final"]:
                self._open_utterances -= 1
                self._on_final(message, now)
            case "transcript":
                self._say(f"{now:8.0f} ms  … {message['text']}")
            case "understood" if self._turns:
                self._turns[-1].intent, self._turns[-1].slots = message["intent"], message["slots"]
                self._turns[-1].turn_id = message["turn_id"]
                self._by_id[message["turn_id"]] = self._turns[-1]
                self._awaiting.add(message["turn_id"])
            case "reply":
                self._on_reply(message, now)
            case "audio_start":
                self._on_audio_start(message)
            case "audio_end":
                self._awaiting.discard(message["turn_id"])
            case "clear":
                self._on_clear(message["turn_id"], now)
            case "latency":
                if turn := self._by_id.get(message["turn_id"]):
                    turn.hops = message["hops"]
            case "bye":
                self._hung_up = True
            case "error":
                self._say(f"{now:8.0f} ms  error {message['code']}: {message['message']}")
                if message["code"].startswith("tts"):
                    self._awaiting.clear()

    def _on_final(self, message: dict[str, Any], now: float) -> None:
        verdict = message.get("verdict", "turn")
        note = "" if verdict == "turn" else f" [{verdict}]"
        self._say(f"{now:8.0f} ms  customer: {message['text'] or '(nothing said)'}{note}")
        if not message["text"] or verdict != "turn":
            return
        decided_ms = self._ended_ms.get(message["utterance_id"], now)
        bounds = speech_bounds_ms(self._samples[: int(decided_ms * LISTEN_RATE_HZ / 1000)], LISTEN_RATE_HZ)
        self._turns.append(
            CallTurn(transcript=message["text"], final_ms=now, speech_end_ms=bounds[1] if bounds else None)
        )

    def _on_reply(self, message: dict[str, Any], now: float) -> None:
        turn = self._by_id.get(message["turn_id"])
        self._say(f"{now:8.0f} ms  kefu: {message['text']}")
        if turn is None:
            return
        turn.first_text_ms = turn.first_text_ms or now
        turn.reply_text = f"{turn.reply_text}\n{message['text']}".strip()
        if message["is_last"] and not turn.reply_text:
            self._awaiting.discard(message["turn_id"])  # an answer without words has no audio

    def _on_audio_start(self, message: dict[str, Any]) -> None:
        """The answer begins, or goes on after an interruption that was none."""
        turn_id = message["turn_id"]
        self._plays[turn_id] = message.get("play")
        self._awaiting.add(turn_id)
        if turn := self._by_id.get(turn_id):
            turn.interrupted = False

    def _on_clear(self, turn_id: int, now: float) -> None:
        self._awaiting.discard(turn_id)
        self._playing.pop(turn_id, None)
        if turn := self._by_id.get(turn_id):
            turn.interrupted, turn.audio_end_ms = True, now
        # What had arrived but not been played is never heard.
        self._track = [(at, audio) for at, audio in self._track if at < now]
        self._say(f"{now:8.0f} ms  (interrupted)")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return round(value, 1) if isinstance(value, float) else value
