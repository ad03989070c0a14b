"""The understanding that is served, for stories: trained heads and knowledge over models that answer in process.

``dialogue.evaluate.stories`` looks for ``scores`` here by name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dialogue.knowledge.index import KnowledgeIndex
from nlu.classifiers.triton import TritonClassifier
from nlu.slots import ProductLexicon, SlotConfig
from nlu.understand import Understanding
from tests.dialogue.demo_shop import NOW, clock, opened_demo_shop
from tests.dialogue.stories import Mind, Score, Story, StoryPlayer, fields_of, load_stories

_BATCH = 32
_DEADLINE_S = 60.0
"""Of one question to the models; the machine may be busy."""


@dataclass(frozen=True)
class Served:
    """What plays a story as served."""

    mind: Mind
    fields: Mapping[str, str]

    async def score(self, story: Story) -> Score:
        """How ``story`` goes on a fresh shop."""
        async with opened_demo_shop() as shop:
            return await StoryPlayer(story, shop, clock, self.fields, self.mind).score()


async def served(models: Any, stories: tuple[Story, ...]) -> Served:
    """``models``: an ``InferenceClient`` or ``LocalModels``; it embeds all sentences of ``stories`` here.

    Raises ``EncoderError`` and ``InferenceError``.
    """
    knowledge = await KnowledgeIndex.open(models)
    async with opened_demo_shop() as shop:
        fields = await fields_of(shop, clock)
        catalogue = ProductLexicon(await shop.catalogue())
        players = [StoryPlayer(story, shop, clock, fields) for story in stories]
    said = [[player.filled(turn.say)] for player in players for turn in player.story.turns]
    for start in range(0, len(said), _BATCH):
        await models.infer("embed", {"TEXT": np.array(said[start : start + _BATCH], dtype=object)})
    classifier = TritonClassifier(models, _DEADLINE_S)
    understanding = Understanding(classifier, slots=SlotConfig(catalogue=catalogue), clock=NOW.date)
    return Served(Mind(understanding, knowledge), fields)


async def scores(models: Any, most: int | None, told: Callable[[Score], None]) -> AsyncIterator[Score]:
    """Every story, or ``most`` of them evenly spaced. Raises as ``served``."""
    stories = load_stories()
    step = max(1, len(stories) // most) if most else 1
    chosen = stories[::step][:most]
    ready = await served(models, chosen)
    for story in chosen:
        score = await ready.score(story)
        told(score)
        yield score
