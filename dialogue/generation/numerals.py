"""Numbers of a text as ASCII digits, however they are spelt. Text in, text out; pure.

Stricter than the customer's ears (``nlu.itn_zh``): here every word that *could* state an amount must come out as a
number, for a model may spell a price to slip past a check of digits.

    九十九块 -> 99块      百分之五 -> 5%      半天 -> 0.5天      双倍 -> 2倍
    "ninety-nine yuan" -> "99 yuan"      "half a day" -> "0.5 day"      "twice" -> "2 times"
"""

from __future__ import annotations

import re
import unicodedata

import cn2an

_DIGITS = "零〇一二三四五六七八九两壹贰叁肆伍陆柒捌玖幺"
_UNITS = "十百千万亿拾佰仟"
_TO_ASCII = str.maketrans(_DIGITS, "001234567892" + "123456789" + "1")
_PLAIN = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟两〇", "一二三四五六七八九十百千二零")
_UNSAID = {"百": "十", "千": "百", "万": "千"}

_NOT_NUMBERS = re.compile(
    "万一|千万(?=别|不|要|记)|(?<![二三四五六七八九几零百])十分(?!钟|贝|之)|一(?:下|些|起|直|样|定|般|旦|向|会儿?|并|切|方面|律|致|目|路|言|键|旁|共|边|同|心|贯|再|概)"
    "|(?:统|唯|单|同|专|万|进)一|一(?:个|位|款|种|份|条|句|点(?!钟|半|\\d))(?!小时|月|工作日|星期)|第一时间|任一|逐一|之一"
    "|二维码|三包|[一二三四五六七八九]线|二手|四季|(?:周|星期|礼拜)[一二三四五六]|两者|两边|一言为定|百分百|七天无理由"
)
_NUMERAL = re.compile(f"百分之(?P<percent>[{_DIGITS}{_UNITS}]+(?:点[{_DIGITS}]+)?)"
                      f"|(?P<whole>[{_DIGITS}{_UNITS}]+)点(?P<fraction>[{_DIGITS}]+)(?!分|刻)"
                      f"|(?P<run>[{_DIGITS}{_UNITS}]+)")  # fmt: skip
_HALF = re.compile("半(?=个?(?:天|年|月|小时|价|钟头|折))")
_AND_A_HALF = re.compile("(\\d+)(个?(?:天|年|月|小时|块))半")
_MULTIPLES = (("双倍", "2倍"), ("翻倍", "2倍"), ("加倍", "2倍"), ("翻番", "2倍"))

_BELOW_20 = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen",
)
_SMALL = {word: value for value, word in enumerate(_BELOW_20)}
_TENS = {
    word: 10 * value
    for value, word in enumerate(re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety"), 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_WORDS = "|".join(sorted((*_SMALL, *_TENS, *_SCALES), key=len, reverse=True))
_EN_NUMERAL = re.compile(
    rf"\b(?:an? (?=hundred|thousand|million))?(?:{_WORDS})(?:(?:[ -]|,? and |, )(?:{_WORDS}))*"
    rf"(?: point(?: (?:{_WORDS}))+)?\b",
    re.IGNORECASE,
)
_ONE_IS_A_PRONOUN = re.compile(r"\b(?:this|that|which|each|every|any|no|the|another|good|new|other|right) one\b"
                               r"|\bone (?:of|moment|thing|more thing|by one|another)\b", re.IGNORECASE)  # fmt: skip
_EN_COUNTED = "day|week|month|year|hour|minute|yuan|dollar|percent|business|working|item|piece|order|time"
_LONE_ONE = re.compile(rf"\b[Oo]ne\b(?! (?:{_EN_COUNTED}))")
_EN_WORDS = (
    (re.compile(r"\bhalf (?:an? |of an? )?(?=hour|day|year|month)", re.IGNORECASE), "0.5 "),
    (re.compile(r"\bhalf(?:[ -](?:price|off))\b", re.IGNORECASE), "50% off"),
    (re.compile(r"\b(?:twice|double)\b", re.IGNORECASE), "2 times"),
    (re.compile(r"\b(?:triple)\b", re.IGNORECASE), "3 times"),
    (re.compile(r"\ba couple of\b", re.IGNORECASE), "2"),
    (re.compile(r"\b(?:a|one) dozen\b", re.IGNORECASE), "12"),
    (re.compile(rf"\b(?:a|an) (?=(?:full |whole )?(?:{_EN_COUNTED})s?\b(?! (?:of|or)))", re.IGNORECASE), "1 "),
)
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")
_SPACED = re.compile(r"(?<![\d.])\d(?:[ ]\d){2,}(?![\d.])")
_TEN_THOUSANDS = re.compile(r"(\d+(?:\.\d+)?)(万|千|百)")


def with_digits(text: str) -> str:
    """``text`` with its numbers as digits and no separators inside them; half width."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _chinese(plain)
    plain = _english(plain)
    plain = _THOUSANDS.sub("", plain)
    plain = _SPACED.sub(lambda match: match.group().replace(" ", ""), plain)
    return _TEN_THOUSANDS.sub(_whole, plain)


def _whole(match: re.Match[str]) -> str:
    value = float(match[1]) * {"万": 10_000, "千": 1000, "百": 100}[match[2]]
    return f"{value:g}" if value != int(value) else str(int(value))


def _chinese(text: str) -> str:
    for words, digits in _MULTIPLES:
        text = text.replace(words, digits)
    kept = [(match.start(), match.end()) for match in _NOT_NUMBERS.finditer(text)]

    def rewrite(match: re.Match[str]) -> str:
        if any(match.start() < end and start < match.end() for start, end in kept):
            return match.group()
        if match["percent"]:
            return f"{_decimal(match['percent'])}%"
        if match["whole"]:
            return f"{_value(match['whole'])}.{match['fraction'].translate(_TO_ASCII)}"
        return _value(match["run"])

    return _AND_A_HALF.sub(r"\1.5\2", _HALF.sub("0.5", _NUMERAL.sub(rewrite, text)))


def _decimal(numeral: str) -> str:
    whole, _, fraction = numeral.partition("点")
    return _value(whole) + (f".{fraction.translate(_TO_ASCII)}" if fraction else "")


def _value(numeral: str) -> str:
    if not any(unit in numeral for unit in _UNITS):
        return numeral.translate(_TO_ASCII)
    plain = numeral.translate(_PLAIN)
    if plain in {"百", "千", "万", "亿"}:
        return numeral
    if len(plain) > 2 and plain[-1] in "一二三四五六七八九" and plain[-2] in _UNSAID:
        plain += _UNSAID[plain[-2]]
    try:
        return str(int(cn2an.cn2an(plain, "strict")))
    except ValueError:
        return numeral


def _english(text: str) -> str:
    kept = [(match.start(), match.end()) for match in _ONE_IS_A_PRONOUN.finditer(text)]
    kept += [(match.start(), match.end()) for match in _LONE_ONE.finditer(text)]

    def rewrite(match: re.Match[str]) -> str:
        inside = match.group().lower() == "one" and any(start <= match.start() < end for start, end in kept)
        return match.group() if inside else _english_value(match.group().lower())

    text = _EN_NUMERAL.sub(rewrite, text)
    for pattern, digits in _EN_WORDS:
        text = pattern.sub(digits, text)
    return text


def _english_value(words: str) -> str:
    """ "one hundred and twenty-five" is 125; digits said one by one ("eight nine zero") are a string."""
    whole, _, fraction = words.partition(" point ")
    parts = [word for word in re.split(r"[ ,-]+", whole) if word not in {"and", "a", "an", ""}]
    if len(parts) > 1 and all(_SMALL.get(part, 10) < 10 for part in parts):
        return "".join(str(_SMALL[part]) for part in parts)
    total = current = 0
    for part in parts:
        if part in _SCALES:
            current = (current or 1) * _SCALES[part]
            if part != "hundred":
                total, current = total + current, 0
        else:
            current += _SMALL[part] if part in _SMALL else _TENS[part]
    value = str(total + current)
    return f"{value}.{''.join(str(_SMALL.get(part, 0)) for part in fraction.split())}" if fraction else value
