"""The time of one turn as a picture: an SVG of the spans that the gateway reported for it. Pure, but for ``draw``.

    speech ====|                                   0 = the end of speech as the gateway heard it
    endpoint   |---------------|
    asr            |-----|                         work that was done ahead lies inside the wait
    ...                        ^ first audio

``python -m tests.bench waterfall`` draws the turn in the middle of the last voice benchmark into deploy/waterfall.svg.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tests.bench.results import percentile

Spans = Sequence[tuple[str, float, float]]
"""(name, start, end), milliseconds from the end of speech."""

_NAMES = {
    "endpoint": ("说完了吗", "wait: is that all?"),
    "asr": ("语音识别", "recognition"),
    "nlu": ("理解", "understanding"),
    "dialogue": ("查询与对话", "lookup and dialogue"),
    "tts": ("语音合成", "voice: first sound"),
    "send": ("发出", "release and send"),
}
_COLOURS = {
    "endpoint": "#c3cad6", "asr": "#3b7dd8", "nlu": "#2a9d8f",
    "dialogue": "#e0a21b", "tts": "#8a5cc2", "send": "#d1495b",
}  # fmt: skip
_HOPS = ("endpoint", "asr", "nlu", "dialogue", "tts")
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BAR = 900, 250, 40, 88, 34, 18
_SPEECH_MS = 150.0
"""How much of the speech before the end is shown."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn that is drawn."""

    question: str
    spans: Spans
    voice_to_voice_ms: float
    """At the client, from the true end of speech."""
    p50_ms: float
    """Of all the turns of the run."""
    count: int


def spans_of_hops(hops: dict[str, float]) -> list[tuple[str, float, float]]:
    """Hops that add up, one after the other: what a gateway that reports no spans tells."""
    spans, at = [], 0.0
    for name in _HOPS:
        length = hops.get(f"{name}_ms", 0.0)
        spans.append((name, at, at + length))
        at += length
    return spans


def middle_turn(turns: Sequence[dict[str, Any]]) -> Turn:
    """The turn whose voice-to-voice is nearest to the median. Raises ``ValueError`` when there is none to draw."""
    known = [turn for turn in turns if turn["hops"] and turn["voice_to_voice_ms"] > 0]
    if not known:
        raise ValueError("no answered turn to draw; run 'python -m tests.bench voice' first")
    p50 = percentile([turn["voice_to_voice_ms"] for turn in known], 0.5)
    turn = min(known, key=lambda turn: abs(turn["voice_to_voice_ms"] - p50))
    spans = [(name, start, end) for name, start, end in turn["spans"]] or spans_of_hops(turn["hops"])
    return Turn(turn["question"], spans, turn["voice_to_voice_ms"], p50, len(known))


def svg(turn: Turn) -> str:
    """The picture."""
    first = min([-_SPEECH_MS, *(start for _, start, _ in turn.spans)])
    heard = max(end for _, _, end in turn.spans)
    step = 50 if heard - first <= 900 else 100 if heard - first <= 1800 else 500
    low, high = math.floor(first / step) * step, math.ceil((heard + step / 2) / step) * step
    scale = (_WIDTH - _LEFT - _RIGHT) / (high - low)
    bottom = _TOP + _ROW * (len(turn.spans) + 1)

    def x(ms: float) -> float:
        return round(_LEFT + (ms - low) * scale, 1)

    parts = [_head(turn, bottom + 62)]
    for tick in range(low, high + 1, step):
        parts.append(f'<line x1="{x(tick)}" y1="{_TOP - 8}" x2="{x(tick)}" y2="{bottom}" stroke="#e4e8ee"/>')
        parts.append(_text(x(tick), bottom + 17, f"{tick}", anchor="middle", size=11, colour="#5b6472"))
    parts.append(_text(_WIDTH - _RIGHT, bottom + 34, "毫秒 ms", anchor="end", size=11, colour="#5b6472"))
    parts += _row(0, "顾客说话", "customer speaks", x(low), x(0), "#1d2530", "")
    for number, (name, start, end) in enumerate(turn.spans, 1):
        zh, en = _NAMES.get(name, (name, ""))
        parts += _row(number, zh, en, x(start), x(end), _COLOURS.get(name, "#7a8594"), f"{end - start:.0f} ms")
    parts.append(
        f'<line x1="{x(heard)}" y1="{_TOP - 8}" x2="{x(heard)}" y2="{bottom}" stroke="#d1495b" stroke-width="2" '
        'stroke-dasharray="4 3"/>'
    )
    parts.append(
        _text(x(heard), _TOP - 14, f"首个声音 first audio {heard:.0f} ms", anchor="end", size=12, colour="#a32638")
    )
    note = (
        f"顾客端实测（真实话尾到首个可听样本）at the client, from the true end of speech to the first audible sample: "
        f"{turn.voice_to_voice_ms:.0f} ms (p50 of {turn.count} turns: {turn.p50_ms:.0f} ms)"
    )
    parts.append(_text(20, bottom + 52, note, size=12, colour="#2b3442"))
    return "\n".join([*parts, "</svg>", ""])


def _head(turn: Turn, height: int) -> str:
    title = f"一轮对话的时间 · where the time of one turn goes: 「{turn.question}」"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" '
            "role=\"img\" font-family=\"system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif\">",
            f"<title>{escape(title)}</title>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(20, 32, title, size=17, colour="#1d2530", weight=600),
            _text(20, 54, "0 = 话尾 end of speech, as the gateway heard it", size=12, colour="#5b6472"),
        ]
    )


def _row(number: int, zh: str, en: str, left: float, right: float, colour: str, label: str) -> list[str]:
    y = _TOP + number * _ROW
    row = [
        _text(20, y + 14, zh, size=13, colour="#1d2530", weight=600),
        _text(104, y + 14, en, size=11, colour="#5b6472"),
        f'<rect x="{left}" y="{y}" width="{max(2.0, round(right - left, 1))}" height="{_BAR}" rx="3" fill="{colour}"/>',
    ]
    if not label:
        return row
    # Beside the bar on the side where there is room.
    inside = right + 70 > _WIDTH
    at, anchor = (left - 6, "end") if inside else (right + 6, "start")
    return [*row, _text(at, y + 14, label, anchor=anchor, size=12, colour="#2b3442")]


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = "#000", weight: int = 400
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'


def draw(turns_file: Path, out: Path) -> Turn:
    """Draw the middle turn of a saved run. Raises ``FileNotFoundError``, ``ValueError``."""
    turn = middle_turn(json.loads(turns_file.read_text("utf-8"))["turns"])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(svg(turn), "utf-8")
    return turn
