"""CPU seconds, memory and bytes of the synthetic registry generator.

    python benchmarks/synth.py [patients ...]        # default 5000 100000

Each size runs in a process of its own; the promise is 1,000,000 patients in 60 CPU-s or less
(user and system time of all threads, files included).
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(patients: int) -> str:
    from registry.synthetic import generate

    with tempfile.TemporaryDirectory(prefix="synthetic-") as folder:
        start = time.perf_counter()
        manifest = generate(patients, 1, Path(folder) / "registry")
        wall = time.perf_counter() - start
        size = sum(file["bytes"] for file in manifest.files)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    return (
        f"{patients:>9,} patients  {cpu:6.1f} CPU-s ({usage.ru_stime:.1f} system)  {wall:6.1f} s wall  "
        f"{usage.ru_maxrss / 1024:6.0f} MB peak  {size / 1e6:8.1f} MB in {len(manifest.files)} files"
    )


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(measure(int(arguments[1])), flush=True)
        return
    for patients in arguments or ["5000", "100000"]:
        subprocess.run([sys.executable, __file__, "--one", patients], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
