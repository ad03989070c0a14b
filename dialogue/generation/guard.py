"""Whether a generated sentence may be said. Facts in, once; then each sentence in, the reason against it or None out.

    language, length, markup   the customer's language, a sane length, no broken role
    blocked words              secrets, other channels, insults, advice, "I am human"
    claims                     every number, amount, date, time, identifier and link is in the facts, however spelt
    commitments                every topic is in the facts with the same sign; done and promised things too
    names                      brands, carriers, Latin and quoted names, products of the catalogue are in the facts
    pairs                      where the facts tell of several things, a value stands beside the thing it belongs to
    negation, grounding        a clause denies what its nearest fact denies; most of its words come from the facts

Pure. It errs towards silence: what is blocked is said by the template instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import get_args

from dialogue.generation.claims import Claim, ClaimKind, claims
from dialogue.generation.numerals import with_digits
from dialogue.generation.topics import Commitment, blocked, clauses, commitments, lexicon, negations
from dialogue.knowledge.lexical import grams
from nlu.types import Language

MAX_CHARS = 320
"""Longest sentence."""
GROUNDED = 0.6
"""Least share of a sentence's telling words that the facts hold."""
_ALIKE = 0.6
"""Share of a clause's words in a fact from which the two are about one thing."""
_MARKUP = re.compile(
    r"<\|?/?\w+\|?>|^\s*(user|assistant|system|customer|human|ai|bot|kefu|客服|客户|用户)\s*[:：]|```|\*\*|^#|[{}\[\]]|\\n"
    r"|^\s*[-*•]\s|\|\s*\w+\s*\|",
    re.IGNORECASE | re.MULTILINE,
)
_GRAVEST = get_args(ClaimKind)
_HAN = re.compile(r"[一-鿿]")
_OTHER_SCRIPT = re.compile("[぀-ヿ가-힯Ѐ-ӿ؀-ۿ฀-๿]")
_LATIN = re.compile(r"[A-Za-z]")
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9'&+-]+")
_CAPITALISED = re.compile(r"(?<![.!?:]\s)(?<!^)(?<![\"“])\b[A-Z][A-Za-z0-9'-]+")
_QUOTED = re.compile(r"[“「『《\"]([^”」』》\"]{2,40})[”」』》\"]")
_COMMON = frozenset(
    re.findall(
        r"\S+",
        "OK APP App Wi Fi WiFi Wi-Fi USB VIP PDF SMS Kefu I I'm I'll I've I'd FAQ Chinese English RMB"
        " Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August"
        " September October November December",
    )
)
"""Names that anybody may say; the days and months are claims already."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is true in this turn, in words."""

    text: str
    source: str
    """E.g. ``shop:order``, ``faq:returns-window``."""
    trusted: bool = True
    """False for words of strangers (reviews): they hold up no number, promise, name or link of ours."""
    cited: str = ""
    """Where it comes from, for the customer to read; empty: it is not cited."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be said in one turn."""

    facts: tuple[Fact, ...]
    language: Language
    now: datetime
    catalogue: Collection[str] = ()
    """Names of products; one that the facts do not hold is not said."""
    grounds: bool = True
    """False for small talk, which has no facts to take its words from."""
    _known: frozenset[Claim] = field(init=False)
    _committed: frozenset[Commitment] = field(init=False)
    _clauses: tuple[tuple[frozenset[str], int], ...] = field(init=False)
    _words: frozenset[str] = field(init=False)
    _acts: tuple[frozenset[str], ...] = field(init=False)
    """The telling words of each clause in which we do something."""
    _text: str = field(init=False)
    _things: tuple[str, ...] = field(init=False)
    """Identifiers and products of the catalogue that the facts tell of, case folded."""

    def __post_init__(self) -> None:
        trusted = tuple(fact.text for fact in self.facts if fact.trusted)
        text = "\n".join(trusted)
        everything = "\n".join(fact.text for fact in self.facts)
        set_ = object.__setattr__
        set_(self, "_known", _generous(claims(text, self.now), self.now))
        set_(self, "_committed", _both_languages(text))
        set_(
            self,
            "_clauses",
            tuple((grams(clause), negations(clause, self.language) % 2) for clause in clauses(everything)),
        )
        ours = lexicon().first_person[self.language]
        acts = (telling_words(clause, self.language) for clause in clauses(text) if ours.search(clause))
        set_(self, "_acts", tuple(acts))
        set_(self, "_words", grams(everything) | _characters(everything))
        set_(self, "_text", text.casefold())
        set_(self, "_things", self._told_of())

    def reason_against(self, sentence: str) -> str | None:
        """Why ``sentence`` may not be said, as a label for metrics; None when it may."""
        if not sentence.strip() or len(sentence) > MAX_CHARS:
            return "length"
        if _MARKUP.search(sentence):
            return "role"
        if not in_language(sentence, self.language):
            return "language"
        if (word := blocked(sentence)) is not None:
            return "role" if word == "role" else "unsafe"
        unknown = claims(sentence, self.now) - self._known
        if unknown:
            return min((claim.kind for claim in unknown), key=_GRAVEST.index)
        if self._uncovered(commitments(sentence, self.language)):
            return "commitment"
        if self._acts_unasked(sentence):
            return "commitment"
        if self._has_strange_name(sentence):
            return "name"
        if self._mixes_up(sentence):
            return "pair"
        if self._turns_round(sentence):
            return "negation"
        return None if self._is_grounded(sentence) else "ungrounded"

    def _uncovered(self, made: frozenset[Commitment]) -> bool:
        return any(not self._covers(one) for one in made)

    def _covers(self, made: Commitment) -> bool:
        alike = [known for known in self._committed if (known.topic, known.denied) == (made.topic, made.denied)]
        # What is done may also be told as a thing that is possible, never the other way round.
        return any(made.mode in ("plain", known.mode) for known in alike)

    def _acts_unasked(self, sentence: str) -> bool:
        """Whether it says that we did or will do what the facts do not say of us."""
        if not self.grounds:
            return False
        ours = lexicon().first_person[self.language]
        for clause in clauses(sentence):
            telling = telling_words(clause, self.language) if ours.search(clause) else frozenset()
            if telling and not any(len(telling & words) * 2 > len(telling) for words in self._acts):
                return True
        return False

    def _has_strange_name(self, sentence: str) -> bool:
        folded = sentence.casefold()
        named = [match.group() for match in lexicon().names.finditer(sentence)]
        named += [match.group(1) for match in _QUOTED.finditer(sentence)]
        pattern = _LATIN_NAME if self.language == "zh" else _CAPITALISED
        named += [word for word in pattern.findall(sentence) if word not in _COMMON]
        named += [name for name in self.catalogue if len(name) > 1 and name.casefold() in folded]
        return any(name.casefold() not in self._text for name in named)

    def _mixes_up(self, sentence: str) -> bool:
        """Whether a value stands beside another thing than in the facts, where these tell of several things."""
        if len(self._things) < 2:
            return False
        things = [name for name in self._things if name in sentence.casefold()]
        if not things:
            return False
        pieces = [piece for piece in re.split(r"[，,；;]|\band\b|而", sentence) if piece.strip()]
        held = things[0]
        for piece in pieces:
            here = [name for name in things if name in piece.casefold()]
            held = here[0] if here else held
            values = {
                claim for claim in claims(piece, self.now) if claim.kind in ("money", "date", "number", "percent")
            }
            if len(here) < 2 and not values <= self._beside(held) | claims(held, self.now):
                return True
        return False

    def _told_of(self) -> tuple[str, ...]:
        numbers = tuple(claim.value.casefold() for claim in self._known if claim.kind == "identifier")
        names = (name.casefold() for name in self.catalogue if len(name) > 1)
        return (*numbers, *(name for name in names if name in self._text))

    def _beside(self, thing: str) -> frozenset[Claim]:
        """The claims of the facts that speak of ``thing``: its sentences, and those after it that name nothing."""
        found: set[Claim] = set()
        for fact in self.facts:
            speaks = False
            for part in re.split(r"(?<=[。！？；;\n])|(?<=\.)\s|[，,](?=[^，,]*)", fact.text):
                named = [name for name in self._things if name in part.casefold()]
                speaks = thing in named if named else speaks
                if speaks:
                    found |= claims(part, self.now)
        return _generous(frozenset(found), self.now)

    def _turns_round(self, sentence: str) -> bool:
        """Whether a clause denies what the facts nearest to it affirm, or the reverse."""
        for clause in clauses(sentence):
            words = grams(clause)
            if len(words) < 3:
                continue
            near = [(len(words & fact) / len(words), sign) for fact, sign in self._clauses]
            best = max((share for share, _ in near), default=0.0)
            sign = negations(clause, self.language) % 2
            if best >= _ALIKE and sign not in {known for share, known in near if share >= best - 0.1}:
                return True
        return False

    def _is_grounded(self, sentence: str) -> bool:
        if not self.grounds:
            return True
        for name in self._things:
            # A name that stands in the facts must not carry what is said of it.
            sentence = re.sub(re.escape(name), " ", sentence, flags=re.IGNORECASE)
        telling = telling_words(sentence, self.language)
        return not telling or len(telling & self._words) / len(telling) >= GROUNDED


def in_language(text: str, language: Language) -> bool:
    """Whether ``text`` is in ``language``: English without a Han character, Chinese with more Han than Latin."""
    if _OTHER_SCRIPT.search(text):
        return False
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    return han == 0 and latin > 0 if language == "en" else han > 0 and 2 * han > latin


def telling_words(text: str, language: Language) -> frozenset[str]:
    """The words of ``text`` that say something: no politeness, no grammar; in Chinese single characters."""
    if language == "zh":
        return frozenset(_HAN.findall(with_digits(text))) - lexicon().plain_zh
    words = re.findall(r"[a-z']+", with_digits(text).lower())  # a number in words is a claim already
    kept = " ".join(word for word in words if word not in lexicon().plain_en)
    return grams(kept)


def _characters(text: str) -> frozenset[str]:
    return frozenset(_HAN.findall(text))


def _both_languages(text: str) -> frozenset[Commitment]:
    """A fact may be in another language than the answer: its topics count all the same."""
    return commitments(text, "zh") | commitments(text, "en")


def _generous(known: frozenset[Claim], now: datetime) -> frozenset[Claim]:
    """What follows from the facts: the weekday of a date, the date of a weekday of these days, 24 hours of one day."""
    found = set(known)
    today = now.date()
    for claim in known:
        if claim.kind == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", claim.value):
            found.add(Claim("weekday", str(date.fromisoformat(claim.value).weekday())))
        if claim.kind == "weekday" and claim.value.isdigit():
            ahead = (int(claim.value) - today.weekday()) % 7 or 7
            found.add(Claim("date", (today + timedelta(days=ahead)).isoformat()))
        if claim.kind == "part" and " " in claim.value:
            day, part = claim.value.split(" ")
            found.add(Claim("part", part))
            if "-" in day:
                found.add(Claim("part", f"{date.fromisoformat(day).weekday()} {part}"))
            elif day.isdigit():
                ahead = (int(day) - today.weekday()) % 7 or 7
                found.add(Claim("part", f"{(today + timedelta(days=ahead)).isoformat()} {part}"))
        if claim.kind == "bound" and claim.value.endswith(" within"):
            found.add(Claim("bound", claim.value.removesuffix("within") + "before"))
    return frozenset(found)


def kept_claims(
    sentence: str, language: Language, now: datetime
) -> tuple[frozenset[Claim], frozenset[tuple[str, bool]]]:
    """What a rewriting of ``sentence`` must still say: its claims, and its topics with their signs."""
    touched = frozenset((one.topic, one.denied) for one in commitments(sentence, language))
    return claims(sentence, now), touched


def grounded_facts(facts: Sequence[Fact]) -> tuple[str, ...]:
    """The words of the facts, each once, in their order."""
    return tuple(dict.fromkeys(fact.text for fact in facts))
