"""A task from its first words to its verdict, with a Kefu of a few lines."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dialogue.backend import Backend
from dialogue.evaluate.play import MOST_TURNS, Answer, Customer, Heard, Kefu, Snapshot, Task, play, unsaid_of
from dialogue.types import Modality
from nlu.types import Expectation

FREE = Expectation()


class Counter:
    """A world of one number."""

    def __init__(self) -> None:
        self.value = 0
        self.other = 0

    @property
    def shop(self) -> Any:
        return self

    async def snapshot(self) -> Snapshot:
        return {"value": self.value, "other": self.other}

    async def close(self) -> None:
        return None


class Adding:
    """Adds what it is told to; hands over at "help", breaks at "break"."""

    def __init__(self, world: Counter) -> None:
        self.world = world

    async def greet(self) -> Answer:
        return Answer(("Hello.",), FREE)

    async def answer(self, words: str, alternatives: Sequence[str] = ()) -> Answer:
        if words == "break":
            raise RuntimeError("broken")
        if words == "other":
            self.world.other += 1
        if words.isdigit():
            self.world.value += int(words)
        return Answer((f"It is 1,{self.world.value}00 now.",), FREE, words == "help", ("add done {}", "add full {}"))

    async def close(self) -> None:
        return None


class Reading:
    """Says its lines."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    def next(self, said: Sequence[str], expectation: Expectation) -> str | None:
        return self.lines.pop(0) if self.lines else None


async def opened(shop: Backend, task: Task, modality: Modality) -> Kefu:
    return Adding(shop)  # type: ignore[arg-type]


def task(*lines: str) -> Task:
    async def world() -> Any:
        return Counter()

    async def gold() -> Snapshot:
        return {"value": 3, "other": 0}

    def customer() -> Customer:
        return Reading(*lines)

    return Task("t", ("add",), "", "en", world, gold, customer)


async def test_a_world_that_ends_as_gold_passes() -> None:
    result = await play(task("1", "2"), opened)
    assert (result.passed, result.end, result.turns, result.refusals) == (True, "content", 2, 2)
    assert result.transcript[:2] == ["< Hello.", "> 1"]


async def test_why_it_did_not_pass() -> None:
    found = [await play(task(*lines), opened) for lines in (["1"], ["hello"], ["1", "2", "other"], ["3", "break"])]
    assert [(one.cause, one.detail) for one in found] == [
        ("wrong_write", "value"),
        ("no_write", "value"),
        ("wrong_write", "other"),
        ("error", "RuntimeError: broken"),
    ]


async def test_what_must_be_said() -> None:
    said = replace(task("3"), must_say=("1300",), facts=(("look", ("9", "1,300")), ("find", ("8",))))
    result = await play(said, opened)
    assert result.passed
    assert result.told == (("look", True), ("find", False))
    assert (await play(replace(said, must_say=("1400",)), opened)).cause == "not_told"
    assert unsaid_of(["Blue"], ["It is BLUE."]) == []


async def test_how_a_dialogue_ends() -> None:
    assert (await play(task("help", "3"), opened)).end == "handed_off"
    assert (await play(task(*["0"] * (MOST_TURNS + 1)), opened)).end == "gave_up"


async def test_a_line_changes_what_is_heard() -> None:
    async def deaf(words: str) -> Heard:
        return Heard("3")

    result = await play(task("three"), opened, deaf, "voice")
    assert result.passed
    assert "  heard: 3" in result.transcript
