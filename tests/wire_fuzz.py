"""Messages that a stranger may send to a media stream: near the real shapes, and far from them. For hypothesis."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

_NAMES = [
    "event", "start", "media", "dtmf", "mark", "stop", "connected", "streamSid", "stream_id", "stream_sid",
    "callSid", "call_control_id", "callId", "call_sid", "payload", "timestamp", "chunk", "digit", "name",
    "mediaFormat", "media_format", "encoding", "sampleRate", "sample_rate", "customParameters", "custom_parameters",
    "extra_headers", "type", "data", "command", "sequenceNumber", "sequence_number", "correlation_id", "clear",
    "action",
]  # fmt: skip
_WORDS = [
    *_NAMES, "audio/x-mulaw", "audio/x-l16", "PCMA", "8000", "-1", "1e999", "AAAA", "=", "MEDIA_START", "DTMF_END",
]  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(_WORDS) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=12,
)


def _message(value: Any) -> str:
    return json.dumps(value)


_EVENTS = st.fixed_dictionaries(
    {"event": st.sampled_from([*_NAMES, "playedStream", "clearedAudio", "websocket:dtmf", "MEDIA_MARK_PROCESSED"])},
    optional={name: _VALUES for name in _NAMES if name != "event"},
)
JSON_MESSAGES: st.SearchStrategy[str | bytes] = st.one_of(
    _EVENTS.map(_message), _VALUES.map(_message), st.text(max_size=60), st.binary(max_size=60)
)
"""Text and binary messages."""
