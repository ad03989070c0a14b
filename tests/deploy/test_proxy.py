"""The example of a TLS proxy, run in Debian's nginx before a real gateway."""

from __future__ import annotations

import asyncio
import datetime
import io
import ipaddress
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.admission import RateLimit
from gateway.channels.web_codec import SUBPROTOCOL
from tests.fakes import FakeAsr
from tests.gateway.channels.test_openai_audio import recording
from tests.gateway.doors import START, Door, Socket, house_with, served

EXAMPLE = Path(__file__).parents[2] / "deploy" / "proxy" / "nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx (apt-get install nginx-light)")

_MAIN = """
daemon off; master_process off; worker_processes 1;
pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def certificate(folder: Path) -> ssl.SSLContext:
    """Written for ``localhost``; the context trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "fullchain.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "privkey.pem").write_bytes(secret)
    return ssl.create_default_context(cafile=str(pem))


def free_port() -> int:
    """A TCP port nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def behind_nginx(door: Door, folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the proxy that is before ``door``."""
    trusted, port = certificate(folder), free_port()
    site = EXAMPLE.read_text()
    for ours, here in (
        ("127.0.0.1:8080", f"127.0.0.1:{door.client.port}"),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/kefu", str(folder)),
        ("shop.example.com", "localhost"),
    ):
        assert ours in site
        site = site.replace(ours, here)
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder))
    assert NGINX is not None
    process = await asyncio.create_subprocess_exec(NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"))
    connector = aiohttp.TCPConnector(ssl=trusted)
    try:
        async with aiohttp.ClientSession(f"https://localhost:{port}", connector=connector) as client:
            await _answers(client, process, folder)
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(client: aiohttp.ClientSession, process: asyncio.subprocess.Process, folder: Path) -> None:
    while True:
        assert process.returncode is None, (folder / "error.log").read_text()
        try:
            async with client.get("/healthz") as response:
                assert response.status == 200
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.02)


async def test_a_page_talks_through_the_proxy(tmp_path: Path) -> None:
    house = house_with(trusted_proxies=("127.0.0.1",))
    async with served(house) as door, behind_nginx(door, tmp_path) as client:
        origin = {"Origin": str(client._base_url).rstrip("/")}
        async with client.post("/v1/token", json={}, headers=origin) as response:
            token = (await response.json())["token"]
        raw = await client.ws_connect("/v1/voice", protocols=(SUBPROTOCOL, f"bearer.{token}"), headers=origin)
        async with Socket(raw) as page:
            await page.send(**START)
            assert (await page.next())["type"] == "ready"
            await page.send(type="text", text="你好")
            assert [message for message in await page.until("audio_end") if message["type"] == "audio"]


async def test_another_site_is_refused_through_the_proxy(tmp_path: Path) -> None:
    house = house_with(trusted_proxies=("127.0.0.1",))
    async with (
        served(house) as door,
        behind_nginx(door, tmp_path) as client,
        client.post("/v1/token", json={}, headers={"Origin": "https://evil.example"}) as response,
    ):
        assert response.status == 403


async def test_recordings_beyond_a_megabyte_pass(tmp_path: Path) -> None:
    house = house_with(trusted_proxies=("127.0.0.1",))
    house.asr = FakeAsr(lambda call: "你好")
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(recording("20. 20# 40. 1600# 40.")), filename="a.wav")
    form.add_field("model", "kefu")
    async with (
        served(house) as door,
        behind_nginx(door, tmp_path) as client,
        client.post("/v1/audio/transcriptions", data=form) as response,
    ):
        assert response.status == 200, await response.text()


async def test_metrics_stay_inside_and_a_forged_address_counts_as_the_real_one(tmp_path: Path) -> None:
    house = house_with(trusted_proxies=("127.0.0.1",))
    statuses = []
    async with served(house, requests=RateLimit(2, lambda: 0.0)) as door, behind_nginx(door, tmp_path) as client:
        async with client.get("/metrics") as response:
            assert response.status == 404
        for number in range(3):
            forged = {"X-Forwarded-For": f"192.0.2.{number}"}
            async with client.get("/v1/models", headers=forged) as response:
                statuses.append(response.status)
    assert statuses == [200, 200, 429]
