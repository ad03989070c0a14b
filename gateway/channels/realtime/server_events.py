"""From what a voice session says to what a Realtime client understands. Pure but for the clock and the ids given.

    AudioStart  --> response.created, output_item.added, item.added, content_part.added
    Caption     --> output_audio_transcript.delta          AudioOut --> output_audio.delta
    AudioEnd    --> ....done, response.done (completed)    Clear    --> response.done (cancelled)
    a call of the client's function, before its words are spoken --> a response of its own, with nothing else

What the customer says is in ``utterances``, the shape of a response in ``responses``. An answer that was held and goes
on is a new response with the rest of the audio.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from dialogue.types import FunctionCall, Reply, ReplyAction
from gateway import events as ev
from gateway.channels.realtime.config import Session
from gateway.channels.realtime.items import Items
from gateway.channels.realtime.responses import Response, Spoken, TurnFacts
from gateway.channels.realtime.utterances import Ids, ServerEvent, Utterances
from speech import g711

_SPOKEN_KEPT = 50
_TURNS_KEPT = 3


class ServerEvents:
    """One session's answers in the client's terms. Feed it every outbound event in order."""

    def __init__(
        self,
        session: Callable[[], Session],
        items: Items,
        new_id: Ids,
        clock: Callable[[], float],
        media_hz: int | None = None,
    ) -> None:
        """``clock`` gives monotonic seconds. ``media_hz``: the rate of sound that does not travel with the events."""
        self._media_hz = media_hz
        self._plays: dict[int, tuple[str, float]] = {}
        """Of sound that has a way of its own: plays that are made whole, with their response and length, ms."""
        self._session = session
        self._items = items
        self._new_id = new_id
        self._clock = clock
        self._response: Response | None = None
        self._sounds_until_s = 0.0
        self._turns: dict[int, TurnFacts] = {}
        self._spoken: dict[str, Spoken] = {}
        self.cancelled_by_client = False
        self.metadata: Mapping[str, str] = {}
        """What the client gave for the response that it asked for last; the next one has it."""
        self.utterances = Utterances(session, items, new_id, lambda: self._sounds)

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
                return self.utterances.heard(event)
            case ev.UnderstoodOut(turn_id, parse):
                self._turn(turn_id).intent = parse.intent
            case ev.ReplyOut(reply):
                return self._reply(reply)
            case ev.AudioStart(turn_id, _, play):
                begun = [*self._finish("completed"), *self._begin(turn_id, is_spoken=True, play=play)]
                return [*begun, *self._buffer("started")]
            case ev.AudioOut(turn_id, _, pcm, play):
                return self._audio(turn_id, pcm, play)
            case ev.Caption(_, _, text):
                return self._words(text)
            case ev.AudioEnd(_, duration_ms, play):
                if self._response is not None:
                    self._plays[play] = (self._response.id, duration_ms)
                return self._finish("completed")
            case ev.Clear():
                return [*self._cleared(), *self._buffer("cleared")]
            case ev.ErrorOut(code, message):
                return [*self._unspoken(code), error(code, message, kind="server_error")]
            case _:
                pass
        return []

    def played(self, played: ev.Played) -> list[ServerEvent]:
        """How much of a play was heard, of sound that has a way of its own."""
        response_id, whole_ms = self._plays.get(played.play or 0, ("", 0.0))
        if not response_id or played.ms < whole_ms:
            return []
        self._plays = {play: whole for play, whole in self._plays.items() if play > (played.play or 0)}
        return [{"type": "output_audio_buffer.stopped", "response_id": response_id}]

    def _buffer(self, what: str) -> list[ServerEvent]:
        """The sound begins, or was dropped, where it has a way of its own."""
        if self._media_hz is None:
            return []
        response_id = self._response.id if self._response is not None else ""
        return [{"type": f"output_audio_buffer.{what}", "response_id": response_id}]

    def nothing_to_say(self) -> list[ServerEvent]:
        """An empty response, to a client that asks for one when there is nothing to add."""
        response = self._new_response(0, is_spoken=self._session().speaks)
        return [self._created(response), self._done(response, "completed")]

    @property
    def _sounds(self) -> bool:
        """Whether the client's loudspeaker plays an answer, by our clock."""
        return self._response is not None or self._clock() < self._sounds_until_s

    def _turn(self, turn_id: int) -> TurnFacts:
        for old in [known for known in self._turns if known < turn_id - _TURNS_KEPT]:
            del self._turns[old]
        return self._turns.setdefault(turn_id, TurnFacts())

    def _reply(self, reply: Reply) -> list[ServerEvent]:
        self._turn(reply.turn_id).replies.append(reply)
        if self._session().speaks:
            if reply.call is not None:
                return self._only_called(reply.turn_id, reply.call)
            return self._silent() if reply.is_last and not self._has_words(reply.turn_id) else []
        events: list[ServerEvent] = []
        if self._response is None or self._response.turn_id != reply.turn_id:
            events = [*self._finish("completed"), *self._begin(reply.turn_id, is_spoken=False)]
        events += self._words(reply.text)
        if reply.call is not None and self._response is not None:
            self._response.calls.append(reply.call)
        return [*events, *self._finish("completed")] if reply.is_last else events

    def _has_words(self, turn_id: int) -> bool:
        return any(reply.text for reply in self._turn(turn_id).replies)

    def _silent(self) -> list[ServerEvent]:
        """An answer without words, which a client that asked for one waits for."""
        return [] if self._response is not None else self.nothing_to_say()

    def _only_called(self, turn_id: int, call: FunctionCall) -> list[ServerEvent]:
        """The call does not wait for the words that bridge it, which the customer may talk over."""
        response = self._new_response(turn_id, is_spoken=True)
        return [
            *self._finish("completed"),
            self._created(response),
            *response.called(self._items, self._new_id("item"), call),
            self._done(response, "completed"),
        ]

    def _new_response(self, turn_id: int, *, is_spoken: bool) -> Response:
        metadata, self.metadata = self.metadata, {}
        return Response(self._new_id("resp"), self._new_id("item"), turn_id, is_spoken, metadata=metadata)

    def _begin(self, turn_id: int, *, is_spoken: bool, play: int = 0) -> list[ServerEvent]:
        response = self._response = self._new_response(turn_id, is_spoken=is_spoken)
        response.started_s, response.play = self._clock(), play
        return [self._created(response), *response.begun(self._items)]

    def _words(self, text: str) -> list[ServerEvent]:
        return [self._response.words(text)] if self._response is not None and text else []

    def _audio(self, turn_id: int, pcm: bytes, play: int) -> list[ServerEvent]:
        response = self._response
        if response is None or response.turn_id != turn_id or response.play != play:
            return []
        output = self._session().audio.output.format
        response.audio_ms += len(pcm) / 2 * 1000 / (self._media_hz or output.rate_hz)
        self._sounds_until_s = response.started_s + response.audio_ms / 1000
        if self._media_hz is not None:
            return []
        data = g711.encode(pcm, output.law) if output.law else pcm
        return [{"type": "response.output_audio.delta", **response.place, "delta": b64encode(data).decode()}]

    def _cleared(self) -> list[ServerEvent]:
        """The customer spoke, or the client stopped the answer."""
        self._sounds_until_s = 0.0
        by_client, self.cancelled_by_client = self.cancelled_by_client, False
        reason = "client_cancelled" if by_client else "turn_detected"
        return [*self.utterances.over_the_answer(), *self._finish("cancelled", reason)]

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
        if response.is_spoken:
            self._remember(response)
        events = response.ended(self._items, status)
        for call in (*response.calls, *(self._action(response) if status == "completed" else ())):
            events += response.called(self._items, self._new_id("item"), call)
        return [*events, self._done(response, status, reason)]

    def _remember(self, response: Response) -> None:
        self._spoken[response.item_id] = Spoken(response.turn_id, response.play, response.audio_ms)
        if len(self._spoken) > _SPOKEN_KEPT:
            del self._spoken[next(iter(self._spoken))]

    def _action(self, response: Response) -> tuple[FunctionCall, ...]:
        """What the answer asks the channel to do is a call of the client's function of that name, if it has one."""
        facts = self._turn(response.turn_id)
        reply = next((one for one in facts.replies if one.action is not ReplyAction.SAY), None)
        if reply is None or facts.is_called or reply.action.value not in self._session().functions:
            return ()
        facts.is_called = True
        arguments = {"reason": facts.intent, "said": reply.text}
        return (FunctionCall(self._new_id("call"), reply.action.value, arguments),)

    def _created(self, response: Response) -> ServerEvent:
        facts = self._turn(response.turn_id)
        return {"type": "response.created", "response": response.shown(self._session(), facts, "in_progress")}

    def _done(self, response: Response, status: str, reason: str | None = None) -> ServerEvent:
        facts = self._turn(response.turn_id)
        return {"type": "response.done", "response": response.shown(self._session(), facts, status, reason)}


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
