"""Every codec against a few thousand messages near real ones (``python -m tests.bench.fuzz`` sends a million), and what
fuzzing has found once."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.fuzz.cases import Case
from tests.bench.fuzz.codecs import CODECS, subject
from tests.bench.fuzz.judge import judge
from tests.bench.fuzz.mutate import Mutator

_CASES = {"files": 60}


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_near_a_real_message_gets_a_value_or_an_error(name: str) -> None:
    codec = subject(name)
    seeds = codec.seeds()
    mutator, rng = Mutator(seeds, codec.words), random.Random(zlib.crc32(name.encode()))
    for seed in seeds:
        assert judge(codec, seed) is None
    for _ in range(_CASES.get(name, 120)):
        assert judge(codec, mutator.mutate(mutator.seed(rng), rng)) is None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"\r\n", b"--xx", b"--xx--", b'name="file"']), max_size=12))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_any_upload_form_is_a_form_or_an_error(pieces: list[bytes]) -> None:
    head = b"Content-Type: multipart/form-data; boundary=xx\r\n\r\n--xx\r\nContent-Disposition: form-data; "
    assert judge(subject("upload"), (head + b"".join(pieces),)) is None


_INVITE = (
    b"INVITE sip:kefu@127.0.0.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK%d\r\nFrom: <sip:1@a>;tag=a\r\n"
    b"To: <sip:kefu@127.0.0.1>\r\nCall-ID: c1\r\nCSeq: %d INVITE\r\nContact: <sip:1@127.0.0.1:5070>\r\n"
    b"Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 40000 RTP/AVP 8\r\n"
)
_BYE = (
    b"BYE sip:kefu@127.0.0.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKbye\r\nFrom: <sip:1@a>;tag=a\r\n"
    b"To: <sip:kefu@127.0.0.1>\r\nCall-ID: c1\r\nCSeq: 9 BYE\r\n\r\n"
)
_CANCEL = (
    b"CANCEL sip:kefu@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1\r\n"
    b"From: <sip:1@a>;tag=a\r\nTo: <sip:kefu@127.0.0.1>\r\nCall-ID: another\r\nCSeq: 1 CANCEL\r\n\r\n"
)
FOUND: dict[str, tuple[str, Case]] = {
    "a SIP request whose CSeq cannot be read": ("sip", (b": P 1\nCSeq:( I",)),
    "the same, to the server": (
        "sip_calls",
        (b"OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx\nCSeq:( I",),
    ),
    "an INVITE of a call that is there, without a Via": ("sip_calls", (_INVITE % (1, 1), b"INVITE s >\nCall-ID:c1")),
    "a phone that calls again at once by the same Call-ID": ("sip_calls", (_INVITE % (2, 2), _BYE, _INVITE % (1, 1))),
    "a CANCEL by the name of another call, and an INVITE within the call": (
        "sip_calls",
        (_INVITE % (1, 1), _CANCEL, _INVITE % (2, 2)),
    ),
    "a Realtime message of a role that is an object": (
        "realtime",
        ('{"type": "conversation.item.create", "item": {"type": "message", "role": {}, "content": []}}',),
    ),
    "half a character in a stream's name": (
        "twilio",
        (r'{"event": "start", "streamSid": "\udfff", "start": {"callSid": "1"}}',),
    ),
    "half a character in what is typed": ("web", (r'{"type": "text", "text": "a\ud800"}',)),
    "a form's field whose name is no text": (
        "upload",
        (
            b"Content-Type: multipart/form-data; boundary=xx\r\n\r\n--xx\r\nContent-Disposition: form-data; "
            b'name="a\xc7"\r\n\r\nx\r\n--xx--\r\n',
        ),
    ),
}


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_once(what: str) -> None:
    name, case = FOUND[what]
    assert judge(subject(name), case) is None
