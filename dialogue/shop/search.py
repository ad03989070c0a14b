"""Product search in process: the customer's words against a small catalogue. Pure, except for jieba's dictionary.

Chinese has no spaces, so a text becomes jieba words and character bigrams; English becomes lower-case words without a
plural s. A term weighs more the rarer it is in the catalogue and the closer to the name it stands (BM25's idf, one
weight per field). Single characters only order what words found: 「跑步鞋」 puts 跑鞋 before other shoes. Good for
some thousands of products; a larger shop searches in its own engine.
"""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import jieba

from dialogue.shop.types import Product

_FIELD_WEIGHTS = (4.0, 3.0, 2.0, 1.0)
"""Name (both languages), category, attributes, description."""
_BIGRAM_SHARE = 0.5
"""A bigram is half a word: it also matches across word borders."""
_CHARACTER_SHARE = 0.2
_SIZE_TABLE = "尺码表"
"""Attribute that is only looked up: its numbers say nothing of what the product is."""
_MIN_SHARE = 0.3
"""A product below this share of the best score is noise."""
_STOP_TEXT = (
    "我 我要 我想 想要 想买 你 您 想 要 买 看 看看 有 没有 有没有 吗 呢 吧 啊 的 了 个 一个 一款 一些 什么 "
    "哪些 哪款 哪种 推荐 给我 给 帮 帮我 请 请问 一下 好 好的 好用 便宜 便宜点 以内 以下 左右 多少 多少钱 "
    "价格 元 块 块钱 可以 能 适合 用 和 或 还 是 在 你们 你们家 店里 卖 "
    "a an and any are do for have i in is it looking me my need of on please recommend show some something than "
    "the there to under want what which with you your buy price cheap good below less yuan rmb"
)
_STOP_WORDS = frozenset(_STOP_TEXT.split())
_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z]+|\d+(?:\.\d+)?[a-z]*")


def load_dictionary() -> None:
    """Load jieba's dictionary (about a second, once per process); call it off the event loop."""
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()


def rank(words: str, products: Sequence[Product], limit: int) -> tuple[Product, ...]:
    """The products that ``words`` mean, best first; none when no word of it is in the catalogue."""
    asked = terms(words)
    indexed = [_fields(product) for product in products]
    found_in = Counter(term for fields in indexed for term in frozenset().union(*fields))
    scored = [
        (_score(asked, fields, found_in, len(products)), product.stock > 0, product)
        for fields, product in zip(indexed, products, strict=True)
    ]
    best = max((score for score, _, _ in scored), default=0.0)
    hits = [entry for entry in scored if entry[0] > 0 and entry[0] >= _MIN_SHARE * best]
    hits.sort(key=lambda entry: (-entry[0], not entry[1], entry[2].sku))
    return tuple(product for _, _, product in hits[: max(limit, 0)])


@lru_cache(maxsize=8192)
def terms(text: str) -> frozenset[str]:
    """What a text is made of, without stop words: words, character bigrams as ``~跑鞋``, characters as ``.跑``."""
    found: set[str] = set()
    for run in _RUN.findall(text.lower()):
        if run[0] < "\u4e00":
            found.add(_singular(run))
            continue
        kept = [word for word in jieba.cut_for_search(run) if word not in _STOP_WORDS]
        found.update(kept)
        stretches = _without_stop_words(run)
        found.update("~" + pair for pair in _bigrams(stretches))
        found.update("." + character for stretch in stretches for character in stretch)
    return frozenset(found - _STOP_WORDS)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _without_stop_words(run: str) -> list[str]:
    """The stretches of ``run`` between stop words, so that no bigram spans 「买手」 in 「买手机」."""
    stretches, open_stretch = [], ""
    for word in jieba.cut(run):
        if word in _STOP_WORDS:
            stretches.append(open_stretch)
            open_stretch = ""
        else:
            open_stretch += word
    return [*stretches, open_stretch]


def _bigrams(stretches: Iterable[str]) -> Iterable[str]:
    return (text[i : i + 2] for text in stretches for i in range(len(text) - 1))


def _fields(product: Product) -> tuple[frozenset[str], ...]:
    attributes = " ".join(f"{key} {value}" for key, value in product.attributes.items() if key != _SIZE_TABLE)
    texts = (f"{product.name} {product.name_en}", product.category, attributes, product.description)
    return tuple(terms(text) for text in texts)


def _score(asked: frozenset[str], fields: tuple[frozenset[str], ...], found_in: Counter[str], total: int) -> float:
    words, characters = 0.0, 0.0
    for term in asked:
        weight = max((w for w, field in zip(_FIELD_WEIGHTS, fields, strict=True) if term in field), default=0.0)
        if not weight:
            continue
        weight *= math.log(1 + total / found_in[term])
        if term.startswith("."):
            characters += weight * _CHARACTER_SHARE
        else:
            words += weight * (_BIGRAM_SHARE if term.startswith("~") else 1.0)
    return words + characters if words else 0.0
