"""The conformance suite against a REST shop that runs somewhere: yours, on a test system.

    KEFU_SHOP_URL=http://127.0.0.1:8099 KEFU_SHOP_TOKEN=secret python -m pytest tests/dialogue/shop/test_rest_live.py

Before each test POST {url}/test/reset puts its data back and gives the ``Samples`` that they hold, as JSON. The shop's
rules must be those of ``KEFU_SHOP_POLICIES`` (a file; the shipped ones without it). Skipped where no URL is given.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from pydantic import TypeAdapter

from dialogue.policies import load_policies, shipped_policies
from dialogue.shop.protocol import Shop
from dialogue.shop.rest import RestShop
from dialogue.shop.rest_client import RestSettings
from tests.dialogue.shop.conformance import ShopConformance
from tests.dialogue.shop.samples import Samples

URL = os.environ.get("KEFU_SHOP_URL", "").rstrip("/")
TOKEN = os.environ.get("KEFU_SHOP_TOKEN", "")
POLICIES = os.environ.get("KEFU_SHOP_POLICIES", "")

pytestmark = pytest.mark.skipif(not URL, reason="KEFU_SHOP_URL names no shop")


@pytest.fixture
async def samples() -> Samples:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.post(f"{URL}/test/reset") as response,
    ):
        assert response.status == 200, f"POST {URL}/test/reset answers {response.status}"
        return TypeAdapter(Samples).validate_json(await response.read())


@pytest.fixture
async def shop(samples: Samples) -> AsyncIterator[Shop]:
    policies = load_policies(Path(POLICIES)) if POLICIES else shipped_policies()
    shop: Shop = RestShop(None, None, policies, RestSettings(URL, TOKEN, 20.0))
    yield shop
    await shop.close()


class TestLiveShop(ShopConformance):
    """Inherits every test of the suite."""
