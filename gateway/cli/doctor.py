"""``kefu doctor``: what is installed, which models, which services answer.

JSON: ``{"ok": bool, "checks": [{"name", "state": "ok" | "warning" | "missing", "detail"}]}``; exit status 1 when
something needed is missing.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import platform
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import aiohttp
import typer
from rich.console import Console
from rich.markup import escape

from gateway.cli import ConfigOption, JsonOption, settings_or_fail
from gateway.composition import VERSION
from gateway.config import Settings
from gateway.engines import load_tts, required_weights
from inference_server.client import InferenceClient
from inference_server.errors import LaunchError
from inference_server.launch import server_python
from inference_server.weights import default_cache, is_ready, verify
from speech.errors import SpeechError

_PACKAGES = ("aiohttp", "websockets", "faster-whisper", "tritonclient", "onnxruntime", "numpy", "pydub", "sqlalchemy")
_OPTIONAL = (
    ("coqui-tts", "Coqui voices: make setup COQUI=1"),
    ("scikit-learn", "training heads: pip install '.[train]'"),
)
_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[red]✗[/]"}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    state: Literal["ok", "warning", "missing"]
    detail: str


def doctor(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    full: Annotated[bool, typer.Option("--verify", help="Compare every weight file with its checksum.")] = False,
) -> None:
    """Say what is installed, which models are there, which services answer."""
    settings = settings_or_fail(config)
    checks = asyncio.run(_all(settings, full=full))
    ok = all(check.state != "missing" for check in checks)
    if as_json:
        print(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    else:
        console = Console(highlight=False)
        for check in checks:
            console.print(f"{_MARKS[check.state]} {check.name}: {escape(check.detail)}", soft_wrap=True)
    raise SystemExit(0 if ok else 1)


async def _all(settings: Settings, *, full: bool) -> list[Check]:
    checks = [*_software(), *_weights(settings, full=full), _voice_licence(settings)]
    return checks + [check async for check in _services(settings)]


def _software() -> Iterator[Check]:
    yield Check("kefu", "ok", f"{VERSION}, Python {platform.python_version()}, {platform.machine()}")
    for package in _PACKAGES:
        try:
            yield Check(package, "ok", importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Check(package, "missing", "not installed: run 'make setup'")
    for package, hint in _OPTIONAL:
        try:
            yield Check(package, "ok", importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Check(package, "warning", f"optional, not installed ({hint})")
    ffmpeg = shutil.which("ffmpeg")
    yield Check("ffmpeg", "ok" if ffmpeg else "warning", "found" if ffmpeg else "not found: only WAV files can be read")
    try:
        yield Check("model server environment", "ok", "found" if server_python() else "")
    except LaunchError as error:
        yield Check("model server environment", "missing", str(error))


def _weights(settings: Settings, *, full: bool) -> Iterator[Check]:
    for weights in required_weights(settings):
        if not is_ready(weights):
            yield Check(f"weights {weights.name}", "missing", f"run 'kefu setup' ({weights.download_mb} MB)")
        elif full and (broken := verify(weights)):
            yield Check(
                f"weights {weights.name}", "missing", f"damaged: {', '.join(broken)}; delete and run 'kefu setup'"
            )
        else:
            state: Literal["ok", "warning"] = "ok" if weights.commercial_use else "warning"
            yield Check(f"weights {weights.name}", state, weights.licence)
    free = shutil.disk_usage(default_cache().parent if default_cache().parent.exists() else "/").free // 2**20
    yield Check("disk", "ok" if free > 1000 else "warning", f"{free} MB free for the model cache")


def _voice_licence(settings: Settings) -> Check:
    try:
        capabilities = load_tts(settings).capabilities
    except SpeechError as error:
        return Check("voice", "missing", str(error))
    if capabilities.commercial_use:
        return Check("voice", "ok", f"{settings.tts.voice}: {capabilities.licence}")
    clean = 'a commercially clean one: [tts] voice = "kokoro"'
    return Check("voice", "warning", f"{settings.tts.voice}: {capabilities.licence}; {clean}")


async def _services(settings: Settings) -> AsyncIterator[Check]:
    url = f"http://{settings.gateway.host}:{settings.gateway.port}"
    try:
        timeout = aiohttp.ClientTimeout(total=3)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/readyz") as response:
            body = await response.json()
        worker = response.headers.get("X-Kefu-Worker")
        told = f"{url} {body['parts']}" + (f", told by worker {worker}" if worker else "")
        yield Check("gateway", "ok" if response.status == 200 else "warning", told)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError):
        yield Check("gateway", "warning", f"none answers at {url}; start it with 'make run'")
    if settings.triton.url:
        client = InferenceClient(settings.triton.url)
        ready = await client.ready()
        await client.close()
        yield Check(
            "triton", "ok" if ready else "missing", f"{settings.triton.url} {'ready' if ready else 'no answer'}"
        )
    if settings.generate.backend == "openai":
        yield await _endpoint(settings)


async def _endpoint(settings: Settings) -> Check:
    section = settings.generate
    key = section.openai_key.get_secret_value() if section.openai_key else ""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session,
            session.get(
                f"{section.openai_url.rstrip('/')}/models", headers={"Authorization": f"Bearer {key}"}
            ) as response,
        ):
            state: Literal["ok", "warning"] = "ok" if response.status == 200 else "warning"
            return Check("language model endpoint", state, f"{section.openai_url} answers {response.status}")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return Check("language model endpoint", "warning", f"{section.openai_url}: {type(error).__name__}")
