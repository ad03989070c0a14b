"""contracts: every config.pbtxt says the same, and model directories stand alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from inference_server.contracts import MODELS, ModelContract, TensorContract
from inference_server.launch import REPOSITORY
from inference_server.watch import probe_inputs


def _config(model: str) -> Any:
    text = (REPOSITORY / model / "config.pbtxt").read_text("utf-8")
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def _tensors(config_tensors: Any, contract_tensors: tuple[TensorContract, ...]) -> tuple[TensorContract, ...]:
    """The configuration's tensors as contracts; probes are ours alone."""
    probes = {tensor.name: tensor.probe for tensor in contract_tensors}
    return tuple(
        TensorContract(
            tensor.name,
            model_config_pb2.DataType.Name(tensor.data_type).removeprefix("TYPE_"),
            tuple(tensor.dims),
            getattr(tensor, "optional", False),
            probes.get(tensor.name, ""),
        )
        for tensor in config_tensors
    )


def test_every_directory_is_a_model_and_the_reverse() -> None:
    assert {path.name for path in REPOSITORY.iterdir() if path.is_dir()} == set(MODELS)


@pytest.mark.parametrize("contract", MODELS.values(), ids=lambda contract: contract.name)
def test_contract_equals_configuration(contract: ModelContract) -> None:
    config = _config(contract.name)
    assert contract == ModelContract(
        config.name,
        config.max_batch_size,
        _tensors(config.input, contract.inputs),
        _tensors(config.output, contract.outputs),
        config.model_transaction_policy.decoupled,
    )


@pytest.mark.parametrize("model", MODELS)
def test_the_directory_serves_on_any_device_without_stalling(model: str) -> None:
    config = _config(model)
    assert config.backend == "python"
    assert [group.kind for group in config.instance_group] == [model_config_pb2.ModelInstanceGroup.KIND_AUTO]
    assert config.HasField("dynamic_batching") == (config.max_batch_size > 0)
    # Queue policies and priorities stall this Triton's batcher in steps of 500 ms.
    assert config.dynamic_batching == model_config_pb2.ModelDynamicBatching()


_OWN = {"gateway", "dialogue", "nlu", "speech", "inference_server"}


@pytest.mark.parametrize("source", sorted(REPOSITORY.glob("*/1/*.py")), ids=lambda p: f"{p.parts[-3]}/{p.name}")
def test_models_import_nothing_of_ours(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not _OWN.intersection(name.partition(".")[0] for name in names)


def test_modules_beside_a_model_hide_no_standard_module() -> None:
    assert not {path.stem for path in REPOSITORY.glob("*/1/*.py")} & sys.stdlib_module_names


@pytest.mark.parametrize("name", ["model.py", "head.py"])
def test_the_two_heads_share_their_code(name: str) -> None:
    assert (REPOSITORY / "intent/1" / name).read_bytes() == (REPOSITORY / "sentiment/1" / name).read_bytes()


@pytest.mark.parametrize("contract", MODELS.values(), ids=lambda contract: contract.name)
def test_a_probe_fills_every_required_input(contract: ModelContract) -> None:
    inputs = probe_inputs(contract)
    assert set(inputs) == {tensor.name for tensor in contract.inputs if not tensor.optional}
    for tensor in contract.inputs:
        if not tensor.optional:
            assert inputs[tensor.name].ndim == len(tensor.dims) + (contract.max_batch_size > 0)
