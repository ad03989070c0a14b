"""Which lines customers speak of, on invented orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dialogue.shop.types import Order, OrderLine, OrderStatus
from dialogue.skills.line_claims import explicit
from dialogue.skills.line_reading import Owned, Picked, alike, narrowed_by, read_lines
from dialogue.skills.line_verbs import Verb, verb_in
from dialogue.skills.mentions import mentions
from nlu.types import Parse, Sentiment

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def line(sku: str, name: str, price: str = "10", **options: str) -> OrderLine:
    return OrderLine(sku, name, name, 1, Decimal(price), True, name, name, options)


def order(number: str, status: OrderStatus, *lines: OrderLine) -> Order:
    return Order(number, "C1", status, NOW - timedelta(days=int(number[1:])), lines, Decimal(0), "")


ORDERS = (
    order("A1", OrderStatus.PAID, line("t1", "Camping Tent", size="small"), line("l1", "Head Lamp")),
    order("A2", OrderStatus.DELIVERED, line("k1", "Coffee Grinder", "40", color="black"), line("m1", "Travel Mug")),
    order("A3", OrderStatus.DELIVERED, line("k2", "Coffee Grinder", "90", color="red"), line("g1", "Hiking Boots")),
)
OWNED = tuple(Owned(order, line) for order in ORDERS for line in order.lines)


def possible(owned: Owned, verb: Verb | None) -> bool:
    return owned.order.status is OrderStatus.DELIVERED if verb == "return" else True


def read(text: str) -> list[tuple[list[str], str | None, bool]]:
    picks = read_lines(text, OWNED, possible)
    return [([each.line.sku for each in pick.lines], pick.verb, pick.is_settled) for pick in picks]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("I want to return the mug and the boots", [(["m1"], "return", True), (["g1"], "return", True)]),
        ("please return both grinders", [(["k1", "k2"], "return", True)]),
        ("return the grinder", [(["k1", "k2"], "return", False)]),
        ("return the red grinder", [(["k2"], "return", True)]),
        ("return the cheaper grinder", [(["k1"], "return", True)]),
        ("return the grinder that is more expensive", [(["k2"], "return", True)]),
        ("return the grinder of order A3", [(["k2"], "return", True)]),
        ("return the grinder I received with the mug", [(["k1"], "return", True)]),
        (
            "return the grinder and the boots, they are from the same order",
            [(["k2"], "return", True), (["g1"], "return", True)],
        ),
        ("exchange the boots for size 9 and return the mug", [(["g1"], "exchange", True), (["m1"], "return", True)]),
        ("return everything in order A2 except the mug", [(["k1"], "return", True)]),
        ("change the tent to a large one", [(["t1"], "change", True)]),
        ("if the boots cannot be returned, forget it. Return the mug", [(["m1"], "return", True)]),
        ("I want to return my sofa", []),
    ],
)  # fmt: skip
def test_the_lines_that_are_meant(text: str, lines: list[tuple[list[str], str | None, bool]]) -> None:
    assert read(text) == lines


def test_a_wish_belongs_to_its_line() -> None:
    picks = read_lines("exchange the boots for size 9, in brown and the mug for a black one", OWNED, possible)
    assert [pick.wish for pick in picks] == ["for size 9, in brown", "for a black one"]


def test_numbers_name_lines_and_what_is_to_come() -> None:
    owned = [Owned(ORDERS[0], OrderLine("1234567", "Tent", "Tent", 1, Decimal(1), True, "x", "7654321", {}))]
    (pick,) = read_lines("change item 1234567 to item 9999999", owned, possible)
    assert pick == Picked(tuple(owned), "change", target="9999999")
    (same,) = read_lines("change item 7654321 to item 9999999", owned, possible)
    assert same.lines == tuple(owned)


def test_answers_narrow_down() -> None:
    grinders = [each for each in OWNED if each.line.name == "Coffee Grinder"]
    assert narrowed_by("the black one", grinders) == [grinders[0]]
    assert narrowed_by("from order A3", grinders) == [grinders[1]]
    assert alike("no, the more expensive one", OWNED, [grinders[0]]) == (grinders[1],)
    assert alike("the other one", OWNED, [grinders[0]]) == (grinders[1],)
    assert alike("both", OWNED, [grinders[0]]) == tuple(grinders)
    assert alike("yes please", OWNED, [grinders[0]]) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("my tshirt", ("T-Shirt",)), ("two t shirts", ("T-Shirt",)), ("the book shelf", ("Bookshelf",)),
        ("bookshelves", ("Bookshelf",)), ("the coffee machine", ("Coffee Maker",)), ("my earphones", ("Headphones",)),
        ("a smart one", ()), ("保温杯", ("青山保温杯",)), ("the watch", ("Smart Watch",)),
    ],
)  # fmt: skip
def test_goods_by_other_names(text: str, names: tuple[str, ...]) -> None:
    known = ["T-Shirt", "Bookshelf", "Coffee Maker", "Headphones", "Smart Watch", "青山保温杯"]
    assert tuple(name for each in mentions(text, known) for name in each.names) == names


def parse(text: str, intent: str = "recommend") -> Parse:
    return Parse(text, text, "en", intent, 0.9, (), Sentiment("neutral", 1.0))


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("I want to return the speaker", "return"),
        ("I'd like to exchange my boots", "exchange"),
        ("can you cancel that order", "cancel"),
        ("I no longer need the tent", "cancel"),
        ("please modify my tent", "change"),
        ("I want to change my address", None),
        ("I do not want to say it", None),
        ("how do I return something", None),
        ("what speaker do you recommend", None),
    ],
)
def test_wishes_that_say_themselves_what_they_are(text: str, verb: str | None) -> None:
    assert explicit(parse(text)) == verb
    assert explicit(parse(text, "return_request")) is None or verb != "return"


def test_the_first_verb_counts() -> None:
    assert verb_in("I want to exchange, or else return it") == "exchange"
    assert verb_in("我要退货") == "return"
    assert verb_in("hello") is None
