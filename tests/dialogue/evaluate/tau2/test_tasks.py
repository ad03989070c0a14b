"""Files of tasks."""

import json
from pathlib import Path

import pytest

from dialogue.evaluate.retrieval import DataError
from dialogue.evaluate.tau2.plays import kinds_of, why_not_covered
from dialogue.evaluate.tau2.reader import read
from dialogue.evaluate.tau2.tasks import Instruction, RetailTask, find_tasks, load_tasks

CANCEL = {"name": "cancel_pending_order", "arguments": {"order_id": "#W1", "reason": "no longer needed"}}
LOOK = {"name": "get_order_details", "arguments": {"order_id": "#W1"}}


def written(folder: Path, *rows: object) -> Path:
    path = folder / "tasks.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def test_the_parts_of_a_tau2_task(tmp_path: Path) -> None:
    told = {"reason_for_call": "Cancel.", "known_info": "You are N.", "unknown_info": "None", "task_instructions": "."}
    row = {"id": 1, "instructions": told, "actions": [CANCEL], "communicate_info": ["9"]}
    (task,) = load_tasks(written(tmp_path, row))
    assert task == RetailTask("1", Instruction("Cancel.", "You are N."), (CANCEL,), ("9",))


def test_other_shapes(tmp_path: Path) -> None:
    tau1 = {"id": "a", "instruction": "You want it.", "actions": [CANCEL], "outputs": ["x"]}
    own = {
        "id": "b",
        "user_scenario": {"instructions": {"reason_for_call": "R"}},
        "evaluation_criteria": {"actions": [CANCEL], "communicate_info": None},
    }
    bare = {"id": "c", "instructions": "You want it.", "actions": []}
    assert [task.instruction.reason for task in load_tasks(written(tmp_path, tau1, own, bare))] == [
        "You want it.",
        "R",
        "You want it.",
    ]


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="task 2"):
        load_tasks(written(tmp_path, {"id": 1, "instruction": "x"}, {"instruction": "x"}))
    with pytest.raises(DataError, match="cannot be read"):
        load_tasks(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="--tasks"):
        find_tasks(tmp_path / "empty")


def test_tasks_lie_in_the_folder_or_beside_it(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    beside = tmp_path / "world_tasks_dev.jsonl"
    beside.touch()
    assert find_tasks(tmp_path / "world") == beside
    assert find_tasks(written(tmp_path / "world").parent).parent == tmp_path / "world"


def test_kinds_come_from_the_gold_and_coverage_from_the_wishes() -> None:
    task = RetailTask("1", Instruction("You want to undo a cancellation."), (LOOK, CANCEL), ("9",))
    assert kinds_of(task) == ("cancel", "info")
    assert kinds_of(RetailTask("1", task.instruction, (LOOK,), ())) == ("nothing",)
    assert why_not_covered(read(task.instruction)) == "a wish that no skill is for"
    assert why_not_covered(read(Instruction("You want to cancel #W0000001."))) == ""
    itself = "For #W0000001, exchange Rug {'size': 'L'} to {}; via paypal_1."
    assert why_not_covered(read(Instruction(itself))) == "an item for the very same item, which the policy forbids"
