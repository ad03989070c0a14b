"""A KServe v2 gRPC server in this process whose models are plain async functions. No model runs here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
from tritonclient.grpc import service_pb2
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceServicer, add_GRPCInferenceServiceServicer_to_server

from inference_server.tensors import Tensor, TensorInput, decode, encode

Inputs = dict[str, Tensor]
Outputs = Mapping[str, TensorInput]
Model = Callable[[Inputs], Awaitable[Outputs]]
StreamModel = Callable[[Inputs], AsyncIterator[Outputs]]


class FakeModelError(Exception):
    """Raised by a fake model to answer with a gRPC status; in a stream with a text that begins with its name."""

    def __init__(self, status: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.status = status
        self.details = details


class FakeTriton(GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Serves ``models`` (one answer) and ``streams`` (many). Counts what was cancelled from the client's side."""

    def __init__(
        self, models: Mapping[str, Model] | None = None, streams: Mapping[str, StreamModel] | None = None
    ) -> None:
        self.models = dict(models or {})
        self.streams = dict(streams or {})
        self.running = 0
        self.most_running = 0
        self._started = asyncio.Condition()
        self.cancelled = asyncio.Event()
        """Set when a client went away before its answer was complete."""
        self.stream_metadata: list[tuple[str, str | bytes]] = []
        """What clients sent along with their streams, in the order of arrival."""

    async def busy(self, calls: int = 1) -> None:
        """Return once ``calls`` single-answer calls run at the same time."""
        async with self._started:
            await self._started.wait_for(lambda: self.running >= calls)

    async def ServerReady(self, request: Any, context: Any) -> Any:  # noqa: N802
        return service_pb2.ServerReadyResponse(ready=True)

    async def ModelReady(self, request: Any, context: Any) -> Any:  # noqa: N802
        return service_pb2.ModelReadyResponse(ready=request.name in self.models or request.name in self.streams)

    async def RepositoryModelLoad(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.model_name not in self.models:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"failed to load '{request.model_name}'")
        return service_pb2.RepositoryModelLoadResponse()

    async def RepositoryModelUnload(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.models.pop(request.model_name, None)
        return service_pb2.RepositoryModelUnloadResponse()

    async def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802
        model = self.models.get(request.model_name)
        if model is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"unknown model '{request.model_name}'")
            raise AssertionError("abort raises")
        async with self._started:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self._started.notify_all()
        try:
            return _response(await model(_inputs(request)))
        except FakeModelError as error:
            await context.abort(error.status, error.details)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        finally:
            self.running -= 1

    async def ModelStreamInfer(self, request_iterator: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        self.stream_metadata += context.invocation_metadata()
        try:
            async for request in request_iterator:
                async for outputs in self.streams[request.model_name](_inputs(request)):
                    yield service_pb2.ModelStreamInferResponse(infer_response=_response(outputs))
        except FakeModelError as error:
            yield service_pb2.ModelStreamInferResponse(error_message=f"{error.status.name}: {error.details}")
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise


@asynccontextmanager
async def served(fake: FakeTriton, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    """Serve ``fake`` at ``address`` (port 0: a free one); yields the client's url."""
    server = grpc.aio.server()
    add_GRPCInferenceServiceServicer_to_server(fake, server)
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield address if address.startswith("unix:") else f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def _inputs(request: Any) -> Inputs:
    return {
        tensor.name: decode(tensor.datatype, tuple(tensor.shape), raw)
        for tensor, raw in zip(request.inputs, request.raw_input_contents, strict=True)
    }


def _response(outputs: Outputs) -> Any:
    response = service_pb2.ModelInferResponse()
    for name, value in outputs.items():
        data_type, shape, raw = encode(value)
        response.outputs.add(name=name, datatype=data_type, shape=shape)
        response.raw_output_contents.append(raw)
    return response
