"""Instructions of our own in, wishes out."""

from dialogue.evaluate.tau2.reader import items_of, read
from dialogue.evaluate.tau2.tasks import Instruction
from dialogue.evaluate.tau2.wishes import Branch, Wishes


def reading(reason: str, known: str = "You are Nora Bell in zip code 90017.", manner: str = "") -> Wishes:
    return read(Instruction(reason, known, "", manner))


def test_who_the_customer_is() -> None:
    by_mail = reading("You want to cancel an order.", "Your name is Nora Bell and your email is nora.bell@example.com.")
    assert (by_mail.name, by_mail.emails) == (("Nora", "Bell"), ("nora.bell@example.com",))
    assert reading("You want to cancel an order.").postal_code == "90017"
    assert reading("You want to cancel an order.", "You are nora_bell_1234 living in Reno, 89501.").name == (
        "Nora",
        "Bell",
    )


def test_the_postal_code_of_a_new_address_is_not_the_customers() -> None:
    told = (
        "Your name is Nora Bell and your email is nora.bell@example.com. For #W0000001, change address to "
        "{'address1': '1 Low Road', 'address2': '', 'city': 'Reno', 'country': 'USA', 'state': 'NV', 'zip': '89501'}."
    )
    wishes = read(Instruction(told))
    assert wishes.postal_code == ""
    assert wishes.goals[0].address == "1 Low Road, Reno, NV 89501, USA"


def test_each_wish_is_a_goal_in_the_first_person() -> None:
    goals = reading(
        "You want to know how many lamps there are. You also want to return the rug and the mirror you received."
    ).goals
    assert [goal.kind for goal in goals] == ["info", "return"]
    assert goals[1].words == "I also want to return the rug and the mirror I received."
    assert goals[1].items == ("rug", "mirror")


def test_what_is_no_wish_is_said_with_the_goal_beside_it() -> None:
    (goal,) = reading(
        "You received two rugs. You want to return the larger one. You like the colour of the other."
    ).goals
    assert goal.words == "I received two rugs. I want to return the larger one. I like the colour of the other."


def test_numbers_payment_and_reason_are_noted() -> None:
    goals = reading(
        "You want to return the rug of #W0000001 and refund to PayPal. You want to cancel W0000002, ordered by mistake."
    ).goals
    assert (goals[0].order_numbers, goals[0].payment) == (("#W0000001",), "PayPal")
    assert (goals[1].order_numbers, goals[1].reason) == (("#W0000002",), "ordered by mistake")


def test_conditions_are_branches_of_the_goal_before_them() -> None:
    (goal,) = reading(
        "You want to exchange the rug for a round one. If there is no round one, you want to return it. "
        "If the agent asks for confirmation, you change your mind and return the mirror."
    ).goals
    assert goal.branches == (
        Branch("refused", "I want to return it.", about="there is no round one"),
        Branch("confirm", "I changed my mind. I want to return the mirror.", replaces=True),
    )


def test_a_price_decides_between_two_branches() -> None:
    (goal,) = reading(
        "You want to know what the cheapest lamp costs. If it is less than 50 dollars, you want to exchange "
        "yours for it. "
        "Otherwise, return yours."
    ).goals
    assert [(branch.when, branch.amount) for branch in goal.branches] == [("less_than", 50.0), ("more_than", 50.0)]


def test_answers_to_questions_are_kept_for_them() -> None:
    wishes = reading("You want to cancel all orders.", manner="If asked for the reason, say you ordered by mistake.")
    assert wishes.reason == "ordered by mistake"
    assert wishes.answers == (("the reason", "I ordered by mistake"),)


def test_manners_and_directions_are_not_said() -> None:
    wishes = reading(
        "You want to return the rug. Make sure the agent hears it first. Do not mention the mirror.",
        manner="You are a quiet person. You like to say one thing at a time.",
    )
    assert [goal.words for goal in wishes.goals] == ["I want to return the rug."]


def test_a_condition_that_only_the_shop_knows_is_said() -> None:
    goals = reading("You want to know where #W0000001 is. If it has not been shipped, you want to cancel it.").goals
    assert goals[1].kind == "cancel"
    assert goals[1].words == "If it has not been shipped, I want to cancel it."


def test_listed_changes_are_read_item_by_item() -> None:
    told = (
        "You are calm. For #W0000001, exchange Rug {'colour': 'red', 'size': 'L'} to {'size': 'XL'}; "
        "Mirror {'shape': 'oval'} to {}; via paypal_1. Return #W0000002 via gift_card_2: Lamp; Desk; "
        "Cancel order #W0000003 because no longer needed."
    )
    exchange, back, cancel = read(Instruction(told)).goals
    assert exchange.words == (
        "For order #W0000001 I want to exchange the Rug for one with size XL and the Mirror for the same one. "
        "Please use my PayPal account paypal_1."
    )
    assert (exchange.items, exchange.options) == (("Rug", "Mirror"), (("XL",), ()))
    assert (back.kind, back.items, back.payment) == ("return", ("Lamp", "Desk"), "gift card gift_card_2")
    assert (cancel.order_numbers, cancel.reason) == (("#W0000003",), "no longer needed")


def test_what_shall_stay_is_not_asked_for_before_shipping() -> None:
    (goal,) = read(
        Instruction("For #W0000001, modify Rug {'size': 'L'} to {'size': 'XL'}; Lamp {'a': 'b'} to {};")
    ).goals
    assert goal.items == ("Rug",)


def test_what_no_kind_is_for_is_other() -> None:
    assert reading("You want to undo the cancellation of your order.").goals[0].kind == "other"
    assert reading("You want to know what the cheapest desk lamp is.").goals[0].items == ("desk lamp",)
    assert read(Instruction("You are calm.")).goals == ()


def test_items_of_a_wish() -> None:
    assert items_of("return the blue rug, mirror, and both desk lamps you bought") == (
        "blue rug",
        "mirror",
        "desk lamps",
    )
    assert items_of("exchange the rug for a blue one and the lamp for a bright one") == ("rug", "lamp")
    assert items_of("return everything") == items_of("cancel order #W0000001") == ()


def test_two_of_a_kind_are_told_apart_in_a_list_of_returns() -> None:
    told = (
        "Return #W0000001 via paypal_1: Rug {'size': 'L'}; Rug {'size': 'M'}; Lamp; "
        "For #W0000002, change payment to gift_card_2."
    )
    back, payment = read(Instruction(told)).goals
    assert back.words == (
        "I want to return the Rug with size L, Rug with size M and Lamp of order #W0000001, and have the refund on my "
        "PayPal account paypal_1."
    )
    assert (back.items, payment.kind) == (("Rug", "Rug", "Lamp"), "payment")
