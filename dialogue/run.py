"""One turn on its way through the skills: ``DialogueState`` and ``Turn`` in, events and replies out.

    told first: the result of a WRITE that the customer has not got yet
    policy > skill > its events and replies
    appended: a word to an upset customer; the pending question of a task that comes back

A shop, knowledge base or model that is away becomes an honest apology with the offer of a person; what is unexpected is
raised. Several replies may claim to be the last: ``dialogue.respond`` sees to that.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from dialogue import cues
from dialogue.backend import Backend
from dialogue.errors import DialogueError, FunctionFailed, GenerationFailed, KnowledgeUnavailable, ShopUnavailable
from dialogue.functions import FunctionResult, offered
from dialogue.functions.offer import SKILL as CLIENT_FUNCTION
from dialogue.generation.types import GenerationOptions, Generator
from dialogue.knowledge import Knowledge
from dialogue.policy import Choice, Routes, choose
from dialogue.requests import NO_REQUEST, split
from dialogue.shop.clock import Clock
from dialogue.skills.client_function import told
from dialogue.skills.confirm import conclude, outcome_of, tell
from dialogue.skills.context import Context, Item, Skill
from dialogue.skills.handoff import offer
from dialogue.state import NOTED_REQUESTS, NOTHING, DialogueState, Report, Task, fold, unsettled_keys
from dialogue.streams import closable
from dialogue.types import (
    Action,
    ActionDropped,
    ActionFinished,
    ActionResult,
    ActionRunner,
    ActionStarted,
    LanguageChanged,
    Reply,
    RequestsNoted,
    TaskEnded,
    Turn,
    Understood,
)
from dialogue.wording import Words
from nlu.types import Parse

_AWAY = (ShopUnavailable, KnowledgeUnavailable, GenerationFailed)
"""What a skill may raise and the customer is told of."""
QUOTED_CHARS = 30
_LATIN_WORDS = 3
"""English words from which a conversation turns English; one or two are often borrowed (OK, bye)."""


@dataclass(slots=True)
class Means:
    """What every turn is answered with; holds no conversation."""

    backend: Backend
    knowledge: Knowledge
    generator: Generator | None
    """None: only templates."""
    options: GenerationOptions
    clock: Clock
    wordings: Words
    skills: Mapping[str, Skill]
    routes: Routes
    services: tuple[str, ...]
    """Intents that end in a WRITE."""
    apology: Callable[[str, DialogueState, int], Reply]
    """The words for an error code."""
    observe: Callable[[str], None]
    """Told the code of each error that a customer got an apology for."""
    catalogue: Collection[str] = ()
    """Names of the shop's products, once they are known."""


class Run:
    """One turn being answered, with the state as it goes; also the skills' ``ActionRunner``. For one turn each."""

    def __init__(self, means: Means, state: DialogueState, turn: Turn, actions: ActionRunner) -> None:
        """``actions`` runs the WRITEs; ``state`` holds the turn's ``CustomerSaid`` already."""
        self._means = means
        self._state = state
        self._turn = turn
        self._actions = actions
        self._functions = offered(actions)
        self._serving = self._functions.serving(means.routes)
        self._routes = self._functions.routed(means.routes)

    async def turn_items(self) -> AsyncGenerator[Item, None]:
        """Everything this turn yields; several replies may claim to be the last."""
        async with aclosing(self._all_items()) as items:
            async for item in items:
                if not isinstance(item, Reply):
                    self._state = fold(self._state, item)
                yield item

    async def run(self, action: Action) -> ActionResult:
        """The caller's runner, with its events folded here too."""
        self._state = fold(self._state, ActionStarted(action))
        result = await self._actions.run(action)
        self._state = fold(self._state, ActionFinished(action, result))
        return result

    async def _all_items(self) -> AsyncGenerator[Item, None]:
        spoken = cues.spoken_language(self._turn.text, _LATIN_WORDS)
        if spoken is not None and spoken != self._state.language:
            yield LanguageChanged(spoken)
        report = await self._unreported()
        if report is not None:
            for item in self._told(report):
                yield item
            if self._is_only_an_echo():
                return
        first, *others = split(self._turn.parse)
        if report is not None and not report.is_settled and first.intent != "talk_to_human":
            # Whether to try again is asked before anything else; what was asked for meanwhile comes after it.
            yield RequestsNoted(self._with_noted(part for part in (first, *others) if part.intent not in NO_REQUEST))
            if self._state.task is not None:
                return
            async with aclosing(self._take_up()) as items:
                async for item in items:
                    yield item
            return
        self._turn = replace(self._turn, parse=first)
        choice = self._chosen(first)
        noted = self._still_noted(choice, tuple(others))
        if noted != self._state.noted:
            yield RequestsNoted(noted)
        async with aclosing(self._perform(choice)) as items:
            async for item in items:
                yield item
        async with aclosing(self._take_up()) as items:
            async for item in items:
                yield item

    async def result_items(self, result: FunctionResult) -> AsyncGenerator[Item, None]:
        """What there is to tell of an output, and the question that it came between."""
        reply = told(self._context(), result)
        for item in self._sorry(FunctionFailed(result.name)) if reply is None else (reply,):
            yield item
        task = self._state.task
        if reply is not None and task is not None and self._state.expectation != NOTHING:
            async with aclosing(self._skill_items(task.skill, resumed=True)) as items:
                async for item in items:
                    yield item

    def _chosen(self, parse: Parse) -> Choice:
        """The policy's choice, unless the client wants a function of its own called."""
        choice = choose(self._state, parse, self._routes)
        is_free = self._state.task is None and not self._state.handed_off and choice.skill != "handoff"
        if is_free and self._functions.forced in self._functions.by_name:
            return Choice(CLIENT_FUNCTION, "start", "the client wants it called")
        return choice

    def _still_noted(self, choice: Choice, others: tuple[Parse, ...]) -> tuple[Parse, ...]:
        """What waits to be taken up: nothing after a wish to stop, and not what the customer has come to themselves."""
        if choice.mode == "stop" or self._state.handed_off or cues.drops_all(self._turn.text):
            return ()
        intents = self._routes.intents
        waiting = tuple(parse for parse in self._state.noted if intents.get(parse.intent) != choice.skill)
        return (*waiting, *others)[:NOTED_REQUESTS]

    def _with_noted(self, others: Iterable[Parse]) -> tuple[Parse, ...]:
        return (*self._state.noted, *others)[:NOTED_REQUESTS]

    async def _take_up(self) -> AsyncGenerator[Item, None]:
        """What else the customer asked for, once nothing else waits for an answer."""
        while self._state.noted and self._state.task is None and not self._state.handed_off:
            parse, *rest = self._state.noted
            yield RequestsNoted(tuple(rest))
            self._turn = replace(self._turn, parse=parse)
            words = parse.text.strip(" ，。！？,.!?")[:QUOTED_CHARS]
            began_with_it = self._turn.text.startswith(parse.text)
            lead = "" if began_with_it else self._context().say("resume.also", words=words)
            choice = choose(self._state, parse, self._routes)
            async with aclosing(self._perform(choice)) as items:
                async for item in items:
                    if isinstance(item, Reply) and lead:
                        item, lead = replace(item, text=self._context().wording.join(lead, item.text)), ""  # noqa: PLW2901
                    yield item

    async def _unreported(self) -> Report | None:
        """The WRITE whose result the customer has not got; one that is still under way is waited for."""
        if self._state.acting is not None:
            await self.run(self._state.acting)  # the same key: it joins the WRITE, it does not repeat it
        return self._state.unreported

    def _told(self, report: Report) -> tuple[Item, ...]:
        """The result, told late, and the end of its task if that was cut off."""
        context = self._context()
        task = self._state.task
        if task is not None and context.key(task.skill) == report.action.idempotency_key:
            ended = TaskEnded(outcome_of(report.result))
        else:
            ended = None
        if not report.is_settled:
            return conclude(context, report.action, report.result) if ended else (tell_failure(context),)
        lead = context.say("resume.result")
        reply = tell(context, report.action, report.result, lead=lead, more=not self._is_only_an_echo())
        return (ended, reply) if ended else (reply,)

    def _is_only_an_echo(self) -> bool:
        """A yes or no said into a question that is settled by now."""
        return self._turn.parse.intent in {"affirm", "deny"} or cues.wants_to_stop(self._turn.text)

    async def _perform(self, choice: Choice) -> AsyncGenerator[Item, None]:
        before = self._state
        if choice.mode == "stop":
            unsettled = unsettled_keys(self._state)
            for key in unsettled:
                yield ActionDropped(key)
            while self._state.task is not None:
                yield TaskEnded("cancelled")
            context = self._context()
            yield context.reply(context.say("confirm.dropped" if unsettled else "resume.stopped"))
            return
        if choice.mode in {"replace", "resume"}:
            for item in self._given_up():
                yield item
        if choice.skill != "fallback" and self._state.misunderstandings:
            yield Understood()
        is_called = False
        async with aclosing(self._skill_items(choice.skill)) as items:
            async for item in items:
                is_called = is_called or (isinstance(item, Reply) and item.call is not None)
                yield item
        if is_called:
            return  # the result comes first, then what waits
        for reply in self._word_to_upset(choice):
            yield reply
        back = self._comes_back(before, choice)
        if back is not None:
            async with aclosing(self._question_again(back.skill, choice)) as items:
                async for item in items:
                    yield item

    def _given_up(self) -> tuple[Item, ...]:
        """The end of the running task; a WRITE of it that the shop did not answer is not tried again, and said so."""
        context, task = self._context(), self._state.task
        key = context.key(task.skill) if task else ""
        if key not in unsettled_keys(self._state):
            return (TaskEnded("cancelled"),)
        return (ActionDropped(key), TaskEnded("cancelled"), context.reply(context.say("confirm.dropped"), more=True))

    def _comes_back(self, before: DialogueState, choice: Choice) -> Task | None:
        """The task whose pending question is due again: one that waited before this turn and runs now."""
        after, ran = self._state.task, before.task
        waiting = {task.task_id for task in (*before.suspended, *((ran,) if ran else ()))}
        if after is None or after.task_id not in waiting or after.skill == choice.skill:
            return None
        return after if choice.mode == "digress" or ran is None or after.task_id != ran.task_id else None

    async def _skill_items(self, name: str, *, resumed: bool = False) -> AsyncGenerator[Item, None]:
        context = self._context(resumed=resumed)
        try:
            async with aclosing(closable(self._means.skills[name].run(context))) as items:
                async for item in items:
                    yield item
        except _AWAY as error:
            for item in self._sorry(error):
                yield item

    def _sorry(self, error: DialogueError) -> tuple[Item, ...]:
        """An apology, and the offer of a person unless one was offered already."""
        self._means.observe(error.code)
        context = self._context()
        task = self._state.task
        offered = task is not None and task.skill == "handoff"
        events = () if offered or self._state.handed_off else offer(context, error.code)
        return (*events, self._means.apology(error.code, self._state, self._turn.turn_id))

    def _word_to_upset(self, choice: Choice) -> tuple[Reply, ...]:
        state = self._state
        offered = state.handed_off or (state.task is not None and state.task.skill == "handoff")
        if offered or choice.skill in {"complaint", "handoff"} or not state.tension.calls_for_apology:
            return ()
        if state.expectation != NOTHING:
            return ()  # it would bury the question that the customer has to answer
        context = self._context()
        return (context.reply(context.say("mood.offer"), suggestions=context.suggest("human")),)

    async def _question_again(self, skill: str, choice: Choice) -> AsyncGenerator[Item, None]:
        """The pending question of a task that comes back, after a sentence that leads to it."""
        lead = "" if choice.skill == "fallback" else self._context().say("resume.lead")
        async with aclosing(self._skill_items(skill, resumed=True)) as items:
            async for item in items:
                if isinstance(item, Reply) and lead:
                    item, lead = replace(item, text=self._context().wording.join(lead, item.text)), ""  # noqa: PLW2901
                yield item

    def _context(self, *, resumed: bool = False) -> Context:
        means = self._means
        return Context(
            state=self._state,
            turn=self._turn,
            backend=means.backend,
            knowledge=means.knowledge,
            generator=means.generator,
            options=means.options,
            actions=self,
            now=means.clock(),
            wording=means.wordings(self._state.language),
            services=means.services,
            catalogue=means.catalogue,
            functions=self._functions,
            serving=self._serving,
            resumed=resumed,
        )


def tell_failure(context: Context) -> Reply:
    """A WRITE whose task is gone and whose end is not known."""
    return context.reply(context.say("confirm.unknown"), suggestions=context.suggest("human"))
