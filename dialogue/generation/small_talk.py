"""Small talk by a language model, checked before a customer sees it. Messages in, safe sentences out.

Small talk has no facts. A sentence that holds a number, a link, a promise, another language or a broken role is never
said: the caller's template is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import cache

from dialogue.errors import GenerationFailed
from dialogue.generation.guard import Guard
from dialogue.generation.sentences import as_written
from dialogue.generation.types import GenerationOptions, Generator, Message
from dialogue.state import DialogueState
from nlu.types import Language

SENTENCES = 2
"""Sentences of small talk at most."""
SENTENCE_CHARS = 160
_CONTEXT_LINES = 4

_SYSTEM = {
    "en": (
        "You are Kefu, the friendly assistant of an online shop. Answer small talk in one short, plain sentence. "
        "Never mention orders, prices, dates, numbers, links or shop rules."
    ),
    "zh": (
        "你是网店的客服助手小酷。用一句简短、礼貌的中文回应闲聊，称呼客户为您。"
        "不要提订单、价格、日期、数字、链接或店铺规则。"
    ),
}


def messages(state: DialogueState, text: str) -> list[Message]:
    """The prompt for small talk: instruction, the last lines, the customer's words."""
    lines = [line for line in state.history if line.text != text][-_CONTEXT_LINES:]
    spoken: list[Message] = [
        {"role": "user" if line.role == "customer" else "assistant", "content": line.text} for line in lines
    ]
    return [{"role": "system", "content": _SYSTEM[state.language]}, *spoken, {"role": "user", "content": text}]


async def safe_sentences(
    generator: Generator, asked: Sequence[Message], language: Language, options: GenerationOptions
) -> AsyncGenerator[str, None]:
    """Up to ``SENTENCES`` checked sentences, each as soon as it is whole. Raises ``GenerationFailed`` at the first one
    that is not safe, when the model breaks, or when the deadline is over before the first sentence.
    """
    said = 0
    pieces = generator.stream(asked, options.deadline_s, options.max_tokens)
    try:
        async with asyncio.timeout(options.deadline_s), aclosing(as_written(pieces)) as written:
            async for sentence in written:
                if not safe(sentence, language):
                    options.observe("smalltalk", "unsafe")
                    raise GenerationFailed("not safe")
                said += 1
                options.observe("smalltalk", "said")
                yield sentence
                if said >= SENTENCES:
                    break
    except TimeoutError as error:
        options.observe("smalltalk", "timeout")
        raise GenerationFailed("too slow") from error
    if not said:
        options.observe("smalltalk", "nothing")
        raise GenerationFailed("nothing usable")


def safe(text: str, language: Language) -> bool:
    """Whether small talk may be said: there are no facts, so nothing in it may state, promise or name anything."""
    return len(text) <= SENTENCE_CHARS * SENTENCES and _guard(language).reason_against(text) is None


@cache
def _guard(language: Language) -> Guard:
    # No date is known, so it does not matter which day it is.
    return Guard((), language, datetime(2000, 1, 1, tzinfo=UTC), grounds=False)
