"""WRITEs on the shop: in the gateway's own task group, written down first, joined by their idempotency key.

What is written down is owed: ``gateway.retries`` tries it again until the shop has answered.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dialogue.actions import UNAVAILABLE, perform
from dialogue.errors import DialogueError
from dialogue.types import (
    Action,
    ActionFinished,
    ActionResult,
    ActionStarted,
)
from gateway import log

if TYPE_CHECKING:
    from gateway.conversation import Conversation


class Writes:
    """The ``ActionRunner`` given to skills: WRITEs outlive the reply that asked for them.

    The same idempotency key again joins the WRITE that runs, or gets its result.
    """

    def __init__(self, conversation: Conversation) -> None:
        """One per conversation."""
        self._conversation = conversation
        self._running: dict[str, asyncio.Task[ActionResult]] = {}

    async def run(self, action: Action) -> ActionResult:
        """See ``dialogue.types.ActionRunner``."""
        task = self._running.get(action.idempotency_key)
        if task is None:
            # Being written down is part of what cannot be cancelled: else a start without an end would be stored.
            task = self._begin(action, written_down=False)
        return await asyncio.shield(task)

    def start(self, action: Action) -> asyncio.Task[ActionResult]:
        """Try an action that is written down already; its result is told, an absent answer only waits longer."""
        return self._running.get(action.idempotency_key) or self._begin(action, written_down=True)

    def _begin(self, action: Action, *, written_down: bool) -> asyncio.Task[ActionResult]:
        work = self._perform(action, written_down=written_down)
        task = self._conversation.core.background.create_task(work, name=f"write {action.name}")
        self._running[action.idempotency_key] = task
        task.add_done_callback(lambda _: self._running.pop(action.idempotency_key, None))
        return task

    async def _written_down(self, action: Action) -> bool:
        """Whether the start is in the store. What is not written down could not be finished after a crash."""
        await self._conversation.apply(ActionStarted(action))
        try:
            await self._conversation.flush()
        except DialogueError:
            return False
        return True

    async def _perform(self, action: Action, *, written_down: bool) -> ActionResult:
        conversation = self._conversation
        result = ActionResult(ok=False, rule=UNAVAILABLE)
        try:
            if written_down or await self._written_down(action):
                result = await perform(conversation.core.shop, action)
        except Exception as error:  # noqa: BLE001 - one failed WRITE must not take the gateway's task group down
            log.logger(conversation_id=conversation.id).error(
                "write failed", action=action.name, error=type(error).__name__, exc_info=True
            )
        outcome = "done" if result.ok else (result.rule or "refused")
        conversation.core.metrics.actions.labels(action.name, outcome).inc()
        if written_down and not result.ok and result.rule == UNAVAILABLE:
            await self._postpone(action)
        else:
            await conversation.apply(ActionFinished(action, result))
        return result

    async def _postpone(self, action: Action) -> None:
        """The customer has heard that the shop does not answer; that it still does not is no news."""
        conversation = self._conversation
        try:
            if await conversation.core.store.postpone_action(action.idempotency_key):
                conversation.core.metrics.actions_failed.labels(action.name).inc()
                log.logger(conversation_id=conversation.id).error(
                    "write given up: the shop never answered, a person must see to it",
                    action=action.name,
                    code="action_failed",
                )
        except DialogueError as error:  # the lease ends all the same, and the action is tried again
            log.logger(conversation_id=conversation.id).error("write not postponed", code=error.code)
