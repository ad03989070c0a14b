"""Scenes around recordings of people, where a folder of them is given: ``manifest.jsonl`` as ``tests.bench.asr`` reads.

Numbers read by people get a pause in their middle; short questions and commands of people become barge-ins and turns;
speech without a transcript becomes a television.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nlu.types import Expectation
from speech.types import Language
from tests.turn_taking.scenes import Item, Label, Scene

_LONGEST_S = 7.0
_PAUSES_MS = (700.0, 1000.0, 1300.0, 1600.0)
"""Put into a silence that is there already."""
_ANSWER: dict[Language, str] = {
    "zh": "我们支持七天无理由退货，商品需要保持完好，吊牌和包装都要齐全，"
    "退货的运费由买家承担，退款会在三个工作日内原路返回。",
    "en": "You can return any item within seven days as long as the tags and the packaging are complete, the refund "
    "goes back to your original payment method within three working days.",
}
_GREETING: dict[Language, str] = {"zh": "您好，请说。", "en": "Hello, how can I help?"}
_ASK_NUMBER = "Please tell me your order number."


def recorded_scenes(folder: Path) -> list[Scene]:
    """Scenes of the recordings in ``folder``, in the manifest's order; none without a manifest."""
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        return []
    entries = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    short = [entry for entry in entries if entry["seconds"] <= _LONGEST_S]
    return [*_numbers(folder, short), *_turns(folder, short), *_televisions(folder, short)]


def _numbers(folder: Path, entries: Iterable[dict[str, Any]]) -> list[Scene]:
    scenes = []
    for index, entry in enumerate(entry for entry in entries if entry.get("digits")):
        digits = entry["digits"]
        pause_ms = _PAUSES_MS[index % len(_PAUSES_MS)]
        item = Item("end", 600, says=(digits, pause_ms, ""), recording=_path(folder, entry))
        expects = Expectation("digits", slot="order_number", digits=len(digits))
        label = Label(turns=(digits,))
        scenes.append(Scene(f"en_recorded_{index:02}", "pause_in_number", "en", _ASK_NUMBER, expects, (item,), label))
    return scenes


def _turns(folder: Path, entries: Iterable[dict[str, Any]]) -> list[Scene]:
    scenes = []
    for entry in entries:
        text, language = entry["text"], entry["lang"]
        if not text or "digits" in entry["style"] or entry.get("digits"):
            continue
        name = f"{language}_recorded_{Path(entry['file']).stem.split('_', 1)[1].lower()}"
        path = _path(folder, entry)
        over, after = Item("start", 2000, (text,), recording=path), Item("end", 700, (text,), recording=path)
        scenes += [
            Scene(name, "barge_in", language, _ANSWER[language], Expectation(), (over,), Label("yield", (text,))),
            Scene(name, "question", language, _GREETING[language], Expectation(), (after,), Label(turns=(text,))),
        ]
    return scenes


def _televisions(folder: Path, entries: Iterable[dict[str, Any]]) -> list[Scene]:
    scenes = []
    for entry in entries:
        if entry["text"]:
            continue
        language = entry["lang"]
        item = Item("start", 1800, ("",), recording=_path(folder, entry), style="tv")
        name = f"{language}_recorded_{Path(entry['file']).stem.split('_', 1)[1].lower()}"
        scene = Scene(
            name, "side_talk", language, _ANSWER[language], Expectation(), (item,), Label("keep"), opening="spoken"
        )
        scenes.append(scene)
    return scenes


def _path(folder: Path, entry: dict[str, Any]) -> Path:
    candidates = [base / entry["file"] for base in (folder, folder.parent)]
    return next((path for path in candidates if path.is_file()), candidates[0])
