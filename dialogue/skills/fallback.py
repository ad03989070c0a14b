"""Not understood: ask to say it differently, then offer choices, then hand over. The count is in the state.

A question that the knowledge base answers confidently is answered all the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue import cues
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.skills.free_answer import free_answer
from dialogue.skills.handoff import hand_over
from dialogue.types import Misunderstood


class Fallback:
    """The ladder. Reached by the policy, not by an intent."""

    name = "fallback"
    intents = ("out_of_scope",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One rung higher each turn in a row that was not understood."""
        hits = await context.knowledge.search(context.text, context.language, 1)
        if hits and hits[0].confident and cues.is_question(context.text):
            # The classifier did not know it, but the knowledge base does.
            async for item in answer(context):
                yield item
            return
        if context.state.task is None or cues.is_question(context.text):
            answered = False
            async for item in free_answer(context):
                answered = True
                yield item
            if answered:
                return
        yield Misunderstood()
        rung = context.state.misunderstandings
        if rung >= 2:
            for item in hand_over(context, "not_understood", lead=context.say("fallback.hand_over")):
                yield item
            return
        in_task = context.state.task is not None
        if rung == 0:
            key = "fallback.rephrase_in_task" if in_task else _first(context)
            key = "fallback.bare_number" if not in_task and cues.is_bare_number(context.text) else key
            suggestions = () if in_task else context.menu("rephrase")
        else:
            key = "fallback.choices_in_task" if in_task else "fallback.choices"
            suggestions = context.suggest("stop", "human") if in_task else context.menu("choices")
        yield context.reply(context.say(key), suggestions=suggestions)


def _first(context: Context) -> str:
    parse = context.turn.parse
    sure = parse.intent == "out_of_scope" and parse.confidence >= 0.6
    return "fallback.out_of_scope" if sure else "fallback.rephrase"
