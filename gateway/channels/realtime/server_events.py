"""From what a voice session says to what a Realtime client understands. Pure but for the clock and the ids given.

    AudioStart  --> response.created, output_item.added, item.added, content_part.added
    Caption     --> output_audio_transcript.delta          AudioOut --> output_audio.delta
    AudioEnd    --> ....done, response.done (completed)    Clear    --> response.done (cancelled)

A client stops its player at ``speech_started``. It is therefore told of speech over the answer only when Kefu has
fallen silent for it: a cough or 嗯 is not told of, and the answer goes on. An answer that was held and goes on is a new
response with the rest of the audio.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dialogue.types import Reply, ReplyAction
from gateway import events as ev
from gateway.channels.realtime.config import Session
from gateway.channels.realtime.items import Items, assistant, function_call, user_audio
from speech import g711
from speech.types import RecognitionFailed, SpeechEnded, SpeechStarted, Transcript

ServerEvent = dict[str, Any]
Ids = Callable[[str], str]
"""A fresh id with this prefix."""

_MAX_METADATA_CHARS = 512


@dataclass(slots=True)
class _Utterance:
    """What the customer says, from its beginning on."""

    item_id: str
    start_ms: float
    is_told: bool = False
    end_ms: float | None = None


@dataclass(slots=True)
class _Response:
    """An answer on its way."""

    id: str
    item_id: str
    turn_id: int
    is_spoken: bool
    parts: list[str] = field(default_factory=list)
    audio_ms: float = 0.0
    started_s: float = 0.0
    output: list[dict[str, Any]] = field(default_factory=list)
    play: int = 0


@dataclass(slots=True)
class _TurnFacts:
    """What a turn was, for the metadata of its responses."""

    intent: str = ""
    replies: list[Reply] = field(default_factory=list)
    is_called: bool = False
    """Whether the client's function was called for it."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Where an item's audio belongs: what a client's truncation is about."""

    turn_id: int
    play: int
    audio_ms: float


class ServerEvents:
    """One session's answers in the client's terms. Feed it every outbound event in order."""

    def __init__(self, session: Callable[[], Session], items: Items, new_id: Ids, clock: Callable[[], float]) -> None:
        """``clock`` gives monotonic seconds."""
        self._session = session
        self._items = items
        self._new_id = new_id
        self._clock = clock
        self._utterances: dict[int, _Utterance] = {}
        self._response: _Response | None = None
        self._sounds_until_s = 0.0
        self._turns: dict[int, _TurnFacts] = {}
        self._spoken: dict[str, Spoken] = {}
        self.cancelled_by_client = False

    @property
    def is_responding(self) -> bool:
        """Whether a response is in progress."""
        return self._response is not None

    def spoken(self, item_id: str) -> Spoken | None:
        """The audio of an answer's item."""
        return self._spoken.get(item_id)

    def encode(self, event: ev.Outbound) -> list[ServerEvent]:
        """What ``event`` tells the client; often nothing."""
        match event:
            case ev.Heard():
                return self._heard(event)
            case ev.UnderstoodOut(turn_id, parse):
                self._turn(turn_id).intent = parse.intent
            case ev.ReplyOut(reply):
                return self._reply(reply)
            case ev.AudioStart(turn_id, _, play):
                return [*self._finish("completed"), *self._begin(turn_id, is_spoken=True, play=play)]
            case ev.AudioOut(turn_id, _, pcm, play):
                return self._audio(turn_id, pcm, play)
            case ev.Caption(_, _, text):
                return self._words(text)
            case ev.AudioEnd():
                return self._finish("completed")
            case ev.Clear():
                return self._cleared()
            case ev.ErrorOut(code, message):
                return [*self._unspoken(code), error(code, message, kind="server_error")]
            case _:
                pass
        return []

    def nothing_to_say(self) -> list[ServerEvent]:
        """An empty response, to a client that asks for one when there is nothing to add."""
        response = _Response(self._new_id("resp"), "", 0, is_spoken=self._session().speaks)
        return [
            {"type": "response.created", "response": self._shown(response, "in_progress")},
            {"type": "response.done", "response": self._shown(response, "completed")},
        ]

    # --- what the customer says --------------------------------------------------------------------------------------

    def _heard(self, heard: ev.Heard) -> list[ServerEvent]:
        match heard.event:
            case SpeechStarted(utterance_id, start_ms):
                utterance = self._utterances[utterance_id] = _Utterance(self._new_id("item"), start_ms)
                return [] if self._sounds else self._tell(utterance)
            case SpeechEnded(utterance_id, end_ms):
                known = self._utterances.get(utterance_id)
                if known is None:
                    return []
                known.end_ms = end_ms
                return [_stopped(known)] if known.is_told else []
            case Transcript(utterance_id, text, is_final=True):
                return self._final(utterance_id, text, is_turn=heard.verdict in {None, "turn", "stop"})
            case RecognitionFailed(utterance_id, code):
                return self._failed(utterance_id, code)
            case _:
                return []

    @property
    def _sounds(self) -> bool:
        """Whether the client's loudspeaker plays an answer, by our clock."""
        return self._response is not None or self._clock() < self._sounds_until_s

    def _tell(self, utterance: _Utterance) -> list[ServerEvent]:
        utterance.is_told = True
        return [
            {
                "type": "input_audio_buffer.speech_started",
                "audio_start_ms": round(utterance.start_ms),
                "item_id": utterance.item_id,
            }
        ]

    def _final(self, utterance_id: int, text: str, *, is_turn: bool) -> list[ServerEvent]:
        utterance = self._utterances.pop(utterance_id, None)
        if utterance is None or not (utterance.is_told or is_turn):
            return []
        told = [] if utterance.is_told else [*self._tell(utterance), _stopped(utterance)]
        return [*told, *self.committed(utterance.item_id, text)]

    def _failed(self, utterance_id: int, code: str) -> list[ServerEvent]:
        utterance = self._utterances.pop(utterance_id, None)
        if utterance is None or not utterance.is_told:
            return []
        failed = {
            "type": "conversation.item.input_audio_transcription.failed",
            "item_id": utterance.item_id,
            "content_index": 0,
            "error": {"type": "server_error", "code": code, "message": "the words were not recognised", "param": None},
        }
        return [*self.committed(utterance.item_id, None), failed]

    def committed(self, item_id: str, text: str | None) -> list[ServerEvent]:
        """The customer's utterance is an item; its words follow where the client asked for them. None: not known."""
        told = text if self._session().audio.input.transcription is not None else None
        item = user_audio(item_id, text)
        previous = self._items.add(item)
        events: list[ServerEvent] = [
            {"type": "input_audio_buffer.committed", "item_id": item_id, "previous_item_id": previous},
            *_added(user_audio(item_id, None), previous),
        ]
        if told is not None:
            where = {"item_id": item_id, "content_index": 0}
            kind = "conversation.item.input_audio_transcription"
            usage = {"type": "duration", "seconds": 0}
            if told:
                events.append({"type": f"{kind}.delta", **where, "delta": told})
            events.append({"type": f"{kind}.completed", **where, "transcript": told, "usage": usage})
        return events

    # --- what Kefu says ----------------------------------------------------------------------------------------------

    def _turn(self, turn_id: int) -> _TurnFacts:
        for old in [known for known in self._turns if known < turn_id - 3]:
            del self._turns[old]
        return self._turns.setdefault(turn_id, _TurnFacts())

    def _reply(self, reply: Reply) -> list[ServerEvent]:
        self._turn(reply.turn_id).replies.append(reply)
        if self._session().speaks:
            return []
        events: list[ServerEvent] = []
        if self._response is None or self._response.turn_id != reply.turn_id:
            events = [*self._finish("completed"), *self._begin(reply.turn_id, is_spoken=False)]
        events += self._words(reply.text)
        return [*events, *self._finish("completed")] if reply.is_last else events

    def _begin(self, turn_id: int, *, is_spoken: bool, play: int = 0) -> list[ServerEvent]:
        response = self._response = _Response(
            self._new_id("resp"), self._new_id("item"), turn_id, is_spoken, started_s=self._clock(), play=play
        )
        item = assistant(response.item_id, [], "in_progress")
        previous = self._items.add(item)
        return [
            {"type": "response.created", "response": self._shown(response, "in_progress")},
            {"type": "response.output_item.added", "response_id": response.id, "output_index": 0, "item": item},
            {"type": "conversation.item.added", "previous_item_id": previous, "item": item},
            {"type": "response.content_part.added", **_place(response), "part": _part(response, "")},
        ]

    def _words(self, text: str) -> list[ServerEvent]:
        response = self._response
        if response is None or not text:
            return []
        joint = " " if response.parts and text[:1].isascii() else ""
        response.parts.append(joint + text)
        kind = "response.output_audio_transcript.delta" if response.is_spoken else "response.output_text.delta"
        return [{"type": kind, **_place(response), "delta": joint + text}]

    def _audio(self, turn_id: int, pcm: bytes, play: int) -> list[ServerEvent]:
        response = self._response
        if response is None or response.turn_id != turn_id or response.play != play:
            return []
        output = self._session().audio.output.format
        response.audio_ms += len(pcm) / 2 * 1000 / output.rate_hz
        self._sounds_until_s = response.started_s + response.audio_ms / 1000
        data = g711.encode(pcm, output.law) if output.law else pcm
        return [{"type": "response.output_audio.delta", **_place(response), "delta": b64encode(data).decode()}]

    def _cleared(self) -> list[ServerEvent]:
        """The customer spoke, or the client stopped the answer."""
        self._sounds_until_s = 0.0
        status, self.cancelled_by_client = self.cancelled_by_client, False
        reason = "client_cancelled" if status else "turn_detected"
        waiting = [known for known in self._utterances.values() if not known.is_told]
        told = [event for utterance in waiting for event in self._tell(utterance)]
        return [*told, *self._finish("cancelled", reason)]

    def _unspoken(self, code: str) -> list[ServerEvent]:
        """The voice broke: what was to be said is written."""
        if not self._session().speaks or not code.startswith("tts") or not self._turns:
            return []
        turn_id = max(self._turns)
        events = self._finish("failed", code)
        words = "\n".join(reply.text for reply in self._turns[turn_id].replies if reply.text)
        return [*events, *self._begin(turn_id, is_spoken=False), *self._words(words), *self._finish("completed")]

    def _finish(self, status: str, reason: str | None = None) -> list[ServerEvent]:
        response, self._response = self._response, None
        if response is None:
            return []
        text = "".join(response.parts)
        part = _part(response, text)
        item = assistant(response.item_id, [part], "completed" if status == "completed" else "incomplete")
        self._items.add(item)
        if response.is_spoken:
            self._remember(response)
        response.output.append(item)
        place = _place(response)
        kind = "output_audio_transcript" if response.is_spoken else "output_text"
        field_name = "transcript" if response.is_spoken else "text"
        return [
            *([{"type": "response.output_audio.done", **place}] if response.is_spoken else []),
            {"type": f"response.{kind}.done", **place, field_name: text},
            {"type": "response.content_part.done", **place, "part": part},
            {"type": "response.output_item.done", "response_id": response.id, "output_index": 0, "item": item},
            {"type": "conversation.item.done", "previous_item_id": None, "item": item},
            *(self._called(response) if status == "completed" else []),
            {"type": "response.done", "response": self._shown(response, status, reason)},
        ]

    def _remember(self, response: _Response) -> None:
        self._spoken[response.item_id] = Spoken(response.turn_id, response.play, response.audio_ms)
        if len(self._spoken) > 50:
            del self._spoken[next(iter(self._spoken))]

    def _called(self, response: _Response) -> list[ServerEvent]:
        """What the answer asks the channel to do is a call of the client's function of that name, if it has one."""
        facts = self._turn(response.turn_id)
        reply = next((one for one in facts.replies if one.action is not ReplyAction.SAY), None)
        if reply is None or facts.is_called or reply.action.value not in self._session().functions:
            return []
        facts.is_called = True
        name, call_id, item_id = reply.action.value, self._new_id("call"), self._new_id("item")
        arguments = json.dumps({"reason": facts.intent, "said": reply.text}, ensure_ascii=False)
        begun = function_call(item_id, call_id, name, "", "in_progress")
        item = function_call(item_id, call_id, name, arguments, "completed")
        previous = self._items.add(item)
        response.output.append(item)
        place = {"response_id": response.id, "item_id": item_id, "output_index": 1, "call_id": call_id}
        kind = "response.function_call_arguments"
        where = {"response_id": response.id, "output_index": 1}
        return [
            {"type": "response.output_item.added", **where, "item": begun},
            {"type": "conversation.item.added", "previous_item_id": previous, "item": begun},
            {"type": f"{kind}.delta", **place, "delta": arguments},
            {"type": f"{kind}.done", **place, "arguments": arguments, "name": name},
            {"type": "response.output_item.done", **where, "item": item},
            {"type": "conversation.item.done", "previous_item_id": previous, "item": item},
        ]

    def _shown(self, response: _Response, status: str, reason: str | None = None) -> dict[str, Any]:
        session = self._session()
        facts = self._turn(response.turn_id)
        details = {"type": status, **({"reason": reason} if status == "cancelled" else {})}
        return {
            "object": "realtime.response",
            "id": response.id,
            "status": status,
            "status_details": details if status in {"cancelled", "failed"} else None,
            "output": list(response.output),
            "output_modalities": ["audio"] if response.is_spoken else ["text"],
            "audio": {"output": session.audio.output.model_dump(include={"format", "voice"})},
            "metadata": _metadata(facts),
            "conversation_id": None,
            "usage": None,
        }


def _metadata(facts: _TurnFacts) -> Mapping[str, str]:
    """What Kefu adds: the intent, what the customer may say next, where the facts come from."""
    last = facts.replies[-1] if facts.replies else None
    found = {
        "kefu_intent": facts.intent,
        "kefu_suggestions": " | ".join(last.suggestions) if last else "",
        "kefu_sources": " ".join(source for reply in facts.replies for source in reply.sources),
        "kefu_action": next((one.action.value for one in facts.replies if one.action is not ReplyAction.SAY), ""),
    }
    return {name: value[:_MAX_METADATA_CHARS] for name, value in found.items() if value}


def _place(response: _Response) -> dict[str, Any]:
    return {"response_id": response.id, "item_id": response.item_id, "output_index": 0, "content_index": 0}


def _part(response: _Response, text: str) -> dict[str, Any]:
    if response.is_spoken:
        return {"type": "output_audio", "transcript": text}
    return {"type": "output_text", "text": text}


def _stopped(utterance: _Utterance) -> ServerEvent:
    end_ms = utterance.end_ms if utterance.end_ms is not None else utterance.start_ms
    return {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": round(end_ms), "item_id": utterance.item_id}


def _added(item: dict[str, Any], previous: str | None) -> list[ServerEvent]:
    return [
        {"type": "conversation.item.added", "previous_item_id": previous, "item": item},
        {"type": "conversation.item.done", "previous_item_id": previous, "item": item},
    ]


def error(
    code: str,
    message: str,
    *,
    event_id: str | None = None,
    param: str | None = None,
    kind: str = "invalid_request_error",
) -> ServerEvent:
    """The session goes on after it."""
    return {
        "type": "error",
        "error": {"type": kind, "code": code, "message": message, "param": param, "event_id": event_id},
    }
