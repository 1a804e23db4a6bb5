"""The product and a second reading of the follow-up rules agree on cohorts full of edge cases, by call and by file."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from registry.cli import main
from registry.followup import LIST_COLUMNS, FollowUpConfiguration, annual_follow_up, rates, rates_by_age
from tests.property import followup_oracle as oracle

KEY = oracle.KEY
FIGURES = ("A_eligible", "B_dead", "C_living", "D_current", "E_lost", "rate_pct", "living_rate_pct")


def frame(rows: list[oracle.Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))


@pytest.mark.parametrize("seed", range(40))
def test_both_readings_agree(seed: int) -> None:
    patients, tumors, reference, as_of = oracle.cohort(seed)
    settings = FollowUpConfiguration(reference_date=reference)
    result = annual_follow_up(frame(patients), frame(tumors), as_of, configuration=settings)
    codes = oracle.judged(patients, tumors, reference, as_of)
    verdicts = sorted((t[KEY], t["tumorRecordNumber"], code) for t, code in zip(tumors, codes, strict=True))
    assert result.eligibility.rows() == verdicts
    expected = oracle.follow_up_list(patients, tumors, codes, as_of)
    shown = result.listed.select(pl.col(KEY, *LIST_COLUMNS).cast(pl.String).fill_null(""))
    assert shown.rows() == expected
    for (basis, window), figures in oracle.windows(patients, tumors, codes, reference, as_of).items():
        row = result.rates.filter(basis=basis, window=window).row(0, named=True)
        assert {name: row[name] for name in FIGURES} == figures
        assert row["met"] == (None if not row["A_eligible"] else row["rate_pct"] >= row["target"])


@pytest.mark.parametrize("seed", range(100, 106))
def test_files_in_and_out(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command reads files of a cohort and writes the list, the verdicts and the summary of the second reading."""
    monkeypatch.chdir(tmp_path)
    patients, tumors, reference, as_of = oracle.cohort(seed)
    Path("p.csv").write_text(oracle.as_csv(patients), encoding="utf-8")
    Path("t.csv.gz").write_bytes(gzip.compress(oracle.as_csv(tumors).encode()))
    words = ["followup", "list", "--patients", "p.csv", "--tumors", "t.csv.gz", "--as-of", str(as_of)]
    words += ["--reference", str(reference), "--eligibility", "e.csv", "--summary", "s.json", "--quiet"]
    for out in ("list.csv", "again.csv"):
        with pytest.raises(SystemExit) as stop:
            main([*words, "--out", out])
        assert stop.value.code == 0
    assert Path("list.csv").read_bytes() == Path("again.csv").read_bytes()
    codes = oracle.judged(patients, tumors, reference, as_of)
    with Path("list.csv").open(encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert header == [KEY, *LIST_COLUMNS]
    expected = oracle.follow_up_list(patients, tumors, codes, as_of)
    assert [tuple(line) for line in lines] == expected
    with Path("e.csv").open(encoding="utf-8") as file:
        header, *verdicts = csv.reader(file)
    assert header == [KEY, "tumorRecordNumber", "exclusion"]
    pairs = zip(tumors, codes, strict=True)
    assert verdicts == sorted([t[KEY], t["tumorRecordNumber"], code] for t, code in pairs)
    summary = json.loads(Path("s.json").read_text(encoding="utf-8"))
    assert summary["exclusions"] == {code: codes.count(code) for code in sorted(set(codes))}
    assert summary["list"] == {
        status: sum(line[4] == status for line in expected) for status in ("DELINQUENT", "OVERDUE", "DUE")
    }
    for (basis, window), figures in oracle.windows(patients, tumors, codes, reference, as_of).items():
        found = summary[f"{basis}_based"][window]
        assert found == {name: figures[name] for name in found}
        assert set(FIGURES[:6]) <= set(found)


@pytest.mark.parametrize("seed", range(3))
def test_groups_agree(seed: int) -> None:
    """By organ, year and physician; SEER's age bands."""
    patients, tumors, reference, as_of = oracle.cohort(seed, 200)
    settings = FollowUpConfiguration(reference_date=reference)
    frames = frame(patients), frame(tumors)
    codes = oracle.judged(patients, tumors, reference, as_of)
    people = {patient[KEY]: patient for patient in patients}
    eligible = [tumor for tumor, code in zip(tumors, codes, strict=True) if not code]

    def year(tumor: oracle.Row) -> int | None:
        day = oracle.earliest(oracle.word(tumor, "dateOfDiagnosis"))
        return day.year if day else None

    def physician(tumor: oracle.Row) -> str | None:
        code = oracle.word(people[tumor[KEY]], "physicianFollowUp")
        return None if code in oracle.NOBODY else code

    groups = {
        "site": lambda tumor: oracle.word(tumor, "primarySite").upper()[:3] or None,
        "year": year,
        "physician": physician,
    }
    for by, group_of in groups.items():
        table = rates(*frames, as_of, configuration=settings, by=by)
        groups_found = {group_of(tumor) for tumor in eligible}
        for basis in ("tumor", "patient"):
            rows = table.filter(basis=basis, window="since_reference")
            assert set(rows[by]) == groups_found
            for row in rows.iter_rows(named=True):
                keys = [tumor[KEY] for tumor in eligible if group_of(tumor) == row[by]]
                keys = sorted(set(keys)) if basis == "patient" else keys
                assert {name: row[name] for name in FIGURES} == oracle.counts(patients, keys, as_of)

    def band(tumor: oracle.Row) -> str | None:
        behavior = oracle.word(tumor, "behaviorCodeIcdO3")
        if behavior == "2":
            return "in situ"
        born = oracle.earliest(oracle.word(people[tumor[KEY]], "dateOfBirth"))
        found = oracle.earliest(oracle.word(tumor, "dateOfDiagnosis"))
        if behavior != "3" or born is None or found is None:
            return None
        age = found.year - born.year - ((found.month, found.day) < (born.month, born.day))
        names = ("invasive, age below 20", "invasive, age 20-64", "invasive, age 65 and over")
        return names[(age >= 20) + (age >= 65)] if age >= 0 else None

    for row in rates_by_age(*frames, as_of, configuration=settings).iter_rows(named=True):
        keys = [tumor[KEY] for tumor in eligible if band(tumor) == row["group"]]
        assert {name: row[name] for name in FIGURES} == oracle.counts(patients, keys, as_of)
