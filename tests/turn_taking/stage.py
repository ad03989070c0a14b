"""Plays one scene against a real ``VoiceSession``, with a dialogue of two answers behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from dialogue.types import ActionRunner, Asked, Reply, Turn
from gateway import events as ev
from gateway.session import VoiceSession
from gateway.voice import Voice
from nlu.types import Expectation
from speech.types import Language
from tests.fakes_core import House
from tests.fakes_core import Item as Said
from tests.turn_taking.caller import OUTPUT_RATE_HZ, Caller, Sounds
from tests.turn_taking.facts import Take
from tests.turn_taking.scenes import Scene

SECOND_ANSWER: dict[Language, str] = {"zh": "好的，已经为您登记了。", "en": "Alright, that has been noted."}


@dataclass
class SceneHouse(House):
    """A house whose dialogue gives the scene's answer, then a second one to everything else."""

    ears_and_mouth: Voice | None = None

    def voice(self) -> Voice:
        """The voice under test."""
        assert self.ears_and_mouth is not None
        return self.ears_and_mouth


async def perform(
    scene: Scene, voice: Voice, sounds: Sounds, understanding: Any = None, by: type[Caller] = Caller
) -> Take:
    """Play ``scene``; returns what happened. Never raises for what the session does wrong.

    ``understanding`` None: every word is taken for a question about an order. ``by``: how the customer is connected.
    """
    house = SceneHouse(ears_and_mouth=voice)
    house.understanding = understanding or house.understanding
    house.responder.answer = _Dialogue(scene).answer
    async with asyncio.TaskGroup() as background:
        core = house.core(background)
        services = house.services(core)
        start = ev.Start(by.rate_hz, OUTPUT_RATE_HZ, language=scene.language, greet=False)
        session = VoiceSession(services, voice, house.conversation(core), start)
        caller = by(scene, session, sounds)
        watching = background.create_task(caller.watch())
        running = background.create_task(session.run(caller.inbound()))
        try:
            await caller.act()
        finally:
            caller.send(ev.Bye())
        reason = await running
        await watching
    take = caller.take()
    return take if reason == "bye" else replace(take, fault=take.fault or f"the session ended: {reason}")


class _Dialogue:
    """``FakeResponder.answer``: the first turn gets the scene's answer."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def answer(self, turn: Turn, actions: ActionRunner) -> AsyncGenerator[Said, None]:
        scene = self._scene
        if turn.turn_id == 1:
            yield Asked(scene.expects)
            yield Reply(turn.turn_id, scene.bot, scene.language, is_last=True, interruptible=scene.interruptible)
        else:
            yield Asked(Expectation())
            yield Reply(turn.turn_id, SECOND_ANSWER[scene.language], scene.language, is_last=True)


async def perform_within(
    scene: Scene,
    voice: Voice,
    sounds: Sounds,
    seconds: float,
    understanding: Any = None,
    by: type[Caller] = Caller,
) -> Take:
    """``perform`` with a limit on (loop) time; a scene that hangs is a faulty take."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await perform(scene, voice, sounds, understanding, by)
    return Take(fault=f"not over after {seconds:.0f} s")
