"""Limits of one identity, whatever addresses it comes from: a customer, a conversation, a telephone number.

Addresses are limited at the door (``gateway.app``), before anybody says who they are; this comes after.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.admission import RateLimit
from gateway.auth import Grant

_NO_DIGIT = re.compile(r"\D")
_WITHHELD = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253"})
"""What providers send for callers who show no number: ANONYMOUS, RESTRICTED, BLOCKED ... typed on a keypad."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Counts what each identity does."""

    connects: RateLimit
    """Voice connections and calls."""
    requests: RateLimit
    """REST requests."""
    demo_customer: str = ""
    """Everybody is this customer in the demo, so it is nobody's identity."""

    def connect(self, grant: Grant) -> None:
        """A voice connection of whom ``grant`` names. Raises ``TooManyRequests``."""
        self.connects.take(*self._named(grant))

    def request(self, grant: Grant) -> None:
        """A REST request of whom ``grant`` names. Raises ``TooManyRequests``."""
        self.requests.take(*self._named(grant))

    def call(self, number: str) -> None:
        """A call from this telephone number; callers who show none have no identity. Raises ``TooManyRequests``."""
        digits = _NO_DIGIT.sub("", number.partition("@")[0])
        if digits and digits not in _WITHHELD:
            self.connects.take(f"number:{digits}", "this telephone number")

    def _named(self, grant: Grant) -> tuple[str, str]:
        if grant.customer_id and grant.customer_id != self.demo_customer:
            return f"customer:{grant.customer_id}", "this customer"
        return f"conversation:{grant.conversation_id}", "this conversation"
