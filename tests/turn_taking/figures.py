"""The figures of a whole suite, from its scores. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.results import percentile
from tests.turn_taking.scenes import Kind, Scene
from tests.turn_taking.score import Score

SELECTIVE: tuple[Kind, ...] = ("backchannel", "noise", "vocal_tic", "side_talk", "echo")
"""Kinds that hold what the bot ought not to heed."""
Judged = tuple[Scene, Score]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. Rates are 0..1."""

    value: float
    n: int
    """Events behind it."""
    unit: str = "rate"
    aim: float | None = None
    """At most this much; at least, when ``more_is_better``."""
    more_is_better: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the aim is met; true without one."""
        if self.aim is None:
            return True
        return self.value >= self.aim if self.more_is_better else self.value <= self.aim


def figures(judged: Sequence[Judged]) -> dict[str, Figure]:
    """Every figure that has events behind it."""
    scores = [score for _, score in judged]
    found: dict[str, Figure | None] = {"correct": _share([score.is_correct for score in scores])}
    found |= _yields(judged)
    for kind in SELECTIVE:
        found |= _selectivity(kind, [score for scene, score in judged if scene.kind == kind])
    utterances = sum(score.utterances for score in scores)
    if utterances:
        false = sum(score.false_endpoints for score in scores)
        found["false_endpoint_rate"] = Figure(false / utterances, utterances, aim=0.03, more_is_better=False)
    found["cut_number_rate"] = _rate([s.cut_number for s in scores if s.cut_number is not None], at_most=0)
    found["missed_response_rate"] = _rate(s.missed for s in scores if s.missed is not None)
    unaddressed = [score for scene, score in judged if not scene.label.turns]
    found["false_turn_rate"] = _rate(score.false_turns > 0 for score in unaddressed)
    answered = [s.response_ms for scene, s in judged if s.response_ms is not None and scene.label.bot != "keep"]
    found["agent_interruption_rate"] = _rate(ms < 0 for ms in answered)
    found |= _times("response", [ms for ms in answered if ms >= 0], (0.5, 0.95))
    return {name: figure for name, figure in found.items() if figure is not None}


def table(judged: Sequence[Judged]) -> str:
    """Figures and correct scenes per kind, for people."""
    lines = []
    for name, figure in figures(judged).items():
        value = f"{figure.value:.0f} ms" if figure.unit == "ms" else f"{figure.value:.3f}"
        relation = ">=" if figure.more_is_better else "<="
        aim = "" if figure.aim is None else f"aim {relation} {figure.aim:g}{'' if figure.is_met else '   MISSED'}"
        lines.append(f"{name:34} {value:>9}  n={figure.n:<4} {aim}".rstrip())
    right, of = Counter[str](), Counter[str]()
    for scene, score in judged:
        of[scene.kind] += 1
        right[scene.kind] += score.is_correct
    lines += [f"{kind:34} {right[kind]:>5} of {count}" for kind, count in sorted(of.items())]
    return "\n".join(lines)


def _yields(judged: Sequence[Judged]) -> dict[str, Figure | None]:
    """Over the bot's echo separately: there the guard has to know the words before it can tell the customer's."""
    found: dict[str, Figure | None] = {}
    for name, echoes in (("yield", False), ("yield_over_echo", True)):
        latencies = [
            score.yield_ms
            for scene, score in judged
            if scene.label.bot == "yield" and (scene.echo_db is not None) is echoes
        ]
        for limit_ms in (300, 500, 2000):
            aim = 0.95 if limit_ms == 300 and not echoes else None
            within = [ms is not None and ms <= limit_ms for ms in latencies]
            found[f"{name}_rate_{limit_ms}ms"] = _share(within, aim=aim)
        found |= _times(name, [ms for ms in latencies if ms is not None], (0.5, 0.95, 0.99))
    return found


def _selectivity(kind: Kind, scores: Sequence[Score]) -> dict[str, Figure | None]:
    """Both readings; scenes in which the bot is silent count in both."""
    judged = [score for score in scores if score.kept is not None or score.quiet is not None]
    kept = [(s.kept if s.kept is not None else bool(s.quiet)) and not s.false_turns for s in judged]
    unbroken = [whole and (score.never_paused is not False) for whole, score in zip(kept, judged, strict=True)]
    return {
        f"selectivity_{kind}_kept": _share(kept, aim=0.9),
        f"selectivity_{kind}_never_paused": _share(unbroken),
    }


def _share(events: Iterable[bool], *, aim: float | None = None) -> Figure | None:
    """How many of the events were so; more is better."""
    values = list(events)
    return Figure(sum(values) / len(values), len(values), aim=aim) if values else None


def _rate(events: Iterable[bool], *, at_most: float | None = None) -> Figure | None:
    """The same where less is better."""
    values = list(events)
    return Figure(sum(values) / len(values), len(values), aim=at_most, more_is_better=False) if values else None


def _times(name: str, values: Sequence[float], shares: Sequence[float]) -> dict[str, Figure | None]:
    if not values:
        return {}
    return {
        f"{name}_p{round(share * 100)}": Figure(percentile(values, share), len(values), "ms", more_is_better=False)
        for share in shares
    }
