"""Words that steer a dialogue whatever the intent: stop, go on elsewhere, wrong, which of these. Pure.

They complete the classifier: a correction ("不是这个订单") or a choice ("第二个") is not an intent of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlu.types import Language

_STOP = re.compile(
    r"^(那|嗯|哦|呃|还是|我)*\s*(算了|不用了|不办了|不弄了|先不(用|办|弄)?了?|没事了|不必了|不麻烦了|不退了|不换了|不取消了|不改了|不开了)"
    r"|never ?mind|forget (it|about it)|don'?t bother|no need( any ?more)?",
    re.IGNORECASE,
)
_AFTER_STOP = re.compile(
    r"^(?:那|嗯|哦|呃|还是|我)*\s*(?:算了|不用了|先不(?:用|办|弄)了|不必了)[,，。.!！\s]*(?P<zh>.{4,})$"
    r"|(?:never ?mind|forget (?:it|about it))[,.!\s]*(?P<en>.{8,})$",
    re.IGNORECASE,
)
_STILL_NO = re.compile(
    r"^[不别没]|不(退|换|取消|改|要|想|用|弄|办|买|麻烦|着急)|没事|谢|下次|以后|再说"
    r"|\b(thanks?|thank you|later|don.?t|no need)\b",
    re.IGNORECASE,
)
_DROPS_ALL = re.compile(
    r"(都|全部?|什么)也?(不|别)(用|要|办|弄|想|了)|(forget|drop|cancel|skip) (it )?all\b", re.IGNORECASE
)
_BOT_BACK = re.compile(
    r"(返回|回到|继续用?|叫)\s*(机器人|智能客服|小酷)|back to (the )?(bot|robot|assistant)", re.IGNORECASE
)
_IDENTITY = re.compile(
    r"你是(谁|什么|机器人|真人|人工|ai)|你叫什么|是不是机器人|who are you"
    r"|are you (a |an )?(bot|robot|human|real|ai|person)|what are you\b|your name",
    re.IGNORECASE,
)
_WANTS_PERSON = re.compile(
    r"(转|找|要|叫|接|换)(个|到|成)?.{0,2}(真?人|客服)|talk|speak|connect|transfer|get me", re.IGNORECASE
)
_CHAT = re.compile(
    r"how are you|how('s| is) it going|how('s| is) your day|tell me a joke|你好吗|最近怎么样|讲个?笑话|nice to meet you"
    r"|你(今天)?(开心|累|忙)吗|have a nice day",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"不是(这|那)|不对|错了|弄错|搞错|说错|不是这样|换(一|个|成)|改成|改一下|是退货|是换货|应该是|而是"
    r"|\bwrong\b|\bnot (that|this|right)\b|\bi meant?\b|\bincorrect\b|\binstead\b|\bactually\b",
    re.IGNORECASE,
)
_REPLACED = (
    re.compile(r"不是(?P<old>[^，,。;；]{1,20}?)[，,。;；\s]*(?:应该|而)?是(?P<new>[^，,。;；]{1,40})"),
    re.compile(r"(?:应该)?是(?P<new>[^，,。;；]{1,40}?)[，,。;；\s]*不是(?P<old>[^，,。;；]{1,20})"),
    re.compile(r"(?:把)?(?P<old>[^，,。;；]{1,20}?)(?:改成|改为|换成)(?P<new>[^，,。;；]{1,40})"),
    re.compile(r"\bnot (?P<old>[^,.;]{1,20}),? but (?P<new>[^,.;]{1,40})", re.IGNORECASE),
    re.compile(r"(?:it'?s )?(?P<new>[^,.;]{1,40}),? not (?P<old>[^,.;]{1,20})", re.IGNORECASE),
)
"""What was read back wrongly and what it is: 不是八号是六号, 是六号不是八号, "not 8 but 6"."""
_START_OVER = re.compile(
    r"从头(来|开始|说|报)|重新(说|报|来|讲|输)|重来|重说|再来一(次|遍)"
    r"|start (over|again)|begin again|from the (start|top|beginning)"
    r"|let me (start|begin|try) (over|again)",
    re.IGNORECASE,
)
_ORDER = re.compile(r"订单|(这|那)(个|一)?单|\border\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"[?？]|吗|呢$|什么|怎么|多少|多久|几天|哪|能不能|可不可以|是否|有没有|谁|为什么"
    r"|^(what|how|when|where|which|who|why|can|could|do|does|is|are|will|would)\b",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"多久|几天|多长时间|谁(出|付|承担)|怎么(算|收费|退货|换货|退的|开|操作)|政策|规则|规定|流程|运费|条件|能不能退|可以退吗|能退吗|支持.*(退|换)"
    r"|包邮|how (long|many days)|polic(y|ies)|who pays|\bfee\b"
    r"|what are the rules|do you (accept|allow|offer)|how do (i|returns)",
    re.IGNORECASE,
)
_BAD_GOODS = re.compile(
    r"(收到|收的|寄来|寄过来|送来|送到|发来|到手|打开|拆开|一拆).{0,8}(坏|破|碎|裂|损|瑕疵|漏|不能用|用不了|有问题|错|不对|不一样|不符)"
    r"|(东西|货|商品|产品)(都|全|就)?是?(坏|破|碎|裂)的|发错(了|货)|(发|寄)(的|来的)?.{0,4}(不对|错)"
    r"|\b(arrived|came|received|got|sent)\b.{0,24}\b(broken|damaged|defective|faulty|cracked|wrong)\b"
    r"|\b(item|product|one|it)('s| is| was) (broken|damaged|defective|faulty)\b.{0,12}\b(arriv|deliver|receiv|came)"
    r"|\bwrong (item|one|size|colou?r)\b",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"(收到|到手|打开|拆开|送来|寄来).{0,8}(少(了|发|件)|缺(了|件|少)|漏(发|了))|(少|漏|缺)(发|寄|给)(了|我)"
    r"|\b(arrived|came|received|got)\b.{0,24}\b(missing|incomplete|too few|short of)\b",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"(不|没法|无法|不能|没)(能|会|怎么)?(再)?(喷|吹|出|转|亮|响|动|热|冷|吸|震|震动|加热|制热|制冷|工作|运转|启动|反应|通电|充电|显示|升温|加湿|打印|走)"
    r"[一-鿿]{0,3}了|(坏|失灵|卡住|卡死|罢工|短路|死机)了|出(了)?(故障|毛病)|不好使|用不了了?$|没有?(热风|蒸汽|反应|画面)"
    r"|\b(stopped|quit) \w+ing\b|\b(does|do|is|will|did)(n.?t| not) (work|\w+)( \w+)? (any ?more|at all)\b"
    r"|\bno longer \w+s\b|\bwon.?t (turn on|start|charge|heat|spin|spray)\b|\b(is|it.?s|has) (broken|dead|stopped)\b",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"^[,，\s]*(?:再|顺便|另外|还有|还|然后)*(?:我?想|请|帮我|麻烦)*(?:再)?(?:问|咨询|打听|请教)(?:一?下|个问题|个事)?[,，:：\s]*"
)
_LOOKS_UP = re.compile(r"查|看看|看一?下|\b(check|look up|track|show me|where)\b", re.IGNORECASE)
_DEMANDS = re.compile(r"投诉|举报|赔|负责|说法|曝光|complain|compensat|lawyer", re.IGNORECASE)
_DETAILS = re.compile(
    r"还有呢|然后呢|详细|具体|仔细|多说(一)?点|细节|哪个城市|到哪(个|一)(站|里|儿|步)|什么快递|哪家快递|谁(来)?送"
    r"|\bdetails?\b|\bexactly\b|tell me more|anything (else|more)|what else|go on|which (city|carrier|courier)"
    r"|who (is delivering|delivers|brings)",
    re.IGNORECASE,
)
_ASKS_ON = re.compile(
    r"(?:那|嗯|哦|好的?|请|\s)*(?:还有呢|然后呢|多说一?点"
    r"|再?说?得?(?:详细|具体|仔细)(?:一?点|一些)?(?:呢|吗|吧|说说|讲讲|信息|情况|说一?下)?)"
    r"|(?:please )?(?:tell me more|more details?|details?|go on|and(?: then)?|what else|anything (?:else|more)"
    r"|where(?: is it)? exactly|where exactly is it)(?: please)?",
    re.IGNORECASE,
)
_BACKCHANNEL = re.compile(
    r"(?:(?:[嗯哦噢喔唔啊对是好行]|好的|好吧|好嘞|是的|是吗|对的|这样|知道了|我知道|明白了?|了解了?|收到|懂了|没事|可以"
    r"|\b(?:ok|okay|okey|k|yeah|yep|alright|all right|right|sure|fine|i see|got it|understood"
    r"|mm+|hm+|mhm|uh huh|oh|ah)\b)\s*)+",
    re.IGNORECASE,
)
_HESITATION = re.compile(
    r"(?:(?:[嗯呃额唔]|那个|这个|就是|稍等|(?:请?等|让)?我?(?:再?看看|找找|想想|找一?下|看一?下|想一?下)|等我一?下"
    r"|\b(?:um+|uh+|er+|well|let me (?:see|check|look|think)|one moment)\b)\s*)+",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(其他|其它|另外|另一|别的|还有(哪些|什么)|所有|全部)|another|other (order|one)|all my orders", re.IGNORECASE
)
_ALL = re.compile(r"全部|全都|都(要|退|换)?$|都退|都换|一起|所有|\ball\b|\bboth\b|everything", re.IGNORECASE)
_ORDINALS = (
    r"第一|^1$|^一$|\bfirst\b|头一个|上面那个",
    r"第二|^2$|^二$|\bsecond\b",
    r"第三|^3$|^三$|\bthird\b",
    r"第四|^4$|^四$|\bfourth\b",
    r"第五|^5$|^五$|\bfifth\b",
)
_BARE_CHOICE = re.compile(
    r"(?:就|要|选|我要|我选)?(?:第[一二三四五1-5](?:个|款|件|双|台|条)?|最后一(?:个|款|件))(?:吧|呢|的)?"
    r"|(?:the |i.?ll take the )?(?:first|second|third|fourth|fifth|last)(?: one)?(?: please)?",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"(?:\d[\s-]*){3,}")
_LAST = re.compile(r"最后|\blast\b", re.IGNORECASE)
_NEWEST = re.compile(r"最近|最新|刚(刚)?(买|下|拍)|latest|newest|most recent", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_LATIN_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z']*(?![A-Za-z0-9])")
_HAN = re.compile(r"[一-鿿]")
_PLAIN = set("的了吗呢吧啊呀这那个件双只条款子要退换是就我你他它选想把和跟对好不没有第一二三四五尾号全部都")
"""Characters that tell nothing of which product is meant."""
_FILLER = re.compile(r"[\s，。！？,.!?、;；:：'\"“”‘’（）()-]+")


def wants_to_stop(text: str) -> bool:
    """算了, 不用了, never mind: the running task is no longer wanted."""
    return bool(_STOP.search(text.strip()))


def wants_instead(text: str) -> bool:
    """算了，我要换货: after the words that stop, something else is wanted."""
    found = _AFTER_STOP.search(text.strip())
    rest = (found["zh"] or found["en"] or "").lstrip(" ,，.。!！") if found else ""
    return len(rest) >= 4 and not _STILL_NO.search(rest)


def drops_all(text: str) -> bool:
    """都不用了, "forget all of it": neither the running task nor what was to come after it is wanted."""
    return bool(_DROPS_ALL.search(text))


def wants_bot_back(text: str) -> bool:
    """返回机器人, "back to the bot": ends a hand-off."""
    return bool(_BOT_BACK.search(text))


def asks_identity(text: str) -> bool:
    """你是谁, "are you a robot"; not "you are a robot, get me a person"."""
    return bool(_IDENTITY.search(text)) and not _WANTS_PERSON.search(text)


def is_chat(text: str) -> bool:
    """Small talk beyond greetings."""
    return bool(_CHAT.search(text))


def is_correction(text: str) -> bool:
    """Something read back was wrong, or is to be another."""
    return bool(_WRONG.search(text))


def corrected(text: str, value: str) -> str | None:
    """``value`` without the part that ``text`` calls wrong (不是八号是六号); None when it names no such part."""
    for pattern in _REPLACED:
        found = pattern.search(text)
        if found and (old := found["old"].strip(" 了的。.")) and old in value:
            return value.replace(old, found["new"].strip(" 的。.!！"), 1)
    return None


def starts_over(text: str) -> bool:
    """从头来, 重新说, "start over": what was said of a number so far does not count."""
    return bool(_START_OVER.search(text))


def names_order(text: str) -> bool:
    """Speaks of an order, not of what is in it."""
    return bool(_ORDER.search(text))


def is_question(text: str) -> bool:
    """Reads like a question."""
    return bool(_QUESTION.search(text.strip()))


def asks_policy(text: str) -> bool:
    """Asks how something works in general (how long, who pays) rather than for it to be done."""
    return bool(_POLICY.search(text))


def got_bad_goods(text: str) -> bool:
    """What came is broken or another thing (收到的东西是坏的), said without a demand of its own (投诉, 赔)."""
    return bool(_BAD_GOODS.search(text)) and not _DEMANDS.search(text)


def got_less(text: str) -> bool:
    """What came is not all of it (收到少了一件); not that the rest is still on its way."""
    return bool(_LESS.search(text)) and not _DEMANDS.search(text)


def has_failed(text: str) -> bool:
    """Something bought no longer does what it should: 不喷雾了, "stopped heating"; not a question whether it can."""
    return bool(_FAILED.search(text)) and not re.search(r"吗[?？]?$|会不会|能不能", text)


def without_asking(text: str) -> str:
    """``text`` without the words that only announce a question (再问一下怎么开发票)."""
    return _ANNOUNCES.sub("", text, count=1) or text


def looks_up(text: str) -> bool:
    """Something is to be looked up: 查一下, "check"."""
    return bool(_LOOKS_UP.search(text))


def wants_details(text: str) -> bool:
    """More than the short answer: 还有呢, 具体到哪了, "where exactly"."""
    return bool(_DETAILS.search(text))


def asks_on(text: str) -> bool:
    """Nothing but a wish to hear more of the same."""
    return bool(_ASKS_ON.fullmatch(_bare(text)))


def is_backchannel(text: str) -> bool:
    """Nothing but 嗯, 哦, 好的, "okay": somebody listens, and asks for nothing."""
    return bool(_BACKCHANNEL.fullmatch(_bare(text)))


def is_hesitation(text: str) -> bool:
    """Nothing but 呃, 等我看看, "let me see": an answer is on its way."""
    return bool(_HESITATION.fullmatch(_bare(text)))


def wants_other(text: str) -> bool:
    """Another order than the one talked about."""
    return bool(_OTHER.search(text))


def wants_newest(text: str) -> bool:
    """The most recent one."""
    return bool(_NEWEST.search(text))


def is_bare_choice(text: str) -> bool:
    """Nothing but 第一个, "the second one"."""
    return bool(_BARE_CHOICE.fullmatch(_bare(text)))


def is_bare_number(text: str) -> bool:
    """Nothing but three digits or more."""
    return bool(_BARE_NUMBER.fullmatch(_bare(text)))


def wants_all(text: str) -> bool:
    """All of what was offered."""
    return bool(_ALL.search(text.strip(" 。.!！")))


def spoken_language(text: str, words: int = 2) -> Language | None:
    """``zh`` where there is Chinese, ``en`` from ``words`` English words on, None where the text does not tell."""
    if _HAN.search(text):
        return "zh"
    return "en" if len(_LATIN_WORD.findall(_LINK.sub(" ", text))) >= words else None


def chosen(text: str, choices: Sequence[str]) -> int | None:
    """Index of the one of ``choices`` that ``text`` picks: by ordinal, by words or by a number in it; else None."""
    bare = text.strip(" 。.!！,，")
    for index, choice in enumerate(choices):
        if _squeeze(bare) == _squeeze(choice):
            return index
    for index, pattern in enumerate(_ORDINALS[: len(choices)]):
        if re.search(pattern, bare, re.IGNORECASE):
            return index
    if choices and _LAST.search(bare):
        return len(choices) - 1
    scored = sorted(((overlap(bare, choice), -index) for index, choice in enumerate(choices)), reverse=True)
    if scored and scored[0][0] >= 0.5 and (len(scored) == 1 or scored[0][0] > scored[1][0]):
        return -scored[0][1]
    return _one_character(bare, choices)


def _one_character(text: str, choices: Sequence[str]) -> int | None:
    """The choice that alone shares a telling character with ``text`` (鞋子 for 跑鞋)."""
    said = set(_HAN.findall(text)) - _PLAIN
    sharing = [index for index, choice in enumerate(choices) if said & set(choice)]
    return sharing[0] if len(sharing) == 1 and len(text) <= 8 else None


def mentions(text: str, name: str) -> bool:
    """Whether ``text`` holds a pair of characters, or a longer English word, of the product ``name``."""
    shared = _pieces(text) & _pieces(name)
    return any(len(piece) >= 4 if piece.isascii() else len(piece) == 2 for piece in shared)


def overlap(text: str, name: str) -> float:
    """How much of ``text`` or of ``name`` the two share, 0..1: English words, Chinese character pairs, digit runs."""
    ours, theirs = _pieces(text), _pieces(name)
    if not ours or not theirs:
        return 0.0
    shared = len(ours & theirs)
    return max(shared / len(theirs), shared / len(ours)) if shared else 0.0


def _bare(text: str) -> str:
    return _FILLER.sub(" ", text).strip()


def _squeeze(text: str) -> str:
    return _FILLER.sub("", text).lower()


def _pieces(text: str) -> set[str]:
    lower = re.sub(r"(?<=\d)\s+(?=\d)", "", text.lower())  # 1234 5678 is one number
    words = set(re.findall(r"[a-z]{2,}|\d{3,}", lower))
    for run in re.findall(r"[一-鿿]+", lower):
        words |= {run[i : i + 2] for i in range(len(run) - 1)} if len(run) > 1 else {run}
    return words
