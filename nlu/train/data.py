"""Folders of utterances in, checked ``Example`` values out; and the spoken variants that training adds to them.

One file per label, ``<label>.txt``, UTF-8, one utterance a line. The lines ``# zh`` and ``# en`` open a language
section, any other line that starts with ``#`` is a comment, blank lines are skipped::

    # order_status: where is my order
    # zh
    我的订单什么时候到
    # en
    where is my order
"""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from nlu.types import Language

ROOT = Path(__file__).parent / "data"
"""The shipped data: ``intents`` and ``sentiment``."""

_LANGUAGES: tuple[Language, ...] = get_args(Language)
_PUNCTUATION = re.compile(r"[^\w\s%¥$€#*+.:/-]|[.:](?!\d)|(?<=\s)-|_")
_DIGIT_RUN = re.compile(r"\d{4,}")
_CJK = "\u4e00-\u9fff"
_CJK_GAP = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")

# Words a caller says around a request; they must not move its meaning.
_OPENERS: dict[Language, tuple[str, ...]] = {
    "zh": ("那个", "呃", "就是说", "嗯那个", "就是", "喂", "额", "诶", "那个啥"),
    "en": ("um ", "uh ", "so ", "well ", "okay so ", "uh yeah um "),
}
_POLITE_OPENERS: dict[Language, tuple[str, ...]] = {
    "zh": ("你好", "您好", "亲", "在吗", "请问", "请问一下", "你好我想问一下", "客服你好", "麻烦问一下", "对了"),
    "en": ("hi ", "hello ", "hey there ", "excuse me ", "hi can you help me ", "please ", "by the way "),
}
_POLITE_CLOSERS: dict[Language, tuple[str, ...]] = {
    "zh": ("谢谢", "麻烦了", "谢谢啊", "拜托了", "急", "在线等", "好吧"),
    "en": (" thanks", " please", " thank you", " asap", " i'm waiting"),
}
_FINAL_PARTICLES = "啊呀呢哦哈嘛哇啦咧"


class DataError(ValueError):
    """The training data is not usable; the message names the file and line."""


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance with its label."""

    text: str
    label: str
    language: Language
    source: str
    """``file:line``."""


def load(folder: Path, labels: Sequence[str], minimum: int = 0) -> tuple[Example, ...]:
    """Every example of ``folder``, in the order of ``labels`` and of the lines.

    ``minimum`` is the least number of examples per label, both languages present. Raises ``DataError`` for a missing
    or unknown file, a line outside a section, a label that is too small and a text that occurs twice.
    """
    files = {path.stem: path for path in folder.glob("*.txt")}
    if unknown := sorted(files.keys() - set(labels)):
        raise DataError(f"{folder}: no such label: {', '.join(unknown)}")
    if missing := [label for label in labels if label not in files]:
        raise DataError(f"{folder}: no file for {', '.join(missing)}")
    examples = [example for label in labels for example in _read(files[label])]
    _check_unique(examples)
    for label in labels if minimum else ():
        _check_enough([example for example in examples if example.label == label], label, minimum)
    return tuple(examples)


def canonical(text: str) -> str:
    """``text`` without what makes two lines look different: width, case, punctuation and spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum()) or folded.strip()


def spoken(text: str) -> str:
    """``text`` as a speech recogniser writes it: no punctuation, lower case."""
    bare = _PUNCTUATION.sub(lambda found: "" if found[0] in "'’" else " ", unicodedata.normalize("NFKC", text))
    return _CJK_GAP.sub("", " ".join(bare.lower().split())) or text


def variants(example: Example, seed: int, *, polite: bool = True) -> tuple[str, ...]:
    """Other ways of saying the same: as heard, with a filler around it, with other digits, without its particle.

    ``polite`` allows openers and closers such as 你好 and 谢谢, which would blur a label that is about them. The choice
    depends only on the text and ``seed``. The example's own text is not among them.
    """
    digest = hashlib.sha256(f"{seed}\0{example.text}".encode()).digest()
    rng = random.Random(digest)
    heard = spoken(example.text)
    language = example.language
    openers = _OPENERS[language] + (_POLITE_OPENERS[language] if polite else ())
    found = [heard, rng.choice(openers) + heard]
    if polite and rng.random() < 0.5:
        found.append(heard + rng.choice(_POLITE_CLOSERS[language]))
    if _DIGIT_RUN.search(example.text):
        found.append(_DIGIT_RUN.sub(lambda run: _other_digits(run[0], rng), example.text))
    if len(heard) > 5 and heard[-1] in _FINAL_PARTICLES:
        found.append(heard[:-1])
    return tuple(text for text in dict.fromkeys(found) if text != example.text)


def _other_digits(run: str, rng: random.Random) -> str:
    return run[0] + "".join(rng.choice("0123456789") for _ in run[1:])


def _read(path: Path) -> Iterable[Example]:
    language: Language | None = None
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        text = line.strip()
        if text.startswith("#"):
            language = next((known for known in _LANGUAGES if text[1:].strip() == known), language)
        elif text and language is None:
            raise DataError(f"{path.name}:{number}: an utterance before '# zh' or '# en'")
        elif text and language:
            yield Example(text, path.stem, language, f"{path.name}:{number}")


def _check_unique(examples: Iterable[Example]) -> None:
    seen: dict[str, Example] = {}
    twice = [
        f"{example.source}: '{example.text}' is also {first.source}"
        for example in examples
        if (first := seen.setdefault(canonical(example.text), example)) is not example
    ]
    if twice:
        raise DataError("\n".join(twice))


def _check_enough(examples: Sequence[Example], label: str, minimum: int) -> None:
    if len(examples) < minimum:
        raise DataError(f"{label}.txt: {len(examples)} utterances, at least {minimum} are needed")
    if silent := [language for language in _LANGUAGES if not any(e.language == language for e in examples)]:
        raise DataError(f"{label}.txt: no utterance in {', '.join(silent)}")
