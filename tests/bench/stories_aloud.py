"""How many of our own stories end as they should when they are told on the telephone (see ``tests.bench.aloud``)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tests.bench.aloud import Called, as_it_should_be, called, scene
from tests.bench.results import Result, Results
from tests.dialogue.stories import load_stories

EVERY, QUICK_EVERY = 3, 20
"""One story in so many, of every file."""


async def measure(build: Path, console: Console, *, quick: bool = False) -> Results:
    """A third of the stories, evenly; build/bench/stories-aloud.json has every call, word by word."""
    chosen = load_stories()[:: QUICK_EVERY if quick else EVERY]
    calls = []
    async with scene(build / "bench" / "aloud") as around:
        for number, story in enumerate(chosen, 1):
            calls.append(await called(story, around))
            if number % 10 == 0:
                console.print(f"{number} of {len(chosen)} stories, {as_it_should_be(calls)} as they should be")
    kept = build / "bench" / "stories-aloud.json"
    kept.write_text(json.dumps([asdict(call) for call in calls], ensure_ascii=False, indent=1), "utf-8")
    return results(calls)


def results(calls: Sequence[Called]) -> Results:
    """Shares of the stories."""
    with_effect = [call for call in calls if call.has_effect]
    right = sum(not call.problems and not call.last_answer for call in calls)
    found = {
        "stories_aloud_end": Result(round(as_it_should_be(calls) / len(calls), 4), "", len(calls), more_is_better=True),
        "stories_aloud_end_and_last_answer": Result(round(right / len(calls), 4), "", len(calls), more_is_better=True),
        "stories_aloud_repeats": Result(sum(call.repeats for call in calls), "", len(calls)),
    }
    if with_effect:
        share = as_it_should_be(with_effect) / len(with_effect)
        found["stories_aloud_end_with_effect"] = Result(round(share, 4), "", len(with_effect), more_is_better=True)
    return found
