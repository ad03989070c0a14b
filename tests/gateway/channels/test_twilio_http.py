"""Signatures and TwiML against known answers, and against the vendor's own library."""

from __future__ import annotations

import json
from urllib.parse import urlparse
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator, add_port, remove_port
from twilio.twiml.voice_response import Connect, Dial, Number, Stream, VoiceResponse

from gateway.channels.twilio_http import (
    algorithm_of,
    connect_twiml,
    is_signed,
    say_twiml,
    signature,
    transfer_twiml,
    with_port,
    without_port,
)
from gateway.telephony.control import Transfer

TOKEN = "test-auth-token"
URL = "https://gw.example.com/twilio/voice?x=1"
FORM = {
    "CallSid": "CA00000000000000000000000000000001",
    "CallStatus": "ringing",
    "From": "+15550100001",
    "To": "+15550100002",
}


def test_known_answers() -> None:
    assert signature(TOKEN, URL, FORM.items()) == "8DAndcdhwcRpUFpEm5qQ8UdxuFQ="
    assert signature(TOKEN, URL, FORM.items(), "sha256") == "bbRgta5rU2Q4glAl0zKPNb4p5hM09Bv+43uwWYzZH60="
    assert signature(TOKEN, "wss://gw.example.com/twilio/media", ()) == "+2zfCNIyQwiNYX4fJBZFDtNchoM="
    digest = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    url = f"https://gw.example.com/hook?bodySHA256={digest}"
    body = json.dumps({"a": 1}, separators=(",", ":")).encode()
    assert is_signed(TOKEN, url, "wupeN2N3dS0bXuYypIl6ZUhD7H0=", (), body)
    assert not is_signed(TOKEN, url, "wupeN2N3dS0bXuYypIl6ZUhD7H0=", (), body + b" ")


def test_the_header_names_the_algorithm() -> None:
    assert algorithm_of(None) == algorithm_of("") == algorithm_of("key=webhooks_x") == "sha1"
    assert algorithm_of("key=webhooks_x,algorithm=HMAC_SHA256") == "sha256"
    assert algorithm_of("algorithm=NONE") is None
    assert not is_signed(TOKEN, URL, signature(TOKEN, URL, FORM.items()), FORM.items(), digest=None)


_PAIRS = st.lists(st.tuples(st.sampled_from(["From", "To", "Digits", "a"]), st.text(max_size=8)), max_size=8)


@given(_PAIRS)
def test_we_sign_as_the_vendor_does_also_duplicate_names(pairs: list[tuple[str, str]]) -> None:
    theirs = RequestValidator(TOKEN).compute_signature(URL, MultiDict(pairs))
    assert signature(TOKEN, URL, pairs) == theirs
    assert is_signed(TOKEN, URL, theirs, reversed(pairs))


@pytest.mark.parametrize(
    "url", ["https://gw.example.com/v", "https://gw.example.com:443/v?x=1", "http://gw.example.com:8080/v"]
)
def test_both_forms_of_the_port_are_taken(url: str) -> None:
    assert with_port(url) == add_port(urlparse(url))
    assert without_port(url) == remove_port(urlparse(url))
    for signed in (add_port(urlparse(url)), remove_port(urlparse(url))):
        given_signature = RequestValidator(TOKEN).compute_signature(signed, FORM)
        assert is_signed(TOKEN, url, given_signature, FORM.items())
    assert not is_signed(TOKEN, url + "x", RequestValidator(TOKEN).compute_signature(url, FORM), FORM.items())


@pytest.mark.parametrize("given_signature", [None, "", "x", "é"])
def test_without_a_good_signature_nothing_is_signed(given_signature: str | None) -> None:
    assert not is_signed(TOKEN, URL, given_signature, FORM.items())


def test_the_twiml_is_what_the_vendors_builder_makes() -> None:
    connect = Connect()
    stream = Stream(url="wss://gw.example.com/m", status_callback="https://gw.example.com/s")
    stream.parameter(name="from", value='<+1>&"')
    connect.append(stream)
    response = VoiceResponse()
    response.append(connect)
    ours = connect_twiml("wss://gw.example.com/m", {"from": '<+1>&"'}, "https://gw.example.com/s")
    assert ET.canonicalize(ours) == ET.canonicalize(str(response))
    dial = Dial()
    dial.append(Number("+15550100009", url="https://gw.example.com/w?call=1&x=2"))
    response = VoiceResponse()
    response.append(dial)
    ours = transfer_twiml(Transfer("+15550100009", "订单"), "https://gw.example.com/w?call=1&x=2")
    assert ET.canonicalize(ours) == ET.canonicalize(str(response))


@given(st.text(max_size=40))
def test_any_summary_is_xml(summary: str) -> None:
    root = ET.fromstring(say_twiml(summary, "zh"))
    assert root.tag == "Response"
