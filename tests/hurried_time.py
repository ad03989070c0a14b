"""Tests of deadlines with real sockets: the loop's clock runs many times faster, what is really waited for does not.

``virtual_time`` cannot be used there: its clock would jump while bytes are on their way.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any


class _HurriedSelector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> Any:
        return super().select(timeout / self._speed if timeout is not None and timeout > 0 else timeout)


class HurriedLoop(asyncio.SelectorEventLoop):
    """``speed`` of its seconds go by in one of the world's."""

    def __init__(self, speed: float) -> None:
        super().__init__(_HurriedSelector(speed))
        self._speed = speed

    def time(self) -> float:
        """Seconds on a clock that runs too fast."""
        return time.monotonic() * getattr(self, "_speed", 1.0)


def hurried(speed: float) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Callable[..., None]]:
    """Run an async test on such a loop."""

    def decorate(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            with asyncio.Runner(loop_factory=lambda: HurriedLoop(speed)) as runner:
                runner.run(test(*args, **kwargs))

        return run

    return decorate
