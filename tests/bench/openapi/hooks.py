"""What schemathesis cannot know: signatures of providers, over the request as it is sent, and voice tokens, each once.

Loaded by schemathesis in a process of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import jwt
import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from requests.auth import AuthBase

from gateway.channels import plivo, twilio_http

PROVIDER_TOKEN = "fuzz-provider-token"
VONAGE_SECRET = "fuzz-vonage-secret-of-32-bytes-or-more"
TELNYX_KEY = Ed25519PrivateKey.from_private_bytes(hmac.digest(b"telnyx", b"fuzz", "sha256"))
"""Of this fuzzer alone."""


class Signed(AuthBase):
    """Adds the headers that ``sign`` makes of (address, form, body)."""

    def __init__(self, sign: Callable[[str, list[tuple[str, str]], bytes], Mapping[str, str]]) -> None:
        self._sign = sign

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """See ``requests.auth``."""
        body = request.body or b""
        sent = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body)
        is_form = (request.headers.get("Content-Type") or "").startswith("application/x-www-form-urlencoded")
        text = sent.decode("utf-8", "replace") if is_form else ""
        request.headers.update(self._sign(request.url or "", parse_qsl(text, keep_blank_values=True), sent))
        return request


class OneToken(AuthBase):
    """A fresh voice token."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """See ``requests.auth``."""
        base = (request.url or "").partition("/v1/")[0]
        token = requests.post(f"{base}/v1/token", json={}, timeout=10).json()["token"]
        request.headers["Authorization"] = f"Bearer {token}"
        return request


def _twilio(url: str, form: list[tuple[str, str]], _body: bytes) -> Mapping[str, str]:
    return {"X-Twilio-Signature": twilio_http.signature(PROVIDER_TOKEN, url, form)}


def _plivo(url: str, form: list[tuple[str, str]], _body: bytes) -> Mapping[str, str]:
    nonce = secrets.token_hex(8)
    signature = plivo.signature(PROVIDER_TOKEN, url, nonce, form)
    return {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}


def _telnyx(_url: str, _form: list[tuple[str, str]], body: bytes) -> Mapping[str, str]:
    timestamp = str(int(time.time()))
    signature = base64.b64encode(TELNYX_KEY.sign(timestamp.encode() + b"|" + body)).decode()
    return {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": signature}


def _vonage(_url: str, _form: list[tuple[str, str]], body: bytes) -> Mapping[str, str]:
    claims = {"iat": time.time(), "jti": secrets.token_hex(8), "payload_hash": hashlib.sha256(body).hexdigest()}
    return {"Authorization": f"Bearer {jwt.encode(claims, VONAGE_SECRET, algorithm='HS256')}"}


_AUTH: Mapping[str, AuthBase] = {
    "/v1/twilio/voice": Signed(_twilio),
    "/v1/twilio/status": Signed(_twilio),
    "/v1/twilio/whisper": Signed(_twilio),
    "/v1/telnyx/voice": Signed(_telnyx),
    "/v1/plivo/voice": Signed(_plivo),
    "/v1/plivo/transfer": Signed(_plivo),
    "/v1/plivo/whisper": Signed(_plivo),
    "/v1/vonage/answer": Signed(_vonage),
    "/v1/vonage/whisper": Signed(_vonage),
    "/v1/webrtc": OneToken(),
}


@schemathesis.hook
def before_call(_context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Sign what goes to a provider's webhook."""
    if (auth := _AUTH.get(case.operation.path)) is not None:
        kwargs["auth"] = auth
