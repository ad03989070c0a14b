"""Words for the recogniser."""

from __future__ import annotations

import pytest

from nlu.domains import domains
from nlu.hotwords import MOST, domain_words, hotwords, with_own
from nlu.types import Language


def test_names_that_sound_alike_are_one() -> None:
    assert hotwords(["晨露水壶", "陈露水壶"]) == ("晨露水壶",)
    assert hotwords(["Cloud Humidifier", "cloud humidifier"]) == ("Cloud Humidifier",)


def test_names_are_cut_to_what_is_said() -> None:
    assert hotwords(["山里红枣(500g装)", "花信补水面膜【十片】", "a", " ", ""]) == ("山里红枣", "花信补水面膜")
    assert all(len(word) <= 12 for word in hotwords(["一二三四五六七八九十一二三四五六"]))


def test_there_are_only_so_many() -> None:
    names = [f"{first}{second}壶" for first in "东南西北上下左右" for second in "山水火木金土日月"]
    assert len(hotwords(names)) == MOST
    assert hotwords(names, most=0) == ()


@pytest.mark.parametrize("domain", domains())
def test_every_domain_says_what_its_customers_say(domain: str) -> None:
    words = domain_words(domain).usual
    for language in ("zh", "en"):
        assert 5 <= len(words[language]) <= 60
        assert len(set(words[language])) == len(words[language])


def test_own_products_stand_where_they_count() -> None:
    words: dict[Language, tuple[str, ...]] = {"zh": ("退货", "零一二"), "en": ("refund", "number")}
    mixed = with_own(words, ["云朵加湿器", "Cloud Humidifier"])
    assert mixed["zh"] == ("退货", "零一二", "云朵加湿器")
    assert mixed["en"] == ("refund", "number", "Cloud Humidifier")
    assert with_own({"zh": words["zh"]}, ["Cloud Humidifier"]) == {"zh": words["zh"]}
