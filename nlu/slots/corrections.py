"""What a customer puts right in a number: inside one message, or of the digits heard before.

    138，不对，139          139
    12345678，最后一位是九    12345679
    heard 8907  是八不是七     8908
    heard 8907  no, eight not nine    8807

In: normalised text, the digits heard before. Out: the number put right and the span it was read from. Where the words
leave open which digit is meant, the check digit decides; where it cannot, nothing is put right. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nlu.itn_zh import DIGITS, TO_ARABIC

_EN = {"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
       "seven": "7", "eight": "8", "nine": "9"}  # fmt: skip
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
             "ninth": 9, "tenth": 10, "eleventh": 11}  # fmt: skip
_WORD = "|".join(_EN)
_D = rf"(?:[{DIGITS}\d]+|(?:{_WORD})(?: (?:{_WORD}))*(?![a-z]))"
_GAP = r"[ ,，、.。!…]*"
_COUNT = rf"[{DIGITS}\d]|10|11|十"
_TAKEN_BACK = re.compile(
    r"(?:哦|噢|啊|呃|额|嗯|[ ,，、.。!…])*(?:不对|不是|错了|说错了?|搞错了?|口误|更正一?下?|应该是|"
    r"(?<![a-z])(?:no wait|wait no|wait|no|sorry|i mean|i meant|correction|scratch that|make that|actually|"
    r"rather)(?![a-z]))"
    r"(?:[ ,，、.。!…]|不对|不是|错了|说错了?|是|应该是|我说错了|it'?s|it is|sorry|i mean|should be)*"
)
_INSTEAD = (
    re.compile(
        rf"(?:是|(?<![a-z])(?:it'?s|it is) )?(?P<new>{_D}){_GAP}(?:而?不是|(?:and )?not) ?(?:a |an )?(?P<old>{_D})"
    ),
    re.compile(
        rf"(?:不是|(?<![a-z])(?:it'?s )?not (?:a |an )?)(?P<old>{_D}){_GAP}(?:而?是|应该是|(?:but |"
        rf"it'?s )) ?(?P<new>{_D})"
    ),
    re.compile(rf"(?:把)?(?P<old>{_D})(?:改成|换成|应该是|(?: should be| to)) ?(?P<new>{_D})"),
)
_IS = r"(?:应该|其实|数字|号|字)*(?:是|为|改成|换成|(?: (?:is|are|should be))) ?"
_PLACE = re.compile(
    rf"(?:(?P<back>倒数)?第(?P<nth>{_COUNT})(?:位|个|个数字?)|(?:最后|末尾?|后|尾)(?:的)?(?P<last>{_COUNT})?(?:位|"
    rf"个数字?|个)"
    rf"|(?:前面?|开头|头)(?:的)?(?P<first>{_COUNT})(?:位|个数字?|个)"
    rf"|(?:the )?(?P<en_nth>{'|'.join(_ORDINALS)}) (?:digit|number|one)|(?:the )?last (?P<en_last>{_WORD}|"
    rf"\d)?(?: ?digits?| ?numbers?| ?one)?"
    rf"|(?:the )?first (?P<en_first>{_WORD}|\d)(?: digits?| numbers?)?)"
    rf"{_IS}(?P<new>{_D})"
)
_TAKES_BACK = re.compile(r"不对|错|改成|换成|应该是|(?<![a-z])(?:no|not|wrong|sorry|should be|wait|mean)(?![a-z])")
_OF_ANOTHER = re.compile("手机|电话|尾号|快递|运单|订单|phone|mobile|tracking|order")
"""Between a number and words about digits: these are another number's."""
_AND_ON = re.compile(rf"{_GAP}(?:然后|接着|后面的?是?|再|and then|then|followed by)+{_GAP}(?P<more>{_D})")
_MOST = 24
_LONG = 3
"""Digits from which on a number is meant, not a digit of one."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A number put right."""

    value: str
    start: int
    """Span in the text: the number, where it is in it, and the words that put it right."""
    end: int
    rule: str


def correction_of(
    text: str, spans: list[tuple[int, int]], heard: str, missing: int, whole: Callable[[str], bool]
) -> Correction | None:
    """What ``text`` puts right; None when it puts nothing right.

    ``spans`` are the groups of digits in it, ``heard`` the digits before this message, ``missing`` how many they lack,
    and ``whole`` tells whether a number is complete and has its check digit.
    """
    found = (
        _instead(text, spans, heard, whole)
        or _at_a_place(text, spans, heard, missing)
        or _said_again(text, spans, whole)
    )
    if found is None:
        return None
    more = _AND_ON.match(text, found.end)
    if more:
        return Correction(found.value + _digits(more["more"]), found.start, more.end(), found.rule)
    return found


def _instead(text: str, spans: list[tuple[int, int]], heard: str, whole: Callable[[str], bool]) -> Correction | None:
    """『是八不是六』, "eight not six"."""
    for pattern in _INSTEAD:
        match = pattern.search(text)
        if not match:
            continue
        new, old = _digits(match["new"]), _digits(match["old"])
        number, start = _at_hand(text, spans, match.start(), heard)
        if not number and len(new) == len(old) >= _LONG:
            return Correction(new, match.start(), match.end(), "one number for another")
        if len(old) > len(number):
            continue
        options = [
            number[:at] + new + number[at + len(old) :]
            for at in range(len(number) - len(old) + 1)
            if number.startswith(old, at)
        ]
        right = [option for option in options if whole(option)]
        chosen = options if len(options) == 1 else right
        if len(chosen) == 1:
            return Correction(chosen[0], start, match.end(), "one digit for another")
    return None


def _at_a_place(text: str, spans: list[tuple[int, int]], heard: str, missing: int) -> Correction | None:
    """『最后一位是九』, "the third digit is five". The last digits of a number that lacks them only go on with it."""
    match = _PLACE.search(text)
    if not match:
        return None
    new = _digits(match["new"])
    number, start = _at_hand(text, spans, match.start(), heard)
    goes_on = start == match.start() and len(new) <= missing and not (match["nth"] or match["en_nth"] or match["first"])
    if goes_on and not _TAKES_BACK.search(text):
        return None
    at = _place(match, new, len(number))
    if at is None or not 0 <= at <= len(number) - len(new):
        return None
    return Correction(number[:at] + new + number[at + len(new) :], start, match.end(), "a digit by its place")


def _place(match: re.Match[str], new: str, length: int) -> int | None:
    """Index of the first digit to replace; None where the words count another number of digits than they give."""
    if match["nth"]:
        nth = _count(match["nth"])
        return (length - nth if match["back"] else nth - 1) if len(new) == 1 else None
    if match["en_nth"]:
        return _ORDINALS[match["en_nth"]] - 1 if len(new) == 1 else None
    first = match["first"] or match["en_first"]
    if first:
        return 0 if _count(first) == len(new) else None
    last = match["last"] or match["en_last"] or "1"
    return length - len(new) if _count(last) == len(new) else None


def _said_again(text: str, spans: list[tuple[int, int]], whole: Callable[[str], bool]) -> Correction | None:
    """『138，不对，139』: the second takes the place of the first, or of its end where it is as long as its
    last group."""
    for match in _TAKEN_BACK.finditer(text):
        before = [span for span in spans if span[1] <= match.start()]
        after = [span for span in spans if span[0] >= match.end()]
        if not before or not after or after[0][0] != match.end() or not _touches(text, before[-1][1], match.start()):
            continue
        number, start = _at_hand(text, spans, match.start(), "")
        again, end = _run_from(text, after)
        last = text[before[-1][0] : before[-1][1]]
        grouped = len(again) == len(last) < len(number)
        tail = number[: len(number) - len(again)] + again
        use_tail = len(again) < len(number) and (grouped or whole(tail)) and not whole(again)
        return Correction(tail if use_tail else again, start, end, "said again")
    return None


def _at_hand(text: str, spans: list[tuple[int, int]], before: int, heard: str) -> tuple[str, int]:
    """The number said in this message before position ``before``, else ``heard``; and where it begins."""
    digits, start, end = "", before, before
    earlier = [last for _, last in spans if last <= before]
    if earlier and _OF_ANOTHER.search(text, earlier[-1], before):
        return heard, before
    for first, last in reversed([span for span in spans if span[1] <= before]):
        if digits and not _touches(text, last, end):
            break
        digits, start, end = text[first:last] + digits, first, first
        if len(digits) > _MOST:
            break
    return (digits, start) if len(digits) > 1 else (heard, before)


def _run_from(text: str, spans: list[tuple[int, int]]) -> tuple[str, int]:
    digits, end = text[spans[0][0] : spans[0][1]], spans[0][1]
    for first, last in spans[1:]:
        if not _touches(text, end, first):
            break
        digits, end = digits + text[first:last], last
    return digits, end


def _touches(text: str, first: int, second: int) -> bool:
    """Whether nothing but blanks, commas and 嗯 stands between two positions."""
    return re.fullmatch(r"(?:[ \-,，、.。…]|嗯|呃|额|啊|哦|噢)*", text[first:second]) is not None


def _digits(said: str) -> str:
    return "".join(_EN.get(word, word) for word in said.split()).translate(TO_ARABIC)


def _count(word: str) -> int:
    return 10 if word == "十" else int(_digits(word))
