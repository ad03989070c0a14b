"""Words with which customers say themselves what is to be done with goods: "I want to return the ...". Pure.

A classifier may take the goods for what matters (I want to return the speaker: a question on speakers); a wish in the
first person with its verb outweighs that.
"""

from __future__ import annotations

import re

from dialogue.skills.line_verbs import Verb
from dialogue.state import DialogueState
from nlu.types import Parse

_WISH = (
    r"(?:\bi(?: also| just| still| really|'d| would|'m| am)*(?: like| want| wish| need|"
    r" hope| prefer| looking| going| trying|"
    r" intend| love)?(?: also)? to(?: also| just)? |\bwish to |\b(?:can|could|may) (?:i|"
    r"you|we)(?: also| please| help me)* |"
    r"\bplease(?: also| help me)* |\blet'?s |\bwant to (?:also )?|\bhelp me(?: to)? |"
    r"^(?:also |then |and |so )*(?=return|exchange))"
)
_GOODS_END = (
    r"(?![^.?!]{0,24}\b(?:address|payment|e-?mail|phone number|password|name|account|profile|policy|policies)\b)"
)
_RETURN = re.compile(
    _WISH
    + r"(?:be )?(?:return(?:ing)?|send(?:ing)? (?:\w+ ){0,4}back|give back)\b"
    + _GOODS_END
    + r"|(?:想|要|帮我|申请|希望)(?:把[^，。]{1,20})?(?:退掉|退货)(?![了吗政规])",
    re.IGNORECASE,
)
_EXCHANGE = re.compile(
    _WISH
    + r"(?:exchange|swap|trade)\b"
    + _GOODS_END
    + r"|\b(?:ask for|want|like|need|get) (?:a |an )?(?:new|another) (?:one|pair|unit|piece)\b(?=.*\bsame\b)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    _WISH
    + r"(?:modify|change|upgrade|switch|downgrade|replace|update)\b(?! (?:my mind|the subject|it back))"
    + _GOODS_END,
    re.IGNORECASE,
)
_CANCEL = re.compile(
    _WISH
    + r"(?:cancel|remove|take (?:\w+ ){1,4}out of)\b|\b(?:do not|don'?t|no longer) (?:need|want) (?!to\b|it\b)(?:the |"
    r"my |these |those |any |all |\w+,? (?:and )?\w)|"
    r"\bcan(?:not|'t)? (?:it|that|this|the order) be cancel",
    re.IGNORECASE,
)
_WISHES: tuple[tuple[Verb, re.Pattern[str]], ...] = (
    ("return", _RETURN), ("exchange", _EXCHANGE), ("change", _CHANGE), ("cancel", _CANCEL),
)  # fmt: skip
_NOT_A_REQUEST = re.compile(
    r"\bhow (?:do|can|does|to|long)\b|\bwhat (?:is|are)\b[^.]*\bpolicy\b|\bif i\b", re.IGNORECASE
)
_OWN = {
    "return": frozenset({"return_request", "refund_request", "faulty_goods"}),
    "exchange": frozenset({"exchange_request", "modify_order"}),
    "change": frozenset(
        {"exchange_request", "modify_order", "change_address", "change_payment", "account_address", "account"}
    ),
    "cancel": frozenset({"cancel_order", "return_request", "refund_request"}),
}
"""Intents that need no such help."""
_NOT_GOODS = frozenset({"change_address", "change_payment", "account_address", "account"})


def explicit(parse: Parse, *, always: bool = False) -> Verb | None:
    """return, exchange, change or cancel, where the words say so and the intent does not; ``always``: also where the
    intent says so too."""
    text = parse.text
    if parse.language != "en" or _NOT_A_REQUEST.search(text):
        return None
    found: list[tuple[int, Verb]] = [(match.start(), verb) for verb, words in _WISHES if (match := words.search(text))]
    if not found:
        return None
    verb = min(found)[1]
    if parse.intent in {"affirm", "deny"} or (verb == "change" and parse.intent in _NOT_GOODS):
        return None
    return None if parse.intent in _OWN[verb] and not always else verb


def running(state: DialogueState, skill: str) -> bool:
    """Whether this skill is at work on lines."""
    return state.task is not None and state.task.skill == skill and "work" in state.task.slots


def wishes_of(state: DialogueState, parse: Parse, skill: str) -> Verb | None:
    """What is explicitly wished for, where another task waits for an answer too."""
    task = state.task
    found = explicit(parse, always=task is not None and task.skill != skill)
    if found != "cancel" and task is not None and "work" in task.slots:
        return None  # the task on lines that runs takes up every other verb itself
    return found
