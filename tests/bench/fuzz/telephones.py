"""What providers' media streams, Asterisk and AudioSocket say; and whoever pretends to be one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from gateway.channels.asterisk_codec import AsteriskDialect
from gateway.channels.audiosocket_codec import CALL_ID, Decoder
from gateway.channels.exotel_codec import ExotelDialect
from gateway.channels.jambonz_codec import JambonzDialect
from gateway.channels.plivo_codec import PlivoDialect
from gateway.channels.telnyx_codec import TelnyxDialect
from gateway.channels.twilio_codec import TwilioDialect
from gateway.channels.vonage_codec import VonageDialect
from gateway.errors import ProtocolError
from gateway.telephony.stream_clock import StreamClock
from gateway.telephony.wire import AudioFormat, CallStarted, Dialect, MediaIn
from tests.bench.fuzz.cases import Case, Message
from tests.bench.fuzz.judge import Subject
from tests.provider_doubles import recorded

_WORDS = (
    "event", "start", "media", "dtmf", "mark", "stop", "connected", "streamSid", "stream_id", "stream_sid", "callSid",
    "call_control_id", "callId", "call_sid", "payload", "timestamp", "chunk", "digit", "name", "mediaFormat",
    "media_format",
    "encoding", "sampleRate", "sample_rate", "customParameters", "custom_parameters", "extra_headers", "type",
    "data", "track",
    "clear", "playedStream", "clearedAudio", "audio/x-mulaw", "audio/x-alaw", "audio/x-l16", "PCMA", "l16", "8000",
    "outbound",
)  # fmt: skip
_ASTERISK_WORDS = (
    "MEDIA_START", "DTMF_END", "MEDIA_MARK_PROCESSED", "MEDIA_XOFF", "STATUS", "format", "channel_id", "connection_id",
    "correlation_id", "digit", "ulaw", "alaw", "slin", "slin16", "slin48", "event", "channel_variables",
    "optimal_frame_size:160",
)  # fmt: skip


def _stream(dialect: Callable[[], Dialect]) -> Callable[[], Any]:
    """A connection, and what Kefu would say on it after each message: the stream's own names go back in that."""

    def open_stream() -> Any:
        codec, clock = dialect(), StreamClock()
        form = AudioFormat(8_000)

        def feed(message: Message) -> object:
            nonlocal form
            events = codec.decode(message)
            heard, begins = [], False
            for event in events:
                if isinstance(event, CallStarted):
                    form, begins = event.format, True
                elif isinstance(event, MediaIn):
                    heard.append(form.decoded(event.payload))
                    clock.missing_ms(event.at_ms, len(event.payload) / form.bytes_per_ms)
            if not begins:
                return events, heard
            said = codec.audio(form.encoded(bytes(320)))
            return events, heard, said, codec.mark("k0.1"), codec.clear(), codec.mark("k0.2"), codec.hang_up()

        return feed

    return open_stream


def _provider(name: str, dialect: Callable[[], Dialect]) -> Subject:
    return Subject(name, lambda: [tuple(recorded(name))], _stream(dialect), (ProtocolError,), _WORDS)


def _jambonz_seeds() -> Sequence[Case]:
    start = {
        "callSid": "j-1",
        "from": "1",
        "to": "2",
        "sampleRate": 8000,
        "mixType": "mono",
        "metadata": {"kefu_pass": "0"},
    }
    mark = {"type": "mark", "data": {"name": "k0.1", "event": "playout"}}
    return [(json.dumps(start), bytes(320), json.dumps({"event": "dtmf", "dtmf": "5"}), json.dumps(mark))]


def _vonage_seeds() -> Sequence[Case]:
    start = {
        "event": "websocket:connected",
        "content-type": "audio/l16;rate=16000",
        "call": "v-1",
        "from": "1",
        "to": "2",
    }
    key = {"event": "websocket:dtmf", "digit": "5", "duration": 260}
    mark = {"event": "websocket:notify", "payload": {"mark": "k0.1"}}
    return [
        (json.dumps(start), bytes(640), json.dumps(key), json.dumps(mark), json.dumps({"event": "websocket:cleared"}))
    ]


def _asterisk_seeds() -> Sequence[Case]:
    plain = (
        "MEDIA_START connection_id:c channel:WebSocket/x channel_id:1.2 format:slin16 optimal_frame_size:640 ptime:20"
    )
    start = {
        "event": "MEDIA_START",
        "connection_id": "c",
        "channel_id": "1.2",
        "format": "ulaw",
        "channel_variables": {"A": "b"},
    }
    key, mark = {"event": "DTMF_END", "digit": "5"}, {"event": "MEDIA_MARK_PROCESSED", "correlation_id": "k0.2"}
    return [
        (
            plain,
            bytes(640),
            "DTMF_END digit:5 duration_ms:100",
            "MEDIA_MARK_PROCESSED k0.2",
            "MEDIA_XOFF",
            "STATUS queue_length:3",
        ),
        (json.dumps(start), bytes(160), json.dumps(key), json.dumps(mark)),
    ]


def _audiosocket_seeds() -> Sequence[Case]:
    call = bytes([CALL_ID, 0, 16]) + uuid.UUID(int=5).bytes
    sound, key = b"\x10\x01\x40" + bytes(320), b"\x03\x00\x015"
    return [(call, sound, key + sound[:100], sound[100:], b"\xff\x00\x01\x02", b"\0\0\0"), (call + sound + key,)]


def _audiosocket() -> Any:
    decoder = Decoder()

    def feed(message: Message) -> object:
        packets = decoder.push(message.encode("latin-1", "replace") if isinstance(message, str) else message)
        ids = [packet.call_id for packet in packets if packet.kind == CALL_ID]
        return packets, ids, [(packet.digit, packet.rate_hz) for packet in packets]

    return feed


SUBJECTS = [
    _provider("twilio", TwilioDialect),
    _provider("telnyx", TelnyxDialect),
    _provider("plivo", PlivoDialect),
    _provider("exotel", ExotelDialect),
    Subject(
        "vonage",
        _vonage_seeds,
        _stream(VonageDialect),
        (ProtocolError,),
        (*_WORDS, "websocket:connected", "websocket:dtmf", "content-type", "audio/l16;rate=8000", "call"),
    ),
    Subject(
        "jambonz",
        _jambonz_seeds,
        _stream(JambonzDialect),
        (ProtocolError,),
        _WORDS,
    ),
    Subject(
        "asterisk",
        _asterisk_seeds,
        _stream(AsteriskDialect),
        (ProtocolError,),
        _ASTERISK_WORDS,
    ),
    Subject("audiosocket", _audiosocket_seeds, _audiosocket, (ProtocolError,)),
]
