"""`registry followup list` from files to files: what it takes, what it writes, what it says of faults."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from registry.cli import main

PATIENTS = """patientIdNumber,vitalStatus,dateOfLastContact,dateOfBirth,addrCurrentCountry,noPatientContactFlag,physicianFollowUp
2,1,202508,19500101,USA,0,00000043
1,1,20250615,19500101,USA,1,
3,0,20200101,19500101,USA,0,
"""
TUMORS = """patientIdNumber,tumorRecordNumber,primarySite,histologicTypeIcdO3,behaviorCodeIcdO3,summaryStage2018,dateOfDiagnosis,dateOf1stContact,classOfCase
1,01,C509,8500,3,1,20200101,20200101,14
2,01,C509,8500,3,1,2020,20200101,22
2,02,C509,8500,3,1,2021,20210101,00
3,01,C341,8140,3,7,20190101,20190101,12
"""
ASKED = ("--as-of", "2026-10-31", "--reference", "2007-01-01")
Asked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asked:
    monkeypatch.chdir(tmp_path)
    Path("p.csv").write_text(PATIENTS)
    Path("t.csv").write_text(TUMORS)

    def asked(*words: str, command: str = "list") -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["followup", command, *words])
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return asked


def test_three_files_and_no_database(ask: Asked) -> None:
    words = (
        "--patients",
        "p.csv",
        "--tumors",
        "t.csv",
        "--out",
        "l.csv",
        "--eligibility",
        "e.csv",
        "--summary",
        "s.json",
    )
    code, out, err = ask(*words, *ASKED)
    assert (code, out) == (0, "")
    assert "l.csv: 2 patients" in err
    assert Path("l.csv").read_text().splitlines() == [
        "patientIdNumber,dateOfLastContact,dueDate,delinquentAfter,status,monthsSinceContact,lettersTo,eligibleTumors",
        "1,20250615,2026-06-15,2026-09-15,DELINQUENT,16,REGISTRY_ONLY,1",
        "2,202508,2026-08-01,2026-11-01,OVERDUE,14,PHYSICIAN,1",
    ]
    assert Path("e.csv").read_text().splitlines()[1:] == ['1,01,""', '2,01,""', "2,02,CLASS00", '3,01,""']
    summary = json.loads(Path("s.json").read_text())
    assert summary["patient_based"]["since_reference"]["rate_pct"] == 66.6667
    assert sorted(path.name for path in Path().iterdir()) == ["e.csv", "l.csv", "p.csv", "s.json", "t.csv"]
    code, out, _ = ask("--patients", "p.csv", "--tumors", "t.csv", *ASKED, "--json", "--status", "overdue")
    assert [line["patientIdNumber"] for line in json.loads(out)] == ["2"]


def test_parquet_with_days_and_numbers_gives_the_same_list(ask: Asked) -> None:
    ask("--patients", "p.csv", "--tumors", "t.csv", "--out", "l.csv", *ASKED)
    pl.read_csv(
        "p.csv", schema_overrides={"dateOfLastContact": pl.String, "physicianFollowUp": pl.String}
    ).with_columns(pl.col("dateOfBirth").cast(pl.String).str.to_date("%Y%m%d")).write_parquet("p.parquet")
    pl.read_csv(
        "t.csv", schema_overrides={"classOfCase": pl.String, "dateOfDiagnosis": pl.String}
    ).write_parquet("t.parquet")
    assert ask("--patients", "p.parquet", "--tumors", "t.parquet", "--out", "again.csv", *ASKED)[0] == 0
    assert Path("again.csv").read_bytes() == Path("l.csv").read_bytes()
    assert ask("--patients", "p.csv", "--tumors", "t.csv", "--out", "l.parquet", *ASKED)[0] == 0
    assert pl.read_parquet("l.parquet")["dueDate"].to_list() == [dt.date(2026, 6, 15), dt.date(2026, 8, 1)]


def test_rates_from_files(ask: Asked) -> None:
    for words, group in (((), None), (("--by", "site"), "site"), (("--age-bands",), "age_band")):
        code, out, _ = ask(
            "--patients", "p.csv", "--tumors", "t.csv", *ASKED, *words, "--json", command="rates"
        )
        rows = json.loads(out)
        assert code == 0
        assert group is None or group in rows[0]
        assert all(row["A_eligible"] == row["B_dead"] + row["D_current"] + row["E_lost"] for row in rows)


@pytest.mark.parametrize(
    ("patients", "tumors", "said"),
    [
        (PATIENTS.replace("vitalStatus", "alive"), TUMORS, "patients (p.csv): column vitalStatus is missing"),
        (PATIENTS.replace("physicianFollowUp", "doctor"), TUMORS, "column physicianFollowUp is missing"),
        (PATIENTS, TUMORS.replace("classOfCase", "class").replace("tumorRecordNumber", "no"), "tumorRecordNumber, classOfCase is missing"),
        (PATIENTS + "2,1,,,,,\n", TUMORS, "1 rows repeat a patientIdNumber"),
        (PATIENTS, TUMORS + "9,01,C509,8500,3,1,2020,2020,14\n", "1 rows have a patientIdNumber that is not among the patients"),
        (PATIENTS + " ,1,,,,,\n", TUMORS, "1 rows have no patientIdNumber"),
        (PATIENTS, TUMORS + ",01,C509,8500,3,1,2020,2020,14\n", "1 rows have no patientIdNumber"),
        ("", TUMORS, "p.csv: is empty"),
    ],
    ids=["missing", "no physician", "two missing", "twice", "orphan", "blank patient", "blank tumor", "empty"],
)  # fmt: skip
def test_a_fault_of_a_file_is_one_line(ask: Asked, patients: str, tumors: str, said: str) -> None:
    Path("p.csv").write_text(patients)
    Path("t.csv").write_text(tumors)
    code, out, err = ask("--patients", "p.csv", "--tumors", "t.csv", "--out", "l.csv", *ASKED)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not Path("l.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--patients", "p.csv"), "both --patients and --tumors"),
        (("--patients", "p.csv", "--tumors", "t.csv", "--facility", "1"), "--facility needs a database"),
        (("--patients", "p.csv", "--tumors", "t.csv", "--as-of", "soon"), "is not a date"),
        (
            ("--patients", "p.csv", "--tumors", "t.csv", "--as-of", "2005-01-01"),
            "no edition of the follow-up rules holds on 2005-01-01",
        ),
        (("--patients", "p.csv", "--tumors", "none.csv"), "there is no such file"),
        (("--patients", "p.csv", "--tumors", "t.csv", "--out", "l.docx"), "neither in .csv nor in .parquet"),
        (("--summary", "s.json"), "go with --patients"),
    ],
)
def test_a_wrong_call_is_one_line(ask: Asked, words: tuple[str, ...], said: str) -> None:
    code, out, err = ask(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_a_tumor_given_twice_counts_twice_and_is_said(ask: Asked) -> None:
    with Path("t.csv").open("a") as file:
        file.write(TUMORS.splitlines()[1] + "\n")
    code, _, err = ask("--patients", "p.csv", "--tumors", "t.csv", "--out", "l.csv", *ASKED)
    assert (code, "t.csv: 1 rows repeat a tumor of a patient; each counts" in err) == (0, True)
    assert Path("l.csv").read_text().splitlines()[1].endswith("REGISTRY_ONLY,2")


@pytest.mark.parametrize("written", ["2025-06-15", "06/15/2025", "15.6.2025"])
def test_dates_that_a_spreadsheet_rewrote_are_refused(ask: Asked, written: str) -> None:
    """Read as unknown they would make everybody delinquent; a single odd date is an unknown one."""
    rows = PATIENTS.splitlines()
    place = rows[0].split(",").index("dateOfLastContact")
    cells = [row.split(",") for row in rows[1:]]
    many = [",".join([*row[:place], written, *row[place + 1 :]]) for row in cells]
    Path("p.csv").write_text("\n".join([rows[0], *many]) + "\n")
    code, out, err = ask("--patients", "p.csv", "--tumors", "t.csv", "--out", "l.csv", *ASKED)
    assert (code, out) == (2, "") and not Path("l.csv").exists()
    assert (
        f"{len(many)} values of dateOfLastContact are not written as NAACCR dates; write them as 20261031"
        in err
    )
    assert written not in err


def test_a_step_that_is_none_is_refused(ask: Asked) -> None:
    code, out, err = ask("--next", "physician_lettr")
    assert (code, out) == (2, "") and "there is no step 'physician_lettr'; choose of passive_visits" in err


def test_a_complaint_is_one_line(ask: Asked) -> None:
    code, out, err = ask("v.csv", command="import")
    assert (code, out) == (2, "") and err.count("\n") == 1 and "visits, naaccr, pathology" in err
