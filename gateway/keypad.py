"""Keys of a phone keypad become messages: pure, fed with keys and milliseconds.

    key      8  9  0  7  #                 5 . . . . 3 s
    message             "8907"                        "5"      (due)
    with 4 digits expected: "8907" at the 7, no # needed (one that comes means nothing); * forgets what was pressed

A message is the digits as text; the dialogue takes it like a typed one, so a number that was begun aloud goes on here.
A pause is time in which a key could have been taken: what the caller spends on something else is not (``held_up``).
"""

from __future__ import annotations

from nlu.types import Expectation, KeyRules

USUAL = KeyRules()
GAP_MS = USUAL.gap_s * 1000
"""Between two keys of one number; after that what was pressed counts as complete."""
MOST_DIGITS = 24
"""More than any number that a customer has; further keys are ignored."""


def keys_expected(expectation: Expectation) -> int | None:
    """How many keys complete an answer to this; None where only a key or a pause ends it."""
    if expectation.keys is not None and expectation.keys.most is not None:
        return expectation.keys.most
    if expectation.kind == "choice":
        return 1 if 0 < len(expectation.choices) <= 9 else None
    missing = expectation.missing if expectation.kind == "digits" else None
    return missing if missing is not None and missing > 0 else None


class Keypad:
    """The keys pressed since the last message. Not a task: the caller brings the time and asks ``due``."""

    def __init__(self) -> None:
        """Nothing pressed."""
        self._digits = ""
        self._deadline_ms: float | None = None
        self._complete_ms: float | None = None
        """When a message was complete by its number of digits, until the next key."""

    @property
    def digits(self) -> str:
        """What was pressed and not given yet."""
        return self._digits

    @property
    def deadline_ms(self) -> float | None:
        """When ``due`` will give what was pressed; None while nothing waits."""
        return self._deadline_ms

    def press(self, digit: str, now_ms: float, expected: int | None = None, rules: KeyRules = USUAL) -> str | None:
        """One key (``0123456789*#``); the message when it completes one of ``expected`` digits."""
        if digit == rules.end:
            return self._take()
        if not digit.isdigit():
            if digit == ("#" if rules.end == "*" else "*"):
                self.clear()
            return None
        self._deadline_ms = now_ms + rules.gap_s * 1000
        if len(self._digits) < MOST_DIGITS:
            self._digits += digit
        if expected is None or len(self._digits) < expected:
            return None
        self._complete_ms = now_ms
        return self._take()

    def is_afterthought(self, digit: str, now_ms: float, rules: KeyRules = USUAL) -> bool:
        """Whether a key, before it is pressed, is the end of a number that was complete without it.

        Callers press it from habit; it must not cut the answer to their number short.
        """
        complete_ms, self._complete_ms = self._complete_ms, None
        return digit == rules.end and complete_ms is not None and now_ms - complete_ms < rules.gap_s * 1000

    def due(self, now_ms: float) -> str | None:
        """The message when no key has come for long enough."""
        if self._deadline_ms is None or now_ms < self._deadline_ms:
            return None
        return self._take()

    def held_up(self, ms: float) -> None:
        """For ``ms`` until now no key could be taken; some may have been pressed."""
        if self._deadline_ms is not None:
            self._deadline_ms += ms
        if self._complete_ms is not None:
            self._complete_ms += ms

    def clear(self) -> None:
        """Forget what was pressed."""
        self._digits, self._deadline_ms = "", None

    def _take(self) -> str | None:
        digits = self._digits
        self.clear()
        return digits or None
