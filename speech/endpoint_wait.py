"""How long a silence must last before it ends an utterance, given everything known about it. Pure.

=====================================  =======================================================================
evidence                               wait (silence, milliseconds)
=====================================  =======================================================================
a number asked for or volunteered      2200 until it is complete by count; then 350 (asked; with too many digits or
                                       a wrong check digit 1200) or as the words say
over the bot's voice, short            300
yes or no, where that is the question  350
complete words                         400
nothing, or words that say nothing     600; up to 1200 while the words are being decoded
parts of an address                    1400, after complete words 600
unfinished words, or tone              1200
=====================================  =======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from speech.completeness import Completeness, TextEvidence
from speech.types import EndpointHint


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """Thresholds (probabilities) and waits (milliseconds of silence)."""

    on: float = 0.5
    """Silence becomes speech at this probability."""
    off: float = 0.35
    """Speech stays speech down to this probability."""
    min_speech_ms: float = 96
    """Speech that confirms a start; anything shorter is a click."""
    swell: float = 0.2
    """Windows of this probability just before the first that is speech belong to its start."""
    swell_ms: float = 96
    """Most that they put the start back."""
    start_gap_ms: float = 64
    """Silence that voids a start not yet confirmed."""
    resume_ms: float = 64
    """Speech that ends a pause; anything shorter is a click in the silence."""
    pause_ms: float = 140
    """Silence that is a plausible end: decoding may start."""
    complete_ms: float = 400
    """After a whole question, request or courtesy."""
    answer_ms: float = 350
    """After yes or no where that is the question, and after the last digit expected."""
    open_ms: float = 600
    """After words that say nothing about the end, and where no words are known."""
    unfinished_ms: float = 1200
    """After words or a tone that call for more; also the longest wait for words that are being decoded."""
    address_ms: float = 1400
    """Between the parts of an address."""
    digits_ms: float = 2200
    """Between the groups of a number."""
    overlap_ms: float = 300
    """After a short utterance over the bot's voice."""
    overlap_speech_ms: float = 700
    """What is short."""
    murky: float = 0.15
    """A window of this probability is not yet silence: it does not count towards a short wait."""
    crisp_ms: float = 64
    """Murky windows of an ordinary fall, which are forgiven."""
    murky_ms: float = 160
    """Most that further ones add to a wait."""
    own_number_digits: tuple[int, int] = (3, 8)
    """Nobody asked, but the words end in at least so many digits and in fewer than so many: a number is being read."""
    phone_digits: int = 11
    """Of a phone number that is volunteered."""
    turn_goes_on: float = 0.3
    """An end-of-turn model's probability below this makes the words unfinished."""
    max_utterance_ms: float = 30_000
    """An utterance is cut here even in mid-speech."""

    @property
    def longest_wait_ms(self) -> float:
        """No silence longer than this leaves an utterance open."""
        short = max(self.complete_ms, self.answer_ms, self.open_ms, self.overlap_ms) + self.murky_ms
        return max(short, self.unfinished_ms, self.address_ms, self.digits_ms)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known in a pause besides the silence."""

    hint: EndpointHint
    words: TextEvidence | None
    """Of everything said so far; None: not known yet."""
    words_are_coming: bool = False
    """A decode of everything said so far runs."""
    reading_number: bool = False
    """Earlier words of the utterance ended in a number not yet complete."""
    turn_probability: float | None = None
    """The end-of-turn model's, where one listens."""
    utterance_ms: float = 0.0
    """From the start to the last speech."""


def wait_ms(config: EndpointConfig, evidence: Evidence) -> float:
    """Silence that ends an utterance, given ``evidence`` (murky windows not counted)."""
    words, hint = evidence.words, evidence.hint
    if evidence.reading_number if words is None else is_number_open(config, hint, words):
        return config.digits_ms
    may_be_digits = hint.kind == "digits" and words is None
    if hint.overlap and evidence.utterance_ms < config.overlap_speech_ms and not may_be_digits:
        return config.overlap_ms
    if words is None:
        return _wait_without_words(config, hint, words_are_coming=evidence.words_are_coming)
    return _wait_for_words(config, hint, words, evidence.turn_probability)


def is_number_open(config: EndpointConfig, hint: EndpointHint, words: TextEvidence) -> bool:
    """Whether more digits must follow: those asked for, or those of a number that the customer volunteers."""
    digits = words.digits
    least, enough = config.own_number_digits
    if hint.kind != "digits":
        whole = config.phone_digits if words.names_phone else enough
        return least <= max(digits.trailing, words.named_digits) < whole
    if digits.count or digits.corrected:
        return digits.count < (hint.digits or enough)
    return words.leads_to_number and not hint.overlap


def _wait_without_words(config: EndpointConfig, hint: EndpointHint, *, words_are_coming: bool) -> float:
    if hint.kind == "digits" and not hint.overlap:
        return config.digits_ms
    least = config.unfinished_ms if words_are_coming else config.open_ms
    return max(least, config.address_ms) if hint.kind == "address" else least


def _wait_for_words(
    config: EndpointConfig, hint: EndpointHint, words: TextEvidence, turn_probability: float | None
) -> float:
    if hint.kind == "digits" and words.digits.count:
        # digits that a recogniser repeats show as too many, or as a wrong check digit: the number may not be complete
        fails = hint.check_after is not None and not words.digits.passes_luhn(hint.check_after)
        return config.unfinished_ms if fails or words.digits.count != hint.digits else config.answer_ms
    if hint.kind == "yes_no" and words.is_answer:
        return config.answer_ms
    if words.completeness is Completeness.UNFINISHED:
        return max(config.unfinished_ms, config.address_ms if hint.kind == "address" else 0.0)
    if hint.kind == "address":
        return config.open_ms if words.completeness is Completeness.COMPLETE else config.address_ms
    if turn_probability is not None and turn_probability < config.turn_goes_on:
        return config.unfinished_ms
    return config.complete_ms if words.completeness is Completeness.COMPLETE else config.open_ms
