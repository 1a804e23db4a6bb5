"""Start a child of this package, let it work, kill it with SIGKILL: what it acknowledged until then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from tests.paths import ROOT


def killed_child(
    module: str, *words: object, key: str, operations: int = 0, seconds: float = 0.0
) -> list[list[str]]:
    """Acknowledgements (words of the lines on stdout) of a child that is killed while it works.

    Args:
        module: name in tests.integration; words: its arguments. key: REGISTRY_KEY of the child.
        operations: lines after the first (which says that it is ready) to wait for.
        seconds: how long it goes on after them.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", f"tests.integration.{module}", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "REGISTRY_KEY": key},
    )
    lines: list[bytes] = []
    assert child.stdout is not None and child.stderr is not None
    output = child.stdout
    reader = threading.Thread(target=lambda: lines.extend(output))
    reader.start()
    deadline = time.monotonic() + 120
    while len(lines) <= operations and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(seconds)
    early = child.poll()
    child.send_signal(signal.SIGKILL)
    child.wait()
    reader.join()
    errors = child.stderr.read().decode()
    child.stderr.close()
    output.close()
    assert early is None and lines, errors
    return [line.decode().split() for line in lines if line.endswith(b"\n")]
