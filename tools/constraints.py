"""Resolve every version once: `python -m tools.constraints`.

Writes `constraints.txt` (for pip) and the same lines into `[tool.uv] constraint-dependencies` of
pyproject.toml, for all supported Python versions and platforms, without hosts. A test keeps both equal.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = (
    "# Every package of every extra, for all supported Pythons. Written by `python -m tools.constraints`.\n"
)


def resolved() -> list[str]:
    """Pinned requirements of all dependencies, extras and the dev group, sorted."""
    command = [
        "uv", "pip", "compile", "--universal", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url",
        "--no-config", "--python-version", "3.11", "--all-extras", "--group", "dev", str(ROOT / "pyproject.toml"),
    ]  # fmt: skip
    text = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    lines = (line.strip() for line in text.splitlines())
    return sorted(line for line in lines if line and not line.startswith(("#", "-", "cancer-registry")))


def listed(pyproject: str) -> list[str]:
    """Constraints that pyproject.toml holds now."""
    return list(tomllib.loads(pyproject).get("tool", {}).get("uv", {}).get("constraint-dependencies", []))


def with_constraints(pyproject: str, lines: list[str]) -> str:
    """pyproject.toml with these constraints."""
    block = "constraint-dependencies = [\n" + "".join(f"    {_quoted(line)},\n" for line in lines) + "]\n"
    without = re.sub(r"constraint-dependencies = \[\n.*?\n\]\n", "", pyproject, flags=re.DOTALL)
    return without.replace("[tool.uv]\n", "[tool.uv]\n" + block)


def _quoted(line: str) -> str:
    return '"' + line.replace('"', '\\"') + '"'


def main() -> int:
    """Write both files."""
    pyproject = ROOT / "pyproject.toml"
    lines = resolved()
    pyproject.write_text(with_constraints(pyproject.read_text(), lines))
    (ROOT / "constraints.txt").write_text(HEADER + "".join(f"{line}\n" for line in lines))
    print(f"{len(lines)} packages pinned")
    return 0


if __name__ == "__main__":
    sys.exit(main())
