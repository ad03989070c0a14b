"""Goods that do not work: a decision tree (``dialogue.troubleshooting``), one step at a time.

what is wrong -> the tree for it -> a step -> works: done | no: the next | 上一步: back | tried before: skipped
                                      |-> smoke, burning, current: stop using it, a person, at any time
                                      +-> at the end: repair, with its warranty looked up (``repair``)
Where no tree fits the knowledge base answers and it is asked whether that helped; else it is a repair.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

from dialogue import cues
from dialogue.skills import which_product
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer as answer_from_knowledge
from dialogue.skills.handoff import hand_over
from dialogue.skills.numbers import Draft
from dialogue.skills.repair import Repair
from dialogue.state import DialogueState, fold_all
from dialogue.troubleshooting import ENDS, Node, find, trees
from dialogue.troubleshooting.danger import is_dangerous
from dialogue.types import Asked, DialogueEvent, Reply, TaskEnded, TaskStarted
from nlu.types import Expectation, Parse

STEP, ANSWERED = "step", "answered"
SAID_CHARS = 300
_OWN = re.compile(r"我(的|买的|家的?)|\b(my|the|this) [a-z]", re.IGNORECASE)
_UNSURE = frozenset({"out_of_scope", "troubleshoot", "product_question", "stock", "inform"})
"""Intents that a fault told in plain words is taken for; a wish to return it is none."""
_BACK = re.compile(
    r"上一(步|个)|返回上|回到上|退回去?一步|前一步|\b(previous|last) step\b|\bgo back\b|\bback( one)?\b$", re.IGNORECASE
)
_WORKS = re.compile(
    r"(?<![不没未])(好了|好啦|可以了|能(用|充|连)了|正常了|修好了|解决了|连上了|亮了|有反应了|充上了|充进去了"
    r"|不漏了|不响了|没味了|没声音了|行了|搞定)"
    r"|\b(works? (now|again|fine)|it works|fixed|solved|connected now|that (helped|did it))\b",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"还是|依然|仍然|照样|没用|不管用|不起作用|一样(的)?$|没(有)?(变化|反应|效果|好|亮|连上|解决)|试(过"
    r"|了).{0,6}(不|没)|不(行|亮|好使|能用|可以|正常)"
    r"|都(试|弄|做)过|\bstill\b|no (change|difference|luck)|\bsame\b|not working|did ?n.t (help|work)|(tried"
    r"|did) (that|it|this)( already)?",
    re.IGNORECASE,
)

_IS = re.compile(
    r"(是|有|会|亮|湿|在|对)(的|了|啊|一点)?[。.!！]?$|有.{0,6}$|\b(it (is|does)|there (is|are))\b", re.IGNORECASE
)
_IS_NOT = re.compile(r"^.{0,4}(没|不|无)|\b(no|not|none|nothing)\b|n't\b", re.IGNORECASE)
"""Answers to a question of fact: 亮的, 没亮."""
_HOW = re.compile(
    r"怎么(办|修|解决|弄|回事|处理)|咋(办|弄|回事)|\b(how (do|can) i fix|what (should|can) i do|help me fix)\b",
    re.IGNORECASE,
)


class Troubleshoot:
    """Goes through a tree with the customer."""

    name = "troubleshoot"
    intents = ("troubleshoot",)
    writes = True

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Danger at any time; how to mend something; an answer to a step in other words than yes or no."""
        text = parse.normalized or parse.text
        if is_dangerous(text):
            return True
        task = state.task
        if task is None:
            if cues.got_bad_goods(text) or parse.intent not in _UNSURE:
                return bool(_HOW.search(text)) and find(text) is not None and not cues.got_bad_goods(text)
            is_known = (which_product.is_ours(parse) or _OWN.search(text)) and not cues.asks_policy(text)
            has_tree = bool(_HOW.search(text)) and find(text) is not None
            return has_tree or (bool(is_known) and cues.has_failed(text) and not Repair().claims(state, parse))
        if task.skill == self.name and task.step == ANSWERED:
            return bool(_WORKS.search(text) or _STILL.search(text))
        if task.skill != self.name or task.step != STEP:
            return False
        node = trees()[str(task.slots["tree"])].nodes[str(task.slots["node"])]
        return _read(node, text) is not None or bool(_BACK.search(text)) or find(text) is not None

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn. Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        draft = context.draft(self.name)
        if not context.resumed and is_dangerous(context.text):
            for item in hand_over(
                context,
                "safety",
                lead=context.wording.join(context.say("troubleshoot.stop_using"), context.say("troubleshoot.danger")),
            ):
                yield item
            return
        if cues.wants_to_stop(context.text) and draft and not context.resumed:
            yield TaskEnded("cancelled")
            yield context.reply(context.say("troubleshoot.stopped"), suggestions=context.suggest("human"))
            return
        task = context.task_of(self.name)
        if task is not None and task.step == ANSWERED:
            async for item in self._after_answer(context, draft):
                yield item
            return
        if context.resumed:
            items: tuple[Item, ...] = self._ask(context, draft)
        elif not draft:
            tree = find(context.text, _product(context))
            if tree is None:
                async for item in self._without_tree(context):
                    yield item
                return
            items = self._start(context, draft, tree)
        else:
            target = self._target(context, draft)
            if target == "repair":
                async for item in self._repair(context, draft):
                    yield item
                return
            items = self._go(context, draft, target)
        for item in items:
            yield item

    async def _without_tree(self, context: Context) -> AsyncIterator[Item]:
        """The knowledge base's answer, and whether it helped; of what it does not know, a repair. A mere question is
        only answered."""
        if not cues.has_failed(context.text):
            async for item in answer_from_knowledge(context):
                yield item
            return
        draft: Draft = {"fault": context.turn.parse.text.strip()[:SAID_CHARS], "steps": []}
        if product := _product(context):
            draft["about"] = product
        hits = await context.knowledge.search(context.text, context.language, 1)
        if not hits or not hits[0].confident:
            for event in context.open_task(self.name, draft):
                yield event
            after = replace(context, state=fold_all(context.state, context.open_task(self.name, draft)))
            async for item in self._repair(after, draft):
                yield item
            return
        for event in (*context.open_task(self.name, draft, ANSWERED), Asked(Expectation("yes_no"))):
            yield event
        async for item in answer_from_knowledge(context):
            if isinstance(item, Reply):
                text = context.wording.join(item.text, context.say("troubleshoot.helped"))
                item = replace(item, text=text, suggestions=context.suggest("works", "still", "human"))  # noqa: PLW2901
            yield item

    async def _after_answer(self, context: Context, draft: Draft) -> AsyncIterator[Item]:
        """Whether the answer helped: solved, or a repair."""
        text, intent = context.text, context.turn.parse.intent
        helped = intent == "affirm" or (_WORKS.search(text) is not None and _STILL.search(text) is None)
        if not context.resumed and (intent == "deny" or _STILL.search(text)):
            draft["steps"] = [context.say("troubleshoot.advice")]
            async for item in self._repair(context, draft):
                yield item
        elif helped and not context.resumed:
            yield TaskEnded("done")
            yield context.reply(context.say("troubleshoot.solved"))
        else:
            yield Asked(Expectation("yes_no"))
            yield context.reply(context.say("troubleshoot.helped"), suggestions=context.suggest("works", "still"))

    def _start(self, context: Context, draft: Draft, tree: str, lead: str = "troubleshoot.start") -> tuple[Item, ...]:
        """The first step that was not tried before."""
        draft.update(tree=tree, path=[], said=context.text[:SAID_CHARS])
        draft.setdefault("steps", [])
        if product := _product(context):
            draft["about"] = product
        target = _skip(context, draft, trees()[tree].start)
        if target in ENDS:
            target = trees()[tree].start
        draft["node"] = target
        return self._ask(context, draft, context.say(lead))

    def _target(self, context: Context, draft: Draft) -> str | None:
        """Where the answer leads: a node, an end, ``back``, ``other:TREE``; None when it was no answer."""
        text, node = context.text, _node(draft)
        if _BACK.search(text):
            return "back"
        draft["said"] = f"{draft.get('said', '')} {text}"[-SAID_CHARS:]
        answer = _read(node, text)
        if answer is None and context.turn.parse.intent in {"affirm", "deny"}:
            answer = node.if_yes if context.turn.parse.intent == "affirm" else node.if_no
        if answer is None:
            other = find(text, str(draft.get("about", "")))
            if other is not None and other != draft["tree"]:
                return f"other:{other}"
            answer = node.if_no if other is not None and node.asks == "fixed" else None
        if answer is None:
            return None
        draft["steps"] = [*draft["steps"], node.label.of(context.language)]
        return answer if answer in ENDS else _skip(context, draft, answer)

    def _go(self, context: Context, draft: Draft, target: str | None) -> tuple[Item, ...]:
        if target is None:
            return self._ask(context, draft, context.say("troubleshoot.yes_or_no"))
        if target == "back":
            path = draft.get("path", [])
            if not path:
                return self._ask(context, draft, context.say("troubleshoot.first_step"))
            draft.update(node=path[-1], path=path[:-1], steps=draft["steps"][:-1])
            return self._ask(context, draft)
        if target.startswith("other:"):
            return self._start(context, draft, target.removeprefix("other:"), "troubleshoot.other")
        if target in {"solved", "later"}:
            reply = context.reply(context.say(f"troubleshoot.{target}"), suggestions=context.suggest("human"))
            return (*context.open_task(self.name, draft), TaskEnded("done"), reply)
        if target == "person":
            return hand_over(context, "troubleshoot", lead=context.say("troubleshoot.person"))
        draft.update(path=[*draft.get("path", []), draft["node"]], node=target)
        return self._ask(context, draft)

    def _ask(self, context: Context, draft: Draft, lead: str = "") -> tuple[Item, ...]:
        node = _node(draft)
        works = ("works", "still") if node.asks == "fixed" else ("yes_is", "no_is")
        suggestions = context.suggest(*works, *(("back",) if draft.get("path") else ()), "human")
        return (
            *context.open_task(self.name, draft, STEP),
            Asked(Expectation("yes_no")),
            context.reply(lead, node.say.of(context.language), suggestions=suggestions),
        )

    async def _repair(self, context: Context, draft: Draft) -> AsyncIterator[Item]:
        """Ends this task and goes on as a repair, in the same turn."""
        told = "、" if context.language == "zh" else ", "
        fault = draft.get("fault") or trees()[str(draft["tree"])].title.of(context.language)
        slots = {"fault": fault, "steps": told.join(draft["steps"])}
        slots |= {name: draft[name] for name in ("about",) if name in draft}
        events: tuple[DialogueEvent, ...] = (
            *context.open_task(self.name, draft),
            TaskEnded("done"),
            TaskStarted(Repair.name, f"{context.turn.turn_id}-{Repair.name}", slots),
        )
        for event in events:
            yield event
        # What was said answered the step; it names no order.
        after = replace(context, state=fold_all(context.state, events), resumed=True)
        is_asked = False
        async for item in Repair().run(after):
            is_asked = is_asked or (isinstance(item, Asked) and item.expectation.kind != "yes_no")
            if isinstance(item, Reply) and is_asked:
                item = replace(item, text=context.wording.join(context.say("troubleshoot.repair"), item.text))  # noqa: PLW2901
            yield item


def _read(node: Node, text: str) -> str | None:
    """Where words that are neither yes nor no lead; None where they do not tell."""
    for branch in node.branches:
        if branch.words.found(text):
            return branch.to
    if node.asks == "fact":
        return node.if_no if _IS_NOT.search(text) else node.if_yes if _IS.match(text) else None
    if _WORKS.search(text) and not cues.is_question(text) and not _STILL.search(text):
        return node.if_yes
    if _STILL.search(text) or (node.tried is not None and node.tried.found(text)):
        return node.if_no
    return None


def _skip(context: Context, draft: Draft, target: str) -> str:
    """``target``, or what follows it where the customer said before that it was tried."""
    nodes = trees()[str(draft["tree"])].nodes
    while target in nodes:
        node = nodes[target]
        if node.tried is None or not node.tried.found(str(draft.get("said", ""))):
            return target
        draft["steps"] = list(dict.fromkeys([*draft["steps"], node.label.of(context.language)]))
        target = node.if_no
    return target


def _node(draft: Draft) -> Node:
    return trees()[str(draft["tree"])].nodes[str(draft["node"])]


def _product(context: Context) -> str:
    slot = context.turn.parse.slot("product")
    return str(slot.value) if slot else ""
