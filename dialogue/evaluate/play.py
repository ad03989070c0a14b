"""A task played to its end: a world, a customer and Kefu in; whether the world ended as it should, and why not, out.

    customer > words > (a line: text, or the telephone) > Kefu > its replies > customer > ...
    at the end: the world's snapshot against the one after the gold WRITEs, and what had to be said

The benchmarks (``tau2``, ``ecom``) make ``Task`` values; nothing here knows any of them.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from dialogue.backend import Backend
from dialogue.types import Modality
from nlu.types import Expectation, Language

Snapshot = Mapping[str, object]
"""Records of a world by name (``order #W1``), each JSON: what two worlds are compared by."""
MOST_TURNS = 40
"""A dialogue that is longer ends as given up."""


class World(Protocol):
    """A shop that a task is played in, fresh for each play."""

    @property
    def shop(self) -> Backend:
        """What Kefu works on."""
        ...

    async def snapshot(self) -> Snapshot:
        """Every record that a WRITE can change, as it is now."""
        ...


class Customer(Protocol):
    """A scripted customer: knows their wishes, not the world."""

    def next(self, said: Sequence[str], expectation: Expectation) -> str | None:
        """What they say to Kefu's last replies (none yet: the first turn); None: they have nothing more to say."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be played, and what it must end as."""

    task_id: str
    kinds: tuple[str, ...]
    """Of its goals, e.g. ``exchange``; results are told by each and by all of them together."""
    not_covered: str
    """Why the skills do not claim its goals; empty where they do. Decided from the goals, never from a result."""
    language: Language
    world: Callable[[], Awaitable[World]]
    """A fresh one at each call."""
    gold: Callable[[], Awaitable[Snapshot]]
    """The world's snapshot after the gold WRITEs."""
    customer: Callable[[], Customer]
    """A new one at each call."""
    must_say: tuple[str, ...] = ()
    """What Kefu's replies must hold, in any letters and with or without commas in numbers."""
    customer_id: str | None = None
    """Who is signed in; None: they prove who they are."""
    now: datetime | None = None
    """The world's present, which stands still; None: it has none of its own."""
    order_numbers: str | None = None
    """What an order number of this world looks like, a regular expression; None: as in the demo shop."""
    facts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Gold look-ups: name, and pieces of what it finds, any of which counts as told. They decide nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Kefu gave for one message."""

    replies: tuple[str, ...]
    expectation: Expectation
    handed_off: bool = False
    writes: tuple[str, ...] = ()
    """WRITEs begun in this turn: name, ``done`` or the rule that refused it, arguments."""
    intent: str = ""
    """What the message was taken for."""


class Kefu(Protocol):
    """One conversation."""

    async def greet(self) -> Answer:
        """Its first words."""
        ...

    async def answer(self, words: str, alternatives: Sequence[str] = ()) -> Answer:
        """The answer to ``words``; ``alternatives``: other readings of the same utterance, best first."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


Open = Callable[[Backend, Task, Modality], Awaitable[Kefu]]
"""Begins a conversation of Kefu with a fresh shop."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out at Kefu's end of a line."""

    text: str
    alternatives: tuple[str, ...] = ()


Line = Callable[[str], Awaitable[Heard]]
"""Carries the customer's words to Kefu."""


async def typed(words: str) -> Heard:
    """The line of a chat: nothing is lost."""
    return Heard(words)


@dataclass(slots=True)
class Result:
    """How a play ended."""

    task_id: str
    kinds: tuple[str, ...]
    not_covered: str
    passed: bool = False
    cause: str = ""
    """Why it failed, a word that causes are counted by: ``error``, ``wrong_write``, ``no_write``, ``not_told``."""
    detail: str = ""
    """The records that differ, the words that were not said, the error."""
    end: str = ""
    """How the dialogue ended: ``content`` (the customer had no more to say), ``handed_off``, ``gave_up``, ``error``."""
    turns: int = 0
    refusals: int = 0
    """WRITEs that the shop refused."""
    told: tuple[tuple[str, bool], ...] = ()
    """Gold look-ups, and whether the customer got to know what they find."""
    seconds: float = 0.0
    transcript: list[str] = field(default_factory=list)


async def play(task: Task, open_kefu: Open, line: Line = typed, modality: Modality = "text") -> Result:
    """Play ``task`` once. An unexpected error of Kefu's is a result, not an exception."""
    result = Result(task.task_id, task.kinds, task.not_covered)
    began = time.perf_counter()
    world = await task.world()
    before = await world.snapshot()
    kefu = await open_kefu(world.shop, task, modality)
    try:
        await _talk(task, kefu, line, result)
    except Exception as error:  # noqa: BLE001 - a crash of Kefu's fails this task, not the whole run
        result.end, result.detail = "error", f"{type(error).__name__}: {error}"
    finally:
        await kefu.close()
    _judge(result, before, await world.snapshot(), await task.gold(), task.must_say)
    said = _said_by_kefu(result)
    result.told = tuple((name, len(unsaid_of(pieces, said)) < len(pieces)) for name, pieces in task.facts)
    await world.shop.close()
    result.seconds = round(time.perf_counter() - began, 2)
    return result


async def _talk(task: Task, kefu: Kefu, line: Line, result: Result) -> None:
    customer = task.customer()
    answer = await kefu.greet()
    result.transcript += [f"< {text}" for text in answer.replies]
    while (words := customer.next(answer.replies, answer.expectation)) is not None:
        if result.turns == MOST_TURNS:
            result.end = "gave_up"
            return
        heard = await line(words)
        answer = await kefu.answer(heard.text, heard.alternatives)
        result.turns += 1
        result.refusals += sum(write.split()[1] != "done" for write in answer.writes)
        result.transcript += [f"> {words}", *([f"  heard: {heard.text}"] if heard.text != words else [])]
        result.transcript += [f"  [{answer.intent}]", *(f"  WRITE {write}" for write in answer.writes)]
        result.transcript += [f"< {text}" for text in answer.replies]
        if answer.handed_off:
            result.end = "handed_off"
            return
    result.end = "content"


def _judge(result: Result, before: Snapshot, after: Snapshot, gold: Snapshot, must_say: Sequence[str]) -> None:
    """Fill in whether it passed; a world that ended right does not excuse an error."""
    wrong, missing = differing(before, after, gold)
    unsaid = unsaid_of(must_say, _said_by_kefu(result))
    if result.end == "error":
        result.cause = "error"
    elif wrong:
        result.cause, result.detail = "wrong_write", "; ".join(wrong)
    elif missing:
        result.cause, result.detail = "no_write", "; ".join(missing)
    elif unsaid:
        result.cause, result.detail = "not_told", "; ".join(unsaid)
    else:
        result.passed = True


def _said_by_kefu(result: Result) -> list[str]:
    return [text[2:] for text in result.transcript if text.startswith("< ")]


def differing(before: Snapshot, after: Snapshot, gold: Snapshot) -> tuple[list[str], list[str]]:
    """Names of records that were changed to something else than gold, and of those that were not changed at all."""
    names = sorted({*after, *gold})
    unlike = [name for name in names if after.get(name) != gold.get(name)]
    return (
        [name for name in unlike if after.get(name) != before.get(name)],
        [name for name in unlike if after.get(name) == before.get(name)],
    )


def unsaid_of(must_say: Sequence[str], replies: Sequence[str]) -> list[str]:
    """Those of ``must_say`` that no reply holds; letters' case and commas in numbers do not count."""
    said = "\n".join(replies).lower().replace(",", "")
    return [words for words in must_say if words.lower().replace(",", "") not in said]
