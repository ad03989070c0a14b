"""A signed request of a provider is good once: whoever copies it gets no pass to the call's stream."""

from __future__ import annotations

import pytest
from aiohttp import ClientResponse
from pydantic import SecretStr

from gateway.config import Gateway, Phone, Plivo, Settings, Telnyx, Twilio
from tests.fakes_core import House
from tests.gateway.doors import Door, served
from tests.provider_doubles import (
    PLIVO_TOKEN,
    PUBLIC,
    TELNYX_PUBLIC_KEY,
    TWILIO_CALL,
    TWILIO_TOKEN,
    signed_form,
    twilio_webhook,
)


def house() -> House:
    return House(
        settings=Settings(
            gateway=Gateway(),
            phone=Phone(public_url=PUBLIC),
            twilio=Twilio(auth_token=SecretStr(TWILIO_TOKEN)),
            telnyx=Telnyx(public_key=TELNYX_PUBLIC_KEY),
            plivo=Plivo(auth_token=SecretStr(PLIVO_TOKEN)),
        )
    )


async def _code(response: ClientResponse) -> str:
    return str((await response.json())["error"]["code"])


@pytest.mark.parametrize("name", ["telnyx", "plivo"])
async def test_a_copied_webhook_is_refused(name: str) -> None:
    async with served(house()) as door:
        body, headers = signed_form(name)
        assert await _status(door, name, body, headers) == 200
        async with door.client.post(f"/v1/{name}/voice", data=body, headers=headers) as response:
            assert (response.status, await _code(response)) == (403, "replayed")
        again, signed = signed_form(name)
        assert await _status(door, name, again, signed) == 200, "the same call may ask again, signed again"


async def test_a_copied_telnyx_signature_is_refused_however_it_is_spelt() -> None:
    async with served(house()) as door:
        body, headers = signed_form("telnyx")
        assert await _status(door, "telnyx", body, headers) == 200
        signature = headers["telnyx-signature-ed25519"]
        # The last letter before the padding of 64 bytes in base64 has four bits that mean nothing.
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        other = letters[letters.index(signature[-3]) ^ 1]
        spelt = {**headers, "telnyx-signature-ed25519": f"{signature[:-3]}{other}=="}
        assert await _status(door, "telnyx", body, spelt) == 403


async def test_a_copied_twilio_webhook_is_refused() -> None:
    async with served(house()) as door:
        form = {"CallSid": TWILIO_CALL, "From": "+15550100001", "To": "+15550100002", "CallStatus": "ringing"}
        assert (await twilio_webhook(door.client, "/v1/twilio/voice", form))[0] == 200
        status, text = await twilio_webhook(door.client, "/v1/twilio/voice", form)
        assert status == 403
        assert "replayed" in text
        status, _ = await twilio_webhook(door.client, "/v1/twilio/voice", {**form, "CallStatus": "in-progress"})
        assert status == 200
        status, _ = await twilio_webhook(door.client, "/v1/twilio/voice?again=1", form)
        assert status == 200, "a flow that comes back names another address"


async def _status(door: Door, name: str, body: str, headers: dict[str, str]) -> int:
    async with door.client.post(f"/v1/{name}/voice", data=body, headers=headers) as response:
        return response.status
