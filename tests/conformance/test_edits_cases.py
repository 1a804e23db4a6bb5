"""Made-up tumors with one thing changed: the edit named fires, stays silent or is over-ridden.

`edit_cases_*.csv` hold the cases (items that differ from a clean record of `edit_bases`, blank =
removed), written from the catalogue's one line and the published standards.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from registry import edits
from tests.conformance.edit_bases import AS_OF, BASES

FILES = sorted(Path(__file__).parent.glob("edit_cases_*.csv"))
Case = dict[str, str]


def _cases(path: Path) -> list[Case]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _changed(case: Case) -> dict[str, str]:
    """The base with the case's items; a patient of its own."""
    record = dict(BASES[case["base"]])
    for pair in case["items"].split(";"):
        item, _, value = pair.partition("=")
        record[item.strip()] = value.strip()
    return {item: value for item, value in record.items() if value}


def _frame(records: Iterable[dict[str, str]]) -> pl.DataFrame:
    rows = [{"record": str(number), **record} for number, record in enumerate(records)]
    columns = dict.fromkeys(item for row in rows for item in row)
    return pl.DataFrame(
        [{item: row.get(item) for item in columns} for row in rows],
        schema=dict.fromkeys(columns, pl.String),
    )


@pytest.mark.parametrize("style", ["sex", "sexAssignedAtBirth"])
def test_no_edit_fires_on_a_clean_record(style: str) -> None:
    records = []
    for base in BASES.values():
        sex = base.get("sex") or base["sexAssignedAtBirth"]
        record = {item: value for item, value in base.items() if not item.startswith("sex")}
        version = {"naaccrRecordVersion": "260"} if style == "sexAssignedAtBirth" else {}
        records.append({**record, style: sex, **version})
    fired = edits.run(None, _frame(records), "all", as_of=AS_OF, keys=["record"])
    names = list(BASES)
    assert [(names[int(row["record"])], row["edit"], row["message"]) for row in fired.to_dicts()] == []


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_each_case_is_judged_as_expected(path: Path) -> None:
    cases = _cases(path)
    wrong = []
    for edit_id in dict.fromkeys(case["edit"] for case in cases):
        own = [case for case in cases if case["edit"] == edit_id]
        fired = edits.run(None, _frame(map(_changed, own)), [edit_id], as_of=AS_OF, keys=["record"])
        found = {int(row["record"]): (row["state"], row["severity"]) for row in fired.to_dicts()}
        for number, case in enumerate(own):
            state, severity = found.get(number, ("silent", ""))
            verdict = {"silent": "passes", "open": "fires"}.get(state, state)
            expected = (case["expected"], case["severity"])
            if (verdict, severity) != expected:
                wrong.append(
                    (edit_id, case["base"], case["items"], expected, (verdict, severity), case["why"])
                )
    assert wrong == []
