"""CPU seconds of each step of the main job on made-up patients: `python benchmarks/main_job.py [PATIENTS ...]`.

One process; every step of one run on the same data, so that steps can be compared with one another. Printed as a
Markdown table: CPU seconds of this process and its children, and tumors (or items) a CPU second.
"""

from __future__ import annotations

import datetime as dt
import resource
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

AS_OF = dt.date(2026, 10, 31)


def cpu_seconds() -> float:
    """CPU seconds so far, children included."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main(patients: int) -> None:
    """Run the steps once and print the table."""
    from registry.formats import read_naaccr_xml
    from registry.service import Session
    from registry.synthetic import generate

    print(f"\n{patients:,} patients\n\n| step | CPU-s | work | a CPU-s |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        incoming = folder / "incoming"

        def step(what: str, unit: str, act: Callable[[], Any]) -> Any:
            begun = cpu_seconds()
            amount = act()
            used = cpu_seconds() - begun
            print(
                f"| {what} | {used:.1f} | {amount:,} {unit} | {amount / max(used, 1e-9):,.0f} |", flush=True
            )

        step("generate files", "patients", lambda: generate(patients, 1, incoming, as_of=AS_OF).patients)
        abstracts = sorted((incoming / "abstracts").iterdir())
        step(
            "parse and validate abstracts",
            "items",
            lambda: sum(read_naaccr_xml(f).items.height for f in abstracts),
        )
        session = Session.create(folder / "r.duckdb", key="a benchmark's long key", synthetic=True)
        day = AS_OF.isoformat()

        def load(part: str, count: str) -> int:
            files = sorted((incoming / part).iterdir()) if (incoming / part).is_dir() else [incoming / part]
            return int(sum(session.run("ingest.file", path=str(file))[count] for file in files))

        step("load facilities", "rows", lambda: load("facilities.csv", "accepted"))
        step("ingest abstracts", "items", lambda: load("abstracts", "items"))
        step("ingest pathology", "reports", lambda: load("pathology", "accepted"))
        step("ingest treatments", "treatments", lambda: load("treatments", "accepted"))
        step("derive", "tumors", lambda: session.run("derive.run", as_of=day)["tumors"])
        step("edits", "abstracts", lambda: session.run("quality.run", as_of=day)["abstracts"])
        step("follow-up list", "patients listed", lambda: session.run("followup.list", as_of=day).height)
        step("follow-up rates", "rows", lambda: session.run("followup.rates", as_of=day).height)
        step(
            "survival by stage",
            "rows",
            lambda: session.run("survival.kaplan_meier", by="stage", as_of=day)["curve"].height,
        )
        out = str(folder / "out.xml")
        step("export type I, all", "items", lambda: session.run("export.naaccr_xml", out=out)["items"])
        step(
            "publish snapshot",
            "tumors",
            lambda: session.run("publish.snapshot", out=str(folder / "s"))["tumors"],
        )
        step("verify audit", "rows", lambda: session.run("audit.verify")["rows"])
        session.close()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for wanted in [int(word) for word in sys.argv[1:]] or [5_000]:
        main(wanted)
