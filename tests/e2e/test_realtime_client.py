"""npm's @openai/agents-realtime, unchanged, talks to the real gateway: real voices, real recogniser, real answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from speech.audio import pcm_from_float, read_wav, resample
from tests.bench.gateway_process import GatewayProcess
from tests.e2e.recordings import Recordings

HERE = Path(__file__).parent / "realtime_client"
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's folder with its packages, as locked."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("realtime") / "client"
    shutil.copytree(HERE, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    if installed.returncode:
        pytest.skip(f"npm could not install the client: {installed.stderr[-300:]}")
    return folder


@pytest.fixture(scope="module")
def sounds(recordings: Recordings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the customer says, as the API takes it."""
    folder = tmp_path_factory.mktemp("realtime-sounds")
    made: dict[str, Path] = {}
    for name in ("order", "return"):
        samples, rate_hz = read_wav(recordings.file(name))
        made[name] = folder / f"{name}.pcm"
        made[name].write_bytes(pcm_from_float(resample(samples, rate_hz, 24_000)))
    return made


def call(gateway: GatewayProcess, client: Path, *sounds: Path) -> dict[str, Any]:
    ask = urllib.request.Request(
        f"{gateway.url}/v1/realtime/client_secrets", data=b"{}", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(ask, timeout=10) as response:
        secret = json.load(response)["value"]
    url = gateway.url.replace("http", "ws", 1) + "/v1/realtime?model=kefu"
    command = ["node", "call.mjs", url, secret, *map(str, sounds)]
    done = subprocess.run(command, cwd=client, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert result["errors"] == []
    return result


def test_a_question_is_heard_and_answered(gateway: GatewayProcess, client: Path, sounds: dict[str, Path]) -> None:
    result = call(gateway, client, sounds["order"])
    assert "订单" in result["transcripts"][0]
    assert "订单" in "".join(result["answers"])
    assert result["audio_bytes"] > 24_000 * 2
    assert result["interrupted"] == 0


def test_the_answer_is_interrupted(gateway: GatewayProcess, client: Path, sounds: dict[str, Path]) -> None:
    result = call(gateway, client, sounds["order"], sounds["return"])
    assert result["interrupted"] >= 1
    assert "退" in result["transcripts"][-1]
    assert len(result["answers"]) >= 2
