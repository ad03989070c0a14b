"""``kefu serve``: a real gateway with its real model server answers, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app
from gateway.cli.serve import _bound
from gateway.config import Gateway, Settings
from tests.bench.gateway_process import free_port, gateway
from tests.triton_process import command_line, descendants

KEFU = str(Path(sys.executable).parent / "kefu")


def serve(**settings: str) -> subprocess.CompletedProcess[str]:
    """A gateway that cannot start."""
    environment = {**os.environ, **{f"KEFU_{name}": value for name, value in settings.items()}}
    return subprocess.run([KEFU, "serve"], env=environment, capture_output=True, text=True, timeout=30, check=False)


def only_line(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.stdout == ""
    (line,) = ended.stderr.strip().splitlines()
    return line


@pytest.mark.models
def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = serve(GATEWAY_PORT=str(port), TRITON_RUNTIME_DIR=str(tmp_path))
    assert ended.returncode == 1
    line = only_line(ended)
    assert line.startswith(f"kefu: port {port} is taken")
    assert f"PORT={port + 1}" in line


def test_a_port_is_ours_from_the_first_moment(capsys: pytest.CaptureFixture[str]) -> None:
    """Also against another gateway that is just starting, and has not served anybody."""
    settings = Settings(gateway=Gateway(port=free_port()))
    with _bound(settings), pytest.raises(SystemExit):
        _bound(settings)
    assert f"port {settings.gateway.port} is taken" in capsys.readouterr().err


def test_an_address_that_is_not_ours_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _bound(Settings(gateway=Gateway(host="192.0.2.1")))
    assert capsys.readouterr().err.startswith("kefu: cannot listen on 192.0.2.1")


def test_a_wrong_setting_is_one_line() -> None:
    result = CliRunner(env={"KEFU_ASR_BEAM_SIZE": "99"}).invoke(app, ["serve"])
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert "KEFU_ASR_BEAM_SIZE" in line


def ask(url: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


def shared_memory(pids: list[int]) -> set[Path]:
    """Files in /dev/shm that these processes have mapped."""
    maps = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in pids if command_line(pid))
    return {Path(found) for found in re.findall(r"/dev/shm/\S+", maps)}


@pytest.mark.models
@pytest.mark.triton
def test_it_answers_through_triton_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with gateway(tmp_path / "gateway") as process:
        info = ask(process.url, "/v1/info")
        number = info["demo"]["order_number"]
        answer = ask(process.url, "/v1/message", {"text": f"订单{number}到哪里了"})
        assert (answer["classifier"], answer["degraded"]) == ("triton", False), answer
        assert answer["intent"] in {"logistics", "order_status"}
        assert answer["slots"]["order_number"] == number
        assert any(card["kind"] == "shipment" for card in answer["cards"]), answer
        assert ask(process.url, "/readyz")["parts"]["triton"] == "ok"
        below = descendants(process.pid)
        assert any("tritonserver" in command_line(pid) for pid in below)
        shared = shared_memory(below)
        assert shared
        log = process.log
    assert not [command_line(pid) for pid in [process.pid, *below] if command_line(pid)]
    assert not [path for path in shared if path.exists()]
    words = log.read_text()
    assert "stopping" in words
    assert "Traceback" not in words
    assert "林小满" not in words.partition("Ctrl-C")[2], "no personal data after the welcome"
    assert number not in words.partition("Ctrl-C")[2]


@pytest.mark.models
@pytest.mark.triton
def test_ctrl_c_during_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C reaches the whole process group at once, model server included."""
    settings = {
        "KEFU_GATEWAY_PORT": str(free_port()), "KEFU_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/kefu.db",
        "KEFU_TRITON_RUNTIME_DIR": str(tmp_path / "triton"),
    }  # fmt: skip
    process = subprocess.Popen(
        [KEFU, "serve", "--demo"], env={**os.environ, **settings}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not any("tritonserver" in command_line(pid) for pid in descendants(process.pid)):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    below = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    asked = time.monotonic()
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - asked < 12
    assert "Traceback" not in output, output
    assert not [command_line(pid) for pid in below if command_line(pid)]
