"""Which lines of a customer's orders the words are about, and what is to become of each. Pure: words and orders in.

    "exchange the keyboard for a clicky one and return both lamps"
        keyboard  exchange  "for a clicky one"
        lamp      return    the lamps of the orders that can be returned, all of them

A name that fits several lines is narrowed down by order numbers, by options that were said of it (the 17-inch laptop),
by price (the more expensive one); what is left is for the caller to ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dialogue.shop.types import Order, OrderLine, OrderStatus
from dialogue.skills.line_verbs import VERBS, Verb, verb_in
from dialogue.skills.mentions import Mention, mentions
from dialogue.skills.option_values import values_in

_CONDITION = re.compile(
    r"(?:^|(?<=[.!?。！？;；]))\s*(?:(?:if|in case|unless)\b|如果|要是|若是?)(?=[^,，.]*(?:\bno\b|"
    r"\bnot\b|n't\b|\bcannot\b|\bimpossible|\bunavailable|没|不))[^.!?。！？]*[.!?。！？]?",
    re.IGNORECASE,
)
_TO = re.compile(
    r"换成|改成|改为|\b(?:to|for|into|with|but|by|that(?:'s| is)|and make|so that)\b|"
    r"\bin\b(?! (?:my|the|an?|this|that|another|order))"
)
_DETERMINER = re.compile(
    r"\b(?:the|my|a|an|your|this|that|these|those|both|two|all|of|return|exchange|and|with|"
    r"for|to|swap|modify|change)\b",
    re.I,
)
_ALL = re.compile(r"全部|所有|都|两(?:个|件)|\b(?:all|both|every|each|two|three|any)\b[^,.;]{0,24}$", re.IGNORECASE)
_EVERYTHING = re.compile(
    r"全部(?:商品|东西)?|所有(?:的)?(?:商品|东西)|整单|\beverything\b|\ball (?:of )?(?:the |my |these |"
    r"those )?(?:\w+ )?(?:items?|things?|products?|of it|of them)\b|"
    r"\b(?:whole|entire) order\b",
    re.IGNORECASE,
)
_THAT_ORDER = re.compile(r"这个订单|那个订单|这单|\b(?:that|this|the|whole|entire|same) order\b", re.IGNORECASE)
_EXCEPT = re.compile(
    r"除了|\b(?:except|excluding|apart from|other than|but not|not including|besides)\b", re.IGNORECASE
)
_DEARER = re.compile(r"更贵|比较贵|贵的|\b(?:more|most) expensive\b|\bpricier\b|\bhigher[ -]priced", re.IGNORECASE)
_CHEAPER = re.compile(r"更便宜|便宜的|\b(?:less|least) expensive\b|\bcheap(?:er|est)\b", re.IGNORECASE)
_ID = re.compile(r"(?<![#\w])\d{6,12}(?![\w])")
_EXCHANGE_IT = re.compile(r"\b(?:exchange|swap|replace) (?:it|them|this|that|those)\b", re.IGNORECASE)
_RECEIVED = re.compile(
    r"收到|到货|签收|\bI(?:'ve| have)? (?:just |recently |already )?(?:received|got)\b|\b(?:was|"
    r"were|been|just) delivered\b|\barrived\b",
    re.IGNORECASE,
)
_PENDING = re.compile(r"没发货|未发货|\bpending\b|\b(?:not|n't) (?:been )?shipped\b", re.IGNORECASE)
_WAITING = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.PACKING})
_ARRIVED = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED, OrderStatus.RETURNING, OrderStatus.RETURNED})
_WITH = re.compile(
    r"\b(?:received|bought|ordered|came|come|got|delivered|along|"
    r"together)\b[^,.;]{0,12}\bwith (?:the|my|an?)? ?$|和[^,，。]{0,8}一起",
    re.I,
)
_SAME_ORDER = re.compile(
    r"同一(?:个)?(?:订单|单)|\b(?:in|from) (?:the|one) same order\b|\b(?:in|from) one order\b", re.IGNORECASE
)
_NEXT = re.compile(
    r"(?:[,;.]\s*|\b(?:and|also|then|plus)\b\s*)+"
    r"(?:(?:the|my|an?|both|all|to|for|i|want|would|like|also|return|exchange|modify|change|swap)\s+)*"
    r"(?:[\w'-]+\s+){0,2}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Owned:
    """A line of one of the customer's orders."""

    order: Order
    line: OrderLine

    @property
    def key(self) -> tuple[str, str]:
        """Order number and sku."""
        return self.order.order_number, self.line.sku


@dataclass(frozen=True, slots=True)
class Picked:
    """What a part of the words is about."""

    lines: tuple[Owned, ...]
    """All are meant, where ``is_settled``; else it is one of them."""
    verb: Verb | None
    wish: str = ""
    """The words that say what it is to become."""
    is_settled: bool = True
    target: str | None = None
    """The sku that was named for it."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A mention with the words around it that belong to it."""

    mention: Mention
    before: str
    after: str
    verb: Verb | None


Possible = Callable[[Owned, Verb | None], bool]
"""Whether the shop's rules would let this be done with a line."""


def read_lines(
    text: str, owned: Sequence[Owned], possible: Possible, near: str | None = None, verb: Verb | None = None
) -> tuple[Picked, ...]:
    """What ``text`` is about; () when it names nothing of the customer's. ``near``: number of "that order"; ``verb``:
    what is to be done where the words do not say."""
    said = _CONDITION.sub(" ", text).strip() or text
    named = [each for each in owned if _names(said, each.order)] or list(owned)
    cut = _EXCEPT.search(said)
    if _EVERYTHING.search(said) and (picked := _everything(said, cut, named, possible, near)):
        return (picked,)
    picks: list[Picked] = []
    parts = _parts(said, owned, verb)
    beside = [part for part in parts if _WITH.search(said[: part.mention.start])]
    for part in beside:
        parts.remove(part)
        named = _holding(named, {*part.mention.names})
    if _SAME_ORDER.search(said):
        for part in parts:
            named = _holding(named, {*part.mention.names})
    for part in parts:
        picks = _added(picks, _pick(part, said, named, owned, possible, several=_is_all(said, part)))
    return tuple(_with_targets(said, picks, named, possible))


def _holding(owned: Sequence[Owned], names: set[str]) -> list[Owned]:
    """The lines of orders that hold one of these."""
    orders = {each.order.order_number for each in owned if {each.line.name, each.line.name_en} & names}
    return [each for each in owned if each.order.order_number in orders] or list(owned)


def _names(text: str, order: Order) -> bool:
    number = order.order_number.lstrip("#")
    # Chinese has no blank before a number (订单…的退货).
    return re.search(rf"(?<![A-Za-z0-9])#?{re.escape(number)}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None


def named_orders(text: str, orders: Sequence[Order]) -> tuple[Order, ...]:
    """The orders whose numbers are in ``text``."""
    return tuple(order for order in orders if _names(text, order))


def _everything(
    said: str, cut: re.Match[str] | None, named: Sequence[Owned], possible: Possible, near: str | None
) -> Picked | None:
    """Every line of an order but what is excepted; the order named, or the newest with which it can be done."""
    verb = verb_in(said)
    pool = [each for each in named if possible(each, verb)]
    if not pool:
        return None
    kept = _excepted(said[cut.end() :], pool) if cut else []
    holding = {each.order.order_number for each in pool if each in kept}
    numbers = [each.order.order_number for each in pool]
    everywhere = re.search(r"\ball (?:of )?my (?:orders|items)|所有订单", said, re.IGNORECASE) is not None
    number = next((number for number in numbers if not holding or number in holding), numbers[0])
    if near in numbers and _THAT_ORDER.search(said):
        number = near or number
    lines = [each for each in pool if (everywhere or each.order.order_number == number) and each not in kept]
    to = _TO.search(said)
    return Picked(tuple(lines), verb, said[to.start() :] if to and verb in {"change", "exchange"} else "")


def _excepted(words: str, pool: Sequence[Owned]) -> list[Owned]:
    names = {name for mention in mentions(words, _all_names(pool)) for name in mention.names}
    return [each for each in pool if {each.line.name, each.line.name_en} & names]


def _all_names(owned: Sequence[Owned]) -> list[str]:
    return [name for each in owned for name in (each.line.name_en, each.line.name) if name]


def _parts(said: str, owned: Sequence[Owned], usual: Verb | None) -> list[_Part]:
    """Each mention with its words: from the end of the one before to the beginning of the next."""
    found = list(mentions(said, _all_names(owned)))
    parts = []
    for place, mention in enumerate(found):
        head = said[found[place - 1].end if place else 0 : mention.start]
        tail = said[mention.end : found[place + 1].start if place + 1 < len(found) else len(said)]
        if place + 1 < len(found) and (join := _NEXT.search(tail)):
            tail = tail[: join.start()]
        stops = [match.end() for match in _DETERMINER.finditer(head)]
        verbs = [(m.start(), verb) for verb, words in VERBS for m in words.finditer(said[: mention.start])]
        verb = max(verbs)[1] if verbs else verb_in(said) or usual
        if anew := _EXCHANGE_IT.search(tail):
            verb, tail = "exchange", tail[anew.start() :]
        parts.append(_Part(mention, head[stops[-1] if stops else 0 :], tail, verb))
    return parts


def _is_all(said: str, part: _Part) -> bool:
    head = said[: part.mention.start]
    return part.mention.plural or _ALL.search(re.split(r"[,.;]", head)[-1][-30:]) is not None


def _pick(
    part: _Part, said: str, named: Sequence[Owned], owned: Sequence[Owned], possible: Possible, *, several: bool
) -> Picked | None:
    """The lines of one mention."""
    names = set(part.mention.names)

    def called(pool: Sequence[Owned]) -> list[Owned]:
        return [each for each in pool if {each.line.name, each.line.name_en} & names]

    fitting = [each for each in called(named) if possible(each, part.verb)]
    fitting = fitting or called(named) or [each for each in called(owned) if possible(each, part.verb)] or called(owned)
    to = _TO.search(part.after)
    is_wish = part.verb in {"exchange", "change"}
    own = f"{part.before} {part.after[: to.start()] if to and is_wish else part.after}"
    wish = (part.after[to.start() :] if to else part.after) if is_wish else ""
    fitting = _where(fitting, f"{said} {own}")
    if len(fitting) > 1:
        fitting = _narrowed(fitting, own)
    if len(fitting) > 1 and not (several and len({each.line.name for each in fitting}) == 1):
        first = {each.order.order_number for each in fitting}
        if len(first) > 1 and len(fitting) == len(first) and re.search(r"\bjust\b|最近|latest|newest|\brecent", own):
            fitting = fitting[:1]
        return Picked(tuple(fitting), part.verb, wish.strip(" .,"), is_settled=len(fitting) == 1)
    return Picked(tuple(fitting), part.verb, wish.strip(" .,"))


def _where(lines: Sequence[Owned], words: str) -> list[Owned]:
    """Those that have arrived, where the words say so, or those that have not shipped."""
    wanted = _ARRIVED if _RECEIVED.search(words) else _WAITING if _PENDING.search(words) else None
    return [each for each in lines if wanted is None or each.order.status in wanted] or list(lines)


def _narrowed(lines: Sequence[Owned], words: str) -> list[Owned]:
    """Those that the words describe best: by options, then by price."""
    options = sorted({name for each in lines for name in each.line.options})
    values = {name: sorted({each.line.options.get(name, "") for each in lines}) for name in options}
    told = values_in(words, values)

    def met(each: Owned) -> int:
        own = each.line.options
        return sum((own.get(found.option) == found.value) != (found.kind == "not") for found in told)

    best = max((met(each) for each in lines), default=0)
    left = [each for each in lines if met(each) == best]
    if _DEARER.search(words):
        left = [max(left, key=lambda each: each.line.unit_price)]
    elif _CHEAPER.search(words):
        left = [min(left, key=lambda each: each.line.unit_price)]
    return left


def _added(picks: list[Picked], pick: Picked | None) -> list[Picked]:
    """``picks`` with one more; the same lines again only add to what is wished of them."""
    if pick is None or not pick.lines:
        return picks
    for place, known in enumerate(picks):
        if known.wish and pick.wish and not known.is_settled and not pick.is_settled:
            continue  # two of the same name, each with a wish of its own
        if {each.key for each in known.lines} & {each.key for each in pick.lines}:
            narrower = known if len(known.lines) <= len(pick.lines) else pick
            wish = " ".join(filter(None, (known.wish, pick.wish)))
            picks[place] = replace(narrower, wish=wish, verb=known.verb or pick.verb)
            return picks
    return [*picks, pick]


def _with_targets(said: str, picks: Sequence[Picked], named: Sequence[Owned], possible: Possible) -> list[Picked]:
    """With what was named by number: a line's sku or product number, and the sku that is to take its place."""
    numbers = _ID.findall(said)
    result = list(picks)
    unplaced: list[str] = []
    verb = verb_in(said)
    for number in numbers:
        pool = [each for each in named if number in {each.line.sku, each.line.family} and possible(each, verb)]
        if pool:
            result = _added(result, Picked(tuple(pool), verb, is_settled=len(pool) == 1))
        elif not any(number in each.order.order_number for each in named):
            unplaced.append(number)
    open_picks = [place for place, pick in enumerate(result) if pick.verb in {"exchange", "change", None}]
    for place, number in zip(open_picks, unplaced, strict=False):
        result[place] = replace(result[place], target=number)
    return result


def narrowed_by(words: str, lines: Sequence[Owned]) -> list[Owned]:
    """Of lines to choose among, those that the answer describes: by order, by options, by price."""
    named = [each for each in lines if _names(words, each.order)] or [
        each
        for each in lines
        if (tail := re.search(r"\d{3,}", words)) and each.order.order_number.endswith(tail.group())
    ]
    return _narrowed(named or lines, words)


def alike(words: str, owned: Sequence[Owned], known: Sequence[Owned]) -> tuple[Owned, ...]:
    """Of lines called like ``known`` those that the words tell apart ("the more expensive one", "both"); () when they
    tell nothing."""
    names = {each.line.name for each in known}
    pool = [each for each in owned if each.line.name in names]
    if len(pool) < 2:
        return ()
    if re.search(r"两个|都|\bboth\b", words, re.IGNORECASE):
        return tuple(pool)
    if re.search(r"另一个|另外一个|\bthe other one\b", words, re.IGNORECASE):
        return tuple(each for each in pool if each not in known)
    left = _narrowed(pool, words)
    return tuple(left) if len(left) == 1 and re.search(r"\bones?\b|那个|的", words) else ()
