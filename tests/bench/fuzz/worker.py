"""One codec in a process of its own: ``python -m tests.bench.fuzz.worker CODEC FOLDER RUNS SEED``.

Atheris instruments the codec's modules as they are imported, libFuzzer searches for cases that take new branches, our
mutator makes them. Findings do not end it: ``FOLDER/findings.jsonl`` has each kind once. What it cannot survive (a
hang, a fault of native code, memory) libFuzzer leaves in ``FOLDER/died-*`` for the parent; ``FOLDER/result.json`` says
how far it came.
"""

from __future__ import annotations

import base64
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import atheris

from tests.bench.fuzz.cases import MAX_BYTES, Case, pack, unpack
from tests.bench.fuzz.codecs import CODECS, GUIDES, UNGUIDED, subject
from tests.bench.fuzz.judge import LOOKED_AT_S, Finding, Subject, judge, memory_grown
from tests.bench.fuzz.mutate import Mutator
from tests.bench.fuzz.smaller import smaller

_HANG_S, _MEMORY_MB = 30, 3000
_MOST_FINDINGS = 40
_WRITTEN = 500


@dataclass(slots=True)
class Run:
    """What a worker has done so far."""

    about: Subject
    folder: Path
    goal: int
    began_s: float = field(default_factory=time.monotonic)
    cases: int = 0
    messages: int = 0
    known: set[tuple[str, str]] = field(default_factory=set)

    def count(self) -> None:
        """One more message is about to be given to the codec."""
        self.messages += 1

    def take(self, packed: bytes) -> None:
        """libFuzzer's input."""
        case = unpack(packed)
        self.cases += 1
        found = judge(self.about, case, self.count) if case else None
        if found is not None and (found.kind, found.where) not in self.known and len(self.known) < _MOST_FINDINGS:
            self.known.add((found.kind, found.where))
            self.keep(found)
            memory_grown()
        if self.messages >= self.goal:
            self.write()
            sys.stdout.flush()
            os._exit(0)  # libFuzzer knows no other end from within
        if self.cases % _WRITTEN == 0:
            self.write()

    def keep(self, found: Finding) -> None:
        """The least case of a finding, into the file."""

        def is_same(case: Case) -> bool:
            again = judge(self.about, case)
            return again is not None and (again.kind, again.where) == (found.kind, found.where)

        least = smaller(found.case, is_same)
        line = {"kind": found.kind, "where": found.where, "detail": found.detail, "case": [repr(one) for one in least]}
        line["packed"] = base64.b64encode(pack(least)).decode()
        with (self.folder / "findings.jsonl").open("a") as file:
            file.write(json.dumps(line, ensure_ascii=True) + "\n")

    def write(self) -> None:
        """Say what was done so far: the next case may be the last."""
        done = {
            "inputs": self.messages,
            "connections": self.cases,
            "seconds": round(time.monotonic() - self.began_s, 1),
            "findings": len(self.known),
        }
        (self.folder / "result.json").write_text(json.dumps(done))


def main() -> None:
    """Fuzz until as many messages were given; does not return."""
    name, folder, goal, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    run, mutator = _instrumented(name, folder, goal)
    for number, one in enumerate(run.about.seeds()):
        (corpus / f"seed-{number}").write_bytes(pack(one))

    def mutate(packed: bytes, max_size: int, number: int) -> bytes:
        rng, began_s = random.Random(number), time.thread_time()

        def bytewise(data: bytes) -> bytes:
            return bytes(atheris.Mutate(data, max(1, len(data) + 64)))

        mutated = pack(mutator.mutate(unpack(packed), rng, bytewise))[:max_size]
        if time.thread_time() - began_s > LOOKED_AT_S:
            memory_grown()  # what the mutation took is not the codec's
        return mutated

    arguments = [
        f"-seed={seed}", "-runs=-1", f"-max_len={MAX_BYTES}", "-len_control=0", f"-timeout={_HANG_S}",
        f"-rss_limit_mb={_MEMORY_MB}",
        f"-artifact_prefix={folder}/died-", "-reload=0", "-report_slow_units=1000000", str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *arguments], run.take, custom_mutator=mutate)
    run.began_s = time.monotonic()
    atheris.Fuzz()


def _instrumented(name: str, folder: Path, goal: int) -> tuple[Run, Mutator]:
    with atheris.instrument_imports(include=list(GUIDES[CODECS[name]]), exclude=list(UNGUIDED.get(name, ()))):
        about = subject(name)
    return Run(about, folder, goal), Mutator(about.seeds(), about.words, about.usual_bytes)


if __name__ == "__main__":
    main()
