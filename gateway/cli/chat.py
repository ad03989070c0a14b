"""``kefu chat``: type with the running gateway; ``kefu chat "text" --json`` for one turn.

JSON: the answer of POST /v1/message (gateway/README.md).
"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console

from dialogue.explain import panel
from gateway.cli import DEFAULT_URL, JsonOption, UrlOption, run_or_fail
from gateway.cli.client import Gateway


def chat(
    text: Annotated[str | None, typer.Argument(help="One message; without it the chat is interactive.")] = None,
    url: UrlOption = DEFAULT_URL,
    conversation: Annotated[str | None, typer.Option("--conversation", help="Go on with this conversation.")] = None,
    api_key: Annotated[str | None, typer.Option("--api-key", envvar="KEFU_API_KEY")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what was understood, and why.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Chat with the gateway in writing."""
    gateway = Gateway(url, api_key)
    if text is not None:
        answer = run_or_fail(lambda: asyncio.run(_send(gateway, text, conversation, explain)))
        print(json.dumps(answer, ensure_ascii=False) if as_json else answer["text"])
        if not as_json and "explanation" in answer:
            Console().print(panel(answer["explanation"]))
        return
    run_or_fail(lambda: asyncio.run(_interactive(gateway, conversation, explain)))


async def _send(gateway: Gateway, text: str, conversation: str | None, explain: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"text": text, "explain": explain}
    if conversation:
        body["conversation_id"] = conversation
    return await gateway.post("/v1/message", body)


async def _interactive(gateway: Gateway, conversation: str | None, explain: bool) -> None:
    console = Console()
    console.print("[dim]您好，请输入问题；空行或 Ctrl-D 结束。 Type a message; an empty line ends.[/]")
    while True:
        try:
            text = (await asyncio.to_thread(console.input, "[bold]> [/]")).strip()
        except EOFError:
            return
        if not text:
            return
        answer = await _send(gateway, text, conversation, explain)
        conversation = answer["conversation_id"]
        console.print(answer["text"], markup=False, highlight=False)
        slots = " ".join(f"{name}={value}" for name, value in answer.get("slots", {}).items())
        understood = f"{answer.get('intent')} {answer.get('confidence', 0):.2f} {slots}"
        console.print(
            f"{understood.strip()} · {answer['latency_ms']:.0f} ms", style="dim", markup=False, highlight=False
        )
        if "explanation" in answer:
            console.print(panel(answer["explanation"]))
        if answer["suggestions"]:
            console.print("  ".join(f"[{words}]" for words in answer["suggestions"]), style="cyan", markup=False)
