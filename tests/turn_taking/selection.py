"""Which scenes an audio run plays: of each kind some, spread over its file, recordings of people among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.turn_taking.recordings import recorded_scenes
from tests.turn_taking.scenes import Scene, load_scenes

_OF_KIND = {
    "barge_in": 14, "stop_command": 8, "backchannel": 11, "backchannel_as_answer": 4, "noise": 10, "vocal_tic": 7,
    "side_talk": 9, "echo": 6, "pause_in_number": 12, "hesitation": 4, "question": 5, "yes_no": 2, "address": 1,
}  # fmt: skip
"""How many scenes of a kind the default run plays; a fifth of them with ``quick``."""


def chosen(*, quick: bool, everything: bool, kinds: Sequence[str], recordings: Path | None) -> list[Scene]:
    """Scenes to play: of each kind some, spread over its file; recordings of people first."""
    recorded = recorded_scenes(recordings) if recordings else []
    found: list[Scene] = []
    for kind, count in _OF_KIND.items():
        if kinds and kind not in kinds:
            continue
        people = [scene for scene in recorded if scene.kind == kind]
        written = [scene for scene in load_scenes() if scene.kind == kind and scene.audio]
        if everything or kinds:
            found += [*people, *written]
            continue
        wanted_count = max(1, round(count / 5)) if quick else count
        of_people = _spread(people, wanted_count // 3)
        found += [*of_people, *_spread(written, wanted_count - len(of_people))]
    return found


def _spread(scenes: Sequence[Scene], count: int) -> list[Scene]:
    """``count`` of them, evenly, the first and the last included."""
    if count >= len(scenes):
        return list(scenes)
    if count == 1:
        return [scenes[len(scenes) // 2]]
    return [scenes[round(i * (len(scenes) - 1) / (count - 1))] for i in range(count)]
