"""Names that were told, beside names that are written."""

import pytest

from dialogue.shop.names import sounds_like, the_one_named


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("Nora Bel", "Nora Bell"),
        ("Norah Bell", "Nora Bell"),
        ("Nora Garcoy", "Nora Garcia"),
        ("josé nuñez", "Jose Nunez"),
    ],
)
def test_a_name_that_was_misheard(told: str, written: str) -> None:
    assert the_one_named(told, [written], str) == written


@pytest.mark.parametrize(
    ("told", "written"),
    [("Nora Hill", "Nora Bell"), ("Zoe Bell", "Nora Bell"), ("Nora", "Nora Bell"), ("林小曼", "林小满")],
)
def test_another_name(told: str, written: str) -> None:
    assert not sounds_like(told, written)


def test_who_is_named_exactly_goes_before_who_sounds_alike_and_two_are_nobody() -> None:
    assert the_one_named("Nora Bell", ["Norah Bell", "nora  bell"], str) == "nora  bell"
    assert the_one_named("Nora Bell", ["Norah Bell", "Nora Bel"], str) is None
    assert the_one_named("Nora Bell", ["Nora Bell", "nora bell"], str) is None
