"""Answers a free question by a language model that may ask for READs. Question and tools in; checked sentences out.

    model  -> tool calls -> validated, run, results are facts -> model -> ... -> sentences -> guard -> customer

Nothing is said that the results do not hold up. A call that is malformed, unknown, repeated or one too many gets an
error for an answer; too many errors, too many rounds or the deadline end it. A ``Proposal`` ends it as well: the model
wants a service of ours, which then asks the customer itself. So does a call of a function of the client's (``called``),
which runs elsewhere and whose output is told when it comes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from dialogue.errors import GenerationFailed
from dialogue.functions.schema import ClientFunction, reason_against
from dialogue.generation.guard import Fact, Guard
from dialogue.generation.sentences import as_written, closable, is_question
from dialogue.generation.types import Asked, GenerationOptions, Message, ToolCall, ToolCaller, ToolSpec
from nlu.types import Language

ROUNDS = 4
SENTENCES = 6
_BAD_CALLS = 2
"""Calls that may be wrong before the model is given up."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A service that the model wants to begin for the customer: an intent, and an order where one is meant."""

    intent: str
    order_number: str | None = None


Results = Sequence[Fact] | Proposal


@dataclass(frozen=True, slots=True)
class Tool:
    """A READ of ours, or the one way to propose a service."""

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Any], Awaitable[Results]]
    """Its facts for these arguments. Raises what the shop raises."""

    @property
    def spec(self) -> ToolSpec:
        """As the model sees it."""
        return ToolSpec(self.name, self.description, self.arguments.model_json_schema())


@dataclass(slots=True)
class Answer:
    """One free question being answered. ``facts`` and ``proposal`` are what came of it."""

    caller: ToolCaller
    options: GenerationOptions
    tools: Mapping[str, Tool]
    language: Language
    now: datetime
    catalogue: Collection[str] = ()
    facts: list[Fact] = field(default_factory=list)
    proposal: Proposal | None = None
    functions: Mapping[str, ClientFunction] = field(default_factory=dict)
    """What the client runs; one of them may be called, once."""
    called: tuple[str, Mapping[str, Any]] | None = None
    """Name and arguments of the client's function that the model wants."""
    _asked: set[tuple[str, str]] = field(default_factory=set)
    _bad: int = 0

    async def sentences(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Each checked sentence as soon as it is whole; nothing where the model has nothing safe to say.

        Raises what a READ raises (``ShopUnavailable``); a model that fails or is late only ends it.
        """
        outcome = "nothing"
        try:
            async with asyncio.timeout(self.options.answer_deadline_s), aclosing(self._rounds(list(messages))) as said:
                async for sentence in said:
                    outcome = "said"
                    yield sentence
        except TimeoutError:
            outcome = "timeout"
        except GenerationFailed as error:
            outcome = str(error) if str(error) in {"tool_limit", "bad_calls"} else "failed"
        if self.proposal is not None:
            outcome = "proposed"
        if self.called is not None:
            outcome = "called"
        if outcome != "said":
            self.options.observe("answer", outcome)

    async def _rounds(self, messages: list[Message]) -> AsyncGenerator[str, None]:
        for _ in range(ROUNDS):
            calls: list[ToolCall] = []
            async with aclosing(self._text(messages, calls)) as said:
                async for sentence in said:
                    yield sentence
            if not calls:
                return
            messages.append(_as_message(calls))
            for call in calls:
                messages.append({"role": "tool", "tool_call_id": call.call_id, "content": await self._result(call)})
                if self.proposal is not None or self.called is not None:
                    return
        raise GenerationFailed("tool_limit")

    async def _text(self, messages: Sequence[Message], calls: list[ToolCall]) -> AsyncGenerator[str, None]:
        """The safe sentences of one round; before there are facts there is nothing to say. Calls go into ``calls``."""
        specs = [tool.spec for tool in self.tools.values()]
        specs += [ToolSpec(one.name, one.description, one.schema) for one in self.functions.values()]
        asked = Asked(messages, self.options.answer_deadline_s, self.options.answer_tokens, specs)

        async def pieces() -> AsyncGenerator[str, None]:
            async with aclosing(closable(self.caller.converse(asked))) as parts:
                async for part in parts:
                    if isinstance(part, ToolCall):
                        calls.append(part)
                    else:
                        yield part

        guard = Guard(tuple(self.facts), self.language, self.now, self.catalogue)
        count = 0
        async with aclosing(as_written(pieces())) as written:
            async for sentence in written:
                if not self.facts or count >= SENTENCES or is_question(sentence):
                    continue  # a preamble to a call, or a question that nothing of ours would understand the answer to
                if (reason := guard.reason_against(sentence)) is not None:
                    self.options.observe("answer", reason)
                    calls.clear()
                    return
                self.options.observe("answer", "said")
                count += 1
                yield sentence

    async def _result(self, call: ToolCall) -> str:
        """What the model is told of its call, JSON. Its facts are kept."""
        asked = (call.name, call.arguments)
        tool = self.tools.get(call.name)
        if len(self._asked) >= self.options.tool_calls:
            raise GenerationFailed("tool_limit")
        if tool is None and call.name in self.functions:
            return self._call(self.functions[call.name], call.arguments)
        if tool is None:
            return self._error(f"there is no tool called {call.name[:40]!r}")
        if asked in self._asked:
            return self._error("you have asked this before; answer with what you know")
        try:
            arguments = tool.arguments.model_validate_json(call.arguments or "{}")
        except ValidationError as error:
            return self._error("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
        self._asked.add(asked)
        results = await tool.run(arguments)
        if isinstance(results, Proposal):
            self.proposal = results
            return "{}"
        self.facts.extend(fact for fact in results if fact not in self.facts)
        return json.dumps({"facts": [fact.text for fact in results]}, ensure_ascii=False)

    def _call(self, function: ClientFunction, arguments: str) -> str:
        """The client's function is called with these; they are the model's, within the schema's names and types."""
        try:
            given = json.loads(arguments or "{}")
        except ValueError:
            return self._error("the arguments are no JSON")
        if (wrong := reason_against(function, given)) is not None:
            return self._error(wrong)
        self.called = (function.name, given)
        return "{}"

    def _error(self, what: str) -> str:
        self._bad += 1
        if self._bad > _BAD_CALLS:
            raise GenerationFailed("bad_calls")
        return json.dumps({"error": what}, ensure_ascii=False)


def _as_message(calls: Sequence[ToolCall]) -> Message:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ],
    }
