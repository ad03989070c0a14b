"""The stories of a shop whose products have variants, played as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogue.stories import FOLDER, Story, load_stories
from tests.dialogue.variant_shop import VariantPlayer, opened_variant_shop

STORIES = load_stories(FOLDER / "variants")


@pytest.mark.parametrize("story", STORIES, ids=[f"{place:02d}" for place in range(len(STORIES))])
async def test_story(story: Story, tmp_path: Path) -> None:
    async with opened_variant_shop(tmp_path) as shop:
        await VariantPlayer(story, shop).play()


def test_both_languages_are_told() -> None:
    assert {story.language for story in STORIES} == {"zh", "en"}
