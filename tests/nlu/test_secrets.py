"""What a domain hides before anything is understood, and what it must leave alone."""

from __future__ import annotations

import pytest

from nlu.classifiers.keyword import KeywordClassifier
from nlu.domains import load_domain
from nlu.secrets import NO_SECRETS, Secrets, load_secrets
from nlu.sounds_like import NOTHING_BY_EAR
from nlu.types import Expectation
from nlu.understand import Understanding

CARDS = load_secrets(load_domain("bank_card").folder)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("我的密码是482913", "我的密码是******"),
        ("密码一二三四五六对吗", "密码******对吗"),
        ("验证码是 0 5 1 2 3 3", "验证码是 * * * * * *"),
        ("482913是我的密码", "******是我的密码"),
        ("my PIN is 4821, ok", "my PIN is ****, ok"),
        ("the security code: 077", "the security code: ***"),
        ("卡号6222 0201 1234 8812", "卡号**** **** **** 8812"),
        ("六二二二零二零一一二三四八八一二", "************八八一二"),
    ],
)
def test_secrets_are_hidden(said: str, kept: str) -> None:
    assert CARDS.hide(said) == kept


@pytest.mark.parametrize(
    "said",
    ["密码忘了，尾号8812", "密码忘了尾号8812", "手机后三位123", "8000块分12期", "手机13800138000", "密码输错三次", ""],
)
def test_other_numbers_stay(said: str) -> None:
    assert CARDS.hide(said) == said


def test_a_domain_without_secrets_hides_nothing() -> None:
    assert load_secrets(load_domain("shop").folder) is NO_SECRETS
    assert NO_SECRETS.hide("密码是482913") == "密码是482913"


def test_a_pattern_must_say_what_it_hides() -> None:
    with pytest.raises(ValueError, match="secret"):
        Secrets([r"pin (\d+)"])


async def test_no_part_of_a_parse_holds_the_secret() -> None:
    understanding = Understanding(KeywordClassifier(domain="bank_card"), by_ear=NOTHING_BY_EAR, secrets=CARDS)
    parse = await understanding.understand(
        "密码是482913", Expectation("digits", slot="digits", digits=6), alternatives=("密码是四八二九一三",)
    )
    assert parse.text == "密码是******"
    assert "482913" not in repr(parse)
    assert "四八二九一三" not in repr(parse)
