"""Python's garbage collector, set for a process that must answer within milliseconds."""

from __future__ import annotations

import asyncio
import gc

# (young objects, young collections, middle collections) before the next collection of the kind. With Python's own
# (700, 10, 10) the collector walked all sessions several times a second: at 150 calls on one core it took a seventh of
# the time, and its pauses doubled to tripled the p99 lateness of microphone frames (tests/bench/media).
_THRESHOLDS = (10_000, 20, 50)


_TIDY_S = 60.0


async def keep_tidy() -> None:
    """Collect ended sessions now and then, for ever.

    Their tasks and exceptions refer to each other, and with those thresholds nothing else would come for them. Once
    ``settle`` has been called this looks at what lives in the sessions only: some milliseconds.
    """
    while True:
        await asyncio.sleep(_TIDY_S)
        gc.collect()


def settle() -> None:
    """Call once everything is loaded: it lives as long as the process, and the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
