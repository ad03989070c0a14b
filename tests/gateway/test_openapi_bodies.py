"""What the document calls wrong is refused, by name of the field; the fuzzer found each of these taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.doors import served

ASK = {"messages": [{"role": "user", "content": "我的订单什么时候到"}]}
TEXT = {"text": "我的订单什么时候到"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/message", {**TEXT, "explain": {}}, "explain"),
        ("/v1/message", {**TEXT, "explain": "yes"}, "explain"),
        ("/v1/chat/completions", {**ASK, "stream": "true"}, "stream"),
        ("/v1/chat/completions", {**ASK, "stream": 0}, "stream"),
        ("/v1/chat/completions", {**ASK, "stream_options": {"include_usage": {}}}, "stream_options.include_usage"),
        ("/v1/chat/completions", {**ASK, "stream_options": False}, "stream_options"),
        ("/v1/chat/completions", {**ASK, "metadata": False}, "metadata"),
        ("/v1/chat/completions", {**ASK, "metadata": []}, "metadata"),
        ("/v1/chat/completions", {**ASK, "metadata": {"conversation_id": ""}}, "conversation_id"),
        ("/v1/chat/completions", {**ASK, "user": ""}, "conversation_id"),
        ("/v1/realtime/client_secrets", {"kefu": False}, "kefu"),
        ("/v1/realtime/client_secrets", {"session": []}, "session"),
        ("/v1/realtime/client_secrets", {"session": ""}, "session"),
        ("/v1/realtime/client_secrets", {"expires_after": {"seconds": None}}, "expires_after.seconds"),
        ("/v1/webrtc", {"sdp": "v=0", "start": False}, "start"),
        ("/v1/webrtc", {"sdp": "v=0", "type": None}, "type"),
    ],
)
async def test_a_field_of_another_type_is_refused(path: str, body: dict[str, Any], field: str) -> None:
    async with served() as door:
        headers = {"Authorization": f"Bearer {await door.token()}"} if path == "/v1/webrtc" else {}
        async with door.client.post(path, json=body, headers=headers) as response:
            error = (await response.json())["error"]
    assert response.status == 400, error
    assert field in error["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/message", {**TEXT, "explain": None, "conversation_id": None, "language": None}),
        ("/v1/chat/completions", {**ASK, "stream": None, "stream_options": None, "metadata": None, "user": None}),
        ("/v1/chat/completions", {**ASK, "metadata": {"conversation_id": None}, "user": "anna"}),
        ("/v1/realtime/client_secrets", {"kefu": None, "session": None, "expires_after": None}),
        ("/v1/realtime/client_secrets", {"expires_after": {"seconds": 600.0}}),
    ],
)
async def test_null_stands_for_a_field_that_is_left_out(path: str, body: dict[str, Any]) -> None:
    async with served() as door, door.client.post(path, json=body) as response:
        assert response.status == 200, await response.text()
