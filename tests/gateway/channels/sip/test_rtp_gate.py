"""Whose RTP is a call's: seconds are passed in."""

from __future__ import annotations

import struct

from gateway.channels.sip.rtp_gate import RtpGate

PHONE = ("198.51.100.7", 4000)
OTHER = ("203.0.113.9", 4000)


def gate(*trusted: str) -> RtpGate:
    it = RtpGate(lambda host: host in trusted, (8, 13), 101)
    it.offer(PHONE)
    return it


def rtp(payload_type: int = 8, stream: int = 1) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, 1, 160, stream) + bytes(160)


def test_the_offered_host_is_heard_and_a_stranger_is_not() -> None:
    it = gate()
    assert not it.hears(rtp(), OTHER, 0.0)
    assert it.hears(rtp(), PHONE, 0.0)
    assert not it.hears(rtp(), OTHER, 0.02)
    assert it.refused == 2


def test_behind_a_nat_sound_comes_from_another_address_of_a_trusted_host() -> None:
    it = gate("192.0.2.1")
    assert it.hears(rtp(), ("192.0.2.1", 61_000), 0.0)
    assert not it.hears(rtp(), PHONE, 0.02), "the call has its source"


def test_another_source_takes_over_only_when_the_first_is_quiet() -> None:
    it = gate("192.0.2.1")
    assert it.hears(rtp(), PHONE, 0.0)
    for at in range(1, 100):
        assert not it.hears(rtp(), ("192.0.2.1", 5000), at * 0.02 + 0.01)
        assert it.hears(rtp(), PHONE, at * 0.02 + 0.02)
    assert it.hears(rtp(), ("192.0.2.1", 5000), 3.1)
    assert not it.hears(rtp(), PHONE, 3.2)
    assert not it.hears(rtp(), OTHER, 60.0), "a stranger never"


def test_after_a_new_offer_the_new_address_is_heard_at_once() -> None:
    it = gate()
    assert it.hears(rtp(), PHONE, 0.0)
    it.offer(OTHER)
    assert it.hears(rtp(), OTHER, 0.02)
    assert not it.hears(rtp(), PHONE, 0.04)


def test_a_second_stream_of_the_same_source_waits_for_the_first_to_end() -> None:
    it = gate()
    assert it.hears(rtp(stream=1), PHONE, 0.0)
    assert not it.hears(rtp(stream=2), PHONE, 0.01)
    assert it.hears(rtp(stream=1), PHONE, 0.02)
    assert it.hears(rtp(stream=2), PHONE, 0.2)
    assert not it.hears(rtp(stream=1), PHONE, 0.21)


def test_keys_may_be_a_stream_of_their_own() -> None:
    it = gate()
    assert it.hears(rtp(stream=1), PHONE, 0.0)
    assert it.hears(rtp(101, stream=2), PHONE, 0.01)
    assert it.hears(rtp(stream=1), PHONE, 0.02)


def test_what_was_not_agreed_on_or_is_no_rtp_is_not_heard() -> None:
    it = gate()
    for data in (b"", b"\0" * 200, rtp(0), rtp(96), rtp()[:12], b"\x40" + rtp()[1:]):
        assert not it.hears(data, PHONE, 0.0)
    assert it.hears(rtp(13), PHONE, 0.0)


def test_a_flood_of_the_phone_itself_is_thinned_out() -> None:
    it = gate()
    heard = sum(it.hears(rtp(), PHONE, at / 10_000) for at in range(20_000))
    assert 600 <= heard <= 800, "200 at once, then 250 a second"
    assert it.hears(rtp(), PHONE, 10.0)


def test_reports_come_from_the_host_of_the_sound() -> None:
    it = gate("192.0.2.1")
    assert it.hears_report((PHONE[0], 4001))
    assert it.hears_report(("192.0.2.1", 9))
    assert not it.hears_report(OTHER)
    it.hears(rtp(), PHONE, 0.0)
    assert it.hears_report((PHONE[0], 4001))
    assert not it.hears_report(("192.0.2.1", 9))
