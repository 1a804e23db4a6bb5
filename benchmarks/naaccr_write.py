"""Megabytes of NAACCR XML written per CPU-second on one thread, compiled and with polars, and peak memory.

    python benchmarks/naaccr_write.py [megabytes]        # default 150

The frames are the published samples of a thousand tumors (../shared/naaccr/samples), repeated. `awkward`
is the abstract with markup, accents and line feeds in every value of more than twelve characters.
Each line is a process of its own; figures are of warm runs: the median, and the best.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "naaccr" / "samples"
RUNS = 9
SECONDS = 20
HEADING = (
    f"{'frames':<10}{'way':<10}{'to':<6}{'MB':>6}{'MB/CPU-s':>10}{'best':>7}{'first run':>11}{'peak MB':>9}"
)


class Counter:
    """A stream that only counts."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> None:
        """Count the bytes."""
        self.size += len(data)


def frames(kind: str, megabytes: int) -> tuple:
    """Patients and tumors of about that many megabytes of XML, and a header."""
    import polars as pl

    from registry.formats import read_naaccr_xml, write_naaccr_xml

    sample = "incidence" if kind == "incidence" else "abstract"
    data = read_naaccr_xml(SAMPLES / f"naaccr-xml-sample-v250-{sample}-1000.xml.gz")
    patients, tumors = data.patients, data.tumors
    if kind == "awkward":
        text = pl.col(pl.String)
        long = text.str.len_bytes() > 12
        awkward = text.str.replace_all(" ", "\n").str.replace_all("e", "é") + " R&D <5"
        patients, tumors = (
            f.with_columns(pl.when(long).then(awkward).otherwise(text)) for f in (patients, tumors)
        )
    one = Counter()
    write_naaccr_xml(one, patients, tumors, header=data.header, too_long="keep")  # type: ignore[arg-type]
    times = max(1, round(megabytes * 1e6 / one.size))
    shift = pl.col("patient_index") + patients.height * pl.col("copy")
    copies = pl.DataFrame({"copy": range(times)}, schema={"copy": pl.Int64})
    return (
        copies.join(patients, how="cross").with_columns(shift).drop("copy"),
        copies.join(tumors, how="cross").with_columns(shift).drop("copy"),
        data.header,
    )


def measure(kind: str, way: str, target: str, megabytes: int) -> str:
    """One line of the table."""
    from registry.formats import write_naaccr_xml
    from registry.formats.naaccr import writer

    patients, tumors, header = frames(kind, megabytes)
    writer.compiled_pays = lambda _: way == "compiled"  # type: ignore[assignment]
    seconds: list[float] = []
    with tempfile.TemporaryDirectory(prefix="naaccr-") as folder:
        path = Path(folder) / f"out.xml{'.gz' if target == '.gz' else ''}"
        while len(seconds) < 2 or (len(seconds) <= RUNS and sum(seconds) < SECONDS):
            counter = Counter()
            start = time.process_time()
            given = counter if target == "-" else path
            write_naaccr_xml(given, patients, tumors, header=header, too_long="keep")  # type: ignore[arg-type]
            seconds.append(time.process_time() - start)
            size = counter.size or (size_of(path) if len(seconds) == 1 else size)  # noqa: F821
    first, *warm = seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speeds = size / 1e6 / median(warm), size / 1e6 / min(warm)
    return (
        f"{kind:<10}{way:<10}{target:<6}{size / 1e6:>6.0f}{speeds[0]:>10.0f}{speeds[1]:>7.0f}"
        f"{first:>9.2f} s{peak:>9.0f}"
    )


def size_of(path: Path) -> int:
    """Bytes of XML in a file, packed or not."""
    from registry.formats.sources import chunks, opened

    with opened(path) as stream:
        return sum(map(len, chunks(stream, str(path), 1 << 20)))


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(measure(*arguments[1:4], int(arguments[4])), flush=True)
        return
    if not SAMPLES.is_dir():
        sys.exit("the published samples (../shared/naaccr/samples) are not beside the project")
    megabytes = (arguments or ["150"])[0]
    print(HEADING, flush=True)
    for kind in ("abstract", "incidence", "awkward"):
        for way, target in (("compiled", "-"), ("compiled", "file"), ("polars", "-")):
            line = [sys.executable, __file__, "--one", kind, way, target, megabytes]
            subprocess.run(line, check=True, env={**os.environ, "POLARS_MAX_THREADS": "1"})


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main(sys.argv[1:])
