"""What a Realtime client wants answered, until it asks for it: items, recordings, push to talk, functions' outputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dialogue.functions import FunctionResult
from gateway.channels.realtime import client_events as client
from gateway.channels.realtime import items as item_shapes
from gateway.channels.realtime.ears import Ears
from gateway.channels.realtime.functions import Calls
from gateway.channels.realtime.items import Items
from gateway.channels.realtime.utterances import Ids, Utterances, added
from gateway.errors import ProtocolError
from speech.errors import AsrError


class Questions:
    """Of one connection."""

    def __init__(
        self, ears: Ears, items: Items, utterances: Utterances, new_id: Ids, tell: Callable[..., Awaitable[None]]
    ) -> None:
        """``tell`` sends events to the client."""
        self._ears = ears
        self._items = items
        self._utterances = utterances
        self._new_id = new_id
        self._tell = tell
        self._words: list[str] = []
        self._results: list[FunctionResult] = []
        self.calls = Calls()
        self.tool_answered = False
        """Whether a function gave back what there is nothing to tell of."""

    def add(self, words: str) -> None:
        """The customer wrote or said this."""
        if words:
            self._words.append(words)

    def take_words(self) -> str:
        """The customer's words, once."""
        words, self._words = "\n".join(self._words), []
        return words

    def take_results(self) -> list[FunctionResult]:
        """The outputs, once."""
        results, self._results = self._results, []
        return results

    async def create(self, event: client.CreateItem) -> None:
        """An item of the client's. Raises ``ProtocolError``."""
        item = item_shapes.from_client(event.item, lambda: self._new_id("item"))
        if item["type"] == "function_call_output":
            self._take_output(item)
        words, heard = await self._said(item)
        if heard:
            item = item_shapes.without_sound(item, heard)
        previous = self._items.add(item)
        self.add(words)
        await self._tell(*added(item, previous))
        for index, part in enumerate(item.get("content") or ()):
            if part.get("type") == "input_audio":
                await self._tell(*self._utterances.transcribed(item["id"], part["transcript"], index))

    def _take_output(self, item: Mapping[str, Any]) -> None:
        result = self.calls.answered(item["call_id"], item["output"])
        if result is None:
            self.tool_answered = True
        else:
            self._results.append(result)

    async def _said(self, item: Mapping[str, Any]) -> tuple[str, list[str]]:
        """What a user's item says in all, and what its sounds say. Raises ``ProtocolError``."""
        words, heard = list[str](), list[str]()
        for part in item_shapes.said(item):
            if isinstance(part, bytes):
                try:
                    heard.append(await self._ears.recognise(self._ears.pcm(part)))
                except AsrError as broken:
                    raise ProtocolError("the words were not recognised; try again", code=broken.code) from broken
            words.append(part if isinstance(part, str) else heard[-1])
        return "\n".join(word for word in words if word).strip(), heard

    async def commit(self) -> None:
        """What was held is an utterance. Raises ``ProtocolError``."""
        item_id = self._new_id("item")
        try:
            words = await self._ears.commit()
        except AsrError as broken:
            await self._tell(*self._utterances.committed(item_id, None))
            raise ProtocolError("the words were not recognised; try again", code=broken.code) from broken
        await self._tell(*self._utterances.committed(item_id, words))
        self.add(words)
