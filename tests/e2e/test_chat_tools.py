"""OpenAI's Python client runs its own tool loop on the real gateway: asked for what is missing, called, told."""

from __future__ import annotations

import json
from typing import Any

import openai

from tests.bench.gateway_process import GatewayProcess

WHERE = {
    "type": "function",
    "function": {
        "name": "order_status",
        "description": "Where an order is",
        "parameters": {
            "type": "object",
            "properties": {"order_number": {"type": "string", "description": "八位订单号"}},
            "required": ["order_number"],
        },
    },
}


def test_the_tool_loop_of_the_stock_client(gateway: GatewayProcess) -> None:
    messages: list[Any] = [{"role": "user", "content": "我的快递到哪了"}]
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:

        def complete(choice: Any = "auto") -> Any:
            answer = client.chat.completions.create(
                model="kefu", messages=messages, tools=[WHERE], tool_choice=choice, user="tool-loop"
            )
            messages.append(answer.choices[0].message.model_dump(exclude_none=True))
            return answer.choices[0]

        asked = complete()
        assert "订单号" in asked.message.content
        messages.append({"role": "user", "content": "89070650"})
        called = complete()
        assert called.finish_reason == "tool_calls"
        (call,) = called.message.tool_calls
        assert json.loads(call.function.arguments) == {"order_number": "89070650"}
        messages.append({"role": "tool", "tool_call_id": call.id, "content": '{"say": "包裹在宁波的仓库。"}'})
        told = complete()
        assert (told.message.content, told.finish_reason) == ("包裹在宁波的仓库。", "stop")
        messages.append({"role": "user", "content": "我的快递到哪了"})
        without = complete("none")
        assert without.message.tool_calls is None
        assert without.message.content, "Kefu's own skill answers"


def test_a_write_stays_with_kefu(gateway: GatewayProcess) -> None:
    cancel = {"type": "function", "function": {"name": "cancel_order", "parameters": {"type": "object"}}}
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
        answer = client.chat.completions.create(
            model="kefu",
            messages=[{"role": "user", "content": "帮我取消订单"}],
            tools=[cancel],  # type: ignore[list-item]
            user="a-write",
        )
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].message.content
