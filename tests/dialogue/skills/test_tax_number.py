"""The tax number of a company: its check character, and how it stands in a sentence."""

from __future__ import annotations

import pytest

from dialogue.skills.tax_number import check_character, is_tax_number, tax_number_in


@pytest.mark.parametrize("code", ["91310115MA1K3XX12P", "110000000000000005", "91350200MA2Y0001X3"])
def test_the_check_character_decides(code: str) -> None:
    right = code[:-1] + check_character(code[:-1])
    assert is_tax_number(right)
    others = [char for char in "0123456789ABCDEFGHJKLMNPQRTUWXY" if char != right[-1]]
    assert not any(is_tax_number(right[:-1] + char) for char in others)


@pytest.mark.parametrize(
    "code", ["", "91310115MA1K3XX12", "91310115MA1K3XX12PP", "91310115MAIK3XX12P", "9131O115MA1K3XX12P"]
)
def test_length_and_characters_count(code: str) -> None:
    assert not is_tax_number(code)


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("税号91310115MA1K3XX12P", False, "91310115MA1K3XX12P"),
        ("9131 0115 ma1k 3xx1 2p", True, "91310115MA1K3XX12P"),
        ("91310115MA1K3XX12", True, "91310115MA1K3XX12"),
        ("91310115MA1K3XX12", False, None),
        ("订单89070650开发票", False, None),
        ("SF1390001112223", False, None),
        ("没有", True, None),
    ],
)
def test_it_is_found_in_words(text: str, asked: bool, found: str | None) -> None:
    assert tax_number_in(text, asked=asked) == found
