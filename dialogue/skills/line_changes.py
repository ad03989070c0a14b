"""Returns, exchanges and changes of several lines at once, in shops whose products have variants.

    who? -> which lines? -> per order: what becomes of each -> how is it settled? -> read back -> yes: one WRITE
                  ^                                                                     |
                  +---- corrections, "also the watch", other wishes --------------------+
    lines of another order, or another kind of WRITE, follow as a task of their own

A skill runs this under its own name (``Returns``, ``ModifyOrder``); what is done with a line depends on where its order
is: what has not shipped is changed, what has arrived is exchanged. The draft is ``line_draft.Work``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

from dialogue import cues
from dialogue.shop import change_rules, rules
from dialogue.shop.types import LineChange, Order
from dialogue.skills import line_asking, line_words, paying
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.confirm import refusal as rule_words
from dialogue.skills.context import Context, Item
from dialogue.skills.identity import opens_account, prove
from dialogue.skills.line_account import Account
from dialogue.skills.line_claims import explicit
from dialogue.skills.line_draft import LINE_INTENTS, Entry, Work, is_of_lines, words_of
from dialogue.skills.line_listening import listen
from dialogue.skills.line_reading import Owned
from dialogue.skills.line_verbs import Verb, verb_in
from dialogue.skills.numbers import Pending
from dialogue.skills.order_write import passed_on, step_of
from dialogue.state import DialogueState
from dialogue.types import CustomerIdentified, RequestsNoted, TaskEnded
from nlu.types import Parse

_ABOUT_PAYING = frozenset({"change_payment", "account", "payment", "refund_status"})
"""What an answer sounds like where we ask how something is paid: "the original payment method, please"."""
_ABOUT_GOODS = frozenset(
    {
        "out_of_scope",
        "product_question",
        "recommend",
        "size_advice",
        "stock",
        "price_question",
        "payment",
        "deny",
        "affirm",
    }
)
"""What answers to our questions sound like."""
_SURE = 0.6


def one_of_two(context: Context, work: Work) -> list[tuple[Entry, str]]:
    """Lines that are to be exchanged where others of the order go back first, and an order allows one of the two."""
    if not context.shop.policies.returns.once or not work.entries:
        return []
    first = work.entries[0]
    if first.kind not in {"return", "exchange"}:
        return []
    return [
        (entry, "already_returned")
        for entry in work.entries
        if entry.order == first.order and entry.kind != first.kind and entry.kind in {"return", "exchange"}
    ]


def by_lines(context: Context) -> bool:
    """Whether the shop's products have variants, and its customers open their account themselves."""
    return context.shop.policies.changes.within == "family"


class LineChanges:
    """One turn of it, for the skill called ``skill``; ``verb``: what its customers want where they do not say."""

    def __init__(self, skill: str, verb: Verb) -> None:
        self._skill = skill
        self._verb = verb

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """See the module. Raises ``ShopUnavailable``."""
        work = Work.of(context.draft(self._skill))
        is_new = context.task_of(self._skill) is None
        text = words_of(context)
        noted = others(context)
        if noted is not None:
            yield RequestsNoted(noted)
        if not opens_account(context):
            work.keep_request(text, self._verb, is_new=is_new)
            draft = work.draft()
            proof = await prove(context, self._skill, draft)
            if isinstance(proof, Pending):
                for item in proof.items:
                    yield item
                return
            yield proof
            context, text, is_new = _identified(context, proof), work.take_request() or text, True
        account = await Account.open(context)
        changed = not context.resumed and await listen(
            context, account, work, text, None if is_new else step_of(context, self._skill), work.verb or self._verb
        )
        answer = None if changed or is_new else verdict(context, self._skill)
        if changed and not is_new and not work.entries and not work.open_picks:
            answer = "no"  # the last line was given up
        if answer == "yes":
            async for item in self._submit(context, account, work):
                yield item
            return
        if answer == "no":
            for item in withdraw(context):
                yield item
            return
        for item in await self.advance(context, account, work):
            yield item

    async def take_over(self, context: Context, text: str) -> tuple[Item, ...]:
        """Begin with ``text``, which was another skill's until it was known what it is about."""
        work, account = Work(), await Account.open(context)
        await listen(context, account, work, text, None, self._verb)
        return await self.advance(context, account, work)

    async def _submit(self, context: Context, account: Account, work: Work) -> AsyncIterator[Item]:
        """The WRITE of the first group; then what is left is begun."""
        group = work.first_group()
        name, arguments = work.write(group)
        events: list[Item] = []
        async for item in submit(context, self._skill, name, arguments):
            events.append(item)
            yield item
        if not any(isinstance(item, TaskEnded) for item in events):
            return
        rest = work.without(group)
        if not rest.entries and not rest.open_picks:
            return
        context = passed_on(context, tuple(item for item in events if isinstance(item, TaskEnded)))
        for item in await self.advance(context, await Account.open(context), rest):
            yield item

    async def advance(self, context: Context, account: Account, work: Work) -> tuple[Item, ...]:
        """The next question, the read-back, or why it cannot be done."""
        if not account.orders:
            return (context.reply(context.say("orders.none"), suggestions=context.suggest("human")),)
        if work.open_picks:
            return line_asking.which_line(context, self._skill, account, work)
        if not work.entries:
            return line_asking.which_goods(context, self._skill, work, self._verb)
        refused = [*self._refused(account, work), *one_of_two(context, work)]
        lead = ""
        if refused:
            lead = " ".join(line_asking.why_not(context, account, entry, rule) for entry, rule in refused)
            work.entries = [entry for entry in work.entries if entry not in [each for each, _ in refused]]
            if not work.entries:
                suggestions = context.suggest("human")
                about = {**work.draft(), "order": refused[0][0].order}
                events = (*context.open_task(self._skill, about), TaskEnded("refused"))
                return (*events, context.reply(lead, suggestions=suggestions))
        group = work.first_group()
        order = account.order(group[0].order)
        for entry in group:
            asked = await self._variant(context, account, work, entry, lead)
            if asked:
                return asked
        asked = await self._method(context, account, work, order, group, lead)
        return asked or await self._read_back(context, account, work, order, group, lead)

    def _refused(self, account: Account, work: Work) -> list[tuple[Entry, str]]:
        found = []
        for entry in work.entries:
            rule = account.why_not(Owned(account.order(entry.order), account.line(entry.order, entry.sku)), entry.kind)
            if entry.kind == "cancel":
                rule = rule or "only_whole"
            if rule is not None:
                found.append((entry, rule))
        return found

    async def _variant(
        self, context: Context, account: Account, work: Work, entry: Entry, lead: str
    ) -> tuple[Item, ...]:
        """Settle what comes for a line; the question where it is not clear."""
        if entry.kind not in {"exchange", "modify"} or entry.new_sku is not None:
            return ()
        return await line_asking.which_variant(context, self._skill, account, work, entry, lead)

    async def _method(
        self, context: Context, account: Account, work: Work, order: Order, group: list[Entry], lead: str
    ) -> tuple[Item, ...]:
        """Settle how a difference or a refund is settled; the question where policy wants one."""
        policy = context.shop.policies.payment
        kind = group[0].kind
        asks = policy.ask_refund if kind == "return" else policy.ask_difference
        chosen = work.chosen_method(account.methods, order)
        if chosen is None and not asks:
            return ()
        if chosen is None and (len(account.methods) < 2 and not work.no_such_method):
            work.method = paying.ORIGINAL
            return ()
        rule = "unknown_payment_method" if chosen is None and work.no_such_method else None
        if chosen is not None:
            if kind == "return":
                policies = context.shop.policies
                rule = change_rules.why_not_refund_to(order, account.methods, chosen, policies=policies)
            else:
                more = await self._difference(account, order, group)
                rule = change_rules.why_not_settle(account.methods, chosen, more)
            if rule is None:
                return ()
        why = context.say("lines.pay.refused", why=rule_words(context, rule)) if rule else ""
        return line_asking.which_method(context, self._skill, account, work, order, kind, lead, why)

    async def _difference(self, account: Account, order: Order, group: list[Entry]) -> Decimal:
        changes = [LineChange(entry.sku, entry.new_sku) for entry in group]
        products = {each.sku: each for entry in group for each in await account.variants(entry.sku)}
        return change_rules.difference(order, changes, products)

    async def _read_back(
        self, context: Context, account: Account, work: Work, order: Order, group: list[Entry], lead: str
    ) -> tuple[Item, ...]:
        products = {each.sku: each for entry in group for each in await account.variants(entry.sku)}
        changes = [
            (account.line(entry.order, entry.sku), products.get(entry.new_sku) if entry.new_sku else None)
            for entry in group
        ]
        text = line_words.read_back(
            context,
            group[0].kind,
            order,
            changes,
            account.methods,
            work.chosen_method(account.methods, order),
            await self._difference(account, order, group) if group[0].kind != "return" else Decimal(0),
            rules.refund_amount(order, [entry.sku for entry in group]),
        )
        left = len({(entry.order, entry.kind) for entry in work.entries}) - 1
        more = context.say("lines.then_more") if left and group[0].kind else ""
        return ask_confirmation(context, self._skill, work.draft(), lead, *text[:-1], more, text[-1])


def others(context: Context) -> tuple[Parse, ...] | None:
    """What stays noted where this skill takes up the others of its kind itself; None where nothing changes."""
    left = tuple(parse for parse in context.state.noted if not is_of_lines(parse))
    return left if len(left) < len(context.state.noted) else None


def _identified(context: Context, proof: CustomerIdentified) -> Context:
    return passed_on(context, (proof,))


def takes(state: DialogueState, skill: str, parse: Parse) -> bool:
    """Whether words belong to a task of this kind that runs: another line, another verb, another wish."""
    task = state.task
    if task is None or task.skill != skill or "work" not in task.slots:
        return False
    if parse.intent in LINE_INTENTS:
        return True
    if parse.intent in _ABOUT_PAYING and state.expectation.slot == "payment_method":
        return True
    if explicit(parse, always=True) not in {None, "cancel"}:
        return True
    if task.step == "method" and paying.kind_in(parse.text) is not None:
        return True
    if task.step == CONFIRM:
        tells_more = cues.is_correction(parse.text) or paying.kind_in(parse.text) is not None
        return tells_more and parse.intent not in {"affirm", "deny", "cancel_order"}
    return parse.intent in _ABOUT_GOODS or parse.confidence < _SURE


def wanted(context: Context) -> Verb:
    """What the intent asks for."""
    text = words_of(context)
    if (said := explicit(context.turn.parse)) is not None:
        return said
    meant = {"exchange_request": "exchange", "modify_order": "change"}.get(context.turn.parse.intent)
    verb: Verb = verb_in(text) or meant or "return"  # type: ignore[assignment]
    return verb
