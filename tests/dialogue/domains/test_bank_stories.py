"""Every story of the bank-card hotline, played as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogue.domains.bank import BankPlayer, opened_bank
from tests.dialogue.stories import FOLDER, Story, load_stories

STORIES = load_stories(FOLDER / "bank_card")


@pytest.mark.parametrize("story", STORIES, ids=[f"{place:02d}" for place in range(len(STORIES))])
async def test_story(story: Story, tmp_path: Path) -> None:
    async with opened_bank(tmp_path) as bank:
        await BankPlayer(story, bank).play()


def test_there_are_stories_for_what_matters() -> None:
    assert len(STORIES) >= 25
    assert {story.customer for story in STORIES} == {"demo", "anonymous"}
    assert {story.language for story in STORIES} == {"zh", "en"}
    assert any(turn.modality == "voice" for story in STORIES for turn in story.turns)
