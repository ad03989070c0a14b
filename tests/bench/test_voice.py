"""What the voice benchmark makes of its calls."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from rich.console import Console

from tests.bench.audible import Playback
from tests.bench.line import Answer, Asked
from tests.bench.questions import Question
from tests.bench.voice import Call, figures, hops, latencies, save_turns


def asked(text: str, v2v_ms: float | None, heard: str = "") -> Asked:
    question = Question(text, np.zeros(160, np.float32), 5.0)
    if v2v_ms is None:
        return Asked(question, 1000.0, None)
    playback = Playback(24_000, audible_ms=1000.0 + v2v_ms)
    answer = Answer(
        1, playback, transcript=heard or text, hops={"endpoint_ms": 400.0}, spans=[("endpoint", 0.0, 400.0)]
    )
    return Asked(question, 1000.0, answer)


CALLS = [
    Call([asked("运费怎么算", 600.0, "運費怎麼算"), asked("积分怎么用", 800.0, "机身怎么用")], [0.5, 1.0]),
    Call([asked("我想退货", -50.0), asked("谢谢你再见", None)], [30.0], broke="ConnectionResetError: gone"),
]


def test_only_answers_after_the_end_of_speech_have_a_latency() -> None:
    assert latencies(CALLS) == [600, 800]


def test_what_went_wrong_is_counted() -> None:
    out = io.StringIO()
    found = figures("v", CALLS, Console(file=out, width=120), aims=(700, 750), reference=[1400.0, 1400.0])
    assert (found["v_p50"].value, found["v_p50"].ratio, found["v_p95"].met) == (700, 0.5, False)
    counts = ("v_unanswered", "v_too_soon", "v_broken_calls", "v_client_late_p99")
    assert {name: found[name].value for name in counts} == {
        "v_unanswered": 1, "v_too_soon": 1, "v_broken_calls": 1, "v_client_late_p99": 30,
    }  # fmt: skip
    assert found["v_cer"].value == round(2 / 14, 4), "traditional characters are no errors"
    assert "a call broke: ConnectionResetError: gone" in out.getvalue()


def test_no_call_at_all_is_reported() -> None:
    found = figures("v", [Call([asked("运费怎么算", None)], [])], Console(file=io.StringIO()))
    assert found["v_unanswered"].value == 1
    assert "v_p50" not in found


def test_hops_are_those_of_the_answered_turns() -> None:
    assert hops(CALLS)["voice_hop_endpoint_p50"].n == 3


def test_turns_are_kept_for_the_picture(tmp_path: Path) -> None:
    save_turns(CALLS, tmp_path / "bench" / "turns.json")
    turns = json.loads((tmp_path / "bench" / "turns.json").read_text())["turns"]
    assert [turn["question"] for turn in turns] == ["运费怎么算", "积分怎么用", "我想退货"]
    assert turns[0]["spans"] == [["endpoint", 0.0, 400.0]]
