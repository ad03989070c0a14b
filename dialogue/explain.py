"""Why Kefu answered as it did: a ``Parse``, the tension and the policy's choice in; JSON, and a panel for the terminal.

    understood  intent, its rivals, the nearest training utterances, the words that matched
    slots       value, place in the words, the rule that read it
    mood        sentiment, the words that make it tense, how tense the conversation is and why
    then        the skill that was chosen

What it tells of the ``Parse`` is stored with the turn, so that it can be told of any turn later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dialogue.escalation import Tension
from dialogue.policy import Choice
from nlu.types import Evidence, Parse, Slot

_STYLES = {"calm": "green", "tense": "yellow", "escalate": "red"}


def explanation(parse: Parse, tension: Tension, choice: Choice | None = None) -> dict[str, Any]:
    """JSON; ``tension`` after the message, ``choice`` where it is at hand."""
    return {
        "text": parse.text,
        "normalized": parse.normalized,
        "intent": parse.intent,
        "confidence": parse.confidence,
        "classifier": parse.classifier,
        "degraded": parse.degraded,
        "alternatives": [{"label": one.label, "score": round(one.score, 4)} for one in parse.alternatives],
        "nearest": _evidence(parse, "nearest"),
        "words": _evidence(parse, "words"),
        "why": list(parse.why),
        "slots": [_slot(slot, parse) for slot in parse.slots],
        "sentiment": {"polarity": parse.sentiment.polarity, "score": round(parse.sentiment.score, 4)},
        "signals": [{"kind": signal.kind, "words": signal.words} for signal in parse.signals],
        "tension": {"level": tension.level, "score": round(tension.score, 2), "reasons": list(tension.reasons)},
        "choice": None if choice is None else {"skill": choice.skill, "mode": choice.mode, "reason": choice.reason},
    }


def panel(told: dict[str, Any]) -> Panel:
    """``explanation`` to be read; any of its words may be the customer's, so none is markup."""
    parts: list[RenderableType] = [_understood(told)]
    parts += [_table("nearest training utterances", told["nearest"])] if told["nearest"] else []
    parts += [_slots(told["slots"])] if told["slots"] else []
    parts.append(_mood(told))
    if told["choice"]:
        choice = told["choice"]
        parts.append(
            Text.assemble(("then      ", "dim"), (choice["skill"], "bold"), f" ({choice['mode']})  ", choice["reason"])
        )
    return Panel(Group(*parts), title="why", border_style="dim", expand=False)


def _evidence(parse: Parse, kind: str) -> list[dict[str, Any]]:
    return [_plain(found) for found in parse.evidence if found.kind == kind]


def _plain(found: Evidence) -> dict[str, Any]:
    return {"label": found.label, "words": found.words, "score": round(found.score, 4)}


def _slot(slot: Slot, parse: Parse) -> dict[str, Any]:
    rules = (found.words for found in parse.evidence if found.kind == "slot" and found.label == slot.name)
    return {
        "name": slot.name,
        "value": str(slot.value),
        "raw": slot.raw,
        "span": [slot.start, slot.end],
        "confidence": round(slot.confidence, 4),
        "fails_check": slot.fails_check,
        "rule": next(rules, ""),
    }


def _understood(told: dict[str, Any]) -> Text:
    text = Text.assemble(("intent    ", "dim"), (told["intent"], "bold"), f" {told['confidence']:.2f}")
    rivals = [one for one in told["alternatives"] if one["label"] != told["intent"]][:3]
    text.append("".join(f"  {one['label']} {one['score']:.2f}" for one in rivals), "dim")
    text.append(f"  by {told['classifier']}" + (", for the one that is away" if told["degraded"] else ""), "dim")
    if told["normalized"] != told["text"]:
        text.append(f"\nread as   {told['normalized']}")
    words = ", ".join(f"{one['words']} ({one['score']:+.1f})" for one in told["words"])
    return text.append(f"\nwords     {words}") if words else text


def _table(title: str, rows: Iterable[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="dim", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(f"{row['score']:.2f}", Text(row["label"], "cyan"), Text(row["words"]))
    table.show_header = False
    return table


def _slots(slots: list[dict[str, Any]]) -> Table:
    table = Table(title="slots", title_justify="left", title_style="dim", box=None, padding=(0, 2, 0, 0))
    for slot in slots:
        sure = f"{slot['confidence']:.2f}" + (" check digit wrong" if slot["fails_check"] else "")
        place = f"{slot['raw']} [{slot['span'][0]}:{slot['span'][1]}]"
        table.add_row(
            Text(slot["name"], "cyan"), Text(slot["value"], "bold"), Text(place), sure, Text(slot["rule"], "dim")
        )
    table.show_header = False
    return table


def _mood(told: dict[str, Any]) -> Text:
    sentiment, tension = told["sentiment"], told["tension"]
    text = Text.assemble(("mood      ", "dim"), f"{sentiment['polarity']} {sentiment['score']:.2f}  ")
    text.append(tension["level"], _STYLES[tension["level"]])
    text.append(f" {tension['score']:.1f}")
    if tension["reasons"]:
        text.append(f"  because of {', '.join(tension['reasons'])}", "dim")
    said = ", ".join(f"{signal['kind']}: {signal['words']}" for signal in told["signals"])
    return text.append(f"\nsaid      {said}") if said else text
