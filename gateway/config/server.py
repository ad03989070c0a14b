"""The gateway's own socket and limits, WebRTC, the database and the log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from gateway.config.section import Port, PositiveSeconds, Section

_MIN_SECRET_BYTES = 32


class Gateway(Section):
    """The server socket and its limits."""

    host: str = "127.0.0.1"
    port: Port = 8080
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that serve customers on this one port, each with its own ears and mouth; one model server for all."""
    hosts: tuple[str, ...] = ()
    """Names under which browsers may reach the gateway, beside localhost, this machine's name and any IP address."""
    origins: tuple[str, ...] = ()
    """Extra browser origins that may use the API; the gateway's own page always may."""
    require_token: bool = True
    token_secret: SecretStr | None = None
    """Signs tokens and names conversations (at least 32 bytes); absent: the one in ``secret_file``."""
    secret_file: str = "build/secret"
    """Holds the secret that is made at the first start when ``token_secret`` is absent; readable by its owner only."""
    token_ttl_s: PositiveSeconds = 120
    api_keys: tuple[SecretStr, ...] = ()
    """Keys of the servers that may use the REST API (Authorization: Bearer); empty: open to everybody."""
    max_sessions: Annotated[int, Field(ge=1)] = 50
    """Voice sessions at once, of all workers together."""
    connects_per_minute: Annotated[int, Field(ge=1)] = 60
    """Voice connections and tokens per minute from one address."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """REST requests per minute from one address."""
    identity_connects_per_minute: Annotated[int, Field(ge=1)] = 30
    """Voice connections and calls per minute of one customer, conversation or telephone number."""
    identity_requests_per_minute: Annotated[int, Field(ge=1)] = 240
    """REST requests per minute of one customer or conversation."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 65536
    max_text_chars: Annotated[int, Field(ge=1)] = 2000
    max_upload_bytes: Annotated[int, Field(ge=1024)] = 26_214_400
    """Of a recording that is sent to be transcribed."""
    max_upload_s: PositiveSeconds = 3600
    """How long such a recording may be."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For is believed."""
    turn_deadline_s: PositiveSeconds = 20
    """No turn ever stalls beyond this: the customer then hears an apology."""
    idle_timeout_s: PositiveSeconds = 300
    drain_s: Annotated[float, Field(ge=0)] = 2
    """How long voice sessions may go on after SIGTERM or Ctrl-C; what is left then is closed and may come back."""
    demo_customer: str = ""
    """Customer id that anonymous tokens are signed in as. For the demo shop only; empty in production."""

    @field_validator("token_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < _MIN_SECRET_BYTES:
            raise ValueError(f"must have at least {_MIN_SECRET_BYTES} bytes, e.g. from 'openssl rand -hex 32'")
        return secret


class IceServer(Section):
    """A STUN or TURN server (RFC 8489, RFC 8656)."""

    urls: Annotated[tuple[str, ...], Field(min_length=1)]
    """E.g. ``turn:turn.example.com:3478``."""
    username: str = ""
    credential: SecretStr | None = None
    """Told to every page that connects, as WebRTC needs it: use a short-lived one, or one for TURN only."""


class Webrtc(Section):
    """WebRTC for pages and apps."""

    enabled: bool = True
    ice_servers: tuple[IceServer, ...] = ()
    """For customers who do not reach this machine's UDP ports directly."""


class Database(Section):
    """Conversations, actions, hand-offs; the demo shop too."""

    url: str = Field("sqlite+aiosqlite:///build/kefu.db", repr=False)
    """SQLAlchemy URL: sqlite+aiosqlite:///file or postgresql+asyncpg://user@host/name."""


class Log(Section):
    """Logs carry no personal data."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"
