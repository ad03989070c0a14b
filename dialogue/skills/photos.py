"""Pictures that customers send: what is on them is not ours to see; that is said, words or a person are offered."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue.skills.context import Context, Item
from dialogue.state import DialogueState
from nlu.types import Parse

_ABOUT_IT = re.compile(
    r"内容|真实|真的|真假|规则|活动|验证|核实|识别|什么意思|看一?[下看]|如图|图(?:里|中|上)|\b(?:picture|photo|image|real|see)\b",
    re.IGNORECASE,
)
_LITTLE = 12
"""Characters beside the link below which the picture is all that was sent."""


class Photos:
    """Says honestly that a picture was not looked at."""

    name = "photos"
    intents: tuple[str, ...] = ()
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether a picture is all that was sent, or what is on it is asked."""
        slot = parse.slot("photo")
        if slot is None or (state.task is not None and state.expectation.slot == "photo"):
            return False
        rest = parse.text.replace(slot.raw, "")
        return len(rest.strip(" ，。,.!！")) <= _LITTLE or bool(_ABOUT_IT.search(rest))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One reply; nothing is asked that would bury a pending question."""
        yield context.reply(context.say("photos.not_seen"), suggestions=context.suggest("human"))
