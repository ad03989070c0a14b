"""What every conversation shares, and the account of one turn's time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from dialogue.backend import Backend
from dialogue.respond import Responder
from dialogue.store import ConversationStore
from gateway.metrics import Metrics
from nlu.understand import Understanding


@dataclass(slots=True)
class Hops:
    """Times of one turn, milliseconds, filled in as it runs."""

    nlu_ms: float = 0.0
    dialogue_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Core:
    """What every conversation shares."""

    understanding: Understanding
    responder: Responder
    shop: Backend
    """The domain's back end."""
    store: ConversationStore
    metrics: Metrics
    background: asyncio.TaskGroup
    """Where WRITEs run; lives as long as the gateway."""
    turn_deadline_s: float
    clock: Callable[[], float] = time.monotonic
    turn_locks: TurnLocks | None = None
    """Where other workers may serve the same conversation; None: nobody does."""


class TurnLocks(Protocol):
    """Lets one of several workers at a time take a turn in a conversation."""

    def held(self, conversation_id: str) -> AbstractAsyncContextManager[None]:
        """Wait for this conversation's turn, for a bounded time, and hold it."""
        ...
