"""What the customer says, in a Realtime client's terms: speech started and stopped, committed items, their words. Pure.

A client stops its player at ``speech_started``. It is therefore told of speech over the answer only when Kefu has
fallen silent for it: a cough or 嗯 is not told of, and the answer goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway import events as ev
from gateway.channels.realtime.config import Session
from gateway.channels.realtime.items import Items, user_audio
from speech.types import RecognitionFailed, SpeechEnded, SpeechStarted, Transcript

ServerEvent = dict[str, Any]
Ids = Callable[[str], str]
"""A fresh id with this prefix."""
_TRANSCRIPTION = "conversation.item.input_audio_transcription"


@dataclass(slots=True)
class _Utterance:
    """What the customer says, from its beginning on."""

    item_id: str
    start_ms: float
    is_told: bool = False
    end_ms: float | None = None


class Utterances:
    """Feed it what was heard, in order."""

    def __init__(self, session: Callable[[], Session], items: Items, new_id: Ids, sounds: Callable[[], bool]) -> None:
        """``sounds``: whether the client's loudspeaker plays an answer."""
        self._session = session
        self._items = items
        self._new_id = new_id
        self._sounds = sounds
        self._known: dict[int, _Utterance] = {}

    def heard(self, heard: ev.Heard) -> list[ServerEvent]:
        """What this tells the client; often nothing."""
        match heard.event:
            case SpeechStarted(utterance_id, start_ms):
                utterance = self._known[utterance_id] = _Utterance(self._new_id("item"), start_ms)
                return [] if self._sounds() else _started(utterance)
            case SpeechEnded(utterance_id, end_ms):
                known = self._known.get(utterance_id)
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

    def over_the_answer(self) -> list[ServerEvent]:
        """Kefu has fallen silent: speech that was not told of is told."""
        waiting = [known for known in self._known.values() if not known.is_told]
        return [event for utterance in waiting for event in _started(utterance)]

    def forget(self) -> None:
        """The client has cleared its buffer: what is being said counts no more."""
        self._known.clear()

    def timed_out(self, heard_ms: float, timeout_ms: int) -> list[ServerEvent]:
        """The customer has said nothing for ``timeout_ms`` up to ``heard_ms``: an empty item, and Kefu speaks next."""
        item_id = self._new_id("item")
        triggered = {
            "type": "input_audio_buffer.timeout_triggered",
            "audio_start_ms": round(max(heard_ms - timeout_ms, 0.0)),
            "audio_end_ms": round(heard_ms),
            "item_id": item_id,
        }
        return [triggered, *self.committed(item_id, "")]

    def committed(self, item_id: str, text: str | None) -> list[ServerEvent]:
        """The customer's utterance is an item; its words follow where the client asked for them. None: not known."""
        previous = self._items.add(user_audio(item_id, text))
        return [
            {"type": "input_audio_buffer.committed", "item_id": item_id, "previous_item_id": previous},
            *added(user_audio(item_id, None), previous),
            *self.transcribed(item_id, text),
        ]

    def transcribed(self, item_id: str, text: str | None, content_index: int = 0) -> list[ServerEvent]:
        """The words of an item, where the client asked for them."""
        if text is None or self._session().audio.input.transcription is None:
            return []
        where = {"item_id": item_id, "content_index": content_index}
        usage = {"type": "duration", "seconds": 0}
        deltas = [{"type": f"{_TRANSCRIPTION}.delta", **where, "delta": text}] if text else []
        return [*deltas, {"type": f"{_TRANSCRIPTION}.completed", **where, "transcript": text, "usage": usage}]

    def _final(self, utterance_id: int, text: str, *, is_turn: bool) -> list[ServerEvent]:
        utterance = self._known.pop(utterance_id, None)
        if utterance is None or not (utterance.is_told or is_turn):
            return []
        told = [] if utterance.is_told else [*_started(utterance), _stopped(utterance)]
        return [*told, *self.committed(utterance.item_id, text)]

    def _failed(self, utterance_id: int, code: str) -> list[ServerEvent]:
        utterance = self._known.pop(utterance_id, None)
        if utterance is None or not utterance.is_told:
            return []
        failed = {
            "type": f"{_TRANSCRIPTION}.failed",
            "item_id": utterance.item_id,
            "content_index": 0,
            "error": {"type": "server_error", "code": code, "message": "the words were not recognised", "param": None},
        }
        return [*self.committed(utterance.item_id, None), failed]


def added(item: dict[str, Any], previous: str | None) -> list[ServerEvent]:
    """An item that is whole from its beginning."""
    return [
        {"type": "conversation.item.added", "previous_item_id": previous, "item": item},
        {"type": "conversation.item.done", "previous_item_id": previous, "item": item},
    ]


def _started(utterance: _Utterance) -> list[ServerEvent]:
    utterance.is_told = True
    return [
        {
            "type": "input_audio_buffer.speech_started",
            "audio_start_ms": round(utterance.start_ms),
            "item_id": utterance.item_id,
        }
    ]


def _stopped(utterance: _Utterance) -> ServerEvent:
    end_ms = utterance.end_ms if utterance.end_ms is not None else utterance.start_ms
    return {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": round(end_ms), "item_id": utterance.item_id}
