"""How a voice session serves its client, where the client decides: read anew at every turn, so a door may change it."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.functions import NO_FUNCTIONS, Functions


@dataclass(slots=True)
class Manners:
    """Changed by the door while the session runs."""

    functions: Functions = NO_FUNCTIONS
    """What the client runs for us."""
    answers: bool = True
    """False: what is said is told to the client, which asks for the answer itself."""
    interruptible: bool = True
    """False: no answer is spoken over; what is said meanwhile comes after it."""
    no_input_s: float | None = None
    """Seconds without a word of the customer's after which Kefu speaks, and says ``NoInput`` first.

    None: as ``floor.no_input_s`` has it, without ``NoInput``; 0: never. Where that setting is 0, never too.
    """
