"""Two products side by side. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.goods.facts import HIDDEN
from dialogue.shop.types import Product


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of both; None where a page does not say."""

    name: str
    first: str | None
    second: str | None

    @property
    def differs(self) -> bool:
        """Whether both pages say it and do not say the same."""
        return self.first is not None and self.second is not None and self.first != self.second


def side_by_side(first: Product, second: Product) -> tuple[Row, ...]:
    """Every attribute of either: what differs first, then what both have, then what only one page says."""
    names = dict.fromkeys((*first.attributes, *second.attributes))
    rows = [Row(name, first.attributes.get(name), second.attributes.get(name)) for name in names if name not in HIDDEN]
    rows.sort(key=lambda row: (not row.differs, row.first is None or row.second is None))
    return tuple(rows)
