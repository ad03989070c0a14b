"""Worlds that ``dialogue.evaluate`` plays tasks in: shops of other benchmarks, only for measuring."""
