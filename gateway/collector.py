"""Python's garbage collector, set for a process that must answer within milliseconds."""

from __future__ import annotations

import gc

# (young objects, young collections, middle collections) before the next collection of the kind. With Python's own
# (700, 10, 10) the collector walked all sessions several times a second: at 150 calls on one core it took a seventh of
# the time, and its pauses doubled to tripled the p99 lateness of microphone frames (tests/bench/media).
_THRESHOLDS = (10_000, 20, 50)


def settle() -> None:
    """Call once everything is loaded: it lives as long as the process, and the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
