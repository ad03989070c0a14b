"""What ``make test`` runs after set-up: format, lint, types, import contracts, tests; each must pass."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet")),
    ("lint", ("ruff", "check", "--quiet")),
    ("types", ("mypy", "--strict")),
    ("import contracts", ("lint-imports", "--no-logo")),
    ("tests", ("pytest",)),
)


def main() -> int:
    """Run every check, also after a failure; 0 when all passed."""
    failed = []
    for name, (tool, *arguments) in CHECKS:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        extra = sys.argv[1:] if tool == "pytest" else []
        if subprocess.run([str(BIN / tool), *arguments, *extra], cwd=ROOT, check=False).returncode:
            failed.append(name)
        print(f"   {name}: {'FAILED' if name in failed else 'ok'} ({time.monotonic() - started:.0f} s)", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
