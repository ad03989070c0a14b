"""Every story once more, understood by the trained head that is served instead of by keywords.

One encoder process embeds everything that is said in one go; measured on two busy cores: 7 s to embed 450 sentences,
0.2 s a story to play.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import pytest_asyncio

from dialogue.evaluate.models import LocalModels
from dialogue.knowledge.index import KnowledgeIndex
from nlu.classifiers.triton import TritonClassifier
from nlu.slots import ProductLexicon, SlotConfig
from nlu.train.embeddings import EncoderError
from nlu.understand import Understanding
from tests.dialogue.demo_shop import NOW, clock, opened_demo_shop
from tests.dialogue.stories import Mind, Story, StoryPlayer, fields_of, load_stories

STORIES = load_stories()
_DEADLINE_S = 60.0
"""Of one question to the models; the machine may be busy."""

# The models' process is asked from one event loop.
pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]


@dataclass(frozen=True)
class _Served:
    mind: Mind
    fields: Mapping[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[_Served]:
    """The served models in process, and all sentences of the stories embedded. Skips where there is no encoder."""
    try:
        models = LocalModels()
        knowledge = await KnowledgeIndex.open(models)
    except EncoderError as error:
        pytest.skip(f"no encoder: {error}")
    async with opened_demo_shop() as shop:
        fields = await fields_of(shop, clock)
        catalogue = ProductLexicon(await shop.catalogue())
        players = [StoryPlayer(story, shop, clock, fields) for story in STORIES]
    said = [player.filled(turn.say) for player in players for turn in player.story.turns]
    await models.infer("embed", {"TEXT": np.array(said, dtype=object)})
    classifier = TritonClassifier(models, _DEADLINE_S)
    understanding = Understanding(classifier, slots=SlotConfig(catalogue=catalogue), clock=NOW.date)
    yield _Served(Mind(understanding, knowledge), fields)
    await models.close()


@pytest.mark.parametrize("story", STORIES, ids=[f"{place:02d}" for place in range(len(STORIES))])
async def test_story(story: Story, served: _Served) -> None:
    async with opened_demo_shop() as shop:
        await StoryPlayer(story, shop, clock, served.fields, served.mind).play()
