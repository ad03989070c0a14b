"""Choosing tasks, telling progress, keeping transcripts."""

from pathlib import Path

import pytest

from dialogue.evaluate.__main__ import main
from dialogue.evaluate.dialogues import Played, chosen
from dialogue.evaluate.play import Task
from dialogue.evaluate.retrieval import DataError
from dialogue.evaluate.tau2.plays import plays
from dialogue.evaluate.worlds import load_worlds
from tests.worlds.tau2_sample import folder


def tasks(tmp_path: Path) -> list[Task]:
    rows = "\n".join(f'{{"id": {number}, "instruction": "You want to cancel #W0000001."}}' for number in range(10))
    (tmp_path / "tasks.jsonl").write_text(rows, "utf-8")
    return plays(folder(tmp_path))


def test_a_limit_spreads_over_the_file(tmp_path: Path) -> None:
    found = tasks(tmp_path)
    assert [task.task_id for task in chosen(found, Played("tau2", tmp_path, limit=3))] == ["0", "3", "6"]
    assert [task.task_id for task in chosen(found, Played("tau2", tmp_path, only=("4", "7")))] == ["4", "7"]
    assert len(chosen(found, Played("tau2", tmp_path, limit=50))) == 10


async def test_every_play_gets_a_fresh_world_and_its_gold(tmp_path: Path) -> None:
    task = tasks(tmp_path)[0]
    world, other = await task.world(), await task.world()
    assert world is not other
    assert await world.snapshot() == await task.gold()
    assert task.customer() is not task.customer()


def test_a_world_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="in a checkout of Kefu"):
        load_worlds("tau2", tmp_path, {"tau2": "tests.worlds.nowhere:Worlds"})


def test_what_is_wrong_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tau2", str(tmp_path)]) == 2
    assert "db_users.json cannot be read" in capsys.readouterr().err
