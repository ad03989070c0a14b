"""Reading a message as the answer to the pending question: yes or no, a number, one of the choices offered.

In: normalised text, the ``Expectation``, what the slot readers found. Out: whether it answers, and how. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nlu.aligned import AlignedText
from nlu.itn_zh import DIGITS, TO_ARABIC
from nlu.phonetics import alike, syllables
from nlu.types import Expectation, Slot

_AFFIRM_ZH = (
    "嗯+|对+|是的?|是啊|是呀|是我的?|好+的?|好啊|好呀|好吧|好嘞|好滴|可以|行|没错|没问题|没有问题|确认|确定|要的?|"
    "需要|同意|当然|当然可以|"
    "就这样|就是|就是这个|麻烦了|麻烦你了|办吧|退吧|取消吧|改吧|提交吧|中|得|妥|成|欧了|正确|必须的|同意的?|我同意|是我本人|是本人|本人|没意见|就这么办|就按这个|照办|准确|信息无误|无误|"
    "是这个|就它|对头|没有错|说得对|听你的|嗯呐|嗯哪|昂|阔以|可|不错|没毛病|"
    "帮我(?:办|退|取消|提交|改)(?:了|吧|一下)*|确认(?:退货|取消|提交|修改|换货)"
)
_DENY_ZH = (
    "不+|不是的?|不对|不用|不用了|不要|不要了|不行|不可以|不需要|不同意|不了|不好|没有|没|没呢|算了|别|先别|先不|"
    "先不用|先不了|不必|不想|不想了|"
    "不确认|否|不成|不取消|不是我|免了|先别提交|别提交|有误|信息有误|没这回事|没说|我没说|听错了|你听错了|说错了|不至于|拒绝|不接受|不愿意|再说吧|再想想|我再想想|暂时不用|暂时不|暂不|不退|"
    "不改|不换|不取消了|不退了|不改了|不换了|别取消|别退|别了|不太对|错了|不正确|搞错了"
)
_AFFIRM_EN = (
    "y|yes|yeah|yea|yep|yup|sure|ok|okay|okey|k|right|correct|of course|absolutely|definitely|exactly|that's "
    "right|that's correct|"
    "that is (?:right|correct)|it is|sounds good|go ahead|please do|i confirm|confirm|confirmed|fine|that's "
    "fine|alright|"
    "certainly|do it|yes it is|i do|mhm|mm-?hmm|uh[- ]?huh|i agree|agreed|i'm sure|i am sure|that works|"
    "that one|you got it|true|you bet|totally|for sure|all good|looks good|looks right|all correct|please|"
    "perfect|go for it"
)
_DENY_EN = (
    "n|no|nope|nah|not really|no way|never ?mind|don't|do not|please don't|not now|not yet|no thanks|no thank "
    "you|that's wrong|that's not right|"
    "that's incorrect|incorrect|wrong|i don't think so|forget it|it's not|it isn't|i don't|don't do (?:it|"
    "that)|don't cancel(?: it)?|"
    "don't return(?: it)?|stop|absolutely not|i changed my mind|uh[- ]uh|not at all|i disagree|i refuse|"
    "negative|hold on|that isn't right|that's not it|that's not what i said|i didn't say that|i'd rather not|"
    "rather not|leave it|skip it|false|not that one|not this one|not me|not mine|never"
)
_FILL = r"[ ,.!?;:、。~…]|啊|吧|呀|呢|哦|哈|嘛|啦|的|了|那|谢谢(?:你|您)?|请|亲|thanks|thank you|please|um|uh|well|oh"


def _whole(atoms: str) -> re.Pattern[str]:
    """Nothing but these words and what people say around them."""
    latin = r"(?<![a-z'])(?:{})(?![a-z'])"
    zh, _, en = atoms.partition("\n")
    return re.compile(rf"(?:{_FILL})*(?:(?:{zh}|{latin.format(en)})(?:{_FILL})*)+")


_AFFIRM = _whole(f"{_AFFIRM_ZH}\n{_AFFIRM_EN}")
_DENY = _whole(f"{_DENY_ZH}\n{_DENY_EN}")
_LEADING_AFFIRM = re.compile(
    r"^(?:嗯+|对的|是的|好的|可以的|行吧|好吧|没问题|没错|(?:对|是|好|行|可以|确认|确定|要)(?=[ ,.!、。]))|"
    r"^(?:yes|yeah|yep|yup|sure|okay|ok|of course|please do|go ahead|correct|right)\b"
)
_LEADING_DENY = re.compile(
    r"^(?:不是的?|不用了?|不要了|不了|不对|算了|先不|不行|别|(?:不|没有|不要)(?=[ ,.!、。]))|^(?:no|nope|nah|"
    r"don't|do not|never ?mind)\b"
)
_TURNING = re.compile(
    r"但是?|不过|可是|等一下|等等|先别|不对|换成|另外|吗$|\?$|\b(?:but|wait|however|actually|instead)\b"
)
_MAX_YES_NO_CHARS = 60

_AROUND_SLOT = re.compile(
    r"我的|我|你|那个|就是|这个|应该|好像|大概|是|为|的|了|呢|啊|吧|哦|呀|嗯+|呃+|额+|好的|好|对|"
    r"(?:订单|快递|物流|运|手机|电话)?(?:单)?号码?|订单|编号|尾号|后四位|后4位|手机|电话|日期|金额|买|在|"
    r"\b(?:my|the|it'?s|it|is|are|order|tracking|phone|number|no|last|four|4|digits|ok|okay|yes|um+|uh+|so|and|"
    r"sure|here|you|go|i|think|bought|on|a|an|for)\b|"
    r"[^\w]|_"
)
_ALIKE, _AHEAD = 0.85, 0.2
"""How much a choice must sound like what was said, and how much less the others."""
_ORDINALS = "一二三四五六七八九"
_EN_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_EN_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class YesNo:
    """An answer to a yes-or-no question."""

    intent: Literal["affirm", "deny"]
    confidence: float
    whole: bool
    """False when more was said than yes or no."""


def yes_no(text: str) -> YesNo | None:
    """``text`` (normalised, lower case) as yes or no; None when it is neither."""
    text = text.replace("’", "'").strip()
    if not text or len(text) > _MAX_YES_NO_CHARS:
        return None
    if text.endswith(("吗", "?")) and len(text) > 2:
        return None
    if _DENY.fullmatch(text):
        return YesNo("deny", 0.97, True)
    if _AFFIRM.fullmatch(text):
        return YesNo("affirm", 0.97, True)
    if _LEADING_DENY.match(text):
        return YesNo("deny", 0.85, False)
    if _LEADING_AFFIRM.match(text) and not _TURNING.search(text):
        return YesNo("affirm", 0.85, False)
    return None


def fills(expectation: Expectation, slots: Sequence[Slot]) -> Slot | None:
    """The slot that answers the question, None when there is none.

    A whole phone number answers a question for its last four digits, and digits of another length than asked for are
    an answer too: the dialogue says what is wrong with it.
    """
    wanted = {expectation.slot} if expectation.slot else set()
    if expectation.slot == "phone_tail":
        wanted.add("phone")
    if expectation.slot == "email":
        wanted.add("postal_code")  # the other way to say whose account it is
    exact = next((slot for slot in slots if slot.name in wanted), None)
    if exact or expectation.kind != "digits":
        return exact
    return next((slot for slot in slots if slot.name == "digits"), None)


def says_little_else(source: AlignedText, slots: Sequence[Slot]) -> bool:
    """Whether the message is hardly more than ``slots``: lead-in words (我的订单号是) aside, at most two characters. A
    reason for a return is a request of its own."""
    covered = [(slot.start, slot.end) for slot in slots if slot.name != "return_reason"]
    rest = "".join(
        char if not any(start <= source.starts[index] < end for start, end in covered) else " "
        for index, char in enumerate(source.folded)
    )
    return len(_AROUND_SLOT.sub("", rest)) <= 2


def choice_of(text: str, choices: Sequence[str]) -> int | None:
    """Index of the choice that ``text`` (normalised) names by its words or its place (第二个, 2, "the second one").

    None when it names none, or more than one.
    """
    folded = text.casefold().strip(" ,.!?、。吧呢啊的")
    if not folded:
        return None
    exact = [index for index, choice in enumerate(choices) if choice.casefold() == folded]
    named = exact or [index for index, choice in enumerate(choices) if choice and choice.casefold() in folded]
    if not named and len(folded) >= 2:
        named = [index for index, choice in enumerate(choices) if folded in choice.casefold()]
    if len(named) == 1:
        return named[0]
    if not named and (heard := _by_sound(folded, choices)) is not None:
        return heard
    place = _place(folded, len(choices))
    return place if place is not None and place < len(choices) else None


def _by_sound(text: str, choices: Sequence[str]) -> int | None:
    """The one choice that the whole of ``text`` sounds like (推货 for 退货); None when it is a place or several."""
    said = syllables(text)
    if len(said) < 2 or text[:1] in "第最" or any(char.isdigit() for char in text):
        return None
    ranked = sorted(((alike(said, syllables(choice)), -at) for at, choice in enumerate(choices)), reverse=True)
    ahead = ranked[0][0] - ranked[1][0] if len(ranked) > 1 else 1.0
    return -ranked[0][1] if ranked and ranked[0][0] >= _ALIKE and ahead >= _AHEAD else None


def _place(text: str, count: int) -> int | None:
    if re.search(r"最后(?:一个|那个)?$|\blast(?: one)?$", text):
        return count - 1
    match = re.search(
        rf"第([{DIGITS}\d])(?:个|项|种|款|件|条)?|^(?:选|要|选择|我选|我要)?([{_ORDINALS}\d])(?:号|个)?$", text
    )
    if match:
        return int((match[1] or match[2]).translate(TO_ARABIC)) - 1 if (match[1] or match[2]) not in "零0" else None
    words = re.search(
        rf"\b({'|'.join(_EN_ORDINALS)})\b|^(?:option |number |the )?({'|'.join(_EN_NUMBERS)}|[1-9])$", text
    )
    if not words:
        return None
    if words[1]:
        return _EN_ORDINALS.index(words[1])
    return int(words[2]) - 1 if words[2].isdigit() else _EN_NUMBERS.index(words[2])
