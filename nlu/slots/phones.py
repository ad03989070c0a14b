"""Phone numbers, checked by phonenumbers: of the shop's region in its national form, others as E.164.

138 0013 8000       13800138000
010-8520 1234       01085201234
+1 415 555 2671     +14155552671
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from nlu.slots.types import Candidate, SlotContext, candidate, said_before

_WORDS = re.compile(
    r"(?:手机(?:号码?)?|电话(?:号码?)?|联系方式|座机|固话|phone(?: number)?|mobile(?: number)?|call me (?:at|on)|"
    r"(?:reach|contact) me (?:at|on))(?:[是为]|就是|换成|改成|改为|[:,，]| |is|to|it'?s)*$"
)
_MOBILE = re.compile(r"(?:86)?(1[3-9]\d{9})")
_ABROAD = re.compile(r"\+ ?\d{1,3}(?:[ \-().]{0,2}\d){5,12}(?!\d)")
_SURE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def read(context: SlotContext) -> Iterator[Candidate]:
    """Numbers with a country code and a plus."""
    for match in _ABROAD.finditer(context.text):
        value = _valid(match.group(), context.config.region)
        if value:
            yield candidate(context.source, match.span(), "phone", value, 0.96, "phone: country code")


def offer(context: SlotContext, digits: str, start: int) -> tuple[str, str, float, str] | None:
    """``digits`` that begin at ``start`` as a phone; None when they are none."""
    if not 7 <= len(digits) <= 13:
        return None
    asked = context.expectation.slot == "phone" or said_before(context, start, _WORDS, 24)
    mobile = _MOBILE.fullmatch(digits) if context.config.region == "CN" else None
    if mobile:  # new ranges are given out before the library knows them
        return "phone", mobile[1], 0.97 if asked else 0.93, "phone: 11 digits from 13 to 19"
    number = _parsed(digits, context.config.region)
    if number is None:
        return None
    if asked and len(digits) >= 8 and phonenumbers.is_valid_number(number):
        return "phone", digits, 0.94, "phone: valid, said after 电话/phone"
    is_mobile = context.config.region != "CN" and phonenumbers.number_type(number) in _SURE
    if is_mobile and phonenumbers.is_valid_number(number):
        return "phone", digits, 0.8, "phone: a mobile of the region"
    return None


def is_announced(context: SlotContext, start: int) -> bool:
    """Whether what begins at ``start`` is said to be a phone number."""
    return said_before(context, start, _WORDS, 24)


def _valid(text: str, region: str) -> str | None:
    number = _parsed(text, region)
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.region_code_for_number(number) == region:
        return str(phonenumbers.national_significant_number(number))
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None
