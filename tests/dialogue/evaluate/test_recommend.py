"""Scores of what is bought together, on baskets made up here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dialogue.evaluate.__main__ import main
from dialogue.evaluate.recommend import load, scores
from dialogue.evaluate.retrieval import DataError

TEA, RICE = ["茶", "杯"], ["米", "油"]


def test_what_belongs_together_is_found_where_popularity_cannot_tell() -> None:
    popular = [[name] for name in "甲乙丙丁戊" for _ in range(20)]
    baskets = [*popular, *[TEA, RICE] * 10, *[[*TEA], [*RICE]] * 15]
    found = scores(baskets)
    assert found["times"] == found["cosine"] == 1.0
    assert found["popular"] < 0.5
    assert found["asked"] == 60


def test_nothing_can_be_asked() -> None:
    assert scores([["茶"]] * 10)["times"] == 0.0


def test_baskets_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "baskets.jsonl"
    file.write_text("\n".join(json.dumps({"id": "1", "items": items}) for items in [TEA, [*TEA, "茶"]] * 10), "utf-8")
    assert load(file)[1] == ("茶", "杯")
    assert main(["--baskets", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["times"] == 1.0


@pytest.mark.parametrize("line", ["{", '{"id": 1}', '{"items": "茶"}', '{"items": [1]}', "[]"])
def test_a_broken_line_is_named(tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "baskets.jsonl"
    file.write_text(f'{{"items": ["茶"]}}\n{line}\n', "utf-8")
    with pytest.raises(DataError, match=r"baskets\.jsonl:2: "):
        load(file)
    assert main(["--baskets", str(file)]) == 2
    assert "baskets.jsonl:2" in capsys.readouterr().err


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none"):
        load(tmp_path / "none.jsonl")
