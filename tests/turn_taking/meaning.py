"""What the customers' words mean: the real understanding, on a real Triton of its own, in a thread of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from inference_server.client import InferenceClient
from inference_server.launch import REPOSITORY, Triton, server_python
from nlu.classifiers import load_classifier
from nlu.types import Expectation, Language, Parse
from nlu.understand import Understanding
from tests.turn_taking.steady import EngineLoop

MODELS = ("embed", "intent", "sentiment")
UNDERSTAND_S = 0.02


class Understood:
    """``Understanding`` as a session on another loop uses it."""

    def __init__(self, understanding: Understanding, engines: EngineLoop, *, steady: bool) -> None:
        """``steady``: the session's loop is virtual, and every answer takes the same virtual while."""
        self._understanding = understanding
        self._engines = engines
        self._steady = steady

    def hide(self, text: str) -> str:
        """See ``Understanding``."""
        return self._understanding.hide(text)

    async def understand(
        self,
        text: str,
        expectation: Expectation,
        *,
        language: Language | None = None,
        alternatives: Sequence[str] = (),
    ) -> Parse:
        """See ``Understanding``."""
        work = self._understanding.understand(text, expectation, language=language, alternatives=alternatives)
        if self._steady:
            parse = self._engines.run(work)
            await asyncio.sleep(UNDERSTAND_S)
            return parse
        return await asyncio.wrap_future(self._engines.submit(work))


@contextmanager
def understood(*, steady: bool) -> Iterator[Understood]:
    """Starts Triton, ends it."""
    engines = EngineLoop()
    with tempfile.TemporaryDirectory(prefix="kefu-meaning-") as folder:
        triton = Triton(
            REPOSITORY,
            models=MODELS,
            server_python=server_python(),
            runtime_dir=Path(folder),
            on_event=lambda line: None,
        )
        engines.run(triton.__aenter__())
        client = InferenceClient(triton.url)
        try:
            yield Understood(Understanding(load_classifier("triton", client, 1.0)), engines, steady=steady)
        finally:
            engines.run(client.close())
            engines.run(triton.__aexit__(None, None, None))
            engines.close()
