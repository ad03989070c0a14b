"""``python -m tests.bench phone [--recordings FOLDER] [--quick]``: everything about the 8 kHz path, ten minutes.

What is heard: error rates and spoken order numbers (``numbers``), of our own voices always, of people where FOLDER is
given. Who has the floor: scenes in virtual time beside the same scenes wideband (``scenes``). First audio and yield
in real time through two telephone doors (``door``); only these need a quiet machine.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from tests.bench.phone import door, numbers, scenes
from tests.bench.results import Results


async def measure(
    build: Path, folder: Path, console: Console, *, quick: bool = False, recordings: Path | None = None
) -> Results:
    """``folder``: temporary. Raises ``SpeechError`` when models are not set up."""
    results = await numbers.measure(build, console, quick=quick, recordings=recordings)
    results |= await asyncio.to_thread(
        scenes.measure, build, console, quick=quick, everything=not quick, recordings=recordings
    )
    return results | await door.measure(build, folder, console, quick=quick)
