"""What a language model writes is only said when it is safe; the template is otherwise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dialogue.errors import GenerationFailed
from dialogue.generation.engines import OpenAIGenerator, TritonGenerator
from dialogue.generation.small_talk import messages, safe, safe_sentences
from dialogue.generation.types import GenerationOptions, Message
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.state import DialogueState, fold
from dialogue.types import ActionResult, CustomerSaid, Reply
from inference_server.errors import InferenceDeadline
from nlu.types import Language
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.words import parse, turn

ASKED: list[Message] = [{"role": "user", "content": "how are you"}]


class Writer:
    """Writes these pieces, then perhaps fails or hangs."""

    def __init__(self, *pieces: str, fails: bool = False, hangs: bool = False) -> None:
        self._pieces, self._fails, self._hangs = pieces, fails, hangs
        self.closed = False

    async def stream(self, messages: Sequence[Message], deadline_s: float, max_tokens: int) -> AsyncIterator[str]:
        try:
            for piece in self._pieces:
                yield piece
            if self._fails:
                raise GenerationFailed("broke")
            if self._hangs:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def written(writer: Writer, language: Language = "en", deadline_s: float = 5.0) -> list[str]:
    return [said async for said in safe_sentences(writer, ASKED, language, GenerationOptions(deadline_s=deadline_s))]


@pytest.mark.parametrize(
    "text",
    [
        "Your order will arrive soon.",
        "That costs $5.",
        "You have 3 days.",
        "It takes seven days.",
        "Visit www.example.com now.",
        "We offer a full refund.",
        "See you tomorrow.",
        "User: hello",
        "<|im_start|>assistant",
        "As an AI language model I cannot.",
        "**Hello**",
        "我很好。",
        "",
        "word " * 100,
    ],
)
def test_unsafe_english(text: str) -> None:
    assert not safe(text, "en")


def test_safe_chinese() -> None:
    assert safe("我很好，谢谢您的关心。", "zh")


@pytest.mark.parametrize("text", ["I am doing well, thank you for asking!", "It is lovely to meet you."])
def test_safe_english(text: str) -> None:
    assert safe(text, "en")


@pytest.mark.parametrize("text", ["您的订单明天到。", "只要九十九元。", "七天内可以退货。", "I am fine.", "满99包邮。"])
def test_unsafe_chinese(text: str) -> None:
    assert not safe(text, "zh")


async def test_sentences_come_as_they_are_whole_and_stop_after_two() -> None:
    writer = Writer("I am ", "fine, thank you", "! How nice", " of you. ", "One more thing. ", hangs=True)
    assert await written(writer) == ["I am fine, thank you!", "How nice of you."]
    assert writer.closed


async def test_the_end_of_the_text_ends_a_sentence_but_a_torn_one_is_not_said() -> None:
    assert await written(Writer("I am fine, thank you.")) == ["I am fine, thank you."]
    with pytest.raises(GenerationFailed):
        await written(Writer("I am fine, thank"))
    with pytest.raises(GenerationFailed):
        await written(Writer())


async def test_an_unsafe_sentence_stops_the_rest() -> None:
    sentences = safe_sentences(Writer("I am fine. ", "Your refund is on its way. "), ASKED, "en", GenerationOptions())
    assert await anext(sentences) == "I am fine."
    with pytest.raises(GenerationFailed):
        await anext(sentences)


async def test_a_slow_model_is_given_up() -> None:
    writer = Writer("I am", hangs=True)
    with pytest.raises(GenerationFailed, match="slow"):
        await written(writer, deadline_s=0.01)
    assert writer.closed


class FakeTriton:
    def __init__(self, *texts: str, error: bool = False) -> None:
        self._texts, self._error = texts, error
        self.inputs: Mapping[str, Any] = {}

    async def stream(
        self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        assert model == "generate"
        self.inputs = inputs
        for text in self._texts:
            yield {"TEXT": np.array([text], dtype=np.object_), "FINISH_REASON": np.array([""], dtype=np.object_)}
        if self._error:
            raise InferenceDeadline("late")


async def test_the_triton_generator_speaks_the_contract() -> None:
    client = FakeTriton("Hel", "lo", "")
    assert [piece async for piece in TritonGenerator(client).stream(ASKED, 1.0, 9)] == ["Hel", "lo"]
    assert json.loads(client.inputs["MESSAGES"][0]) == ASKED
    assert client.inputs["MAX_TOKENS"].dtype == np.int32
    assert client.inputs["MAX_TOKENS"].tolist() == [9]


async def test_an_inference_error_is_a_failed_generation() -> None:
    with pytest.raises(GenerationFailed, match="inference_deadline"):
        [piece async for piece in TritonGenerator(FakeTriton("Hi", error=True)).stream(ASKED, 1.0, 9)]


async def endpoint(request: web.Request) -> web.StreamResponse:
    body = await request.json()
    if request.headers.get("Authorization") != "Bearer secret":
        return web.Response(status=401)
    assert body["stream"] is True
    assert body["model"] == "m"
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for text in ("I am ", "fine."):
        data = json.dumps({"choices": [{"delta": {"content": text}}]})
        await response.write(f"data: {data}\n\n".encode())
    await response.write(b": comment\n\ndata: [DONE]\n\n")
    return response


async def test_any_openai_compatible_endpoint_serves() -> None:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint)
    async with TestServer(app) as server:
        url = str(server.make_url("/v1"))
        pieces = [piece async for piece in OpenAIGenerator(url, "m", "secret").stream(ASKED, 5.0, 9)]
        assert pieces == ["I am ", "fine."]
        with pytest.raises(GenerationFailed, match="401"):
            [piece async for piece in OpenAIGenerator(url, "m").stream(ASKED, 5.0, 9)]
    with pytest.raises(GenerationFailed):
        [piece async for piece in OpenAIGenerator(url, "m", "secret").stream(ASKED, 5.0, 9)]


def test_the_prompt_holds_the_words_once() -> None:
    state = fold(DialogueState.new("c", language="en"), CustomerSaid(turn(1, parse("how are you"))))
    prompt = messages(state, "how are you")
    assert [message["role"] for message in prompt] == ["system", "user"]


class NoWrites:
    async def run(self, action: object) -> ActionResult:
        raise AssertionError("small talk must not write")


async def chat(writer: Writer | None, text: str, language: Language, *, chinese: bool = False) -> list[Reply]:
    async with opened_demo_shop() as shop:
        responder = Responder(
            shop, KnowledgeIndex(None), writer, clock=clock, options=GenerationOptions(chinese=chinese)
        )
        state = DialogueState.new("c", language=language)
        said = turn(1, parse(text, language=language))
        items = [item async for item in responder.respond(state, said, NoWrites())]
        return [item for item in items if isinstance(item, Reply)]


async def test_small_talk_is_generated_in_english_and_marked() -> None:
    first, last = await chat(Writer("I am doing well, thank you."), "how are you", "en")
    assert (first.text, first.generated, first.is_last) == ("I am doing well, thank you.", True, False)
    assert not last.generated
    assert last.is_last


async def test_small_talk_falls_back_to_the_template() -> None:
    for writer in (None, Writer(fails=True), Writer("Your refund of 5 yuan is here.")):
        (reply,) = await chat(writer, "how are you", "en")
        assert not reply.generated
        assert "Thank you for asking" in reply.text


async def test_chinese_is_only_generated_where_the_model_writes_it() -> None:
    (reply,) = await chat(Writer("我很好，谢谢您。"), "最近怎么样", "zh")
    assert not reply.generated
    replies = await chat(Writer("我很好，谢谢您。"), "最近怎么样", "zh", chinese=True)
    assert replies[0].text == "我很好，谢谢您。"
