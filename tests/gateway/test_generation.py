"""The language model that the settings name, and what is counted of it."""

from __future__ import annotations

import pytest

from dialogue.generation.engines import OpenAIGenerator, TritonGenerator
from dialogue.generation.types import ToolCaller
from gateway.config import ConfigError, load
from gateway.generation import generation_options, generator
from gateway.metrics import Metrics
from inference_server.client import InferenceClient


async def test_each_back_end_and_what_it_can_do() -> None:
    client = InferenceClient("127.0.0.1:1", max_concurrency=1, deadline_s=1.0)
    try:
        assert isinstance(generator(load(environ={}), client), TritonGenerator)
        assert generator(load(environ={"KEFU_GENERATE_BACKEND": "off"}), client) is None
        endpoint = generator(load(environ={"KEFU_GENERATE_BACKEND": "openai"}), client)
        assert isinstance(endpoint, OpenAIGenerator)
        assert isinstance(endpoint, ToolCaller)
        assert not isinstance(TritonGenerator(client), ToolCaller)
    finally:
        await client.close()


def test_the_options_are_the_settings_and_sentences_are_counted() -> None:
    metrics = Metrics()
    settings = load(
        environ={"KEFU_GENERATE_MODE": "answer", "KEFU_GENERATE_TOOL_CALLS": "2", "KEFU_GENERATE_CHINESE": "true"}
    )
    options = generation_options(settings, metrics)
    assert (options.mode, options.tool_calls, options.chinese) == ("answer", 2, True)
    assert options.writes("zh")
    options.observe("answer", "money")
    options.observe("answer", "money")
    assert 'kefu_generated_total{outcome="money",purpose="answer"} 2.0' in metrics.render().decode()


def test_only_small_talk_is_written_where_nothing_else_is_said() -> None:
    assert generation_options(load(environ={}), Metrics()).mode == "smalltalk"
    with pytest.raises(ConfigError, match=r"generate\.mode"):
        load(environ={"KEFU_GENERATE_MODE": "everything"})
