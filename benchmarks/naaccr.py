"""Reading a NAACCR XML file of 150 MB: `python benchmarks/naaccr.py [--mb 150] [--only NAME ...]`.

The file is made of the published samples (of `registry.synthetic` where they are not beside the project), the same bytes
each time. Every figure comes from a process of its own with one thread, so that memory and compilation are its own;
compare figures of one run with one another.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SAMPLE = (
    Path(__file__).resolve().parents[2] / "shared/naaccr/samples/naaccr-xml-sample-v250-abstract-1000.xml.gz"
)
THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
PATIENT_ID = re.compile(rb'(<Item naaccrId="patientIdNumber">)\d{8}')
TIMES = 3


def cpu_seconds() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def sample() -> tuple[bytes, bytes, bytes]:
    """A document in three pieces: before the patients, the patients, after them."""
    if SAMPLE.is_file():
        data = gzip.decompress(SAMPLE.read_bytes())
    else:
        from registry.synthetic import generate

        with tempfile.TemporaryDirectory() as folder:
            generate(1000, 1, Path(folder), as_of=dt.date(2026, 10, 31))
            largest = max((Path(folder) / "abstracts").iterdir(), key=lambda file: file.stat().st_size)
            data = largest.read_bytes()
            data = gzip.decompress(data) if largest.suffix == ".gz" else data
    start, end = data.index(b"<Patient>"), data.rindex(b"</Patient>") + len(b"</Patient>")
    return data[:start], data[start:end], data[end:]


def make_file(path: Path, size: int) -> None:
    """Write a document of at least `size` bytes; every patient has a number of its own."""
    before, patients, after = sample()
    numbers = iter(range(10**8))

    def numbered(found: re.Match[bytes]) -> bytes:
        return found[1] + b"%08d" % next(numbers)

    with path.open("wb") as file:
        written = file.write(before)
        while written < size:
            written += file.write(PATIENT_ID.sub(numbered, patients) + b"\n    ")
        file.write(after)


# -- measures: each runs in its own process, on a path, and gives figures ------------------------------


def rate(path: Path, act: Callable[[], object], times: int = TIMES) -> dict[str, float]:
    """Best CPU seconds of a few runs (after one that compiles and fills caches) and MB a CPU second."""
    act()
    best = min(_cost(act) for _ in range(times))
    return {"CPU-s": best, "MB/CPU-s": path.stat().st_size / 1e6 / best}


def _cost(act: Callable[[], object]) -> float:
    begun = cpu_seconds()
    act()
    return cpu_seconds() - begun


def batches(path: Path) -> Iterator[Any]:
    """What a reader of batches does with them: look, and let go."""
    from registry.formats import iter_naaccr_xml

    return iter_naaccr_xml(path)


def drain(path: Path) -> int:
    """Read a file batch by batch; how many tumors it has."""
    return sum(batch.tumors.height for batch in batches(path))


def reference(path: Path) -> dict[str, float]:
    """The reference path, on the first tenth of the file."""
    os.environ["REGISTRY_NO_JIT"] = "1"
    small = path.with_suffix(".small.xml")
    make_file(small, path.stat().st_size // 10)
    return rate(small, lambda: drain(small), times=1)


def scanner(path: Path) -> dict[str, float]:
    """The compiled scanner, warm."""
    return rate(path, lambda: drain(path))


def whole(path: Path) -> dict[str, float]:
    """The compiled scanner, all patients at once in memory."""
    from registry.formats import read_naaccr_xml

    return rate(path, lambda: read_naaccr_xml(path)) | peak(path)


def peak(_path: Path) -> dict[str, float]:
    """Peak memory of this process."""
    return {"peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def memory(path: Path) -> dict[str, float]:
    """Peak memory of reading once, batch by batch."""
    cost = _cost(lambda: drain(path))
    return {"CPU-s": cost, "MB/CPU-s": path.stat().st_size / 1e6 / cost} | peak(path)


def memory_1gb(path: Path) -> dict[str, float]:
    """The same over 1 GB."""
    large = path.with_suffix(".large.xml")
    make_file(large, 10**9)
    try:
        return memory(large)
    finally:
        large.unlink()


def first_use(_path: Path) -> dict[str, float]:
    """What compiling costs once in a user's life, and loading the compiled code in each process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.xml"
        make_file(file, 5 << 20)
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        command = [sys.executable, __file__, "--measure", "once", str(file)]
        costs = []
        for extra in ({"REGISTRY_NO_JIT": "1"}, {}, {}):
            done = subprocess.run(
                command, env=environment | extra, check=True, capture_output=True, text=True
            )
            costs.append(json.loads(done.stdout)["CPU-s"])
    return {"CPU-s": costs[1] - costs[2], "loading, CPU-s": costs[2], "5 MB by reference, CPU-s": costs[0]}


def once(path: Path) -> dict[str, float]:
    """Reading a small file in a fresh process, imports included."""
    return {"CPU-s": _cost(lambda: drain(path))}


MEASURES: dict[str, Callable[[Path], dict[str, float]]] = {
    "reference": reference,
    "scanner": scanner,
    "whole": whole,
    "memory": memory,
    "memory_1gb": memory_1gb,
    "first_use": first_use,
}
WORDS = {
    "reference": "reference path, in batches",
    "scanner": "compiled scanner, in batches",
    "whole": "compiled scanner, whole file",
    "memory": "150 MB in batches, fresh process",
    "memory_1gb": "1 GB in batches, fresh process",
    "first_use": "compiling, once for a user",
}


def measured(name: str, path: Path) -> dict[str, float]:
    """Run a measure in a fresh process with one thread."""
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    command = [sys.executable, __file__, "--measure", name, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return {}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(size: int, names: list[str]) -> None:
    """Make the file, measure, print the table."""
    print("| what | CPU-s | MB a CPU-s | times the reference | peak MB | |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.xml"
        make_file(path, size * 10**6)
        base = 0.0
        for name in names:
            found = measured(name, path)
            cpu, speed, most = (found.pop(key, 0.0) for key in ("CPU-s", "MB/CPU-s", "peak MB"))
            base = speed if name == "reference" else base
            times = f"{speed / base:.0f}" if base and speed else ""
            rest = ", ".join(f"{key} {value:.1f}" for key, value in found.items())
            cells = (
                WORDS[name],
                f"{cpu:.2f}",
                f"{speed:.0f}" if speed else "",
                times,
                f"{most:.0f}" if most else "",
                rest,
            )
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=150)
    parser.add_argument("--only", nargs="*", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "FILE"))
    given = parser.parse_args()
    if given.measure:
        begun = time.perf_counter()
        result = (MEASURES | {"once": once})[given.measure[0]](Path(given.measure[1]))
        print(json.dumps(result | ({} if result else {"wall s": time.perf_counter() - begun})))
    else:
        main(given.mb, given.only)
