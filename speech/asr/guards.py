"""What Whisper writes when nobody spoke, or when it is stuck: pure judgements over its text and scores.

Whisper was trained on subtitles, so silence and music come out as subtitle credits, and it can loop on a phrase.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

NO_SPEECH = 0.6
"""Above this the model itself leans to "no speech" ..."""
DOUBTFUL_LOGPROB = -1.0
"""... and below this mean log probability it does not believe its own words either."""
HOPELESS_LOGPROB = -1.3
"""Below this the words are made up. Real speech measured: -0.7 or better, noise without speech: -1.2 or worse."""
THIN_TOKENS_PER_S = 0.5
THIN_LOGPROB = -0.7
"""Fewer tokens a second than this, and in doubt as well: a polite phrase made out of babble."""
MAX_COMPRESSION = 2.4
"""UTF-8 bytes over deflated bytes; more is a loop (openai/whisper uses the same limit)."""
MAX_FOREIGN_SHARE = 0.2

MAX_HOTWORDS = 3
"""So many expected words, and little between them, are more than people say."""
MIN_COPIED = 4
"""Letters of the list in its own order that are no accident."""
DOUBTFUL_SPEECH, DOUBTFUL_WORDS = 0.3, 0.4
"""Above the one and below the other (mean token probability) words may be made up of those that were expected."""
SURE = 0.6
"""A single expected word that was really said is believed by the recogniser; noise taken for one is not."""
MAX_BESIDE_HOTWORDS = 0.3
"""Share of other words up to which expected ones may be all there is."""

_CREDITS = re.compile(
    r"""(?:
      (?:本|中文|中英)?字幕(?:由|by|制作|製作|提供|志愿者|组|翻译|校对|君).{0,30}
    | (?:由)?amaraorg社[区群]提供(?:的)?(?:字幕)?
    | (?:请)?(?:不吝)?(?:点赞|订阅|转发|打赏|收藏)
      (?:和|并|及|点赞|订阅|转发|打赏|关注|收藏|支持|明镜|与|点点|栏目|我的|频道)+
    | (?:谢谢|感谢|多谢)(?:大家|您|你|各位)?(?:的)?(?:观看|收看|收听|欣赏)(?:下期再见|我们下期再见|再见)?
    | (?:我们)?下(?:期|集|个视频)(?:节目)?再见
    | (?:优优)?独播剧场.{0,20}
    | thank(?:s|you)(?:all)?(?:so|very)?(?:much)?for(?:watching|listening|viewing)(?:this|the|my)?(?:video)?
    | (?:please)?(?:like|share|comment|and)*subscribe(?:to)?(?:my|our|the)?(?:channel)?
    | (?:subtitles?|subs|captions?|captioning|transcri(?:bed|ption))(?:created)?by.{0,40}
    | (?:i'?ll)?see(?:you|ya)(?:all)?(?:in)?(?:the)?nextvideo
    | you
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_NOT_WORDS = re.compile(r"[\W_]+")
_FOREIGN = re.compile(
    "[\u0370-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0eff\u10a0-\u11ff\u3040-\u30ff\u3130-\u318f\uac00-\ud7af\uff66-\uff9d]"
)
_LOOP = re.compile(r"(.{5,60}?)\1{2,}|(.{2,4}?)\2{4,}|(.)\3{7,}", re.DOTALL)
_NUMBER_LOOP = 12
"""Repeats of a group without a letter: an order number may well hold 00000000."""


def nobody_spoke(no_speech: float, mean_logprob: float, tokens_per_s: float) -> bool:
    """Whether the scores say that the audio holds no speech."""
    return (
        mean_logprob < HOPELESS_LOGPROB
        or (mean_logprob < DOUBTFUL_LOGPROB and no_speech > NO_SPEECH)
        or (mean_logprob < THIN_LOGPROB and tokens_per_s < THIN_TOKENS_PER_S)
    )


def is_subtitle_credit(text: str) -> bool:
    """Whether the whole text is something only subtitles say."""
    return bool(_CREDITS.fullmatch(_NOT_WORDS.sub("", text)))


def is_leak(text: str, hotwords: Iterable[str], confidence: float = 0.0) -> bool:
    """Whether ``text`` may be nothing but the words that the recogniser was told to expect: a piece of their list, or
    hardly anything but them with little ``confidence`` (mean token probability)."""
    plain = _NOT_WORDS.sub("", text).lower()
    words = [bare for word in hotwords if (bare := _NOT_WORDS.sub("", word).lower())]
    if len(plain) >= MIN_COPIED and plain not in words and plain in "".join(words):
        return True
    runs = ("".join(words[at : at + MAX_HOTWORDS]) for at in range(len(words) - MAX_HOTWORDS + 1))
    if any(run in plain for run in runs):
        return True
    rest = plain
    said = 0
    for word in sorted(set(words), key=len, reverse=True):
        said += word in rest
        rest = rest.replace(word, "")
    alone = said > 0 and len(rest) <= MAX_BESIDE_HOTWORDS * len(plain)
    return (said >= MAX_HOTWORDS and len(rest) < len(plain) / 2) or (alone and confidence < SURE)


def may_be_invented(no_speech: float, confidence: float) -> bool:
    """Whether a reading that had words to expect is so doubtful that it may come from them and not from the audio."""
    return no_speech > DOUBTFUL_SPEECH and confidence < DOUBTFUL_WORDS


def is_foreign(text: str) -> bool:
    """Whether kana, hangul, Cyrillic or another script that is neither Chinese nor Latin makes up the text."""
    letters = sum(character.isalpha() for character in text)
    return bool(letters) and len(_FOREIGN.findall(text)) / letters > MAX_FOREIGN_SHARE


def is_loop(text: str) -> bool:
    """Whether a phrase repeats as nobody repeats it."""
    data = text.encode()
    if len(data) > 60 and len(data) / len(zlib.compress(data)) > MAX_COMPRESSION and any(map(str.isalpha, text)):
        return True
    return any(_is_stuck(match) for match in _LOOP.finditer(text))


def without_loops(text: str) -> str:
    """``text`` with every loop said once."""
    return _LOOP.sub(lambda match: _unit(match) if _is_stuck(match) else match[0], text)


def _unit(match: re.Match[str]) -> str:
    """What repeats: the shortest period of the group that the pattern found."""
    group = match[1] or match[2] or match[3]
    return group[: (group + group).index(group, 1)]


def _is_stuck(match: re.Match[str]) -> bool:
    unit = _unit(match)
    return any(map(str.isalpha, unit)) or len(match[0]) // len(unit) >= _NUMBER_LOOP
