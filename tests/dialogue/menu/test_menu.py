"""Menus: files that are wrong are named with the place, walks end, hours, words against longer words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.event_codec import decode, encode
from dialogue.menu import Menu, MenuInvalid, load_menu
from dialogue.menu.answers import chosen, digits_of, key_of
from dialogue.menu.hours import is_open
from dialogue.menu.walk import Place, answer, begin, complete, expectation_of, failed, filled, prompt
from dialogue.types import Asked
from nlu.types import Expectation, KeyRules, Parse, Sentiment

EXAMPLE = Path(__file__).parents[3] / "deploy" / "phone_menu.yaml"
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""A Monday, 12:00 in Shanghai."""
NIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)


def said(text: str, intent: str = "out_of_scope", normalized: str = "") -> Parse:
    return Parse(text, normalized or text, "zh", intent, 0.9, (), Sentiment("neutral", 0.9))


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load_menu(EXAMPLE)


# --- the file --------------------------------------------------------------------------------------------------------

SMALL: dict[str, Any] = {
    "start": "main",
    "nodes": {
        "main": {
            "say": {"zh": "一", "en": "one"},
            "choices": [{"key": "1", "to": "bye"}],
            "failed": "bye",
        },
        "bye": {"hang_up": True},
    },
}


def broken(path: str, value: Any) -> dict[str, Any]:
    """``SMALL`` with one field changed; None takes it away."""
    data: dict[str, Any] = yaml.safe_load(yaml.safe_dump(SMALL))
    *parents, last = path.split(".")
    at: Any = data
    for name in parents:
        at = at[int(name)] if isinstance(at, list) else at[name]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return data


def collecting(**changes: Any) -> dict[str, Any]:
    """``SMALL`` whose node collects digits."""
    data = broken("nodes.main.choices", None)
    data["nodes"]["main"].update(collect={"name": "number", "min": 4, "max": 8, **changes}, to="bye")
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (broken("start", "nowhere"), ["start", "nowhere", "no node"]),
        (broken("nodes.main.choices.0.to", "nowhere"), ["node main", "nowhere"]),
        (broken("nodes.main.choices.0.key", "x"), ["nodes.main.choices.0.key"]),
        (broken("nodes.main.say.en", None), ["nodes.main.say", "en is missing"]),
        (broken("nodes.main.failed", None), ["nodes.main", "failed"]),
        (broken("nodes.main.failed", "main"), ["node main", "circle"]),
        (broken("nodes.main.hang_up", True), ["nodes.main", "one of"]),
        (broken("nodes.main.choices", [{"key": "1", "to": "bye"}] * 2), ["same key"]),
        (broken("nodes.main.colour", "red"), ["nodes.main.colour"]),
        (broken("nodes.bye.when_closed", "bye"), ["circle"]),
        (broken("recording", {"consent": "ask"}), ["consent: granted"]),
        (broken("recording", {"consent": "notice"}), ["recording", "notice"]),
        (broken("hours", {"timezone": "Mars/Base", "open": {}}), ["hours.timezone", "Asia/Shanghai"]),
        (broken("hours", {"open": {"mon": [{"from": "21:00", "until": "09:00"}]}}), ["hours.open.mon.0", "before"]),
        (collecting(end="0"), ["nodes.main.collect.end", "'none'"]),
        (collecting(next_digit_s=0), ["nodes.main.collect.next_digit_s", "greater than 0"]),
        (collecting(first_digit_s=90), ["nodes.main.collect.first_digit_s", "60"]),
        (collecting(min=9, max=8), ["nodes.main.collect", "min is more than max"]),
        (collecting(max=25), ["nodes.main.collect.max", "24"]),
        ({"start": "main"}, ["nodes"]),
        ([1], ["menu.yaml"]),
    ],
)
def test_a_wrong_menu_is_named_with_the_place(tmp_path: Path, data: Any, words: list[str]) -> None:
    path = tmp_path / "menu.yaml"
    path.write_text(yaml.safe_dump(data), "utf-8")
    with pytest.raises(MenuInvalid) as caught:
        load_menu(path)
    assert all(word in str(caught.value) for word in [*words, str(path)]), str(caught.value)


def test_a_menu_that_is_not_there_or_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(MenuInvalid, match="cannot read"):
        load_menu(tmp_path / "absent.yaml")
    path = tmp_path / "menu.yaml"
    path.write_text("a: [", "utf-8")
    with pytest.raises(MenuInvalid, match="not YAML"):
        load_menu(path)
    assert Menu.model_validate(SMALL).nodes["bye"].hang_up


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parse", "key"),
    [
        (said("1"), "1"), (said("按一", normalized="按1"), "1"), (said("请按 2 键。"), "2"), (said("press 9"), "9"),
        (said("不同意"), "2"), (said("我同意"), "1"), (said("不可以录音"), "2"), (said("Yes, sure."), "1"),
        (said("No."), "2"), (said("好的", "affirm"), "1"), (said("算了", "deny"), "2"),
        (said("我的订单到哪了"), None), (said("3"), None), (said("I know"), None), (said(""), None), (said("12"), None),
    ],
)  # fmt: skip
def test_keys_words_and_meaning_choose(menu: Menu, parse: Parse, key: str | None) -> None:
    choice = chosen(menu.nodes["recording"], parse)
    assert (choice.key if choice else None) == key


def test_digits_are_typed_or_spoken() -> None:
    assert digits_of(said("八九零七", normalized="8907")) == "8907"
    assert digits_of(said("8907 1234")) == "89071234"
    assert key_of(said("*")) == "*"


# --- the walk --------------------------------------------------------------------------------------------------------


def test_an_order_number_is_collected_read_back_and_asked_about(menu: Menu) -> None:
    stop = begin(menu, "zh", NOON)
    assert (stop.place.node, stop.place.consent) == ("recording", None)
    assert expectation_of(stop.node, stop.place) == Expectation("choice", choices=("1", "2", "9"))
    stop = answer(menu, stop.place, said("1"), NOON)
    assert (stop.place.node, stop.place.consent) == ("main", "granted")
    stop = answer(menu, stop.place, said("查订单"), NOON)
    assert expectation_of(stop.node, stop.place) == Expectation("digits", keys=KeyRules(20, "#", 3, 8))
    stop = answer(menu, stop.place, said("123"), NOON)
    assert (stop.place.node, stop.place.failures, stop.place.reading) == ("order", 1, ""), "too short: asked again"
    stop = answer(menu, stop.place, said("89071234"), NOON)
    assert stop.said == ("您输入的是8 9 0 7 1 2 3 4。正确请按1，重新输入请按2。",)
    assert expectation_of(stop.node, stop.place).kind == "choice"
    again = answer(menu, stop.place, said("2"), NOON)
    assert (again.place.reading, again.said) == ("", (prompt(menu, again.place),))
    corrected = answer(menu, stop.place, said("89071235"), NOON)
    assert corrected.place.reading == "89071235", "another number in place of an answer"
    stop = answer(menu, stop.place, said("对", "affirm"), NOON)
    assert stop.node.assistant
    assert complete(stop.node.ask, "zh", stop.place.given) == "我的订单89071234到哪了"
    assert Place.of(stop.place.node, stop.place.slots(), "zh") == stop.place, "a place survives as JSON"


def test_a_number_has_the_rules_of_its_node() -> None:
    small = Menu.model_validate(collecting(end="none", next_digit_s=1.5))
    expectation = expectation_of(small.nodes["main"], Place("main", "zh"))
    assert expectation.keys == KeyRules(8, "", 1.5, None)
    assert decode(encode(Asked(expectation))) == Asked(expectation), "it is in the call's events"


def test_words_that_are_no_choice_go_to_the_assistant_with_the_caller(menu: Menu) -> None:
    stop = answer(menu, Place("main", "zh"), said("我要退货", "return_request"), NOON)
    assert stop.node.assistant
    assert stop.carries


def test_a_language_is_chosen_and_the_prompt_comes_in_it(menu: Menu) -> None:
    stop = answer(menu, begin(menu, "zh", NOON).place, said("9"), NOON)
    assert stop.place.language == "en"
    assert stop.said[0].startswith("Hello.")


def test_people_answer_in_their_hours_only(menu: Menu) -> None:
    main = Place("main", "zh")
    assert answer(menu, main, said("转人工", "talk_to_human"), NOON).place.node == "agent"
    closed = answer(menu, main, said("0"), NIGHT)
    assert (closed.place.node, closed.node.assistant) == ("closed", True)
    hours = menu.hours
    assert hours is not None
    assert is_open(hours, datetime(2026, 11, 23, 1, tzinfo=UTC)), "09:00"
    assert not is_open(hours, datetime(2026, 11, 23, 13, tzinfo=UTC)), "21:00"
    assert not is_open(hours, datetime(2026, 10, 1, 4, tzinfo=UTC)), "a holiday"
    assert is_open(hours, datetime(2026, 11, 28, 2, tzinfo=UTC)), "Saturday, 10:00"


def test_what_is_not_known_is_never_said_raw() -> None:
    texts: Any = {"zh": "订单{order_number}。"}
    assert filled(texts, "en", {}) == "订单。"
    assert complete(texts, "en", {}) == ""
    assert filled(texts, "zh", {"order_number": "{order_number}"}) == "订单{order_number}。", "not filled twice"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["", "1", "2", "9", "0", "*", "89071234", "你好", "x" * 50, "不同意", "对"]), max_size=30)
)
def test_every_walk_stays_in_the_menu_and_nobody_is_caught(answers: list[str]) -> None:
    menu = load_menu(EXAMPLE)
    stop = begin(menu, "zh", NOON)
    for text in answers:
        if not stop.node.asks:
            return
        stop = answer(menu, stop.place, said(text), NOON)
        assert stop.node is menu.nodes[stop.place.node]
        assert stop.said or stop.node.assistant
        assert expectation_of(stop.node, stop.place) if stop.node.asks else True
    for _ in range(20):
        if not stop.node.asks:
            return
        stop = failed(menu, stop.place, NOON)
    raise AssertionError("a caller who never answers is asked for ever")
