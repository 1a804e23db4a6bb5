"""Writes a whole made-up registry: `generate(patients, seed, out)`."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl

from registry.errors import BadInput
from registry.synthetic import abstracts as reporting
from registry.synthetic import (
    calendar_days,
    corrections,
    extracts,
    follow_up,
    pathology,
    people,
    planted,
    statistics,
    tumors,
)
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.facts import FIRST_YEAR, Facts, load
from registry.synthetic.manifest import SyntheticManifest
from registry.synthetic.naaccr_files import AbstractFile
from registry.synthetic.planted import Count
from registry.synthetic.population import Population, simulate

CHUNK = 25_000
"""People generated at a time; part of the definition of the output, like the seed."""
PATIENTS_PER_FILE = 50_000
MOST_PATIENTS = 2_500_000
"""Accession numbers hold five digits a year; the largest facility would run out of them."""
Progress = Callable[[int, int], None]


def generate(
    patients: int, seed: int, out: Path, *, as_of: dt.date = dt.date(2026, 10, 31), progress: Progress | None = None
) -> SyntheticManifest:  # fmt: skip
    """Write a synthetic registry into a folder; the same arguments give the same bytes.

    Args:
        patients: how many people (1 to 2,500,000).
        seed: any whole number >= 0.
        out: folder; new, empty, or holding an earlier synthetic registry, which is replaced.
        as_of: day on which the files are sent. Diagnoses run from 2007 to the year before.
        progress: called with (people done, people wanted) after each chunk.

    Returns:
        the manifest, also written as manifest.json.

    Raises:
        BadInput: the numbers are out of range, or the folder holds something else or cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     manifest = generate(40, 1, Path(folder) / "registry")
    ...     sorted(path.name for path in (Path(folder) / "registry").iterdir())
    ['abstracts', 'deaths', 'facilities.csv', 'manifest.json', 'pathology', 'physicians.csv', 'statistics', 'treatments', 'visits']
    """
    _check(patients, seed, as_of)
    out = Path(out)
    try:
        _prepare(out)
        run = _Run(patients, seed, out, as_of)
        try:
            for start in range(0, patients, CHUNK):
                run.chunk(start, min(CHUNK, patients - start))
                if progress is not None:
                    progress(min(start + CHUNK, patients), patients)
            run.close()
            return run.finish()
        except BaseException:
            run.discard()
            raise
    except OSError as error:
        raise BadInput(
            out.name, f"cannot write here: {error.strerror}", "free space or choose another folder"
        ) from error


def _check(patients: int, seed: int, as_of: dt.date) -> None:
    if not 1 <= patients <= MOST_PATIENTS:
        raise BadInput("--patients", f"{patients} is not between 1 and {MOST_PATIENTS:,}")
    if seed < 0:
        raise BadInput("--seed", f"{seed} is negative; a seed is a whole number from 0")
    if not FIRST_YEAR + 2 <= as_of.year <= 2099:
        raise BadInput("as-of date", f"{as_of} is not between {FIRST_YEAR + 2} and 2099")


def _prepare(out: Path) -> None:
    """An empty folder: an earlier synthetic registry is removed, anything else is refused."""
    if not out.exists():
        out.mkdir(parents=True)
        return
    if not out.is_dir():
        raise BadInput(out.name, "is a file, not a folder", "choose another folder")
    if not any(out.iterdir()):
        return
    present = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    if present != {"manifest.json", *_listed(out / "manifest.json")}:
        raise BadInput(out.name, "the folder is not empty", "choose a new folder")
    for name in present:
        (out / name).unlink()


def _listed(manifest: Path) -> set[str]:
    """Names of the files that an earlier synthetic registry says it consists of."""
    try:
        earlier = json.loads(manifest.read_text(encoding="utf-8"))
        return {file["name"] for file in earlier["files"]} if earlier["synthetic"] is True else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


class _Run:
    """Open files, running numbers and counts of one run."""

    def __init__(self, patients: int, seed: int, out: Path, as_of: dt.date) -> None:
        self.facts: Facts = load()
        self.seed, self.out, self.as_of = seed, out, as_of
        self.day = calendar_days.day_number(as_of)
        self.maker = tumors.TumorMaker(self.facts, as_of.year - 1)
        self.numbering = reporting.Numbering()
        self.manifest = SyntheticManifest(patients=patients, seed=seed, as_of=as_of.isoformat())
        self.abstract_files: dict[int, AbstractFile] = {}
        self.finished: list[AbstractFile] = []
        resending = self.facts.facilities.row(corrections.RESENDING, named=True)
        self.resent = AbstractFile(
            out / "resent" / f"{resending['facility']}_corrections.xml",
            resending["version"], "M", resending["facility"], as_of,
        )  # fmt: skip
        self.reports = [
            pathology.ReportFile(out / "pathology" / f"{lab.clia}.hl7", lab, as_of)
            for lab in pathology.LABORATORIES
        ]
        self.treatments = extracts.CsvFile(out / "treatments" / "treatments.csv")
        self.deaths = extracts.CsvFile(out / "deaths" / "deaths.csv")
        self.visits = extracts.CsvFile(out / "visits" / "visits.csv")
        self.certificates = 0
        self.cancer_deaths: list[pl.DataFrame] = []

    def chunk(self, start: int, size: int) -> None:
        """People `start` to `start + size`: everything about them, to all files."""
        rng = np.random.default_rng([self.seed, start // CHUNK])
        truth = simulate(rng, self.facts, self.maker, start, size, self.day, self.seed)
        seen = reporting.visits(rng, self.facts, truth)
        written = reporting.build(rng, self.facts, truth, seen, self.numbering, self.day)
        alone = (written["first_of_patient"] & written["last_of_patient"]).to_numpy()
        second = alone & (written["role"] > 0).to_numpy()
        manifest = self.manifest
        final, _ = planted.sow(rng, self.facts, written, planted.DISAGREEMENTS, second, manifest.disagreements, one_each=False)  # fmt: skip
        final, wrong = planted.sow(
            rng, self.facts, final, planted.ERRORS, alone, manifest.planted, one_each=True
        )
        self._write_abstracts(final)
        corrected, counts = corrections.choose(rng, self.facts, truth.people, final, alone & ~wrong, self.day)
        self.resent.write(corrected)
        manifest.add("resent", records=len(corrected), **counts)
        self._write_reports(rng, truth, written)
        rows, counts = extracts.treatments(rng, self.facts, truth, seen, written)
        self.treatments.write(rows)
        manifest.add("treatments", **counts)
        self._write_deaths(rng, truth, start)
        self.visits.write(follow_up.later_visits(rng, truth.people, written, self.day))
        self.cancer_deaths.append(statistics.deaths(truth.people, truth.tumors))
        self._count(truth, final)

    def _write_abstracts(self, frame: pl.DataFrame) -> None:
        facility = frame["facility"].to_numpy()
        for row in np.unique(facility):
            start, end = np.searchsorted(facility, [row, row + 1])
            file = self.abstract_files.get(int(row))
            if file is None or file.patients >= PATIENTS_PER_FILE:
                file = self._next_file(int(row), file)
            file.write(frame.slice(start, end - start))

    def _next_file(self, row: int, full: AbstractFile | None) -> AbstractFile:
        if full is not None:
            full.close()
            self.finished.append(full)
        number = 1 + sum(file.facility == self.facts.facilities["facility"][row] for file in self.finished)
        facility = self.facts.facilities.row(row, named=True)
        name = (
            f"{facility['facility']}_{facility['version']}"
            + (f"_{number:03d}" if number > 1 else "")
            + ".xml"
        )
        self.abstract_files[row] = AbstractFile(
            self.out / "abstracts" / name, facility["version"], "A", facility["facility"], self.as_of
        )
        return self.abstract_files[row]

    def _write_reports(self, rng: np.random.Generator, truth: Population, written: pl.DataFrame) -> None:
        chosen = pathology.choose(rng, truth.tumors, written)
        for number, file in enumerate(self.reports):
            part = chosen.filter(pl.col("laboratory") == number)
            file.write(pathology.messages(self.facts, part, file.laboratory, file.messages))
        benign = int(chosen["benign"].sum())
        self.manifest.add("counts", pathology_reports=len(chosen), pathology_reports_benign=benign)
        reported = chosen.filter(~pl.col("benign"))["tumor_row"].n_unique()
        self.manifest.add("counts", tumors_with_pathology_report=reported)

    def _write_deaths(self, rng: np.random.Generator, truth: Population, start: int) -> None:
        rows, counts = extracts.deaths(rng, self.facts, truth, start, self.seed)
        number = pl.Series(self.certificates + 1 + np.arange(len(rows))).cast(pl.String).str.zfill(8)
        self.deaths.write(rows.with_columns((rows["state_file_number"] + number).alias("state_file_number")))
        self.certificates += len(rows)
        self.manifest.add("deaths", **counts)

    def _count(self, truth: Population, frame: pl.DataFrame) -> None:
        persons, tumor = truth.people, truth.tumors
        facilities = frame.group_by("person_row").agg(pl.col("facility").n_unique())["facility"]
        per_tumor = frame.group_by("tumor_row").agg(pl.col("facility").n_unique())["facility"]
        self.manifest.add(
            "counts",
            patients=len(persons), tumors=len(tumor), abstracts=len(frame),
            patient_records=int(frame["first_of_patient"].sum()),
            patients_with_second_primary=len(tumor) - len(persons),
            patients_at_two_or_more_facilities=int((facilities > 1).sum()),
            tumors_at_two_or_more_facilities=int((per_tumor > 1).sum()),
            dead=int((persons["death_day"] != MISSING).sum()),
            reported_dead=int(persons["dead"].sum()),
            lost_to_follow_up=int(persons["lost"].sum()),
            deaths_unknown_to_facilities=int(persons["unreported"].sum()),
            stale_follow_up=int(frame["stale"].sum()),
        )  # fmt: skip
        years = tumor["year"].value_counts().sort("year")
        self.manifest.add("by_year", **{str(year): count for year, count in years.iter_rows()})
        sites = tumor["site_row"].value_counts().sort("site_row")
        names = self.facts.sites["group"]
        self.manifest.add("by_site", **{names[row]: count for row, count in sites.iter_rows()})
        for name, rate, frame_of, unknown in (
            ("ssn", people.SSN_MISSING, persons, pl.col("socialSecurityNumber") == "999999999"),
            ("race", people.RACE_UNKNOWN, persons, pl.col("race1") == "99"),
            ("hispanic_origin", people.ORIGIN_UNKNOWN, persons, pl.col("spanishHispanicOrigin") == "9"),
            ("county", people.COUNTY_UNKNOWN, persons, pl.col("countyAtDx") == "999"),
            (
                "birth_month_and_day",
                people.BIRTH_DAY_UNKNOWN,
                persons,
                pl.col("dateOfBirth").str.len_bytes() == 4,
            ),
            ("diagnosis_day", tumors.DX_DAY_UNKNOWN, tumor, pl.col("dateOfDiagnosis").str.len_bytes() == 6),
        ):
            count = self.manifest.missing.setdefault(name, Count(rate))
            count.eligible += len(frame_of)
            count.planted += int(frame_of.select(unknown.sum()).item())

    def close(self) -> None:
        """End all files."""
        for file in (*self.abstract_files.values(), self.resent):
            file.close()
        for batch in self.reports:
            batch.close()
        for table in (self.treatments, self.deaths, self.visits):
            table.close()

    def discard(self) -> None:
        """Remove what an interrupted run has written: nothing half-written stays."""
        with suppress(OSError):
            self.close()
        for folder in ("abstracts", "resent", "pathology", "treatments", "deaths", "visits", "statistics"):
            shutil.rmtree(self.out / folder, ignore_errors=True)
        for name in ("facilities.csv", "physicians.csv", "manifest.json"):
            (self.out / name).unlink(missing_ok=True)

    def finish(self) -> SyntheticManifest:
        """Write the small files and the manifest."""
        years = self.as_of.year - FIRST_YEAR
        abstract_files = [*self.finished, *self.abstract_files.values()]
        yearly: dict[int, int] = {}
        for row, name in enumerate(self.facts.facilities["facility"]):
            yearly[row] = round(
                sum(file.abstracts for file in abstract_files if file.facility == name) / years
            )
        extracts.facilities(self.facts, yearly).write_csv(self.out / "facilities.csv")
        extracts.physicians(self.facts).write_csv(self.out / "physicians.csv")
        described = [
            *self._write_statistics(),
            *((file.path, "naaccr-xml", file.abstracts) for file in abstract_files),
            (self.resent.path, "naaccr-xml", self.resent.abstracts),
            *((file.path, "hl7", file.messages) for file in self.reports),
            (self.treatments.path, "treatments", self.treatments.rows),
            (self.deaths.path, "deaths", self.deaths.rows),
            (self.visits.path, "visits", self.visits.rows),
            (self.out / "facilities.csv", "facilities", len(self.facts.facilities)),
            (self.out / "physicians.csv", "physicians", len(self.facts.facilities) * reporting.PHYSICIANS),
        ]
        self.manifest.files = sorted(
            (
                {"name": path.relative_to(self.out).as_posix(), "kind": kind, "records": count, "bytes": path.stat().st_size}
                for path, kind, count in described
                if path.exists()
            ),
            key=lambda file: str(file["name"]),
        )  # fmt: skip
        self.manifest.write(self.out / "manifest.json")
        return self.manifest

    def _write_statistics(self) -> list[tuple[Path, str, int]]:
        """Denominators: population, life table, deaths from cancer; up to the last year of diagnosis."""
        folder, last = self.out / "statistics", self.as_of.year - 1
        folder.mkdir(exist_ok=True)
        tables = {
            "population": statistics.population(self.facts, self.manifest.counts["tumors"], last),
            "life_table": statistics.life_table(self.facts, self.as_of.year),
            "mortality": statistics.mortality(self.cancer_deaths, last),
        }
        for name, table in tables.items():
            table.write_csv(folder / f"{name}.csv")
        return [(folder / f"{name}.csv", name, table.height) for name, table in tables.items()]
