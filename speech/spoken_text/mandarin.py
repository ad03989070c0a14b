"""Mandarin text normalisation: our rules for what a shop writes, then WeTextProcessing's grammar for the rest.

The rules come first because the grammar reads identifiers as quantities, ``2月2日`` as 二月两日 and ``1-2次`` as a
subtraction. Each rule replaces digits by Chinese numerals, so whatever it has read the later ones leave alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

_Match = re.Match[str]
_Rule = tuple[re.Pattern[str], Callable[[_Match], str]]

_DIGITS = "零一二三四五六七八九"
_GROUP = 4
"""Long identifiers are read in groups of this many digits, with a breath between."""

_CLASSIFIERS = (
    "个|件|台|部|双|瓶|箱|盒|条|套|张|只|支|本|份|次|位|名|款|种|项|包|袋|块|根|片|对|枚|颗|桶|罐|杯|顶|辆|把|束|"
    "天|周|年|小时|分钟|秒|星期|个月|倍|元|角|点|米|克|斤|公斤|千克|升|毫升|厘米|毫米|公里|吨|寸|英寸|万|亿|千|折|层|单(?!元)|笔|批|家"
)
_UNITS = {
    "kg": "公斤", "g": "克", "mg": "毫克", "ml": "毫升", "l": "升", "km": "公里", "m": "米", "cm": "厘米", "mm": "毫米",
    "km/h": "公里每小时", "h": "小时", "min": "分钟", "s": "秒", "ms": "毫秒", "w": "瓦", "kw": "千瓦", "v": "伏",
    "mah": "毫安时", "hz": "赫兹", "khz": "千赫兹", "mhz": "兆赫兹", "ghz": "吉赫兹", "㎡": "平方米", "m²": "平方米",
    "m2": "平方米", "℃": "摄氏度", "°c": "摄氏度", "°": "度", "mpa": "兆帕", "pa": "帕", "db": "分贝", "kcal": "千卡",
}  # fmt: skip
_UNIT = "|".join(sorted((re.escape(unit) for unit in _UNITS), key=len, reverse=True))
_CURRENCIES = {"¥": "元", "$": "美元", "€": "欧元", "£": "英镑", "HK$": "港元", "US$": "美元", "RMB": "元", "CNY": "元",
               "USD": "美元", "EUR": "欧元", "GBP": "英镑"}  # fmt: skip
_NOT_UNIT = r"(?-i:(?![GMS](?![A-Za-z])))"
"""Upper-case G, M and S after a number are generations, gigabytes and sizes, not grams, metres and seconds."""
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_RANGE = r"\s*[-~～—–至到]+\s*"
_ID_WORD = (
    r"(?:订单编?号?|单号|编号|运单|快递单?号?|物流单?号?|尾号|后[三四五六]位(?:数字?)?|验证码|取件码|工号|邮编|货号|"
    r"账号|卡号|会员号|流水号|密码|券码|兑换码|型号|退款单|售后单)"
)
_HOTLINE_WORD = r"(?:热线|客服电话|客服|拨打|致电|电话|短号)"


def spoken_mandarin(text: str) -> str:
    """Chinese words for a cleaned Chinese text. Latin words stay (the voice says them), identifiers are spelled."""
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    text = _grammar().normalize(text) if re.search(r"\d", text) else text
    text = re.sub(r"\d", lambda match: _DIGITS[int(match[0])], text)
    for pattern, plain in _LAST:
        text = pattern.sub(plain, text)
    return text.strip(" ，、；：,;")


@cache
def _grammar() -> Any:
    from wetext import Normalizer

    return Normalizer(lang="zh", operator="tn")


def one_by_one(digits: str, *, one: str = "一") -> str:
    """``1024`` as 一零二四; other characters are dropped."""
    return "".join(one if d == "1" else _DIGITS[int(d)] for d in digits if d.isdigit())


def quantity(number: str) -> str:
    """``1,299.50`` as 一千二百九十九点五; 两 before 千, 万 and 亿 where it leads."""
    import cn2an

    whole, _, cents = number.replace(",", "").partition(".")
    cents = cents.rstrip("0")
    said: str = cn2an.an2cn(whole, "low") if len(whole.lstrip("0")) <= 16 else one_by_one(whole)
    said = re.sub(r"^二(?=[千万亿])", "两", said)
    return said + ("点" + one_by_one(cents) if cents else "")


def counted(number: str) -> str:
    """A number before a classifier: 2 is 两."""
    return "两" if number == "2" else quantity(number)


def _grouped(digits: str) -> str:
    said = one_by_one(digits)
    if len(said) <= 6:
        return said
    cut = range(0, len(said), _GROUP)
    groups = [said[at : at + _GROUP] for at in cut]
    if len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return " ".join(groups)


def _identifier(token: str) -> str:
    """Letters one by one, digits one by one: ``SF1390`` as ``S F 一三九零``."""
    parts = re.findall(r"[A-Za-z]+|\d+", token)
    return f" {' '.join(' '.join(part.upper()) if part.isalpha() else _grouped(part) for part in parts)} "


def _phone(match: _Match) -> str:
    digits = one_by_one(match[1], one="幺")
    return f"{digits[:3]} {digits[3:7]} {digits[7:]}"


def _dashed_phone(match: _Match) -> str:
    return " ".join(one_by_one(part, one="幺") for part in re.split(r"\D+", match[0]) if part)


def _money(match: _Match) -> str:
    sign = "负" if match["sign"] else ""
    unit = _CURRENCIES[match["currency"].upper()]
    amounts = [quantity(amount) for amount in (match["amount"], match["upto"]) if amount]
    if amounts == ["二"]:
        amounts = ["两"]
    return sign + "到".join(amounts) + (match["scale"] or "") + unit


def _yuan(match: _Match) -> str:
    return counted(match[1].replace(",", "")) + match[2]


def _range_of(match: _Match) -> str:
    return f"{counted(match[1])}到{counted(match[2])}{match[3]}"


def _unit_range(match: _Match) -> str:
    sign = "负" if match[1] else ""
    return f"{sign}{quantity(match[2])}到{counted(match[3])}{_UNITS[match[4].lower()]}"


def _unit(match: _Match) -> str:
    sign = "负" if match["sign"] else ""
    return sign + counted(match["number"]) + _UNITS[match["unit"].lower()]


def _size(match: _Match) -> str:
    unit = _UNITS[match["unit"].lower()] if match["unit"] else ""
    return "乘".join(quantity(part) for part in re.findall(_NUMBER, match["sides"])) + unit


def _date(year: str, month: str, day: str) -> str:
    said = f"{quantity(str(int(month)))}月{quantity(str(int(day)))}日"
    return f"{one_by_one(year)}年{said}" if year else said


def _clock(written: str) -> str:
    """``18:30`` as 十八点三十分, ``9:00`` as 九点整."""
    hour, minute, second = (int(part) for part in f"{written}:0".split(":")[:3])
    said = ("两" if hour == 2 else quantity(str(hour))) + "点"
    if minute or second:
        said += "整" if minute == 0 and not second else ("零" if minute < 10 else "") + quantity(str(minute)) + "分"
    if second:
        said += quantity(str(second)) + "秒"
    return said


def _clock_range(match: _Match) -> str:
    return f"{_clock(match[1]).removesuffix('整')}到{_clock(match[2]).removesuffix('整')}"


def _discount(match: _Match) -> str:
    """``95折`` is 九五折, ``8折`` 八折, ``8.5折`` 八五折 as shops say it."""
    digits = match[1].replace(".", "")
    return (one_by_one(digits) if len(digits) > 1 and digits != "10" else quantity(digits)) + "折"


def _masked(match: _Match) -> str:
    return f"{one_by_one(match[1], one='幺')} 尾号 {one_by_one(match[2], one='幺')}"


def _rule(pattern: str, replace: Callable[[_Match], str], flags: int = 0) -> _Rule:
    return re.compile(pattern, flags), replace


_DATE_PART = r"(?<!\d)(\d{4})[-/.年](0?[1-9]|1[0-2])[-/.月]([12]\d|3[01]|0?[1-9])日?(?!\d)"
_CLOCK = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?"

_RULES: tuple[_Rule, ...] = (
    # identifiers before anything that reads digits as a quantity
    _rule(
        r"(?<![A-Za-z0-9])(?=[A-Za-z0-9-]*\d{3})(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z]{1,6}-?\d[A-Za-z0-9-]{3,}(?![A-Za-z0-9])",
        lambda m: _identifier(m[0]),
    ),
    _rule(
        rf"({_ID_WORD}[是为：:\s]{{0,3}})([A-Za-z0-9][A-Za-z0-9-]*\d[A-Za-z0-9-]*|\d+)(?![.\d]*[元件个折%])",
        lambda m: m[1] + _identifier(m[2]),
    ),
    _rule(r"(?<!\d)(1[3-9]\d)\*{3,}(\d{4})(?!\d)", _masked),
    _rule(r"(?<![\d.])(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)", _phone),
    _rule(r"(?<!\d)(?:400|800)[- ]?\d{3,4}[- ]?\d{3,4}(?!\d)", _dashed_phone),
    _rule(r"(?<!\d)0\d{2,3}-\d{7,8}(?!\d)", _dashed_phone),
    _rule(rf"({_HOTLINE_WORD}[是为：:\s]{{0,3}})(\d{{3,6}})(?![\d.元个])", lambda m: m[1] + one_by_one(m[2], one="幺")),
    _rule(
        r"(?<![\d.A-Za-z])(?:10086|10010|12315|12306|95\d{3})(?![\d.,元个件块人次%A-Za-z])",
        lambda m: one_by_one(m[0], one="幺"),
    ),
    # dates and times
    _rule(_DATE_PART + r"(?:T(?=\d))?", lambda m: _date(m[1], m[2], m[3])),
    _rule(r"(?<!\d)(0?[1-9]|1[0-2])/([12]\d|3[01]|0?[1-9])/(\d{4})(?!\d)", lambda m: _date(m[3], m[1], m[2])),
    _rule(r"(?<!\d)(0?[1-9]|1[0-2])月([12]\d|3[01]|0?[1-9])([日号])", lambda m: _date("", m[1], m[2])[:-1] + m[3]),
    _rule(
        r"(?<![\d/.])(?=\d{0,2}/?\d{2})(0?[1-9]|1[0-2])/([12]\d|3[01]|0?[1-9])(?![\d/])",
        lambda m: _date("", m[1], m[2]),
    ),
    _rule(r"(?<!\d)((?:19|20)\d{2})(?=年|款|版)", lambda m: one_by_one(m[1])),
    _rule(rf"(?<![\d:])({_CLOCK}){_RANGE}({_CLOCK})(?![\d:])", _clock_range),
    _rule(rf"(?<![\d:])({_CLOCK})(?![\d:])", lambda m: _clock(m[1])),
    _rule(r"(?<=[日号])\s*[-~～—–]\s*(?=[\d一二三四五六七八九十零])", lambda m: "到"),
    # money
    _rule(
        rf"(?P<sign>-)?(?P<currency>HK\$|US\$|[¥$€£]|RMB|CNY|USD|EUR|GBP)\s*(?P<amount>{_NUMBER})"
        rf"(?:{_RANGE}[¥$€£]?(?P<upto>{_NUMBER}))?\s*(?P<scale>[万亿千])?(?:元|块)?",
        _money,
        re.I,
    ),
    # identifiers without a label: too long for a quantity
    _rule(r"(?<![\d.,])\d{8,}(?![\d.]*(?:元|块|万|亿|件|个|人|次))", lambda m: f" {_grouped(m[0])} "),
    # shop idioms
    _rule(r"(?<!\d)(\d{1,2}(?:\.\d)?)\s*折", _discount),
    _rule(r"第\s*(\d+)", lambda m: "第" + quantity(m[1]).replace("两", "二")),
    _rule(r"(?<![\d.])(\d+)\s*[x×*X]\s*24(?=小时)", lambda m: f"{quantity(m[1])}乘二十四"),
    _rule(
        rf"(?<![\d.])(?P<sides>(?:\d+(?:\.\d+)?\s*[x×*X]\s*)+\d+(?:\.\d+)?)(?!\d)\s*(?P<unit>(?:{_UNIT})(?![A-Za-z]))?",
        _size,
        re.I,
    ),
    _rule(r"(?<![\w.])[x×X](\d{1,3})(?![\d\w])", lambda m: f"，数量{quantity(m[1])}"),
    _rule(r"(?<!\d)(\d{3,4})[pP](?![A-Za-z])", lambda m: one_by_one(m[1]) + "P"),
    _rule(r"(?<!\d)(\d+)\+(?![\d])", lambda m: quantity(m[1]) + "多"),
    _rule(r"(?<![A-Za-z])No\.?\s*(\d+)", lambda m: quantity(m[1]) + "号", re.I),
    # quantities with a unit
    _rule(
        rf"(?<![\d.A-Za-z])({_NUMBER})%?{_RANGE}({_NUMBER})\s*%",
        lambda m: f"百分之{quantity(m[1])}到百分之{quantity(m[2])}",
    ),
    _rule(rf"(?<![\d.A-Za-z])({_NUMBER})\s*%", lambda m: "百分之" + quantity(m[1])),
    _rule(
        rf"(?<![\d.A-Za-z])(-)?({_NUMBER})\s*(?:{_UNIT})?{_RANGE}({_NUMBER})\s*{_NOT_UNIT}({_UNIT})(?![A-Za-z])",
        _unit_range,
        re.I,
    ),
    _rule(
        rf"(?P<sign>(?<![\w\u4e00-\u9fff])-)?(?<![\d.A-Za-z])(?P<number>{_NUMBER})\s*{_NOT_UNIT}(?P<unit>{_UNIT})(?![A-Za-z])",
        _unit,
        re.I,
    ),
    _rule(
        rf"(?<![\d.A-Za-z])({_NUMBER}){_RANGE}({_NUMBER})\s*((?:个?工作日|{_CLASSIFIERS}|日|号|岁|码|楼|月))", _range_of
    ),
    _rule(rf"(?<![\d.,A-Za-z])({_NUMBER})\s*({_CLASSIFIERS})(?!号)", _yuan),
    _rule(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])", lambda m: quantity(m[0])),
    # a bare number from five digits on is read as a quantity, the grammar would spell it
    _rule(r"(?<![\d.,A-Za-z-])([1-9]\d{4,6})(?![\d.,A-Za-z-])", lambda m: quantity(m[1])),
    _rule(r"(?<![\d.,])(\d+\.\d+(?:\.\d+)+)(?![\d.])", lambda m: "点".join(one_by_one(p) for p in m[1].split("."))),
)

_LAST: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[（(【\[]\s*"), "，"),
    (re.compile(r"\s*[）)】\]]"), "，"),
    (re.compile(r"[“”\"「」『』《》〈〉‘]"), ""),
    (re.compile(r"(?<![A-Za-z])['’]|['’](?![A-Za-z])"), ""),
    (re.compile(r"…+|\.{2,}|—{1,}|–+"), "，"),
    (re.compile(r"(?<=[\u4e00-\u9fff])\s*[*×](?=[一二三四五六七八九十两])"), "乘"),
    (re.compile(r"(?<=[\u4e00-\u9fff])[~～]+"), ""),
    (re.compile(r"(?<=[零一二三四五六七八九十百千万亿点])[~～-](?=[零一二三四五六七八九十百千万亿两])"), "到"),
    (re.compile(r"(?<=\w)@(?=\w)"), " 艾特 "),
    (re.compile(r"\s*&\s*"), "和"),
    (re.compile(r"(?<=\S)\s*=\s*(?=\S)"), "等于"),
    (re.compile(r"\s*\+\s*(?=\S)"), "加"),
    (re.compile(rf"(?<=[元块分角])\s*/\s*(?=(?:{_CLASSIFIERS}))"), "每"),
    (re.compile(r"(?<=[A-Za-z\u4e00-\u9fff])\s*/\s*(?=[A-Za-z\u4e00-\u9fff])"), "、"),
    (re.compile(r"(?<=[A-Za-z])\.(?=[A-Za-z])"), " 点 "),
    (re.compile(r"(?<=[一二三四五六七八九十])[.)](?=\s)"), "、"),
    (re.compile(r"[*#_^<>{}\\|~`/]+"), " "),
    (re.compile(r"[,，、；;：:]+\s*(?=[。！？!?])"), ""),
    (re.compile(r"(?<=[。！？!?])\s*[，,、；：]+"), ""),
    (re.compile(r"，[\s，]+"), "，"),
    (re.compile(r"(?<=[\u4e00-\u9fff，。！？、；：])\s+(?=[，。！？、；：])"), ""),
    (re.compile(r"(?<=[，。！？、；：])\s+"), ""),
    (re.compile(r"\s{2,}"), " "),
    (re.compile(r"\s+(?=[，。！？、；：])"), ""),
)
