"""Words that the recogniser should expect: those of the domain, and the names of what this caller has bought.

In: the ``expect`` of a domain's ``terms.yaml`` and names of products. Out: words by language, those that count most at
the end (a recogniser attends most to the words just before the speech). They are for finals behind a VAD only: in
silence a recogniser may write down what it was told to expect (see ``speech.asr.guards``). Pure, but for the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import yaml

from nlu import phonetics
from nlu.domains import DEFAULT, load_domain
from nlu.types import Language

MOST = 4
"""Names of a caller's own; more of them, or the catalogue's, cost other words more than they gain."""
_LONGEST = 12
_YES_NO: Mapping[Language, tuple[str, ...]] = MappingProxyType({
    "zh": ("转人工", "停", "取消", "没有了", "算了", "不对", "不是", "不要", "不用了", "确定", "没错",
           "嗯嗯", "行", "对", "是的", "可以", "好的", "确认"),
    "en": ("stop", "no thanks", "no", "that's right", "okay", "yes"),
})  # fmt: skip
_CHOICE: Mapping[Language, tuple[str, ...]] = MappingProxyType({
    "zh": ("转人工", "算了", "都不是", "最后一个", "第三个", "第二个", "第一个"),
    "en": ("none of them", "the third one", "the second one", "the first one"),
})  # fmt: skip
_DECORATION = re.compile(
    r"[(（【\[].*?[)）】\]]|\d+(?:\.\d+)?\s*(?:ml|l|g|kg|w|毫升|升|克|斤|装|片|双|条|件|只|包|盒|袋)|[,，、/|].*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class DomainWords:
    """What customers of a domain say most, by language."""

    usual: Mapping[Language, tuple[str, ...]]
    yes_no: Mapping[Language, tuple[str, ...]]
    """Where a yes or no is waited for."""
    choice: Mapping[Language, tuple[str, ...]]
    """Where one of several is."""


@lru_cache(maxsize=8)
def domain_words(domain: str = DEFAULT) -> DomainWords:
    """Those of ``domain``; empty where its ``terms.yaml`` names none."""
    file = load_domain(domain).folder / "terms.yaml"
    document = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
    return DomainWords(_by_language(document.get("expect")), _YES_NO, _CHOICE)


def _by_language(expected: Mapping[str, Iterable[object]] | None) -> Mapping[Language, tuple[str, ...]]:
    languages: tuple[Language, ...] = ("zh", "en")
    return MappingProxyType({one: tuple(map(str, (expected or {}).get(one, ()))) for one in languages})


def with_own(words: Mapping[Language, Sequence[str]], names: Iterable[str]) -> Mapping[Language, Sequence[str]]:
    """``words`` and then the caller's own products, which count most: Chinese names for Chinese speech, the others for
    English. Not for where a number is asked for."""
    own = hotwords(names)
    chinese = tuple(name for name in own if not name.isascii())
    english = tuple(name for name in own if name.isascii())
    more: Mapping[Language, tuple[str, ...]] = {"zh": chinese, "en": english}
    return {language: (*expected, *more[language]) for language, expected in words.items()}


def hotwords(names: Iterable[str], *, most: int = MOST) -> tuple[str, ...]:
    """At most ``most`` ``names`` of products, cut to what is said of them; of those that sound alike the first."""
    chosen: list[str] = []
    sounds: set[tuple[str, ...]] = set()
    for name in names:
        if len(chosen) >= most:
            break
        word = _DECORATION.sub("", name).strip()
        word = word[:_LONGEST].strip() if not word.isascii() else word
        heard = tuple(map(phonetics.fold, phonetics.syllables(word))) or tuple(word.casefold().split())
        if len(word) < 2 or not heard or heard in sounds:
            continue
        chosen.append(word)
        sounds.add(heard)
    return tuple(chosen)
