"""What a generation request asks for, checked. Pure."""

import json
import math
from dataclasses import dataclass

_ROLES = frozenset({"system", "user", "assistant"})


@dataclass(frozen=True)
class Sampling:
    """How to choose tokens. Raises ``ValueError`` when out of range."""

    max_tokens: int = 128
    temperature: float = 0.0
    """0: always the likeliest token."""
    top_k: int = 0
    """0: no limit."""
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    """Texts that end the answer; never part of it."""
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError("MAX_TOKENS is at least 1")
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError("TEMPERATURE is at least 0")
        if self.top_k < 0:
            raise ValueError("TOP_K is at least 0")
        if not 0 < self.top_p <= 1:
            raise ValueError("TOP_P is above 0 and at most 1")
        if "" in self.stop:
            raise ValueError("STOP holds no empty text")


def parse_messages(text: str) -> list[dict[str, str]]:
    """The chat messages of a JSON list of {"role", "content"}. Raises ``ValueError`` when it is something else."""
    try:
        messages = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("MESSAGES is not JSON") from None
    if not isinstance(messages, list) or not all(map(_is_message, messages)):
        raise ValueError("MESSAGES is a list of {role: system|user|assistant, content: text}")
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def _is_message(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") in _ROLES and isinstance(message.get("content"), str)
