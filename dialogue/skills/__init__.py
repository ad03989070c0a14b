"""The skills: one file each, one line here. ``load`` resolves them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialogue.skills.context import Skill

SKILLS: dict[str, str] = {
    "smalltalk": "dialogue.skills.smalltalk:SmallTalk",
    "undo": "dialogue.skills.undo:Undo",
    "not_received": "dialogue.skills.not_received:NotReceived",
    "pickup": "dialogue.skills.pickup:Pickup",
    "cashback": "dialogue.skills.cashback:CashbackSkill",
    "photos": "dialogue.skills.photos:Photos",
    "delivery_address": "dialogue.skills.delivery_address:DeliveryAddress",
    "product_page": "dialogue.skills.product_page:ProductPage",
    "visit": "dialogue.skills.visit:Visit",
    "purchase": "dialogue.skills.purchase:Purchase",
    "account_info": "dialogue.skills.account_info:AccountInfo",
    "product_range": "dialogue.skills.product_range:ProductRange",
    "change_payment": "dialogue.skills.change_payment:ChangePayment",
    "account_address": "dialogue.skills.account_address:AccountAddress",
    "order_status": "dialogue.skills.order_status:OrderStatusSkill",
    "urge": "dialogue.skills.urge:UrgeOrder",
    "returns": "dialogue.skills.returns:Returns",
    "cancel_order": "dialogue.skills.cancel_order:CancelOrder",
    "modify_order": "dialogue.skills.modify_order:ModifyOrder",
    "change_address": "dialogue.skills.change_address:ChangeAddress",
    "invoice": "dialogue.skills.invoice:Invoice",
    "price_protection": "dialogue.skills.price_protection:PriceProtection",
    "refund": "dialogue.skills.refund:Refund",
    "return_policy": "dialogue.skills.return_policy:ReturnPolicy",
    "coupons": "dialogue.skills.coupons:Coupons",
    "membership": "dialogue.skills.membership:Membership",
    "refund_status": "dialogue.skills.refund_status:RefundStatus",
    "follow_up": "dialogue.skills.follow_up:FollowUp",
    "tickets": "dialogue.skills.tickets:Tickets",
    "size_advice": "dialogue.skills.size_advice:SizeAdvice",
    "restock": "dialogue.skills.restock:Restock",
    "recommend": "dialogue.skills.recommend:Recommend",
    "products": "dialogue.skills.products:Products",
    "faq": "dialogue.skills.faq:Faq",
    "troubleshoot": "dialogue.skills.troubleshoot:Troubleshoot",
    "repair": "dialogue.skills.repair:Repair",
    "complaint": "dialogue.skills.complaint:Complaint",
    "handoff": "dialogue.skills.handoff:HandOff",
    "fallback": "dialogue.skills.fallback:Fallback",
}


def load(registry: Mapping[str, str] = SKILLS) -> dict[str, Skill]:
    """Every skill by its name. Raises ``ImportError`` or ``AttributeError`` for a wrong line."""
    found: dict[str, Skill] = {}
    for name, path in registry.items():
        module, _, attribute = path.partition(":")
        found[name] = getattr(import_module(module), attribute)()
    return found
