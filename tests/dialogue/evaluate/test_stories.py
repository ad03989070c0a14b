"""Our stories as tasks: what counts as a success, and that a wrong end is counted."""

from __future__ import annotations

from dataclasses import replace

from dialogue.evaluate.stories import report
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.stories import Score, Story, StoryPlayer, StoryTurn, fields_of

STORY = Story(
    "cancel",
    "demo",
    "zh",
    (StoryTurn("取消订单{paid}，不想要了", {"waits_for": "yes_no"}), StoryTurn("确认", {"contains": "已经取消"})),
    ({"order": "{paid}", "status": "cancelled"},),
    1,
    False,
)


async def score(story: Story) -> Score:
    async with opened_demo_shop() as shop:
        return await StoryPlayer(story, shop, clock, await fields_of(shop, clock)).score()


async def test_a_story_that_ends_as_it_must() -> None:
    assert await score(STORY) == Score("cancel", "zh", 2, 0, ())


async def test_a_wrong_end_and_a_wrong_answer_are_counted_and_do_not_stop_it() -> None:
    first, last = STORY.turns
    wrong = replace(STORY, turns=(replace(first, expect={"contains": "没有这句"}), last), writes=2)
    found = await score(wrong)
    assert (found.turns, found.wrong_turns) == (2, 1)
    assert found.at_the_end == ("writes: 1, expected 2",)


def test_the_report() -> None:
    good, told, bad = Score("a", "zh", 2, 0, ()), Score("b", "zh", 2, 1, ()), Score("c", "en", 1, 0, ("writes",))
    found = report([good, told, bad])
    assert (found["stories"], found["turns"]) == (3, 5)
    assert (found["task_success"], found["all_checks"], found["turns_as_expected"]) == (0.6667, 0.3333, 0.8)
    assert found["by_language"]["en"]["task_success"] == 0.0
    assert [one["story"] for one in found["failed"]] == ["b", "c"]
