"""Digits that must not be kept: a PIN, a security code, all of a card's number but its end. Text in, text out. Pure.

A domain lists them in ``secrets.yaml``: ``patterns``, regular expressions (case aside) whose group ``secret`` is
hidden: its digits and number words become ``*``, the length stays. Hidden before anything is understood, stored or
logged, so that nothing behind ever had them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

_DIGIT = re.compile(r"[0-9０-９〇零一二三四五六七八九幺两]")


class Secrets:
    """What one domain hides. Immutable."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Raises ``re.error``, and ``ValueError`` for a pattern without the group ``secret``."""
        self._patterns = tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
        for pattern in self._patterns:
            if "secret" not in pattern.groupindex:
                raise ValueError(f"{pattern.pattern}: a secret's pattern has a group (?P<secret>...)")

    def hide(self, text: str) -> str:
        """``text`` without its secrets; as long as before."""
        for pattern in self._patterns:
            text = pattern.sub(_hidden, text)
        return text


NO_SECRETS = Secrets()


def load_secrets(folder: Path) -> Secrets:
    """The secrets of a domain's folder; none where it has no ``secrets.yaml``."""
    path = folder / "secrets.yaml"
    return Secrets(yaml.safe_load(path.read_text("utf-8"))["patterns"]) if path.is_file() else NO_SECRETS


def _hidden(match: re.Match[str]) -> str:
    start, end = (at - match.start() for at in match.span("secret"))
    whole = match.group()
    return whole[:start] + _DIGIT.sub("*", whole[start:end]) + whole[end:]
