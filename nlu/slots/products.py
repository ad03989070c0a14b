"""Products as the customer said them: 「我买的那个吹风机」 gives 吹风机. A modest reader: noun phrases beside words of
buying, returning, asking; matching them with the catalogue is the shop's search.

Chinese noun phrases come from jieba's part-of-speech tags, English ones from patterns.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nlu.slots.attributes import COLOUR_WORDS
from nlu.slots.lexicon import ProductLexicon
from nlu.slots.types import Candidate, SlotContext, candidate

_MAX_CHARS = 400
"""Only the head of a long message is tagged (tagging costs about 0.02 ms a character)."""

_MAX_BEFORE = 8
_A_NAME = 0.72
"""Score in the catalogue from which on words are a product's name."""
_HAN_ONLY = re.compile("[一-鿿]+")

_WORDS = yaml.safe_load(Path(__file__).with_name("not_products.yaml").read_text("utf-8"))
_GENERIC = frozenset(_WORDS["generic_zh"].split())
_EN_STOP = frozenset(_WORDS["generic_en"].split())
_MODIFIERS = frozenset(_WORDS["modifiers_zh"].split())
_NO_PRODUCT = COLOUR_WORDS | _GENERIC | _EN_STOP | frozenset(_WORDS["answers"].split())
_NOUN_FLAGS = ("n", "nz", "nr", "nrt", "nrfg", "ns", "nt", "vn", "eng", "b", "an", "ng", "g", "j")
_ZH_CUE_BEFORE = re.compile(
    r"(?:买|订购|下单|订|拍|收到|退|退掉|换|换掉|退货|要|想要|找|推荐|有没有|有|卖|看看|看|看上|送来|寄来|这|那|"
    r"查|问|用|介绍|"
    r"[个件款双台条瓶只套盒把本副部支辆张箱袋包块种顶床]|购买|入手|加购|里的?)(?:了|的|过|到|一下|"
    r"下)?(?:是)?(?:[这那]?(?:一|两|几|"
    r"\d+)?[个件款双台条瓶只套盒把本副部支辆张箱袋包块种顶床些]?)?的?$"
)
_ZH_CUE_AFTER = re.compile(
    r"^(?:还|都|又|也|现在|目前|是不是|到底|怎么|突然|一直|老是|今天|的)*"
    r"(?:有货|没货|有没有|有吗|有优惠|有活动|有折扣|有什么|有现货|有哪些|故障|噪音|还有|坏|用不了|不能用|开不了|"
    r"打不开|不工作|没反应|漏|破|裂|碎|多少钱|什么价|打折|优惠|便宜|降价|"
    r"好用|好吗|好不好|怎么样|怎么用|怎么|质量|能退|可以退|想退|要退|退|换|多大|尺寸|尺码|"
    r"适合|支持|防水|保修|到货|什么材质|材质|坏了|有问题|有瑕疵|掉色|不转|不亮|充不|连不|大了|小了|太|不合适|"
    r"什么时候|哪个|推荐|能用|可以)"
)
_EN_END = (
    r"(?=$|[,.;?!]| (?:i|we|you|that|which|from|for|in|on|with|is|are|was|were|be|has|have|to|and|but|because|"
    r"last|yesterday|today|"
    r"please|under|below|around|about|at|arrive|arrived|broke|broken|does|do|it|left|available|any|yet|when|"
    r"how|what|of|doesn't|"
    r"isn't|won't|stopped|keeps?|still|came|go|cost|as|or|so|by|can|this|cheaper|now|again|too|back)\b)"
)
_EN_NOUN = rf"(?P<product>[a-z][a-z'-]*(?: (?!in\b|is\b)[a-z0-9][a-z0-9'-]*){{0,3}}?){_EN_END}"
_DETERMINER = (
    r"(?:a |an |the |my |this |that |these |those |some |any |your |new |pair of |another |one of (?:your|the) )"
)
_EN_PATTERNS = (
    re.compile(
        rf"\b(?:bought|buy|ordered|purchased|purchase|received|got|return|exchange|returning|recommend|looking "
        rf"for|look for|need|want|sell|have|replace|about|send back|suggest|find|cancel) {_DETERMINER}+{_EN_NOUN}"
    ),
    re.compile(rf"\b(?:bought|ordered|purchased|recommend|looking for|sell|exchange|suggest) {_EN_NOUN}"),
    re.compile(
        rf"\b(?:is|are|was|does|do|my|has|have) (?:the |my |this |that |these |those |your )*{_EN_NOUN}(?= "
        rf"(?:in stock|available|broken|broke|work|waterproof|on sale|isn't|doesn't|won't|stopped|keeps?|is|"
        rf"are|arrived|come|has|have)\b)"
    ),
)


@dataclass(frozen=True, slots=True)
class _Word:
    """A tagged word with its place in the text."""

    text: str
    flag: str
    start: int
    end: int


def read(context: SlotContext) -> Iterator[Candidate]:
    """Product phrases, with a confidence that says how good the surroundings are."""
    if context.language == "zh":
        yield from _chinese(context)
    else:
        yield from _english(context)
    if context.expectation.slot == "product":
        yield from _whole_answer(context)


def load() -> None:
    """Load the tagger now (about one second) instead of at the first message."""
    _tagger()


def _chinese(context: SlotContext) -> Iterator[Candidate]:
    text = context.text[:_MAX_CHARS]
    for phrase in _phrases(_tag(text)):
        start, end = phrase[0].start, phrase[-1].end
        if context.config.catalogue is not None:
            start = _named_from(text, start, end, context.config.catalogue)
        before = _ZH_CUE_BEFORE.search(text[max(0, start - 14) : start]) is not None
        after = _ZH_CUE_AFTER.match(text[end : end + 14]) is not None
        if before or after:
            confidence = 0.7 if before and after else 0.62 if before else 0.55
            span = (start, end)
            value = context.source.text[start:end]
            yield candidate(
                context.source, span, "product", value, confidence, "product: noun phrase in a shop request"
            )


def _named_from(text: str, start: int, end: int, catalogue: ProductLexicon) -> int:
    """Where the name begins: up to eight characters before the noun may belong to it (听涛降噪 before 耳机)."""
    for earlier in range(max(0, start - _MAX_BEFORE), start):
        words = text[earlier:end]
        if _HAN_ONLY.fullmatch(words) and any(found.score >= _A_NAME for found in catalogue.search(words, 1)):
            return earlier
    return start


def _phrases(words: list[_Word]) -> Iterator[list[_Word]]:
    """Runs of nouns and modifiers that end in a noun that could be a product."""
    run: list[_Word] = []
    for word in [*words, _Word("", "x", 0, 0)]:
        if _is_noun(word) or (word.text == " " and run and run[-1].flag == "eng"):
            run.append(word)
            continue
        if word.flag == "m" and run and run[-1].text == " ":  # iPhone 15
            run.append(word)
            continue
        phrase = _trimmed(run)
        if phrase:
            yield phrase
        run = []


def _is_noun(word: _Word) -> bool:
    if word.text in _MODIFIERS:
        return True
    return word.flag in _NOUN_FLAGS and word.text not in _GENERIC


def _trimmed(run: list[_Word]) -> list[_Word]:
    words = list(run)
    while words and (words[-1].text == " " or (words[-1].text in _MODIFIERS)):
        words.pop()
    phrase = "".join(word.text for word in words)
    if len(phrase) < 2 or phrase in COLOUR_WORDS:
        return []
    return words


def _tag(text: str) -> list[_Word]:
    words, position = [], 0
    for pair in _tagger().cut(text):
        start = text.find(pair.word, position)
        position = start + len(pair.word)
        words.append(_Word(pair.word, pair.flag, start, position))
    return words


@lru_cache(maxsize=1)
def _tagger() -> Any:
    import jieba
    import jieba.posseg

    jieba.setLogLevel(logging.WARNING)
    tagger = jieba.posseg.POSTokenizer(jieba.Tokenizer())
    tagger.initialize()
    return tagger


def _english(context: SlotContext) -> Iterator[Candidate]:
    text = context.text[:_MAX_CHARS]
    for rank, pattern in enumerate(_EN_PATTERNS):
        for match in pattern.finditer(text):
            start, end = _without_stop_words(match["product"], match.start("product"))
            if end > start:
                value = context.source.text[start:end]
                rule = "product: noun phrase in a shop request"
                yield candidate(context.source, (start, end), "product", value, 0.65 - 0.05 * rank, rule)


def _without_stop_words(phrase: str, start: int) -> tuple[int, int]:
    """The span without determiners in front; empty when what remains is no product ("my order")."""
    words = phrase.split(" ")
    while words and words[0] in (
        "the",
        "a",
        "an",
        "my",
        "this",
        "that",
        "these",
        "those",
        "your",
        "some",
        "any",
        "new",
    ):
        start += len(words.pop(0)) + 1
    if not words or any(word in _EN_STOP for word in words):
        return start, start
    return start, start + len(" ".join(words))


_ANSWER = re.compile(
    r"^(?:嗯|呃|那个|就是|是|我?(?:想|要|买)的?(?:是|了)?|(?:it'?s|it is|its) |the |my |a |an "
    r")*(?P<product>[^,.!?、。;]{2,20}?)(?:吧|呢|啊|的|了)*[,.!?、。]*$"
)


def _whole_answer(context: SlotContext) -> Iterator[Candidate]:
    """Asked for the product, a short message is its name."""
    match = _ANSWER.match(context.text)
    if match and re.search("[a-z一-鿿]", match["product"]) and match["product"] not in _NO_PRODUCT:
        value = context.source.text[slice(*match.span("product"))]
        yield candidate(context.source, match.span("product"), "product", value, 0.5, "product: expected")
