"""tau2's retail world: a folder with its three files in, fresh worlds to play tasks in out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dialogue.evaluate.play import Snapshot
from dialogue.shop.clock import wall_clock
from tests.worlds.tau2_records import Records, apply_gold
from tests.worlds.tau2_shop import RetailShop
from tests.worlds.tau2_values import products_of


class RetailWorld:
    """See ``play.World``. One for each play."""

    def __init__(self, shop: RetailShop) -> None:
        self.shop = shop

    async def snapshot(self) -> Snapshot:
        """Orders and users."""
        return self.shop.records.snapshot()


class RetailWorlds:
    """The world as its files hold it, and copies of it."""

    def __init__(self, folder: Path) -> None:
        """Raises ``DataError``."""
        self._records = Records.load(folder)
        self._products = tuple(products_of(self._records))

    async def world(self) -> RetailWorld:
        """A fresh copy."""
        return RetailWorld(RetailShop(self._records.fresh(), wall_clock(), self._products))

    async def gold(self, actions: Sequence[Mapping[str, Any]]) -> Snapshot:
        """What a fresh copy is after the gold WRITEs."""
        records = self._records.fresh()
        apply_gold(records, actions)
        return records.snapshot()
