"""Who is heard, message by message: the address, how often it speaks, and what it proves.

    datagram --> address allowed? --> of a call of ours? --> not too often? --> parsed --> a new call? --> password?

The first three look at bytes (3 us, 23 November 2026): a flood must not starve the calls. Messages of calls have a
budget of their own for each call, so that nobody's flood keeps a caller from hanging up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from aiosipua import SipRequest, SipResponse

from gateway.admission import RateLimit
from gateway.channels.sip.gate import AllowList, Digest
from gateway.config import Sip
from gateway.errors import TooManyRequests
from gateway.services import Services

_MESSAGES_PER_MINUTE = 1200
"""Within one call; a transfer, holds and keys by INFO are far from it."""
_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*(\S{1,256})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Guard:
    """Of one server."""

    def __init__(
        self,
        settings: Sip,
        services: Services,
        *,
        is_ours: Callable[[str], bool],
        is_trunk: Callable[[str], bool],
    ) -> None:
        """``is_ours``: whether a Call-ID is of a call or a registration of ours. ``is_trunk``: whether a host is it."""
        self._allows = lru_cache(maxsize=4096)(AllowList(settings.allow).allows)
        self._has_list = bool(settings.allow)
        passwords = {name: secret.get_secret_value() for name, secret in settings.users.items()}
        self._digest = Digest(passwords, services.clock) if passwords else None
        self._of_strangers = RateLimit(settings.requests_per_minute, services.clock)
        self._of_calls = RateLimit(_MESSAGES_PER_MINUTE, services.clock)
        self._is_ours, self._is_trunk = is_ours, is_trunk
        self._refused = services.metrics.refused

    def lets_in(self, host: str) -> bool:
        """Whether a host may speak at all."""
        return self._allows(host) or self._is_trunk(host)

    def trusts(self, host: str) -> bool:
        """Whether sound of any call may come from here: not everybody's, where callers have passwords."""
        return self._has_list and self._allows(host)

    def hears(self, data: bytes, host: str) -> bool:
        """Whether a message is looked at."""
        if not self.lets_in(host):
            self._refused.labels("sip_not_allowed").inc()
            return False
        found = _CALL_ID.search(data)
        call_id = found.group(1).decode(errors="replace") if found else ""
        try:
            if self._is_ours(call_id):
                self._of_calls.take(call_id)
            else:
                self._of_strangers.take(host)
        except TooManyRequests:
            self._refused.labels("sip_flood").inc()
            return False
        return True

    def challenge(self, request: SipRequest) -> SipResponse | None:
        """What a request is answered that begins a call and does not prove who makes it; None: it may pass.

        Requests within a call are told apart by its tags.
        """
        if self._digest is None or request.method != "INVITE" or is_within(request):
            return None
        if self._digest.allows(request.get_header("authorization"), "INVITE"):
            return None
        self._refused.labels("sip_unauthorized").inc()
        response = SipResponse(status_code=401, reason_phrase="Unauthorized")
        for name in ("via", "from", "to", "call-id", "cseq"):
            for value in request.headers.get(name):
                response.headers.append(name, value)
        for challenge in self._digest.challenges():
            response.headers.append("WWW-Authenticate", challenge)
        return response


def is_within(request: SipRequest) -> bool:
    """Whether a request says that it belongs to a call that was answered."""
    return bool(request.to_addr and request.to_addr.tag)
