"""The world of ECom-Bench for ``dialogue.evaluate``: a folder in; a shop to play in, and what it must become, out.

``dialogue.evaluate`` finds it as ``tests.worlds.ecom:EcomWorlds``, so that nothing of the program imports tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dialogue.policies import Policies, shipped_policies
from tests.worlds import ecom_facts, ecom_gold, ecom_records
from tests.worlds.ecom_records import TODAY, Records
from tests.worlds.ecom_shop import EcomShop

_YEARS = 3650
"""Days: the policy of the world knows no end of a return, and none of price protection."""


class EcomWorlds:
    """The worlds of one folder, all the same at first."""

    now = TODAY

    def __init__(self, folder: Path) -> None:
        """Raises ``DataError``."""
        self._records = ecom_records.read(folder)

    def fresh(self) -> EcomWorld:
        """One that nobody has changed."""
        return EcomWorld(self._records.copy())

    def after(self, actions: Iterable[Mapping[str, Any]]) -> Mapping[str, object]:
        """The snapshot of a fresh one after the gold ``actions``. Raises ``DataError``."""
        gold = self._records.copy()
        ecom_gold.apply(gold, actions)
        return ecom_records.snapshot(gold)

    def pieces(self, name: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """What a gold lookup finds, in pieces: one that is told tells of it."""
        return ecom_facts.pieces(self._records, name, arguments)


class EcomWorld:
    """See ``dialogue.evaluate.play.World``."""

    def __init__(self, records: Records) -> None:
        """``records`` are this world's own."""
        self.shop = EcomShop(records, policies())

    async def snapshot(self) -> Mapping[str, object]:
        """Orders, e-cards, invoices, appointments, registered reviews."""
        return ecom_records.snapshot(self.shop.records)


def policies() -> Policies:
    """The shipped policies as ``policy.md`` of the world changes them."""
    shipped = shipped_policies()
    reasons = {name: kind.model_copy(update={"days": _YEARS}) for name, kind in shipped.returns.reasons.items()}
    parts: dict[str, dict[str, Any]] = {
        "identity": {"order_digits": None},
        "returns": {"reasons": reasons, "ask_reason": False},
        "changes": {"within": "family"},
        "price_protection": {"days": _YEARS, "categories": {}},
        "urge": {"on_the_way": "shop"},
        "visits": {"kinds": ("installation", "repair"), "last_day": 14, "before_delivery": True},
        "cashback": {"after": "paid", "yuan": None},
    }
    changed = {name: getattr(shipped, name).model_copy(update=fields) for name, fields in parts.items()}
    return shipped.model_copy(update=changed)
