"""How long one message takes through a running Triton."""

from __future__ import annotations

from typing import Any

import numpy as np

from nlu.evaluate.product import Product, Served


def latency(product: Product) -> dict[str, Any]:
    """p50 and p99 in milliseconds of single messages, one after the other; nothing without a Triton."""
    if not isinstance(product, Served) or not product.latency_ms:
        return {}
    times = np.array(product.latency_ms)
    return {
        "latency_n": len(times),
        "latency_p50_ms": round(float(np.quantile(times, 0.5)), 2),
        "latency_p99_ms": round(float(np.quantile(times, 0.99)), 2),
    }
