"""Every codec against what strangers might send: coverage-guided (atheris, libFuzzer) and structure-aware.

seeds (real messages) --mutate--> case (messages of one connection) --judge--> codec: a value, or its own error
                                                     `--> finding --smaller--> build/bench/fuzz/CODEC/*.txt

``python -m tests.bench.fuzz [CODEC ...] [--inputs N]``; ``make bench`` runs a part of it; the tests a little.
"""
