"""A gateway with everything switched on, its engines scripted, and schemathesis let loose on its document."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.admission import Admission, RateLimit
from gateway.config import Asterisk, Exotel, Gateway, Jambonz, Plivo, Settings, Telnyx, Twilio, Vonage
from gateway.identities import Identities
from tests.bench.openapi.hooks import PROVIDER_TOKEN, TELNYX_KEY, VONAGE_SECRET
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.doors import served

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
API_KEY = "fuzz-api-key"
_PASSWORD = "fuzz-password"
_NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What a run found."""

    status: int
    """0: no check failed."""
    output: str
    """For people, with a curl line for each failure."""
    cases: int
    failures: int
    seconds: float


def everything_on() -> House:
    """Every channel has a secret, the REST API a key."""
    public_key = TELNYX_KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    settings: dict[str, Any] = {
        "gateway": Gateway(api_keys=(API_KEY,)),
        "twilio": Twilio(auth_token=PROVIDER_TOKEN),
        "telnyx": Telnyx(public_key=base64.b64encode(public_key).decode()),
        "plivo": Plivo(auth_token=PROVIDER_TOKEN),
        "vonage": Vonage(signature_secret=VONAGE_SECRET),
        "exotel": Exotel(username="kefu", password=_PASSWORD),
        "jambonz": Jambonz(username="kefu", password=_PASSWORD),
        "asterisk": Asterisk(username="kefu", password=_PASSWORD),
    }
    return House(tts=FakeTts(frames_per_character=1), settings=Settings(**settings))


async def fuzz(folder: Path, *, seed: int, examples: int, phases: Sequence[str], house: House | None = None) -> Fuzzed:
    """Serve ``house`` and fuzz it; ``examples`` for each operation and phase. Reports lie in ``folder``."""
    clock = asyncio.get_running_loop().time
    unlimited = RateLimit(_NO_LIMIT, clock)
    limits: dict[str, Any] = {
        "requests": unlimited,
        "connects": unlimited,
        "identities": Identities(unlimited, unlimited),
    }
    async with served(house or everything_on(), admission=Admission(_NO_LIMIT), **limits) as door:
        started = time.monotonic()
        status, output = await _schemathesis(door.url, folder, seed, examples, phases)
        seconds = time.monotonic() - started
    cases, failures = _counted(folder / "report.json")
    return Fuzzed(status, output, cases, failures, seconds)


async def _schemathesis(url: str, folder: Path, seed: int, examples: int, phases: Sequence[str]) -> tuple[int, str]:
    arguments = [
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"),
        *("--phases", ",".join(phases), "--max-examples", str(examples), "--seed", str(seed)),
        *("--generation-database", "none", "--no-color", "--report-json-path", str(folder / "report.json")),
    ]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *arguments,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode("utf-8", "replace")


def _counted(report: Path) -> tuple[int, int]:
    found = json.loads(report.read_text("utf-8"))
    return int(found["test_cases"]["generated"]), int(found["test_cases"]["unique_failures"])
