"""Answers from the knowledge base, with its source; says honestly when it does not know and offers a person."""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue import cues
from dialogue.skills import return_words
from dialogue.skills.context import Context, Item
from dialogue.skills.free_answer import free_answer
from dialogue.skills.handoff import offer
from dialogue.types import Card


class Faq:
    """General questions: delivery, returns, payment, warranty, membership, promotions, troubleshooting."""

    name = "faq"
    intents = (
        "troubleshoot", "delivery_time", "courier_choice", "freight", "payment", "account", "gift",
        "warranty", "shop_info", "place_order",
    )  # fmt: skip
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """The best entry, or "I don't know"; of the freight of a return that is being arranged, what it costs."""
        task = context.state.task
        if context.turn.parse.intent == "freight" and task is not None and task.skill == "returns":
            customer = await context.shop.customer(context.state.customer_id) if context.state.customer_id else None
            level = customer.level if customer else None
            text = return_words.freight(context, str(task.slots.get("reason") or ""), level)
            yield context.reply(text, sources=("shop:policy",))
            return
        async for item in answer(context):
            yield item


async def answer(context: Context) -> AsyncIterator[Item]:
    """The knowledge base's answer to this turn's words. Raises ``KnowledgeUnavailable``."""
    hits = await context.knowledge.search(cues.without_asking(context.text), context.language, 3)
    if hits and hits[0].confident:
        best = hits[0].entry
        source = Card("source", {"id": best.entry_id, "title": best.title(context.language), "source": best.source})
        others = tuple(hit.entry.title(context.language) for hit in hits[1:] if hit.confident)[:2]
        told = best.answer(context.language)
        if best.is_passage:
            is_foreign = cues.spoken_language(told) not in {None, context.language}
            told = context.say("faq.foreign") if is_foreign else context.say("faq.passage", text=told)
        named = best.entry_id if best.entry_id.startswith("doc:") else f"faq:{best.entry_id}"
        yield context.reply(told, cards=(source,), suggestions=others, sources=(named,))
        return
    answered = False
    async for item in free_answer(context):
        answered = True
        yield item
    if answered:
        return
    near = tuple(hit.entry.title(context.language) for hit in hits)[:2]
    suggestions = (*near, *context.suggest("human"))
    if context.state.task is not None:
        # A pending question comes back after this; two questions at once would leave a yes without a meaning.
        yield context.reply(context.say("faq.unknown_in_task"), suggestions=suggestions)
        return
    for event in offer(context, "no_answer"):
        yield event
    yield context.reply(context.say("faq.unknown"), suggestions=suggestions)
