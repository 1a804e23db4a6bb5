"""A record's fingerprint: by its items and values, by nothing else; and what follows for the delta."""

from __future__ import annotations

import datetime as dt
import hashlib

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.submissions import Request, delta, profiles, record_hashes
from registry.submissions.hashes import HASHES, SCHEMA

NOON = dt.datetime(2026, 10, 31, 12, 0)
REQUEST = Request(profiles()["NPCR_CSS"], NOON, home_state="NY")
PATIENT_ITEMS = ["race1", "vitalStatus", "dateOfBirth"]
TUMOR_ITEMS = ["primarySite", "laterality", "dateOfDiagnosis", "grade"]
VALUE = st.one_of(st.none(), st.sampled_from(["", " ", "1", "01", "C504", "9"]), st.text("ab1", max_size=4))


@st.composite
def registries(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A few patients with tumors and any values; some columns are missing."""
    people = draw(st.integers(1, 4))
    patient_items = draw(st.lists(st.sampled_from(PATIENT_ITEMS), unique=True))
    tumor_items = draw(st.lists(st.sampled_from(TUMOR_ITEMS), unique=True))
    owners = draw(st.lists(st.integers(1, people), min_size=1, max_size=6))

    def column(rows: int) -> list[str | None]:
        return draw(st.lists(VALUE, min_size=rows, max_size=rows))

    patients = {"patient_id": list(range(1, people + 1)), **{item: column(people) for item in patient_items}}
    tumors = {
        "tumor_id": list(range(1, len(owners) + 1)), "patient_id": owners, **{item: column(len(owners)) for item in tumor_items}
    }  # fmt: skip
    text = dict.fromkeys([*PATIENT_ITEMS, *TUMOR_ITEMS], pl.String)
    return (
        pl.DataFrame(patients, schema_overrides={k: v for k, v in text.items() if k in patients}),
        pl.DataFrame(tumors, schema_overrides={k: v for k, v in text.items() if k in tumors}),
    )


def by_hand(patients: pl.DataFrame, tumors: pl.DataFrame) -> dict[int, tuple[int, int]]:
    """The definition, record by record, in plain Python."""
    people = {row["patient_id"]: row for row in patients.to_dicts()}
    found = {}
    for tumor in tumors.to_dicts():
        total = [0, 0]
        for record in (people[tumor["patient_id"]], tumor):
            for item, value in record.items():
                bare = (value or "").strip(" \t\r\n") if isinstance(value, str) else ""
                if item not in ("patient_id", "tumor_id") and bare:
                    digest = hashlib.blake2b(f"{item}={bare}".encode(), digest_size=16).digest()
                    for half in (0, 1):
                        part = int.from_bytes(digest[half * 8 : half * 8 + 8], "little")
                        total[half] = (total[half] + part) % 2**64
        found[tumor["tumor_id"]] = (total[0], total[1])
    return found


@settings(max_examples=150, deadline=None)
@given(registries(), st.randoms(use_true_random=False))
def test_by_items_and_values_alone(registry: tuple[pl.DataFrame, pl.DataFrame], chance: object) -> None:
    patients, tumors = registry
    found = record_hashes(patients, tumors, REQUEST)
    assert {row[0]: row[1:] for row in found.rows()} == by_hand(patients, tumors)
    assert found.schema == pl.Schema(SCHEMA) and found["tumor_id"].is_sorted()
    # Other order of rows and columns, blank columns more or less, values with blanks around them, chunk by chunk.
    wide = patients.reverse().with_columns(
        *(pl.lit(None, pl.String).alias(item) for item in PATIENT_ITEMS if item not in patients.columns)
    )
    padded = tumors.reverse().with_columns(pl.col(pl.String) + " ")
    assert record_hashes(wide.select(reversed(wide.columns)), padded, REQUEST).equals(found)
    parts = [
        record_hashes(patients.filter(patient_id=n), tumors.filter(patient_id=n), REQUEST)
        for n in patients["patient_id"]
    ]
    assert pl.concat(parts).sort("tumor_id").equals(found)


@settings(max_examples=100, deadline=None)
@given(registries(), st.sampled_from([*PATIENT_ITEMS, *TUMOR_ITEMS]), st.integers(0, 5))
def test_one_changed_value_changes_its_records(
    registry: tuple[pl.DataFrame, pl.DataFrame], item: str, at: int
) -> None:
    patients, tumors = registry
    before = record_hashes(patients, tumors, REQUEST)
    frame = patients if item in PATIENT_ITEMS else tumors
    at %= frame.height
    old = frame[item].to_list() if item in frame.columns else [None] * frame.height
    new = [*old[:at], (old[at] or "") + "7", *old[at + 1 :]]
    changed = frame.with_columns(pl.Series(item, new, pl.String))
    after = record_hashes(*((changed, tumors) if frame is patients else (patients, changed)), REQUEST)
    key = "patient_id" if frame is patients else "tumor_id"
    touched = tumors.filter(pl.col(key) == frame[key][at])["tumor_id"].to_list()
    found = delta(after, before)
    assert found.filter(change="changed")["tumor_id"].sort().to_list() == sorted(touched)
    assert set(found["change"]) <= {"same", "changed"}


def test_the_numbers_stay() -> None:
    """Kept fingerprints are compared with those of later versions: this one must never change."""
    patients = pl.DataFrame({"patient_id": [1], "race1": ["01"], "dateCaseLastChanged": ["x"]})
    tumors = pl.DataFrame(
        {"tumor_id": [5], "patient_id": [1], "primarySite": ["C504"], "dateCaseReportExported": ["20260101"]}
    )
    assert record_hashes(patients, tumors, REQUEST).rows() == [
        (5, 10639743458061007098, 16583410261260066640)
    ]


IDS = st.dictionaries(st.integers(1, 8), st.integers(0, 2), max_size=8)


@settings(max_examples=200, deadline=None)
@given(IDS, IDS, st.sets(st.integers(1, 8)))
def test_delta_is_the_difference_of_sets(now: dict[int, int], then: dict[int, int], held: set[int]) -> None:
    held -= set(now)

    def frame(rows: dict[int, int]) -> pl.DataFrame:
        values = {"tumor_id": list(rows), HASHES[0]: list(rows.values()), HASHES[1]: [0] * len(rows)}
        return pl.DataFrame(values, schema=SCHEMA)

    found = delta(
        frame(now), frame(then), pl.DataFrame({"tumor_id": sorted(held)}, schema={"tumor_id": pl.Int64})
    )
    wanted = {
        key: "new" if key not in then else "same" if then[key] == value else "changed"
        for key, value in now.items()
    }
    wanted |= {key: "deleted" for key in then if key not in now and key not in held}
    assert found.rows() == sorted(wanted.items())
