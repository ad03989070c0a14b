"""Streams of events and replies: exactly one last reply in a turn, and runs that can be closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from dialogue.types import DialogueEvent, Reply

Item = Reply | DialogueEvent


async def mark_last(items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """Exactly the final reply is the last. One that says more follows goes out at once; another waits for its
    successor, while events overtake it. Raises ``RuntimeError`` when there was no reply at all.
    """
    held: Reply | None = None
    async with aclosing(items):
        async for item in items:
            if not isinstance(item, Reply):
                yield item
                continue
            if held is not None:
                yield replace(held, is_last=False)
                held = None
            if item.is_last:
                held = item
            else:
                yield item
    if held is None:
        raise RuntimeError("a skill ended without a last reply")
    yield held


async def closable(items: AsyncIterator[Item]) -> AsyncGenerator[Item, None]:
    """A skill's run as something that can be closed."""
    try:
        async for item in items:
            yield item
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()
