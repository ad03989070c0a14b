"""A turn thought through before its end is certain: understood, looked up, its first sentence synthesised.

    speech     ====|.........|            the pause may be the end
    Ahead          ^begin    ^adopted     understand > respond (READs) > first sentence to audio
                        or   ^dropped     the customer goes on: nothing of it was heard, written or done

A WRITE waits for adoption; events go nowhere before it. So dropping one costs only the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from dialogue.functions import offered
from dialogue.respond import Responder
from dialogue.state import DialogueState, fold
from dialogue.types import Action, ActionResult, ActionRunner, CustomerSaid, DialogueEvent, Modality, Reply, Turn
from nlu.types import Language, Parse
from nlu.understand import Understanding
from speech.speak import AudioAhead
from speech.spoken_text import spoken_sentences
from speech.types import TtsEngine

Item = Reply | DialogueEvent


class _WaitingWrites:
    """An ``ActionRunner`` whose WRITEs wait for adoption."""

    def __init__(self, writes: ActionRunner) -> None:
        self._writes = writes
        self.functions = offered(writes)
        self.adopted = asyncio.Event()

    async def run(self, action: Action) -> ActionResult:
        await self.adopted.wait()
        return await self._writes.run(action)


class Ahead:
    """One turn ahead of its endpoint. The caller must ``close`` it, adopted or not."""

    def __init__(
        self,
        text: str,
        alternatives: Sequence[str],
        language: Language | None,
        *,
        state: DialogueState,
        turn_id: int,
        understanding: Understanding,
        responder: Responder,
        writes: ActionRunner,
        tts: TtsEngine | None,
        modality: Modality,
        channel: str,
        clock: Callable[[], float],
    ) -> None:
        """Begins at once, in a task of its own. ``tts`` None: words only."""
        self.text, self.alternatives, self.language = text, tuple(alternatives), language
        self.state, self.turn_id = state, turn_id
        self.modality, self.channel = modality, channel
        self.began_s = clock()
        self.understood_s: float | None = None
        self.replied_s: float | None = None
        self.audio: AudioAhead | None = None
        self._understanding, self._responder, self._tts, self._clock = understanding, responder, tts, clock
        self._writes = _WaitingWrites(writes)
        self._parse: asyncio.Future[Parse] = asyncio.get_running_loop().create_future()
        self._items: list[Item] = []
        self._grew = asyncio.Event()
        self._task = asyncio.create_task(self._think(), name="think ahead")
        self._task.add_done_callback(lambda _: self._grew.set())

    def answers(self, text: str, alternatives: Sequence[str], state: DialogueState, turn_id: int) -> bool:
        """Whether this is the turn for these words, in this state of the conversation."""
        said = self.text == text and self.alternatives == tuple(alternatives)
        return said and self.turn_id == turn_id and self.state == state

    async def parse(self) -> Parse:
        """What was understood. Raises what understanding raised."""
        while not self._parse.done() and not self._task.done():
            self._grew.clear()
            await self._grew.wait()
        if not self._parse.done():
            self._task.result()
        return self._parse.result()

    async def items(self) -> AsyncGenerator[Item]:
        """Adopt: the turn is certain. What ``respond`` yields, as it comes; raises what it raises."""
        self._writes.adopted.set()
        index = 0
        while True:
            while index < len(self._items):
                yield self._items[index]
                index += 1
            if self._task.done():
                self._task.result()
                return
            self._grew.clear()
            await self._grew.wait()

    async def close(self) -> None:
        """End what still runs."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()  # seen: whoever adopted it has got it
        if self.audio is not None:
            await self.audio.close()
            self.audio = None

    async def _think(self) -> None:
        parse = await self._understanding.understand(
            self.text, self.state.expectation, language=self.language, alternatives=self.alternatives
        )
        self.understood_s = self._clock()
        self._parse.set_result(parse)
        self._grew.set()
        turn = Turn(self.turn_id, parse.text, parse, self.modality, self.channel)
        state = fold(self.state, CustomerSaid(turn))
        async with aclosing(self._responder.respond(state, turn, self._writes)) as items:
            async for item in items:
                if isinstance(item, Reply) and self.replied_s is None:
                    self.replied_s = self._clock()
                    self._synthesise(item)
                self._items.append(item)
                self._grew.set()

    def _synthesise(self, reply: Reply) -> None:
        sentence = next(iter(spoken_sentences(reply.text, reply.language)), None)
        if self._tts is not None and sentence is not None:
            self.audio = AudioAhead(sentence, reply.language, self._tts)
