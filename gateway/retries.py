"""WRITEs that the shop did not answer are tried again, in the background, until it does.

store: pending, next_try_at --due--> one worker's --> Writes.start --> ActionFinished, told in the next turn
             ^                                             |
             +------------- no answer: twice as long ------+
"""

from __future__ import annotations

import asyncio

from gateway import log
from gateway.conversations import Conversations

EVERY_S = 5.0


async def keep_retrying(conversations: Conversations, every_s: float = EVERY_S) -> None:
    """Look every ``every_s`` seconds; never ends. Cancelling it is safe: what was begun goes on, the rest stays due."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await conversations.retry_due()
        except Exception as error:  # noqa: BLE001 - a store that is away for a while must not end all retries
            code = getattr(error, "code", "internal")
            log.logger().error("writes not retried", error=type(error).__name__, code=code)
