"""The skills: one file each, one line here. ``load`` resolves them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialogue.skills.context import Skill

SKILLS: dict[str, str] = {
    "smalltalk": "dialogue.skills.smalltalk:SmallTalk",
    "undo": "dialogue.skills.undo:Undo",
    "introduction": "dialogue.skills.introduction:Introduction",
    "not_received": "dialogue.skills.not_received:NotReceived",
    "visit": "dialogue.skills.visit:Visit",
    "pickup": "dialogue.skills.pickup:Pickup",
    "cashback": "dialogue.skills.cashback:CashbackSkill",
    "photos": "dialogue.skills.photos:Photos",
    "delivery_address": "dialogue.skills.delivery_address:DeliveryAddress",
    "product_page": "dialogue.skills.product_page:ProductPage",
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
    """Every skill by its name; "folder/file.py:Class" is read from that file.

    Raises ``ImportError``, ``AttributeError`` or ``OSError`` for a wrong line.
    """
    found: dict[str, Skill] = {}
    for name, path in registry.items():
        module, _, attribute = path.rpartition(":")
        found[name] = getattr(
            _from_file(Path(module)) if module.endswith(".py") else import_module(module), attribute
        )()
    return found


def _from_file(file: Path) -> ModuleType:
    """A module that lies in no package: a skill of a domain of one's own."""
    spec = spec_from_file_location(f"kefu_skill_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
