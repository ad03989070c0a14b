"""``python -m tests.turn_taking [FOLDER] [NAME]``: play the scenes of a folder in virtual time and print the figures.

FOLDER is ``scenes`` (default), ``held_out`` or any other; NAME a part of the ids to play.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gateway import log
from tests.turn_taking.figures import table
from tests.turn_taking.frames import play
from tests.turn_taking.scenes import FOLDER, load_scenes


def main(folder: str = "scenes", name: str = "") -> None:
    """Play and tell what was wrong."""
    log.configure("error", "json")
    here = FOLDER.parent / folder
    judged = []
    for scene in load_scenes(here if here.is_dir() else Path(folder)):
        if name in scene.id:
            judged.append((scene, play(scene)))
            if not judged[-1][1].is_correct:
                print(f"{scene.id}: {'; '.join(judged[-1][1].failures)}", flush=True)
    print(table(judged))


if __name__ == "__main__":
    main(*sys.argv[1:])
