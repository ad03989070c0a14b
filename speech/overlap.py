"""What the customer's words were, said over the bot's or beside it: a turn, or nothing that asks for an answer.

    words  ->  silence | echo | stop | backchannel | side_talk | turn

Pure: text and levels in, a verdict out. Chinese is counted in characters (one is a syllable), English in words; never
Chinese in whitespace words.
"""

from __future__ import annotations

import re
import statistics
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from speech.echo import are_of, own_words, pinyin

_BACKCHANNEL = re.compile(
    r"(?:嗯|恩|唔|哦|噢|喔|啊|呃|额|哎|诶|欸|哈|对|是|行|好|好的|好吧|好嘞|是的|对的|对对|没错|可以|明白|明白了|知道|知道了"
    r"|了解|这样|这样啊|是吗|是吧|对吧|原来如此|收到"
    r"|okay|ok|kay|uh ?huh|mm ?hmm|m ?hm|mhm|hmm+|mm+|yeah|yep|yes|right|sure|i see|got it|all right|alright"
    r"|uh|um|oh|ah|cool|great|fine|good)+",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"(?:停|停一下|停下|停停|先停|打住|等等|等一下|等一等|等会儿?|稍等|稍等一下|慢着|别说了|不要说了|不用说了|闭嘴|安静|不是|不对"
    r"|够了|打断一下|听我说|先听我说|不好意思|你先|先别|了|吧|先|一下|好了|好的?"
    r"|stop|wait|hold on|hang on|pause|one moment|just a moment|one second|a second|just a second|no no|shut up"
    r"|be quiet|stop talking|thats enough|enough|excuse me|please|sorry|okay|ok|no(?=stop))+",
    re.IGNORECASE,
)
_STOP_WORD = re.compile(
    r"停|够了|等等|等一下|等一等|等会|稍等|慢着|别说|不要说|不用说|闭嘴|安静|打断|听我说|先别|打住"
    r"|stop|wait|hold on|hang on|pause|one (?:moment|second)|just a|shut up|be quiet|enough|excuse me",
    re.IGNORECASE,
)
_DENIAL = re.compile(r"不是|不对|no no", re.IGNORECASE)
"""Stops the bot, but is an answer where one is expected."""
_STOP_SOUNDS = frozenset({"ting", "ting yi xia", "ning yi xia", "wu dui"})
"""Toneless pinyin of 停, 停一下 and 不对 and of what they are misheard as."""
_TO_OTHERS = re.compile(
    r"^(?:妈妈|妈|爸爸|爸|老婆|老公|亲爱的|宝贝|宝宝|儿子|闺女|女儿|奶奶|爷爷|姥姥|外婆|外公|姐姐|姐|哥哥|哥|弟弟|妹妹|媳妇|师傅)"
    r"(?: |$|你|您|别|等|来|快|帮|去|我(?:在|正|马上|一会|先|等))"
    r"|^(?:mom|mum|mommy|dad|daddy|honey|darling|sweetie|babe|kids|guys|boss)\b"
    r"|(?:我|正)在?打(?:着)?电话|跟客服|接个?电话|等我打完|马上就?(?:来|过来)|小点声|别吵|吃饭了|快递放门口"
    r"|你们?(?:先吃|先睡|先走|等我)"
    r"|\bim on the phone|\bon a call|\bbe right there|\bkeep it down|\bcome here|\bill be there|\bput that down"
    r"|\btalking to (?:the|a) (?:shop|store|agent|support)",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"uh huh|mm hmm|m hm|i see|got it|all right|hold on|hang on|one moment|just a moment|one second|a second"
    r"|just a second|no no|shut up|be quiet|stop talking|thats enough|excuse me|\S+"
)
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_WORD = re.compile(r"[a-z']+|\d|[^\W\d_a-zA-Z]", re.IGNORECASE)
_STOP_SOUND_SYLLABLES = 3
_ECHO_REST = 2
_LEAST_REQUEST = 0.2
"""Below this words over the bot are somebody else's business. Low: an unanswered customer is worse than a pause."""
_BRIEF_SYLLABLES, _BRIEF_MS, _BRIEF_REQUEST = 2, 600.0, 0.7
_QUIET_DB = 10.0
"""This much below the customer's own voice is somebody else's, farther away."""
_LEVELS_KEPT = 7


class Verdict(StrEnum):
    """What an utterance was."""

    SILENCE = "silence"
    """No words: a cough, a knock, noise."""
    ECHO = "echo"
    """The bot's own words, back through the microphone."""
    STOP = "stop"
    """停, 等一下, wait, and nothing else."""
    BACKCHANNEL = "backchannel"
    """嗯, 对, 好的, uh-huh: the listener listens."""
    SIDE_TALK = "side_talk"
    """Meant for somebody else, or said by somebody else."""
    TURN = "turn"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the words mean to a shop (from its understanding, which this package does not know)."""

    request: float
    """0..1: that they ask something of the shop or answer it."""
    acknowledges: bool = False
    """Agreement, thanks, a greeting: 没问题, perfect."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """The circumstances of an utterance."""

    over_bot: bool = False
    """The bot made sound during it."""
    expects_answer: bool = False
    """A yes/no question is pending, so that 好的 and 不是 are answers."""
    spoken: str = ""
    """What the bot said during it and shortly before, as written."""
    sounds_like_bot: bool = False
    """All of its sound is the bot's, by ``speech.echo_watch``: whatever the recogniser made of it."""
    quieter_db: float = 0.0
    """How far it is below the customer's usual level; 0 when that is not known yet."""
    speech_ms: float = 1000.0
    """How long it lasted."""
    meaning: Meaning | None = None
    """What it means to a shop, where that is known; only asked for where nothing else decides."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an utterance was, and the words that count: without an echo that the microphone put before them."""

    verdict: Verdict
    words: str


def judge(text: str, overlap: Overlap) -> Judgement:
    """What ``text``, an utterance's transcript, was."""
    words = own_words(text, overlap.spoken, keep=is_stop) if overlap.over_bot else text
    if overlap.sounds_like_bot and not is_stop(words):
        return Judgement(Verdict.ECHO, "")
    if not _plain(words):
        return Judgement(Verdict.ECHO if _plain(text) else Verdict.SILENCE, words)
    if overlap.over_bot and _is_stop_and_echo(words, overlap.spoken, beside_echo=words != text):
        return Judgement(Verdict.STOP, words)
    return Judgement(_verdict(words, overlap), words)


def _verdict(text: str, overlap: Overlap) -> Verdict:
    words = _plain(text)
    if overlap.quieter_db >= _QUIET_DB:
        return Verdict.SIDE_TALK
    if is_stop(text) and not (overlap.expects_answer and _DENIAL.search(words)):
        return Verdict.STOP
    if overlap.over_bot and not overlap.expects_answer and is_backchannel(text):
        return Verdict.BACKCHANNEL
    if _TO_OTHERS.search(words):
        return Verdict.SIDE_TALK
    return _by_meaning(words, overlap) if overlap.over_bot and not overlap.expects_answer else Verdict.TURN


def _by_meaning(words: str, overlap: Overlap) -> Verdict:
    """Words over the bot that no rule knows: what asks nothing of a shop was not said to it."""
    meaning = overlap.meaning
    if meaning is None:
        return Verdict.TURN
    if meaning.acknowledges:
        return Verdict.BACKCHANNEL
    if syllables(words) == 1 and words[0] >= "\u4e00":
        return Verdict.BACKCHANNEL  # whatever 嗯 was taken for
    is_brief = syllables(words) <= _BRIEF_SYLLABLES and overlap.speech_ms <= _BRIEF_MS
    if is_brief and meaning.request < _BRIEF_REQUEST:
        return Verdict.BACKCHANNEL  # 嗯 is easily misheard as some other syllable
    return Verdict.SIDE_TALK if meaning.request < _LEAST_REQUEST else Verdict.TURN


def is_backchannel(text: str) -> bool:
    """Whether ``text`` is nothing but acknowledgements: 嗯嗯好的, okay yeah."""
    return _whole(_BACKCHANNEL, _plain(text))


def is_stop(text: str) -> bool:
    """Whether ``text`` asks for silence and nothing else: 停, 不是不是, 等一下, wait."""
    words = _plain(text)
    if len(words) <= _STOP_SOUND_SYLLABLES and pinyin(words) in _STOP_SOUNDS:
        return True
    return _whole(_STOP, words) and (_STOP_WORD.search(words) or _DENIAL.search(words)) is not None


def _is_stop_and_echo(text: str, spoken: str, *, beside_echo: bool) -> bool:
    """Whether all that follows a stop is what was left of the bot: a syllable or two, some more if they are its own."""
    plain = _plain(text).replace(" ", "")
    found = _STOP.match(plain)
    if found is None or not is_stop(found.group()):
        return False
    rest = plain[found.end() :]
    if beside_echo:
        return syllables(rest) <= _ECHO_REST
    return 0 < syllables(rest) <= 2 * _ECHO_REST and are_of(rest, spoken)


def syllables(text: str) -> int:
    """Chinese characters, digits and English words in ``text``."""
    return len(_WORD.findall(text))


class UsualLevel:
    """How loud this customer is: the median of the utterances that were turns. dBFS."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_LEVELS_KEPT)

    def add(self, level_db: float) -> None:
        """An utterance that was certainly the customer's."""
        self._levels.append(level_db)

    def quieter_db(self, level_db: float) -> float:
        """How far ``level_db`` lies below the usual; 0 when nothing is known yet."""
        return max(0.0, statistics.median(self._levels) - level_db) if self._levels else 0.0


def _plain(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text.replace("'", "").lower()).split())


def _whole(pattern: re.Pattern[str], words: str) -> bool:
    return pattern.fullmatch(words.replace(" ", "")) is not None or all(
        pattern.fullmatch(part) for part in _phrases(words)
    )


def _phrases(words: str) -> list[str]:
    """English phrases of two words stay together: hold on, i see."""
    return _PHRASE.findall(words)
