"""Writes the lock files from fresh environments: ``requirements.lock`` (gateway with every extra) and
``inference_server/requirements.lock`` (the model server). Run by ``make lock``; needs a package registry.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def locked(requirements: list[str], purpose: str) -> str:
    """Exact versions of everything that ``requirements`` pull in."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip"]
        subprocess.run([*pip, "install", "--quiet", *requirements], check=True, cwd=ROOT)
        frozen = subprocess.run(
            [*pip, "freeze", "--exclude-editable", "--exclude", "kefu"], check=True, capture_output=True, text=True
        ).stdout
    # A local build of torch (+cpu) satisfies the plain version; the plain one is what every registry has.
    lines = [re.sub(r"\+\w+$", "", line) for line in frozen.splitlines() if "==" in line]
    return f"# {purpose}. Made by 'make lock'; do not edit.\n" + "\n".join(sorted(lines, key=str.lower)) + "\n"


if __name__ == "__main__":
    gateway = locked(["--editable", ".[dev,train,coqui,finetune]"], "The gateway with every extra, as constraints")
    (ROOT / "requirements.lock").write_text(gateway)
    server = locked(["--requirement", "inference_server/requirements.txt"], "The model server's environment")
    (ROOT / "inference_server" / "requirements.lock").write_text(server)
