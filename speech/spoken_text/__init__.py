"""Text normalisation before synthesis (TN): written replies in, words that a voice can say out. Pure, no I/O.

``spoken_sentences`` is what ``speak`` uses: it keeps each sentence's written form (for captions and history) beside
its spoken form (for the voice).
"""

from __future__ import annotations

from dataclasses import dataclass

from speech.spoken_text.clean import cleaned
from speech.spoken_text.english import spoken_english
from speech.spoken_text.mandarin import spoken_mandarin
from speech.spoken_text.sentences import sentences
from speech.types import Language

__all__ = ["SpokenSentence", "preload", "sentences", "spoken", "spoken_sentences"]


_SAMPLES: dict[Language, str] = {"zh": "3:2，¥12.5", "en": "$12.50 on 11/22/2026"}


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """One sentence, twice. Invariant: ``spoken`` holds something to say."""

    display: str
    """As written; joined, the sentences of a text give back all of it that is not white space at a joint."""
    spoken: str
    """As said: no digits, markup, emoji or URLs."""


def spoken(text: str, language: Language) -> str:
    """What a voice should say for ``text``; empty when there is nothing to say (emoji, a bare URL)."""
    plain = cleaned(text)
    said = spoken_mandarin(plain) if language == "zh" else spoken_english(plain)
    return said if any(character.isalnum() for character in said) else ""


def preload() -> None:
    """Load grammars and number words now, so that the first sentence does not wait for them (about 0.4 s)."""
    for language, text in _SAMPLES.items():
        spoken(text, language)


def spoken_sentences(text: str, language: Language) -> list[SpokenSentence]:
    """The sentences of ``text`` with their spoken forms.

    A piece that cannot be said (an emoji after a full stop) is shown with the sentence before it, or with the next
    one when it opens the text.
    """
    found: list[SpokenSentence] = []
    silent = ""
    for display in sentences(text, language):
        said = spoken(display, language)
        if said:
            found.append(SpokenSentence(silent + display, said))
            silent = ""
        elif found:
            found[-1] = SpokenSentence(found[-1].display + display, found[-1].spoken)
        else:
            silent += display
    return found
