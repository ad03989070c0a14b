"""What phones and browsers send to begin, change and end a call: the seeds of SIP, SDP and their words."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.fuzz.cases import Case

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 9 96 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-15\r\na=ptime:20\r\na=maxptime:60\r\na=sendrecv\r\n"
)


def _request(
    method: str, number: int, body: str = "", kind: str = "application/sdp", more: str = "", tag: str = ""
) -> bytes:
    return (
        f"{method} sip:kefu@127.0.0.1:5060 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{method}{number};rport\r\n"
        f'Max-Forwards: 70\r\nFrom: "A" <sip:1@127.0.0.1>;tag=a\r\nTo: <sip:kefu@127.0.0.1>{tag}\r\nCall-ID: c1\r\n'
        f"CSeq: {number} {method}\r\nContact: <sip:1@127.0.0.1:5070>\r\nSupported: timer, 100rel\r\n{more}"
        + (f"Content-Type: {kind}\r\n" if body else "")
        + f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def seeds() -> Sequence[Case]:
    invite = _request("INVITE", 1, SDP, more="Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n")
    ack, bye, cancel = _request("ACK", 1), _request("BYE", 9), _request("CANCEL", 1).replace(b"CANCEL1", b"INVITE1")
    held = _request("INVITE", 2, SDP.replace("sendrecv", "sendonly"))
    key = _request("INFO", 3, "Signal=5\r\nDuration=160\r\n", "application/dtmf-relay")
    update = _request("UPDATE", 4, SDP.replace("40000", "40002"))
    refer = _request(
        "NOTIFY",
        5,
        "SIP/2.0 200 OK\r\n",
        "message/sipfrag;version=2.0",
        "Event: refer\r\nSubscription-State: active\r\n",
    )
    answer = (
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx\r\nFrom: <sip:kefu@a>;tag=k\r\n"
        b"To: <sip:1@a>;tag=a\r\nCall-ID: c1\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
    )
    authorized = _request(
        "INVITE",
        1,
        SDP,
        more='Authorization: Digest username="shop", realm="kefu", nonce="0-0", uri="sip:a", '
        'response="0", qop=auth, nc=00000001, cnonce="x", algorithm=SHA-256\r\n',
    )
    return [
        (invite, ack, bye),
        (invite, ack, held, ack, key, update, bye),
        (invite, cancel),
        (invite, invite, ack, refer, answer, bye),
        (_request("OPTIONS", 1), _request("REGISTER", 1), _request("REFER", 1, more="Refer-To: <sip:2@a>\r\n")),
        (authorized, _request("PRACK", 2, more="RAck: 1 1 INVITE\r\n")),
        (invite, "40", bye),
    ]


WEBRTC_SDP = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host generation 0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:126 telephone-event/8000
a=ssrc:1 cname:x
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""".replace("\n", "\r\n")


WORDS = (
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY", "REGISTER", "SIP/2.0",
    "Via",
    "From", "To", "Call-ID", "CSeq", "Contact", "Content-Type", "Content-Length", "Session-Expires", "Min-SE",
    "Require",
    "Record-Route", "Route", "Replaces", "application/sdp", "z9hG4bK", "branch", "tag", "rport", "received",
    "transport",
    "m", "c", "a", "o", "audio", "RTP/AVP", "RTP/SAVP", "rtpmap", "fmtp", "telephone-event", "opus/48000/2", "inactive",
    "sendonly", "IN IP6 ::1", "IN IP4 0.0.0.0", "l", "i", "f", "t", "v",
)  # fmt: skip
