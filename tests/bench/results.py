"""What a benchmark found, as a table and as ``{name: {value, unit, aim, met, reference, n}}``."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Result:
    """One figure."""

    value: float
    unit: str
    n: int
    """Samples behind it."""
    aim: float | None = None
    """At most this much (at least, when ``more_is_better``)."""
    reference: float | None = None
    """The same quantity of the reference, taken in the same run."""
    more_is_better: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without an aim."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.more_is_better else self.value <= self.aim


Results = dict[str, Result]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0..1) of ``values`` lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))] if share < 1 else ordered[-1]


def quantiles(name: str, values: Sequence[float], unit: str = "ms", *, aim_p50: float | None = None) -> Results:
    """p50, p95 and p99 of ``values`` under ``name``."""
    return {
        f"{name}_p50": Result(round(statistics.median(values), 2), unit, len(values), aim_p50),
        f"{name}_p95": Result(round(percentile(values, 0.95), 2), unit, len(values)),
        f"{name}_p99": Result(round(percentile(values, 0.99), 2), unit, len(values)),
    }


def show(results: Results, console: Console) -> None:
    """Print the table."""
    table = Table("figure", "value", "aim", "met", "reference", "n")
    for name, result in results.items():
        relation = ">=" if result.more_is_better else "<="
        met = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[result.met]
        table.add_row(
            name,
            f"{result.value:g} {result.unit}",
            f"{relation} {result.aim:g}" if result.aim is not None else "",
            met,
            f"{result.reference:g} {result.unit}" if result.reference is not None else "",
            str(result.n),
        )
    console.print(table)


def save(results: Results, path: Path) -> None:
    """Write the JSON; ``<name>.machine.json`` beside it says where and when."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body: dict[str, object] = {}
    for name, result in results.items():
        fields = asdict(result)
        del fields["more_is_better"]
        body[name] = {**fields, "met": result.met}
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False), "utf-8")
    machine = f"{os.cpu_count()} CPU cores, {platform.machine()}, Python {platform.python_version()}"
    about = {"machine": machine, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    path.with_suffix(".machine.json").write_text(json.dumps(about), "utf-8")
