"""Everything a channel may use, opened once and handed to it: the composition's result, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from dialogue.backend import Backend
from dialogue.menu import Menu
from gateway.admission import Admission, RateLimit
from gateway.auth import Tokens
from gateway.config import Settings
from gateway.conversations import Conversations
from gateway.identities import Identities
from gateway.metrics import Metrics
from gateway.voice import Voice


@dataclass(frozen=True, slots=True)
class Services:
    """What the channels share."""

    settings: Settings
    conversations: Conversations
    shop: Backend
    """The domain's back end."""
    voice: Voice | None
    """Ears and mouth; None where speech is switched off (text-only gateways, most tests)."""
    tokens: Tokens
    admission: Admission
    connects: RateLimit
    requests: RateLimit
    identities: Identities
    metrics: Metrics
    clock: Callable[[], float]
    """Monotonic seconds."""
    ready: Callable[[], Awaitable[dict[str, str]]]
    """State of each part: ``ok``, ``degraded: why`` or ``down: why``; asked by /readyz."""
    info: dict[str, Any] = field(default_factory=dict)
    """What /v1/info tells the page."""
    worker: int | None = None
    """This process's number where there are several."""
    menu: Menu | None = None
    """Of telephone calls."""


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)
"""Open sockets of every channel; closed when the gateway stops."""
