"""The decode loop: a causal language model, one token at a time, so that the caller can stop after any token."""

from collections.abc import Iterator

import torch
from prompt import Sampling
from transformers import PreTrainedModel


def tokens(model: PreTrainedModel, prompt: torch.Tensor, sampling: Sampling) -> Iterator[int]:
    """At most ``sampling.max_tokens`` ids that follow ``prompt`` (int64 [1, n], on the model's device).

    The end-of-text token is yielded like any other; the caller stops there. One key-value cache per call.
    """
    generator = torch.Generator(device=prompt.device)
    if sampling.seed is None:
        generator.seed()
    else:
        generator.manual_seed(sampling.seed)
    ids, cache = prompt, None
    for _ in range(sampling.max_tokens):
        logits, cache = _forward(model, ids, cache)
        token = choose(logits, sampling, generator)
        yield token
        ids = torch.tensor([[token]], device=prompt.device)


@torch.inference_mode()
def _forward(model: PreTrainedModel, ids: torch.Tensor, cache: object) -> tuple[torch.Tensor, object]:
    output = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return output.logits[0, -1].float(), output.past_key_values


def choose(logits: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """The next token for float32 ``logits`` [vocabulary]: temperature, then the top k, then the top p."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    count = min(sampling.top_k or logits.numel(), logits.numel())
    best, order = torch.topk(logits / sampling.temperature, count)
    odds = torch.softmax(best, dim=-1)
    # A token stays while those before it hold less than top_p: the likeliest one always does.
    odds = odds * (odds.cumsum(-1) - odds < sampling.top_p)
    return int(order[torch.multinomial(odds, 1, generator=generator)])
