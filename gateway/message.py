"""What the customer said or typed, as the session hands it to the conversation."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.functions import FunctionResult
from nlu.types import Language


@dataclass(frozen=True, slots=True)
class Message:
    """What the customer said or typed, with the times that led to it."""

    text: str
    received_s: float
    """When the endpoint was known (spoken) or the text came in, on the gateway's clock."""
    spoken: bool = False
    language: Language | None = None
    alternatives: tuple[str, ...] = ()
    """The recogniser's other readings, best first."""
    endpoint_ms: float = 0.0
    asr_ms: float = 0.0
    """From the endpoint to the transcript."""
    decode_ms: float = 0.0
    """What the recogniser took for it, part of it before the endpoint."""
    result: FunctionResult | None = None
    """Not the customer's words but what a function of the client gave back; ``text`` is empty."""
