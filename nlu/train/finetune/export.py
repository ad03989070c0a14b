"""A fine-tuned classifier in, a folder for the model repository out: the same tensors as the model it stands in for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save_file

from inference_server.contracts import MODELS, TensorContract
from nlu.train.finetune.model import Base, Classifier

_SERVED = Path(__file__).with_name("served")


def export(
    model: Classifier, base: Base, folder: Path, name: str, labels: Sequence[str], temperature: float, max_length: int
) -> Path:
    """``folder/<name>``: config.pbtxt and version 1, whose model.py needs torch, transformers, tokenizers, safetensors.

    Adapters are merged into ``model``, which is of no use afterwards. Raises ``KeyError`` for a model without contract.
    """
    contract = MODELS[name]
    version = folder / name / "1"
    shutil.rmtree(folder / name, ignore_errors=True)
    version.mkdir(parents=True)
    for file in ("model.py", "classifier.py"):
        shutil.copyfile(_SERVED / file, version / file)
    shutil.copyfile(base.tokenizer, version / "tokenizer.json")
    model.merged().save_pretrained(version / "encoder")
    save_file(
        {"weight": model.head.weight.detach().contiguous(), "bias": model.head.bias.detach().contiguous()},
        version / "head.safetensors",
    )
    about = {"labels": list(labels), "temperature": temperature, "prefix": base.prefix, "max_length": max_length}
    (version / "classifier.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", "utf-8")
    (folder / name / "config.pbtxt").write_text(
        f'name: "{name}"\nbackend: "python"\nmax_batch_size: {contract.max_batch_size}\n'
        f"input [\n{_tensors(contract.inputs)}\n]\noutput [\n{_tensors(contract.outputs)}\n]\n"
        "dynamic_batching { }\ninstance_group [ { count: 1 } ]\n",
        "utf-8",
    )
    return folder / name


def _tensors(tensors: Sequence[TensorContract]) -> str:
    return ",\n".join(
        f'  {{ name: "{tensor.name}" data_type: TYPE_{tensor.data_type} dims: [ {", ".join(map(str, tensor.dims))} ] }}'
        for tensor in tensors
    )
