"""What calls through the doors found: as results, and as cells of the table in the README. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.bench.doors.call import Heard
from tests.bench.results import Result, Results, percentile

REFERENCE = "web"
"""What all other doors are compared with."""
AIM_CLIENT_LATE_MS = 20.0
"""One frame."""
_SECTION = re.compile(r"^## Doors\n.*?(?=^## )", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(?P<name>\w+)`.*\|$", re.MULTILINE)
_LAST_RUN = re.compile(r"^Last run: .*$", re.MULTILINE)
_MS_CELL = 4


def figures(found: Mapping[str, Sequence[Heard]]) -> Results:
    """Median and slowest greeting and answer of each door, beside those of the reference.

    Its *share* of an answer is what is not the gateway's own account: the way there and back, the client's buffer.
    """
    results: Results = {}
    reference = _answers(found.get(REFERENCE, ()))
    late_ms: list[float] = []
    for name, calls in found.items():
        greetings = [call.greeting_ms for call in calls if call.greeting_ms is not None]
        results |= _spread(f"door_{name}_greeting", greetings)
        results |= _spread(f"door_{name}_answer", _answers(calls), reference)
        results |= _median(f"door_{name}_share", _shares(calls), _shares(found.get(REFERENCE, ())))
        wrong = sum(call.answer_ms is None or call.answer_ms < 0 for call in calls)
        results[f"door_{name}_unanswered"] = Result(wrong, "calls", len(calls), 0)
        late_ms += [ms for call in calls for ms in call.late_ms]
    if late_ms:
        late = round(percentile(late_ms, 0.99), 2)
        results["door_client_late_p99"] = Result(late, "ms", len(late_ms), AIM_CLIENT_LATE_MS)
    return results


def request_figures(asked: Mapping[str, Sequence[float]]) -> Results:
    """Median and slowest of the doors without a line."""
    results: Results = {}
    for name, values in asked.items():
        results |= _spread(f"door_{name}", values)
    return results


def _shares(calls: Iterable[Heard]) -> list[float]:
    return [call.share_ms for call in calls if call.share_ms is not None]


def _answers(calls: Iterable[Heard]) -> list[float]:
    return [call.answer_ms for call in calls if call.answer_ms is not None and call.answer_ms >= 0]


def _spread(name: str, values: Sequence[float], reference: Sequence[float] = ()) -> Results:
    if not values:
        return {}
    slowest = Result(
        round(max(values), 1), "ms", len(values), reference=round(max(reference), 1) if reference else None
    )
    return {**_median(name, values, reference), f"{name}_max": slowest}


def _median(name: str, values: Sequence[float], reference: Sequence[float] = ()) -> Results:
    if not values:
        return {}
    beside = round(statistics.median(reference), 1) if reference else None
    return {f"{name}_p50": Result(round(statistics.median(values), 1), "ms", len(values), reference=beside)}


def cells(results: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Door -> ``greeting / answer (slowest answer)`` in ms, of results as they are saved; one figure without a line."""

    def ms(name: str) -> str:
        return f"{results[name]['value']:.0f}" if name in results else "-"

    found: dict[str, str] = {}
    for name in results:
        if (line := re.fullmatch(r"door_(\w+)_answer_p50", name)) is not None:
            door = f"door_{line[1]}"
            found[line[1]] = f"{ms(f'{door}_greeting_p50')} / {ms(name)} ({ms(f'{door}_answer_max')})"
        elif (request := re.fullmatch(r"door_([a-z]+)_p50", name)) is not None:
            found[request[1]] = f"{ms(name)} ({ms(f'door_{request[1]}_max')})"
    return found


def filled(readme: str, cells: Mapping[str, str], last_run: str) -> str:
    """``readme`` with these cells in the rows of its section "Doors", and when and where they were measured.

    Raises ``ValueError`` where there is no row.
    """
    section = _SECTION.search(readme)
    rows = {row["name"] for row in _ROW.finditer(section[0])} if section else set()
    if missing := set(cells) - rows:
        raise ValueError(f"README.md, section Doors, has no row for {', '.join(sorted(missing))}")
    assert section is not None

    def with_cell(row: re.Match[str]) -> str:
        parts = row[0].split("|")
        if row["name"] in cells:
            parts[_MS_CELL] = f" {cells[row['name']]} "
        return "|".join(parts)

    return readme.replace(section[0], _LAST_RUN.sub(f"Last run: {last_run}.", _ROW.sub(with_cell, section[0])))
