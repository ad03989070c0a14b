"""One Realtime connection: the client's events in, a voice session beside it, its answers out.

    socket --> decode --> Call --> Line (a VoiceSession, or the ears alone) --> ServerEvents --> socket
                            |
                            +--> answers of its own: session.updated, items, errors

The voice session begins with the first event that is no ``session.update``: until then formats may be chosen.
Cancelling ``run`` ends everything.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from gateway import events as ev
from gateway.channels.realtime import client_events as client
from gateway.channels.realtime.config import Session, shown, updated
from gateway.channels.realtime.ears import Ears
from gateway.channels.realtime.items import Items
from gateway.channels.realtime.line import Line
from gateway.channels.realtime.questions import Questions
from gateway.channels.realtime.server_events import ServerEvents, error
from gateway.conversation import Conversation
from gateway.errors import ProtocolError
from gateway.manners import Manners
from gateway.services import Services
from gateway.voice import Voice
from speech.types import Transcript

Send = Callable[[str], Awaitable[None]]
_TRUNCATION_SLACK_MS = 200.0
"""A client counts from when it plays, and pads."""


def new_id(prefix: str) -> str:
    """An id in the API's manner."""
    return f"{prefix}_{secrets.token_urlsafe(12)}"


class Media(Protocol):
    """Sound that does not travel with the events."""

    rate_hz: int
    """Both ways, s16le mono."""

    def take(self, event: ev.Outbound) -> None:
        """Audio to be played, or dropped; other events are of no interest."""
        ...


class Call:
    """Run once: ``run`` serves the client until it leaves."""

    def __init__(
        self,
        services: Services,
        voice: Voice,
        conversation: Conversation,
        session: Session,
        send: Send,
        media: Media | None = None,
    ) -> None:
        """``session`` is what the client's secret brought, or the default. ``send`` sends one text frame.

        ``media``: sound has a way of its own (WebRTC), both ways.
        """
        self._media = media
        media_hz = media.rate_hz if media else None
        self._services = services
        self._voice = voice
        self._conversation = conversation
        self._session = session
        self._send = send
        self._id = new_id("sess")
        self._items = Items()
        self._answers = ServerEvents(lambda: self._session, self._items, new_id, services.clock, media_hz)
        self._group: asyncio.TaskGroup
        self._line: Line
        self._ears = Ears(voice, lambda: self._session, media_hz)
        self._questions = Questions(self._ears, self._items, self._answers.utterances, new_id, self._tell)
        self._left = asyncio.Event()
        """Set once the client has left, or the session is over."""
        self._has_answered = False
        self._manners = Manners()
        self._behave()

    async def run(self, frames: AsyncIterator[str | bytes]) -> str:
        """Serve; returns why it ended. ``frames`` ends when the client leaves."""
        media_hz = self._media.rate_hz if self._media else None
        line = self._line = Line(self._services, self._voice, self._conversation, self._manners, self._heard, media_hz)
        await self._tell({"type": "session.created", "session": self._shown()})
        async with asyncio.TaskGroup() as group:
            self._group = group
            receiving = group.create_task(self._receive(frames), name="receive")
            ends: list[asyncio.Future[Any]] = [receiving, line.over]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            receiving.cancel()
            self._left.set()
            line.close()
        return line.over.result() if line.over.done() else "disconnected"

    async def take_media(self, event: ev.AudioIn | ev.Played) -> None:
        """Sound of the customer, or how much of an answer they have heard, which came another way."""
        self._line.begin(self._group, self._session, self._ears.language)
        if isinstance(event, ev.AudioIn):
            if self._session.is_push_to_talk:
                self._ears.hear(event.pcm)
            else:
                await self._line.push(event.pcm)
        elif self._session.type == "realtime":
            await self._line.put(event)
            await self._tell(*self._answers.played(event))

    async def _receive(self, frames: AsyncIterator[str | bytes]) -> None:
        idle_s = self._services.settings.gateway.idle_timeout_s
        while True:
            try:
                async with asyncio.timeout(idle_s):
                    frame = await anext(frames)
            except StopAsyncIteration:
                return
            except TimeoutError:
                self._line.end("idle")
                return
            await self._take(frame)

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
        self._line.begin(self._group, self._session, self._ears.language)
        match event:
            case client.Append(audio):
                await self._append(audio)
            case client.Commit():
                await self._commit()
            case client.ClearInput():
                await self._clear()
            case client.CreateItem():
                await self._questions.create(event)
            case client.RetrieveItem(item_id):
                await self._tell({"type": "conversation.item.retrieved", "item": self._items.get(item_id)})
            case client.DeleteItem(item_id):
                self._items.remove(item_id)
                await self._tell({"type": "conversation.item.deleted", "item_id": item_id})
            case client.TruncateItem(item_id, audio_end_ms):
                await self._truncate(item_id, audio_end_ms)
            case client.CreateResponse(metadata):
                await self._create_response(metadata)
            case client.CancelResponse():
                await self._cancel()
            case client.ClearOutput():
                await self._clear_output()

    async def _update(self, changes: Any) -> None:
        wanted = updated(self._session, changes)
        if self._line.has_begun and wanted.fixed() != self._session.fixed():
            raise ProtocolError(
                "the kind of session, its formats and output_modalities are fixed once it has begun; connect anew",
                code="session_begun",
                param="session",
            )
        if self._line.has_begun and wanted.is_push_to_talk != self._session.is_push_to_talk:
            await self._forget()
        self._session = wanted
        self._behave()
        await self._tell({"type": "session.updated", "session": self._shown()})

    def _behave(self) -> None:
        """Let the voice session do as the client wants from the next turn on."""
        self._manners.functions = self._session.offer(self._services.settings.functions.intents)
        detection = self._session.audio.input.turn_detection
        self._manners.answers = detection is None or detection.create_response
        self._manners.interruptible = detection is None or detection.interrupt_response
        self._manners.no_input_s = self._patience_s()

    def _patience_s(self) -> float | None:
        """See ``Manners.no_input_s``. Who talks by a key is not asked whether they are there: they may hold it."""
        if self._session.is_push_to_talk:
            return 0
        timeout_ms = self._session.idle_timeout_ms
        if timeout_ms is None:
            return None
        return timeout_ms / 1000 if self._has_answered else 0

    async def _append(self, audio: bytes) -> None:
        if self._media is not None:
            raise ProtocolError("sound comes over WebRTC here, not in events", code="audio_has_a_track", param="type")
        pcm = self._ears.pcm(audio)
        if self._session.is_push_to_talk:
            self._ears.hold(pcm)
        else:
            await self._line.push(pcm)

    async def _clear(self) -> None:
        await self._forget()
        await self._tell({"type": "input_audio_buffer.cleared"})

    async def _forget(self) -> None:
        """What is being said counts no more; what was committed stays."""
        self._ears.forget()
        if not self._session.is_push_to_talk:
            self._answers.utterances.forget()
            await self._line.forget()

    async def _truncate(self, item_id: str, audio_end_ms: int) -> None:
        spoken = self._answers.spoken(item_id)
        if spoken is None:
            self._items.get(item_id)
            raise ProtocolError("field 'item_id' must be a spoken answer that has ended", param="item_id")
        if audio_end_ms > spoken.audio_ms + _TRUNCATION_SLACK_MS:
            raise ProtocolError(
                f"field 'audio_end_ms' is beyond the {spoken.audio_ms:.0f} ms of audio", param="audio_end_ms"
            )
        await self._line.put(ev.Truncated(spoken.turn_id, float(audio_end_ms), spoken.play))
        where = {"item_id": item_id, "content_index": 0, "audio_end_ms": audio_end_ms}
        await self._tell({"type": "conversation.item.truncated", **where})

    async def _create_response(self, metadata: Mapping[str, str]) -> None:
        if self._session.type == "transcription":
            raise ProtocolError("a transcription session gives no answers", code="no_responses")
        results = self._questions.take_results()
        for result in results:  # told once what is being said has been said
            await self._line.put(ev.FunctionOutput(result))
        if self._answers.is_responding and not results:
            raise ProtocolError(
                "an answer is being given; cancel it first", code="conversation_already_has_active_response"
            )
        self._answers.metadata = metadata
        words = self._questions.take_words()
        if words:
            await self._line.put(ev.TextIn(words[: self._services.settings.gateway.max_text_chars]))
        elif self._questions.tool_answered and not results:
            # The call was the end of its answer: there is nothing to add to the client's result.
            self._questions.tool_answered = False
            await self._tell(*self._answers.nothing_to_say())
        elif not results and self._conversation.state.turn_count == 0:
            await self._line.put(ev.Greet())
        elif not results:
            raise ProtocolError("there is nothing to answer: create a user's item, or speak", code="nothing_to_answer")

    async def _cancel(self) -> None:
        if not self._answers.is_responding:
            raise ProtocolError("no answer is being given", code="response_cancel_not_active")
        self._answers.cancelled_by_client = True
        await self._line.put(ev.Interrupt())

    async def _clear_output(self) -> None:
        if self._media is None:
            raise ProtocolError("an answer's sound is with you; use response.cancel", code="no_output_buffer")
        self._answers.cancelled_by_client = self._answers.is_responding
        await self._line.put(ev.Interrupt())

    async def _commit(self) -> None:
        if not self._session.is_push_to_talk:
            raise ProtocolError("with turn detection Kefu commits; set turn_detection to null to do it yourself")
        await self._questions.commit()

    # --- what the session beside it says -----------------------------------------------------------------------------

    async def _heard(self, event: ev.Outbound) -> None:
        match event:
            case ev.Heard(Transcript(text=words, is_final=True), "turn" | None) if not self._manners.answers and words:
                self._questions.add(words)
            case _:
                pass
        if self._media is not None:
            self._media.take(event)
        told = self._answers.encode(event)
        if isinstance(event, ev.NoInput) and (timeout_ms := self._session.idle_timeout_ms) is not None:
            told = self._answers.utterances.timed_out(self._line.heard_ms, timeout_ms)
        if not self._has_answered and any(one["type"] == "response.done" for one in told):
            self._has_answered = True
            self._behave()
        for one in told:
            if one["type"] == "response.function_call_arguments.done":
                self._questions.calls.made(one["call_id"], one["name"])
                self._group.create_task(self._give_up(one["call_id"]), name="function deadline")
        await self._tell(*told)

    async def _give_up(self, call_id: str) -> None:
        """The customer hears an apology for a function that gives nothing back in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._services.settings.functions.deadline_s):
                await self._left.wait()
        if not self._left.is_set() and (expired := self._questions.calls.expired(call_id)) is not None:
            await self._line.put(ev.FunctionOutput(expired))
