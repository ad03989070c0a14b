"""Offer and answer (RFC 3264): which coding, which numbers, whose address; and our answer. Pure.

Ours is the order of preference. One audio stream is taken (RTP/AVP: there is no SRTP), others of the offer are refused
with port 0. Numbers of payload types are the offer's, also that of telephone-event (RFC 4733), since many phones send
by their own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from aiosipua.sdp import Codec, ConnectionData, MediaDescription, Origin, SdpMessage, SdpNegotiationError

from gateway.channels.sip.codecs import CODINGS, CodecName, Coding

_PROFILES = frozenset({"RTP/AVP", "RTP/AVPF"})
_PTIMES = (10, 20, 30, 40, 60)
_PTIME_MS = 20
_ANSWERS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
"""Our direction to an offered one (RFC 3264 section 6.1)."""
NOWHERE = frozenset({"0.0.0.0", "::"})
"""An address that means hold (RFC 2543)."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides can do."""

    coding: Coding
    payload_type: int
    event_type: int | None
    """Payload type of telephone-event; None: the caller sends none."""
    event_clock_hz: int
    ptime_ms: int
    """Of the packets that we send."""
    remote: tuple[str, int]
    """Where our sound goes."""
    direction: str
    """The caller's, as offered; an address of zeros is a hold (RFC 2543)."""
    stream: int
    """Which of the offered streams it is."""

    @property
    def is_held(self) -> bool:
        """Whether the caller does not want to hear us."""
        return self.direction in {"sendonly", "inactive"}


def agree(offer: SdpMessage, preferred: Sequence[CodecName], caller: str) -> Agreed:
    """Choose from an offer; ``caller``: the host it came from. Raises ``SdpNegotiationError`` if nothing is ours."""
    for stream, media in enumerate(offer.media):
        if media.media == "audio" and media.port > 0 and media.proto.upper() in _PROFILES:
            chosen = _chosen(media, preferred)
            if chosen is not None:
                return _agreed(offer, stream, *chosen, caller)
    raise SdpNegotiationError("no audio stream of a coding that is spoken here")


def _chosen(media: MediaDescription, preferred: Sequence[CodecName]) -> tuple[Coding, int] | None:
    for coding in (CODINGS[name] for name in preferred):
        for offered in media.codecs:
            if _is(offered, coding):
                return coding, offered.payload_type
    return None


def _is(offered: Codec, coding: Coding) -> bool:
    is_named = offered.encoding_name.lower() == coding.name
    return is_named and offered.clock_rate == coding.clock_hz and (offered.channels or 1) == coding.channels


def _agreed(offer: SdpMessage, stream: int, coding: Coding, payload_type: int, caller: str) -> Agreed:
    media = offer.media[stream]
    connection = media.connection or offer.connection
    if connection is None:
        raise SdpNegotiationError("no address for the sound")
    try:
        address = ipaddress.ip_address(connection.address)
    except ValueError as error:
        # A name would have to be looked up for each packet.
        raise SdpNegotiationError("the address for the sound is no IP address") from error
    direction = _direction(offer, media)
    if connection.address in NOWHERE:
        direction = "inactive" if direction == "inactive" else "sendonly"
    elif address.is_multicast:
        raise SdpNegotiationError("sound is sent to one caller only")
    if not 0 < media.port < 65536:
        raise SdpNegotiationError("no port for the sound")
    # Linphone offers its IPv6 address to whom it calls by IPv4; there, the host that calls is tried.
    is_reached = (":" in connection.address) == (":" in caller)
    event = _event(media, coding)
    return Agreed(
        coding=coding,
        payload_type=payload_type,
        event_type=event.payload_type if event else None,
        event_clock_hz=event.clock_rate if event else coding.clock_hz,
        ptime_ms=_ptime(media, coding),
        remote=(connection.address if is_reached else caller, media.port),
        direction=direction,
        stream=stream,
    )


def _event(media: MediaDescription, coding: Coding) -> Codec | None:
    """telephone-event on the clock of the sound if it is offered, else on another (RFC 4733 section 2.1)."""
    events = [codec for codec in media.codecs if codec.encoding_name.lower() == "telephone-event"]
    return next((event for event in events if event.clock_rate == coding.clock_hz), events[0] if events else None)


def _ptime(media: MediaDescription, coding: Coding) -> int:
    """The packet length that the caller asks for, as far as the coding has it."""
    for name in ("ptime", "maxptime"):
        for value in media.attributes.get(name, []):
            wanted = int(value) if value.strip().isdecimal() else 0
            if name == "maxptime":
                return max([ms for ms in (10, 20) if ms <= wanted], default=_PTIME_MS)
            if wanted in _PTIMES and not (coding.name == "opus" and wanted == 30):
                return wanted
    return _PTIME_MS


def _direction(offer: SdpMessage, media: MediaDescription) -> str:
    for attributes in (media.attributes, offer.attributes):
        for direction in _ANSWERS:
            if direction in attributes:
                return direction
    return "sendrecv"


def answer(offer: SdpMessage, agreed: Agreed, host: str, port: int, *, session: str, version: int) -> SdpMessage:
    """Our side: we hear at ``host``:``port``. ``version`` grows with each answer of a ``session`` (section 8)."""
    streams = [_refused(media) for media in offer.media]
    streams[agreed.stream] = _ours(agreed, offer.media[agreed.stream].proto, port)
    family = "IP6" if ":" in host else "IP4"
    return SdpMessage(
        origin=Origin("-", session, str(version), "IN", family, host),
        session_name="-",
        connection=ConnectionData("IN", family, host),
        media=streams,
    )


def _refused(media: MediaDescription) -> MediaDescription:
    return MediaDescription(media.media, 0, media.proto, list(media.formats))


def _ours(agreed: Agreed, proto: str, port: int) -> MediaDescription:
    coding, number = agreed.coding, agreed.payload_type
    formats, rtpmaps, fmtps = [str(number)], [f"{number} {coding.rtpmap}"], []
    if coding.fmtp:
        fmtps.append(f"{number} {coding.fmtp}")
    if agreed.event_type is not None:
        formats.append(str(agreed.event_type))
        rtpmaps.append(f"{agreed.event_type} telephone-event/{agreed.event_clock_hz}")
        fmtps.append(f"{agreed.event_type} 0-15")
    attributes: dict[str, list[str]] = {"rtpmap": rtpmaps}
    if fmtps:
        attributes["fmtp"] = fmtps
    attributes["ptime"] = [str(_PTIME_MS)]
    attributes[_ANSWERS[agreed.direction]] = []
    return MediaDescription("audio", port, proto, formats, attributes=attributes)
