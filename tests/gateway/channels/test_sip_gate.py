"""Who may talk to the SIP port: addresses, credentials, and datagrams of any kind."""

from __future__ import annotations

import re

import pytest
from aiosipua import SipDigestAuth, build_credentials, parse_auth, stringify_auth
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.channels.sip.gate import AllowList, Digest
from gateway.channels.sip.transport import SipSockets

INVITE = (
    b"INVITE sip:kefu@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx\r\nFrom: <sip:1@a>;tag=1\r\n"
    b"To: <sip:kefu@a>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:1@127.0.0.1:5070>\r\nContent-Length: 0\r\n\r\n"
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def answer_to(digest: Digest, password: str, *, count: int = 1, algorithm: int = 0) -> str:
    """The header of a caller who knows ``password``."""
    challenge = digest.challenges()[algorithm]
    auth = SipDigestAuth("shop", password)
    given = build_credentials(auth, parse_auth(challenge), "INVITE", "sip:kefu@a", nonce_count=count)
    assert given is not None
    return stringify_auth(given)


def test_networks() -> None:
    allow = AllowList(["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"])
    assert allow.allows("203.0.113.9")
    assert allow.allows("2001:db8::1")
    assert allow.allows("198.51.100.7")
    assert not allow.allows("198.51.100.8")
    assert not allow.allows("no address")
    assert AllowList([]).allows("192.0.2.1")


def test_credentials_are_good_once_and_for_a_while() -> None:
    clock = Clock()
    digest = Digest({"shop": "right"}, clock)
    for algorithm in (0, 1):
        header = answer_to(digest, "right", algorithm=algorithm, count=algorithm + 1)
        assert digest.allows(header, "INVITE")
        assert not digest.allows(header, "INVITE"), "a copy"
    assert not digest.allows(answer_to(digest, "wrong", count=3), "INVITE")
    assert not digest.allows(answer_to(digest, "right", count=4), "BYE")
    late = answer_to(digest, "right", count=5)
    clock.now += 301
    assert not digest.allows(late, "INVITE")
    assert not Digest({"other": "right"}, clock).allows(late, "INVITE")


def test_callers_of_the_same_second_do_not_stand_in_each_others_way() -> None:
    digest = Digest({"shop": "right"}, Clock())
    first, second = answer_to(digest, "right"), answer_to(digest, "right")
    assert digest.allows(first, "INVITE")
    assert digest.allows(second, "INVITE")


@pytest.mark.parametrize("odd", ["é", "\ud800", "客服"])
@pytest.mark.parametrize("field", ["nonce", "response", "username", "uri", "cnonce"])
def test_credentials_of_odd_letters_are_only_refused(field: str, odd: str) -> None:
    digest = Digest({"shop": "right"}, Clock())
    header = re.sub(rf'\b{field}="([^"]*)"', rf'{field}="\g<1>{odd}"', answer_to(digest, "right"))
    assert odd in header
    assert not digest.allows(header, "INVITE")


@given(st.text(max_size=120) | st.text(max_size=80).map(lambda text: f"Digest {text}"))
def test_any_header_is_only_refused(header: str) -> None:
    assert not Digest({"shop": "right"}, Clock()).allows(header, "INVITE")


@settings(deadline=None)
@given(st.binary(max_size=400), st.lists(st.tuples(st.integers(0, len(INVITE) - 1), st.integers(0, 255)), max_size=12))
def test_any_datagram_is_a_message_or_nothing(data: bytes, changes: list[tuple[int, int]]) -> None:
    told: list[object] = []
    transport = SipSockets(("127.0.0.1", 0))
    transport.on_message = lambda message, _addr: told.append(message)
    hurt = bytearray(INVITE)
    for at, byte in changes:
        hurt[at] = byte
    for datagram in (data, bytes(hurt), INVITE):
        transport.received(datagram, ("127.0.0.1", 5070))
    assert told, "what is right is understood after what is not"
