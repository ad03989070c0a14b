"""The telephone menu before the dialogue: answers while a call is in the menu, then hands it to the assistant.

    greeting: the notice and the start        respond: walk --> asked again, next node
                                                            --> assistant (the caller's words go on to it)
                                                            --> transfer, hang up

Where a call is stands in its dialogue state (the task ``menu``), so thinking ahead and several workers are safe.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from dialogue.menu.schema import Menu
from dialogue.menu.walk import SKILL, Place, Stop, answer, begin, complete, expectation_of, failed, notice_of, prompt
from dialogue.respond import Responder
from dialogue.skills.context import Item
from dialogue.state import DialogueState, fold
from dialogue.types import (
    ActionRunner,
    Asked,
    Card,
    DialogueEvent,
    HandedOff,
    LanguageChanged,
    Reply,
    ReplyAction,
    TaskEnded,
    TaskStarted,
    TaskUpdated,
    Turn,
)
from gateway.telephony.reception import Reception
from nlu.types import Expectation, Language
from nlu.understand import Understanding

_SILENCES = 3
"""So many in a row are as an answer that failed for good."""


class MenuReception(Reception):
    """One call's. Cancelling ``respond`` is safe."""

    def __init__(
        self,
        inner: Responder,
        menu: Menu,
        understanding: Understanding,
        *,
        transfers: bool,
        puts_through: bool,
        clock: Callable[[], datetime],
    ) -> None:
        """``puts_through``: whether the call can be transferred at all; ``transfers``: to the usual person, too.

        ``clock`` gives the time of day, with its zone.
        """
        super().__init__(inner, transfers=transfers)
        self._menu = menu
        self._understanding = understanding
        self._puts_through = puts_through
        self._clock = clock

    def opening(self, language: Language) -> tuple[DialogueEvent, ...]:
        """Events that put a new call into the menu; none where its start asks nothing."""
        stop = begin(self._menu, language, self._clock())
        if not stop.node.asks:
            return ()
        return (TaskStarted(SKILL, SKILL), *_moved(stop))

    def nobody_reached(self) -> tuple[DialogueEvent, ...]:
        """See ``Reception``."""
        self._puts_through = False
        return super().nobody_reached()

    def greeting(self, state: DialogueState, turn_id: int = 0) -> Reply:
        """See ``Responder``."""
        if self._was_unreached:
            return super().greeting(state, turn_id)
        place, notice = place_of(state), notice_of(self._menu, state.language)
        if place is not None:
            said = prompt(self._menu, place)
            stop = Stop(place, self._menu.nodes[place.node], (said,))
        elif state.turn_count:
            return self.inner.greeting(state, turn_id)
        else:
            stop = begin(self._menu, state.language, self._clock())
        reply = self._reply(stop, turn_id)
        if stop.node.assistant:
            reply = replace(
                self.inner.greeting(state, turn_id), text=_joined(*stop.said, self.inner.greeting(state).text)
            )
        if not notice:
            return reply
        return replace(reply, text=_joined(notice, reply.text), interruptible=False)

    def no_input(
        self,
        state: DialogueState,
        turn_id: int,
        attempt: int,
        *,
        can_type: bool = True,
        has_keypad: bool = False,
    ) -> Reply:
        """See ``Responder``. In the menu the prompt again; in the end what the node says of failures."""
        place = place_of(state)
        if place is None:
            return super().no_input(state, turn_id, attempt)
        node = self._menu.nodes[place.node]
        if attempt >= _SILENCES:
            stop = failed(self._menu, replace(place, failures=node.tries), self._clock())
            if not stop.node.asks and not stop.node.assistant:
                return self._reply(stop, turn_id)
        return self._reply(Stop(place, node, (prompt(self._menu, place),)), turn_id)

    async def respond(self, state: DialogueState, turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        """See ``Responder``."""
        place = place_of(state)
        if place is None:
            async with aclosing(super().respond(state, turn, actions)) as items:
                async for item in items:
                    yield item
            return
        stop = answer(self._menu, place, turn.parse, self._clock())
        events = self._events(state, stop)
        for event in events:
            state = fold(state, event)
            yield event
        if not stop.node.assistant:
            yield self._reply(stop, turn.turn_id)
            return
        words = complete(stop.node.ask, stop.place.language, stop.place.given) or (turn.text if stop.carries else "")
        if not words:
            text = _joined(*stop.said) or self.inner.greeting(state).text
            yield replace(self._reply(stop, turn.turn_id), text=text)
            return
        if stop.said:
            yield replace(self._reply(stop, turn.turn_id), is_last=False)
        parse = await self._understanding.understand(words, Expectation(), language=stop.place.language)
        async with aclosing(super().respond(state, replace(turn, parse=parse, text=parse.text), actions)) as items:
            async for item in items:
                yield item

    def _events(self, state: DialogueState, stop: Stop) -> tuple[DialogueEvent, ...]:
        changed: tuple[DialogueEvent, ...] = ()
        if stop.place.language != state.language:
            changed = (LanguageChanged(stop.place.language),)
        if stop.node.asks:
            return (*changed, *_moved(stop))
        # What was consented to and collected is in the events even where the menu ends.
        ended = (*changed, TaskUpdated(stop.place.slots(), stop.place.node))
        if stop.node.transfer is None:
            return (*ended, TaskEnded("done"))
        return (
            *ended,
            TaskEnded("handed_off"),
            HandedOff(self._summary(stop), "menu", dict(stop.place.given), state.mood),
        )

    def _summary(self, stop: Stop) -> str:
        to = stop.node.transfer
        given = ", ".join(f"{name} {value}" for name, value in stop.place.given.items())
        return (complete(to.summary, stop.place.language, stop.place.given) if to else "") or given

    def _reply(self, stop: Stop, turn_id: int) -> Reply:
        text, language = _joined(*stop.said), stop.place.language
        reply = Reply(turn_id, text, language, is_last=True, tells_result=False)
        if stop.node.hang_up:
            return replace(reply, action=ReplyAction.HANG_UP)
        if stop.node.collect is not None:
            return replace(reply, action=ReplyAction.COLLECT_DIGITS)
        if (to := stop.node.transfer) is None:
            return reply
        data = {"reason": "menu", "summary": self._summary(stop), "to": to.to, "warm": to.warm}
        action = ReplyAction.TRANSFER if self._puts_through else ReplyAction.HAND_OFF
        return replace(reply, action=action, cards=(Card("handoff", data),))


def place_of(state: DialogueState) -> Place | None:
    """Where in the menu a call is; None: not in it."""
    task = state.task
    if task is None or task.skill != SKILL or task.step is None:
        return None
    return Place.of(task.step, task.slots, state.language)


class ConsentWatch:
    """Whether a call may be recorded, by its menu: once said, it holds for the call."""

    def __init__(self, menu: Menu | None) -> None:
        recording = menu.recording if menu is not None else None
        self._granted = recording is not None and recording.consent == "notice"
        self._asks = recording is not None and recording.consent == "ask"

    def __call__(self, state: DialogueState) -> bool:
        """``gateway.telephony.recording.Consents``."""
        place = place_of(state) if self._asks else None
        if place is not None and place.consent is not None:
            self._granted = place.consent == "granted"
        return self._granted


def _moved(stop: Stop) -> tuple[DialogueEvent, ...]:
    return (TaskUpdated(stop.place.slots(), stop.place.node), Asked(expectation_of(stop.node, stop.place)))


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
