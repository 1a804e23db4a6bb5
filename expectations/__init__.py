"""Quality suites in Great Expectations: completeness, validity, timeliness, submission-readiness; offline data docs.

Great Expectations takes seconds of CPU to import and works on pandas only, so it runs in a process of its own and
sees aggregates, never a record:

    python -m expectations.run --frames DIR --out DIR --json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from registry.errors import BadInput, NotReady, RegistryError

TIMEOUT_SECONDS = 600


def check(frames_dir: str | Path, out_dir: str | Path) -> dict[str, Any]:
    """Run all suites in a child process and return what they found.

    Args:
        frames_dir: folder with the frames that `registry.quality.suite_frames` makes; the columns are in
            `expectations.frames`.
        out_dir: folder for the data docs; earlier docs there are replaced.

    Returns:
        suites, suites_passed (nothing critical failed), suites_failed, expectations, passed, failed, and of these
        critical, warning, info (counts); failures (one plain sentence each, the critical first), details (one object a
        suite: the same counts, findings with severity and sentence), data_docs (path of index.html).

    Raises:
        BadInput: a frame is missing or has not the columns it should have.
        NotReady: Great Expectations is not installed, did not finish in time or gave no answer.
    """
    command = [sys.executable, "-W", "ignore", "-m", "expectations.run", "--json"]
    command += ["--frames", str(frames_dir), "--out", str(out_dir)]
    try:
        child = subprocess.run(
            command, env=_environment(), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotReady(
            "quality suites", f"not finished after {TIMEOUT_SECONDS} s", "run them again"
        ) from None
    if child.returncode in (0, 1):
        try:
            return dict(json.loads(child.stdout))
        except json.JSONDecodeError:
            raise NotReady("quality suites", "the child process gave no readable answer") from None
    raise _error(child.returncode, child.stderr)


def _environment() -> dict[str, str]:
    """The caller's environment without the registry's secrets, with telemetry off and this package importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    home = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (home, kept.get("PYTHONPATH")) if part)
    return kept | {
        "PYTHONPATH": path,
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "TQDM_DISABLE": "1",
    }


def _error(code: int, stderr: str) -> RegistryError:
    last = next((line for line in reversed(stderr.splitlines()) if line.strip()), "")
    try:
        told = json.loads(last)
        return BadInput(told["where"], told["what"], told["action"])
    except (ValueError, KeyError, TypeError):
        return NotReady(
            "quality suites",
            f"the child process ended with code {code}",
            "run python -m expectations.run by hand to see why",
        )
