"""Our own stories as tasks: how many end with the shop as they must leave it, understood by the trained heads.

A story's **task succeeds** when at its end the shop's records, the number of WRITEs, the tickets and the hand-off are
as the story says; **all checks** also asks every answer on the way for its words. Stories lie with the tests, which are
looked for by name (``tests.dialogue.served``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from rich.console import Console

from dialogue.evaluate.models import LocalModels
from dialogue.evaluate.retrieval import DataError
from inference_server.client import InferenceClient

_FAILED_TOLD = 40


async def measured(triton: str | None, limit: int | None, console: Console) -> Mapping[str, Any]:
    """The report; progress on ``console``. Raises ``DataError`` outside a checkout, ``EncoderError``."""
    try:
        served = import_module("tests.dialogue.served")
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "tests":
            raise DataError("tests/dialogue is not here: run this in a checkout of Kefu") from error
        raise
    client: InferenceClient | LocalModels = InferenceClient(triton) if triton else LocalModels()
    began = time.perf_counter()
    try:
        scores = [score async for score in served.scores(client, limit, lambda score: _tell(console, score))]
    finally:
        await client.close()
    return report(scores) | {"seconds": round(time.perf_counter() - began, 1)}


def report(scores: Sequence[Any]) -> dict[str, Any]:
    """Shares of ``scores``, of all and by language, and what failed."""
    languages = sorted({score.language for score in scores})
    failed = [score for score in scores if score.at_the_end or score.wrong_turns]
    return {
        **_shares(scores),
        "by_language": {
            language: _shares([score for score in scores if score.language == language]) for language in languages
        },
        "failed": [
            {"story": score.story, "wrong_turns": score.wrong_turns, "at_the_end": list(score.at_the_end)}
            for score in failed[:_FAILED_TOLD]
        ],
    }


def _shares(scores: Sequence[Any]) -> dict[str, Any]:
    count, turns = len(scores), sum(score.turns for score in scores)
    return {
        "stories": count,
        "turns": turns,
        "task_success": _share(sum(not score.at_the_end for score in scores), count),
        "all_checks": _share(sum(not score.at_the_end and not score.wrong_turns for score in scores), count),
        "turns_as_expected": _share(turns - sum(score.wrong_turns for score in scores), turns),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _tell(console: Console, score: Any) -> None:
    if score.at_the_end or score.wrong_turns:
        console.print(
            f"{score.story}: {score.wrong_turns} turns, {'; '.join(score.at_the_end)}", markup=False, soft_wrap=True
        )
