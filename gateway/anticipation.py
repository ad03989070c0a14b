"""The turn that may be about to be asked for: begun at a pause, taken over by the message, or dropped."""

from __future__ import annotations

import asyncio

from structlog.typing import FilteringBoundLogger

from dialogue.types import Modality, Said
from gateway.ahead import Ahead
from gateway.conversation import Conversation
from gateway.manners import Manners
from gateway.message import Message
from nlu.types import Parse
from speech.types import TtsEngine

_UNDERSTAND_S = 0.5
"""The customer's words have been held that long already; a turn has the time that it needs."""


class Anticipation:
    """At most one turn ahead. Whoever ``take``s it must close it."""

    def __init__(
        self,
        conversation: Conversation,
        tts: TtsEngine | None,
        modality: Modality,
        channel: str,
        manners: Manners,
        logger: FilteringBoundLogger,
    ) -> None:
        """``tts`` None: words only. ``logger`` names the session."""
        self._conversation = conversation
        self._tts = tts
        self._modality = modality
        self._channel = channel
        self._manners = manners
        self._ahead: Ahead | None = None
        self._log = logger

    async def expect(self, message: Message, said: Said | None) -> None:
        """The customer has paused after these words: work on the answer, in case that was all.

        ``said`` is what will be confirmed of the answer before, once this turn drops it.
        """
        if self._is_for(message):
            return  # a syllable that changed no word came after them
        await self.nothing()
        self._ahead = self._conversation.think_ahead(
            message.text,
            modality=self._modality,
            channel=self._channel,
            language=message.language,
            alternatives=message.alternatives,
            tts=self._tts,
            said=said,
            functions=self._manners.functions,
        )

    async def nothing(self) -> None:
        """The customer goes on: what was thought ahead is dropped."""
        ahead = self.take()
        if ahead is not None:
            await ahead.close()

    def take(self) -> Ahead | None:
        """What there is; the conversation knows whether it is for the message that has come."""
        ahead, self._ahead = self._ahead, None
        return ahead

    async def understood(self, message: Message) -> Parse | None:
        """What these words mean, from the turn that is thought ahead where it is theirs; None: not known in time."""
        try:
            async with asyncio.timeout(_UNDERSTAND_S):
                if self._ahead is not None and self._is_for(message):
                    return await self._ahead.parse()
                return await self._conversation.understand(message.text, message.language, message.alternatives)
        except Exception as error:  # noqa: BLE001 - without it the words decide alone
            self._log.warning("words over the answer not understood", error=type(error).__name__)
            return None

    def _is_for(self, message: Message) -> bool:
        ahead = self._ahead
        return ahead is not None and (ahead.text, ahead.alternatives) == (message.text, message.alternatives)
