"""A scripted Chinese customer: Kefu's last words in, the next message out. Deterministic; knows only the goals.

    Kefu asks something   > answered from what the goals tell (number, day, payment, title, photo); else "不知道"
    Kefu reads back       > 确认; where it names another order or product than the goal does: 不对
    Kefu has answered     > the next step whose condition holds by what Kefu has said since
    nothing is left       > nothing

A step takes ``MOST_ANSWERS`` answers at most; then the customer goes on with the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dialogue.evaluate.ecom_conditions import holds
from dialogue.evaluate.ecom_goals import Step, Wishes
from nlu.types import Expectation

MOST_ANSWERS = 8
"""Answers to Kefu's questions within one step."""
YES, NO, UNKNOWN, NO_REASON = "确认", "不用了", "不知道，你帮我查一下吧", "没有特别的原因"
_ASKS = re.compile(r"[？?]|请问|请说|请提供|请告诉|请发|报一?下")
_OFFERS = re.compile(r"转(?:接)?(?:人工|专员|同事)|人工客服|通知您|推荐|还需要|别的(?:吗|需要)|其他(?:问题|需要)")
_TOO_LITTLE = re.compile(r"余额.{0,24}(?:不够|不足)")
"""The way to pay that the goals name does not do; no other is in them."""
_EXCHANGES = re.compile(r"换成|换货|可以选的|换哪|您要哪")
_WISH = re.compile(r"换.{0,12}(?:\d+\s*(?:升|L)|大|小)|(?:大|小)(?:的|一[些点])|(?:其他|别的)(?:商品|型号)?也")
_AGREES = re.compile(r"同意(?:换|退)|接受换")
"""Said with the yes to the read-back already."""
_READ_BACK = re.compile(r"确认|对吗|是吗|可以吗|没问题|要(?:申请|提交|办)")
_NUMBER = re.compile(r"(?<![\d/a-zA-Z])\d{7,14}(?!\d)")
_AFTER_ORDER = re.compile(r"订单(?:号|ID|编号)?(?:是|为)?[：:\s]*(\d{8,14})")
_PHOTO = re.compile(r"https?://[^\s，。）]+\.(?:jpe?g|png|webp|gif)", re.IGNORECASE)
_DAY = re.compile(r"(?:下|这|本)?(?:周|星期|礼拜)[一二三四五六日天]|明天|后天|\d{1,2}月\d{1,2}[日号]")
_PAYMENT = re.compile(r"京东E卡|e-?card|E卡|微信|支付宝|银行卡|货到付款", re.IGNORECASE)
_PAYS_ONLY = re.compile(r"支付|付款")
_PHONE = re.compile(r"(?:电话|手机)(?:号码?)?(?:是|为)?[：:]?\s*(1\d{10})")
_NAME = re.compile(r"(?:名字|姓名)(?:是|为|叫)?[：:]?\s*([一-鿿]{2,4})")
_TITLE = re.compile(r"抬头(?:是|为)?[：:]?\s*[“\"']?([^”\"'，。]+)")
_BECAUSE = re.compile(r"由于([^，。]{2,20})|(不[^，。]{1,12}需求)|(有点[^，。]{1,8})|(体积太大)")
_WHICH_ORDER = re.compile(r"刚(?:刚|才)?[^，。]{0,6}(?:付款|买|下)[^，。]{0,6}|已(?:发货|送达|签收|付款)|送到公司")
_ASKED: tuple[tuple[str, str], ...] = (
    ("photo", r"照片|图片|截图"),
    ("payment", r"支付方式|怎么付|付款方式|哪种方式|用什么(?:支付|付)|怎么支付"),
    ("day", r"哪(?:一)?天|什么时候方便|几号|什么时间|日期|上门时间|预约时间"),
    ("title", r"抬头"),
    ("tax", r"税号"),
    ("phone", r"电话|手机"),
    ("name", r"姓名|名字|怎么称呼"),
    ("order", r"订单号|订单编号|哪(?:一)?个订单|哪(?:一)?笔|订单ID|单号"),
    ("reason", r"原因|为什么|怎么了|什么问题|哪里(?:不|有)"),
    ("quantity", r"几(?:台|件|个)|多少(?:台|件|个)|数量"),
    ("product", r"哪(?:一)?(?:款|件|个商品)|什么商品|商品(?:链接|名称|编号|ID)"),
)
"""What Kefu's question is about, by its words; the first that fits."""


class EcomCustomer:
    """See ``dialogue.evaluate.play.Customer``."""

    def __init__(self, wishes: Wishes) -> None:
        """``wishes``: all that they know."""
        self._wishes = wishes
        self._waiting = list(wishes.steps)
        self._step: Step | None = None
        self._since: list[str] = []
        """Kefu's replies since the running goal began."""
        self._last = ""
        """What Kefu said last, its words to a declined offer aside."""
        self._declined = False
        self._answers = 0
        self._agreed = False
        """Whether a read-back of the running goal was confirmed."""
        self._said: set[str] = set()

    def next(self, said: Sequence[str], expectation: Expectation) -> str | None:
        """See the protocol."""
        self._since += said
        text = "\n".join(said)
        self._last = self._last if self._declined else text
        self._declined = False
        if self._step is not None and self._answers < MOST_ANSWERS and (words := self._answer(text, expectation)):
            self._answers += 1
            self._declined = words == NO
            return words
        return self._next_step()

    def _next_step(self) -> str | None:
        while self._waiting:
            step = self._waiting.pop(0)
            heard = "\n".join(self._since)
            if step.condition and not holds(step.condition, heard, self._last):
                continue
            if not step.say or step.say in self._said or (self._agreed and _AGREES.search(step.say)):
                continue
            if self._step is None or step.goal != self._step.goal:
                self._since = self._since[-4:]
                self._agreed = False
            self._step, self._answers = step, 0
            self._said.add(step.say)
            return step.say
        return None

    def _answer(self, text: str, expectation: Expectation) -> str | None:
        """The answer to what Kefu waits for; None where it waits for nothing that the customer cares about."""
        match expectation.kind:
            case "yes_no":
                return self._to_yes_or_no(text)
            case "choice":
                return self._choice(text, expectation.choices)
            case "digits":
                return self._told("order") or UNKNOWN
            case _:
                return self._to_question(text)

    def _to_yes_or_no(self, text: str) -> str:
        if _OFFERS.search(text) and not _READ_BACK.search(text):
            return NO
        named, own = set(_NUMBER.findall(text)), set(_AFTER_ORDER.findall(self._step.say if self._step else ""))
        orders = set(_AFTER_ORDER.findall(text))
        if own and orders and not own & (orders | named):
            return f"不对，是订单{next(iter(own))}"
        self._agreed = True
        return YES

    def _choice(self, text: str, choices: Sequence[str]) -> str | None:
        if (_OFFERS.search(text) and not _ASKS.search(text)) or _TOO_LITTLE.search(text):
            return None
        if self._tells_which(text):
            return None
        goal = self._words_of_goal()
        wanted = self._told("payment") if re.search(r"支付|付款|付", text) else None
        if wanted:
            return wanted
        scored = sorted(((_shared(goal, choice), -at) for at, choice in enumerate(choices)), reverse=True)
        if scored and scored[0][0] > 0:
            return choices[-scored[0][1]]
        if found := _WHICH_ORDER.search(goal):
            return found.group()
        return choices[0] if choices else UNKNOWN

    def _tells_which(self, text: str) -> bool:
        """Whether the next thing to say is the wish that is asked for: what it is to be exchanged for."""
        upcoming = self._waiting[0].say if self._waiting else ""
        return bool(_EXCHANGES.search(text) and _WISH.search(upcoming))

    def _to_question(self, text: str) -> str | None:
        if not _ASKS.search(text) or (_OFFERS.search(text) and not _READ_BACK.search(text)):
            return None
        question = _last_question(text)
        kind = next((kind for said in (question, text) for kind, words in _ASKED if re.search(words, said)), None)
        if kind is None:
            return None
        return self._told(kind) or (NO_REASON if kind == "reason" else UNKNOWN)

    def _told(self, kind: str) -> str | None:
        """What the goals tell of this, the running goal's words first."""
        for words in (self._words_of_goal(), self._wishes.known):
            if answer := _find(kind, words):
                if kind == "payment":
                    self._drop_payment_steps()
                return answer
        return "没有税号" if kind == "tax" else None

    def _words_of_goal(self) -> str:
        if self._step is None:
            return ""
        return "\n".join(step.say for step in self._wishes.steps if step.goal == self._step.goal)

    def _drop_payment_steps(self) -> None:
        """A later step that says nothing but how it is paid has been said with this answer."""
        self._waiting = [step for step in self._waiting if not (_PAYS_ONLY.search(step.say) and _only_pays(step.say))]


def _only_pays(say: str) -> bool:
    return _NUMBER.search(say) is None and re.search(r"进行支付|支付", say) is not None and "预约" not in say


def _find(kind: str, words: str) -> str | None:
    match kind:
        case "photo":
            return _first(_PHOTO, words)
        case "payment":
            return _first(_PAYMENT, words)
        case "day":
            return _first(_DAY, words)
        case "order":
            found = _AFTER_ORDER.search(words)
            return found[1] if found else _first(_WHICH_ORDER, words)
        case "phone" | "name" | "title":
            found = {"phone": _PHONE, "name": _NAME, "title": _TITLE}[kind].search(words)
            if found:
                return found[1]
            return "个人" if kind == "title" and "个人" in words else None
        case "reason":
            found = _BECAUSE.search(words)
            return next((group for group in found.groups() if group), None) if found else None
        case "quantity":
            found = re.search(r"(\d+|[一两二三四五])\s*[台件个](?!人)", words)
            return found.group() if found else "1"
        case "product":
            return _first(_NUMBER, words)
    return None


def _first(pattern: re.Pattern[str], words: str) -> str | None:
    found = pattern.search(words)
    return found.group() if found else None


def _last_question(text: str) -> str:
    """The last sentence that asks; the whole where none does."""
    sentences = [sentence for sentence in re.split(r"(?<=[。？?！!\n])", text) if sentence.strip()]
    return next((sentence for sentence in reversed(sentences) if _ASKS.search(sentence)), text)


def _shared(words: str, choice: str) -> int:
    """How many telling pieces of ``choice`` the words hold: numbers with their unit count most."""
    measures = {found.upper() for found in re.findall(r"\d+(?:\.\d+)?\s*(?:升|L|W|kg)", choice, re.IGNORECASE)}
    same = sum(3 for one in measures if one.rstrip("升L") + "升" in words or one.rstrip("升L") + "L" in words)
    numbers = sum(5 for one in _NUMBER.findall(choice) if one in words)
    pairs = {choice[at : at + 2] for at in range(len(choice) - 1) if re.fullmatch("[一-鿿]{2}", choice[at : at + 2])}
    return same * 2 + numbers * 2 + sum(pair in words for pair in pairs)
