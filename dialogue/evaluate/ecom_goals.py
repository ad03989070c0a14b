"""What an ECom-Bench customer wants: the goals of a task in, what they would say step by step out. Pure, deterministic.

    「如果还没付款，你想换个颜色」       Step(condition 还没付款, say 我想换个颜色)
    「…改电话（注意，你不会说旧号码）」   the note is heeded, not said

Rules only, in this order: notes in brackets are taken off (they say what the customer does not know or keeps to
themselves), a goal is cut where a condition begins, words that lead in are dropped (然后，最后), the third person
becomes the first (你 > 我, 客服 > 你). Nothing but the goals is read: no gold action, no record of the world.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NOTE = re.compile(
    r"（[^（）]*(?:注意|禁止|不会透露|不知道|图中的内容)[^（）]*）?$|（[^（）]*(?:注意|禁止|图中的内容)[^（）]*）"
)
_UNKNOWN_IDS = re.compile(r"不知道[^，。）]*(订单|商品)(ID|号)")
_TO_SAY = re.compile(r"明确(?:提出|说明|要求)(?P<what>[^，。（）]+)")
_OWN_ID = re.compile(r"（(?:商品|订单)(?:ID|号)[^（）]*）")
_CONDITION = re.compile(
    r"(?:如果|若|假如|要是)(?:说)?(?P<what>[^。]+?)[，,](?=你|要求|让|请客服|则|就|那么)"
    r"|(?:如果|若|假如|要是)(?:说)?(?P<first>[^，。]+)[，,](?!是否|会不会|需不需要|怎么|多少)"
)
"""A condition ends where the customer begins to act; else at its first comma. One that a question hangs on is part of
the question (如果超重，是否加钱)."""
_AFTERWARDS = re.compile(r"^(?P<what>(?:客服|确认|得知|了解)[^，。]{2,20}?)(?:后|之后|以后)[，,]")
_LEAD = re.compile(
    r"^(?:在了解[^，]{2,12}后，)|^(?:此外|另外|之后|然后|接着|最后|同时|首先|其次|现在|目前|而且|并且|于是|随后|接下来|后来)[，,]?(?=.)"
)
_SECRET = re.compile(r"禁止向客服(?:直接)?透露[“\"'‘]([^”\"'’“]+)[”\"'’“]")
_COMPLAINS = re.compile(r"[，,]?(?:对此|因此)?你?向客服(?:进行)?(?:抱怨|吐槽|发泄)[^，。]*")
_ALSO = "(?:会|将|还|又|再|也|仔细|主动|直接|需要|可以)*"
_ASK = "(?:咨询|询问|问一?问|问(?!题|世)|了解|知道)"
_WANT = "(?:希望|想要?|需要|打算|要)?"
_REWORDED: tuple[tuple[str, str], ...] = (
    (rf"我?{_ALSO}(?:提醒)(?:客服|他)[，,]?", ""),
    (rf"我?{_ALSO}向(?:客服|他)提出(换货|退货|退款|取消)(?:的)?申请", r"我要申请\1"),
    (rf"我?{_ALSO}{_WANT}{_ALSO}(?:向客服|选择)?(?:进行)?(?:仔细|详细|一一)?{_ASK}(?:一下|了|客服)*", "我想问一下"),
    (rf"我?{_ALSO}{_WANT}(?:要求|让|请|需要|希望|要)(?:客服|他)(?:自己)?(?:帮我|为我|给我|帮忙)", "麻烦帮我"),
    (rf"我?{_ALSO}{_WANT}(?:要求|让|请|需要|希望|要)(?:客服|他)(?:自己)?", "麻烦你"),
    (r"(?:并)?(?:将|把)(截图|照片|图片)发(?:送)?给客服", r"\1发给你了"),
    (r"(?:给|向)客服", "给你们"),
    (r"客服", "你们"),
    (rf"我{_ALSO}要求", "麻烦"),
    (r"我(?:会|将)(?=选择|预约|下单|再次|考虑)", "我想"),
    (r"我(?:会|将)", "我"),
    (r"发(?:送|了)(?:一个)?(截图|图片|照片)[：:]", r"发你一张\1："),
)  # fmt: skip
"""From what somebody is told to want to what they say."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to say."""

    say: str
    """In the first person; empty where there is only something to heed."""
    condition: str = ""
    """Said only if this holds, as Kefu's replies tell; empty: always."""
    goal: int = 0
    """Of which goal it is, from 0."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """All that a customer wants and knows."""

    steps: tuple[Step, ...]
    known: str
    """What they may tell, all of it, for their answers to questions."""
    kinds: tuple[str, ...]
    """Of what they want, see ``KINDS``."""


KINDS: dict[str, re.Pattern[str]] = {
    "cancel": re.compile(r"取消"),
    "urge": re.compile(r"加急|催"),
    "exchange": re.compile(r"换货|换成|替换|换一|换个|更换为"),
    "return": re.compile(r"退货|退掉|退款|退了"),
    "buy": re.compile(r"下单(?!了)|(?<!之前)(?<!已经)购买(?!了|过|的|时)|(?:想|希望|要)买|改购"),
    "visit": re.compile(r"预约"),
    "cashback": re.compile(r"返现"),
    "invoice": re.compile(r"发票"),
    "address": re.compile(
        r"(?:改|换|变更)[^，。]{0,12}(?:地址|手机号?|电话)|(?:地址|手机号?|电话)[^，。]{0,6}(?:改|换)"
    ),
    "price": re.compile(r"价保|差价|保价|降价"),
}
"""Kinds of what is wanted by the words of the goals. Nothing of these: the customer only asks."""


def wishes(goals: Iterable[str]) -> Wishes:
    """What the customer of these goals says, knows and wants."""
    goals = [goal.strip() for goal in goals if goal.strip()]
    steps: list[Step] = []
    told: list[str] = []
    for number, goal in enumerate(goals):
        plain, secrets, ids_known = _without_notes(goal)
        for condition, words in _parts(plain):
            said = first_person(words)
            for secret in secrets:
                said = said.replace(secret, "").replace("“”", "")
            if said or condition:
                steps.append(Step(said, condition, number))
        told.append(plain if ids_known else _OWN_ID.sub("", plain))
    kinds = tuple(kind for kind, words in KINDS.items() if any(words.search(text) for text in told))
    return Wishes(tuple(steps), "\n".join(told), kinds or ("question",))


def goals_in(instruction: str) -> list[str]:
    """The goals of an instruction: what stands between <意图一> and its end."""
    return [found.strip() for found in re.findall(r"<意图[^>\\]+>(.*?)<\\意图[^>]+>", instruction, re.DOTALL)]


def first_person(words: str) -> str:
    """``words`` about the customer as they would say them."""
    words = words.strip(" 。，,")
    while (bare := _LEAD.sub("", words)) != words:
        words = bare
    words = _COMPLAINS.sub("", words).replace("你", "我")
    for pattern, put in _REWORDED:
        words = re.sub(pattern, put, words)
    return re.sub(r"[“”‘’'\"]", "", words).strip(" 。，,")


def _without_notes(goal: str) -> tuple[str, list[str], bool]:
    """The goal without its notes, what must not be said, and whether the customer knows the numbers in it."""
    notes = "".join(found.group() for found in _NOTE.finditer(goal))
    plain = _NOTE.sub("", goal).rstrip("，,。 ")
    if (found := _TO_SAY.search(notes)) and "除非" not in notes:
        plain += "，" + found["what"]
    ids_known = _UNKNOWN_IDS.search(notes) is None
    if not ids_known:
        plain = _OWN_ID.sub("", plain)
    return plain, _SECRET.findall(notes), ids_known


def _parts(goal: str) -> list[tuple[str, str]]:
    """The goal cut where a condition begins: (condition or nothing, the words that depend on it)."""
    if found := _AFTERWARDS.match(goal):
        return [(found["what"], goal[found.end() :])]
    begins = list(_CONDITION.finditer(goal))
    if not begins:
        return [("", goal)]
    before = goal[: begins[0].start()]
    parts = [("", before)] if _LEAD.sub("", before).strip(" ，。") else []
    for at, found in enumerate(begins):
        end = begins[at + 1].start() if at + 1 < len(begins) else len(goal)
        parts.append((found["what"] or found["first"], goal[found.end() : end]))
    return parts
