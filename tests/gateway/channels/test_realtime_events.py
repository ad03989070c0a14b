"""The Realtime codec: client events by hand and by chance, sessions, and answers in the client's terms."""

from __future__ import annotations

import itertools
import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.functions import FunctionResult, Functions
from dialogue.types import FunctionCall, Reply, ReplyAction
from gateway import events as ev
from gateway.channels.realtime import client_events as client
from gateway.channels.realtime.config import Session, shown, updated
from gateway.channels.realtime.functions import Calls
from gateway.channels.realtime.items import Items, from_client, said, without_sound
from gateway.channels.realtime.server_events import ServerEvents
from gateway.errors import ProtocolError
from nlu.types import Parse, Sentiment
from speech import g711
from speech.types import RecognitionFailed, SpeechEnded, SpeechStarted, Transcript


def decoded(**message: Any) -> client.ClientEvent:
    return client.decode(json.dumps(message))[0]


def test_events_are_decoded() -> None:
    assert decoded(type="input_audio_buffer.append", audio="AAEC") == client.Append(b"\0\1\2")
    assert decoded(type="input_audio_buffer.commit") == client.Commit()
    assert decoded(
        type="conversation.item.truncate", item_id="i", content_index=0, audio_end_ms=5
    ) == client.TruncateItem("i", 5)
    assert decoded(type="response.create") == client.CreateResponse()
    assert client.decode('{"type": "response.cancel", "event_id": "e1"}') == (client.CancelResponse(), "e1")


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ([], None),
        ({}, "type"),
        ({"type": ["x"]}, "type"),
        ({"type": "session.create"}, "type"),
        ({"type": "input_audio_buffer.append"}, "audio"),
        ({"type": "input_audio_buffer.append", "audio": "a"}, "audio"),
        ({"type": "input_audio_buffer.append", "audio": "*" * 8}, "audio"),
        ({"type": "input_audio_buffer.append", "audio": "A" * 1_100_000}, "audio"),
        ({"type": "conversation.item.create"}, "item"),
        ({"type": "conversation.item.create", "item": {}, "previous_item_id": 5}, "previous_item_id"),
        ({"type": "conversation.item.truncate", "item_id": "i", "audio_end_ms": True}, "audio_end_ms"),
        ({"type": "conversation.item.truncate", "item_id": "i", "audio_end_ms": -1}, "audio_end_ms"),
        ({"type": "conversation.item.delete", "item_id": ""}, "item_id"),
        ({"type": "response.create", "response": 5}, "response"),
        ({"type": "response.create", "response": {"conversation": "none"}}, "response"),
        ({"type": "response.create", "response": {"input": []}}, "response"),
        ({"type": "response.create", "response": {"metadata": {"a": 5}}}, "response.metadata"),
        ({"type": "response.create", "response": {"metadata": {str(n): "" for n in range(17)}}}, "response.metadata"),
    ],
)
def test_a_wrong_event_names_its_field(message: Any, param: str | None) -> None:
    with pytest.raises(ProtocolError) as caught:
        client.decode(json.dumps(message))
    assert caught.value.param == param


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = (
    "event_id",
    "session",
    "audio",
    "item",
    "item_id",
    "previous_item_id",
    "audio_end_ms",
    "response",
    "response_id",
)
_KINDS = tuple(client._DECODERS)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_the_bytes_only_our_error(data: bytes) -> None:
    try:
        client.decode(data)
    except ProtocolError:
        client.event_id_of(data)


@given(st.sampled_from(_KINDS), st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=5))
def test_whatever_the_fields_only_our_error(kind: str, fields: dict[str, Any]) -> None:
    try:
        event, _ = client.decode(json.dumps({"type": kind, **fields}))
        if isinstance(event, client.SessionUpdate):
            json.dumps(shown(updated(Session(), event.session), "s"))
        if isinstance(event, client.CreateItem):
            said(from_client(event.item, lambda: "i"))
    except ProtocolError:
        return


# --- the session -----------------------------------------------------------------------------------------------------


def test_a_partial_update_is_merged_and_shown_whole() -> None:
    session = updated(
        Session(), {"type": "realtime", "audio": {"input": {"transcription": {"model": "x", "language": "zh-CN"}}}}
    )
    session = updated(session, {"audio": {"output": {"format": {"type": "audio/pcmu"}}}, "instructions": "be kind"})
    assert session.language == "zh"
    assert session.audio.output.format.rate_hz == 8000
    assert session.audio.input.format.rate_hz == 24000
    whole = shown(session, "sess_1")
    assert whole["object"] == "realtime.session"
    assert whole["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert whole["audio"]["input"]["turn_detection"]["type"] == "server_vad"
    assert whole["instructions"] == "be kind"
    assert updated(session, {"audio": {"input": {"turn_detection": None}}}).audio.input.turn_detection is None
    eager = updated(session, {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}}})
    assert eager.audio.input.turn_detection is not None
    assert eager.audio.input.turn_detection.type == "semantic_vad"


@pytest.mark.parametrize(
    "changes",
    [
        5,
        {"type": "beta"},
        {"output_modalities": []},
        {"output_modalities": ["video"]},
        {"audio": {"input": {"format": {"type": "audio/opus"}}}},
        {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
        {"audio": {"input": {"format": {"type": "audio/pcmu", "rate": 24000}}}},
        {"audio": {"output": {"speed": 9}}},
        {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 0}}}},
        {"tools": "x"},
        {"tool_choice": "sometimes"},
        {"tool_choice": {"type": "function", "name": "unknown"}},
    ],
)
def test_what_would_break_the_call_is_refused(changes: Any) -> None:
    with pytest.raises(ProtocolError) as caught:
        updated(Session(), changes)
    assert (caught.value.param or "").startswith("session")


@pytest.mark.parametrize(
    ("detection", "timeout_ms"),
    [
        (None, None),
        ({"type": "server_vad"}, None),
        ({"type": "server_vad", "idle_timeout_ms": 6000}, 6000),
        ({"type": "semantic_vad", "idle_timeout_ms": 6000}, None),
    ],
)
def test_only_server_vad_has_an_idle_timeout(detection: Any, timeout_ms: int | None) -> None:
    assert updated(Session(), {"audio": {"input": {"turn_detection": detection}}}).idle_timeout_ms == timeout_ms


def test_items_are_checked() -> None:
    text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好"}]}
    assert said(from_client(text, lambda: "i")) == ["你好"]
    for wrong in (
        {},
        {"type": "message", "role": "robot", "content": []},
        {"type": "message", "role": "user", "content": "你好"},
        {"type": "function_call_output", "call_id": "c"},
    ):
        with pytest.raises(ProtocolError):
            from_client(wrong, lambda: "i")
    for part in (
        {"type": "input_image", "image_url": "x"},
        {"type": "input_audio", "audio": "*"},
        {"type": "input_audio"},
    ):
        with pytest.raises(ProtocolError) as caught:
            said({"type": "message", "role": "user", "content": [part]})
        assert caught.value.param == "item.content"
    recorded = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AAE="}]}
    assert said(recorded) == [b"\0\1"]
    assert without_sound(recorded, ["你好"])["content"] == [{"type": "input_audio", "transcript": "你好"}]
    items = Items()
    assert items.add({"id": "a"}) is None
    assert items.add({"id": "b"}) == "a"
    items.remove("a")
    with pytest.raises(ProtocolError):
        items.get("a")


# --- answers ---------------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A translator with ids that count up."""

    def __init__(self, **changes: Any) -> None:
        counter = itertools.count(1)
        self.clock = Clock()
        wanted = {"audio": {"input": {"transcription": {}}}, **changes}
        self.session = updated(Session(), wanted)
        self.events = ServerEvents(
            lambda: self.session, Items(), lambda prefix: f"{prefix}_{next(counter)}", self.clock
        )

    def kinds(self, *events: ev.Outbound) -> list[str]:
        return [message["type"] for message in self.all(*events)]

    def all(self, *events: ev.Outbound) -> list[dict[str, Any]]:
        return [message for event in events for message in self.events.encode(event)]


def reply(text: str, **fields: Any) -> ev.ReplyOut:
    return ev.ReplyOut(Reply(1, text, "zh", is_last=True, **fields))


PARSE = Parse("查订单", "查订单", "zh", "order_status", 0.9, (), Sentiment("neutral", 0.9))
SPOKEN = (
    ev.UnderstoodOut(1, PARSE),
    reply("您的订单明天到。"),
    ev.AudioStart(1, 24000, 1),
    ev.Caption(1, 0, "您的订单明天到。", 0, 1),
    ev.AudioOut(1, 0, bytes(960), 1),
    ev.AudioOut(1, 0, bytes(960), 1),
    ev.AudioEnd(1, 40, 1),
)


def heard(text: str = "查订单", utterance: int = 1, verdict: str | None = "turn") -> ev.Heard:
    return ev.Heard(Transcript(utterance, text, True, "zh", 0.9, 100, 900), verdict)


def test_an_answer_is_told_in_order() -> None:
    bench = Bench()
    messages = bench.all(*SPOKEN)
    assert [message["type"] for message in messages] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    done = messages[-1]["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "您的订单明天到。"}]
    assert done["metadata"]["kefu_intent"] == "order_status"
    assert sum(len(b64decode(m["delta"])) for m in messages if m["type"] == "response.output_audio.delta") == 1920
    spoken = bench.events.spoken(done["output"][0]["id"])
    assert spoken is not None
    assert (spoken.turn_id, spoken.play, spoken.audio_ms) == (1, 1, 40)


def test_the_telephone_s_code_is_spoken() -> None:
    bench = Bench(audio={"output": {"format": {"type": "audio/pcma"}}})
    (delta,) = (m for m in bench.all(*SPOKEN[:5]) if m["type"] == "response.output_audio.delta")
    assert b64decode(delta["delta"]) == g711.SILENCE["alaw"] * 480


def test_speech_while_nothing_sounds_is_told_at_once() -> None:
    bench = Bench()
    assert bench.kinds(ev.Heard(SpeechStarted(1, 100))) == ["input_audio_buffer.speech_started"]
    assert bench.kinds(ev.Heard(SpeechEnded(1, 900, 1300))) == ["input_audio_buffer.speech_stopped"]
    messages = bench.all(heard())
    assert [message["type"] for message in messages] == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert messages[-1]["transcript"] == "查订单"


def test_a_hum_over_the_answer_is_not_told_of() -> None:
    bench = Bench()
    bench.all(*SPOKEN[:5])
    assert bench.kinds(ev.Heard(SpeechStarted(2, 100)), ev.Heard(SpeechEnded(2, 300, 700))) == []
    assert bench.kinds(heard("嗯", 2, "backchannel")) == []
    assert bench.kinds(SPOKEN[6])[-1] == "response.done"


@pytest.mark.parametrize("clear_first", [True, False])
def test_a_barge_in_stops_the_client_and_ends_the_response(clear_first: bool) -> None:
    bench = Bench()
    bench.all(*SPOKEN[:5])
    started, clear = ev.Heard(SpeechStarted(2, 100)), ev.Clear(1)
    messages = bench.all(*((clear, started) if clear_first else (started, clear)))
    kinds = [message["type"] for message in messages]
    assert kinds.count("input_audio_buffer.speech_started") == 1
    (done,) = (m["response"] for m in messages if m["type"] == "response.done")
    assert done["status"] == "cancelled"
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["output"][0]["status"] == "incomplete"


def test_what_was_held_goes_on_as_a_new_response() -> None:
    bench = Bench()
    bench.all(*SPOKEN[:5], ev.Clear(1))
    kinds = bench.kinds(ev.AudioStart(1, 24000, 2), ev.AudioOut(1, 0, bytes(960), 1), ev.AudioOut(1, 0, bytes(960), 2))
    assert kinds[0] == "response.created"
    assert kinds.count("response.output_audio.delta") == 1, "audio of the play that was cleared is dropped"


def test_words_that_end_the_answer_late_are_told_whole() -> None:
    bench = Bench()
    bench.all(*SPOKEN[:5], ev.Heard(SpeechStarted(2, 100)), ev.Heard(SpeechEnded(2, 900, 1300)))
    kinds = bench.kinds(heard("不对", 2))
    assert kinds[:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]


def test_the_client_s_own_cancel_says_so() -> None:
    bench = Bench()
    bench.all(*SPOKEN[:5])
    bench.events.cancelled_by_client = True
    done = bench.all(ev.Clear(1))[-1]["response"]
    assert done["status_details"]["reason"] == "client_cancelled"


def test_the_loudspeaker_plays_on_after_the_last_audio() -> None:
    bench = Bench()
    bench.all(*SPOKEN)
    assert bench.kinds(ev.Heard(SpeechStarted(2, 100))) == []
    bench.clock.now = 1.0
    assert bench.kinds(ev.Heard(SpeechStarted(3, 1000))) == ["input_audio_buffer.speech_started"]


def test_unrecognised_words_are_a_failed_transcription() -> None:
    bench = Bench()
    kinds = bench.kinds(ev.Heard(SpeechStarted(1, 100)), ev.Heard(RecognitionFailed(1, "asr_overloaded", 0, 5)))
    assert kinds[-1] == "conversation.item.input_audio_transcription.failed"


def test_written_answers() -> None:
    bench = Bench(output_modalities=["text"])
    messages = bench.all(ev.ReplyOut(Reply(1, "您好。", "zh")), reply("再见。"))
    assert [m["delta"] for m in messages if m["type"] == "response.output_text.delta"] == ["您好。", "再见。"]
    assert messages[-1]["response"]["output"][0]["content"] == [{"type": "output_text", "text": "您好。再见。"}]


def test_a_voice_that_breaks_leaves_the_words() -> None:
    bench = Bench()
    messages = bench.all(*SPOKEN[:3], ev.ErrorOut("tts_failed", "I cannot speak just now"))
    done = [m["response"] for m in messages if m["type"] == "response.done"]
    assert [one["status"] for one in done] == ["failed", "completed"]
    assert done[1]["output"][0]["content"] == [{"type": "output_text", "text": "您的订单明天到。"}]
    assert messages[-1]["error"]["code"] == "tts_failed"


def test_an_action_calls_the_client_s_function_once() -> None:
    bench = Bench(tools=[{"type": "function", "name": "hand_off", "parameters": {}}])
    handed = reply("为您转接人工。", action=ReplyAction.HAND_OFF)
    messages = bench.all(SPOKEN[0], handed, *SPOKEN[2:])
    (call,) = (m for m in messages if m["type"] == "response.function_call_arguments.done")
    assert call["name"] == "hand_off"
    assert json.loads(call["arguments"]) == {"reason": "order_status", "said": "为您转接人工。"}
    assert [item["type"] for item in messages[-1]["response"]["output"]] == ["message", "function_call"]
    assert "response.function_call_arguments.done" not in bench.kinds(ev.AudioStart(1, 24000, 2), ev.AudioEnd(1, 1, 2))
    assert "response.function_call_arguments.done" not in Bench().kinds(SPOKEN[0], handed, *SPOKEN[2:])


CALL = FunctionCall("call_7", "order_status", {"order_number": "89070650"})


def test_a_call_does_not_wait_for_the_words_that_bridge_it() -> None:
    bench = Bench()
    messages = bench.all(SPOKEN[0], reply("好的，我查一下。", call=CALL))
    assert [message["type"] for message in messages] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    (item,) = messages[-1]["response"]["output"]
    assert (item["type"], item["call_id"], item["name"]) == ("function_call", "call_7", "order_status")
    assert json.loads(item["arguments"]) == {"order_number": "89070650"}
    assert not bench.events.is_responding
    assert "response.function_call_arguments.done" not in bench.kinds(*SPOKEN[2:]), "it is told once"


def test_in_writing_the_call_follows_its_words() -> None:
    bench = Bench(output_modalities=["text"])
    messages = bench.all(reply("好的，我查一下。", call=CALL))
    assert [item["type"] for item in messages[-1]["response"]["output"]] == ["message", "function_call"]
    (told,) = (m for m in messages if m["type"] == "response.function_call_arguments.done")
    assert told["output_index"] == 1


def test_an_answer_without_words_is_an_empty_response() -> None:
    assert Bench().kinds(reply("")) == ["response.created", "response.done"]


def test_no_function_is_called_where_the_client_wants_none() -> None:
    bench = Bench(tools=[{"type": "function", "name": "hand_off", "parameters": {}}], tool_choice="none")
    handed = reply("为您转接人工。", action=ReplyAction.HAND_OFF)
    assert "response.function_call_arguments.done" not in bench.kinds(SPOKEN[0], handed, *SPOKEN[2:])


def test_the_client_s_metadata_comes_back_once() -> None:
    bench = Bench()
    bench.events.metadata = {"topic": "x"}
    assert bench.all(*SPOKEN)[-1]["response"]["metadata"]["topic"] == "x"
    assert "topic" not in bench.all(*SPOKEN)[-1]["response"]["metadata"]


def test_what_is_cleared_is_told_no_further() -> None:
    bench = Bench()
    assert bench.kinds(ev.Heard(SpeechStarted(1, 100))) == ["input_audio_buffer.speech_started"]
    bench.events.utterances.forget()
    assert bench.kinds(ev.Heard(SpeechEnded(1, 900, 1300)), heard("查订单", 1)) == []


def test_a_call_is_answered_once_and_given_up_once() -> None:
    calls = Calls()
    calls.made("a", "order_status")
    calls.made("b", "order_status")
    calls.made("c", "hand_off")
    assert calls.answered("a", "在路上。") == FunctionResult("a", "order_status", "在路上。")
    assert calls.expired("a") is None
    assert calls.expired("b") == FunctionResult("b", "order_status", None)
    assert calls.answered("c", "done") is None, "nothing is to be told of an action"
    for call_id, code in (("a", "call_is_over"), ("b", "call_is_over"), ("d", "unknown_call_id")):
        with pytest.raises(ProtocolError) as caught:
            calls.answered(call_id, "x")
        assert (caught.value.code, caught.value.param) == (code, "item.call_id")
    calls.made("e", "order_status")
    with pytest.raises(ProtocolError):
        calls.answered("e", "x" * 40_000)
    assert calls.expired("e") is not None, "an output that is refused answers nothing"


def test_which_functions_may_be_called() -> None:
    def offered(**changes: Any) -> Functions:
        tools = [{"type": "function", "name": "order_status"}, {"type": "mcp", "server_label": "x"}]
        return updated(Session(), {"tools": tools, **changes}).offer({"order_status": "logistics"})

    assert set(offered().by_name) == {"order_status"}
    assert offered().forced is None
    assert offered().intents == {"order_status": "logistics"}
    assert not offered(tool_choice="none")
    assert offered(tool_choice="required").forced == "order_status"
    assert offered(tool_choice={"type": "function", "name": "order_status"}).forced == "order_status"


def test_audio_is_base64() -> None:
    assert decoded(type="input_audio_buffer.append", audio=b64encode(b"ab").decode()) == client.Append(b"ab")
