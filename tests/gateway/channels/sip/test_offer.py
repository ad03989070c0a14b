"""Offer and answer."""

from __future__ import annotations

import pytest
from aiosipua.sdp import SdpNegotiationError, parse_sdp, serialize_sdp
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.sip.codecs import CODINGS, CodecName
from gateway.channels.sip.offer import Agreed, agree, answer

OURS: tuple[CodecName, ...] = ("opus", "g722", "pcma", "pcmu")
LINPHONE = """v=0
o=shop 3 4 IN IP4 192.0.2.8
s=Talk
c=IN IP4 192.0.2.8
t=0 0
m=video 9078 RTP/AVP 96
a=rtpmap:96 VP8/90000
m=audio 7078 RTP/AVP 96 97 98 0 8 18 101 99 100
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:97 speex/16000
a=rtpmap:98 speex/8000
a=fmtp:18 annexb=yes
a=rtpmap:101 telephone-event/48000
a=rtpmap:99 telephone-event/16000
a=rtpmap:100 telephone-event/8000
"""


def offered(*lines: str, audio: str = "m=audio 4000 RTP/AVP 8 101") -> Agreed:
    return agree(parse_sdp("\r\n".join(["v=0", "c=IN IP4 192.0.2.8", audio, *lines])), OURS, "192.0.2.8")


def answered(text: str, agreed: Agreed) -> list[str]:
    return serialize_sdp(answer(parse_sdp(text), agreed, "192.0.2.1", 20_000, session="7", version=2)).splitlines()


def test_a_linphone_gets_opus_with_its_own_numbers() -> None:
    agreed = agree(parse_sdp(LINPHONE), OURS, "192.0.2.8")
    assert agreed.coding is CODINGS["opus"]
    assert (agreed.payload_type, agreed.event_type, agreed.event_clock_hz) == (96, 101, 48_000)
    assert agreed.remote == ("192.0.2.8", 7078)
    lines = answered(LINPHONE, agreed)
    assert "o=- 7 2 IN IP4 192.0.2.1" in lines
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 96",
        "m=audio 20000 RTP/AVP 96 101",
    ]
    assert {"a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/48000", "a=sendrecv"} <= set(lines)


def test_the_order_of_preference_is_ours() -> None:
    agreed = agree(parse_sdp(LINPHONE), ("pcma", "opus"), "192.0.2.8")
    assert (agreed.coding.name, agreed.payload_type, agreed.event_type) == ("pcma", 8, 100)
    with pytest.raises(SdpNegotiationError):
        agree(parse_sdp(LINPHONE), ("g722",), "192.0.2.8")


def test_g722_is_named_by_its_number_alone_and_has_the_clock_of_rfc_3551() -> None:
    agreed = offered(audio="m=audio 4000 RTP/AVP 0 9")
    assert (agreed.coding.name, agreed.coding.rate_hz, agreed.coding.rtpmap) == ("g722", 16_000, "G722/8000")
    assert agreed.event_type is None


@pytest.mark.parametrize(
    ("lines", "direction", "is_held", "ours"),
    [
        ((), "sendrecv", False, "a=sendrecv"),
        (("a=sendonly",), "sendonly", True, "a=recvonly"),
        (("a=inactive",), "inactive", True, "a=inactive"),
        (("a=recvonly",), "recvonly", False, "a=sendonly"),
        (("c=IN IP4 0.0.0.0",), "sendonly", True, "a=recvonly"),
    ],
)
def test_hold(lines: tuple[str, ...], direction: str, is_held: bool, ours: str) -> None:
    agreed = offered(*lines)
    assert (agreed.direction, agreed.is_held) == (direction, is_held)
    assert ours in answered("v=0\r\nm=audio 4000 RTP/AVP 8", agreed)


def test_a_direction_of_the_session_counts() -> None:
    assert agree(parse_sdp("v=0\r\nc=IN IP4 192.0.2.8\r\na=sendonly\r\nm=audio 4 RTP/AVP 8"), OURS, "192.0.2.8").is_held


@pytest.mark.parametrize(
    ("lines", "ptime_ms"),
    [
        ((), 20),
        (("a=ptime:30",), 30),
        (("a=ptime:25",), 20),
        (("a=ptime:x",), 20),
        (("a=maxptime:10",), 10),
        (("a=maxptime:150",), 20),
    ],
)
def test_packets_are_as_long_as_the_caller_wants(lines: tuple[str, ...], ptime_ms: int) -> None:
    assert offered(*lines).ptime_ms == ptime_ms


def test_opus_has_no_packets_of_30_ms() -> None:
    agreed = offered("a=rtpmap:96 opus/48000/2", "a=ptime:30", audio="m=audio 4000 RTP/AVP 96")
    assert agreed.ptime_ms == 20


@pytest.mark.parametrize(
    "audio",
    [
        "m=audio 4000 RTP/SAVP 8",
        "m=audio 0 RTP/AVP 8",
        "m=audio 99999 RTP/AVP 8",
        "m=audio 4000 RTP/AVP 18",
        "m=video 4000 RTP/AVP 96",
    ],
)
def test_what_cannot_be_answered(audio: str) -> None:
    with pytest.raises(SdpNegotiationError):
        offered(audio=audio)


def test_an_address_of_another_family_is_not_ours_to_reach() -> None:
    assert offered("c=IN IP6 2001:db8::8").remote == ("192.0.2.8", 4000)


@pytest.mark.parametrize("address", ["shop.example.com", "224.0.0.1", "999.1.1.1"])
def test_sound_goes_to_one_address(address: str) -> None:
    with pytest.raises(SdpNegotiationError):
        offered(f"c=IN IP4 {address}")


@given(st.lists(st.integers(0, len(LINPHONE) - 1), max_size=6), st.text(max_size=6))
def test_any_offer_is_answered_or_refused(at: list[int], text: str) -> None:
    hurt = LINPHONE
    for place in at:
        hurt = hurt[:place] + text + hurt[place + 1 :]
    try:
        offer = parse_sdp(hurt)
    except (ValueError, IndexError):
        return  # aiosipua's; the server answers 400
    try:
        agreed = agree(offer, OURS, "192.0.2.8")
    except SdpNegotiationError:
        return
    ours = parse_sdp(serialize_sdp(answer(offer, agreed, "192.0.2.1", 20_000, session="7", version=1)))
    assert len(ours.media) == len(offer.media)
    assert ours.media[agreed.stream].port == 20_000
