"""One Realtime connection: the client's events in, a voice session beside it, its answers out.

    socket --> decode --> Call --> inbound queue --> VoiceSession --> outbox --> ServerEvents --> socket
                            |                        (or listening alone: a transcription session)
                            +--> answers of its own: session.updated, items, errors

The voice session begins with the first event that is no ``session.update``: until then formats may be chosen.
Cancelling ``run`` ends everything.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from gateway import events as ev
from gateway.channels.realtime import client_events as client
from gateway.channels.realtime import items as item_shapes
from gateway.channels.realtime.config import Session, shown, updated
from gateway.channels.realtime.items import Items
from gateway.channels.realtime.server_events import ServerEvents, error
from gateway.conversation import Conversation
from gateway.errors import ProtocolError
from gateway.microphone import Microphone
from gateway.services import Services
from gateway.session import VoiceSession
from gateway.voice import Voice
from nlu.types import Language
from speech import g711
from speech.audio import float_from_pcm, resample
from speech.errors import AsrError
from speech.listen import listen
from speech.transcription import transcribe
from speech.types import LISTEN_RATE_HZ, Samples

Send = Callable[[str], Awaitable[None]]
_INBOUND_WAITING = 64
_MAX_PUSH_TO_TALK_S = 120
_TRUNCATION_SLACK_MS = 200.0
"""A client counts from when it plays, and pads."""


def new_id(prefix: str) -> str:
    """An id in the API's manner."""
    return f"{prefix}_{secrets.token_urlsafe(12)}"


class Call:
    """Run once: ``run`` serves the client until it leaves."""

    def __init__(
        self, services: Services, voice: Voice, conversation: Conversation, session: Session, send: Send
    ) -> None:
        """``session`` is what the client's secret brought, or the default. ``send`` sends one text frame."""
        self._services = services
        self._voice = voice
        self._conversation = conversation
        self._session = session
        self._send = send
        self._id = new_id("sess")
        self._items = Items()
        self._answers = ServerEvents(lambda: self._session, self._items, new_id, services.clock)
        self._inbound: asyncio.Queue[ev.Inbound | None] = asyncio.Queue(_INBOUND_WAITING)
        self._group: asyncio.TaskGroup
        self._over: asyncio.Future[str]
        """Why the voice session ended, once it has."""
        self._begun = False
        self._microphone: Microphone | None = None
        """Of a transcription session."""
        self._held_audio = bytearray()
        """Push to talk: what was appended since the last commit, s16le at the input rate."""
        self._to_answer: list[str] = []
        """What the customer wrote or said with push to talk, until the client asks for the answer."""
        self._tool_answered = False

    async def run(self, frames: AsyncIterator[str | bytes]) -> str:
        """Serve; returns why it ended. ``frames`` ends when the client leaves."""
        self._over = asyncio.get_running_loop().create_future()
        await self._tell({"type": "session.created", "session": self._shown()})
        async with asyncio.TaskGroup() as group:
            self._group = group
            receiving = group.create_task(self._receive(frames), name="receive")
            ends: list[asyncio.Future[Any]] = [receiving, self._over]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            receiving.cancel()
            await self._close()
        return self._over.result() if self._over.done() else "disconnected"

    async def _receive(self, frames: AsyncIterator[str | bytes]) -> None:
        idle_s = self._services.settings.gateway.idle_timeout_s
        while True:
            try:
                async with asyncio.timeout(idle_s):
                    frame = await anext(frames)
            except StopAsyncIteration:
                return
            except TimeoutError:
                self._over.set_result("idle")
                return
            await self._take(frame)

    async def _close(self) -> None:
        """The client has left, or the session is over: what still listens ends by itself."""
        if self._microphone is not None:
            self._microphone.close()
        elif self._begun:
            # Whatever waits is of no use any more; the end must get in.
            while not self._inbound.empty():
                self._inbound.get_nowait()
            self._inbound.put_nowait(None)

    async def _tell(self, *events: dict[str, Any]) -> None:
        for event in events:
            await self._send(json.dumps({"event_id": new_id("event"), **event}, ensure_ascii=False))

    def _shown(self) -> dict[str, Any]:
        return shown(self._session, self._id)

    # --- what the client sends ---------------------------------------------------------------------------------------

    async def _take(self, frame: str | bytes) -> None:
        event_id: str | None = None
        try:
            event, event_id = client.decode(frame)
            await self._on(event)
        except ProtocolError as wrong:
            event_id = event_id or client.event_id_of(frame)
            await self._tell(error(wrong.code, wrong.message, event_id=event_id, param=wrong.param))

    async def _on(self, event: client.ClientEvent) -> None:
        if isinstance(event, client.SessionUpdate):
            await self._update(event.session)
            return
        self._begin()
        match event:
            case client.Append(audio):
                await self._append(audio)
            case client.Commit():
                await self._commit()
            case client.ClearInput():
                self._held_audio.clear()
                await self._tell({"type": "input_audio_buffer.cleared"})
            case client.CreateItem():
                await self._create_item(event)
            case client.RetrieveItem(item_id):
                await self._tell({"type": "conversation.item.retrieved", "item": self._items.get(item_id)})
            case client.DeleteItem(item_id):
                self._items.remove(item_id)
                await self._tell({"type": "conversation.item.deleted", "item_id": item_id})
            case client.TruncateItem(item_id, audio_end_ms):
                await self._truncate(item_id, audio_end_ms)
            case client.CreateResponse():
                await self._create_response()
            case client.CancelResponse():
                await self._cancel()

    async def _update(self, changes: Any) -> None:
        wanted = updated(self._session, changes)
        if self._begun and wanted.fixed() != self._session.fixed():
            raise ProtocolError(
                "the kind of session, its formats, output_modalities and whether there is turn detection are fixed "
                "once the session has begun; connect anew",
                code="session_begun",
                param="session",
            )
        self._session = wanted
        await self._tell({"type": "session.updated", "session": self._shown()})

    async def _append(self, audio: bytes) -> None:
        form = self._session.audio.input.format
        pcm = g711.decode(audio, form.law) if form.law else audio
        if self._session.audio.input.turn_detection is None:
            if len(self._held_audio) + len(pcm) > _MAX_PUSH_TO_TALK_S * form.rate_hz * 2:
                raise ProtocolError(
                    f"more than {_MAX_PUSH_TO_TALK_S} s were appended; commit or clear them first", code="buffer_full"
                )
            self._held_audio += pcm
        elif self._microphone is not None:
            self._microphone.push(pcm)
        elif pcm:
            await self._inbound.put(ev.AudioIn(pcm))

    async def _create_item(self, event: client.CreateItem) -> None:
        item = item_shapes.from_client(event.item, lambda: new_id("item"))
        text = item_shapes.typed_text(item)
        previous = self._items.add(item)
        if text:
            self._to_answer.append(text)
        self._tool_answered = self._tool_answered or item["type"] == "function_call_output"
        for kind in ("added", "done"):
            await self._tell({"type": f"conversation.item.{kind}", "previous_item_id": previous, "item": item})

    async def _truncate(self, item_id: str, audio_end_ms: int) -> None:
        spoken = self._answers.spoken(item_id)
        if spoken is None:
            self._items.get(item_id)
            raise ProtocolError("field 'item_id' must be a spoken answer that has ended", param="item_id")
        if audio_end_ms > spoken.audio_ms + _TRUNCATION_SLACK_MS:
            raise ProtocolError(
                f"field 'audio_end_ms' is beyond the {spoken.audio_ms:.0f} ms of audio", param="audio_end_ms"
            )
        await self._inbound.put(ev.Truncated(spoken.turn_id, float(audio_end_ms), spoken.play))
        where = {"item_id": item_id, "content_index": 0, "audio_end_ms": audio_end_ms}
        await self._tell({"type": "conversation.item.truncated", **where})

    async def _create_response(self) -> None:
        if self._answers.is_responding:
            raise ProtocolError(
                "an answer is being given; cancel it first", code="conversation_already_has_active_response"
            )
        if self._session.type == "transcription":
            raise ProtocolError("a transcription session gives no answers", code="no_responses")
        words, self._to_answer = "\n".join(self._to_answer), []
        if words:
            await self._inbound.put(ev.TextIn(words[: self._services.settings.gateway.max_text_chars]))
        elif self._tool_answered:
            # The call was the end of its answer: there is nothing to add to the client's result.
            self._tool_answered = False
            await self._tell(*self._answers.nothing_to_say())
        elif self._conversation.state.turn_count == 0:
            await self._inbound.put(ev.Greet())
        else:
            raise ProtocolError("there is nothing to answer: create a user's item, or speak", code="nothing_to_answer")

    async def _cancel(self) -> None:
        if not self._answers.is_responding:
            raise ProtocolError("no answer is being given", code="response_cancel_not_active")
        self._answers.cancelled_by_client = True
        await self._inbound.put(ev.Interrupt())

    # --- push to talk ------------------------------------------------------------------------------------------------

    async def _commit(self) -> None:
        if self._session.audio.input.turn_detection is not None:
            raise ProtocolError("with turn detection Kefu commits; set turn_detection to null to do it yourself")
        pcm, self._held_audio = bytes(self._held_audio), bytearray()
        if len(pcm) < 2:
            raise ProtocolError("nothing was appended", code="input_audio_buffer_commit_empty")
        rate_hz = self._session.audio.input.format.rate_hz
        item_id = new_id("item")
        try:
            words = await self._recognised(resample(float_from_pcm(pcm[: len(pcm) & ~1]), rate_hz, LISTEN_RATE_HZ))
        except AsrError as broken:
            await self._tell(*self._answers.committed(item_id, None))
            raise ProtocolError("the words were not recognised; try again", code=broken.code) from broken
        await self._tell(*self._answers.committed(item_id, words))
        if words:
            self._to_answer.append(words)

    async def _recognised(self, samples: Samples) -> str:
        segments = transcribe(samples, self._voice.asr, self._voice.vad.stream(), language=self._spoken_language())
        async with aclosing(segments):
            return " ".join([segment.text async for segment in segments])

    def _spoken_language(self) -> Language | None:
        language = self._session.language
        return None if language == "auto" else language

    # --- the session beside it ---------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Open the voice session, or the ears alone. Formats are fixed from here on."""
        if self._begun:
            return
        self._begun = True
        audio = self._session.audio
        if self._session.type == "transcription":
            dropped = self._services.metrics.dropped_audio
            self._microphone = Microphone(audio.input.format.rate_hz, lambda ms: dropped.inc(ms / 1000))
            self._group.create_task(self._listen(self._microphone), name="listen")
            return
        start = ev.Start(
            audio.input.format.rate_hz,
            audio.output.format.rate_hz,
            self._session.language,
            speak=self._session.speaks,
            greet=False,
            channel="realtime",
        )
        session = VoiceSession(self._services, self._voice, self._conversation, start)
        self._group.create_task(self._serve(session), name="session")
        self._group.create_task(self._forward(session), name="forward")

    async def _serve(self, session: VoiceSession) -> None:
        reason = await session.run(self._events())
        if not self._over.done():
            self._over.set_result(reason)

    async def _events(self) -> AsyncGenerator[ev.Inbound]:
        while (event := await self._inbound.get()) is not None:
            yield event

    async def _forward(self, session: VoiceSession) -> None:
        async for event in session.outbox:
            await self._tell(*self._answers.encode(event))

    async def _listen(self, microphone: Microphone) -> None:
        heard = listen(
            microphone.frames(),
            self._voice.asr,
            self._voice.vad.stream(),
            config=self._voice.listen,
            language=self._spoken_language,
            end_of_turn=self._voice.end_of_turn,
        )
        async with aclosing(heard) as events:
            async for event in events:
                await self._tell(*self._answers.encode(ev.Heard(event)))
