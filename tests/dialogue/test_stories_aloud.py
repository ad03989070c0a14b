"""A few stories told on the telephone with the installed engines; more: ``python -m tests.bench stories_aloud``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from nlu.train.embeddings import EncoderError
from speech.errors import ModelMissing
from tests.bench.aloud import Scene, called, scene
from tests.dialogue.stories import Story, load_stories

NAMES = (
    "order_changes: 有几个订单可以取消，选一个",
    "refunds: 没发货的退款就是取消",
    "pickup: pick it up tomorrow morning",
)
"""With an effect on the shop; heard well enough."""
_BY_NAME = {story.name: story for story in load_stories()}
STORIES = tuple(_BY_NAME[name] for name in NAMES)

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def around(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Engines and models; what was heard is not kept. Skips where they are not installed."""
    folder: Path = tmp_path_factory.mktemp("aloud")
    try:
        async with scene(folder) as opened:
            yield opened
    except (EncoderError, ModelMissing) as error:
        pytest.skip(f"not installed: {error}")


@pytest.mark.parametrize("story", STORIES, ids=[f"{place:02d}" for place in range(len(STORIES))])
async def test_story_ends_as_it_should_when_it_is_told_aloud(story: Story, around: Scene) -> None:
    call = await called(story, around)
    assert not call.problems, "\n".join(["", *call.log, "", *call.problems])
