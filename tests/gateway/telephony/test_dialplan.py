"""Callers that a dialplan puts through: it asks whichever worker answers, so one must serve them all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from dialogue.menu import Menu
from gateway.app import make_app
from gateway.config import Asterisk, Exotel, Gateway, Phone, Settings
from gateway.errors import DoorFailed
from tests.fakes_core import House
from tests.gateway.telephony.test_menu_calls import MENU

OPEN: Mapping[str, Mapping[str, Any]] = {
    "exotel": {"exotel": Exotel(password=SecretStr("secret"))},
    "asterisk": {"asterisk": Asterisk(password=SecretStr("secret"))},
}


async def refusal(channel: str, menu: Menu | None = None, **settings: Any) -> str:
    """Why a gateway with this channel does not start; empty: it does."""
    house = House(settings=Settings(**settings))
    async with asyncio.TaskGroup() as background:
        services = replace(house.services(house.core(background)), menu=menu)
        runner = web.AppRunner(make_app(services, [channel]))
        try:
            await runner.setup()
        except DoorFailed as error:
            return str(error)
        finally:
            await runner.cleanup()
    return ""


@pytest.mark.parametrize("channel", OPEN)
@pytest.mark.parametrize(("agent", "menu"), [("8000", None), ("", MENU)], ids=["agent", "menu"])
async def test_one_worker_must_put_the_callers_through(channel: str, agent: str, menu: Menu | None) -> None:
    why = await refusal(channel, menu, gateway=Gateway(workers=2), phone=Phone(agent=agent), **OPEN[channel])
    assert why.startswith(f"{channel}.password, with phone.agent or a menu that transfers, needs gateway.workers = 1")
    assert await refusal(channel, menu, phone=Phone(agent=agent), **OPEN[channel]) == ""


@pytest.mark.parametrize("channel", OPEN)
async def test_several_may_serve_callers_who_are_never_put_through(channel: str) -> None:
    assert await refusal(channel, gateway=Gateway(workers=2), **OPEN[channel]) == ""
    assert await refusal(channel, MENU, gateway=Gateway(workers=2), phone=Phone(agent="8000")) == ""
