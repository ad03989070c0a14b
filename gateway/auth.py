"""Tokens that open a conversation: short-lived, signed (JWT, HS256, RFC 7519), each good for one voice connection.

A *voice* token opens one socket; a *resume* token, held by the page, asks for another voice token for the same
conversation after a drop. Neither ever appears in a URL or a log.
"""

from __future__ import annotations

import base64
import hmac
import math
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import jwt
from pydantic import SecretStr

from gateway.errors import Forbidden, Unauthorized

RESUME_TTL_S = 24 * 3600
REPLAY_S = 24 * 3600.0
"""For so long a signed request without a time in it is remembered: no telephone call lasts longer."""
PASS_BYTES = 16
_PASS_EXPIRY, _PASS_NONCE = 4, 3
Purpose = Literal["voice", "resume", "realtime"]
_FEW_TOKENS = 1024
_ONCE: frozenset[Purpose] = frozenset({"voice", "realtime"})
"""Tokens that open one socket."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token allows."""

    conversation_id: str
    customer_id: str | None
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the token says besides, as its purpose needs it; JSON."""


class UsedTokens(Protocol):
    """Remembers tokens until they expire."""

    def first_use(self, token_id: str, expires_s: float, now_s: float) -> bool:
        """Whether this token comes for the first time."""
        ...


class LocalUsedTokens:
    """Of this process alone."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}
        self._look_over_at = _FEW_TOKENS

    def __len__(self) -> int:
        return len(self._used)

    def first_use(self, token_id: str, expires_s: float, now_s: float) -> bool:
        """See ``UsedTokens``."""
        if len(self._used) >= self._look_over_at:
            self._used = {known: until for known, until in self._used.items() if until >= now_s}
            # Only when they have doubled, so that a day's worth is not walked through for each.
            self._look_over_at = max(_FEW_TOKENS, 2 * len(self._used))
        if self._used.get(token_id, -math.inf) >= now_s:
            return False
        self._used[token_id] = expires_s
        return True


class Tokens:
    """Issues and checks tokens. One that opens a socket is refused when it comes a second time (replay)."""

    def __init__(
        self, secret: SecretStr | None, ttl_s: float, clock: Callable[[], float], used: UsedTokens | None = None
    ) -> None:
        """``clock`` gives seconds since the epoch; without ``secret`` tokens die with the process."""
        self._secret = secret.get_secret_value() if secret else secrets.token_urlsafe(48)
        self._ttl_s = ttl_s
        self._clock = clock
        self._used = LocalUsedTokens() if used is None else used

    @property
    def ttl_s(self) -> float:
        """Life of a voice token in seconds."""
        return self._ttl_s

    def issue(self, grant: Grant, purpose: Purpose, *, ttl_s: float | None = None) -> str:
        """A signed token for ``grant``; ``ttl_s`` None: the usual life of its purpose."""
        ttl = ttl_s or (RESUME_TTL_S if purpose == "resume" else self._ttl_s)
        claims = {
            "aud": purpose,
            "cid": grant.conversation_id,
            "sub": grant.customer_id or "",
            "exp": self._clock() + ttl,
            "jti": secrets.token_urlsafe(12),
            **({"details": grant.details} if grant.details else {}),
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def expires_at(self, ttl_s: float) -> int:
        """When a token issued now with this life ends, in seconds since the epoch."""
        return int(self._clock() + ttl_s)

    def redeem(self, token: str, purpose: Purpose) -> Grant:
        """The grant of a valid token; one that opens a socket is used up. Raises ``Unauthorized``."""
        claims = self._verified(token, purpose)
        if purpose in _ONCE:
            self._use(str(claims["jti"]), float(claims["exp"]))
        return Grant(str(claims["cid"]), str(claims["sub"]) or None, claims.get("details") or {})

    def check(self, token: str, purpose: Purpose) -> None:
        """As ``redeem``, before work is done for a token, but uses nothing up. Raises ``Unauthorized``."""
        self._verified(token, purpose)

    def use_once(self, request: str, kept_s: float) -> None:
        """``request`` names a signed request as no other; a copy is refused for ``kept_s``. Raises ``Forbidden``."""
        now = self._clock()
        if not self._used.first_use(request, now + kept_s, now):
            raise Forbidden("this request was sent before", code="replayed")

    def issue_pass(self, subject: str) -> str:
        """A pass that opens one media stream of a telephone call: 32 hex digits, which fit where a token does not.

        ``subject`` names what it is for. Expiry, a random part and 72 bits of an HMAC over all of it.
        """
        head = int(self._clock() + self._ttl_s).to_bytes(_PASS_EXPIRY, "big") + secrets.token_bytes(_PASS_NONCE)
        return (head + self._pass_mac(head, subject)).hex()

    def redeem_pass(self, text: str, subject: str) -> None:
        """Use a pass up. Raises ``Unauthorized``."""
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raw = b""
        head = raw[: _PASS_EXPIRY + _PASS_NONCE]
        if len(raw) != PASS_BYTES or not hmac.compare_digest(raw[len(head) :], self._pass_mac(head, subject)):
            raise Unauthorized("the pass of this call is not valid", code="pass_invalid")
        expires_s = float(int.from_bytes(head[:_PASS_EXPIRY], "big"))
        if expires_s < self._clock():
            raise Unauthorized("the pass of this call has expired", code="pass_expired")
        if not self._used.first_use(text, expires_s, self._clock()):
            raise Unauthorized("the pass of this call was used before", code="pass_used")

    def _pass_mac(self, head: bytes, subject: str) -> bytes:
        digest = hmac.digest(self._secret.encode(), b"pass\0" + head + subject.encode(), "sha256")
        return digest[: PASS_BYTES - _PASS_EXPIRY - _PASS_NONCE]

    def name_of(self, owner: str, name: str) -> str:
        """An id for what ``owner`` calls ``name``: always the same, and nobody else's. Lives as long as the secret."""
        digest = hmac.digest(self._secret.encode(), f"{owner}\0{name}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")

    def _verified(self, token: str, purpose: str) -> dict[str, Any]:
        # Expiry is checked against our own clock below, so that tests and tokens share one time.
        try:
            claims: dict[str, Any] = jwt.decode(
                header_bytes(token),
                self._secret,
                algorithms=["HS256"],
                audience=purpose,
                options={"require": ["exp", "aud", "cid", "jti", "sub"], "verify_exp": False},
            )
        except jwt.InvalidTokenError as error:
            raise Unauthorized("the token is not valid; get a new one from POST /v1/token") from error
        if float(claims["exp"]) < self._clock():
            raise Unauthorized("the token has expired; get a new one from POST /v1/token", code="token_expired")
        return claims

    def _use(self, jti: str, expires: float) -> None:
        if not self._used.first_use(jti, expires, self._clock()):
            raise Unauthorized("the token was used before; get a new one from POST /v1/token", code="token_used")


def kept_secret(path: Path) -> SecretStr:
    """The secret in ``path``; made, for its owner's eyes only, when it is not there. Raises ``OSError``."""
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return SecretStr(path.read_text().strip())


def key_allowed(presented: str | None, keys: Sequence[SecretStr]) -> bool:
    """Whether an API key is one of ``keys``, compared in constant time; True when no keys are configured."""
    if not keys:
        return True
    offered = header_bytes(presented)
    matches = [hmac.compare_digest(offered, key.get_secret_value().encode()) for key in keys]
    return any(matches)


def header_bytes(value: str | None) -> bytes:
    """What a client sent in a header, to be compared in constant time; bytes that are no text are kept."""
    return (value or "").encode("utf-8", "surrogateescape")


def bearer(header: str | None) -> str | None:
    """The token of an ``Authorization: Bearer`` header (RFC 6750), or None."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
