"""What a client offers in a turn, and for which intents its functions stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from dialogue.functions.schema import ClientFunction
from dialogue.policy import Routes
from dialogue.types import Action, ActionResult, ActionRunner

SKILL = "client_function"
"""The skill that calls them."""
_OURS = frozenset({"smalltalk", "handoff", "fallback", "undo", SKILL})
"""Skills whose intents no function takes over."""


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of a client, by name."""

    by_name: Mapping[str, ClientFunction] = field(default_factory=dict)
    forced: str | None = None
    """The one that the client wants called in this turn, whatever the customer said."""
    intents: Mapping[str, str] = field(default_factory=dict)
    """Function to intent, for functions that are not named like one."""

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def serving(self, routes: Routes) -> Mapping[str, ClientFunction]:
        """Intent to the function called for it: one named like it, mapped to it, or named like the skill of several.

        An intent whose skill ends in a WRITE stays with the skill, which reads back and asks before it acts.
        """
        found: dict[str, ClientFunction] = {}
        for function in self.by_name.values():
            wanted = self.intents.get(function.name, function.name)
            for intent, skill in routes.intents.items():
                if skill in routes.writing or skill in _OURS or not function.can_be_filled:
                    continue
                if wanted == intent or (wanted == skill and intent not in self.by_name):
                    found[intent] = function
        return found

    def routed(self, routes: Routes) -> Routes:
        """``routes`` with the functions in the place of the skills they stand for."""
        serving = self.serving(routes)
        if not serving:
            return routes
        replaced = {routes.intents[intent] for intent in serving}
        left = {skill for intent, skill in routes.intents.items() if intent not in serving}
        claims = {name: claim for name, claim in routes.claims.items() if name not in replaced - left}
        return replace(routes, intents={**routes.intents, **dict.fromkeys(serving, SKILL)}, claims=claims)


NO_FUNCTIONS = Functions()


@runtime_checkable
class Offers(Protocol):
    """An ``ActionRunner`` of a turn for which a client offers functions."""

    functions: Functions


@dataclass(frozen=True, slots=True)
class Offering:
    """``actions`` with a client's functions beside them."""

    actions: ActionRunner
    functions: Functions

    async def run(self, action: Action) -> ActionResult:
        """See ``ActionRunner``."""
        return await self.actions.run(action)


def offered(actions: ActionRunner) -> Functions:
    """The functions that come with ``actions``."""
    return actions.functions if isinstance(actions, Offers) else NO_FUNCTIONS
