"""``kefu doctor``: its JSON, and what it says of a gateway, a model server and weights that are not there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app
from tests.bench.gateway_process import free_port
from tests.fakes_core import parts_of
from tests.gateway.doors import served


async def doctor(*arguments: str, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status and the checks by name."""
    runner = CliRunner(env={f"KEFU_{name}": value for name, value in environment.items()})
    result = await asyncio.to_thread(runner.invoke, app, ["doctor", "--json", *arguments])
    body = json.loads(result.stdout)
    assert set(body) == {"ok", "checks"}
    assert body["ok"] == (result.exit_code == 0)
    for check in body["checks"]:
        assert set(check) == {"name", "state", "detail"}
        assert check["state"] in {"ok", "warning", "missing"}
    return result.exit_code, {check["name"]: check for check in body["checks"]}


@pytest.mark.models
async def test_without_a_gateway_everything_else_is_looked_at() -> None:
    status, checks = await doctor(GATEWAY_PORT=str(free_port()))
    assert status == 0
    assert checks["gateway"]["state"] == "warning"
    assert "make run" in checks["gateway"]["detail"]
    assert "Python 3.1" in checks["kefu"]["detail"]
    for name in ("aiohttp", "tritonclient", "model server environment"):
        assert checks[name]["state"] == "ok"
    assert checks["voice"]["state"] == "warning", "the fast voice has non-commercial terms"
    assert "kokoro" in checks["voice"]["detail"]
    assert any(name.startswith("weights ") for name in checks)
    assert "triton" not in checks, "the bundled one starts with the gateway"


@pytest.mark.models
async def test_a_running_gateway_and_what_it_says() -> None:
    parts = {"gateway": "ok", "triton": "down: gone"}
    async with served(ready=parts_of(parts)) as door:
        _, checks = await doctor(GATEWAY_PORT=str(door.client.port))
    assert checks["gateway"]["state"] == "warning"
    assert "down: gone" in checks["gateway"]["detail"]


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    absent = f"127.0.0.1:{free_port()}"
    status, checks = await doctor(
        CACHE=str(tmp_path), TRITON_URL=absent, GATEWAY_PORT=str(free_port()),
        GENERATE_BACKEND="openai", GENERATE_OPENAI_URL=f"http://{absent}/v1",
    )  # fmt: skip
    assert status == 1
    weights = [check for name, check in checks.items() if name.startswith("weights ")]
    assert weights
    assert all(check["state"] == "missing" and "kefu setup" in check["detail"] for check in weights)
    assert checks["voice"]["state"] == "missing"
    assert checks["triton"] == {"name": "triton", "state": "missing", "detail": f"{absent} no answer"}
    assert checks["language model endpoint"]["state"] == "warning"


async def test_it_can_be_read_by_people() -> None:
    result = await asyncio.to_thread(
        CliRunner(env={"KEFU_GATEWAY_PORT": str(free_port())}).invoke, app, ["doctor"]
    )  # fmt: skip
    assert "gateway: none answers" in result.stdout.replace("\n", " ")
    assert "Traceback" not in result.output
