"""The shipped data is complete and consistent; bad data is refused with the place named; variants keep the meaning."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from nlu.domains import DEFAULT, OUT_OF_SCOPE, domains, load_domain
from nlu.train.data import ROOT, DataError, Example, canonical, load, spoken, variants
from nlu.types import INTENTS, Polarity

FLOOR = 40


@pytest.mark.parametrize("name", domains())
def test_every_intent_has_enough_utterances_in_both_languages(name: str) -> None:
    domain = load_domain(name)
    count = Counter((example.label, example.language) for example in load(domain.intents, domain.labels, FLOOR))
    assert {label for label, _ in count} == set(domain.labels)
    least = 30 if name == DEFAULT else 15
    assert all(count[label, language] >= least for label in domain.labels for language in ("zh", "en"))


def test_the_shop_has_utterances_in_volume() -> None:
    domain = load_domain()
    count = Counter(example.label for example in load(domain.intents, domain.labels))
    assert min(count.values()) >= 150
    assert count[OUT_OF_SCOPE] >= 1000


def test_every_polarity_has_enough_utterances_in_both_languages() -> None:
    labels = get_args(Polarity)
    count = Counter((example.label, example.language) for example in load(ROOT / "sentiment", labels, FLOOR))
    assert all(count[label, "zh"] >= 150 and count[label, "en"] >= 60 for label in labels)


def test_language_sections_hold_their_language() -> None:
    examples = load(load_domain().intents, INTENTS)
    english = [example for example in examples if example.language == "en"]
    assert not [example.source for example in english if any("\u4e00" <= c <= "\u9fff" for c in example.text)]


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.txt").write_text(content, "utf-8")
    return folder


def test_reads_sections_and_comments_in_order(tmp_path: Path) -> None:
    folder = write(tmp_path, a="# a: note\n# zh\n你好\n\n# en\nhello there\n# zh\n再见\n")
    assert load(folder, ("a",)) == (
        Example("你好", "a", "zh", "a.txt:3"),
        Example("hello there", "a", "en", "a.txt:6"),
        Example("再见", "a", "zh", "a.txt:8"),
    )


def test_text_under_two_labels_names_both_lines(tmp_path: Path) -> None:
    folder = write(tmp_path, a="# zh\n我要退货！\n", b="# zh\n你好\n我要 退货\n")
    with pytest.raises(DataError, match=r"b\.txt:3: '我要 退货' is also a\.txt:2"):
        load(folder, ("a", "b"))


@pytest.mark.parametrize(
    ("files", "labels", "message"),
    [
        ({"a": "你好\n"}, ("a",), r"a\.txt:1: an utterance before"),
        ({"a": "# zh\n你好\n"}, ("a", "b"), "no file for b"),
        ({"a": "# zh\n你好\n", "c": "# zh\n嗯\n"}, ("a",), "no such label: c"),
        ({"a": "# zh\n你好\n"}, ("a",), r"a\.txt: 1 utterances, at least 2"),
        ({"a": "# zh\n你好\n嗯\n"}, ("a",), r"a\.txt: no utterance in en"),
    ],
)
def test_unusable_data_is_refused(tmp_path: Path, files: dict[str, str], labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(write(tmp_path, **files), labels, 2)


def test_canonical_ignores_width_case_and_punctuation() -> None:
    assert canonical("ＯＫ， 好的！") == canonical("ok好的")
    assert canonical("?!") == "?!"


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("亲，我的订单呢？", "亲我的订单呢"),
        ("I don't want it. Cancel!", "i dont want it cancel"),
        ("退 12.50 元", "退12.50元"),
        ("？", "？"),
    ],
)
def test_spoken_has_no_punctuation(written: str, heard: str) -> None:
    assert spoken(written) == heard


def test_variants_depend_on_text_and_seed_only() -> None:
    example = Example("订单20240315001什么时候发货呀？", "order_status", "zh", "a.txt:1")
    elsewhere = Example(example.text, "order_status", "zh", "b.txt:9")
    assert variants(example, 7) == variants(elsewhere, 7)
    assert variants(example, 7) != variants(example, 8)
    assert example.text not in variants(example, 7)


def test_variants_change_digits_but_not_their_number() -> None:
    example = Example("取消订单20240315001", "cancel_order", "zh", "a.txt:1")
    changed = [text for text in variants(example, 7) if "20240315001" not in text]
    assert changed
    assert all(len(text) == len(example.text) for text in changed)


def test_labels_about_politeness_get_no_polite_words() -> None:
    examples = [Example(f"好的{i}", "affirm", "zh", "") for i in range(60)]
    assert not [t for e in examples for t in variants(e, 7, polite=False) if "谢" in t or "你好" in t]
    assert [t for e in examples for t in variants(e, 7) if "谢" in t or "你好" in t]
