"""What somebody wants to buy, in their words: whether they order now, what, how many. Pure.

要两个保温杯（货号…）和一个水壶（货号…），用礼品卡付   two things, 2 and 1
选一个最大的购买                                       of what was shown the one that holds most
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.shop.types import Product
from nlu.types import Parse

MOST_PIECES = 99
_ORDERS = re.compile(
    r"下单|改购|买下|拍下|(?<!之前)(?<!已经)(?<!刚刚)(?<!上次)(?<!曾经)(?<!已)(?<!我)购买|帮我(?:再)?(?:买|拍)"
    r"|(?:想要?|要|决定|希望|就|打算)(?:再)?(?:购买|买|拍)(?:这|那|它|一|两|\d)"
    r"|(?:给我|就|那)来(?:一|两|二|三|\d)"
    r"|\b(?:place|make) (?:an? |the )?order\b|\border (?:it|this|that|one|two|\d)\b"
    r"|\b(?:i want|i'd like|i would like|let me|please|can i|i'll) (?:to )?(?:buy|order|purchase|"
    r"take(?![^.?!]{0,40} out of\b))\b",
    re.IGNORECASE,
)
_DONE_BEFORE = re.compile(
    r"(?:下单|购买|买下?|拍下?)(?:了|过|的时候|时|后|之后|以后|前|之前|的(?:商品|家电|东西|热水器|那))"
    r"|(?:之前|已经?|上次|昨天|前几天|刚刚?|以前|往常).{0,4}(?:买|购买|下单|下的?单)"
    r"|\b(?:ordered|bought|purchased)\b",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"(?:怎么|如何|怎样|在哪|哪里|为什么|为啥).{0,6}(?:下单|购买|买)|(?:没法|无法|不能|下不了|失败).{0,4}(?:下单|购买|单)"
    r"|(?:可以|能)(?:下单|购买|买)(?:吗|么)|下单(?:流程|方式|失败|不了)|值得.{0,3}买|筛选|对比|比较一?下|差异|差别|区别|推荐.{0,6}(?:买|购买)|取消"
    r"|\b(?:how|where|why) (?:do|can|to|can't)\b",
    re.IGNORECASE,
)
_LARGEST = re.compile(r"最大|容量最?大|大一?[点些]|\b(?:largest|biggest|bigger)\b", re.IGNORECASE)
_SMALLEST = re.compile(r"最小|小一?[点些]|\b(?:smallest|smaller)\b", re.IGNORECASE)
_CHEAPEST = re.compile(r"最便宜|便宜一?[点些]|\b(?:cheapest|cheaper)\b", re.IGNORECASE)
_DEAREST = re.compile(r"最贵|最好的|\bmost expensive\b", re.IGNORECASE)
_SIZES = ("容量", "净含量", "尺寸", "capacity")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_COUNT = re.compile(
    r"(?P<count>\d{1,2}|[一两二三四五六七八九十])\s*(?:台|件|个|双|条|只|套|盒|瓶|袋|本|部|把|支|包)(?!月|小时|升|一)"
    r"|数量(?:为|是|：|:)?\s*(?P<said>\d{1,2})|\b(?P<en>\d{1,2}) (?:pieces?|pcs|of|units?)\b",
    re.IGNORECASE,
)
_DIGITS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}


@dataclass(frozen=True, slots=True)
class Item:
    """A product by its sku, and how many of it."""

    sku: str
    quantity: int


def wants_to_order(text: str) -> bool:
    """帮我下单, 我想购买…, "order it": now, not before, and not how it is done."""
    return bool(_ORDERS.search(text)) and not _DONE_BEFORE.search(text) and not _ASKS_HOW.search(text)


def items_in(parse: Parse, text: str) -> list[Item]:
    """The products whose skus were said, each with the count that stands nearest before it, else after it."""
    skus = [slot for slot in parse.slots if slot.name == "sku"]
    counts = [(found.start(), _count(found)) for found in _COUNT.finditer(text)]
    items: dict[str, int] = {}
    for at, slot in enumerate(skus):
        begin = skus[at - 1].end if at else 0
        end = skus[at + 1].start if at + 1 < len(skus) else len(text)
        before = [count for place, count in counts if begin <= place < slot.start]
        after = [count for place, count in counts if slot.end <= place < end] if len(skus) == 1 else []
        quantity = before[-1] if before else after[0] if after else 1
        items.setdefault(str(slot.value), min(quantity, MOST_PIECES))
    return [Item(sku, quantity) for sku, quantity in items.items()]


def quantity_in(text: str) -> int:
    """How many pieces are wanted; 1 where nothing is said."""
    found = _COUNT.search(text)
    return min(_count(found), MOST_PIECES) if found else 1


def picked(text: str, shown: Sequence[Product]) -> Product | None:
    """The one of the products shown that is the largest, smallest, cheapest or dearest, where the words say so."""
    if not shown:
        return None
    if _LARGEST.search(text) or _SMALLEST.search(text):
        sized = [(size, product) for product in shown if (size := size_of(product)) is not None]
        pick = max if _LARGEST.search(text) else min
        return pick(sized, key=lambda pair: pair[0])[1] if sized else None
    if _CHEAPEST.search(text):
        return min(shown, key=lambda product: product.price)
    return max(shown, key=lambda product: product.price) if _DEAREST.search(text) else None


def size_of(product: Product) -> float | None:
    """How much it holds, by its page."""
    said = next((product.attributes[name] for name in _SIZES if name in product.attributes), None)
    found = _NUMBER.search(said) if said else None
    return float(found.group()) if found else None


def _count(found: re.Match[str]) -> int:
    said = found["count"] or found["said"] or found["en"]
    return int(said) if said.isdigit() else _DIGITS[said]
