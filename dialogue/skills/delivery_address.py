"""Where an order goes: told to who may see the order. Changing it is ``change_address``."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue.shop.types import Order
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Pending
from dialogue.skills.orders import settle
from dialogue.state import DialogueState
from dialogue.types import TaskEnded
from nlu.types import Parse

_ASKS = re.compile(
    r"(?:查|看|核对|告诉|是什么|哪里|哪儿).{0,24}(?:收货|收件|配送|送货)?地址"
    r"|(?:收货|收件|配送|送货)地址.{0,6}(?:是|在|对|哪|什么|吗)"
    r"|(?:寄|发)(?:到|去)(?:了)?(?:哪(?:里|儿)?|什么地方)(?!.{0,2}了)"
    r"|\b(?:what|which|check|see|confirm)\b.{0,24}\b(?:delivery |shipping )?address\b"
    r"|\bwhere (?:is|will) it (?:go|be sent)",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"改|换|错|填|变更|更新|新的?地址|默认|退货地址|寄回|发票|店|公司地址|\b(?:change|wrong|update|new|default|return)\b",
    re.IGNORECASE,
)


class DeliveryAddress:
    """Tells where an order is delivered to."""

    name = "delivery_address"
    intents: tuple[str, ...] = ()
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether the address of an order is asked, not changed."""
        text = parse.normalized or parse.text
        known = parse.slot("order_number") is not None or state.last_order is not None or "订单" in text
        return known and bool(_ASKS.search(text)) and not _CHANGES.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Settle the order, then tell. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        settled = await settle(context, self.name, draft, fits=_goes_out, several="newest")
        if isinstance(settled, Pending):
            for item in settled.items:
                yield item
            return
        order = settled.order
        for event in (*settled.events, *context.open_task(self.name, {"order": order.order_number}), TaskEnded("done")):
            yield event
        yield context.reply(
            context.say("address.is", number=order.order_number, address=order.address),
            cards=(order_card(context, order),),
            suggestions=context.suggest("address"),
            sources=("shop:order",),
        )


def _goes_out(order: Order) -> bool:
    return bool(order.address)
