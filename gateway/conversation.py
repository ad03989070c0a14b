"""One conversation with a customer, whatever channels it runs over: understand, respond, remember.

In: a message. Out: ``UnderstoodOut`` then ``ReplyOut`` values. The conversation owns the dialogue state and its stored
events; voice sessions and text requests are only its doors. Turns are taken one at a time. A WRITE on the shop runs in
the gateway's own task group, so that neither barge-in nor a dropped connection cancels it; it is written down before
it begins, and finished after a crash under the same idempotency key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from dialogue.errors import DialogueError
from dialogue.functions import NO_FUNCTIONS, FunctionResult, Functions, Offering
from dialogue.state import DialogueState, fold, fold_all
from dialogue.store import Position, Reading
from dialogue.types import (
    ActionRunner,
    CustomerSaid,
    DialogueEvent,
    HandedOff,
    Modality,
    Reply,
    Said,
    Turn,
)
from gateway import log
from gateway.ahead import Ahead
from gateway.core import Core, Hops
from gateway.events import ReplyOut, UnderstoodOut
from gateway.journal import Journal
from gateway.writes import Writes
from nlu.types import INFORM, Language, Parse, Sentiment
from speech.types import Transcript, TtsEngine

_CATCH_UP_S = 1.5
"""How long a turn waits to learn what other workers have stored."""


class Conversation:
    """Folded from its events; one turn at a time. Cancelling ``take_turn`` is safe: WRITEs go on."""

    def __init__(self, core: Core, state: DialogueState, stored: Reading | None = None) -> None:
        """``state`` before the first event, and what is ``stored``; turn ids go on after it, words of ours included."""
        self.core = core
        self.state = self._origin = state
        self.id = state.conversation_id
        self._turn_id = 0
        self._turn_lock = asyncio.Lock()
        position = stored.position if stored else Position()
        self._journal = Journal(core.store, state.conversation_id, core.background, core.metrics, position)
        self._log = log.logger(conversation_id=self.id)
        self.writes = Writes(self)
        self._learn(stored)

    def _learn(self, stored: Reading | None) -> None:
        if stored is not None:
            self.state = fold_all(self._origin if stored.is_whole else self.state, stored.events)
            last = max((event.turn_id for event in stored.events if isinstance(event, Said)), default=0)
            self._turn_id = max(self._turn_id, last)
        self._turn_id = max(self._turn_id, self.state.turn_count)

    async def catch_up(self) -> None:
        """Fold what other workers have stored. With a store that is away, or alone, it goes on with what is known."""
        if self.core.turn_locks is None:
            return
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                self._learn(await self._journal.news())
        except (DialogueError, TimeoutError) as error:
            code = getattr(error, "code", "store_slow")
            self.core.metrics.errors.labels(code).inc()
            self._log.error("not caught up with other workers", code=code)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """No other turn of this conversation runs, here or in another worker, and what those did is known."""
        async with self._turn_lock:
            if self.core.turn_locks is None:
                yield
                return
            async with self.core.turn_locks.held(self.id):
                await self.catch_up()
                yield

    def next_turn_id(self) -> int:
        """A fresh turn id."""
        self._turn_id += 1
        return self._turn_id

    async def apply(self, *events: DialogueEvent) -> None:
        """Fold events into the state and have them stored. Never raises for a store that is away: they are kept."""
        for event in events:
            self.state = fold(self.state, event)
            if isinstance(event, HandedOff):
                self.core.metrics.hand_offs.labels(event.reason).inc()
        await self._journal.add(*events)

    async def flush(self) -> None:
        """Return when every event is stored. Raises ``StoreUnavailable``."""
        await self._journal.flush()

    @property
    def is_stored(self) -> bool:
        """Whether no event waits for the store."""
        return self._journal.is_empty

    async def greet(self) -> Reply:
        """The first words of a conversation."""
        return self.core.responder.greeting(self.state, self.next_turn_id())

    async def take_turn(
        self,
        text: str,
        *,
        modality: Modality,
        channel: str,
        language: Language | None = None,
        alternatives: Sequence[str] = (),
        hops: Hops | None = None,
        ahead: Ahead | None = None,
        functions: Functions = NO_FUNCTIONS,
    ) -> AsyncGenerator[UnderstoodOut | ReplyOut]:
        """Understand ``text`` and answer it. Yields ``UnderstoodOut``, then at least one ``ReplyOut``, the last marked.

        ``ahead`` is adopted when it is for these words and nothing has happened in the conversation since.
        ``functions`` the client of this turn runs for us: a reply may carry a call, ``take_result`` tells its output.

        Ends within the turn deadline whatever breaks behind it: the customer then gets an apology. Text replies count
        as heard when they have been taken from this iterator; voice confirms through ``heard``.
        """
        hops = hops or Hops()
        async with self._turn():
            deadline = self.core.clock() + self.core.turn_deadline_s
            turn_id = self.next_turn_id()
            last_seen = False
            try:
                started = self.core.clock()
                if ahead is not None and not ahead.answers(text, alternatives, self.state, turn_id):
                    ahead = None
                async with asyncio.timeout(max(0.1, deadline - self.core.clock())):
                    parse = await (ahead.parse() if ahead else self.understand(text, language, alternatives))
                hops.nlu_ms = (self.core.clock() - started) * 1000
                turn = Turn(turn_id, parse.text, parse, modality, channel)
                self._count(turn)
                yield UnderstoodOut(turn_id, parse)
                started = self.core.clock()
                async with aclosing(self._replies(turn, deadline, ahead, functions)) as replies:
                    async for reply in replies:
                        hops.dialogue_ms = hops.dialogue_ms or (self.core.clock() - started) * 1000
                        last_seen = last_seen or reply.is_last
                        yield ReplyOut(reply)
                        if modality == "text":
                            await self.heard(reply.turn_id, reply.text, complete=True, tells_result=reply.tells_result)
            except Exception as error:  # noqa: BLE001 - the last line of defence: the customer gets an apology, not silence
                apology = self._sorry(error, turn_id)
                if not last_seen:
                    yield ReplyOut(apology)
                    if modality == "text":
                        await self.heard(turn_id, apology.text, complete=True, tells_result=False)

    async def take_result(
        self, result: FunctionResult, *, modality: Modality, channel: str, functions: Functions = NO_FUNCTIONS
    ) -> AsyncGenerator[ReplyOut]:
        """Tell what a function of the client gave back: as ``take_turn``, but the customer has said nothing."""
        async with self._turn():
            deadline = self.core.clock() + self.core.turn_deadline_s
            turn_id = self.next_turn_id()
            last_seen = False
            asked = next((line.text for line in reversed(self.state.history) if line.role == "customer"), "")
            silent = Parse("", "", self.state.language, INFORM, 1.0, (), Sentiment("neutral", 1.0))
            turn = Turn(turn_id, asked, silent, modality, channel)
            told = self.core.responder.tell(self.state, turn, result, Offering(self.writes, functions))
            try:
                async with aclosing(self._folded(told, deadline)) as replies:
                    async for reply in replies:
                        last_seen = last_seen or reply.is_last
                        yield ReplyOut(reply)
                        if modality == "text":
                            await self.heard(reply.turn_id, reply.text, complete=True, tells_result=reply.tells_result)
            except Exception as error:  # noqa: BLE001 - as in ``take_turn``
                apology = self._sorry(error, turn_id)
                if not last_seen:
                    yield ReplyOut(apology)

    def _sorry(self, error: Exception, turn_id: int) -> Reply:
        """The turn broke: counted, logged, and what the customer hears of it."""
        code = getattr(error, "code", "turn_timeout" if isinstance(error, TimeoutError) else "internal")
        self.core.metrics.errors.labels(code).inc()
        self._log.error("turn failed", turn_id=turn_id, code=code, error=type(error).__name__, exc_info=True)
        return self.core.responder.apology(code, self.state, turn_id)

    async def understand(self, text: str, language: Language | None, alternatives: Sequence[str]) -> Parse:
        """What ``text`` means here and now; changes nothing."""
        return await self.core.understanding.understand(
            text, self.state.expectation, language=language, alternatives=alternatives
        )

    def think_ahead(
        self,
        text: str,
        *,
        modality: Modality,
        channel: str,
        language: Language | None,
        alternatives: Sequence[str],
        tts: TtsEngine | None,
        said: Said | None,
        functions: Functions = NO_FUNCTIONS,
    ) -> Ahead | None:
        """Begin the next turn before it is certain; None while another is being taken. The caller must close it.

        ``said`` is what will be confirmed of the answer before, once this turn drops it.
        """
        if self._turn_lock.locked():
            return None
        core = self.core
        return Ahead(
            text,
            alternatives,
            language,
            state=fold(self.state, said) if said else self.state,
            turn_id=self._turn_id + 1,
            understanding=core.understanding,
            responder=core.responder,
            writes=self._actions(functions),
            tts=tts,
            modality=modality,
            channel=channel,
            clock=core.clock,
        )

    def _actions(self, functions: Functions) -> ActionRunner:
        return Offering(self.writes, functions) if functions else self.writes

    async def _replies(
        self, turn: Turn, deadline: float, ahead: Ahead | None, functions: Functions
    ) -> AsyncGenerator[Reply]:
        await self.apply(CustomerSaid(turn))
        actions = self._actions(functions)
        respond = ahead.items() if ahead else self.core.responder.respond(self.state, turn, actions)
        async with aclosing(self._folded(respond, deadline)) as replies:
            async for reply in replies:
                yield reply

    async def _folded(self, said: AsyncGenerator[Reply | DialogueEvent], deadline: float) -> AsyncGenerator[Reply]:
        """The replies; events are applied as they come. Raises ``TimeoutError`` at the ``deadline``."""
        async with aclosing(said) as items:
            while True:
                async with asyncio.timeout(max(0.1, deadline - self.core.clock())):
                    item = await anext(items, None)
                if item is None:
                    return
                if isinstance(item, Reply):
                    yield item
                else:
                    await self.apply(item)

    def _count(self, turn: Turn) -> None:
        metrics = self.core.metrics
        metrics.turns.labels(turn.channel, turn.modality, turn.parse.intent).inc()
        if turn.parse.degraded:
            metrics.degraded.inc()
        self._log.info(
            "turn", turn_id=turn.turn_id, channel=turn.channel, modality=turn.modality, intent=turn.parse.intent,
            classifier=turn.parse.classifier, degraded=turn.parse.degraded,
        )  # fmt: skip

    def keep_transcript(self, transcript: Transcript) -> None:
        """Store, in the background, what the recogniser made of an utterance, for people who judge it later."""
        hide = self.core.understanding.hide
        transcript = replace(
            transcript,
            text=hide(transcript.text),
            alternatives=tuple(map(hide, transcript.alternatives)),
            stable=hide(transcript.stable),
        )
        self.core.background.create_task(self._keep_transcript(transcript), name="keep transcript")

    async def _keep_transcript(self, transcript: Transcript) -> None:
        try:
            await self.core.store.keep_transcript(self.id, transcript)
        except Exception as error:  # noqa: BLE001 - one transcript must not take the gateway's task group down
            self.core.metrics.errors.labels(getattr(error, "code", "internal")).inc()
            self._log.error("transcript not kept", error=type(error).__name__)

    async def heard(self, turn_id: int, text: str, *, complete: bool, tells_result: bool = True) -> None:
        """The customer got these words of ours."""
        if text:
            await self.apply(Said(turn_id, text, complete, tells_result))
