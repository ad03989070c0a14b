"""One response of the Realtime API: its parts, its function call, and the events that tell of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dialogue.types import FunctionCall, Reply, ReplyAction
from gateway.channels.realtime.config import Session
from gateway.channels.realtime.items import Items, assistant, function_call
from gateway.channels.realtime.utterances import ServerEvent

_MAX_METADATA_CHARS = 512


@dataclass(slots=True)
class TurnFacts:
    """What a turn was, for the metadata of its responses."""

    intent: str = ""
    replies: list[Reply] = field(default_factory=list)
    is_called: bool = False
    """Whether the client's function for its action was called."""

    @property
    def metadata(self) -> dict[str, str]:
        """What Kefu adds: the intent, what the customer may say next, where the facts come from."""
        last = self.replies[-1] if self.replies else None
        found = {
            "kefu_intent": self.intent,
            "kefu_suggestions": " | ".join(last.suggestions) if last else "",
            "kefu_sources": " ".join(source for reply in self.replies for source in reply.sources),
            "kefu_action": next((one.action.value for one in self.replies if one.action is not ReplyAction.SAY), ""),
        }
        return {name: value[:_MAX_METADATA_CHARS] for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Spoken:
    """Where an item's audio belongs: what a client's truncation is about."""

    turn_id: int
    play: int
    audio_ms: float


@dataclass(slots=True)
class Response:
    """An answer on its way."""

    id: str
    item_id: str
    turn_id: int
    is_spoken: bool
    parts: list[str] = field(default_factory=list)
    audio_ms: float = 0.0
    started_s: float = 0.0
    output: list[dict[str, Any]] = field(default_factory=list)
    play: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the client gave for it."""
    calls: list[FunctionCall] = field(default_factory=list)
    """Of the client's functions, told once its words are."""

    @property
    def text(self) -> str:
        """Its words so far."""
        return "".join(self.parts)

    @property
    def place(self) -> dict[str, Any]:
        """Where its words belong, as every delta says."""
        return {"response_id": self.id, "item_id": self.item_id, "output_index": 0, "content_index": 0}

    def part(self, text: str) -> dict[str, Any]:
        """Its content with this text."""
        if self.is_spoken:
            return {"type": "output_audio", "transcript": text}
        return {"type": "output_text", "text": text}

    def words(self, text: str) -> ServerEvent:
        """More words."""
        joint = " " if self.parts and text[:1].isascii() else ""
        self.parts.append(joint + text)
        kind = "response.output_audio_transcript.delta" if self.is_spoken else "response.output_text.delta"
        return {"type": kind, **self.place, "delta": joint + text}

    def shown(self, session: Session, facts: TurnFacts, status: str, reason: str | None = None) -> dict[str, Any]:
        """The response object."""
        details = {"type": status, **({"reason": reason} if status == "cancelled" else {})}
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details if status in {"cancelled", "failed"} else None,
            "output": list(self.output),
            "output_modalities": ["audio"] if self.is_spoken else ["text"],
            "audio": {"output": session.audio.output.model_dump(include={"format", "voice"})},
            "metadata": {**self.metadata, **facts.metadata},
            "conversation_id": None,
            "usage": None,
        }

    def begun(self, items: Items) -> list[ServerEvent]:
        """Its message is added, empty."""
        item = assistant(self.item_id, [], "in_progress")
        previous = items.add(item)
        return [
            {"type": "response.output_item.added", "response_id": self.id, "output_index": 0, "item": item},
            {"type": "conversation.item.added", "previous_item_id": previous, "item": item},
            {"type": "response.content_part.added", **self.place, "part": self.part("")},
        ]

    def ended(self, items: Items, status: str) -> list[ServerEvent]:
        """Its message is done, as far as it came."""
        part = self.part(self.text)
        item = assistant(self.item_id, [part], "completed" if status == "completed" else "incomplete")
        items.add(item)
        self.output.append(item)
        kind = "output_audio_transcript" if self.is_spoken else "output_text"
        field_name = "transcript" if self.is_spoken else "text"
        return [
            *([{"type": "response.output_audio.done", **self.place}] if self.is_spoken else []),
            {"type": f"response.{kind}.done", **self.place, field_name: self.text},
            {"type": "response.content_part.done", **self.place, "part": part},
            {"type": "response.output_item.done", "response_id": self.id, "output_index": 0, "item": item},
            {"type": "conversation.item.done", "previous_item_id": None, "item": item},
        ]

    def called(self, items: Items, item_id: str, call: FunctionCall) -> list[ServerEvent]:
        """One of the client's functions is called."""
        arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
        begun = function_call(item_id, call.call_id, call.name, "", "in_progress")
        item = function_call(item_id, call.call_id, call.name, arguments, "completed")
        previous = items.add(item)
        where = {"response_id": self.id, "output_index": len(self.output)}
        self.output.append(item)
        place = {**where, "item_id": item_id, "call_id": call.call_id}
        kind = "response.function_call_arguments"
        return [
            {"type": "response.output_item.added", **where, "item": begun},
            {"type": "conversation.item.added", "previous_item_id": previous, "item": begun},
            {"type": f"{kind}.delta", **place, "delta": arguments},
            {"type": f"{kind}.done", **place, "arguments": arguments, "name": call.name},
            {"type": "response.output_item.done", **where, "item": item},
            {"type": "conversation.item.done", "previous_item_id": previous, "item": item},
        ]
