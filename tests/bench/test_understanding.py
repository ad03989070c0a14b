"""What the benchmark of the understanding takes from an evaluation."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from tests.bench.results import Result
from tests.bench.understanding import SETS, _figures, _sets


def test_figures_of_an_evaluation_beside_their_reference() -> None:
    scores = {"task": "cic", "n": 10, "coarse_accuracy": 0.5, "macro_f1": None, "ece": 0.1, "groups": {}}
    assert _figures("cic", scores, 10) == {
        "cic_coarse_accuracy": Result(0.5, "", 10, reference=0.874, more_is_better=True),
        "cic_ece": Result(0.1, "", 10),
    }


def test_a_set_of_two_files_needs_both(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    for name in ("zh_faq_retrieval_afqmc_queries", "zh_qmatch_lcqmc_dev"):
        (tmp_path / "open" / f"{name}.jsonl").touch()
    assert [(name, len(files)) for name, _, files in _sets(tmp_path)] == [("lcqmc", 1)]
    (tmp_path / "zh_faq_retrieval_afqmc_corpus.jsonl").touch()
    assert [(name, len(files)) for name, _, files in _sets(tmp_path)] == [("lcqmc", 1), ("afqmc", 2)]


def test_a_data_set_is_known_by_its_name_in_every_split() -> None:
    patterns = {name: found for name, _, found in SETS}
    for split in ("train", "test"):
        assert fnmatch(f"zh_ecom_intent_cic_{split}.jsonl", patterns["cic"][0])
    assert not fnmatch("zh_ecom_intent_cic_labels.jsonl", patterns["cic"][0])
    assert fnmatch("en_intent_clinc150_test.jsonl", patterns["oos_en"][0])
