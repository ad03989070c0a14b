"""Taking the floor over the telephone: scenes of tests/turn_taking in virtual time, wideband and at 8 kHz in turns.

The caller is ``tests.turn_taking.telephone.PhoneCaller``: 300-3400 Hz, 8 kHz, mu-law, then the gateway's own way to
16 kHz. Engines are real; what takes time takes always the same (``tests.turn_taking.steady``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.bench.results import Result, Results
from tests.bench.turn_taking import Progress, Stage, play_steady, steady_stage
from tests.turn_taking.caller import Caller
from tests.turn_taking.figures import Judged, figures
from tests.turn_taking.report import Played, report
from tests.turn_taking.scenes import Kind, Scene
from tests.turn_taking.selection import chosen
from tests.turn_taking.telephone import PhoneCaller

KINDS: tuple[Kind, ...] = ("barge_in", "stop_command", "backchannel", "vocal_tic", "side_talk", "noise")
"""Those in which the bot speaks and somebody or something sounds over it."""
_FIGURES = ("yield_", "selectivity_", "false_turn_rate")


def measure(build: Path, console: Console, *, quick: bool, everything: bool, recordings: Path | None) -> Results:
    """Every figure of the telephone beside the wideband one. Not within a running event loop.

    Writes every scene of the telephone with what was heard to build/bench/phone-scenes.json. Raises ``SpeechError``
    when models are not set up.
    """
    found: list[Scene] = []
    if everything:
        found = chosen(quick=False, everything=True, kinds=KINDS, recordings=recordings)
    else:
        found = [s for s in chosen(quick=quick, everything=False, kinds=(), recordings=recordings) if s.kind in KINDS]
    with steady_stage(found, build, console, recordings) as stage:
        wide, phone = (_played(found, stage, console, by) for by in (Caller, PhoneCaller))
        told = [report(each, stage.voices.heard_alone) for each in phone]
    out = build / "bench" / "phone-scenes.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    return results(_judged(phone), _judged(wide))


def _played(found: Sequence[Scene], stage: Stage, console: Console, by: type[Caller]) -> list[Played]:
    console.print(f"{len(found)} scenes, {by.rate_hz} Hz", highlight=False)
    return play_steady(found, stage, Progress(console, len(found)), by)


def _judged(played: Sequence[Played]) -> list[Judged]:
    return [(each.scene, each.score) for each in played]


def results(phone: Sequence[Judged], wide: Sequence[Judged]) -> Results:
    """Figures of the telephone, each with the wideband one for its reference."""
    reference = figures(wide)
    return {
        f"phone_{name}": Result(
            round(figure.value, 4),
            figure.unit,
            figure.n,
            figure.aim,
            round(reference[name].value, 4) if name in reference else None,
            more_is_better=figure.more_is_better,
        )
        for name, figure in figures(phone).items()
        if name.startswith(_FIGURES)
    }
