"""Keys become messages: complete by number, by # or by a pause; * forgets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.keypad import GAP_MS, MOST_DIGITS, Keypad, keys_expected
from nlu.types import Expectation, KeyRules


def press(keypad: Keypad, keys: str, start_ms: float = 0, expected: int | None = None) -> list[str | None]:
    """Keys 300 ms apart."""
    return [keypad.press(key, start_ms + 300 * place, expected) for place, key in enumerate(keys)]


def test_the_expected_number_of_digits_is_a_message() -> None:
    assert press(Keypad(), "8907", expected=4) == [None, None, None, "8907"]


def test_pound_ends_and_star_forgets() -> None:
    keypad = Keypad()
    assert press(keypad, "89#")[-1] == "89"
    assert press(keypad, "12*34#")[-1] == "34"
    assert press(keypad, "#") == [None]
    assert keypad.deadline_ms is None


def test_another_key_ends_or_none_does() -> None:
    star = KeyRules(end="*")
    keypad = Keypad()
    assert [keypad.press(key, 0, rules=star) for key in "12#34*"] == [None] * 5 + ["34"], "then # forgets"
    none = KeyRules(most=4, end="")
    assert [keypad.press(key, 0, 4, none) for key in "12#34"] == [None] * 4 + ["1234"]
    assert keypad.is_afterthought("#", 0, none) is False
    assert keys_expected(Expectation("digits", keys=none)) == 4


def test_the_rest_after_which_a_number_is_complete_is_the_questions() -> None:
    keypad = Keypad()
    keypad.press("1", 0, rules=KeyRules(gap_s=1.5))
    assert keypad.due(1499) is None
    assert keypad.due(1500) == "1"


def test_a_pause_ends() -> None:
    keypad = Keypad()
    press(keypad, "89", expected=8)
    assert keypad.deadline_ms == 300 + GAP_MS
    assert keypad.due(300 + GAP_MS - 1) is None
    assert keypad.due(300 + GAP_MS) == "89"
    assert keypad.due(1e9) is None


def test_each_key_gives_more_time() -> None:
    keypad = Keypad()
    keypad.press("1", 0)
    keypad.press("2", GAP_MS - 1)
    assert keypad.due(GAP_MS) is None
    assert keypad.due(2 * GAP_MS - 1) == "12"


def test_time_in_which_no_key_could_be_taken_is_no_pause() -> None:
    keypad = Keypad()
    keypad.press("1", 0)
    keypad.held_up(1400)
    assert keypad.due(GAP_MS + 1399) is None
    assert keypad.press("2", GAP_MS + 1399) is None
    assert keypad.due(2 * GAP_MS + 1399) == "12"
    keypad.held_up(1400)
    assert keypad.deadline_ms is None, "nothing waits"


def test_a_pound_that_was_held_up_still_means_nothing() -> None:
    keypad = Keypad()
    assert press(keypad, "8907", expected=4)[-1] == "8907"
    keypad.held_up(1400)
    assert keypad.is_afterthought("#", 900 + GAP_MS + 1399)


def test_a_lower_expectation_completes_at_once() -> None:
    """The dialogue may have heard the rest meanwhile."""
    keypad = Keypad()
    press(keypad, "123", expected=8)
    assert keypad.press("4", 1000, 2) == "1234"


@given(
    st.lists(st.tuples(st.sampled_from("0123456789*#"), st.floats(0, 5000)), max_size=60), st.none() | st.integers(1, 9)
)
def test_no_digit_is_lost_but_by_star_or_beyond_the_limit(keys: list[tuple[str, float]], expected: int | None) -> None:
    keypad, now_ms, given_back, pressed = Keypad(), 0.0, "", ""
    for key, gap_ms in keys:
        now_ms += gap_ms
        given_back += keypad.due(now_ms) or ""
        if key == "*":
            pressed = given_back
        elif key != "#" and len(keypad.digits) < MOST_DIGITS:
            pressed += key
        given_back += keypad.press(key, now_ms, expected) or ""
        assert given_back + keypad.digits == pressed
        assert (keypad.deadline_ms is None) == (keypad.digits == "")
    assert given_back + (keypad.due(now_ms + GAP_MS) or "") == pressed


def test_what_is_expected() -> None:
    number = Expectation("digits", slot="order_number", digits=8)
    assert keys_expected(number) == 8
    assert keys_expected(Expectation("digits", slot="order_number", digits=8, heard="8907")) == 4
    assert keys_expected(Expectation("choice", choices=("a", "b"))) == 1
    assert keys_expected(Expectation("digits")) is None
    assert keys_expected(Expectation("yes_no")) is None
    assert keys_expected(Expectation()) is None


def test_a_pound_after_a_number_that_was_complete_without_it_means_nothing() -> None:
    keypad = Keypad()
    assert press(keypad, "8907", expected=4)[-1] == "8907"
    assert keypad.is_afterthought("#", 1200)
    assert not keypad.is_afterthought("#", 1300), "once"
    press(keypad, "8907", expected=4)
    assert not keypad.is_afterthought("1", 1200)
    assert not keypad.is_afterthought("#", 1300), "another key came"
    press(keypad, "8907", expected=4)
    assert not keypad.is_afterthought("#", 900 + GAP_MS)
    press(keypad, "89#")
    assert not keypad.is_afterthought("#", 1200), "it was ended by one"
