"""What a benchmark found, as a table and as ``{name: {value, unit, n, aim, met, reference, ratio}}``."""

from __future__ import annotations

import json
import math
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

    @property
    def ratio(self) -> float | None:
        """``value`` by ``reference``; None without one."""
        return round(self.value / self.reference, 3) if self.reference else None


Results = dict[str, Result]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` (0..1) of them do not exceed; nearest rank, rounded up."""
    ordered = sorted(values)
    # The rounding keeps 0.95 * 20 = 19.000000000000004 from becoming the 20th.
    return ordered[min(len(ordered), max(1, math.ceil(round(share * len(ordered), 9)))) - 1]


def quantiles(
    name: str,
    values: Sequence[float],
    unit: str = "ms",
    *,
    aim_p50: float | None = None,
    aim_p95: float | None = None,
    reference: Sequence[float] | None = None,
) -> Results:
    """p50, p95 and p99 of ``values`` under ``name``, each beside that of ``reference``; nothing of no values."""
    if not values:
        return {}

    def of(sample: Sequence[float], share: float) -> float:
        return round(statistics.median(sample) if share == 0.5 else percentile(sample, share), 2)

    aims = {0.5: aim_p50, 0.95: aim_p95, 0.99: None}
    return {
        f"{name}_p{share * 100:.0f}": Result(
            of(values, share), unit, len(values), aim, of(reference, share) if reference else None
        )
        for share, aim in aims.items()
    }


def show(results: Results, console: Console) -> None:
    """Print the table."""
    table = Table("figure", "value", "aim", "met", "reference", "ratio", "n")
    table.columns[0].no_wrap = True
    for name, result in results.items():
        relation = ">=" if result.more_is_better else "<="
        met = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[result.met]
        table.add_row(
            name,
            f"{result.value:g} {result.unit}",
            f"{relation} {result.aim:g}" if result.aim is not None else "",
            met,
            f"{result.reference:g} {result.unit}" if result.reference is not None else "",
            f"{result.ratio:g}" if result.ratio is not None else "",
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
        body[name] = {**fields, "met": result.met, "ratio": result.ratio}
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False), "utf-8")
    machine = f"{os.cpu_count()} CPU cores, {platform.machine()}, Python {platform.python_version()}"
    about = {"machine": machine, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    path.with_suffix(".machine.json").write_text(json.dumps(about), "utf-8")
