"""The language model that is configured, and how it may write. Settings in, ``Generator`` and its options out."""

from __future__ import annotations

from dialogue.generation.engines import OpenAIGenerator, TritonGenerator
from dialogue.generation.types import GenerationOptions, Generator
from gateway.config import Settings
from gateway.metrics import Metrics
from inference_server.client import InferenceClient


def generation_options(settings: Settings, metrics: Metrics) -> GenerationOptions:
    """How it writes; each sentence is counted in ``metrics``."""
    section = settings.generate
    return GenerationOptions(
        chinese=section.chinese,
        deadline_s=section.deadline_s,
        max_tokens=section.max_tokens,
        mode=section.mode,
        first_sentence_s=section.first_sentence_s,
        answer_deadline_s=section.answer_deadline_s,
        answer_tokens=section.answer_tokens,
        tool_calls=section.tool_calls,
        observe=lambda purpose, outcome: metrics.generated.labels(purpose, outcome).inc(),
    )


def generator(settings: Settings, client: InferenceClient) -> Generator | None:
    """The model; None where nothing is generated."""
    section = settings.generate
    match section.backend:
        case "triton":
            return TritonGenerator(client)
        case "openai":
            key = section.openai_key.get_secret_value() if section.openai_key else None
            return OpenAIGenerator(section.openai_url, section.openai_model, key)
        case _:
            return None
