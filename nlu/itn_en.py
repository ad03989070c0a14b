"""English inverse text normalisation: spoken digits and amounts to digits ("one zero double five", "twenty five").

In: an ``AlignedText``. Out: the same with digits. A lone number below ten stays a word ("I have two questions") unless
it counts money, percent or time. Numbers said in groups are joined ("twelve thirty four" = 1234). Pure.
"""

from __future__ import annotations

import re

from nlu.aligned import AlignedText

_UNITS = {"zero": 0, "oh": 0, "o": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
          "eight": 8, "nine": 9}  # fmt: skip
_TEENS = {"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
          "seventeen": 17, "eighteen": 18, "nineteen": 19}  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_REPEATS = {"double": 2, "triple": 3}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
             "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14,
             "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19,
             "twentieth": 20, "thirtieth": 30}  # fmt: skip
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
          "november", "december")  # fmt: skip

_PLAIN = "|".join(sorted([*_UNITS, *_TEENS, *_TENS, *_SCALES], key=len, reverse=True))
_WORD = rf"(?:{_PLAIN}|double|triple|point|a(?=[ ]hundred|[ ]thousand)|\d)"
_RUN = re.compile(
    rf"(?<![\w.'-]){_WORD}(?![\w'])(?:(?:[ -]+|, ?)(?:(?<=hundred )and[ ]+|(?<=thousand )and[ "
    rf"]+)?{_WORD}(?![\w']))*",
    re.IGNORECASE,
)
_ORDINAL = rf"(?:(?:twenty|thirty)[ -])?(?:{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})"
_MONTH = "|".join(MONTHS)
_DAY_OF_MONTH = re.compile(rf"(?<![a-z])(?:(?<=(?:month)[ ])|)({_ORDINAL})(?= of (?:{_MONTH})\b)", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"(?<![a-z])(?P<month>{_MONTH})[ ](?:the[ ])?(?P<day>{_ORDINAL})(?![a-z])", re.IGNORECASE)
_COUNTED = re.compile(
    r"[ -]*(?:dollars?|bucks?|yuan|rmb|kuai|percent|cents?|o'?clock|am\b|pm\b|a\.m|p\.m|(?:days?|weeks?|"
    r"months?) ago)",
    re.IGNORECASE,
)
_FEW_DIGITS = 3
"""Digits said one by one, or a run that starts with "oh", are a number from this many on."""


def convert(source: AlignedText, *, amounts: bool = True) -> AlignedText:
    """``source`` with its English numbers as digits.

    ``amounts`` False reads only digits said one by one, as in an order number inside a Chinese sentence, and leaves
    names such as "Forty Winks" alone. May need to be run again until nothing changes.
    """
    if amounts:
        source = source.substitute(_MONTH_DAY, lambda match: f"{match['month']} {_ordinal(match['day'])}")
        source = source.substitute(_DAY_OF_MONTH, lambda match: _ordinal(match.group()))
    return source.substitute(_RUN, lambda match: _rewrite(match, amounts))


def _ordinal(words: str) -> str:
    *tens, last = re.split("[ -]", words.lower())
    value = sum(_TENS[word] for word in tens) + _ORDINALS[last]
    suffix = "th" if 10 < value < 20 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{suffix}"


def _rewrite(match: re.Match[str], amounts: bool) -> str | None:
    pieces = re.split("(, ?)", match.group())
    words = [word for piece in pieces[::2] for word in _words(piece)]
    if not any(word.isalpha() for word in words) or words[0] in _SCALES:
        return None
    said_one_by_one = all(word in _UNITS or word in _REPEATS or word.isdigit() for word in words)
    if said_one_by_one:
        return _digit_string(match, pieces, words)
    if not amounts or any(word.isdigit() for word in words):
        return None
    numbers = [_number(_words(piece)) for piece in pieces[::2]]
    return "".join(
        (separator if number is None else number)
        for index, separator in enumerate(pieces)
        for number in [numbers[index // 2] if index % 2 == 0 else None]
    )


def _digit_string(match: re.Match[str], pieces: list[str], words: list[str]) -> str | None:
    if any(word.isdigit() for word in words) and not any(word in _REPEATS or word in ("zero", "oh") for word in words):
        return None
    joined = [_spell(_words(piece)) if index % 2 == 0 else piece for index, piece in enumerate(pieces)]
    if any(part is None for part in joined):
        return None
    count = sum(len(part or "") for part in joined[::2])
    needed = _FEW_DIGITS if words[0] in ("oh", "o") or len(pieces) > 1 else 2
    counted = count == 1 and _COUNTED.match(match.string, match.end()) is not None
    return "".join(part or "" for part in joined) if count >= needed or counted else None


def _words(piece: str) -> list[str]:
    return [word for word in re.split("[ -]+", piece.lower()) if word and word != "and"]


def _spell(words: list[str]) -> str | None:
    """ "one double five" to "155"; None when a repeat has nothing to repeat."""
    digits: list[str] = []
    repeat = 1
    for word in words:
        if word in _REPEATS:
            repeat = _REPEATS[word]
            continue
        digits.append((word if word.isdigit() else str(_UNITS[word])) * repeat)
        repeat = 1
    return None if repeat > 1 else "".join(digits)


def _number(words: list[str]) -> str:
    """Cardinals of ``words`` side by side: "twenty five" 25, "twenty twenty six" 2026, "twelve point five" 12.5."""
    whole, _, fraction = " ".join(words).partition(" point ")
    text = "".join(str(value) for value in _cardinals(whole.split()))
    return f"{text}.{''.join(str(value) for value in _cardinals(fraction.split()))}" if fraction else text


def _cardinals(words: list[str]) -> list[int]:
    numbers: list[int] = []
    total = current = 0
    room = 1000  # what the next word must stay below to belong to the number at hand
    repeat = 1
    started = False
    for word in words:
        if word in _REPEATS:
            repeat = _REPEATS[word]
        elif word == "a":
            continue
        elif word in _SCALES:
            scale = _SCALES[word]
            if scale == 100:
                current = (current or 1) * 100
            else:
                total, current = total + (current or 1) * scale, 0
            room, started = 100, True
        elif word in _UNITS or word in _TEENS or word in _TENS:
            value = _UNITS.get(word, _TEENS.get(word, _TENS.get(word, 0)))
            if started and (value >= room or value == 0 or repeat > 1):
                numbers.append(total + current)
                total = current = 0
            current += value
            started = True
            room = 10 if word in _TENS else 0
            numbers.extend([current] * (repeat - 1))
            repeat = 1
    return [*numbers, total + current] if started else numbers
