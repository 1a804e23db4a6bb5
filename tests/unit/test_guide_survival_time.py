"""The worked examples of the guide on survival time are what the derivation gives."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest

from registry import coding
from registry.coding.survival.survival_time import OUTPUTS

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "survival-time.md"
COLUMNS = {
    "Diagnosis": "dateOfDiagnosis",
    "Sequence": "sequenceNumberCentral",
    "Order": "recordNumberRecode",
    "Diagnosis used": "survDateDxRecode",
    "Last contact used": "survDateActiveFollowup",
    "Months": "survMosActiveFollowup",
    "Days": "survDaysActiveFollowup",
    "Flag": "survFlagActiveFollowup",
}
EXAMPLE = re.compile(
    r"^Born (\d+), (alive|dead), last contact (\d+), study to (\d{4}):\n\n((?:\|.*\n)+)", re.MULTILINE
)
EXAMPLES = EXAMPLE.findall(GUIDE.read_text(encoding="utf-8"))


def test_there_are_examples_and_every_item_is_named() -> None:
    assert len(EXAMPLES) == 5
    text = GUIDE.read_text(encoding="utf-8")
    stems = [re.sub("ActiveFollowup$|PresumedAlive$", "…", output) for output in OUTPUTS]
    assert [stem for stem in stems if f"`{stem}`" not in text] == []


@pytest.mark.parametrize(("born", "status", "contact", "study", "table"), EXAMPLES)
def test_example(born: str, status: str, contact: str, study: str, table: str) -> None:
    header, _, *lines = [
        [cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()
    ]
    assert header == list(COLUMNS)
    rows = [[None if cell == "(blank)" else cell for cell in line] for line in lines]
    expected = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS.values(), pl.String), orient="row")
    told = expected.select(
        "dateOfDiagnosis",
        "sequenceNumberCentral",
        patientIdNumber=pl.lit("1"),
        dateOfBirth=pl.lit(born),
        dateOfLastContact=pl.lit(contact),
        vitalStatus=pl.lit({"alive": "1", "dead": "0"}[status]),
    )
    made = coding.derive(told, ["survival-time"], as_of=dt.date(2026, 11, 1), cutoff_year=int(study))
    assert made.select(COLUMNS.values()).rows() == expected.rows()
