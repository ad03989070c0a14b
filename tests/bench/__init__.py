"""Benchmarks: ``make bench``. Each prints a ratio against its reference in the same run; JSON in build/bench.json."""
