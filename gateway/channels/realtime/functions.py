"""The calls of the client's functions: which wait for an output, which are over. Pure.

A call is made once and answered once. One that is not answered in time is given up: the customer hears an apology, and
an output that comes later is an error that says so.
"""

from __future__ import annotations

from collections import OrderedDict

from dialogue.functions import FunctionResult
from gateway.channels.openai_tools import ACTIONS, MAX_OUTPUT_CHARS
from gateway.errors import ProtocolError

_OVER_KEPT = 200


class Calls:
    """Of one connection."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}
        """Call to function."""
        self._over: OrderedDict[str, str] = OrderedDict()
        """Call to what became of it."""

    def made(self, call_id: str, name: str) -> None:
        """A call has been told to the client."""
        self._open[call_id] = name

    def answered(self, call_id: str, output: str) -> FunctionResult | None:
        """What there is to tell of an output; None where it is of an action of Kefu's. Raises ``ProtocolError``."""
        if call_id not in self._open:
            self._refuse(call_id)
        if len(output) > MAX_OUTPUT_CHARS:
            raise ProtocolError(f"field 'item.output' is beyond {MAX_OUTPUT_CHARS} characters", param="item.output")
        name = self._close(call_id, "was answered already")
        return None if name in ACTIONS else FunctionResult(call_id, name, output)

    def expired(self, call_id: str) -> FunctionResult | None:
        """The time of a call is over; None where it was answered, or nothing is to be told of it."""
        if call_id not in self._open:
            return None
        name = self._close(call_id, "was given up, as no output came in time")
        return None if name in ACTIONS else FunctionResult(call_id, name, None)

    def _close(self, call_id: str, how: str) -> str:
        self._over[call_id] = how
        if len(self._over) > _OVER_KEPT:
            self._over.popitem(last=False)
        return self._open.pop(call_id)

    def _refuse(self, call_id: str) -> None:
        how = self._over.get(call_id)
        if how is not None:
            raise ProtocolError(f"field 'item.call_id': the call {how}", code="call_is_over", param="item.call_id")
        raise ProtocolError("field 'item.call_id': there is no such call", code="unknown_call_id", param="item.call_id")
