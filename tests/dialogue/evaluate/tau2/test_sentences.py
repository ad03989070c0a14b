"""Instructions in sentences and wishes, from "you" to "I"."""

import pytest

from dialogue.evaluate.tau2.sentences import first_person, sentences, spoken, squeezed, wishes, without_wanting


def test_sentences_end_at_stops_but_not_within_numbers() -> None:
    assert sentences("You bought a lamp for 12.50 dollars. It flickers!\n You want to return it") == [
        "You bought a lamp for 12.50 dollars.",
        "It flickers!",
        "You want to return it",
    ]


def test_a_sentence_of_two_wishes_is_two() -> None:
    assert wishes("You want to return the lamp, and you also want to cancel order #W1") == [
        "You want to return the lamp",
        "cancel order #W1",
    ]


def test_two_items_of_one_wish_stay_together() -> None:
    whole = "You want to exchange the lamp for a blue one and the rug for a larger one"
    assert wishes(whole) == [whole]


def test_a_second_thing_of_the_same_verb_takes_the_verb_along() -> None:
    assert wishes("You want to change the order's address, and also your own address") == [
        "You want to change the order's address",
        "change your own address",
    ]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("You'd like the blue one for yourself", "I'd like the blue one for myself"),
        ("Your lamp was sent to you", "My lamp was sent to me"),
        ("You are sure", "I'm sure"),
        ("refund to GC", "Refund to gift card"),
    ],
)
def test_first_person(told: str, said: str) -> None:
    assert first_person(told) == said


def test_a_wish_is_said_as_a_sentence() -> None:
    assert spoken("return the lamp you bought") == "I want to return the lamp I bought."
    assert spoken("also return the lamp", another=True) == "I also want to return the lamp."
    assert without_wanting("Finally, you also want to know the price") == "know the price"
    assert squeezed("T-Shirt (XL)") == "tshirtxl"
