"""Every error dialogue raises. ``code`` is stable: the session maps it to an apology, a retry or a hand-off.

DialogueError
  ShopError: ShopUnavailable, ActionRefused (a rule of the shop forbids it; ``rule`` says which)
  KnowledgeUnavailable
  GenerationFailed
  FunctionFailed (of the client)
  StoreUnavailable
  UnknownConversation
  PoliciesInvalid
  TreeError (dialogue.troubleshooting: a decision tree is no good)
"""

from __future__ import annotations


class DialogueError(Exception):
    """Base of what dialogue raises."""

    code = "dialogue_error"


class ShopError(DialogueError):
    """The shop could not do it."""

    code = "shop_error"


class ShopUnavailable(ShopError):
    """The shop's system did not answer."""

    code = "shop_unavailable"


class ActionRefused(ShopError):
    """A rule of the shop forbids the action."""

    code = "action_refused"

    def __init__(self, rule: str) -> None:
        """``rule`` is a stable word such as ``already_shipped``, ``return_window_over``, ``not_returnable``."""
        super().__init__(rule)
        self.rule = rule


class KnowledgeUnavailable(DialogueError):
    """The knowledge base's embedding model did not answer."""

    code = "knowledge_unavailable"


class GenerationFailed(DialogueError):
    """The language model did not answer, or not safely."""

    code = "generation_failed"


class FunctionFailed(DialogueError):
    """A function that the client runs gave no result."""

    code = "function_failed"


class StoreUnavailable(DialogueError):
    """The conversation database did not take a write."""

    code = "store_unavailable"


class UnknownConversation(DialogueError):
    """The conversation was never opened, or has been forgotten."""

    code = "unknown_conversation"


class PoliciesInvalid(DialogueError):
    """A file of policies cannot be used; the message names the file, the field and what is allowed."""

    code = "policies_invalid"
