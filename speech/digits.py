"""Digits in recognised speech: Chinese or English text in, how many digits were read out. Pure.

Digit by digit (幺三八, one three oh), in groups (八十五, twenty three), repeated (三个零, double five) or as the
recogniser writes them (138-0013). Numerals in other words (一下, 第三, this one) and quantities (三天, 300 dollars)
do not count.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class SpokenDigits:
    """What of a number has been read out."""

    count: int
    """Digits said, without those taken back (不对, no wait)."""
    trailing: int
    """Digits of the dictated number with which the text ends; 0 for amounts such as 300 or 三百二十."""
    corrected: bool = False
    """The last digits were taken back and none said since."""
    said: str = field(default="", compare=False)
    """The ``count`` digits."""

    def passes_luhn(self, before: str = "") -> bool:
        """Whether ``before`` and the digits said end in their check digit (ISO/IEC 7812-1, annex B)."""
        digits = [int(digit) for digit in reversed(before + self.said)]
        return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


_NONE = SpokenDigits(0, 0)

_ZH = {
    **{c: str(i) for i, c in enumerate("零一二三四五六七八九")},
    "〇": "0",
    "洞": "0",
    "幺": "1",
    "两": "2",
    "拐": "7",
}
_EN_UNITS = {"zero": 0, "oh": 0, "o": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
             "eight": 8, "nine": 9}  # fmt: skip
_EN_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
             "nineteen")  # fmt: skip
_EN_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_TIMES = {"double": 2, "triple": 3, "treble": 3}

_UNIT = "|".join(_EN_UNITS)
_TOKEN = re.compile(
    rf"""
    (?P<amount>\d+\.\d{{1,2}}(?!\d) | \d{{1,3}}(?:,\d{{3}})+(?!\d))
  | (?P<arabic>\d+)
  | (?P<repeated>[两二三四五六]个[零〇一二三四五六七八九]
      | \b(?:double|triple|treble)[ -](?:{_UNIT})\b)
  | (?P<group>[一二两三四五六七八九]千(?:零|[一二三四五六七八九]百)?(?:零|[一二三四五六七八九]十)?[一二三四五六七八九]?
      | [一二两三四五六七八九]百(?:零|[一二三四五六七八九]?十)?[一二三四五六七八九]?
      | [一二三四五六七八九]?十[一二三四五六七八九]?
      | \b(?:{_UNIT})[ ](?:hundred|thousand)\b
      | \b(?:{"|".join(_EN_TENS)})(?:[ -](?:{_UNIT})\b)?(?![a-z])
      | \b(?:{"|".join(_EN_TEENS)})\b)
  | (?P<digit>[零〇一幺二两三四五六七八九洞拐] | \b(?:{_UNIT})\b)
  | (?P<skip>[\s,，、。.:;!?—_-]+ | 嗯|呃|额|啊|哦|那个|然后|就是 | \b(?:um|uh|er|erm|and|then|dash|space)\b)
  | (?P<word>[a-z']+ | .)
    """,
    re.VERBOSE,
)
_QUANTITY = re.compile(
    r"\s*(?:[年月日天块元点折件岁个次%]|分钟|小时|公斤|(?:dollars?|yuan|bucks|days?|weeks?|months?|years?|hours?|minutes?"
    r"|percent|items?|times?|pm|am|pieces?)\b)"
)
_DATE = re.compile(r"[号楼栋]")
_ORDINAL = re.compile(r"(?:第|周|星期|礼拜|统|万|唯|同|之|这|那|哪|每|某)$")
_SAYS_A_NUMBER = re.compile(r"(?:^|\b(?:is|are|it's|its|number|with|in|digits|okay|ok|yes|sure|plus|no))$")
_TAKEN_BACK = re.compile(
    r"不对|不是|错了|重来|重新(?:说|来)|\b(?:no wait|wait no|sorry|scratch that|i mean|start over|correction)\b"
)
_SOUND = re.compile(
    "[ln]ing?|dong|ya?o|yi|e[ir]?|ai|liang|s(?:h?[ae]n|h?ang|heng|h?i|e)|zi|[whu]u?o?|[ln]iu|lo?u|[qjx]i|qie|[bp]a|bai"
    "|[jq]iu|zhou|guai"
)
"""Toneless pinyin of the digits and of what a recogniser makes of them (一三八 as 移生吧)."""
_CODE_WORDS = frozenset("洞拐") | {"oh", "o"}
"""Digits only beside other digits."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Numerals with nothing but pauses and fillers between them. Positions are characters of the text."""

    kinds: tuple[str, ...]
    words: tuple[str, ...]
    digits: str
    start: int
    end: int


def spoken_digits(text: str) -> SpokenDigits:
    """Count the digits that ``text`` reads out."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    restart = max((match.end() for match in _TAKEN_BACK.finditer(text)), default=0)
    runs = [run for run in _runs(text) if _is_read_out(run, text)]
    since = [run for run in runs if run.start >= restart]
    if not since:
        return SpokenDigits(0, 0, corrected=True) if runs else _NONE
    said = "".join(run.digits for run in since)
    last = since[-1]
    ends_text = all(match.lastgroup == "skip" for match in _TOKEN.finditer(text, last.end))
    return SpokenDigits(len(said), len(last.digits) if ends_text and _is_dictated(last) else 0, said=said)


def digit_sounds(text: str) -> int:
    """How many digits ``text`` may be: its numerals, and syllables that sound like one (13吧); 0 where any cannot be.

    Chinese only. Says nothing of texts that hold no number: 是吧 sounds like 四八.
    """
    characters = [character for character in text if character.isalnum()]
    return len(characters) if all(map(_may_be_digit, characters)) else 0


def _may_be_digit(character: str) -> bool:
    if character.isdecimal():
        return True
    return "\u4e00" <= character <= "\u9fff" and _SOUND.fullmatch(_syllable(character)) is not None


@lru_cache(maxsize=4096)
def _syllable(character: str) -> str:
    from pypinyin import lazy_pinyin

    return str(lazy_pinyin(character)[0])


def _runs(text: str) -> list[_Run]:
    runs: list[_Run] = []
    open_run: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "word":
            runs += _closed(open_run)
            open_run = []
        elif match.lastgroup != "skip":
            open_run.append(match)
    return runs + _closed(open_run)


def _closed(matches: list[re.Match[str]]) -> list[_Run]:
    if not matches:
        return []
    kinds = tuple(match.lastgroup or "" for match in matches)
    digits = "".join(_value(kind, match.group()) for kind, match in zip(kinds, matches, strict=True))
    words = tuple(match.group() for match in matches)
    return [_Run(kinds, words, digits, matches[0].start(), matches[-1].end())]


def _value(kind: str, word: str) -> str:
    """The digits of one numeral."""
    match kind:
        case "arabic" | "amount":
            return "".join(filter(str.isdigit, word))
        case "digit":
            return _ZH[word] if word in _ZH else str(_EN_UNITS[word])
        case "repeated":
            if word[1] == "个":
                return _ZH[word[2]] * int(_ZH[word[0]])
            times, unit = re.split("[ -]", word)
            return str(_EN_UNITS[unit]) * _EN_TIMES[times]
        case _:
            return str(_english_group(word) if word.isascii() else _chinese_group(word))


def _chinese_group(word: str) -> int:
    total, digit = 0, 0
    for character in word:
        if character in "千百十":
            total += (digit or 1) * {"千": 1000, "百": 100, "十": 10}[character]
            digit = 0
        else:
            digit = int(_ZH[character])
    return total + digit


def _english_group(word: str) -> int:
    first, *rest = re.split("[ -]", word)
    if first in _EN_TEENS:
        return 10 + _EN_TEENS.index(first)
    if first in _EN_TENS:
        return 20 + 10 * _EN_TENS.index(first) + (_EN_UNITS[rest[0]] if rest else 0)
    return _EN_UNITS[first] * (100 if rest == ["hundred"] else 1000)


def _is_read_out(run: _Run, text: str) -> bool:
    """Whether the run is digits, and not a quantity or part of another word."""
    before, after = text[: run.start], text[run.end :]
    if _QUANTITY.match(after) or (len(run.digits) <= 2 and _DATE.match(after)):
        return False
    if len(run.words) > 1 or run.kinds[0] in {"arabic", "amount"}:
        return True
    if run.words[0] in _CODE_WORDS or _ORDINAL.search(before):
        return False
    if run.words[0].isascii():
        return bool(_SAYS_A_NUMBER.search(before.rstrip(" ,.:"))) and not re.match(r"\s*[a-z]", after)
    return not re.match(r"[\u4e00-\u9fff]", after)


def _is_dictated(run: _Run) -> bool:
    """Whether the run is a number read out digit by digit, not an amount."""
    plain = sum(kind in {"digit", "arabic", "repeated"} for kind in run.kinds)
    if plain < len(run.kinds) and plain < 2:
        return False
    return not (run.kinds == ("arabic",) and len(run.digits) <= 4 and run.digits.endswith("00"))
