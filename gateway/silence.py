"""When to speak to a customer who says nothing: a pure policy over seconds.

bot     ====|.............|=prompt 1=|.............|=prompt 2=|.............|=prompt 3=|
waits       |-- no_input -|          |-- no_input -|
"""

from __future__ import annotations

from dataclasses import dataclass

_ATTEMPTS_ASKED = 3
_ATTEMPTS_IDLE = 1
"""Without a pending question one prompt is help, two are nagging."""


@dataclass(slots=True)
class Silence:
    """Feed ``tick`` regularly; it says which prompt is due, counted from 1."""

    no_input_s: float
    """0: never prompt."""
    _since_s: float | None = None
    _attempts: int = 0

    def broken(self) -> None:
        """The customer has said or typed something, or pressed a key."""
        self._since_s, self._attempts = None, 0

    def tick(self, now_s: float, *, busy: bool, asked: bool, after_s: float | None = None) -> int | None:
        """``busy``: somebody speaks, or an answer is on its way. ``asked``: a question of ours is pending.

        ``after_s``: what this question has in place of ``no_input_s``.
        """
        if busy or not self.no_input_s:
            self._since_s = None
            return None
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s < (after_s or self.no_input_s):
            return None
        if self._attempts >= (_ATTEMPTS_ASKED if asked else _ATTEMPTS_IDLE):
            return None
        self._attempts += 1
        self._since_s = None
        return self._attempts
