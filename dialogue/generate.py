"""Free text by a language model, checked before a customer sees it. Messages in, safe sentences out.

Only small talk is generated; orders, prices and policies come from the shop and the knowledge base. A sentence that
holds a number, a link, a promise, another language or a broken role is never said: the caller's template is.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dialogue.errors import GenerationFailed
from dialogue.state import DialogueState
from inference_server.errors import InferenceError
from nlu.types import Language

if TYPE_CHECKING:
    import aiohttp

Message = Mapping[str, str]
"""``role`` (system, user, assistant) and ``content``."""

SENTENCES = 2
"""Sentences of small talk at most."""
SENTENCE_CHARS = 160
_CONTEXT_LINES = 4

_SYSTEM = {
    "en": (
        "You are Kefu, the friendly assistant of an online shop. Answer small talk in one short, plain sentence. "
        "Never mention orders, prices, dates, numbers, links or shop rules."
    ),
    "zh": (
        "你是网店的客服助手小酷。用一句简短、礼貌的中文回应闲聊，称呼客户为您。"
        "不要提订单、价格、日期、数字、链接或店铺规则。"
    ),
}


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How small talk is written."""

    chinese: bool = False
    """True when the configured model writes Chinese."""
    deadline_s: float = 6.0
    max_tokens: int = 60


class Generator(Protocol):
    """A language model that streams text."""

    def stream(self, messages: Sequence[Message], deadline_s: float, max_tokens: int) -> AsyncIterator[str]:
        """Pieces of text as they are written. Raises ``GenerationFailed``; closing it stops the model."""
        ...


class StreamingClient(Protocol):
    """The part of ``inference_server.client.InferenceClient`` that is used here."""

    def stream(
        self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The answers of a decoupled model as they come. Raises ``InferenceError``."""
        ...


class TritonGenerator:
    """The ``generate`` model on Triton. Greedy, so that the same words get the same answer."""

    def __init__(self, client: StreamingClient) -> None:
        self._client = client

    async def stream(self, messages: Sequence[Message], deadline_s: float, max_tokens: int) -> AsyncIterator[str]:
        """Pieces of text as they are written. Raises ``GenerationFailed``."""
        inputs = {
            "MESSAGES": np.array([json.dumps(list(messages), ensure_ascii=False)], dtype=np.object_),
            "MAX_TOKENS": np.array([max_tokens], dtype=np.int32),
            "TEMPERATURE": np.array([0.0], dtype=np.float32),
        }
        try:
            async with aclosing(self._client.stream("generate", inputs, deadline_s=deadline_s)) as responses:
                async for response in responses:
                    if piece := _text_of(response.get("TEXT")):
                        yield piece
        except InferenceError as error:
            raise GenerationFailed(error.code) from error


class OpenAIGenerator:
    """Any endpoint that speaks the OpenAI chat completions protocol, streaming (server-sent events)."""

    def __init__(self, url: str, model: str, key: str | None = None) -> None:
        """``url`` is the base, e.g. ``http://127.0.0.1:8000/v1``."""
        self._url = url.rstrip("/") + "/chat/completions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def stream(self, messages: Sequence[Message], deadline_s: float, max_tokens: int) -> AsyncIterator[str]:
        """Pieces of text as they are written. Raises ``GenerationFailed``."""
        import aiohttp

        body = {
            "model": self._model,
            "messages": list(messages),
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
        timeout = aiohttp.ClientTimeout(total=deadline_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=self._headers) as session,
                session.post(self._url, json=body) as response,
            ):
                if response.status != 200:
                    raise GenerationFailed(f"the endpoint answered {response.status}")
                async for piece in _deltas(response):
                    yield piece
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError) as error:
            raise GenerationFailed(type(error).__name__) from error


async def _deltas(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    """The text of each server-sent event until ``[DONE]``."""
    async for raw in response.content:
        line = raw.decode("utf-8", "replace").strip()
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        choices = json.loads(data).get("choices") or [{}]
        if piece := (choices[0].get("delta") or {}).get("content"):
            yield piece


def _text_of(tensor: Any) -> str:
    if tensor is None:
        return ""
    values = np.asarray(tensor, dtype=np.object_).ravel().tolist()
    return "".join(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values)


def messages(state: DialogueState, text: str) -> list[Message]:
    """The prompt for small talk: instruction, the last lines, the customer's words."""
    lines = [line for line in state.history if line.text != text][-_CONTEXT_LINES:]
    spoken: list[Message] = [
        {"role": "user" if line.role == "customer" else "assistant", "content": line.text} for line in lines
    ]
    return [{"role": "system", "content": _SYSTEM[state.language]}, *spoken, {"role": "user", "content": text}]


async def safe_sentences(
    generator: Generator, asked: Sequence[Message], language: Language, options: GenerationOptions
) -> AsyncGenerator[str, None]:
    """Up to ``SENTENCES`` checked sentences, each as soon as it is whole. Raises ``GenerationFailed`` at the first one
    that is not safe, when the model breaks, or when the deadline is over before the first sentence.
    """
    said, buffer = 0, ""
    try:
        async with asyncio.timeout(options.deadline_s):
            async with aclosing(
                _as_generator(generator.stream(asked, options.deadline_s, options.max_tokens))
            ) as parts:
                async for piece in parts:
                    buffer += piece
                    while (cut := _sentence_end(buffer)) and said < SENTENCES:
                        sentence, buffer = buffer[:cut].strip(), buffer[cut:]
                        if not safe(sentence, (), language):
                            raise GenerationFailed("not safe")
                        said += 1
                        yield sentence
                    if said >= SENTENCES or len(buffer) > SENTENCE_CHARS:
                        break
    except TimeoutError as error:
        raise GenerationFailed("too slow") from error
    if not said:
        rest = buffer.strip()
        if not rest or not _SENTENCE_CLOSE.search(rest) or not safe(rest, (), language):
            raise GenerationFailed("nothing usable")
        yield rest


async def _as_generator(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """An iterator that can be closed, whatever the generator returned."""
    try:
        async for piece in pieces:
            yield piece
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


_SENTENCE_CLOSE = re.compile(r"[。！？!?.]$")
_SENTENCE_END = re.compile(r"[。！？]|[.!?](?=\s)")
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_ZH_AMOUNT = re.compile(r"[一二三四五六七八九十百千万两]+(天|元|块|折|小时|个月|年|日|号|点|%)")
_EN_AMOUNT = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|hundred)\b[ -]?"
    r"(days?|hours?|weeks?|months?|years?|yuan|dollars?|percent|business)",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?:|www\.|\w+@\w+|\.(com|cn|net|org)\b", re.IGNORECASE)
_PROMISE = re.compile(
    r"refund|guarantee|warranty|free (shipping|return)|discount|coupon|compensat|policy|policies|deliver|shipp"
    r"|track|cancel|your order|promise|\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|tomorrow|\$|¥|€"
    r"|退款|退货|包邮|赔|补偿|优惠|打折|保证|承诺|保修|发货|送达|订单|明天|后天|周[一二三四五六日]",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"<\|?\w+\|?>|^\s*(user|assistant|system|customer|human|ai)\s*[:：]|\bAI (language )?model\b|language model"
    r"|system prompt|as an ai|语言模型|作为(一个)?(AI|人工智能)|提示词|```|\*\*|^#",
    re.IGNORECASE | re.MULTILINE,
)
_HAN = re.compile(r"[一-鿿]")
_LATIN = re.compile(r"[A-Za-z]")


def _sentence_end(buffer: str) -> int:
    found = _SENTENCE_END.search(buffer)
    return found.end() if found else 0


def safe(text: str, facts: Sequence[str], language: Language) -> bool:
    """Whether a generated text may be said: nothing in it that ``facts`` do not hold (numbers, amounts, links,
    promises), the right language, a sane length, no broken role or markup.
    """
    known = "\n".join(facts)
    if not text.strip() or len(text) > SENTENCE_CHARS * SENTENCES or _ROLE.search(text) or _LINK.search(text):
        return False
    numbers = set(_DIGITS.findall(known))
    if any(found not in numbers for found in _DIGITS.findall(text)):
        return False
    for pattern in (_ZH_AMOUNT, _EN_AMOUNT, _PROMISE):
        if any(match.group().lower() not in known.lower() for match in pattern.finditer(text)):
            return False
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    return han == 0 and latin > 0 if language == "en" else han > latin
