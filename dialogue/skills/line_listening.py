"""What one message adds to a change of lines: lines, wishes, a choice, a way to pay. Words in, ``Work`` changed."""

from __future__ import annotations

import re

from dialogue import cues
from dialogue.skills import paying, reasons
from dialogue.skills.context import Context
from dialogue.skills.line_account import Account
from dialogue.skills.line_draft import MOST_CHARS, Entry, OpenPick, Work
from dialogue.skills.line_reading import Owned, Picked, alike, named_orders, narrowed_by, read_lines
from dialogue.skills.line_verbs import Verb, verb_in
from dialogue.skills.mentions import mentions
from dialogue.skills.options import fit, read_wish

_INSTEAD = re.compile(
    r"改成|而是|不是|\b(?:instead|rather|chang\w* my mind|actually|on second thought)\b", re.IGNORECASE
)
_ALSO = re.compile(r"也|还|另外|再|\b(?:also|as well|too|add|plus|another|in addition|and)\b", re.IGNORECASE)
_ONLY = re.compile(r"只|仅|\b(?:only|just)\b", re.IGNORECASE)
_ANY = re.compile(
    r"都(?:可以|行)|随便|\b(?:any (?:of|one|is)|either|whichever|whatever|closest|up to you|you (?:choose|pick)|"
    r"no preference|do(?:n'?t| not) (?:mind|care))\b",
    re.IGNORECASE,
)
_CURRENT = re.compile(
    r"我(?:的|买)的?那个|\b(?:(?:my|the) (?:current|own|old|existing) (?:one|\w+)|mine)\b", re.IGNORECASE
)
_THEM = re.compile(r"它|这个|那个|\b(?:it|them|this|that|these|those)\b", re.IGNORECASE)
_ITS = re.compile(r"它|这个|那个|\b(?:its?|that order|this order|the order|same order|the item)\b", re.IGNORECASE)
_KEEP = re.compile(
    r"不换了|不改了|不要了|保留|\b(?:keep|leave|skip|forget|drop|never ?mind|don'?t (?:exchange|change|want))\b",
    re.IGNORECASE,
)


async def listen(context: Context, account: Account, work: Work, text: str, step: str | None, verb: Verb) -> bool:
    """Take in ``text``; True when it told something new. ``verb``: what is wanted where the words do not say."""
    before = repr(work)
    _listen_for_method(account, work, text, step)
    if reason := reasons.reason_in(text, reasons.RETURN_REASONS):
        work.reason = work.reason or reasons.in_words(reason, context.wording)
    plain = context.turn.parse.intent in {"affirm", "deny"} and step is not None and verb_in(text) is None
    if step == "lines" and work.open_picks:
        _choose_line(context, account, work, text, verb)
    elif step in {"variant", "wish"} and await _choose_variant(context, account, work, text):
        pass
    elif not plain or step is None:
        await _take_picks(context, account, work, text, step, verb)
    return repr(work) != before


def _listen_for_method(account: Account, work: Work, text: str, step: str | None) -> None:
    found = paying.method_in(text, account.methods, asked=step == "method")
    if not found and step == "method" and (picked := _chosen_method(account, text)) is not None:
        found = (picked,)
    if len(found) == 1:
        only = found[0]
        work.method = only if isinstance(only, str) else only.method_id
        work.method_among, work.no_such_method = [], None
    elif found:
        work.method_among = [each.method_id for each in found if not isinstance(each, str)]
        work.method, work.no_such_method = None, None
    elif kind := paying.kind_in(text):
        work.no_such_method, work.method = kind, None


def _chosen_method(account: Account, text: str) -> str | None:
    labels = [method.label_en for method in account.methods]
    picked = cues.chosen(text, labels)
    return account.methods[picked].method_id if picked is not None else None


def _choose_line(context: Context, account: Account, work: Work, text: str, verb: Verb) -> None:
    """Which of the lines that were read out."""
    if _choose_several(account, work, text):
        return
    pick = work.open_picks[0]
    lines = [Owned(account.order(number), account.line(number, sku)) for number, sku in pick.lines]
    chosen: list[Owned] = []
    if cues.wants_all(text):
        chosen = lines
    elif context.turn.parse.intent == "deny" and verb_in(text) is None:
        work.open_picks.pop(0)
        return
    else:
        picked = cues.chosen(text, context.state.expectation.choices)
        narrowed = narrowed_by(text, lines)
        chosen = (
            narrowed if len(narrowed) == 1 else [lines[picked]] if picked is not None and picked < len(lines) else []
        )
        if not chosen and len(narrowed) < len(lines):
            pick.lines = [list(each.key) for each in narrowed]
    if chosen:
        work.open_picks.pop(0)
        wish = pick.wish or (text if pick.verb in {"exchange", "change"} else "")
        for each in chosen:
            _add(account, work, each, pick.verb, wish, pick.target)
        _leave_the_others(account, work, pick)


def _leave_the_others(account: Account, work: Work, answered: OpenPick) -> None:
    """What one name was not, another of the same name is, where one line is left."""
    held = [[entry.order, entry.sku] for entry in work.entries]
    for pick in [each for each in work.open_picks if each.lines == answered.lines]:
        pick.lines = [key for key in pick.lines if key not in held]
        if len(pick.lines) < 2:
            work.open_picks.remove(pick)
        for number, sku in pick.lines if len(pick.lines) == 1 else ():
            _add(
                account,
                work,
                Owned(account.order(number), account.line(number, sku)),
                pick.verb,
                pick.wish,
                pick.target,
            )


def _choose_several(account: Account, work: Work, text: str) -> bool:
    """Two of the same name, told apart one after the other ("the green one ... and the black one")."""
    first = work.open_picks[0]
    same = [pick for pick in work.open_picks if pick.lines == first.lines]
    lines = [Owned(account.order(number), account.line(number, sku)) for number, sku in first.lines]
    found = list(mentions(text, [lines[0].line.name_en, lines[0].line.name]))
    if len(same) < 2 or len(found) < len(same):
        return False
    stops = [*[each.start for each in found[1:]], len(text)]
    told = [narrowed_by(text[each.start : stop], lines) for each, stop in zip(found, stops, strict=True)]
    if any(len(each) != 1 for each in told[: len(same)]):
        return False
    for pick, (line,) in zip(same, [tuple(each) for each in told], strict=False):
        work.open_picks.remove(pick)
        _add(account, work, line, pick.verb, pick.wish, pick.target)
    return True


async def _choose_variant(context: Context, account: Account, work: Work, text: str) -> bool:
    """What is to come for the line that was asked about; False when the words are about something else."""
    entry = next((each for each in work.entries if each.new_sku is None and each.kind in {"exchange", "modify"}), None)
    if entry is None:
        return False
    line = account.line(entry.order, entry.sku)
    others = [each for each in work.entries if each is not entry]
    spoken = {name for each in mentions(text, _names(account, others)) for name in each.names}
    if spoken and (_ONLY.search(text) or _KEEP.search(text)):
        only = [each for each in others if _called(account, each) & spoken]
        work.entries = only if _ONLY.search(text) else [entry, *[each for each in others if each not in only]]
        return True
    if context.turn.parse.intent == "deny" or (_KEEP.search(text) and not cues.is_correction(text)):
        work.entries.remove(entry)
        return True
    labels = [each.casefold() for each in context.state.expectation.choices]
    if entry.offered and text.strip(" .").casefold() in labels:
        entry.new_sku = entry.offered[labels.index(text.strip(" .").casefold())]
        return True
    other = verb_in(text)
    if other == "return" and not spoken:
        entry.kind = account.kind_for(Owned(account.order(entry.order), line), other) or entry.kind
        return True
    variants = await account.variants(entry.sku)
    current = next((each for each in variants if each.sku == entry.sku), None)
    options = current.attributes if current else line.options
    told = read_wish(text, options, variants)
    if current is not None and not told.is_empty:
        offered = [each for each in variants if each.sku in entry.offered] or list(variants)
        meant = fit(told, current, offered)
        if meant.best is not None and not meant.missing and entry.offered:
            entry.new_sku = meant.best.sku
            return True
    if entry.offered and _ANY.search(text):
        entry.new_sku = entry.offered[0]
        return True
    if entry.offered and (picked := cues.chosen(text, context.state.expectation.choices)) is not None:
        entry.new_sku = entry.offered[picked] if picked < len(entry.offered) else None
        return True
    named = {name for each in mentions(text, [line.name_en, line.name]) for name in each.names}
    if told.is_empty and not named and (spoken or read_lines(text, account.owned, account.possible)):
        return False
    said = next((pick.wish for pick in read_lines(text, account.owned, account.possible) if pick.wish), text)
    entry.wish = f"{entry.wish}. {said}"[-MOST_CHARS:]
    return True


async def _take_picks(context: Context, account: Account, work: Work, text: str, step: str | None, verb: Verb) -> None:
    """Lines that the words name: the first ones, more of them, or others instead."""
    near = work.entries[0].order if work.entries else context.state.last_order
    picks = read_lines(text, account.owned, account.possible, near, verb)
    if not picks and work.entries and (others := _alike(account, work, text)):
        work.entries = []
        picks = (Picked(others, verb_in(text)),)
    if not picks and step in {None, "which"} and _CURRENT.search(text):
        picks = await _of_the_product(context, account, verb_in(text) or verb)
    if not picks and step in {None, "which"}:
        picks = _unnamed(account, text, verb, context.state.last_order)
    other = verb_in(text)
    if not picks and step is not None and other not in {None, "cancel"} and _THEM.search(text):
        for entry in work.entries:
            line = account.line(entry.order, entry.sku)
            entry.kind = account.kind_for(Owned(account.order(entry.order), line), other) or entry.kind
            entry.wish, entry.new_sku, entry.offered = text[:MOST_CHARS], None, []
        return
    if not picks:
        if step == "confirm" and len(work.entries) == 1 and work.entries[0].kind != "return":
            work.entries[0].wish, work.entries[0].new_sku = f"{work.entries[0].wish}. {text}"[-MOST_CHARS:], None
        return
    whole = re.search(r"\beverything\b|\ball (?:the |of )?(?:items|them)\b|全部", text, re.IGNORECASE) is not None
    if step is not None and (whole or (_INSTEAD.search(text) and not _ALSO.search(text))):
        work.entries, work.open_picks = [], []
    elif step is not None and _ONLY.search(text) and work.entries:
        keys = {each.key for pick in picks for each in pick.lines}
        work.entries = [entry for entry in work.entries if (entry.order, entry.sku) in keys]
    for pick in picks:
        said = pick.verb or verb_in(text) or verb
        if pick.is_settled:
            for each in pick.lines:
                _add(account, work, each, said, pick.wish, pick.target)
        else:
            _open(work, pick, said)


async def _of_the_product(context: Context, account: Account, verb: Verb) -> tuple[Picked, ...]:
    """The line of what was talked about last ("my current one"), whichever version of it."""
    product = await context.shop.product(context.state.last_product or "")
    if product is None or product.family is None:
        return ()
    lines = [each for each in account.owned if each.line.family == product.family]
    pool = [each for each in lines if account.possible(each, verb)] or lines
    return (Picked(tuple(pool), verb, is_settled=len(pool) == 1),) if pool else ()


def _alike(account: Account, work: Work, text: str) -> tuple[Owned, ...]:
    """Other lines called like those of the task, that the words tell apart."""
    known = [Owned(account.order(each.order), account.line(each.order, each.sku)) for each in work.entries]
    if len({each.line.name for each in known}) != 1:
        return ()
    verb: Verb = "return" if work.entries[0].kind == "return" else "change"
    found = alike(text, [each for each in account.owned if account.possible(each, verb)], known)
    return () if {each.key for each in found} == {each.key for each in known} else found


def _open(work: Work, pick: Picked, verb: str) -> None:
    keys = [list(each.key) for each in pick.lines]
    known = [entry for entry in work.entries if [entry.order, entry.sku] in keys]
    if known:
        for entry in known if len(known) == 1 else ():
            entry.wish = f"{entry.wish} {pick.wish}".strip()
        return
    held = {entry.order for entry in work.entries}
    near = [key for key in keys if key[0] in held]
    work.open_picks.append(OpenPick(near if len(near) > 1 else keys, verb, pick.wish, pick.target))


def _add(account: Account, work: Work, owned: Owned, verb: str, wish: str, target: str | None) -> None:
    """A line more; one that is there already hears the new wish."""
    kind = account.kind_for(owned, verb) or "return"  # type: ignore[arg-type]
    known = next((each for each in work.entries if (each.order, each.sku) == owned.key), None)
    if known is not None:
        if wish or target:
            known.wish, known.target, known.new_sku = f"{known.wish}. {wish}"[-MOST_CHARS:], target, None
        known.kind = kind
        return
    work.entries.append(Entry(*owned.key, kind, wish[:MOST_CHARS], target))


def _unnamed(account: Account, text: str, verb: Verb, last: str | None) -> tuple[Picked, ...]:
    """Nothing was named but an order, or "my pending order": its lines."""
    said = verb_in(text) or verb
    orders = named_orders(text, account.orders)
    near = next((order for order in account.orders if order.order_number == last), None)
    if not orders and near is not None and _ITS.search(text):
        orders = (near,)
    pool = [each for each in account.owned if account.possible(each, said)]
    if re.search(r"\bpending\b|还没发货|未发货", text, re.IGNORECASE):
        pool = [each for each in pool if account.kind_for(each, "change") == "modify"]
    elif re.search(r"\b(?:delivered|received|arrived|got)\b|收到", text, re.IGNORECASE):
        pool = [each for each in pool if account.kind_for(each, "change") == "exchange"]
    if orders:
        numbers = {order.order_number for order in orders}
        pool = [each for each in account.owned if each.order.order_number in numbers]
    elif len({each.order.order_number for each in pool}) != 1:
        return ()
    to = re.search(r"换成|改成|改为|\b(?:to|for|into|with)\b", text)
    wish = text[to.start() :] if to and said in {"exchange", "change"} else ""
    return (Picked(tuple(pool), said, wish, is_settled=len(pool) == 1),) if pool else ()


def _names(account: Account, entries: list[Entry]) -> list[str]:
    return [name for entry in entries for name in _called(account, entry) if name]


def _called(account: Account, entry: Entry) -> set[str]:
    line = account.line(entry.order, entry.sku)
    return {line.name_en, line.name}
