"""Answers a turn: ``DialogueState`` and ``Turn`` in; events and ``Reply`` values out, at least one, the last marked.

    run (``dialogue.run``) > mark the last > reword, where a model may > mark what may not be interrupted

The caller folds the events as they come; ``respond`` folds them into a copy of its own. Beside the turns: words of our
own (greeting, apology, prompts), which answer nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing

from dialogue.backend import Backend
from dialogue.functions import FunctionResult
from dialogue.functions.offer import SKILL as CLIENT_FUNCTION
from dialogue.generation.rephrase import Rewording
from dialogue.generation.types import GenerationOptions, Generator
from dialogue.knowledge import Knowledge
from dialogue.no_input import no_input
from dialogue.policy import Choice, Routes, choose
from dialogue.prompts import Prompts
from dialogue.requests import split
from dialogue.run import Means, Run
from dialogue.shop.clock import Clock, wall_clock
from dialogue.skills import load
from dialogue.skills.client_function import ClientFunctionSkill
from dialogue.skills.context import Item, Skill
from dialogue.state import DialogueState
from dialogue.streams import mark_last
from dialogue.types import ActionRunner, Reply, Turn
from dialogue.wording import Words, wording


class Responder:
    """Made once, shared by all conversations; holds no conversation. Cancelling ``respond`` is always safe."""

    def __init__(
        self,
        backend: Backend,
        knowledge: Knowledge,
        generator: Generator | None = None,
        *,
        clock: Clock = wall_clock,
        options: GenerationOptions | None = None,
        skills: Mapping[str, Skill] | None = None,
        prompts: Prompts | None = None,
        wordings: Words = wording,
        observe: Callable[[str], None] = lambda code: None,
    ) -> None:
        """``generator`` None: only templates. ``skills`` None: all of ``SKILLS``. ``prompts`` None: no notice.
        ``observe`` is told the code of each error that a customer got an apology for.
        """
        self._prompts = prompts or Prompts(wordings=wordings)
        self._wording = wordings
        own = dict(skills) if skills is not None else load()
        routes = Routes.of(own)
        self._means = Means(
            backend=backend,
            knowledge=knowledge,
            generator=generator,
            options=options or GenerationOptions(),
            clock=clock,
            wordings=wordings,
            skills={CLIENT_FUNCTION: ClientFunctionSkill(), **own},
            routes=routes,
            services=tuple(intent for intent, name in routes.intents.items() if name in routes.writing),
            apology=self.apology,
            observe=observe,
        )

    def know(self, catalogue: Collection[str]) -> None:
        """The names of the shop's products: a language model may only say one that the facts of the turn hold."""
        self._means.catalogue = catalogue

    def greeting(self, state: DialogueState, turn_id: int = 0) -> Reply:
        """The first words of a conversation, after the notice; or those for a customer who comes back."""
        words = self._wording(state.language)
        text = words.say("greeting.again" if state.turn_count else "greeting.first")
        suggestions = words.menu("greeting")
        reply = Reply(turn_id, text, state.language, suggestions=suggestions, is_last=True, tells_result=False)
        marked = self._prompts.marked(reply)
        return marked if state.turn_count else self._prompts.opened(marked)

    def apology(self, code: str, state: DialogueState, turn_id: int = 0) -> Reply:
        """What to say when a turn broke with this error code, and what happens next."""
        words = self._wording(state.language)
        key = f"apology.{code}"
        text = words.say(key if words.has(key) else "apology.default")
        suggestions = (words.say("suggest.human"),)
        reply = Reply(turn_id, text, state.language, suggestions=suggestions, is_last=True, tells_result=False)
        return self._prompts.marked(reply)

    def listening(self, state: DialogueState, turn_id: int = 0) -> Reply:
        """What to say to a customer who has stopped us: go ahead."""
        text = self._wording(state.language).say("stopped.listening")
        return Reply(turn_id, text, state.language, is_last=True, tells_result=False)

    def no_input(
        self,
        state: DialogueState,
        turn_id: int,
        attempt: int,
        *,
        can_type: bool = True,
        has_keypad: bool = False,
    ) -> Reply:
        """What to say at the ``attempt``-th silence in a row; see ``dialogue.no_input``."""
        said = no_input(state, turn_id, attempt, can_type=can_type, has_keypad=has_keypad, wordings=self._wording)
        return self._prompts.marked(said)

    def chosen(self, state: DialogueState, turn: Turn) -> Choice:
        """What the policy makes of ``turn``, for an explanation; ``state`` holds the turn's ``CustomerSaid``."""
        return choose(state, split(turn.parse)[0], self._means.routes)

    async def respond(self, state: DialogueState, turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        """The answer to ``turn``. ``state`` holds the turn's ``CustomerSaid`` already.

        Yields an event before the replies that tell of it. Raises only what is unexpected.
        """
        run = Run(self._means, state, turn, actions)
        async with aclosing(self._reworded(state, turn, mark_last(run.turn_items()))) as items:
            async for item in items:
                yield self._prompts.marked(item) if isinstance(item, Reply) else item

    async def tell(
        self, state: DialogueState, turn: Turn, result: FunctionResult, actions: ActionRunner
    ) -> AsyncGenerator[Item, None]:
        """What the client's function gave back, in words; then the question that waits, if one does.

        ``turn`` holds no words of the customer's. Raises only what is unexpected.
        """
        run = Run(self._means, state, turn, actions)
        async with aclosing(self._reworded(state, turn, mark_last(run.result_items(result)))) as items:
            async for item in items:
                yield self._prompts.marked(item) if isinstance(item, Reply) else item

    def _reworded(
        self, state: DialogueState, turn: Turn, items: AsyncGenerator[Item, None]
    ) -> AsyncGenerator[Item, None]:
        """``items`` in a language model's words, where that is configured."""
        means = self._means
        if means.generator is None or means.options.mode == "smalltalk":
            return items
        return Rewording(means.generator, means.options, state, turn, means.clock(), means.catalogue).items(items)
