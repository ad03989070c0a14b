"""Ways to pay in a customer's words: which of theirs is meant, what each is called, the question for one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dialogue import phrasing
from dialogue.shop.types import Order, PaymentKind, PaymentMethod
from dialogue.skills.context import Context

ORIGINAL = "original"
_KINDS: dict[PaymentKind, re.Pattern[str]] = {
    "gift_card": re.compile(
        r"礼品卡|购物卡|储值|E卡|\be-?card\b|\bgift ?-?cards?\b|\bGC\b|\bgift certificate", re.IGNORECASE
    ),
    "paypal": re.compile(r"\bpay ?pal\b", re.IGNORECASE),
    "card": re.compile(
        r"银行卡|信用卡|储蓄卡|\bcredit[ _-]?cards?\b|\bdebit\b|\bvisa\b|\bmaster ?card\b|\bamex\b|"
        r"\b(?:the|my) card\b",
        re.IGNORECASE,
    ),
    "wallet": re.compile(r"微信|支付宝|\bwechat\b|\balipay\b", re.IGNORECASE),
    "cash": re.compile(r"货到付款|现金|\bcash\b", re.IGNORECASE),
}
_ORIGINAL = re.compile(
    r"原路|原来的?(?:支付|付款)|原支付|(?:和|跟|与)(?:原来|之前|下单时?)(?:的)?一样|"
    r"\boriginal\b|\bsame (?:payment|card|account|method|way)|\bI (?:used|paid|originally)|\bused (?:for|to pay|when)|"
    r"\bback (?:the )?way\b|\bpaid with\b",
    re.IGNORECASE,
)
_ANY = re.compile(
    r"都(?:可以|行)|随便|无所谓|\b(?:any|either|whichever|whatever|no preference|don'?t (?:mind|care)|up to you|"
    r"does ?n'?t matter|default)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?:不(?:要|用|想用)|别用|\bnot\b|\bdon'?t\b|\binstead of\b|\brather than\b)[^,，。.;]{0,20}$", re.I
)


def method_in(text: str, methods: Sequence[PaymentMethod], *, asked: bool = False) -> tuple[PaymentMethod | str, ...]:
    """The methods that ``text`` may mean; ``ORIGINAL`` for the one the order was paid with; () when it names none.

    A kind of which the customer has none gives ``()`` too: see ``kind_in``.
    """
    for method in methods:
        if re.search(rf"(?<!\w){re.escape(method.method_id)}(?!\w)", text, re.IGNORECASE):
            return (method,)
    kind = kind_in(text)
    if kind is None:
        if _ORIGINAL.search(text) or (asked and _ANY.search(text)):
            return (ORIGINAL,)
        labelled = [each for each in methods if each.label in text or each.label_en.lower() in text.lower()]
        return tuple(labelled[:1])
    found = [method for method in methods if method.kind == kind]
    if len(found) > 1:
        told = [method for method in found if _tells(method, text)]
        found = told or found
    if len(found) > 1 and _ORIGINAL.search(text):
        return (ORIGINAL,)
    return tuple(found)


def kind_in(text: str) -> PaymentKind | None:
    """The last kind of method that is named and not turned down."""
    places = [
        (match.start(), kind)
        for kind, words in _KINDS.items()
        for match in words.finditer(text)
        if not _NEGATED.search(text[: match.start()])
    ]
    return max(places)[1] if places else None


def _tells(method: PaymentMethod, text: str) -> bool:
    words = re.findall(r"[a-z]{4,}|\d{4}|[一-鿿]{2,}", f"{method.label_en} {method.label}".lower())
    telling = [word for word in words if word not in {"card", "ending", "credit", "bank", "debit"}]
    return any(word in text.lower() for word in telling)


def label(context: Context, method: PaymentMethod) -> str:
    """What it is called, with what is left on it."""
    name = method.label if context.language == "zh" else method.label_en
    if method.balance is None:
        return name
    return context.say("pay.balance", method=name, amount=phrasing.money(method.balance, context.language))


def name_of(context: Context, methods: Sequence[PaymentMethod], method_id: str | None) -> str:
    """What a method is called; the way it was paid where it is not known."""
    method = next((each for each in methods if each.method_id == method_id), None)
    if method is None:
        return context.say("pay.original")
    return method.label if context.language == "zh" else method.label_en


def offered(order: Order, methods: Sequence[PaymentMethod]) -> tuple[PaymentMethod, ...]:
    """All methods, the one the order was paid with first."""
    return tuple(sorted(methods, key=lambda method: method.method_id != order.payment_method))
