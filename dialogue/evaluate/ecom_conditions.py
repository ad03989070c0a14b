"""Whether a condition of a customer's goal holds, by what Kefu has said: words in, yes or no out. Pure.

    还没有发货        not told of as sent                       余额不够     the balance was called too low
    客服拒绝, 无法…   Kefu has refused                         验证通过     Kefu has not refused
    有, 可以, 合适    Kefu has not refused                      超过5个      holds: what is counted is not looked into

What cannot be told from the words holds, unless it is about a refusal: customers go on with what they came for.
"""

from __future__ import annotations

import re

_NOT_SENT = re.compile(r"(?:还没有?|没有?|未)(?:有)?(?:发货|发出|寄出)")
_SENT = re.compile(r"已发货|已经发货|运输中|在路上|派送|签收|已送达|已经送到|已经到了|送到了(?!吗)")
_LACKS_MONEY = re.compile(r"余额.{0,6}(?:不够|不足)|不够")
_CALLED_TOO_LOW = re.compile(r"余额.{0,20}(?:不够|不足|少于|低于)|不够支付|不足以")
_REFUSAL_WANTED = re.compile(
    r"拒绝|无法|没法|不能|不行|不支持|失败|遇到.{0,6}问题|买不了|不满足|不合适|收费风险|没有(?!其他)|没|未"
)
_REFUSED = re.compile(
    r"抱歉|对不起|不能|无法|没法|不支持|不可以|不够|不足|暂时没|没有找到|查不到|没查到|没有.{0,4}记录|没有(?:登记|晒)"
    r"|已经过了|超过了|不在|不符合|没有说|没有写|没有.{0,12}(?:款|容量|型号)"
)
_PAGE = re.compile(r"[^。]*(?:页面上说|商品页上写着)[\s\S]*")
"""What a product's page says is no refusal."""
_AT_PLACE = re.compile(r"送到[“\"']?([^”\"'，。]{4,})")


def holds(condition: str, heard: str, last: str) -> bool:
    """Whether ``condition`` holds after the replies ``heard``, of which ``last`` answered what was said last: an early
    refusal may be overcome.
    """
    if _NOT_SENT.search(condition):
        return not _SENT.search(heard) or _NOT_SENT.search(heard) is not None
    if found := _AT_PLACE.search(condition):
        is_there = found[1] in heard
        return not is_there if re.search(r"没|未", condition) else is_there
    if _LACKS_MONEY.search(condition):
        return _CALLED_TOO_LOW.search(heard) is not None
    refused = _REFUSED.search(_PAGE.sub("", last)) is not None
    if _REFUSAL_WANTED.search(condition) and not re.search(r"确认不会|不超过|不会收费", condition):
        return refused
    return not refused
