"""One real gateway for all of these tests: whisper, the voices, Triton, the demo shop in SQLite, in its own process.

Package scope: it ends with these tests, and the others have the machine to themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.engines import required_weights
from inference_server.weights import is_ready
from tests.bench.gateway_process import GatewayProcess
from tests.bench.gateway_process import gateway as running_gateway
from tests.e2e import recordings as sound
from tests.e2e.recordings import Recordings
from tests.e2e.shop_database import ShopDatabase

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs the weights and a Triton."""
    # First, while no other browser is there: each drops what it loads when networks come and go.
    items.sort(key=lambda item: item.path != HERE / "test_webrtc_bad_line.py")
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.models)
            item.add_marker(pytest.mark.triton)


@pytest.fixture(scope="package")
def weights() -> None:
    """Skips where nothing could be started."""
    missing = [weights.name for weights in required_weights(Settings()) if not is_ready(weights)]
    if missing:
        pytest.skip(f"weights are not in the cache: {', '.join(missing)}; fetch them with 'kefu setup'")


@pytest.fixture(scope="package")
def gateway(weights: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Visitors are signed in as the demo customer."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as process:
        yield process


@pytest.fixture(scope="package")
def shop(gateway: GatewayProcess) -> ShopDatabase:
    """The gateway's database, seen from outside."""
    return ShopDatabase(gateway.log.parent / "kefu.db")


@pytest.fixture(scope="package")
def recordings(weights: None, tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    """What the callers say."""
    return sound.make(
        tmp_path_factory.mktemp("recordings"),
        {
            "order": ("zh", sound.ORDER_QUESTION),
            "return": ("zh", sound.RETURN_WISH),
            "english": ("en", sound.ENGLISH_QUESTION),
            "complaint": ("zh", sound.COMPLAINT),
        },
    )
