"""One asyncio client for a KServe v2 gRPC server (NVIDIA Triton): named arrays in, named arrays out.

It knows no model. Every failure is an ``InferenceError`` with a stable ``code``; cancelling a call, or closing a
stream, cancels it on the server too. Calls in flight are bounded, and so is the queue that waits for them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import grpc
from tritonclient.grpc import service_pb2
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from inference_server.errors import (
    InferenceDeadline,
    InferenceError,
    InferenceFailed,
    InferenceOverloaded,
    InferenceRejected,
    InferenceUnavailable,
)
from inference_server.tensors import Tensor, TensorInput, decode_response, encode_request

Observe = Callable[[str, float, str], None]
"""Told of every finished call: model, seconds, and ``ok``, ``cancelled`` or the error's code."""

_LOAD_DEADLINE_S = 60.0
_READY_DEADLINE_S = 1.0
_MESSAGE_BYTES = 64 * 2**20

_CHANNEL_OPTIONS: tuple[tuple[str, Any], ...] = (
    # The default back-off grows to minutes; with these a restarted server is used again within half a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    # Clients of one process would otherwise share a connection and its back-off.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
)

_ERRORS: dict[grpc.StatusCode, type[InferenceError]] = {
    grpc.StatusCode.UNAVAILABLE: InferenceUnavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: InferenceDeadline,
    grpc.StatusCode.NOT_FOUND: InferenceRejected,
    grpc.StatusCode.INVALID_ARGUMENT: InferenceRejected,
    grpc.StatusCode.UNIMPLEMENTED: InferenceRejected,
    grpc.StatusCode.ALREADY_EXISTS: InferenceRejected,
    # Only a message over the size limit ends so.
    grpc.StatusCode.RESOURCE_EXHAUSTED: InferenceRejected,
}


class InferenceClient:
    """A connection to one server; may be made anywhere, connects at the first call, on that call's event loop.

    All methods are safe to cancel. ``url`` is ``host:port`` or ``unix:/path``.
    """

    def __init__(
        self,
        url: str,
        *,
        max_concurrency: int = 64,
        queue: int = 256,
        deadline_s: float = 2.0,
        observe: Observe | None = None,
    ) -> None:
        self.url = url
        self._deadline_s = deadline_s
        self._slots = asyncio.Semaphore(max_concurrency)
        self._queue = queue
        self._waiting = 0
        self._observe = observe
        self._channel: grpc.aio.Channel | None = None
        self._methods: Any = None
        self._closed = False

    async def infer(
        self, model: str, inputs: Mapping[str, TensorInput], *, deadline_s: float | None = None
    ) -> dict[str, Tensor]:
        """One answer for ``inputs``; the batch dimension, where the model has one, is the caller's.

        ``deadline_s`` covers the wait for a slot too. Raises ``InferenceError``.
        """
        request = _encoded(model, inputs)
        with self._observed(model), self._typed(model):
            async with self._slot(deadline_s) as left_s:
                response = await self._stub().ModelInfer(request, timeout=left_s())
            return _decoded(model, response)

    async def stream(
        self, model: str, inputs: Mapping[str, TensorInput], *, deadline_s: float | None = None
    ) -> AsyncGenerator[dict[str, Tensor], None]:
        """The answers of a decoupled model as they come; use with ``contextlib.aclosing``.

        ``deadline_s`` covers the whole stream. Raises ``InferenceError``.
        """
        request = _encoded(model, inputs)
        with self._observed(model), self._typed(model):
            async with self._slot(deadline_s) as left_s:
                call = self._stub().ModelStreamInfer(_only(request), timeout=left_s())
                try:
                    async for message in call:
                        if message.error_message:
                            raise _told(model, message.error_message)
                        if message.infer_response.outputs:
                            yield _decoded(model, message.infer_response)
                finally:
                    call.cancel()

    async def ready(self, model: str | None = None) -> bool:
        """Whether the server, or ``model`` on it, says it is ready. Never raises ``InferenceError``."""
        try:
            with self._typed(model or "server"):
                if model is None:
                    answer = await self._stub().ServerReady(service_pb2.ServerReadyRequest(), timeout=_READY_DEADLINE_S)
                else:
                    question = service_pb2.ModelReadyRequest(name=model)
                    answer = await self._stub().ModelReady(question, timeout=_READY_DEADLINE_S)
        except InferenceError:
            return False
        return bool(answer.ready)

    async def load(self, model: str, *, deadline_s: float = _LOAD_DEADLINE_S) -> None:
        """Load ``model`` from the server's repository. Raises ``InferenceError`` with the server's reason."""
        with self._typed(model):
            question = service_pb2.RepositoryModelLoadRequest(model_name=model)
            await self._stub().RepositoryModelLoad(question, timeout=deadline_s)

    async def unload(self, model: str, *, deadline_s: float = _LOAD_DEADLINE_S) -> None:
        """Unload ``model``. Raises ``InferenceError``."""
        with self._typed(model):
            question = service_pb2.RepositoryModelUnloadRequest(model_name=model)
            await self._stub().RepositoryModelUnload(question, timeout=deadline_s)

    async def close(self) -> None:
        """Cancel what is in flight and close the connection. Later calls raise ``InferenceUnavailable``."""
        self._closed = True
        if self._channel is not None:
            await self._channel.close(None)

    def _stub(self) -> Any:
        if self._closed:
            raise InferenceUnavailable("the client is closed")
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self.url, options=_CHANNEL_OPTIONS)
            self._methods = GRPCInferenceServiceStub(self._channel)
        return self._methods

    @asynccontextmanager
    async def _slot(self, deadline_s: float | None) -> AsyncIterator[Callable[[], float]]:
        """A place among the calls in flight; yields a function that says how many seconds are left."""
        deadline_s = self._deadline_s if deadline_s is None else deadline_s
        ends_at = time.monotonic() + deadline_s
        if self._slots.locked():
            if self._waiting >= self._queue:
                raise InferenceOverloaded(f"{self._waiting} calls wait already")
            self._waiting += 1
            try:
                async with asyncio.timeout(deadline_s):
                    await self._slots.acquire()
            except TimeoutError:
                raise InferenceDeadline(f"no free slot within {deadline_s:g} s") from None
            finally:
                self._waiting -= 1
        else:
            await self._slots.acquire()
        try:
            yield lambda: max(0.001, ends_at - time.monotonic())
        finally:
            self._slots.release()

    @contextmanager
    def _typed(self, model: str) -> Iterator[None]:
        """Turn what grpc raises into ``InferenceError``."""
        try:
            yield
        except grpc.aio.AioRpcError as error:
            kind = _ERRORS.get(error.code(), InferenceFailed)
            raise kind(f"{model}: {_last_line(error.details() or error.code().name)}") from error
        except (grpc.aio.UsageError, asyncio.CancelledError) as error:
            # close() ends calls in flight with CancelledError, which only the caller's own canceller may raise.
            task = asyncio.current_task()
            if not self._closed or (task is not None and task.cancelling()):
                raise
            raise InferenceUnavailable("the client is closed") from error

    @contextmanager
    def _observed(self, model: str) -> Iterator[None]:
        started, code = time.monotonic(), "ok"
        try:
            yield
        except InferenceError as error:
            code = error.code
            raise
        except (asyncio.CancelledError, GeneratorExit):
            code = "cancelled"
            raise
        finally:
            if self._observe is not None:
                self._observe(model, time.monotonic() - started, code)


def _encoded(model: str, inputs: Mapping[str, TensorInput]) -> Any:
    try:
        return encode_request(model, inputs)
    except ValueError as error:
        raise InferenceRejected(f"{model}: {error}") from error


def _decoded(model: str, response: Any) -> dict[str, Tensor]:
    try:
        return decode_response(response)
    except ValueError as error:
        raise InferenceFailed(f"{model}: {error}") from error


def _told(model: str, text: str) -> InferenceError:
    """The error that a stream holds as text.

    Triton sends a gRPC status only when asked to (``triton_grpc_error``), and 24.10 sometimes dies of that (README).
    So our models write the status's name first.
    """
    name, _, rest = text.partition(": ")
    status = grpc.StatusCode.__members__.get(name)
    if status is None:
        return InferenceFailed(f"{model}: {_last_line(text)}")
    return _ERRORS.get(status, InferenceFailed)(f"{model}: {_last_line(rest)}")


async def _only(request: Any) -> AsyncIterator[Any]:
    yield request


def _last_line(details: str) -> str:
    """A model's error is a whole traceback; its last line says what happened."""
    return details.strip().rsplit("\n", 1)[-1][:300]
