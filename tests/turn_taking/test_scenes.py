"""Every scene in virtual time, and the aims of the whole suite. ``-k 'echo/'`` plays one kind."""

from __future__ import annotations

import functools
from collections import Counter

import pytest

from tests.turn_taking.figures import figures, table
from tests.turn_taking.frames import play
from tests.turn_taking.scenes import Scene, load_scenes
from tests.turn_taking.score import Score

SCENES = load_scenes()


@functools.cache
def played(scene: Scene) -> Score:
    """Once for both tests."""
    return play(scene)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.id)
def test_scene(scene: Scene) -> None:
    assert played(scene).failures == ()


def test_the_aims_are_met() -> None:
    judged = [(scene, played(scene)) for scene in SCENES]
    missed = [name for name, figure in figures(judged).items() if not figure.is_met]
    assert not missed, "\n" + table(judged)


def test_the_suite_is_as_large_as_it_says() -> None:
    languages = Counter(scene.language for scene in SCENES)
    assert len(SCENES) >= 160
    assert languages["en"] >= 50
    assert len([scene for scene in SCENES if scene.audio]) >= 80
