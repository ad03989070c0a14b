"""Rates over results."""

from dialogue.evaluate.play import Result
from dialogue.evaluate.report import report


def result(name: str, kinds: tuple[str, ...], *, passed: bool, not_covered: str = "", turns: int = 4) -> Result:
    cause = "" if passed else "no_write"
    return Result(name, kinds, not_covered, passed, cause, end="content", turns=turns, told=(("look", passed),))


def test_rates_are_of_what_is_covered_and_of_all() -> None:
    found = report(
        "tau2",
        [
            result("a", ("cancel",), passed=True),
            result("b", ("cancel", "return"), passed=False, turns=8),
            result("c", ("info",), passed=False, not_covered="a sum"),
        ],
        "text",
    )
    assert (found["tasks"], found["covered"], found["coverage"]) == (3, 2, 0.6667)
    assert (found["pass_rate"], found["pass_rate_all"]) == (0.5, 0.3333)
    assert found["by_kind"]["cancel"] == {"tasks": 2, "passed": 1, "pass_rate": 0.5}
    assert found["by_kind"]["several"]["tasks"] == 1
    assert "info" not in found["by_kind"]
    assert (found["causes"], found["turns_p50"]) == ({"no_write": 1}, 4)
    assert found["facts"] == {"told": 1, "of": 3, "by_name": {"look": {"told": 1, "of": 3}}}
    assert [row["id"] for row in found["results"]] == ["a", "b", "c"]


def test_nothing_played_has_no_rates() -> None:
    assert report("tau2", [], "text")["pass_rate"] is None
