"""Every story, played as text."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.stories import Story, StoryPlayer, fields_of, load_stories

STORIES = load_stories()
_FIELDS: dict[str, str] = {}


async def _fields() -> Mapping[str, str]:
    """The named orders; the same in every copy of the demo shop, so read once."""
    if not _FIELDS:
        async with opened_demo_shop() as shop:
            _FIELDS.update(await fields_of(shop, clock))
    return _FIELDS


@pytest.mark.parametrize("story", STORIES, ids=[f"{place:02d}" for place in range(len(STORIES))])
async def test_story(story: Story) -> None:
    async with opened_demo_shop() as shop:
        await StoryPlayer(story, shop, clock, await _fields()).play()


def test_there_are_stories_for_what_matters() -> None:
    assert len(STORIES) >= 20
    assert any(story.customer == "anonymous" for story in STORIES)
    assert any(story.language == "en" for story in STORIES)
