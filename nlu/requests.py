"""Several requests in one message: where the words fall apart, and which of the parts ask for something of their own.

In: normalised text, then what the classifier thinks of each clause. Out: spans. Pure. Precision first: a story of one
matter (what was bought, what is wrong with it, what the customer wants now) stays one request.

    我要退货，运费谁出？顺便帮我开个发票        ->  return_request | freight | invoice
    鞋子收到了，左脚开胶，我要退货              ->  return_request
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlu.answers import yes_no
from nlu.domains import ROLES
from nlu.types import ScoredLabel

_ZH_MARKS = (
    "(?:对了)?顺便(?:再)?(?:(?:帮我|想)?(?:问|咨询|打听)(?:一下|下|一问)?)?|"
    "另外(?=[,， 还再我想帮请问能你麻也跟说]|有个|发票|就是)|此外|除此之外|"
    "还有(?:就是|(?:个|一个|件|一件)(?:问题|事情?)|一点|(?=[,，]|我(?:想|要|的|还)|帮我|想问|麻烦|请问|问一下))|"
    "然后(?=再?(?:帮我|给我|麻烦|问|请)|我(?:还)?(?:想|要)|还)|"
    "对了(?=[,，]|还|再|顺|帮|我想|请问|问|那)|"
    "再(?=帮我|麻烦|问(?:一下|下|个)|请问)|还想(?=问|咨询|了解|再|请)|同时(?=帮|把|给|我还)"
)
_EN_MARKS = (
    r"by the way|btw|(?:and|oh|but)? ?also|another (?:thing|question)|one more (?:thing|question)|in addition|"
    r"(?:and|then|and then)(?= (?:can|could|would|will) (?:you|i)\b| (?:please|how|when|where|what|is there|do you)\b|"
    r" i(?:'d| would| want| need| also)\b)"
)
_MARK = re.compile(rf"(?:{_ZH_MARKS})|\b(?:{_EN_MARKS})\b")
_ANNOUNCED = re.compile(rf" *(?:{_MARK.pattern})")
_STOP = re.compile(r"[。！？；!?;\n]+|\.(?=\s|$)|[,，、]+(?!\d)")
_ASKS = re.compile(
    "[吗么嘛?？]|怎么|咋|如何|什么|啥|多少|多久|多大|哪|谁|几[个天号点次件]|是否|是不是|有没有|能不能|可不可以|可以|能[否给帮退换改查开]|"
    "帮[我忙]|[我俺咱](?:想|要|需要|申请)|想要?(?:问|换|退|买|改|查|看|了解|咨询)|请|麻烦|给我|查一?下|问一?下|"
    r"\b(?:what|when|where|which|who|how|why|can|could|would|will you|do you|does|is there|are there|i want|i need|"
    r"i'd like|i would like|i'm looking|please|help|tell me|let me|cancel|change|send|give)\b"
)
_WORD = re.compile("[一-鿿]|[a-z0-9']+")
_WISH = re.compile(
    r"\W*(?:[我俺咱](?:想|要)|帮[我忙]|麻烦|请帮|i want|i need|i'd like|i would like|please|can you|could you)"
)
_LEAST_WORDS = 3
_LEAST_MARKED_WORDS = 2
MARKED = 0.5
"""Least probability of a request that a word such as 顺便 announces."""
UNMARKED = 0.7
"""Least probability of one that only punctuation sets apart."""
ECHO = 0.02
"""The whole message must give the label of an unmarked request at least this much, unless it is a sure wish."""
SURE = 0.8
"""Least probability of a wish (我要退货) that stands beside a question which takes all of the whole message."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of the text, half open."""

    start: int
    end: int
    marked: bool
    """Whether a word announces it as a matter of its own."""
    asks: bool
    """Whether it is worded as a question or a wish."""
    wishes: bool = False
    """Whether it begins as a wish of the customer's own."""
    answers: bool = False
    """Whether it is a yes or no before a matter that a word announces."""


@dataclass(frozen=True, slots=True)
class Found:
    """A request and the stretch of the text it was read from."""

    intent: str
    confidence: float
    start: int
    end: int
    marked: bool = False


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of ``text`` worth classifying; () when there is only one, or only one that could be a request."""
    folded = text.casefold()
    if len(folded) != len(text):
        return ()
    found: list[Clause] = []
    start, marked = 0, False
    for match in sorted([*_MARK.finditer(folded), *_STOP.finditer(folded)], key=lambda match: match.span()):
        if match.start() < start:
            continue
        is_mark = match.re is _MARK
        end = match.start() if is_mark else match.end()
        announces = is_mark or _ANNOUNCED.match(folded, match.end()) is not None
        answer = _answer(folded, start, end) if announces else []
        found += answer or _clause(folded, start, end, marked)
        # A mark with nothing before it, or right after punctuation, announces what follows all the same.
        marked = is_mark or (marked and not _WORD.search(folded[start : match.start()]))
        start = match.end()
    found += _clause(folded, start, len(text), marked)
    requests = [clause for clause in found if clause.marked or clause.asks]
    return tuple(found) if len(found) > 1 and len(requests) > (0 if requests and requests[0].marked else 1) else ()


def requests(
    parts: Sequence[Clause], judged: Sequence[Sequence[ScoredLabel]], whole: Sequence[ScoredLabel]
) -> tuple[Found, ...]:
    """The distinct requests among ``parts``, in their order, given the labels of each part and of the whole message.

    Neighbours of one intent are one request. Words that ask for nothing belong to the request after them, at the end
    to the last. () when no part can stand for itself.
    """
    echoed = {label.label for label in whole if label.score >= ECHO}
    found: list[Found] = []
    start: int | None = None
    for part, labels in zip(parts, judged, strict=True):
        if part.answers:
            continue
        start = part.start if start is None else start
        request = _request(part, labels, echoed)
        if request is None:
            continue
        if found and found[-1].intent == request.intent:
            found[-1] = replace(found[-1], end=part.end, confidence=max(found[-1].confidence, request.confidence))
        else:
            found.append(replace(request, start=start))
        start = None
    if found and start is not None:
        found[-1] = replace(found[-1], end=parts[-1].end)
    return _distinct(found)


def _clause(text: str, start: int, end: int, marked: bool) -> list[Clause]:
    words = _WORD.findall(text[start:end])
    if len(words) < (_LEAST_MARKED_WORDS if marked else _LEAST_WORDS):
        return []
    said = text[start:end]
    return [Clause(start, end, marked, _ASKS.search(said) is not None, _WISH.match(said) is not None)]


def _answer(text: str, start: int, end: int) -> list[Clause]:
    """『确认』 at the beginning: what follows is a matter of its own."""
    is_answer = start == 0 and yes_no(text[start:end].strip(" ,.!，。！")) is not None
    return [Clause(start, end, marked=False, asks=False, answers=True)] if is_answer else []


def answer_before(text: str) -> str:
    """What ``text`` says before a comma and a word such as 顺便; empty where no such word follows."""
    mark = _MARK.search(text)
    head = text[: mark.start()].rstrip() if mark else ""
    return head if head.endswith((",", ".", "!", "。", "，", "！", ";")) else ""


def _request(part: Clause, labels: Sequence[ScoredLabel], echoed: set[str]) -> Found | None:
    best = labels[0]
    if best.label in ROLES or best.score < (MARKED if part.marked else UNMARKED):
        return None
    is_sure = part.wishes and best.score >= SURE
    if not part.marked and (not part.asks or not (best.label in echoed or is_sure)):
        return None
    return Found(best.label, best.score, part.start, part.end, part.marked)


def _distinct(found: Sequence[Found]) -> tuple[Found, ...]:
    """Each intent once, at its first place."""
    first: dict[str, Found] = {}
    for request in found:
        first.setdefault(request.intent, request)
    return tuple(first.values())
