"""``python -m dialogue``: chat with the demo shop in the terminal, in process, with the keyword classifier.

``--anonymous`` is not signed in; ``--explain`` shows what was understood and why. An empty line or Ctrl-D ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from dialogue.chat import Chat
from dialogue.database import migrate, open_database
from dialogue.domains import DEFAULT, load_business
from dialogue.explain import panel
from dialogue.knowledge.entries import entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policies import load_policies, shipped_policies
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.shop.clock import wall_clock
from dialogue.shop.sql import SqlShop
from dialogue.skills import load
from dialogue.state import DialogueState
from dialogue.types import Reply
from nlu.classifiers.keyword import KeywordClassifier
from nlu.slots import ProductLexicon, SlotConfig
from nlu.types import Language
from nlu.understand import Understanding


async def chat(
    *, anonymous: bool, language: Language, explain: bool, domain: str = DEFAULT, policies: Path | None = None
) -> None:
    """Talk until the input ends. The shop is seeded anew in a temporary folder; ``domain`` is one that lives on it."""
    business = load_business(domain)
    allowed = load_policies(policies) if policies else shipped_policies()
    with tempfile.TemporaryDirectory(prefix="kefu-") as folder:
        engine = open_database(f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}")
        try:
            await migrate(engine)
            await demo.seed(engine, now=wall_clock())
            shop = SqlShop(engine, policies=allowed)
            state = DialogueState.new("terminal", None if anonymous else demo.DEMO_CUSTOMER_ID, language)
            own, facts = business.knowledge, business.facts
            known = entries(own, facts or allowed) if own else entries(policies=allowed)
            responder = Responder(
                shop,
                await KnowledgeIndex.open(None, known),
                skills=load(business.skills),
                wordings=business.wordings,
            )
            slots = SlotConfig(catalogue=ProductLexicon(await shop.catalogue()))
            understanding = Understanding(KeywordClassifier(domain=domain), slots=slots)
            await _talk(Chat(understanding, responder, shop, state), explain=explain)
        finally:
            await engine.dispose()


async def _talk(conversation: Chat, *, explain: bool) -> None:
    print(f"({demo.SHOP_NAME}, order {demo.sample_order_number()})")
    _show(conversation.greet())
    while text := (await asyncio.to_thread(_read)).strip():
        async for reply in conversation.say(text):
            _show(reply)
        if explain:
            Console().print(panel(conversation.explanation))


def _read() -> str:
    try:
        return input("> ")
    except EOFError:
        return ""


def _show(reply: Reply) -> None:
    print(reply.text)
    if reply.suggestions:
        print("  " + " | ".join(reply.suggestions))


def main() -> None:
    """Parse arguments and chat."""
    parser = argparse.ArgumentParser(prog="python -m dialogue", description=__doc__)
    parser.add_argument("--anonymous", action="store_true", help="not signed in: orders need number and phone")
    parser.add_argument("--language", choices=["zh", "en"], default="zh")
    parser.add_argument("--domain", default=DEFAULT, help="the shop, or the path of a domain like it")
    parser.add_argument("--policies", type=Path, help="file with what the shop allows, instead of the shipped one")
    parser.add_argument("--explain", action="store_true", help="show what was understood, and why")
    given = parser.parse_args()
    try:
        asyncio.run(chat(**vars(given)))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
