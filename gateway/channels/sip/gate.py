"""Who may talk to our SIP port: an allow-list of addresses, or digest credentials (RFC 8760: SHA-256 and MD5). Pure.

Port 5060 is scanned within minutes of being opened. Whoever is not allowed gets no answer at all, so that a scanner
does not learn that there is one; who is allowed but must prove who they are is challenged by 401.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable, Mapping, Sequence

_NONCE_S = 300
_ALGORITHMS: dict[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}
"""The strongest first, as it is offered (RFC 8760 section 2.4)."""
_PARAMETER = re.compile(r'(\w+)=(?:"([^"\\]*)"|([^",\s]+))')
REALM = "kefu"


class AllowList:
    """Addresses and networks (``10.0.0.0/8``) that may send requests; empty: everybody."""

    def __init__(self, networks: Sequence[str]) -> None:
        """Raises ``ValueError`` for what is no network."""
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def allows(self, address: str) -> bool:
        """Whether requests of ``address`` are heard."""
        if not self._networks:
            return True
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._networks if network.version == known.version)


class Digest:
    """Challenges and checks callers' credentials (RFC 7616, qop=auth). A nonce is one caller's, for five minutes."""

    def __init__(self, users: Mapping[str, str], clock: Callable[[], float]) -> None:
        """``users``: passwords by name. ``clock`` gives monotonic seconds."""
        self._users = users
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._counts: dict[str, int] = {}
        """The highest nonce count that was seen of each nonce: a request that is sent again is refused."""

    def challenges(self) -> list[str]:
        """Values of ``WWW-Authenticate``."""
        nonce = self._nonce(f"{int(self._clock()):x}-{secrets.token_hex(8)}")
        return [f'Digest realm="{REALM}", nonce="{nonce}", algorithm={name}, qop="auth"' for name in _ALGORITHMS]

    def _nonce(self, begins: str) -> str:
        """``begins``: the second, and what makes it this caller's."""
        return f"{begins}-{hmac.digest(self._key, _bytes(begins), 'sha256').hex()[:32]}"

    def allows(self, header: str | None, method: str) -> bool:
        """Whether an ``Authorization`` header proves one of the users, for a request it is not a copy of."""
        if header is None or not header.lower().startswith("digest "):
            return False
        given = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(header[7:])}
        user, nonce = given.get("username", ""), given.get("nonce", "")
        hashed = _ALGORITHMS.get(given.get("algorithm", "MD5").upper())
        if hashed is None or given.get("qop") != "auth" or not self._is_fresh(nonce):
            return False
        password = self._users.get(user)
        first = hashed(_bytes(f"{user}:{REALM}:{password if password is not None else secrets.token_hex(8)}"))
        second = hashed(_bytes(f"{method}:{given.get('uri', '')}"))
        middle = f"{nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:auth"
        expected = hashed(_bytes(f"{first}:{middle}:{second}"))
        is_right = hmac.compare_digest(_bytes(expected), _bytes(given.get("response", "").lower()))
        is_right = is_right and password is not None
        return is_right and self._is_new(nonce, given.get("nc", ""))

    def _is_fresh(self, nonce: str) -> bool:
        try:
            at = int(nonce.partition("-")[0], 16)
        except ValueError:
            return False
        is_ours = hmac.compare_digest(_bytes(nonce), _bytes(self._nonce(nonce.rpartition("-")[0])))
        return 0 <= self._clock() - at <= _NONCE_S and is_ours

    def _is_new(self, nonce: str, count: str) -> bool:
        try:
            number = int(count, 16)
        except ValueError:
            return False
        self._counts = {known: seen for known, seen in self._counts.items() if self._is_fresh(known)}
        if number <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = number
        return True


def _bytes(text: str) -> bytes:
    """Of any text of a header: nothing that a caller writes is an error here."""
    return text.encode("utf-8", "replace")
