"""A scripted customer: ``Wishes`` and what Kefu says in, the customer's next words out. Deterministic; knows no shop.

a goal is said > Kefu's questions are answered from what is known > a read-back is compared with the wishes
> yes, or what is wrong with it > next goal
refused: the branch of the goal that fits, else the next goal; not understood: the goal again, twice at most
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dialogue.evaluate.tau2 import hearing
from dialogue.evaluate.tau2.answers import answer, picks
from dialogue.evaluate.tau2.readback import objection
from dialogue.evaluate.tau2.reader import items_of
from dialogue.evaluate.tau2.wishes import Branch, Goal, Wishes
from nlu.types import Expectation

LEAVE_IT = "Never mind, leave it as it is."
"""What ends a goal that does not work out."""
_SAID_AGAIN = 2
"""How often a goal is said again when Kefu did not take it up."""
_OBJECTIONS = 3
"""How often the customer puts a read-back of the same goal right before giving that goal up."""
_SAME_ANSWERS = 3
"""How often the same answer is given in a row."""


class ScriptedCustomer:
    """One dialogue. Goals are said one after the other, in the instruction's order."""

    def __init__(self, wishes: Wishes) -> None:
        """At the beginning of the dialogue."""
        self._wishes = wishes
        self._waiting = list(wishes.goals)
        self._goal: Goal | None = None
        self._again = 0
        self._objections: list[str] = []
        self._confirmed = False
        """A read-back of the present goal was said yes to."""
        self._was_identity = False
        self._last = ""
        self._repeated = 0

    def next(self, said: Sequence[str], expectation: Expectation) -> str | None:
        """See ``play.Customer``."""
        words = self._words("\n".join(said), expectation)
        self._repeated = self._repeated + 1 if words == self._last else 0
        if words is not None and self._repeated >= _SAME_ANSWERS:
            words = self._next_goal()
        self._last = words or ""
        return words

    def _words(self, said: str, expectation: Expectation) -> str | None:
        if self._goal is None:
            return self._next_goal()
        asked = hearing.asked(said, expectation)
        told_identity, self._was_identity = self._was_identity, asked == "identity"
        if asked == "confirm":
            return self._confirmation(self._goal, said)
        if asked == "person":
            return self._branch(said) or "No, thank you."
        branch = self._branch(said) if asked not in {"identity", "order_number"} else None
        if branch is not None:
            return branch
        if asked == "more":
            return self._next_goal() or "No, that is all."
        if asked == "which" and (preferred := self._preference(self._goal, said, expectation)):
            return preferred
        if asked:
            words = answer(asked, said, expectation, self._wishes, self._goal)
            return LEAVE_IT if words == self._last and hearing.refused(said) else words
        return self._when_nothing_is_asked(said, told_identity=told_identity)

    def _when_nothing_is_asked(self, said: str, *, told_identity: bool) -> str | None:
        goal = self._goal
        if goal is not None and goal.kind == "cancel" and hearing.offers_whole_order(said):
            return "Yes, the whole order, please." if "order" in goal.words.lower() else LEAVE_IT
        # A change is not done before it was read back, or said to be done.
        waits = goal is not None and goal.kind not in {"info", "other"} and not hearing.settled(said)
        lost = hearing.not_understood(said) or ((waits or told_identity) and not self._confirmed)
        if goal is not None and lost and self._again < _SAID_AGAIN and not hearing.refused(said):
            self._again += 1
            return goal.words
        return self._next_goal()

    def _confirmation(self, goal: Goal, said: str) -> str:
        changed = next((branch for branch in goal.branches if branch.when == "confirm"), None)
        if changed is not None:
            self._take(goal, changed)
            return changed.words
        wrong = objection(goal, self._wishes.payment, said)
        if wrong is not None and (wrong.is_grave or wrong.words not in self._objections):
            times = self._objections.count(wrong.words)
            if times == _SAID_AGAIN or len(self._objections) == _OBJECTIONS:
                return f"No. {LEAVE_IT}"
            self._objections.append(wrong.words)
            return wrong.words
        self._confirmed = True
        return "Yes."

    def _branch(self, said: str) -> str | None:
        """What the customer says to a refusal, or to a price; None where they have nothing for it."""
        goal = self._goal
        if goal is None:
            return None
        branch = hearing.branch_for(goal.branches, said)
        if branch is None:
            return None
        self._take(goal, branch)
        return branch.words

    def _preference(self, goal: Goal, said: str, expectation: Expectation) -> str | None:
        """What they would rather have where several will do: told with an "if it is not available"."""
        if picks(said, expectation, goal):
            return None
        branch = next((one for one in goal.branches if one.when == "refused" and hearing.prefers(one.words)), None)
        if branch is None:
            return None
        self._goal = replace(goal, branches=tuple(one for one in goal.branches if one is not branch))
        return branch.words

    def _take(self, goal: Goal, branch: Branch) -> None:
        """The goal with ``branch`` behind it."""
        left = tuple(other for other in goal.branches if other is not branch)
        if branch.when in {"less_than", "more_than"}:
            left = tuple(other for other in left if other.when not in {"less_than", "more_than"})
        items = items_of(branch.words) or (goal.items if hearing.points_back(branch.words) else ())
        if branch.when == "confirm" and not branch.replaces:
            self._goal = replace(goal, branches=left, items=(*goal.items, *items))
        else:
            payment = hearing.method_in(branch.words) or goal.payment
            self._goal = Goal(
                hearing.kind_in(branch.words) or goal.kind,
                branch.words,
                goal.order_numbers,
                items,
                payment=payment,
                reason=hearing.reason_in(branch.words) or goal.reason,
                branches=left,
            )
        self._again = 0
        self._objections.clear()

    def _next_goal(self) -> str | None:
        if not self._waiting:
            self._goal = Goal("other", "") if self._goal is None else replace(self._goal, branches=())
            return None
        self._goal = self._waiting.pop(0)
        self._again, self._confirmed, self._was_identity = 0, False, False
        self._objections.clear()
        return self._goal.words
