"""A conversation's events on their way to the store: written in order, once each, however often the writing fails.

    add --> waiting --> flush --> store
                  ^               | away
                  +-- catch up <--+   (in the background, until it is back)

A turn waits for the store only briefly; a WRITE on the shop waits until its start is written down (``flush``).
"""

from __future__ import annotations

import asyncio
from collections import deque

from dialogue.errors import DialogueError
from dialogue.store import ConversationStore, Position, Reading
from dialogue.types import DialogueEvent
from gateway import log
from gateway.metrics import Metrics

_MAX_WAITING = 500
_PATIENCE_S = 1.5
"""How long a turn waits for the store; what it cannot take by then is written in the background."""
_CATCH_UP_S = 1.0
_CATCH_UP_TRIES = 600
_READ_TRIES = 3


class Journal:
    """One conversation's. Cancelling any method loses nothing: writing goes on in the background."""

    def __init__(
        self,
        store: ConversationStore,
        conversation_id: str,
        background: asyncio.TaskGroup,
        metrics: Metrics,
        position: Position,
    ) -> None:
        """``background`` lives as long as the gateway; ``position``: what is stored and known."""
        self._position = position
        self._store = store
        self._conversation_id = conversation_id
        self._background = background
        self._metrics = metrics
        self._waiting: deque[DialogueEvent] = deque()
        self._writing = asyncio.Lock()
        self._catching_up = False
        self._log = log.logger(conversation_id=conversation_id)

    @property
    def is_empty(self) -> bool:
        """Whether everything is stored."""
        return not self._waiting

    async def add(self, *events: DialogueEvent) -> None:
        """Keep events and have them written; returns when they are, or after a short while. Never raises."""
        self._waiting.extend(events)
        if self._catching_up:
            if not self._writing.locked():
                self._forget_beyond_bound()
            return
        writing = self._start_writing()
        await asyncio.wait([writing], timeout=_PATIENCE_S)
        error = writing.result() if writing.done() else DialogueError("the store is slow")
        if error is not None:
            self._metrics.errors.labels(getattr(error, "code", "internal")).inc()
            self._log.error("events wait for the store", error=type(error).__name__, count=len(self._waiting))
            self._catching_up = True
            self._background.create_task(self._catch_up(), name="catch up")

    async def flush(self) -> None:
        """Return when every event is stored. Raises what the store raises."""
        error = await asyncio.shield(self._start_writing())
        if error is not None:
            raise error

    async def news(self) -> Reading | None:
        """What others have stored that is not known here, or None; counts as known from now on.

        Raises what the store raises. Returns without giving way to another task: what is folded then misses nothing.
        """
        for _ in range(_READ_TRIES):
            if self._waiting:
                await self.flush()
            known = self._position
            reading = await self._store.read_on(self._conversation_id, known)
            # An event of ours that was written meanwhile may or may not be in what was read.
            if self._position == known and not self._waiting:
                self._position = reading.position
                return reading if reading.events or reading.is_whole else None
        return None

    def _start_writing(self) -> asyncio.Task[Exception | None]:
        # Not cancelled with the caller: a cancelled transaction may have been committed all the same, and written
        # again its events would be there twice.
        return self._background.create_task(self._write(), name="journal")

    async def _write(self) -> Exception | None:
        """Returns its error: raised, it would end the task group of the whole gateway."""
        async with self._writing:
            batch = list(self._waiting)
            try:
                if batch:
                    last = await self._store.append(self._conversation_id, batch)
            except Exception as error:  # noqa: BLE001 - ``flush`` raises it, ``add`` tries again
                self._forget_beyond_bound()
                return error
            if batch:
                self._position = Position(self._position.events + len(batch), last)
            for _ in batch:
                self._waiting.popleft()
        return None

    def _forget_beyond_bound(self) -> None:
        lost = len(self._waiting) - _MAX_WAITING
        for _ in range(lost):
            self._waiting.popleft()
        if lost > 0:
            self._log.error("events lost: the store has been away for too long", count=lost)

    async def _catch_up(self) -> None:
        for _ in range(_CATCH_UP_TRIES):
            await asyncio.sleep(_CATCH_UP_S)
            if await self._write() is None:
                self._log.info("events are stored again")
                break
        self._catching_up = False
