"""Calls a function of the client for the customer's request: asks for what it requires, then hands the call out.

「我的订单到哪了」   order_number is missing: asked for, as every skill asks
「89070650」        the call goes out with "one moment"; the client runs it
its output          told by ``told``, in whatever turn it comes
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from dialogue.functions import ClientFunction, FunctionResult, Parameter, filled, spoken, value_of
from dialogue.functions.offer import SKILL
from dialogue.functions.result import language_of
from dialogue.policy import answers
from dialogue.skills.context import Context, Item
from dialogue.skills.handoff import hand_over
from dialogue.skills.numbers import TRIES, Draft, Pending, ask, ask_number, unfinished
from dialogue.types import FunctionCall, Reply, TaskEnded
from nlu.types import Expectation

_ASKING = "ask"
"""Step of a task that waits for a parameter in free words; of a number it is ``numbers``' own."""


class ClientFunctionSkill:
    """Reached only in a turn for which a client offers functions, or to go on with what it asked."""

    name = SKILL
    intents: tuple[str, ...] = ()
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Ask for what is missing, or call."""
        for item in self._items(context):
            yield item

    def _items(self, context: Context) -> tuple[Item, ...]:
        draft = context.draft(self.name)
        function = _wanted(context, draft)
        if function is None:
            return _gone(context, self.name)
        if draft.get("function") != function.name:
            draft = {"function": function.name}
        if not context.resumed and (pending := unfinished(context, self.name, draft)):
            return pending.items
        asked = _parameter(function, draft.get("asked"))
        arguments = dict(draft.get("arguments") or {})
        if not context.resumed:
            arguments = filled(function, context.turn.parse, arguments)
            if asked is not None and (value := value_of(asked, context.turn.parse, asked=True)) is not None:
                arguments[asked.name] = value
        missing = next((one for one in function.parameters if one.required and arguments.get(one.name) is None), None)
        if missing is None:
            ended = (TaskEnded("done"),) if context.task_of(self.name) else ()
            return (*ended, call(context, function.name, arguments))
        draft = {**draft, "arguments": arguments, "asked": missing.name}
        if asked == missing and not context.resumed:
            draft["tries"] = int(draft.get("tries", 0)) + 1
            if draft["tries"] >= TRIES:
                return hand_over(context, "not_understood", lead=context.say("fallback.hand_over"))
        return _ask(context, self.name, draft, missing).items


def call(context: Context, name: str, arguments: Mapping[str, Any]) -> Reply:
    """The words that bridge the wait, with the call."""
    seed = f"{context.state.conversation_id}:{context.turn.turn_id}:{name}"
    call_id = f"call_{hashlib.sha256(seed.encode()).hexdigest()[:24]}"
    return replace(context.reply(context.say("function.looking")), call=FunctionCall(call_id, name, dict(arguments)))


def told(context: Context, result: FunctionResult) -> Reply | None:
    """What the customer is told of an output, "" where there is nothing to say; None where the function failed."""
    text = spoken(result, context.language)
    if text is None:
        return None
    reply = context.reply(text, sources=(f"function:{result.name}",))
    return replace(reply, language=language_of(text, context.language))


def _wanted(context: Context, draft: Mapping[str, Any]) -> ClientFunction | None:
    """The function of the running task, unless the words are for another."""
    running = context.functions.by_name.get(str(draft.get("function")))
    parse, serving = context.turn.parse, context.serving
    if context.resumed or (running and answers(context.state, parse, context.text)):
        return running
    if context.functions.forced is not None:
        return context.functions.by_name.get(context.functions.forced)
    # A number alone has no intent of its own: it is for what tells of orders.
    return serving.get(parse.intent) or running or serving.get("order_status")


def _parameter(function: ClientFunction, name: object) -> Parameter | None:
    return next((one for one in function.parameters if one.name == name), None)


def _ask(context: Context, skill: str, draft: Draft, missing: Parameter) -> Pending:
    if missing.choices:
        listed = context.say("list.or").join(missing.choices)
        question = context.say("function.choose", choices=listed)
        expectation = Expectation("choice", choices=missing.choices)
        return ask(context, skill, draft, _ASKING, expectation, question, suggestions=missing.choices[:4])
    if missing.source == "order_number" and hasattr(context.backend, "policies"):
        return ask_number(context, skill, draft, context.say("orders.ask_number"))
    question = context.say("function.ask", what=_called(context, missing))
    return ask(context, skill, draft, _ASKING, Expectation("free", slot=missing.source), question)


def _called(context: Context, parameter: Parameter) -> str:
    key = f"function.slot.{parameter.source}"
    if context.wording.has(key):
        return context.say(key)
    return parameter.description.strip(" .。") or parameter.name.replace("_", " ")


def _gone(context: Context, skill: str) -> tuple[Item, ...]:
    """The client has withdrawn the function that was asked for."""
    ended = (TaskEnded("failed"),) if context.task_of(skill) else ()
    return (*ended, context.reply(context.say("apology.function_failed"), suggestions=context.suggest("human")))
