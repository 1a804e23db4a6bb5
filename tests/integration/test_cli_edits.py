"""`registry edits` over files: the same verdicts from CSV and XML, no database, a bad value never a reason to stop."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.integration.conftest import Run

AS_OF = ("--as-of", "2026-11-01")
CHOSEN = "site-sex,laterality-valid,dob-valid,age-valid,insitu-dxconf,ir-dob-same"
ROWS = [
    # recordId, patient, birth, site, sex, laterality, age, behavior, confirmation, over-ride
    ["10", "00000001", "19580301", "C619", "2", "7", "062", "3", "1", ""],
    ["9", "00000001", "195804", "C509", "2", "1", "abc", "3", "1", ""],
    ["11", "00000002", "1999-99", "C509", "", "1", "999", "2", "7", ""],
    ["12", "00000003", "", "C509", "1", "1  ", "", "2", "7", "2"],
]
COLUMNS = (
    "recordId patientIdNumber dateOfBirth primarySite sex laterality ageAtDiagnosis behaviorCodeIcdO3 "
    "diagnosticConfirmation overRideHistology"
).split()
EXPECTED = [
    ("10", "ir-dob-same", "error"),
    ("10", "laterality-valid", "error"),
    ("10", "site-sex", "error"),
    ("9", "age-valid", "error"),
    ("9", "ir-dob-same", "error"),
    ("11", "dob-valid", "error"),
    ("11", "insitu-dxconf", "review"),
]


def cohort(path: str) -> None:
    pl.DataFrame(ROWS, schema=COLUMNS, orient="row").write_csv(path)


def as_xml(path: str) -> None:
    """The same records as NAACCR XML: patients hold what is theirs."""
    of_patient = {"patientIdNumber", "dateOfBirth", "sex"}
    patients: dict[str, list[dict[str, str]]] = {}
    for row in ROWS:
        record = dict(zip(COLUMNS, row, strict=True))
        patients.setdefault(record["patientIdNumber"], []).append(record)
    text = []
    for tumors in patients.values():
        for tumor in tumors:  # records of one patient that differ in the patient's items: an element each
            mine = "".join(
                f'<Item naaccrId="{k}">{v}</Item>' for k, v in tumor.items() if k in of_patient and v
            )
            rest = "".join(
                f'<Item naaccrId="{k}">{v}</Item>'
                for k, v in tumor.items()
                if k not in of_patient | {"recordId"} and v
            )
            text.append(f"<Patient>{mine}<Tumor>{rest}</Tumor></Patient>")
    Path(path).write_text(
        '<?xml version="1.0"?>\n<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-250.xml" '
        'recordType="A" specificationVersion="1.7" xmlns="http://naaccr.org/naaccrxml">\n'
        + "\n".join(text)
        + "\n</NaaccrData>\n",
        encoding="utf-8",
    )


def failures(path: str) -> list[tuple[str, str, str]]:
    table = pl.read_csv(path, infer_schema=False)
    assert table.columns == ["record_id", "edit_id", "severity", "message", "items", "values"]
    return table.select("record_id", "edit_id", "severity").rows()


def test_a_csv_file_is_judged_without_a_database(run: Run, tmp_path: Path) -> None:
    cohort("cohort.csv")
    code, out, err = run("edits", "run", "--input", "cohort.csv", *AS_OF, "--edits", CHOSEN, "--out", "f.csv")
    assert code == 1 and not err
    assert "4 records: 6 errors, 1 to review, 0 warnings, 1 over-ridden; written to f.csv" in out
    assert failures("f.csv") == EXPECTED, "in the order of the records, then of the edits"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.csv", "f.csv"]


def test_an_xml_file_gives_the_same_numbered_by_position(run: Run) -> None:
    as_xml("cohort.xml")
    code, _, _ = run("edits", "run", "--input", "cohort.xml", *AS_OF, "--edits", CHOSEN, "--out", "f.csv")
    assert code == 1
    position = {row[0]: str(number) for number, row in enumerate(ROWS, 1)}
    assert failures("f.csv") == [(position[record], edit, severity) for record, edit, severity in EXPECTED]


def test_overridden_failures_are_listed_when_asked_for(run: Run) -> None:
    cohort("cohort.csv")
    words = ("edits", "run", "--input", "cohort.csv", *AS_OF, "--edits", "insitu-dxconf", "--out", "f.csv")
    assert run(*words)[0] == 0, "a review is no error"
    assert run(*words, "--overridden")[0] == 0
    table = pl.read_csv("f.csv", infer_schema=False)
    assert table.select("record_id", "state").rows() == [("11", "open"), ("12", "overridden")]
    assert json.loads(table["values"][0]) == {"behaviorCodeIcdO3": "2", "diagnosticConfirmation": "7"}


def test_the_answer_as_json_holds_counts_and_failures(run: Run) -> None:
    cohort("cohort.csv")
    code, out, _ = run("--json", "edits", "run", "--input", "cohort.csv", *AS_OF, "--edits", CHOSEN)
    told = json.loads(out)
    assert code == 1 and told["records"] == 4 and told["errors"] == 6 and len(told["failures"]) == 7


def test_two_runs_write_the_same_bytes(run: Run) -> None:
    cohort("cohort.csv")
    for name in ("a.csv", "b.csv"):
        run("edits", "run", "--input", "cohort.csv", *AS_OF, "--out", name)
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()


def test_nothing_that_fails_is_a_table_with_its_header(run: Run) -> None:
    cohort("cohort.csv")
    assert (
        run("edits", "run", "--input", "cohort.csv", *AS_OF, "--edits", "sex-valid", "--out", "f.csv")[0] == 0
    )
    assert failures("f.csv") == []


def test_records_without_ids_are_numbered(run: Run) -> None:
    pl.DataFrame({"laterality": ["1", "7"]}).write_csv("in.csv")
    code, _, err = run("edits", "run", "--input", "in.csv", "--edits", "laterality-valid", "--out", "f.csv")
    assert code == 1 and "numbered from 1" in err
    assert failures("f.csv") == [("2", "laterality-valid", "error")]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--input", "absent.csv"], "absent.csv: there is no such file"),
        (["--input", "absent.xml"], "absent.xml: there is no such file"),
        (["--input", "in.csv", "--edits", "site-sexx"], "there is no such edit"),
        (["--input", "in.csv", "--set", "nobody"], "there is no such set"),
        (["--input", "in.csv", "--edits", ","], "names nothing"),
        (["--input", "in.csv", "--set", "all", "--edits", "site-sex"], "not both"),
        (["--input", "in.csv", "--as-of", "tomorrow"], "is not a day"),
        (["--input", "twice.csv"], "2 records have no recordId of their own"),
        (["--input", "in.csv", "--out", "nowhere/f.csv"], "its folder is not there"),
        (["--out", "f.csv"], "needs --input"),
    ],
)
def test_a_wrong_call_is_one_line(run: Run, words: list[str], line: str) -> None:
    cohort("in.csv")
    pl.DataFrame({"recordId": ["1", "1", "2"], "sex": ["1", "2", "9"]}).write_csv("twice.csv")
    code, out, err = run("edits", "run", *words)
    assert code == 2 and not out and line in err and err.count("\n") == 1


def test_explain_says_rule_examples_and_source(run: Run) -> None:
    code, out, _ = run("edits", "explain", "insitu-dxconf")
    assert code == 0 and "overRideHistology = " in out and "fails" in out and "SEER IF31" in out
    assert run("edits", "explain", "nothing")[0] == 2


def test_a_list_may_be_searched(run: Run) -> None:
    assert "site-sex" in run("edits", "list", "--word", "primarysite")[1]
    assert "no edit holds" in run("edits", "list", "--word", "zebra")[1]
