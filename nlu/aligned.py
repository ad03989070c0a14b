"""Text that knows where each of its characters came from: rewritten any number of times, always traced to the original.

In: a string. Out: an ``AlignedText``; every rewrite gives a new one. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Rewrite = Callable[["re.Match[str]"], "str | None"]
"""What to put in place of a match; None leaves it as it is."""


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A rewritten text. Invariant: ``len(starts) == len(ends) == len(text)``, both never decrease."""

    text: str
    original: str
    starts: tuple[int, ...]
    """For each character of ``text``, where its source begins in ``original``."""
    ends: tuple[int, ...]
    """For each character of ``text``, just after its source in ``original``."""

    @property
    def folded(self) -> str:
        """``text`` for comparison: ASCII letters in lower case, every other character untouched (same length)."""
        return self.text.translate(_ASCII_LOWER)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open span of ``original`` that ``text[start:end]`` was read from; needs ``start < end``."""
        return self.starts[start], self.ends[end - 1]

    def substitute(self, pattern: re.Pattern[str], rewrite: Rewrite) -> AlignedText:
        """A new text with the matches of ``pattern`` rewritten; self when nothing changed."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for match in pattern.finditer(self.text):
            new = rewrite(match)
            if new is None or new == match.group():
                continue
            begin, stop = match.span()
            text += [self.text[position:begin], new]
            spans = self._sources(begin, stop, len(new))
            starts += [*self.starts[position:begin], *(start for start, _ in spans)]
            ends += [*self.ends[position:begin], *(end for _, end in spans)]
            position = stop
        if not text:
            return self
        text.append(self.text[position:])
        starts += self.starts[position:]
        ends += self.ends[position:]
        return AlignedText("".join(text), self.original, tuple(starts), tuple(ends))

    def _sources(self, begin: int, stop: int, count: int) -> list[tuple[int, int]]:
        """Sources of ``count`` new characters for ``text[begin:stop]``: one by one where the counts agree (blanks that
        were dropped aside), else the whole stretch for each."""
        if count == 0:
            return []
        solid = [i for i in range(begin, stop) if not self.text[i].isspace()]
        if count == stop - begin:
            solid = list(range(begin, stop))
        if len(solid) == count:
            return [(self.starts[i], self.ends[i]) for i in solid]
        return [self.span(begin, stop)] * count


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def aligned(text: str) -> AlignedText:
    """``text`` as its own source."""
    return AlignedText(text, text, tuple(range(len(text))), tuple(range(1, len(text) + 1)))
