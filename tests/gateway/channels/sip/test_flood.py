"""Ten thousand INVITEs of an address that may call, while a call is going on."""

from __future__ import annotations

import asyncio
import re

from tests.gateway.channels.sip.by_hand import SDP, ByHand
from tests.gateway.channels.sip.telephone import Phone, telephone
from tests.gateway.doors import active, eventually, house_with


async def test_a_flood_of_calls_is_bounded_and_the_calls_that_are_there_go_on() -> None:
    house = house_with()
    async with telephone(house, requests_per_minute=1200) as (door, port):
        door.services.admission._max = 4
        phone = Phone(port)
        call = await phone.call()
        with ByHand(port) as flood:
            most = 0.0
            for number in range(10_000):
                flood.call_id = f"flood-{number}"
                flood.send(flood.request("INVITE", SDP))
                await asyncio.sleep(0)  # one is read for each that is sent
                if number % 50 == 0:
                    most = max(most, active(door) or 0)
            said = asyncio.create_task(phone.say("20. 40# 120."))
            answers: dict[str, int] = {}
            while not said.done():
                most = max(most, active(door) or 0)
                try:
                    answer = await flood.next("SIP/2.0", limit_s=0.2)
                except TimeoutError:
                    continue
                status = answer[8:11]
                answers[status] = answers.get(status, 0) + 1
                if status == "503":
                    assert re.search(r"^Retry-After: [1-9]", answer, re.MULTILINE)
            assert most <= 4
            assert answers["503"] > 0
            # The burst that an address may have, each tried and answered at once; the rest was not looked at.
            assert answers["100"] <= 400
        assert [turn.text for turn in house.responder.turns] == ["我的订单什么时候到"]
        assert refused(door, "sip_flood") > 5000
        phone.uac.send_bye(call.dialog, ("127.0.0.1", port))
        await eventually(lambda: (active(door) or 0) <= 3)
        await phone.close()


def refused(door: object, reason: str) -> float:
    metrics = door.services.metrics  # type: ignore[attr-defined]
    return metrics.registry.get_sample_value("kefu_refused_total", {"code": reason}) or 0.0
