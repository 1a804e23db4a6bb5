"""Made-up tumors with one thing changed: the edit named fires, stays silent or is over-ridden.

`edit_cases_*.csv` hold the cases (items that differ from a clean record of `edit_bases`, blank =
removed), written from the catalogue's one line and the published standards. Several records are
separated by ' / ', their bases by '+' (of one patient) or '~' (of different patients); `records` then
says which of them fire.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from registry import edits
from registry.edits.definition import PATIENT, find
from tests.conformance.edit_bases import AS_OF, BASES
from tests.conformance.edit_bases_more import MORE_BASES, OF_A_PERSON

ALL_BASES = BASES | MORE_BASES
FILES = sorted(Path(__file__).parent.glob("edit_cases_*.csv"))
Case = dict[str, str]


def _cases(path: Path) -> list[Case]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _changed(base: dict[str, str], items: str) -> dict[str, str]:
    record = dict(base)
    for pair in filter(None, items.strip().split(";")):
        item, _, value = pair.partition("=")
        record[item.strip()] = value.strip()
    return {item: value for item, value in record.items() if value}


def _records(number: int, case: Case) -> list[dict[str, str]]:
    """The bases with the case's items; patients of its own."""
    names = re.split("[+~]", case["base"])
    bases = [ALL_BASES[name] for name in names]
    if "+" in case["base"]:
        shared = {item: bases[0].get(item, "") for item in OF_A_PERSON}
        bases = [base | shared for base in bases]
    patients = [f"{number:07d}{place if '~' in case['base'] else 0}" for place in range(len(bases))]
    parts = re.split(r" */(?: +|$)", case["items"]) if len(bases) > 1 else [case["items"]]
    return [
        _changed(base | {"patientIdNumber": patient}, part)
        for base, patient, part in zip(bases, patients, parts, strict=True)
    ]


def _frame(records: Iterable[dict[str, str]]) -> pl.DataFrame:
    rows = [{"record": str(number), **record} for number, record in enumerate(records)]
    columns = dict.fromkeys(item for row in rows for item in row)
    return pl.DataFrame(
        [{item: row.get(item) for item in columns} for row in rows],
        schema=dict.fromkeys(columns, pl.String),
    )


@pytest.mark.parametrize("style", ["sex", "sexAssignedAtBirth"])
def test_no_edit_fires_on_a_clean_record(style: str) -> None:
    records: list[dict[str, str]] = []
    for base in ALL_BASES.values():
        sex = base.get("sex") or base["sexAssignedAtBirth"]
        record = {item: value for item, value in base.items() if not item.startswith("sex")}
        version = {"naaccrRecordVersion": "260"} if style == "sexAssignedAtBirth" else {}
        records.append({**record, style: sex, **version})
    fired = edits.run(None, _frame(records), "all", as_of=AS_OF, keys=["record"])
    names = list(ALL_BASES)
    assert [(names[int(row["record"])], row["edit"], row["message"]) for row in fired.to_dicts()] == []


def _verdicts(edit_id: str, cases: list[Case]) -> list[tuple[str, str, str]]:
    """For each case what comes of it, its severity, and the records that fire."""
    records = [(number, record) for number, case in enumerate(cases) for record in _records(number, case)]
    fired = edits.run(None, _frame([r for _, r in records]), [edit_id], as_of=AS_OF, keys=["record"])
    found: list[list[tuple[str, str, str]]] = [[] for _ in cases]
    first = [
        next(place for place, (n, _) in enumerate(records) if n == number) for number in range(len(cases))
    ]
    for row in sorted(fired.to_dicts(), key=lambda row: int(row["record"])):
        number = records[int(row["record"])][0]
        place = str(int(row["record"]) - first[number] + 1)
        found[number].append((row["state"], row["severity"], place))
    return [_verdict(rows) for rows in found]


def _verdict(rows: list[tuple[str, str, str]]) -> tuple[str, str, str]:
    if not rows:
        return "passes", "", ""
    standing = [row for row in rows if row[0] == "open"] or rows
    state = standing[0][0]
    return {"open": "fires"}.get(state, state), standing[0][1], ",".join(place for _, _, place in standing)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_each_case_is_judged_as_expected(path: Path) -> None:
    cases = _cases(path)
    wrong = []
    for edit_id in dict.fromkeys(case["edit"] for case in cases):
        own = [case for case in cases if case["edit"] == edit_id]
        alone = find(edit_id).over not in ((), (PATIENT,))
        runs = [[case] for case in own] if alone else [own]
        verdicts = [verdict for run in runs for verdict in _verdicts(edit_id, run)]
        for case, (verdict, severity, places) in zip(own, verdicts, strict=True):
            which = case.get("records") or places
            if (verdict, severity, places) != (case["expected"], case["severity"], which):
                wrong.append((case, verdict, severity, places))
    assert wrong == []
