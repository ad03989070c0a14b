"""Which words of a growing transcript are settled: LocalAgreement-2 (Macháček, Dabre, Bojar 2023, whisper_streaming).

Pure. Two successive readings of an utterance agree on a beginning; what they agree on rarely changes afterwards.
"""

from __future__ import annotations

import re

_UNITS = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+(?:['’][^\W\u3400-\u9fff]+)*")
"""Chinese characters, and words of other scripts; punctuation and case do not count."""


def agreed_beginning(before: str, now: str) -> str:
    """The beginning of ``now``, up to its last whole unit, that ``before`` begins with as well."""
    end = 0
    for ours, theirs in zip(_UNITS.finditer(now), _UNITS.finditer(before), strict=False):
        if ours.group().casefold() != theirs.group().casefold():
            break
        end = ours.end()
    return now[:end]
