"""The picture of a turn."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.bench.waterfall import Turn, draw, middle_turn, spans_of_hops, svg

SVG = "{http://www.w3.org/2000/svg}"
HOPS = {"endpoint_ms": 400.0, "asr_ms": 0.0, "nlu_ms": 20.0, "dialogue_ms": 10.0, "tts_ms": 120.0, "total_ms": 550.0}


def turn(v2v: float, **more: object) -> dict[str, object]:
    return {"question": "运费怎么算", "voice_to_voice_ms": v2v, "hops": HOPS, "spans": [], **more}


def test_hops_follow_each_other() -> None:
    assert spans_of_hops(HOPS) == [
        ("endpoint", 0, 400), ("asr", 400, 400), ("nlu", 400, 420), ("dialogue", 420, 430), ("tts", 430, 550),
    ]  # fmt: skip


def test_the_turn_in_the_middle_is_drawn() -> None:
    chosen = middle_turn([turn(900.0), turn(500.0), turn(600.0, question="积分怎么用", spans=[["asr", -50, 180]])])
    assert (chosen.question, chosen.p50_ms, chosen.count) == ("积分怎么用", 600.0, 3)
    assert chosen.spans == [("asr", -50, 180)]


def test_unanswered_turns_are_not_drawn() -> None:
    with pytest.raises(ValueError, match="no answered turn"):
        middle_turn([turn(-20.0), turn(500.0, hops={})])


def test_bars_lie_where_the_spans_are() -> None:
    spans = [("endpoint", 0.0, 400.0), ("asr", 200.0, 380.0), ("<new> & odd", 380.0, 400.0), ("send", 400.0, 420.0)]
    root = Xml.fromstring(svg(Turn("a < b?", spans, 600.0, 610.0, 24)))
    _, speech, *bars = root.findall(f"{SVG}rect")
    zero = float(speech.attrib["x"]) + float(speech.attrib["width"])
    starts = [float(bar.attrib["x"]) for bar in bars]
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert len(bars) == len(spans)
    assert starts[0] == pytest.approx(zero, abs=0.2)
    scale = widths[0] / 400
    assert starts[1] - zero == pytest.approx(200 * scale, abs=0.3)
    assert widths[1] == pytest.approx(180 * scale, abs=0.3)
    texts = [text.text or "" for text in root.findall(f"{SVG}text")]
    assert {"语音识别", "180 ms", "<new> & odd"} <= set(texts)
    assert any("a < b?" in text for text in texts)


def test_every_bar_is_inside_the_picture() -> None:
    spans = [("asr", -420.0, 30.0), ("endpoint", 0.0, 2100.0), ("tts", 2100.0, 2500.0)]
    root = Xml.fromstring(svg(Turn("q", spans, 2600.0, 2600.0, 1)))
    width = float(root.attrib["width"])
    for bar in root.findall(f"{SVG}rect")[1:]:
        assert float(bar.attrib["x"]) >= 200
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width


def test_a_saved_run_is_drawn_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "turns.json").write_text(json.dumps({"turns": [turn(500.0)]}), "utf-8")
    out = tmp_path / "docs" / "picture.svg"
    assert draw(tmp_path / "turns.json", out).question == "运费怎么算"
    assert Xml.parse(out).getroot().tag == f"{SVG}svg"
