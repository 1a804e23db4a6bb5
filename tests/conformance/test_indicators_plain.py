"""`registry quality indicators --input` from file to file, against the catalogue's lines read literally.

The cohort is a CSV of text with every kind of dirt; the expected figures are counted from its lines alone, the
failures of two edits among them. Blank is the empty cell.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.cli import main
from tests.conformance.edit_bases import BASES

AS_OF = "2026-11-01"
FIFTEEN_MONTHS_BEFORE = dt.date(2025, 8, 1)
EDITS = "class-of-case-valid,insitu-dxconf"
Row = dict[str, str]
Test = Callable[[Row], bool]
Figures = tuple[float | None, int | None, int | None]

DIRT = {
    "typeOfReportingSource": ["7", "", "6", "Z"],
    "casefindingSource": ["80", "10", "", "99"],
    "diagnosticConfirmation": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "X"],
    "behaviorCodeIcdO3": ["0", "1", "2", "3", "", "9"],
    "primarySite": "C809 C800 C679 C449 C440 C269 C390 C481 C760 C779 C619 C259 c809 C80.9 C999 C50 ".split(" "),
    "histologicTypeIcdO3": "8000 8002 8005 8006 8010 8011 8020 8021 8022 8500 ".split(" "),
    "laterality": ["0", "1", "9", ""],
    "ageAtDiagnosis": ["999", "", "abc", "99", "000", "120"],
    "sex": ["9", "", "3", "X", "1"],
    "countyAtDx": ["999", "", "998", "000", "99"],
    "race1": ["99", "", "98", "88", "9"],
    "summaryStage2018": ["9", "", "8", "1"],
    "rxSummTreatmentStatus": ["9", "", "0", "7"],
    "vitalStatus": ["0", "1", "", "4"],
    "causeOfDeath": ["7777", "7797", "0000", "", "C509", "797"],
    "classOfCase": ["00", "14", "22", "23", "30", "38", "49", "", "X"],
    "overRideHistology": ["1"],
    "dateOfLastContact": ["20250801", "20250731", "20261001", "20251301", "", "99999999"],
    "dateOf1stContact": ["20250101", "20250110", "202501", "20250230", ""],
    "dateCaseCompleted": ["20250301", "20250302", "20241231", "2025", ""],
    "dateCaseReportReceived": ["20260505", "20260506", "20250115", "99999999", ""],
}  # fmt: skip
COLUMNS = ["recordId", "patientIdNumber", "dateOfDiagnosis", *DIRT]


def cohort() -> list[Row]:
    """Clean records with some values spoiled, then copies of some of them."""
    chance = random.Random(20)
    bases = list(BASES.values())
    rows = []
    for number in range(300):
        clean = bases[number % len(bases)]
        row = {item: clean.get(item, "") for item in COLUMNS}
        row["patientIdNumber"] = f"{number // 2 + 1:08}"
        row["dateCaseReportReceived"] = f"202605{number % 30 + 1:02}"
        for item, values in DIRT.items():
            if chance.random() < 0.5:
                row[item] = chance.choice(values)
        rows.append(row)
    rows += [dict(chance.choice(rows)) for _ in range(30)]
    return [row | {"recordId": f"R{number}"} for number, row in enumerate(rows)]


def day(text: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, "%Y%m%d").date() if len(text) == 8 else None
    except ValueError:
        return None


def every(row: Row) -> bool:
    return True


def coded(item: str, *codes: str) -> Test:
    return lambda row: row[item] in codes


def site_in(*groups: str) -> Test:
    return lambda row: row["primarySite"][:3] in groups


def dead_or_current(row: Row) -> bool:
    last = day(row["dateOfLastContact"])
    current = last is not None and last >= FIFTEEN_MONTHS_BEFORE
    return row["vitalStatus"] == "0" or (row["vitalStatus"] == "1" and current)


dco = coded("typeOfReportingSource", "7")
malignant = coded("behaviorCodeIcdO3", "3")
verified = coded("diagnosticConfirmation", "1", "2", "3", "4")
age_unknown = coded("ageAtDiagnosis", "999", "")
VAGUE = ("8000", "8001", "8002", "8003", "8004", "8005", "8010", "8020", "8021")
SITES_WITHOUT_SUBSITES = "C01 C07 C12 C19 C20 C23 C33 C37 C52 C55 C56 C58 C61 C64 C65 C66 C73 C80".split()
SHARES: dict[str, tuple[Test, Test]] = {
    "dco_pct": (dco, malignant),
    "missing_age_pct": (age_unknown, every),
    "missing_sex_pct": (coded("sex", "9", ""), every),
    "missing_county_pct": (coded("countyAtDx", "999", ""), every),
    "missing_race_pct": (coded("race1", "99", ""), every),
    "mv_pct": (verified, every),
    "hv_pct": (coded("diagnosticConfirmation", "1", "3"), every),
    "clinical_only_pct": (coded("diagnosticConfirmation", "6", "7", "8"), every),
    "basis_unknown_pct": (lambda row: row["diagnosticConfirmation"] == "9" and not dco(row), every),
    "dci_pct": (lambda row: row["casefindingSource"] == "80" or dco(row), every),
    "psu_pct": (
        site_in("C26", "C39", "C48", "C76", "C80"),
        lambda row: malignant(row) and not site_in("C44")(row),
    ),
    "cup_pct": (coded("primarySite", "C809"), every),
    "unspecified_morph_pct": (coded("histologicTypeIcdO3", *VAGUE), verified),
    "age_unknown_pct": (age_unknown, every),
    "stage_unknown_pct": (coded("summaryStage2018", "9"), lambda row: not dco(row)),
    "treatment_unknown_pct": (coded("rxSummTreatmentStatus", "9"), every),
    "cod_missing_pct": (coded("causeOfDeath", "", "0000", "7777", "7797"), coded("vitalStatus", "0")),
}


def of_unnamed_part(row: Row) -> bool:
    """Fourth character 9 in a group that has other codes; C99 and c80 are no sites."""
    site = row["primarySite"]
    return len(site) == 4 and site[3] == "9" and site[:3] not in (*SITES_WITHOUT_SUBSITES, "C99", "c80")


def part_of(per: int, above: int, below: int) -> Figures:
    return (per * above / below if below else None), above, below


def of_shares(rows: list[Row]) -> dict[str, Figures]:
    return {
        name: part_of(100, sum(among(row) and of(row) for row in rows), sum(map(among, rows)))
        for name, (of, among) in SHARES.items()
    }


def of_copies(rows: list[Row]) -> Figures:
    items = (
        "patientIdNumber primarySite histologicTypeIcdO3 behaviorCodeIcdO3 laterality dateOfDiagnosis".split()
    )
    tumors = [values for row in rows if all(values := tuple(row[item] for item in items))]
    return part_of(1000, len(tumors) - len(set(tumors)), len(rows))


def of_lag(rows: list[Row], start: str, end: str) -> Figures:
    pairs = [(day(row[start]), day(row[end])) for row in rows]
    days = [(last - first).days for first, last in pairs if first and last]
    return (statistics.median(days) if days else None), None, len(days)


def of_followup(rows: list[Row]) -> dict[str, Figures]:
    eligible = {row["patientIdNumber"] for row in rows if "00" <= row["classOfCase"] <= "22"}
    followed = eligible & {row["patientIdNumber"] for row in rows if dead_or_current(row)}
    return {
        "followup_rate": part_of(100, len(followed), len(eligible)),
        "lost_to_followup_pct": part_of(100, len(eligible - followed), len(eligible)),
    }


def of_edits(rows: list[Row]) -> dict[str, Figures]:
    """An error nobody can override, and a review that overRideHistology silences."""
    classes = [f"{n:02}" for n in (0, *range(10, 15), *range(20, 23), *range(30, 39), *range(40, 44), 49, 99)]
    errors = sum(row["classOfCase"] not in ("", *classes) for row in rows)
    reviews = [
        row for row in rows if row["behaviorCodeIcdO3"] == "2" and row["diagnosticConfirmation"] in (*"356789",)
    ]  # fmt: skip
    overridden = sum(row["overRideHistology"] == "1" for row in reviews)
    return {
        "edits_pass_pct": part_of(100, len(rows) - errors, len(rows)),
        "edit_fail_per_100": part_of(100, errors + len(reviews) - overridden, len(rows)),
        "override_rate": part_of(1000, overridden, errors + len(reviews)),
    }


def expected(rows: list[Row]) -> dict[str, Figures]:
    return {
        **of_shares(rows),
        **of_followup(rows),
        **of_edits(rows),
        "duplicate_per_1000": of_copies(rows),
        "unspecified_subsite_pct": part_of(100, sum(map(of_unnamed_part, rows)), len(rows)),
        "abstract_lag_median": of_lag(rows, "dateOf1stContact", "dateCaseCompleted"),
        "report_lag_median": of_lag(rows, "dateCaseCompleted", "dateCaseReportReceived"),
    }


def computed(folder: Path, rows: list[Row], columns: list[str]) -> dict[str, list[str]]:
    """What the command writes for a file of these rows: indicator -> value, numerator, denominator as text."""
    source, out = folder / "cohort.csv", folder / "indicators.csv"
    with source.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    words = f"quality indicators --quiet --as-of {AS_OF} --edits {EDITS}".split()
    with pytest.raises(SystemExit) as stop:
        main([*words, "--input", str(source), "--out", str(out)])
    assert not stop.value.code
    with out.open(newline="", encoding="utf-8") as lines:
        found = list(csv.reader(lines))
    assert found[0] == ["indicator_id", "value", "numerator", "denominator"]
    assert len(found) == 1 + 41
    return {name: figures for name, *figures in found[1:]}


def assert_same(found: dict[str, list[str]], wanted: dict[str, Figures]) -> None:
    for name, (value, *counts) in wanted.items():
        written, *written_counts = found[name]
        assert written_counts == ["" if count is None else str(count) for count in counts], name
        assert (float(written) if written else None) == (value if value is None else pytest.approx(value)), (
            name
        )
    for name in found.keys() - wanted.keys():
        assert found[name] == ["", "", ""], name


def test_the_command_counts_what_the_catalogue_says(tmp_path: Path) -> None:
    rows = cohort()
    wanted = expected(rows)
    assert_same(computed(tmp_path, rows, COLUMNS), wanted)
    idle = [name for name, (value, *_) in wanted.items() if not value]
    assert not idle, "the cohort no longer shows these at work"


@pytest.mark.parametrize("records", [0, 1])
def test_a_file_may_hold_one_record_or_none(tmp_path: Path, records: int) -> None:
    rows = [row | {"casefindingSource": "10"} for row in cohort()[:records]]
    assert_same(computed(tmp_path, rows, COLUMNS), expected(rows))


@pytest.mark.parametrize(
    "kept", [["recordId", "primarySite"], [c for c in COLUMNS if c not in ("classOfCase", "vitalStatus")]]
)
def test_a_column_that_is_not_there_is_blank_throughout(tmp_path: Path, kept: list[str]) -> None:
    rows = [{item: row[item] if item in kept else "" for item in COLUMNS} for row in cohort()[:40]]
    wanted = expected(rows)
    if "casefindingSource" not in kept:
        wanted["dci_pct"] = None, 0, 0
    assert_same(computed(tmp_path, rows, kept), wanted)
