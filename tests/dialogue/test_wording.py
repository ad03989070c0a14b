"""Both languages say the same things with the same facts, in words that can be spoken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dialogue
from dialogue.wording import LANGUAGES, fields_of, wording
from nlu.types import Language

ZH, EN = wording("zh"), wording("en")
MENUS = {key for keys in ZH.menus.values() for key in keys}
SOURCE = "\n".join(path.read_text("utf-8") for path in Path(dialogue.__file__).parent.rglob("*.py"))


def test_both_languages_have_the_same_keys() -> None:
    assert set(ZH.templates) == set(EN.templates)


@pytest.mark.parametrize("key", sorted(ZH.templates))
def test_both_languages_use_the_same_fields_in_every_variant(key: str) -> None:
    of = {fields_of(template) for words in (ZH, EN) for template in words.templates[key]}
    assert len(of) == 1, of


@pytest.mark.parametrize("language", LANGUAGES)
def test_replies_can_be_spoken(language: Language) -> None:
    for key, variants in wording(language).templates.items():
        for text in variants:
            assert not re.search(r"[*#`_\[\]<>]|https?:|\n", re.sub(r"\{\w+\}", "", text)), (key, text)
            if not key.startswith("summary."):
                assert len(re.findall(r"[。！？]|[.!?](?= |$)", text)) <= 3, (key, text)
                assert "你" not in text, (key, text)


def test_no_key_is_left_over() -> None:
    """Every key is in the source, whole or begun by an f-string that completes it."""
    begun = {prefix for prefix in re.findall(r'f"([a-z_]+\.[a-z_.]*)\{', SOURCE) if prefix != "suggest."}
    for key in ZH.templates:
        name = key.removeprefix("suggest.")
        assert f'"{name}"' in SOURCE or name in MENUS or any(key.startswith(prefix) for prefix in begun), key


def test_the_variant_follows_the_seed() -> None:
    said = [ZH.say("smalltalk.greet", seed) for seed in range(4)]
    assert said[0] == said[2] != said[1] == said[3]


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(KeyError):
        ZH.say("orders.not_found")
    with pytest.raises(KeyError):
        ZH.say("no.such.key")


def test_sentences_join_as_the_language_writes() -> None:
    assert ZH.join("好。", "", "请说。") == "好。请说。"
    assert EN.join("Fine.", "Go on.") == "Fine. Go on."
