"""Chinese inverse text normalisation: spoken numbers to digits, where they are numbers and not words.

In: an ``AlignedText`` (half width, simplified). Out: the same with digits. Well-formed numerals are valued by cn2an;
this file decides *what* is a numeral (一下, 一起, 万一, 十分, 一点, 两三天 are not), reads digit strings (幺 and 两
included, groups joined) and completes what speech leaves out (两千三 = 2300). Pure.
"""

from __future__ import annotations

import re

import cn2an

from nlu.aligned import AlignedText

DIGITS = "零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
UNITS = "十百千万亿拾佰仟"
TO_ARABIC = str.maketrans(DIGITS, "00123456789121" + "23456789")
"""Each spoken digit to its ASCII digit, one to one."""

_D, _U = f"[{DIGITS}]", f"[{UNITS}]"
_PLAIN = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟两〇", "一二三四五六七八九十百千二零")
_APPROXIMATE = "一二|一两|二三|两三|三两|三四|三五|四五|五六|六七|七八|八九"
_MEASURE = "点个天块元号日月年件台双条斤米次小周岁折毛人包瓶只套盒"
_TIME_OF_DAY = "(?<=上午|下午|晚上|早上|中午|凌晨|今晚|明早|傍晚)"
_NOT_A_DATE = "(?!楼|线|店|电池|仓|色|码|门|柜|厅|院|机|字|链|牌)"

_WORDS = (
    "(?:周|星期|礼拜)[一二三四五六日天]|双十[一二]|十分(?!钟)|十足|十全十美|一五一十|七老八十|三三两两|七七八八|"
    "百八十|千八百|十有八九|十之八九|三六九等|十一(?=黄金周|长假|假期|国庆|期间)|五一(?=劳动|假|期间|黄金|节)|"
    # 两三百, 四五十: an estimate, not a number.
    f"(?:{_APPROXIMATE})(?={_U}){_U}+|"
    # 几十, 十几, 二十几号, 十来天: open numbers.
    f"[几数]{_U}+|[{DIGITS}{UNITS}]+几|[{DIGITS}{UNITS}]*{_U}来"
)
_RUN = f"(?:{_D}|{_U}|(?<={_D})[ ]+(?={_D}))+"

_NUMERAL = re.compile(
    f"(?P<word>{_WORDS})"
    f"|(?:百分之(?P<percent>(?:{_D}|{_U})+(?:点{_D}+)?))"
    f"|(?P<whole>(?:{_D}|{_U})+)点(?P<fraction>{_D}+)(?![{UNITS}点分半刻])"
    f"|(?P<run>{_RUN})"
)
_ONE_DIGIT = re.compile(
    "(?<![周期拜第几数初])(?:"
    # 五块, 三元; 一块 is a number only with money after it (一块去 = together).
    f"[二三四五六七八九两](?=块(?!儿)|元|毛|角)|一(?=块[钱多半\\d{DIGITS}]|元|毛钱|角)"
    f"|[一二三四五六七八九](?=号{_NOT_A_DATE})|[一二三四五六七八九](?=月(?!亮|饼|季|嫂|老))|(?<=月)[一二三四五六七八九](?=日)"
    f"|[二三四五六七八九两](?=点[钟半多整]|点\\d|点{_D})|一(?=点[钟半整])|{_TIME_OF_DAY}[一二三四五六七八九两](?=点)"
    f"|[一二两](?=米[\\d一二三四五六七八九])|(?<=\\d米)[一二三四五六七八九]|(?<=\\d){_D}(?=\\d)|(?<=\\d点)[{DIGITS}]+"
    ")"
)
_MONEY = re.compile(
    "(?<![\\d.])(?P<yuan>\\d+)块(?:(?P<jiao>[\\d一二三四五六七八九])(?:[毛角](?P<fen>[\\d一二三四五六七八九])?分?"
    "|(?=$|[ ,.!?、。的吧吗呢啊左以买付拍订退给]|钱))|(?P<half>半))"
)
# 幺 is how 1 is read out in numbers; recognisers write the common 要 for it.
_MISHEARD_ONE = re.compile(f"(?<=[{DIGITS}\\d]{{2}})要(?=[{DIGITS}\\d])|(?<=号是|号码|单号)要(?=[{DIGITS}\\d]{{4}})")
_UNSAID = {"百": "十", "千": "百", "万": "千", "亿": "千万"}


def convert(source: AlignedText) -> AlignedText:
    """``source`` with its Chinese numerals as digits. May need to be run again until nothing changes."""
    source = source.substitute(_MISHEARD_ONE, _one_as_written_around)
    numbers = source.substitute(_NUMERAL, _rewrite)
    digits = numbers.substitute(_ONE_DIGIT, lambda match: match.group().translate(TO_ARABIC))
    return digits.substitute(_MONEY, _rewrite_money)


def _one_as_written_around(match: re.Match[str]) -> str:
    """1 beside ASCII digits, 幺 beside spoken ones, so that the run stays one run."""
    around = match.string[match.start() - 1] + match.string[match.end() : match.end() + 1]
    return "1" if any(character.isascii() and character.isdigit() for character in around) else "幺"


def cardinal(numeral: str) -> int | None:
    """Value of a numeral with units, 三百五 read as 350; None when it is not well formed."""
    plain = numeral.translate(_PLAIN)
    # 一万二: the unit after the last digit is one below the unit before it, unless 零 says otherwise.
    if len(plain) > 2 and plain[-1] in "一二三四五六七八九" and plain[-2] in _UNSAID:
        plain += _UNSAID[plain[-2]]
    try:
        return int(cn2an.cn2an(plain, "strict"))
    except ValueError:
        return None


def _rewrite(match: re.Match[str]) -> str | None:
    if match["word"]:
        return None
    if match["percent"]:
        whole, _, fraction = match["percent"].partition("点")
        value = _any_number(whole)
        return None if value is None else value + ("." + fraction.translate(TO_ARABIC) if fraction else "") + "%"
    if match["whole"]:
        return _decimal(match)
    return _run(match)


def _decimal(match: re.Match[str]) -> str | None:
    """三点五 is 3.5; 有一点二手 is a word and the next digit, 下午三点五 a time."""
    after = match.string[match.end() : match.end() + 1]
    if match["whole"] == "一" and re.match("[一-鿿]", after) and after not in "折倍米万元块公斤寸升":
        return None
    value = _any_number(match["whole"])
    return None if value is None else f"{value}.{match['fraction'].translate(TO_ARABIC)}"


def _any_number(numeral: str) -> str | None:
    if not any(unit in numeral for unit in UNITS):
        return numeral.translate(TO_ARABIC)
    value = cardinal(numeral)
    return None if value is None else str(value)


def _run(match: re.Match[str]) -> str | None:
    run, text = match.group(), match.string
    if any(unit in run for unit in UNITS):
        first, *rest = run.split(" ")
        if rest:  # 三百 五: numbers said apart stay apart
            return " ".join(_bare(part) for part in run.split(" "))
        return _with_unit(first, text, match.start(), match.end())
    digits = run.replace(" ", "")
    if len(digits) >= 3 or (len(digits) == 2 and _is_digit_pair(digits, text, match.start(), match.end())):
        return digits.translate(TO_ARABIC)
    return None


def _bare(part: str) -> str:
    value = cardinal(part) if any(unit in part for unit in UNITS) else None
    return part if value is None else str(value)


def _with_unit(numeral: str, text: str, start: int, end: int) -> str | None:
    if numeral in ("十", "拾"):  # alone it is a number only before what it counts, or in a time
        after, before = text[end : end + 1], text[start - 1 : start]
        counts = (after and after in _MEASURE) or text[end : end + 2] == "分钟" or (before == "点" and after == "分")
        return "10" if counts else None
    value = cardinal(numeral) if numeral[0] in DIGITS or numeral[0] in "十拾" else None
    return None if value is None else str(value)


def _is_digit_pair(digits: str, text: str, start: int, end: int) -> bool:
    """Two digits are a number unless they are an estimate (两三个), a doubled word (一一) or a holiday (五一)."""
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    if any(char.isascii() and char.isdigit() for char in beside) or any(char in "零〇幺" for char in digits):
        return True
    if text[end : end + 1] == "年":
        return True
    return not re.fullmatch(_APPROXIMATE, digits) and digits[0] != digits[1] and digits not in ("五一", "六一", "三八")


def _rewrite_money(match: re.Match[str]) -> str:
    """15块5 and 三块二毛五 as one number before 块."""
    if match["half"]:
        return f"{match['yuan']}.5块"
    cents = (match["jiao"] + (match["fen"] or "")).translate(TO_ARABIC)
    return f"{match['yuan']}.{cents}块"
