"""Functions that a client offers for a turn: read from JSON schemas, called for an intent, filled from what was said.

A client (OpenAI's Realtime API, chat completions) runs them itself; Kefu only says which, with what arguments, and
tells the customer what came of it. None of them stands in for a WRITE of ours, unless the client forces it by name.
"""

from dialogue.functions.arguments import filled, value_of
from dialogue.functions.offer import NO_FUNCTIONS, Functions, Offering, Offers, offered
from dialogue.functions.result import FunctionResult, spoken
from dialogue.functions.schema import ClientFunction, Parameter, read_function

__all__ = [
    "NO_FUNCTIONS",
    "ClientFunction",
    "FunctionResult",
    "Functions",
    "Offering",
    "Offers",
    "Parameter",
    "filled",
    "offered",
    "read_function",
    "spoken",
    "value_of",
]
