"""Results of plays in, the report out: pass rates of what the skills cover and of all, by kind and by cause."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from dialogue.evaluate.play import Result


def report(task: str, results: Sequence[Result], modality: str) -> dict[str, Any]:
    """One JSON object. Rates are None where nothing is counted.

    ``coverage``: the share of tasks whose goals the skills claim; ``pass_rate``: of those; ``pass_rate_all``: of all.
    """
    covered = [result for result in results if not result.not_covered]
    return {
        "task": task,
        "modality": modality,
        "tasks": len(results),
        "covered": len(covered),
        "coverage": rate(not result.not_covered for result in results),
        "passed": sum(result.passed for result in covered),
        "pass_rate": rate(result.passed for result in covered),
        "pass_rate_all": rate(result.passed for result in results),
        "by_kind": _by_kind(covered),
        "causes": dict(Counter(result.cause for result in covered if not result.passed).most_common()),
        "ends": dict(Counter(result.end for result in results).most_common()),
        "turns_p50": median(result.turns for result in results) if results else None,
        "refusals": sum(result.refusals for result in results),
        "wrong_writes": sum(result.cause == "wrong_write" for result in results),
        **_facts(results),
        "seconds": round(sum(result.seconds for result in results), 1),
        "results": [_row(result) for result in results],
    }


def rate(outcomes: Iterable[bool]) -> float | None:
    """The share that is true."""
    counted = list(outcomes)
    return round(sum(counted) / len(counted), 4) if counted else None


def _by_kind(covered: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """A task counts under each of its kinds, and under ``several`` where it has more than one."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in covered:
        for kind in (*result.kinds, *(("several",) if len(result.kinds) > 1 else ())):
            groups[kind].append(result)
    return {
        kind: {
            "tasks": len(group),
            "passed": sum(one.passed for one in group),
            "pass_rate": rate(one.passed for one in group),
        }
        for kind, group in sorted(groups.items())
    }


def _facts(results: Sequence[Result]) -> dict[str, Any]:
    """Gold look-ups whose facts were told, by name; nothing where no task has any."""
    told = [one for result in results for one in result.told]
    if not told:
        return {}
    names = Counter(name for name, _ in told)
    by_name = {name: {"told": sum(was for of, was in told if of == name), "of": count} for name, count in names.items()}
    return {"facts": {"told": sum(was for _, was in told), "of": len(told), "by_name": by_name}}


def _row(result: Result) -> dict[str, Any]:
    return {
        "id": result.task_id,
        "kinds": list(result.kinds),
        "covered": not result.not_covered,
        "not_covered": result.not_covered,
        "passed": result.passed,
        "cause": result.cause,
        "detail": result.detail,
        "end": result.end,
        "turns": result.turns,
        "refusals": result.refusals,
        "seconds": result.seconds,
    }
