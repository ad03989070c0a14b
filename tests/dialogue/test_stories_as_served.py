"""Every story once more, understood by the trained head that is served instead of by keywords.

One encoder process embeds everything that is said in one go; measured on two busy cores: 10 s to embed 496 sentences,
0.2 s a story to play.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dialogue.evaluate.models import LocalModels
from nlu.train.embeddings import EncoderError
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.served import Served, served
from tests.dialogue.stories import Story, StoryPlayer, load_stories

STORIES = load_stories()

# The models' process is asked from one event loop.
pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def as_served() -> AsyncIterator[Served]:
    """The served models in process. Skips where there is no encoder."""
    try:
        models = LocalModels()
        ready = await served(models, STORIES)
    except EncoderError as error:
        pytest.skip(f"no encoder: {error}")
    yield ready
    await models.close()


@pytest.mark.parametrize("story", STORIES, ids=[f"{place:02d}" for place in range(len(STORIES))])
async def test_story(story: Story, as_served: Served) -> None:
    async with opened_demo_shop() as shop:
        await StoryPlayer(story, shop, clock, as_served.fields, as_served.mind).play()
