"""Calls whose dialplan asks us: announced before their stream comes, and asked about when it has ended.

    dialplan: announce (who calls whom) -> pass --stream--> served --> dialplan: what next? -> transfer, hang up

Kept in this process, a bounded number for a bounded time: a dialplan asks at once. It asks on a connection of its own,
which any of several workers may answer, and only the one that served the call knows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import DoorFailed
from gateway.services import Services
from gateway.telephony.control import Transfer
from gateway.telephony.wire import CallFacts

_MOST = 2000
_KEPT_S = 600.0


def check_workers(services: Services, channel: str) -> None:
    """Refuse several workers where callers of this channel may be put through. Raises ``DoorFailed``."""
    settings, menu = services.settings, services.menu
    goes_on = bool(settings.phone.agent) or (menu is not None and any(node.transfer for node in menu.nodes.values()))
    if goes_on and settings.gateway.workers > 1:
        raise DoorFailed(
            f"{channel}.password, with phone.agent or a menu that transfers, needs gateway.workers = 1: "
            "another worker would not know where a caller goes"
        )


@dataclass(slots=True)
class _Known:
    since_s: float
    facts: CallFacts | None = None
    transfer: Transfer | None = None


class DialplanCalls:
    """What is known of calls, by their id."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives monotonic seconds."""
        self._clock = clock
        self._calls: OrderedDict[str, _Known] = OrderedDict()

    def announce(self, facts: CallFacts) -> None:
        """A call is about to come."""
        self._known(facts.call_id).facts = facts

    def facts(self, call_id: str) -> CallFacts:
        """Who calls whom; only the id of a call that was not announced here."""
        known = self._calls.get(call_id)
        return known.facts if known is not None and known.facts is not None else CallFacts(call_id)

    def put_through(self, call_id: str, transfer: Transfer) -> None:
        """The call's stream is over, and this is to come next."""
        self._known(call_id).transfer = transfer

    def next(self, call_id: str) -> Transfer | None:
        """What comes next, told once; None: hang up."""
        known = self._calls.pop(call_id, None)
        return known.transfer if known is not None else None

    def waiting(self, call_id: str) -> Transfer | None:
        """What comes next, for those who ask more than once."""
        known = self._calls.get(call_id)
        return known.transfer if known is not None else None

    def _known(self, call_id: str) -> _Known:
        now = self._clock()
        while self._calls and (len(self._calls) >= _MOST or now - next(iter(self._calls.values())).since_s > _KEPT_S):
            self._calls.popitem(last=False)
        return self._calls.setdefault(call_id, _Known(now))


class DialplanControl:
    """``CallControl`` of such a call: the end of the stream gives it back to the dialplan, which asks what next."""

    transfers = True

    def __init__(self, calls: DialplanCalls, call_id: str) -> None:
        """``calls`` are those the dialplan asks about."""
        self._calls = calls
        self._call_id = call_id

    async def hang_up(self) -> None:
        """See ``CallControl``: nothing comes next."""

    async def transfer(self, to: Transfer) -> None:
        """See ``CallControl``."""
        self._calls.put_through(self._call_id, to)
