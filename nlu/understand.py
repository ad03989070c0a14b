"""What one customer message means: text and ``Expectation`` in, ``Parse`` out.

    text > normalise, repair > language > [ intent | sentiment ] > slots > expectation > signals, evidence > Parse

The classifier is asked for intent and sentiment at once; where its back end is away the keyword classifier answers and
the ``Parse`` says so. Then the pending question decides: a short yes is ``affirm`` and the number asked for is
``INFORM``, whatever the classifier thinks of them. Never raises on any text.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from nlu import slots as slot_readers
from nlu.answers import choice_of, fills, says_little_else, yes_no
from nlu.classifiers.keyword import KeywordClassifier
from nlu.domains import OUT_OF_SCOPE, ROLES, load_domain
from nlu.errors import ClassifierUnavailable
from nlu.escalation import load as load_signals
from nlu.escalation import read_signals
from nlu.evidence import gather, without_evidence
from nlu.hearing import best_reading, misheard_yes_no
from nlu.normalize import Normalized, detect_language, normalize
from nlu.repair import NO_TERMS, Terms, load_terms
from nlu.requests import Clause, Found, answer_before, clauses, requests
from nlu.secrets import NO_SECRETS, Secrets
from nlu.slots import ProductLexicon, SlotConfig, SlotReading, read_slots
from nlu.slots.links import in_words
from nlu.sounds_like import SoundsLike, load_sounds_like
from nlu.types import INFORM, INTENTS, Classifier, Expectation, Language, Parse, Request, ScoredLabel, Sentiment

__all__ = ["Understanding", "choice_of"]

OUT_OF_SCOPE_THRESHOLD = 0.35
"""Below this probability of the best intent the message counts as not understood."""
_CONFIDENT_REQUEST = 0.6
"""From here on an intent of its own outweighs a slot that happens to answer the pending question."""
_INFORM_CONFIDENCE = 0.95
_BY_EAR_CONFIDENCE = 0.4
"""Share of messages taken by their sound alone that were meant so (measured over a telephone line at 15 dB)."""
_MAX_READINGS = 4
_NOT_A_REQUEST = frozenset(ROLES)
_MAX_WHY = 8
_GREETING = re.compile(
    r"^(?:(?:你好|您好|哈喽|嗨|喂|早上好|上午好|中午好|下午好|晚上好|在吗|在么|在不在|有人吗|亲|客服|hello|hi|hey|"
    r"good (?:morning|afternoon|evening))"
    r"(?![a-z])(?:there(?![a-z])|[啊呀哈吗么呢,.!?、。~ ])*)+"
)
_HAS_WORD = re.compile("[a-z0-9一-鿿]")
_FREE = Expectation()


@dataclass(frozen=True, slots=True)
class _Judgement:
    """An intent with the labels and reasons behind it."""

    intent: str
    confidence: float
    labels: tuple[ScoredLabel, ...]
    why: tuple[str, ...]


class Understanding:
    """Built once, shared by all sessions; remembers no message. ``understand`` is safe to cancel."""

    def __init__(
        self,
        classifier: Classifier | None = None,
        *,
        fallback: KeywordClassifier | None = None,
        slots: SlotConfig | None = None,
        terms: Terms | None = None,
        by_ear: SoundsLike | None = None,
        secrets: Secrets = NO_SECRETS,
        threshold: float = OUT_OF_SCOPE_THRESHOLD,
        clock: Callable[[], date] = date.today,
    ) -> None:
        """``classifier`` None uses ``fallback`` (the keyword classifier) as the configured one; ``terms`` None the
        words of the default domain for ``repair``, ``by_ear`` None its utterances by their
        sound; ``secrets`` are hidden before anything else; ``clock`` gives the shop's day for relative dates."""
        self._fallback = fallback or KeywordClassifier()
        self._classifier: Classifier = classifier or self._fallback
        self._slots = slots or SlotConfig()
        self._terms = terms or load_terms(load_domain().folder) or NO_TERMS
        self._by_ear = by_ear
        self._secrets = secrets
        self._threshold = threshold
        self._clock = clock

    def hide(self, text: str) -> str:
        """``text`` without what must not be kept; ``Parse.text`` is never with it."""
        return self._secrets.hide(text)

    def know(self, catalogue: ProductLexicon | None) -> None:
        """From the next message on, products are these."""
        self._slots = replace(self._slots, catalogue=catalogue)

    def load(self) -> None:
        """Load dictionaries now (about a second, blocking) instead of at the first message."""
        self._terms.repair(normalize("載入"))
        self._by_ear = self._by_ear or load_sounds_like()
        slot_readers.load()
        load_signals()

    async def understand(
        self,
        text: str,
        expectation: Expectation = _FREE,
        *,
        language: Language | None = None,
        today: date | None = None,
        alternatives: Sequence[str] = (),
    ) -> Parse:
        """The meaning of ``text``, given what the dialogue waits for.

        ``alternatives``: other readings of the same utterance, best first; one with a better number takes the place of
        ``text`` (see ``nlu.hearing``). ``language`` None is detected. A message without any word or digit (empty,
        blanks, emoji) is ``out_of_scope`` with confidence 1, and no classifier is asked.
        """
        text, alternatives = self.hide(text), tuple(map(self.hide, alternatives))
        spoken, day = language or detect_language(text), today or self._clock()
        heard = best_reading((text, *alternatives), expectation, spoken, day, self._slots)
        text = (text, *alternatives)[heard]
        normalized = self._terms.repair(normalize(text, spoken))
        if not _HAS_WORD.search(normalized.folded):
            return self._wordless(text, normalized, spoken)
        readings = read_slots(normalized, expectation, spoken, day, self._slots)
        request = _without_greeting(normalized.text)
        parts = clauses(request)
        async with asyncio.TaskGroup() as group:
            intents = group.create_task(self._classify(request, spoken))
            several = group.create_task(self._classify_all(request, parts, spoken))
            mood = group.create_task(self._mood(normalized.text, spoken))
        (labels, classifier, intent_degraded), (sentiment, mood_degraded) = intents.result(), mood.result()
        judged = self._judge(labels, classifier, request, normalized.text)
        if alternatives and judged.intent == "out_of_scope":
            judged = await self._other_readings(judged, (normalized.text, *alternatives), spoken)
        answered = _answered(judged, expectation, normalized, readings, alternatives)
        found = requests(parts, several.result(), labels) if parts else ()
        judged, asked = _several(answered, found, overruled=answered is not judged)
        signals = read_signals(normalized.text, text)
        return Parse(
            text=text,
            normalized=normalized.text,
            language=spoken,
            intent=judged.intent,
            confidence=round(judged.confidence, 4),
            slots=tuple(reading.slot for reading in readings),
            sentiment=sentiment,
            alternatives=without_evidence(judged.labels),
            classifier=classifier,
            degraded=intent_degraded or mood_degraded,
            why=(
                *_heard_why(heard),
                *judged.why,
                *self._evidence(classifier, request),
                *(reading.rule for reading in readings),
            )[:_MAX_WHY],
            signals=signals,
            evidence=gather(labels, self._fallback.matches(request, judged.intent), readings, signals),
            requests=_spans(asked, normalized, len(normalized.text) - len(request)),
        )

    def _wordless(self, text: str, normalized: Normalized, language: Language) -> Parse:
        return Parse(
            text, normalized.text, language, OUT_OF_SCOPE, 1.0, (), Sentiment("neutral", 1.0),
            (ScoredLabel(OUT_OF_SCOPE, 1.0),), self._classifier.name, False, ("no word or digit in the message",),
            read_signals(normalized.text, text),
        )  # fmt: skip

    async def _classify(self, text: str, language: Language) -> tuple[tuple[ScoredLabel, ...], str, bool]:
        """Labels, who gave them, and whether that was the fallback."""
        try:
            labels = await self._classifier.classify(in_words(text), language)
            return labels, self._classifier.name, False
        except ClassifierUnavailable:
            return await self._fallback.classify(text, language), self._fallback.name, True

    async def _classify_all(
        self, text: str, parts: Sequence[Clause], language: Language
    ) -> tuple[tuple[ScoredLabel, ...], ...]:
        texts = [in_words(text[part.start : part.end]) for part in parts]
        if not texts:
            return ()
        try:
            return await self._classifier.classify_all(texts, language)
        except ClassifierUnavailable:
            return await self._fallback.classify_all(texts, language)

    async def _mood(self, text: str, language: Language) -> tuple[Sentiment, bool]:
        try:
            return await self._classifier.sentiment(text, language), False
        except ClassifierUnavailable:
            return await self._fallback.sentiment(text, language), True

    def _judge(self, labels: tuple[ScoredLabel, ...], classifier: str, request: str, text: str) -> _Judgement:
        """The classifier's best label, or out_of_scope when it is not sure of any."""
        best = labels[0]
        top = ", ".join(f"{item.label} {item.score:.2f}" for item in labels[:3])
        why = [f"{classifier}: {top}"]
        intent, confidence = best.label, best.score
        if best.score < self._threshold and best.label != OUT_OF_SCOPE:
            intent, confidence = OUT_OF_SCOPE, 1 - best.score
            why.append(f"best label below {self._threshold:.2f}")
        if request != text:
            why.append("greeting set aside")
            if intent == OUT_OF_SCOPE and len(request) <= 3:
                intent, confidence = "greet", 0.7
        return _Judgement(intent, confidence, labels, tuple(why))

    async def _other_readings(self, judged: _Judgement, readings: Sequence[str], language: Language) -> _Judgement:
        """``judged`` by the recogniser's other readings, and by their sound, where the first was not understood."""
        texts = [self._terms.repair(normalize(text, language)).text for text in readings[1 : 1 + _MAX_READINGS]]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._classify(_without_greeting(text), language)) for text in texts]
        found = [task.result()[0][0] for task in tasks]
        best = max(found, key=lambda label: (label.label != "out_of_scope", label.score), default=None)
        if best is not None and best.label != "out_of_scope" and best.score >= _CONFIDENT_REQUEST:
            return _with(judged, best.label, _BY_EAR_CONFIDENCE, f"another reading: {best.label} {best.score:.2f}")
        return await asyncio.to_thread(self._heard_like, judged, readings) if language == "zh" else judged

    def _heard_like(self, judged: _Judgement, readings: Sequence[str]) -> _Judgement:
        """``judged`` by what was heard, where nothing was understood; only the spoken has several readings."""
        like = (self._by_ear or load_sounds_like()).best(readings)
        if like is None or like.intent == judged.intent or like.intent not in INTENTS:
            return judged
        return _with(judged, like.intent, _BY_EAR_CONFIDENCE, f"sounds like {like.intent} ({like.score:.2f})")

    def _evidence(self, classifier: str, request: str) -> tuple[str, ...]:
        if classifier != self._fallback.name:
            return ()
        matches = sorted(self._fallback.matches(request), key=lambda match: -match.weight)[:3]
        return tuple(f"keyword for {match.intent}: {match.words[:20]}" for match in matches)


def _heard_why(heard: int) -> tuple[str, ...]:
    return (f"reading {heard + 1} of the recogniser, for its number",) if heard else ()


def _without_greeting(text: str) -> str:
    """``text`` without a greeting in front of a request; all of it when there is nothing else."""
    match = _GREETING.match(text.casefold())
    rest = text[match.end() :] if match and len(text.casefold()) == len(text) else ""
    return rest if len(rest) >= 2 and _HAS_WORD.search(rest.casefold()) else text


def _answered(
    judged: _Judgement,
    expectation: Expectation,
    normalized: Normalized,
    readings: tuple[SlotReading, ...],
    alternatives: Sequence[str],
) -> _Judgement:
    """``judged`` in the light of the pending question."""
    if expectation.kind == "yes_no":
        return _answered_yes_no(judged, normalized, alternatives)
    if expectation.kind == "choice":
        chosen = choice_of(normalized.text, expectation.choices)
        if chosen is not None:
            return _with(judged, INFORM, _INFORM_CONFIDENCE, f"choice {chosen + 1} of {len(expectation.choices)}")
    elif normalized.folded.strip(" ,.!。") in map(str.casefold, expectation.choices):
        return _with(judged, INFORM, _INFORM_CONFIDENCE, "one of the answers suggested")
    slots = [reading.slot for reading in readings]
    filled = fills(expectation, slots)
    if filled is None:
        return judged
    if says_little_else(normalized, slots):
        return _with(judged, INFORM, _INFORM_CONFIDENCE, f"answers the question for {filled.name}")
    own_request = judged.intent not in _NOT_A_REQUEST and judged.confidence >= _CONFIDENT_REQUEST
    if own_request:
        return judged
    return _with(judged, INFORM, 0.8, f"answers the question for {filled.name}")


def _answered_yes_no(judged: _Judgement, normalized: Normalized, alternatives: Sequence[str]) -> _Judgement:
    """Yes or no decides; after 不 with more words a confident request of its own does (不，我要改地址)."""
    answer = yes_no(answer_before(normalized.folded)) or yes_no(normalized.folded)
    if answer is None:
        is_sure = judged.confidence >= _CONFIDENT_REQUEST and judged.intent != OUT_OF_SCOPE
        heard = misheard_yes_no((normalized.folded, *alternatives), is_sure=is_sure)
        return _with(judged, heard.intent, heard.confidence, "sounds like a yes or no") if heard else judged
    own_request = judged.intent not in _NOT_A_REQUEST and judged.confidence >= _CONFIDENT_REQUEST
    if answer.intent == "deny" and not answer.whole and own_request:
        return judged
    return _with(judged, answer.intent, answer.confidence, "answers the yes-or-no question")


def _several(judged: _Judgement, found: Sequence[Found], *, overruled: bool) -> tuple[_Judgement, Sequence[Found]]:
    """``judged`` and everything the message asks for. With several requests the judged one stays the main one where it
    is among them, else the first is; what answers our question stays the main one, and only what a word such as 顺便
    announces counts beside it."""
    if overruled:
        return judged, [request for request in found if request.marked]
    if len(found) > 1:
        if all(request.intent != judged.intent for request in found):
            judged = _with(judged, found[0].intent, found[0].confidence, "first of its requests")
        return replace(judged, why=(f"{len(found)} requests", *judged.why)), found
    own = judged.intent not in _NOT_A_REQUEST and judged.intent != INFORM
    return judged, [Found(judged.intent, judged.confidence, 0, -1)] if own else []


def _spans(found: Sequence[Found], normalized: Normalized, offset: int) -> tuple[Request, ...]:
    """``found`` in ``normalized`` from ``offset`` on (-1: to the end), as spans of the original."""
    length = len(normalized.text)
    ends = [length if request.end < 0 else offset + request.end for request in found]
    return tuple(
        Request(request.intent, round(request.confidence, 4), *normalized.span(offset + request.start, end))
        for request, end in zip(found, ends, strict=True)
    )


def _with(judged: _Judgement, intent: str, confidence: float, reason: str) -> _Judgement:
    """``judged`` overruled; what the classifier thought stays in the alternatives."""
    labels = (ScoredLabel(intent, confidence), *(item for item in judged.labels if item.label != intent))
    return replace(judged, intent=intent, confidence=confidence, labels=labels, why=(reason, *judged.why))
