"""What a scripted customer says to what Kefu says."""

import pytest

from dialogue.evaluate.tau2.customer import ScriptedCustomer
from dialogue.evaluate.tau2.reader import read
from dialogue.evaluate.tau2.tasks import Instruction
from nlu.types import Expectation

NOTHING = Expectation()
YES_NO = Expectation("yes_no")
MAIL = Expectation(slot="email")
KNOWN = "Your name is Nora Bell and your zip code is 90017."


def customer(reason: str, known: str = KNOWN) -> ScriptedCustomer:
    made = ScriptedCustomer(read(Instruction(reason, known)))
    made.next(["Hello."], NOTHING)
    return made


def test_the_first_goal_opens_and_the_last_ends() -> None:
    made = ScriptedCustomer(read(Instruction("You want to return the rug. You want to cancel #W0000002.", KNOWN)))
    assert made.next(["Hello."], NOTHING) == "I want to return the rug."
    assert made.next(["Done, it is on its way."], NOTHING) == "I also want to cancel #W0000002."
    assert made.next(["Done, it is cancelled."], NOTHING) is None


def test_identity_is_told_as_it_is_known() -> None:
    assert customer("You want to return the rug.").next(["Your e-mail address, please?"], MAIL) == (
        "I do not remember my email, my name is Nora Bell and my zip code is 90017."
    )
    by_mail = customer("You want to return the rug.", "Your emails are a@example.com and b@example.com.")
    assert by_mail.next(["Your e-mail address, please?"], MAIL) == "My email is a@example.com."
    assert by_mail.next(["There is no account with it, sorry. Your e-mail?"], MAIL) == "My email is b@example.com."


def test_an_order_number_that_is_not_known_is_described() -> None:
    made = customer("You want to return the rug and the lamp.")
    assert made.next(["Which order?"], Expectation(slot="order_number")) == (
        "I do not know the order number. It is the order with the rug and lamp."
    )


@pytest.mark.parametrize(
    ("read_back", "answer"),
    [
        ("Let me confirm. Return of Rug and Lamp, refund to PayPal. Shall I submit it?", "Yes."),
        ("Let me confirm. Return of Rug, refund to PayPal. Shall I submit it?", "I also want to return the lamp."),
        (
            "Let me confirm. Return of Rug and Lamp of order #W0000009. Shall I submit it?",
            "No, I mean order #W0000001. I want to return the rug and the lamp of #W0000001, and refund to PayPal.",
        ),
        ("Let me confirm. Return of Rug, Lamp, refund to gift card. Shall I?", "No, please use my PayPal."),
    ],
)
def test_a_read_back_is_compared_with_the_wish(read_back: str, answer: str) -> None:
    made = customer("You want to return the rug and the lamp of #W0000001, and refund to PayPal.")
    assert made.next([read_back], YES_NO) == answer


def test_a_read_back_that_stays_wrong_is_refused_at_last() -> None:
    made = customer("For #W0000001, modify Rug {'size': 'L'} to {'size': 'XL'}; via paypal_1.")
    wrong = ["Let me confirm. Order #W0000001, Rug in size M, with PayPal. Shall I change it?"]
    assert (made.next(wrong, YES_NO) or "").startswith("No, that is not what I want.")


def test_a_change_of_mind_comes_before_the_yes() -> None:
    made = customer(
        "You want to return the rug. If the agent asks for confirmation, do not say yes immediately, because you also "
        "want to return the lamp."
    )
    assert made.next(["Let me confirm. Return of Rug. Shall I?"], YES_NO) == "I also want to return the lamp."
    assert made.next(["Let me confirm. Return of Rug and Lamp. Shall I?"], YES_NO) == "Yes."


def test_a_refusal_takes_the_branch_that_fits() -> None:
    made = customer(
        "You want to change the rug to a round one. If that is not available, cancel the whole order. "
        "If the order cannot be cancelled, leave it."
    )
    assert made.next(["Sorry, there is no round rug."], NOTHING) == "I want to cancel the whole order."
    assert made.next(["Let me confirm. Cancel order #W0000001. Shall I?"], YES_NO) == "Yes."


def test_a_price_takes_its_branch() -> None:
    made = customer(
        "You want to know what the cheapest lamp costs. If it is less than 50 dollars, you want to exchange "
        "yours for it. "
        "If not, you want to return yours."
    )
    assert made.next(["The cheapest is the desk lamp for 61.20."], NOTHING) == "I want to return mine."


def test_what_was_not_understood_is_said_again_twice_at_most() -> None:
    made = customer("You want to return the rug.")
    for _ in range(2):
        assert made.next(["Sorry, I did not understand that."], NOTHING) == "I want to return the rug."
    assert made.next(["Sorry, I did not understand that."], NOTHING) is None


def test_no_answer_is_given_for_ever() -> None:
    made = customer("You want to return the rug.")
    said = [made.next(["Your order number, please."], Expectation(slot="order_number")) for _ in range(6)]
    assert None in said


def test_payment_reason_and_choices() -> None:
    made = customer("You want to cancel #W0000001 because you no longer need it, and refund to your gift card.")
    assert made.next(["Why?"], Expectation(slot="cancel_reason")) == "It is no longer needed."
    assert made.next(["To which one?"], Expectation(slot="payment_method")) == "My gift card, please."
    other = customer("You want to exchange the rug for a round blue one.")
    choices = Expectation("choice", choices=("round red", "round blue", "square blue"))
    assert other.next(["Which one would you like?"], choices) == "round blue"
    assert other.next(["How is it paid?"], Expectation(slot="payment_method")) == "The original payment method, please."


def test_which_of_their_own_is_told_by_what_it_is_like_now() -> None:
    made = customer("For #W0000001, exchange Rug {'size': 'L', 'shape': 'oval'} to {'size': 'M'}; via paypal_1.")
    own = Expectation("choice", choices=("Rug (M, round)", "Rug (L, oval)"))
    assert made.next(["Which one do you mean?"], own) == "Rug (L, oval)"
    new = Expectation("choice", choices=("size M, oval", "size S, oval"))
    assert made.next(["Which one would you like?"], new) == "size M, oval"


def test_a_preference_is_told_when_several_will_do() -> None:
    made = customer("You want to exchange the rug for a round one. If there is no such one, you prefer wool over silk.")
    choices = Expectation("choice", choices=("wool, small", "silk, small"))
    assert made.next(["There are several. Which one would you like?"], choices) == "I prefer wool over silk."


def test_what_does_not_work_out_is_left() -> None:
    made = customer("You want to pay for #W0000001 with your gift card.")
    asked = Expectation("choice", slot="payment_method", choices=("PayPal",))
    assert made.next(["Which payment method would you like?"], asked) == "My gift card, please."
    assert made.next(["Its balance does not cover it. Which one?"], asked) == "Never mind, leave it as it is."


def test_a_person_is_not_wanted() -> None:
    made = customer("You want to return the rug.")
    assert made.next(["I am not sure. Shall I connect you to a person?"], YES_NO) == "No, thank you."


@pytest.mark.parametrize(
    ("wish", "answer"),
    [
        ("cancel the order with the rug", "Yes, the whole order, please."),
        ("cancel the rug", "Never mind, leave it as it is."),
    ],
)
def test_the_whole_order_where_it_was_meant(wish: str, answer: str) -> None:
    made = customer(f"You want to {wish}.")
    said = "Single items cannot be cancelled. Would you like the whole order cancelled?"
    assert made.next([said], NOTHING) == answer
