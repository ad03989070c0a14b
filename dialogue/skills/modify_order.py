"""Another colour, size or quantity of a thing in an order that has not shipped: order, line, wish, variant, one WRITE.

order -> line (several?) -> wish? -> quantity: read back
                                  -> colour or size: the one variant in stock, a choice of what comes near, or none
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

from dialogue import cues, phrasing
from dialogue.shop import change_rules
from dialogue.shop.types import LineChange, Order, OrderLine, Product
from dialogue.skills import order_lines
from dialogue.skills.cards import product_card
from dialogue.skills.confirm import refusal as refusal_words
from dialogue.skills.context import Context, Item
from dialogue.skills.line_changes import by_lines, takes
from dialogue.skills.line_claims import wishes_of
from dialogue.skills.line_work import work_on_lines
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import FIELD_CHARS, OrderWrite, refused_task, step_of
from dialogue.skills.orders import numbered
from dialogue.skills.variants import STEPS, is_option, variants_of
from dialogue.state import DialogueState
from dialogue.types import ActionName, Asked, Reply
from nlu.types import Expectation, Parse

OFFERED = 3
WISH_CHARS = 20
_COUNT = {char: value for value, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "俩": 2}
_QUANTITY = re.compile(
    r"(?P<less>少|减)?(?P<more>多|再|加)?(?:买|要|拍|加|订|来|改成|改为|换成|变成|数量|一共|总共|[是为成到了])*\s*(?P<zh>\d{1,3}|[一二两俩三四五六七八九十])\s*(?:个|件|双|台|条|份|瓶|盒|只|套|本|包|箱|把|块)(?!月|小时|码|色)"
    r"|\b(?:quantity|qty|number)\b.{0,30}?\b(?:to|is) (?P<en>\d{1,3})"
    r"|\b(?P<pcs>\d{1,3}) (?:pieces?|of them|pcs|units?)\b",
    re.IGNORECASE,
)
_COLOUR = re.compile(
    r"(?:改|换)?(?:成|为|要)?(?P<zh>[浅深粉湖藏墨卡米雾银玫焦]?[红橙黄绿青蓝紫黑白灰粉棕金银]色?|米白色?|卡其色?|焦糖色?|肉色|透明)"
    r"(?=色|$|[的吧，,。 ]|款)"
    r"|\b(?P<en>black|white|gr[ae]y|red|blue|green|pink|yellow|brown|purple|orange|silver|gold|beige)\b",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"(?<![A-Za-z])(?P<letter>[SML]|X{1,3}[SL]|[2-5]XL)(?![A-Za-z])|(?P<number>\d{2}(?:\.5)?)\s*(?:码|号)"
    r"|(?P<relative>大|小)[一1]?(?:号|码)|\b(?P<en>bigger|larger|smaller) (?:size|one)\b",
    re.IGNORECASE,
)
_ASPECTS = {
    "quantity": re.compile(r"数量|件数|几件|\bquantity\b|how many", re.IGNORECASE),
    "size": re.compile(r"尺码|尺寸|大小|码数|\bsize\b", re.IGNORECASE),
    "colour": re.compile(r"颜色|色号|\bcolou?r\b", re.IGNORECASE),
}
_NOTE = re.compile(r"备注|留言|贺卡|包装|\bnote\b|gift wrap", re.IGNORECASE)


class ModifyOrder(OrderWrite):
    """Changes one line of one order."""

    name = "modify_order"
    intents = ("modify_order",)
    action = "modify_order"

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn; in a shop whose products have variants, of several lines at once."""
        by = work_on_lines(context, self.name) if by_lines(context) else super().run(context)
        async for item in by:
            yield item

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a change under way is to be another one (要XL的, 改成3件)."""
        if takes(state, self.name, parse) or wishes_of(state, parse, self.name) in {"exchange", "change"}:
            return True
        if state.task is None or state.task.skill != self.name:
            return False
        text = parse.normalized or parse.text
        return wish_in(parse, text) is not None or pieces_in(parse, text, bare=False) is not None

    def read(self, context: Context, draft: Draft) -> bool:
        """Line, wish and quantity; True when they gave one of the last two."""
        step = step_of(context, self.name)
        before = _wished(draft)
        if step == order_lines.STEP:
            order_lines.read_chosen(context, draft, several=False)
        if step == "variant" and (picked := cues.chosen(context.text, context.state.expectation.choices)) is not None:
            draft["new_sku"] = draft["offered"][picked]
            return True
        parse = context.turn.parse
        if step is None:
            draft["aspect"] = aspect_in(context.text)
        if _NOTE.search(context.text):
            draft["note"] = context.turn.parse.text.strip()[:FIELD_CHARS]
        elif (wish := wish_in(parse, context.text)) is not None:
            draft.update(wish=wish, pieces=None, new_sku=None, note=None)
        elif (pieces := pieces_in(parse, context.text, bare=step == "wish")) is not None:
            draft.update(pieces=pieces, wish=None, new_sku=None, note=None)
        elif step == "wish":
            draft["aspect"] = aspect_in(context.text)
            if draft["aspect"] is None:
                draft["wish"] = context.text.strip(" 。.!！")[:WISH_CHARS]
        return before != _wished(draft)

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """It must not have shipped."""
        return change_rules.why_not_modify(order, policies=context.shop.policies)

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """Which line, what of it, and which of several variants."""
        if not draft.get("skus") and len(order.lines) > 1:
            order_lines.read_named(context, draft, order)
        if not draft.get("skus"):
            if len(order.lines) > 1:
                return order_lines.ask_lines(context, self.name, draft, order.lines, "modify.ask_line", several=False)
            draft["skus"] = [order.lines[0].sku]
        line = _line(draft, order)
        if draft.get("note"):
            return ()
        if draft.get("pieces") or draft.get("new_sku"):
            return await self._check(context, draft, order, line)
        if not draft.get("wish"):
            return self._ask_wish(context, draft, line)
        return await self._look_for(context, draft, order, line)

    def _ask_wish(self, context: Context, draft: Draft, line: OrderLine) -> tuple[Item, ...]:
        what = phrasing.line_name(line, context.language)
        aspect = draft.get("aspect")
        key = f"modify.ask_aspect.{aspect}" if aspect else "modify.ask_wish"
        return (
            *context.open_task(self.name, draft, "wish"),
            Asked(Expectation("free")),
            context.reply(context.say(key, what=what), suggestions=context.suggest("human")),
        )

    async def _check(self, context: Context, draft: Draft, order: Order, line: OrderLine) -> tuple[Item, ...]:
        """The shop's rules on the change, in words and money what it comes to; empty when it can be read back."""
        pieces, new_sku = draft.get("pieces"), draft.get("new_sku")
        quantity = None
        if pieces:
            quantity = line.quantity * abs(pieces["sign"]) + pieces["count"] * (pieces["sign"] or 1)
        product = await context.shop.product(new_sku or line.sku)
        changes = (LineChange(line.sku, new_sku, quantity),)
        products = {product.sku: product} if product else {}
        policies = context.shop.policies
        rule = change_rules.why_not_change_lines(order, changes, products, policies=policies)
        if rule is not None or product is None:
            return (*refused_task(context, self.name, draft), self._no(context, rule or "unknown_product", line))
        draft["quantity"] = quantity
        draft["difference"] = str(change_rules.changed_total(order, changes, products) - order.total)
        name, said = phrasing.line_name(product, context.language), draft.get("wish") or ""
        wish = context.say("modify.wish", wish=said) if said and said not in name and said not in STEPS else ""
        draft["change"] = (
            context.say("modify.change.quantity", before=line.quantity, after=quantity)
            if quantity is not None
            else context.say("modify.change.variant", what=name, wish=wish)
        )
        return ()

    async def _look_for(self, context: Context, draft: Draft, order: Order, line: OrderLine) -> tuple[Item, ...]:
        """The variants of what was bought that fit the wish: one is taken, several are offered."""
        bought = await context.shop.product(line.sku)
        if bought is None:
            return (*refused_task(context, self.name, draft), self._no(context, "unknown_product", line))
        same_shelf = await context.shop.search_products("", category=bought.category, in_stock=True, limit=200)
        exact, near = variants_of(bought, draft["wish"], same_shelf)
        if not exact and is_option(bought, draft["wish"]):
            draft["note"] = draft["wish"]  # the catalogue has one product for all sizes: the warehouse picks
            return ()
        if len(exact) == 1:
            draft["new_sku"] = exact[0].sku
            return await self._check(context, draft, order, line)
        offered = (exact or near)[:OFFERED]
        if not offered:
            return (*refused_task(context, self.name, draft), self._no(context, "no_variant", line, draft["wish"]))
        return self._offer(context, draft, offered, "several" if exact else "near")

    def _offer(self, context: Context, draft: Draft, offered: tuple[Product, ...], key: str) -> tuple[Item, ...]:
        names = tuple(phrasing.line_name(product, context.language) for product in offered)
        draft["offered"] = [product.sku for product in offered]
        text = context.say(f"modify.offer.{key}", wish=draft["wish"], listing=numbered(context, names))
        cards = tuple(product_card(context, product) for product in offered)
        return (
            *context.open_task(self.name, draft, "variant"),
            Asked(Expectation("choice", choices=names)),
            context.reply(text, cards=cards, suggestions=(*names, *context.suggest("stop"))),
        )

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """What becomes what, and what it costs or gives back."""
        if note := draft.get("note"):
            what = phrasing.line_name(_line(draft, order), context.language)
            wish = context.say(f"modify.{note}") if note in STEPS else note
            return (context.say("modify.read_back_note", number=order.order_number, what=what, wish=wish),)
        difference = Decimal(draft["difference"])
        kind = "more" if difference > 0 else "less" if difference < 0 else "same"
        what = phrasing.line_name(_line(draft, order), context.language)
        text = context.say("modify.read_back", number=order.order_number, what=what, change=draft["change"])
        amount = phrasing.money(abs(difference), context.language)
        return (text, context.say(f"modify.difference.{kind}", amount=amount), context.say("modify.ask"))

    def write(self, context: Context, draft: Draft) -> tuple[ActionName, Mapping[str, Any]]:
        """One line, by its sku."""
        if note := draft.get("note"):
            return "open_ticket", {
                "kind": "follow_up",
                "customer_id": context.state.customer_id,
                "order_number": draft["order"],
                "text": context.say("modify.ticket", sku=draft["skus"][0], wish=note),
            }
        return "modify_order", {
            "order_number": draft["order"],
            "changes": [{"sku": draft["skus"][0], "new_sku": draft.get("new_sku"), "quantity": draft.get("quantity")}],
        }

    def forget(self, draft: Draft) -> bool:
        """What is wished for."""
        for name in ("wish", "pieces", "new_sku", "quantity", "note"):
            draft.pop(name, None)
        return True

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Too late to change it."""
        suggestions = context.suggest("return" if rule == "already_shipped" else "human")
        return context.reply(context.say(f"modify.refused.{rule}", number=order.order_number), suggestions=suggestions)

    def _no(self, context: Context, rule: str, line: OrderLine, wish: str = "") -> Reply:
        what = phrasing.line_name(line, context.language)
        key = f"modify.cannot.{rule}"
        wish = context.say(f"modify.{wish}") if wish in STEPS else wish
        text = (
            context.say(key, what=what, wish=wish)
            if context.wording.has(key)
            else context.say("confirm.refused", why=refusal_words(context, rule))
        )
        return context.reply(text, suggestions=context.suggest("cancel", "human"))


def wish_in(parse: Parse, text: str) -> str | None:
    """The colour or size that is wanted, in the customer's words; ``bigger``, ``smaller`` for one step."""
    if slot := parse.slot("colour") or parse.slot("size"):
        return str(slot.value)
    if found := _SIZE.search(text):
        step = found["relative"] or found["en"]
        if step:
            return "smaller" if step in {"小", "smaller"} else "bigger"
        return (found["letter"] or found["number"] or "").upper()
    wanted = list(_COLOUR.finditer(text))
    return (wanted[-1]["zh"] or wanted[-1]["en"]) if wanted else None  # 红的换成黑的: the last one is wanted


def pieces_in(parse: Parse, text: str, *, bare: bool) -> dict[str, int] | None:
    """How many are wanted: ``count``, and ``sign`` 1 for so many more, -1 for so many fewer, 0 for so many in all."""
    found = _QUANTITY.search(text)
    slot = parse.slot("quantity")
    if found is None and slot is None:
        digits = text.strip(" 。.!！")
        return {"count": int(digits), "sign": 0} if bare and digits.isdigit() and len(digits) < 4 else None
    if found is None:
        return {"count": int(str(slot.value)) if slot else 0, "sign": 0}
    words = found["zh"] or found["en"] or found["pcs"]
    count = int(words) if words.isdigit() else _COUNT[words]
    return {"count": count, "sign": -1 if found["less"] else 1 if found["more"] else 0}


def aspect_in(text: str) -> str | None:
    """What of a thing is to change, where only that is said (尺码拍错了, 数量)."""
    return next((name for name, words in _ASPECTS.items() if words.search(text)), None)


def _wished(draft: Draft) -> tuple[Any, ...]:
    return tuple(draft.get(name) for name in ("wish", "pieces", "new_sku", "note"))


def _line(draft: Draft, order: Order) -> OrderLine:
    return next((line for line in order.lines if line.sku == draft["skus"][0]), order.lines[0])
