"""Triton model ``generate``: chat messages to text, token by token. Tensors: ``inference_server/contracts.py``.

Any causal language model that transformers loads from the directory ``KEFU_GENERATE_MODEL`` and that has a chat
template. Decoupled: a thread per request, ``KEFU_GENERATE_CONCURRENCY`` (2) of them decoding, a bounded number waiting.

    request -> waiting -> decoding -> last response ("stop", "length")
                  |           |
                  +-----------+--- cancelled by the client: within one token -> last response ("cancelled")
"""

import locale
import sys

# The stub's Python starts isolated with ASCII text encodings, and no environment variable changes that.
locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
for _stream in (sys.stdout, sys.stderr):
    _stream.reconfigure(encoding="utf-8", errors="backslashreplace")

import os  # noqa: E402
import threading  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
import triton_python_backend_utils as pb_utils  # noqa: E402
from decoding import tokens  # noqa: E402
from prompt import Sampling, parse_messages  # noqa: E402
from text_stream import TextStream  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

_MOST_WAITING = 32
_POLL_S = 0.05
_FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
# gRPC's name of a status, and Triton's.
_CODES = {"INVALID_ARGUMENT": "INVALID_ARG", "UNAVAILABLE": "UNAVAILABLE", "INTERNAL": "INTERNAL"}


class TritonPythonModel:
    """One loaded model, shared by all streams. Invariant: each request gets exactly one final response."""

    def initialize(self, args):
        torch.set_num_threads(1)  # two spinning threads make everything else on the machine five times slower
        on_gpu = args["model_instance_kind"] == "GPU"
        device = f"cuda:{args['model_instance_device_id']}" if on_gpu else "cpu"
        directory = _directory()
        self._tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        if not self._tokenizer.chat_template:
            raise pb_utils.TritonModelException(f"{directory} has no chat template: use an instruction-tuned model")
        loaded = AutoModelForCausalLM.from_pretrained(directory, local_files_only=True, dtype=_dtype(on_gpu))
        self._model = loaded.to(device).eval()
        self._ends = _end_tokens(self._model)
        self._context = getattr(self._model.config, "max_position_embeddings", None) or sys.maxsize
        self._slots = threading.Semaphore(int(os.environ.get("KEFU_GENERATE_CONCURRENCY") or 2))
        self._threads = set()
        self._closing = threading.Event()
        warm_up = self._prompt([{"role": "user", "content": "Hi"}])
        list(tokens(self._model, warm_up, Sampling(max_tokens=2)))

    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            if len(self._threads) >= _MOST_WAITING:
                _refuse(sender, "too many generations wait already", "UNAVAILABLE")
                continue
            try:
                prompt, sampling = self._read(request)
            except ValueError as error:
                _refuse(sender, str(error), "INVALID_ARGUMENT")
                continue
            if prompt is None:
                _send(sender, "", "stop")
                continue
            thread = threading.Thread(target=self._run, args=(prompt, sampling, sender), daemon=True)
            self._threads.add(thread)
            thread.start()

    def finalize(self):
        self._closing.set()
        for thread in tuple(self._threads):
            thread.join(timeout=1)

    def _read(self, request):
        messages = parse_messages(_text(request, "MESSAGES")[0])
        given = {
            "max_tokens": _number(request, "MAX_TOKENS", int),
            "temperature": _number(request, "TEMPERATURE", float),
            "top_k": _number(request, "TOP_K", int),
            "top_p": _number(request, "TOP_P", float),
            "seed": _number(request, "SEED", int),
            "stop": tuple(_text(request, "STOP")),
        }
        sampling = Sampling(**{name: value for name, value in given.items() if value is not None})
        if not messages:
            return None, sampling
        prompt = self._prompt(messages)
        if prompt.shape[1] + sampling.max_tokens > self._context:
            raise ValueError(f"the prompt has {prompt.shape[1]} tokens; with MAX_TOKENS at most {self._context} fit")
        return prompt, sampling

    def _prompt(self, messages):
        encoded = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        return encoded["input_ids"].to(self._model.device)

    def _run(self, prompt, sampling, sender):
        try:
            if self._slot(sender):
                try:
                    self._decode(prompt, sampling, sender)
                finally:
                    self._slots.release()
            else:
                _send(sender, "", "cancelled")
        except Exception as error:
            # The type alone: a message could quote what the customer wrote.
            _refuse(sender, f"decoding failed: {type(error).__name__}", "INTERNAL")
        finally:
            self._threads.discard(threading.current_thread())

    def _slot(self, sender):
        """Wait for a place to decode; False when the client went away first."""
        while not self._slots.acquire(timeout=_POLL_S):
            if self._gone(sender):
                return False
        return True

    def _decode(self, prompt, sampling, sender):
        text = TextStream(lambda ids: self._tokenizer.decode(ids, skip_special_tokens=True), sampling.stop)
        reason = "length"
        for count, token in enumerate(tokens(self._model, prompt, sampling), start=1):
            if self._gone(sender):
                pb_utils.Logger.log_info(f"cancelled after {count} tokens")
                reason = "cancelled"
                break
            if token in self._ends:
                reason = "stop"
                break
            if piece := text.push(token):
                _send(sender, piece)
            if text.stopped:
                reason = "stop"
                break
        _send(sender, text.flush(), reason)

    def _gone(self, sender):
        return self._closing.is_set() or sender.is_cancelled()


def _directory():
    directory = os.environ.get("KEFU_GENERATE_MODEL", "")
    if not (Path(directory) / "config.json").exists():
        raise pb_utils.TritonModelException(
            f"KEFU_GENERATE_MODEL ('{directory}') is not a transformers model directory"
        )
    return directory


def _dtype(on_gpu):
    """bfloat16 where the device computes in it; on other CPUs it is emulated and slower than float32."""
    supported = on_gpu or getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return torch.bfloat16 if supported else torch.float32


def _end_tokens(model):
    ends = model.generation_config.eos_token_id
    return frozenset(ends if isinstance(ends, list) else [ends])


def _text(request, name):
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return [] if tensor is None else [item.decode("utf-8", errors="replace") for item in tensor.as_numpy().ravel()]


def _number(request, name, kind):
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return None if tensor is None else kind(tensor.as_numpy().ravel()[0])


def _send(sender, text, reason=""):
    outputs = [
        pb_utils.Tensor("TEXT", np.array([text], np.object_)),
        pb_utils.Tensor("FINISH_REASON", np.array([reason], np.object_)),
    ]
    sender.send(pb_utils.InferenceResponse(outputs), flags=_FINAL if reason else 0)


def _refuse(sender, message, status):
    # Of a stream's error the client gets the text alone; it reads the status from the first word (client.py).
    error = pb_utils.TritonError(f"{status}: {message}", getattr(pb_utils.TritonError, _CODES[status]))
    sender.send(pb_utils.InferenceResponse(error=error), flags=_FINAL)
