"""An instruction in, the ``Wishes`` of its customer out: rules over its words, nothing else is looked at.

    instruction > listed changes | sentences > introductions, directions (dropped)
                                             > conditions > answers and branches of the goal before them
                                             > wishes, one goal each; what is no wish is said with the goal beside it

The same text gives the same wishes. README.md says what the rules do not understand.
"""

from __future__ import annotations

import re
from dataclasses import replace

from dialogue.evaluate.tau2 import conditions
from dialogue.evaluate.tau2.identity import emails_of, name_of, only_introduces, postal_code_of
from dialogue.evaluate.tau2.listed import LISTED, goal_of
from dialogue.evaluate.tau2.sentences import (
    REQUEST_VERBS,
    begins_with_verb,
    first_person,
    sentences,
    spoken,
    wishes,
    without_wanting,
)
from dialogue.evaluate.tau2.tasks import Instruction
from dialogue.evaluate.tau2.wishes import Branch, Goal, GoalKind, Wishes

_ORDER_NUMBER = re.compile(r"#?\bW\d{5,}\b")
_DIRECTION = re.compile(
    r"\bthe agent\b|\bcustomer service\b|^(?:please )?(?:make sure|be |do not|don't|never|try "
    r"to|remember|always|avoid|insist|only )"
    r"|\b(?:do not|don't|does not|doesn't|not) want to (?:reveal|share|tell|give|disclose)|\byour "
    r"(?:approach|tone|personality|goal)\b"
    r"|\byou (?:like|love|prefer) to (?:say|talk|speak|chat)|\bone thing at a time\b",
    re.IGNORECASE,
)
_KINDS: tuple[tuple[GoalKind, str], ...] = (
    ("info", r"^(?:[\w']+\s+){0,3}?(?:know|knowing|check|find out|finding out|figur\w+ out|confirm|inquire|"
    r"see|learn|hear|track|wonder)\b|"
    r"^(?:[\w']+\s+){0,2}?ask (?:about|how|what|if|when|whether|why)\b"
     r"|^get (?:the|a|your) (?:tracking|total|price|number|status|balance|refund amount|details?)\b"),
    ("other", r"\bundo\b|\breinstate\b|\brestore\b|\bplace (?:a|an|the) (?:new )?order\b"),
    ("payment", r"\b(?:chang|switch|modif|updat)\w*\b.*\bpayment\b(?! difference)|\bpay for\b.*\bwith\b"),
    ("address", r"\b(?:chang|switch|modif|updat)\w*\b.*\b(?:order|orders|shipping|delivery|#?W\d+)\b.*\baddress|"
     r"\b(?:chang|switch|modif|updat)\w*\b.*\baddress\b.*\b(?:order|orders)\b(?!s? something)"
     r"|^for (?:order )?#?W\d+.*\baddress\b|\b(?:go|goes|send|sent|shipped|delivered) to \d"),
    ("account_address", r"\b(?:chang|switch|modif|updat)\w*\b.*\baddress\b"),
    ("cancel", r"\bcancel|\bno longer need"),
    ("exchange", r"\bexchang|\bswap|\breplac|\bnew pair\b|\bsame (?:thing|one|item)s? but\b"),
    ("return", r"\breturn|\brefund\b|\bsend\w* (?:\w+ ){0,5}back\b|\bmoney back\b"),
    ("modify", r"\b(?:chang|modif|switch|updat|upgrad|remov)|\btak\w+ .*\bout of\b"),
    ("info", r"\bhow (?:many|much)\b|\bwonder\b|\btell me\b|\?$|^(?:[\w']+\s+){0,3}?(?:find|get|ask)\b"),
)  # fmt: skip
_REQUEST = re.compile(
    rf"\b(?:{REQUEST_VERBS}|upgrad\w+|exchang\w+|cancel\w*|return\w*|wonder|wondering|how many|how much|no "
    rf"longer needs?|replacement|knowing|figur\w+ out|finding out|pay for|"
    rf"send\w* (?:\w+ ){{1,6}}back|(?:tak\w+|leav\w+) (?:\w+ ){{1,6}}out|the same (?:thing|one|item)s? but|"
    rf"(?:go|goes|sent|shipped|delivered) to(?= \d))\b",
    re.IGNORECASE,
)
_WANT = re.compile(
    r"\b(?:has to|have to|want|wish|would like|'d like|need|looking|decided?|hope|rather|wonder|inquire|"
    r"intend|interested "
    r"in)\b",
    re.IGNORECASE,
)
_METHOD = re.compile(
    r"\b(?:credit_card|gift_card|paypal)_\d+|\bgift ?cards?\b|\bGC\b|\bcredit cards?\b|\bpaypal(?: "
    r"account)?\b|\b(?:mastercard|visa)\b"
    r"|\boriginal payment(?: method)?\b|\bsame payment(?: method)?\b",
    re.IGNORECASE,
)
_REASONS = (("ordered by mistake", re.compile(r"\bby mistake\b|\baccident", re.IGNORECASE)), ("no longer "
"needed", re.compile(r"\bno longer need", re.IGNORECASE)))  # fmt: skip
_ADDRESS = re.compile(
    r"\b\d+\s+[A-Z][\w' ]*?(?:St|Street|Ave|Avenue|Road|Rd|Drive|Dr|Lane|Ln|Blvd|Boulevard|Way|Court)\b[^.]*\b\d{5}\b"
)
_OBJECT = re.compile(
    r"\b(?:return|exchange|cancel|change|modify|replace|swap|switch|update|upgrade|remove|no longer "
    r"need)\s+(?P<what>.+?)"
    r"(?=\s+(?:for|to|from|in|with|via|because|since|that|which|of|you|I|into|so|but|if|except|due|has|have|"
    r"inside|as)\b"
    r"|\s+and\s+(?:refund|ask|use|pay|get|have|prefer)\b|[.?:(]|$)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"\b(?:cheapest|dearest|most expensive|many|of the)\s+(?:available\s+)?(?P<what>[a-z-]+(?: "
    r"[a-z-]+)?)(?=\s+(?:right|options|"
    r"available|variants|in|and|is|are|there|you)\b|[.,?]|$)",
    re.IGNORECASE,
)
_NEXT_OBJECT = re.compile(r"\band\s+(?:the|your|my)\s+(?P<what>[^,.]+?)\s+(?:for|to|into)\b", re.IGNORECASE)
_AGAIN = re.compile(r"\b(?:return|cancel|exchange|change|modify)\s+(?:it|them|that|these)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\s*\([^)]*\b(?:reveal|agent|won't)\b[^)]*\)", re.IGNORECASE)
_DETERMINER = re.compile(
    r"^(?:also |both |all |of |the |a |an |my |your |its |their |this |that |these |those |two |three |one |"
    r"every |each |"
    r"pending |current |old |new |small |large |big |delivered |recent |just |only |other |order |item )+",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"^(?:|it|them|one|ones|both|all|some|thing|things|items?|orders?|everything|anything|something|"
    r".*\bones?|.*\borders?|.*\bitems?|.*\bthings?|"
    r".*\border #?w\d+|#?w\d+|.*\baddress|.*\bpayment|.*\bmethod|not|out|back|whole|.*\bprice|.*\bnumber|colou?r)$",
    re.IGNORECASE,
)


def read(instruction: Instruction) -> Wishes:
    """The wishes of an instruction. Never raises; an instruction without any wish has no goals."""
    introduced = [text for text in sentences(instruction.reason) if only_introduces(text)]
    known = "\n".join([instruction.known, *introduced])
    reader = _Reader()
    reader.take(instruction.reason)
    reader.take_manner(instruction.manner)
    goals = tuple(reader.finished())
    return Wishes(
        name_of(known),
        emails_of(known),
        postal_code_of(known),
        goals,
        tuple(reader.answers),
        reader.reason,
        next((goal.payment for goal in goals if goal.payment), ""),
        tuple(first_person(text) for text in sentences(instruction.known) if not only_introduces(text)),
    )


class _Reader:
    """Goals as they are found, and what is told besides."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self.reason = ""
        self._goals: list[Goal] = []
        self._context: list[str] = []
        self._early: list[Branch] = []
        """Conditions that are told before the first goal."""

    def take(self, text: str) -> None:
        """Read on."""
        place = 0
        for found in LISTED.finditer(text):
            self._prose(text[place : found.start()])
            self._goals.append(goal_of(found))
            place = found.end()
        self._prose(text[place:])

    def take_manner(self, text: str) -> None:
        """Read on in what says how to behave: only conditions and plain wishes of it are said."""
        for sentence in sentences(text):
            if conditions.split(sentence) is not None or (_WANT.search(sentence) and _kind(without_wanting(sentence))):
                self._prose(sentence)

    def finished(self) -> list[Goal]:
        """The goals; what was only told stands with the last."""
        if self._context and self._goals:
            self._goals[-1] = _told(self._goals[-1], " ".join(self._context))
        elif self._context:
            words = " ".join(self._context)
            kind = _kind(words) or "other"
            self._goals = [replace(_goal(kind, words, words), branches=tuple(self._early))]
        return self._goals

    def _prose(self, text: str) -> None:
        for sentence in sentences(_ASIDE.sub("", text)):
            conditional = conditions.split(sentence)
            if conditional is not None and conditions.comes_later(conditional):
                self._wishes(conditions.without_mood(conditional.consequence))
            elif conditional is not None:
                self._condition(sentence, conditional)
            elif not only_introduces(sentence) and not _DIRECTION.search(sentence):
                self._wishes(sentence)

    def _condition(self, sentence: str, conditional: conditions.Conditional) -> None:
        asked = conditions.answer_of(conditional)
        if asked is not None:
            reason = _reason(asked[1])
            if reason and "reason" in f"{conditional.condition} {asked[0]}".lower():
                self.reason = reason
            self.answers.append(asked)
            return
        before = self._goals[-1].branches[-1] if self._goals and self._goals[-1].branches else None
        branch = conditions.branch_of(conditional, before)
        if conditions.is_opposite_of_refusal(conditional, before):
            return
        if branch is None or (conditional.is_trailing and not self._goals):
            self._wishes(sentence, is_conditional=True)
        elif self._goals:
            goal = self._goals[-1]
            self._goals[-1] = replace(goal, branches=(*goal.branches, branch))
        else:
            self._early.append(branch)

    def _wishes(self, sentence: str, *, is_conditional: bool = False) -> None:
        parts = [sentence] if is_conditional else wishes(sentence)
        for place, part in enumerate(parts):
            bare = without_wanting(part)
            asks = bool(_REQUEST.search(part)) and (
                place > 0 or bare != part or bool(_WANT.search(part)) or _begins(part)
            )
            kind = _kind(bare) if asks else None
            if kind is None:
                self._aside(spoken(part))
                continue
            if self._goals and self._goals[-1].kind == kind and _AGAIN.search(bare):
                self._aside(spoken(part))
                continue
            wish = bare if begins_with_verb(bare) else part
            words = " ".join([*self._context, spoken(wish, another=bool(self._goals))])
            self._goals.append(replace(_goal(kind, words, bare), branches=tuple(self._early)))
            self._context.clear()
            self._early.clear()

    def _aside(self, words: str) -> None:
        """Something that is said with a goal: with the one before it, or with the first."""
        if self._goals:
            self._goals[-1] = _told(self._goals[-1], words)
        else:
            self._context.append(words)


def _told(goal: Goal, words: str) -> Goal:
    return replace(
        goal,
        words=f"{goal.words} {words}",
        payment=goal.payment or _payment(words),
        reason=goal.reason or (_reason(words) if goal.kind == "cancel" else ""),
    )


def _goal(kind: GoalKind, words: str, wish: str) -> Goal:
    address = _ADDRESS.search(words)
    return Goal(
        kind,
        words,
        tuple(dict.fromkeys(f"#{found.lstrip('#')}" for found in _ORDER_NUMBER.findall(words))),
        items_of(wish) if kind in {"return", "exchange", "modify"} else _subject_of(wish),
        payment=_payment(words) if kind in {"return", "exchange", "modify", "payment", "cancel"} else "",
        reason=_reason(words) if kind == "cancel" else "",
        address=address[0] if address and kind in {"address", "account_address"} else "",
    )


def items_of(wish: str) -> tuple[str, ...]:
    """What a wish is about, as it is called there; empty for "it", "everything", "two items"."""
    found = _OBJECT.search(wish)
    if found is None:
        return ()
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+(?:also\s+)?", found["what"])
    parts += [more["what"] for more in _NEXT_OBJECT.finditer(wish, found.end())]
    named = (_DETERMINER.sub("", f"{part.strip()} ").strip() for part in parts)
    return tuple(name for name in named if not _NOTHING.match(name))


def _subject_of(wish: str) -> tuple[str, ...]:
    """What a question is about: "the cheapest available desk lamp" asks about a desk lamp."""
    found = _SUBJECT.search(wish)
    return (found["what"],) if found else ()


def _begins(part: str) -> bool:
    return bool(re.match(rf"^(?:also |then |finally,? |please )*(?:{REQUEST_VERBS})\b", part, re.IGNORECASE))


def _kind(wish: str) -> GoalKind | None:
    return next((kind for kind, pattern in _KINDS if re.search(pattern, wish, re.IGNORECASE)), None)


def _payment(words: str) -> str:
    found = _METHOD.search(words)
    return found[0] if found else ""


def _reason(words: str) -> str:
    return next((reason for reason, pattern in _REASONS if pattern.search(words)), "")


__all__ = ["Branch", "items_of", "read"]
