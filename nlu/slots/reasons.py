"""Why goods come back: one code for many wordings (reasons.yaml).

quality, damaged, wrong_item, missing, not_as_described, too_big, too_small, late, cheaper_elsewhere, no_longer_wanted.
A denial (没坏, 不是质量问题, "not damaged") and a question (会掉色吗) give none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from nlu.slots.types import Candidate, SlotContext, candidate

_TABLE: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("reasons.yaml").read_text("utf-8"))
REASONS: tuple[str, ...] = tuple(_TABLE)
"""The values of ``return_reason``."""
_PATTERNS = [
    (reason, language, re.compile(pattern if language == "zh" else rf"(?<![a-z])(?:{pattern})(?![a-z])"))
    for reason, languages in _TABLE.items()
    for language, pattern in languages.items()
]
_DENIED = re.compile(
    r"(?:没有?|不是|不会|并非|并没有?|如果|要是|万一|怕|担心|会不会|是不是|not|isn't|wasn't|if|never|no|would|"
    r"will it|does it)[ 是它]*(?:be )?$"
)
_ASKED = re.compile(r"^\w?(?:吗|么|怎么办|咋办|\?)|^ ?\?")
_UNSURE = frozenset({"too_big", "too_small", "late"})
"""Also said of what is only asked about (会太大吗); their confidence is lower."""


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every reason given."""
    expected = context.expectation.slot == "return_reason"
    given: set[str] = set()
    for rank, (reason, _, pattern) in enumerate(_PATTERNS):
        for match in pattern.finditer(context.text):
            if reason in given:
                continue
            if match.end() == match.start() or _DENIED.search(context.before(match.start(), 12)):
                continue
            question = _ASKED.match(context.text[match.end() :]) is not None and "怎么办" not in context.text
            if question and not expected:
                continue
            given.add(reason)
            confidence = 0.54 - 0.001 * rank - (0.02 if reason in _UNSURE else 0.0) + (0.3 if expected else 0.0)
            yield candidate(
                context.source, match.span(), "return_reason", reason, confidence, f"return reason: words for {reason}"
            )
