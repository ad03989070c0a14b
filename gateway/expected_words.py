"""Words that the recogniser should expect of one caller: the domain's, what they have bought, what was asked.

Read once a caller is known, never in a turn's way; where the shop is away only the domain's are expected.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from dialogue.errors import DialogueError
from dialogue.shop.types import Order
from gateway import log
from nlu.hotwords import MOST, DomainWords, with_own
from nlu.types import Expectation
from speech.types import Hotwords

_SHORT_S = 1.7
"""About three syllables, and half a second of silence."""
_LONG_S = 12.0
"""Long speech is its own context, and rarely about the words of a shop alone."""
_ANSWER_S = 2.5
"""A longer answer says more than yes or no."""
_ORDERS = 3
"""The newest; most callers speak of them."""


@runtime_checkable
class Ordered(Protocol):
    """A back end whose customers have orders."""

    async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
        """READ a customer's orders, newest first. Raises ``ShopUnavailable``."""
        ...


class ExpectedWords:
    """Call ``learn`` when a turn may have told who the caller is."""

    def __init__(self, words: DomainWords | None, backend: object, *, own: bool) -> None:
        """``words``: the domain's; None: nothing is expected. ``own``: the caller's products too."""
        self._domain = words
        self._known: Hotwords | None = words.usual if words else None
        self._backend = backend if own and isinstance(backend, Ordered) else None
        self._customer_id: str | None = None

    def now(self, expectation: Expectation, seconds: float) -> Hotwords | None:
        """What to expect of an utterance that is so long, with the silence around it.

        Where a number is asked for, names would be heard into its digits; into one short word anything would be
        heard, so there only what was asked for is expected.
        """
        if self._domain is None:
            return None
        if seconds > _LONG_S:
            return None
        is_short = seconds < _SHORT_S
        match expectation.kind:
            case "digits":
                return None if is_short else self._domain.usual
            case "yes_no" if seconds < _ANSWER_S:
                return self._domain.yes_no
            case "choice" if seconds < _ANSWER_S:
                return with_own(self._domain.choice, expectation.choices)
        return None if is_short else self._known

    async def learn(self, customer_id: str | None) -> None:
        """Expect what this customer has bought. Never raises for a shop that is away."""
        if self._domain is None or self._backend is None or customer_id == self._customer_id:
            return
        self._customer_id = customer_id
        if customer_id is None:
            self._known = self._domain.usual
            return
        try:
            orders = await self._backend.orders(customer_id, _ORDERS)
        except DialogueError as error:
            log.logger().warning("orders not read for the recogniser", code=error.code)
            return
        names = dict.fromkeys(line.name for order in orders for line in order.lines)
        self._known = with_own(self._domain.usual, list(names)[:MOST])
