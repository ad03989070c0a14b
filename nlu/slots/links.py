"""Links: pictures (``photo``), pages of the catalogue's products (``sku``), anything else (``link``); and numbers that
are skus of the catalogue. What is in a link is no number of its own.

    https://shop.example.com/goods/100042754736.html?from=chat   sku 100042754736, where the catalogue has it
    https://img.example.com/a/1.jpg                              photo
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.slots.types import Candidate, SlotContext, candidate, said_before

_LINK = re.compile(r"https?://[^\s,，。；！？、（）()<>“”\"'一-鿿]+", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif|bmp|heic)(?:[?#].*)?$", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9-]{4,}")
_CODE = re.compile(r"(?<![\d.])\d{6,14}(?![\d.])")
_ORDER_WORDS = re.compile(r"(?:订单|单号|order)\D{0,8}$")
_CERTAIN = 0.99
_STANDS_FOR = {"photo": "这张照片", "page": "这个商品"}


def read(context: SlotContext) -> Iterator[Candidate]:
    """Links, and bare numbers that the catalogue has for skus."""
    source, catalogue = context.source, context.config.catalogue
    for match in _LINK.finditer(source.text):
        url = match.group().rstrip(".,")
        span = (match.start(), match.start() + len(url))
        if _PICTURE.search(url):
            yield candidate(source, span, "photo", url, _CERTAIN, "photo: a link to a picture")
            continue
        tokens = _TOKEN.findall(url.partition("://")[2].partition("/")[2])
        sku = next((known for token in tokens if catalogue and (known := catalogue.sku(token))), None)
        if sku:
            yield candidate(source, span, "sku", sku, _CERTAIN, "sku: a link to its page")
        else:
            yield candidate(source, span, "link", url, _CERTAIN, "link")
    if catalogue is None:
        return
    for match in _CODE.finditer(source.text):
        known = catalogue.sku(match.group())
        if known and not said_before(context, match.start(), _ORDER_WORDS, 12):
            yield candidate(source, match.span(), "sku", known, 0.97, "sku: a number in the catalogue")


def in_words(text: str) -> str:
    """``text`` with words for its links: what a classifier should read."""
    return _LINK.sub(lambda match: _STANDS_FOR["photo" if _PICTURE.search(match.group()) else "page"], text)
