"""Stories played as telephone calls: ``python -m tests.bench stories_aloud``.

    a story's line > our voice > 300-3400 Hz, 8 kHz, 8-bit mu-law, white noise at 30 dB > our recogniser > Kefu

A caller is as patient as people are: when Kefu says that it did not understand, they say the line once more. What
counts is how a story ends: what the shop holds, what was written, which tickets there are, who has it in hand. What was
heard is kept in build/bench/aloud.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dialogue.chat import Chat
from dialogue.evaluate.models import LocalModels
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.shop.protocol import Shop
from dialogue.types import Reply
from gateway.expected_words import ExpectedWords
from nlu.classifiers.triton import TritonClassifier
from nlu.hotwords import domain_words
from nlu.slots import ProductLexicon, SlotConfig
from nlu.understand import Understanding
from speech.asr import AsrOptions, load_asr
from speech.audio import resample
from speech.tts import TtsOptions, load_tts
from speech.types import LISTEN_RATE_HZ, BatchAsr, Hotwords, Language, TtsEngine
from tests.bench.robust import over_the_line
from tests.bench.tts import spoken_samples
from tests.dialogue.demo_shop import NOW, clock, opened_demo_shop
from tests.dialogue.stories import Mind, Story, StoryPlayer, StoryTurn, fields_of

SNR_DB = 30.0
_DEADLINE_S = 60.0
_REPEATS = 1
"""Of one line."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the recogniser made of a line."""

    text: str
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Called:
    """How a story ended that was told on the telephone."""

    name: str
    has_effect: bool
    """It changes the shop, opens a ticket or is handed over, so that the end shows whether it was understood."""
    problems: tuple[str, ...]
    """What is not as it should be at the end."""
    last_answer: tuple[str, ...]
    """What is wrong with the last answer."""
    repeats: int
    log: tuple[str, ...]


class Telephone:
    """Says lines over a noisy line to our recogniser; the same words are heard the same way."""

    def __init__(self, tts: TtsEngine, asr: BatchAsr, kept: Path, snr_db: float = SNR_DB) -> None:
        """``kept``: a folder for what was heard."""
        self._tts = tts
        self._asr = asr
        self._kept = kept
        self._snr_db = snr_db
        kept.mkdir(parents=True, exist_ok=True)

    async def say(
        self, words: str, language: Language, expect: Callable[[float], Hotwords | None], context: str, attempt: int
    ) -> Heard:
        """What comes out at Kefu's end. ``expect``: what for, by length in seconds, the same for the same ``context``;
        every ``attempt`` meets other noise."""
        key = repr((words, language, context, self._snr_db, attempt))
        path = self._kept / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"
        if not await asyncio.to_thread(path.is_file):
            samples, *_ = await spoken_samples(self._tts, words, language)
            wide = resample(samples, self._tts.capabilities.rate_hz, LISTEN_RATE_HZ)
            seed = int(hashlib.sha256(f"{words} {attempt}".encode()).hexdigest()[:8], 16)
            line = over_the_line(wide, self._snr_db, seed)
            got = await self._asr.transcribe(line, language=language, hotwords=expect(line.size / LISTEN_RATE_HZ))
            row = {"said": words, "text": got.text, "alternatives": got.alternatives}
            await asyncio.to_thread(path.write_text, json.dumps(row, ensure_ascii=False), "utf-8")
        found = json.loads(await asyncio.to_thread(path.read_text, "utf-8"))
        return Heard(found["text"], tuple(found["alternatives"]))


class Caller(StoryPlayer):
    """Tells a story on the telephone and looks how it ended."""

    def __init__(self, story: Story, shop: Shop, fields: Mapping[str, str], mind: Mind, telephone: Telephone) -> None:
        """``fields`` are those of ``fields_of``."""
        super().__init__(story, shop, clock, fields, mind)
        self._words = ExpectedWords(domain_words(), shop, own=True)
        self._telephone = telephone
        self._log: list[str] = []
        self._repeats = 0

    async def call(self) -> Called:
        """Say every line; never raises for what Kefu does."""
        chat = await self._chat()
        wrong: list[str] = []
        for turn in self.story.turns:
            replies = await self._said(turn, chat)
            wrong = self._problems(turn.expect, replies, chat)
        story = self.story
        return Called(
            story.name,
            bool(story.writes or story.tickets or story.handed_off or story.shop),
            tuple(await self._problems_at_the_end(chat)),
            tuple(wrong),
            self._repeats,
            tuple(self._log),
        )

    async def _said(self, turn: StoryTurn, chat: Chat) -> list[Reply]:
        """The replies to a line, which is said again where it was not understood."""
        words = self.filled(turn.say)
        replies: list[Reply] = []
        for attempt in range(1 + _REPEATS):
            await self._words.learn(chat.state.customer_id)
            expect = partial(self._words.now, chat.state.expectation)
            context = repr([expect(seconds) for seconds in (1.0, 2.0, 4.0)])
            heard = await self._telephone.say(words, self.story.language, expect, context, attempt)
            replies = [reply async for reply in chat.say(heard.text, "voice", heard.alternatives)]
            assert chat.turn is not None
            parse = chat.turn.parse
            self._log += [f"> {words} | {heard.text} [{parse.intent}]", *(reply.text for reply in replies)]
            if parse.intent != "out_of_scope":
                break
            self._repeats += attempt < _REPEATS
        return replies


@dataclass(frozen=True, slots=True)
class Scene:
    """What callers need."""

    mind: Mind
    fields: Mapping[str, str]
    telephone: Telephone


@asynccontextmanager
async def scene(kept: Path) -> AsyncIterator[Scene]:
    """Engines and models, loaded. Raises what they raise where they are not installed."""
    models = LocalModels()
    knowledge = await KnowledgeIndex.open(models)
    async with opened_demo_shop() as shop:
        fields = await fields_of(shop, clock)
        catalogue = ProductLexicon(await shop.catalogue())
    understanding = Understanding(
        TritonClassifier(models, _DEADLINE_S), slots=SlotConfig(catalogue=catalogue), clock=NOW.date
    )
    tts, asr = await asyncio.to_thread(load_tts, TtsOptions()), await asyncio.to_thread(load_asr, AsrOptions())
    try:
        yield Scene(Mind(understanding, knowledge), fields, Telephone(tts, asr, kept))
    finally:
        await tts.close()
        await asr.close()
        await models.close()


async def called(story: Story, around: Scene) -> Called:
    """One story, in a shop of its own."""
    async with opened_demo_shop() as shop:
        return await Caller(story, shop, around.fields, around.mind, around.telephone).call()


def as_it_should_be(calls: Sequence[Called]) -> int:
    """How many ended as they should."""
    return sum(not call.problems for call in calls)
