"""Forms that no browser sends: each is the sender's mistake, never ours."""

from __future__ import annotations

import pytest

from gateway.config import Asterisk, Plivo, Settings, Twilio
from tests.fakes_core import House
from tests.gateway.doors import house_with, served

BASIC = {"Authorization": "Basic " + "a2VmdTpmdXp6LXBhc3N3b3Jk"}


def part(*headers: str, body: str = "x") -> bytes:
    return "\r\n".join(["--b", *headers, "", body, "--b--", ""]).encode()


@pytest.mark.parametrize(
    "body",
    [
        part('Content-Disposition: form-data; name="\x0cmodel"'),
        part("no header"),
        part('Content-Disposition: form-data; name="file"', "Content-Transfer-Encoding: rot13"),
        part('Content-Disposition: form-data; name="file"', "Content-Transfer-Encoding: base64"),
        part('Content-Disposition: form-data; name="file"', "Content-Encoding: deflate"),
        part('Content-Disposition: form-data; name="file"', "Content-Length: some"),
        part("Content-Type: multipart/mixed; boundary=c"),
        part(f"X: {'x' * 20_000}"),
        b"--b\r\n",
        b"\r\n",
        b"",
    ],
)
async def test_a_form_that_cannot_be_read_is_the_senders_mistake(body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with served() as door, door.client.post("/v1/audio/transcriptions", data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        part('Content-Disposition: form-data; name="\x0csdp"'),
        part('Content-Disposition: form-data; name="session"', body="[" * 8_000),
        part('Content-Disposition: form-data; name="sdp"', "Content-Type: text/plain; charset=none-such"),
    ],
)
async def test_a_call_whose_form_cannot_be_read_is_the_senders_mistake(body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Authorization": "Bearer key"}
    async with (
        served(house_with(api_keys=("key",))) as door,
        door.client.post("/v1/realtime/calls", data=body, headers=headers) as response,
    ):
        assert response.status == 400


def switched_on() -> House:
    secrets = {"twilio": Twilio(auth_token="t"), "plivo": Plivo(auth_token="t")}  # type: ignore[arg-type]
    house = house_with()
    house.settings = Settings(asterisk=Asterisk(username="kefu", password="fuzz-password"), **secrets)  # type: ignore[arg-type]
    return house


@pytest.mark.parametrize("path", ["/v1/twilio/voice", "/v1/twilio/status", "/v1/plivo/voice"])
@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=b",
        "application/x-www-form-urlencoded; charset=none-such",
        "application/x-www-form-urlencoded; charset=utf-16",
        "text/plain",
        "",
    ],
)
async def test_a_webhook_whose_form_cannot_be_read_is_not_signed(path: str, kind: str) -> None:
    async with (
        served(switched_on()) as door,
        door.client.post(path, data=b"CallSid=\xff\xfe%", headers={"Content-Type": kind}) as response,
    ):
        assert (response.status, (await response.json())["error"]["code"]) == (403, "bad_signature")


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded; charset=none-such"])
async def test_a_dialplan_whose_form_cannot_be_read_gets_its_call(kind: str) -> None:
    headers = {**BASIC, "Content-Type": kind}
    async with (
        served(switched_on()) as door,
        door.client.post("/v1/asterisk/calls", data=b"from=1", headers=headers) as response,
    ):
        assert (response.status, len(await response.text())) == (200, 36)


@pytest.mark.parametrize(
    "kind", ["application/sdp", "application/sdp; charset=none-such", "application/sdp; charset=ascii"]
)
async def test_an_offer_that_is_no_text_is_the_senders_mistake(kind: str) -> None:
    async with served() as door:
        headers = {"Authorization": f"Bearer {await door.token()}", "Content-Type": kind}
        async with door.client.post("/v1/webrtc", data=b"v=0\xff", headers=headers) as response:
            assert response.status == 400
