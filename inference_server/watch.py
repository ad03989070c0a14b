"""Keeps one model of a running server alive.

    loaded: probe every 2 s -> answered, or refused: fine
                            -> process dead, or 3 probes without an answer: unload, load
    not loaded: load, again after a pause that doubles (5 s to 5 min)

Triton goes on calling a model ready whose process is dead, and never restarts it; only an inference shows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import numpy as np

from inference_server.client import InferenceClient
from inference_server.contracts import MODELS, DataType, ModelContract
from inference_server.errors import InferenceDeadline, InferenceError, InferenceFailed
from inference_server.tensors import Tensor

OnEvent = Callable[[str], None]
"""Told what happened, one line at a time: started, died, restarted, healed."""

_PROBE_EVERY_S = 2.0
_PROBE_DEADLINE_S = 5.0
_PROBES_MISSED = 3
_UNLOAD_DEADLINE_S = 30.0
_LOAD_DEADLINE_S = 120.0
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 300.0

_NUMPY_TYPES: dict[DataType, type[np.generic]] = {
    "FP32": np.float32,
    "INT32": np.int32,
    "INT64": np.int64,
    "BOOL": np.bool_,
}


class ModelWatch:
    """One model on the server behind ``client``. Safe to cancel. Models without a contract are only loaded."""

    def __init__(self, client: InferenceClient, name: str, on_event: OnEvent, *, loaded: bool) -> None:
        self.name = name
        self.loaded = loaded
        self._client = client
        self._on_event = on_event
        self._missed = 0
        self._pause_s = _FIRST_PAUSE_S

    async def run(self) -> None:
        """Load, probe and repair the model; returns when only a new server helps."""
        while True:
            if not self.loaded:
                await self._load()
            elif not await self._lives():
                self.loaded = False
                self._on_event(f"model '{self.name}' does not answer: reloading it")
                try:
                    await self._client.unload(self.name, deadline_s=_UNLOAD_DEADLINE_S)
                except InferenceError as error:
                    self._on_event(f"model '{self.name}' cannot be unloaded, Triton must start again: {error}")
                    return

    async def _lives(self) -> bool:
        """Wait for the next probe's turn; whether the model's process answers it. A refusal is an answer."""
        await asyncio.sleep(_PROBE_EVERY_S)
        try:
            await self._probe()
        except InferenceDeadline:
            self._missed += 1
            return self._missed < _PROBES_MISSED
        except InferenceFailed as error:
            # Triton names the process <model>_<group>_<instance>; a model that calls another reports the other's.
            if "is not healthy" in str(error) and f"'{self.name}_" in str(error):
                return False
        except InferenceError:
            pass  # refused; or the server is going, which its supervisor sees
        self._missed = 0
        return True

    async def _probe(self) -> None:
        contract = MODELS.get(self.name)
        if contract is None:
            return
        inputs = probe_inputs(contract)
        if not contract.decoupled:
            await self._client.infer(self.name, inputs, deadline_s=_PROBE_DEADLINE_S)
            return
        answers = self._client.stream(self.name, inputs, deadline_s=_PROBE_DEADLINE_S)
        async with contextlib.aclosing(answers):
            await anext(answers, None)

    async def _load(self) -> None:
        """One attempt; after a failure it returns only when the next one is due."""
        started = time.monotonic()
        try:
            await self._client.load(self.name, deadline_s=_LOAD_DEADLINE_S)
        except InferenceError as error:
            self._on_event(f"model '{self.name}' failed to load, next try in {self._pause_s:.0f} s: {error}")
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        else:
            self.loaded, self._missed, self._pause_s = True, 0, _FIRST_PAUSE_S
            self._on_event(f"model '{self.name}' loaded in {time.monotonic() - started:.1f} s")


def probe_inputs(contract: ModelContract) -> dict[str, Tensor]:
    """The smallest request that a model's own process must answer, made from its contract."""
    batch = (1,) if contract.max_batch_size else ()
    inputs: dict[str, Tensor] = {}
    for tensor in contract.inputs:
        if tensor.optional:
            continue
        shape = batch + tuple(max(dim, 1) for dim in tensor.dims)
        if tensor.data_type == "STRING":
            inputs[tensor.name] = np.full(shape, tensor.probe, np.object_)
        else:
            inputs[tensor.name] = np.zeros(shape, _NUMPY_TYPES[tensor.data_type])
    return inputs
