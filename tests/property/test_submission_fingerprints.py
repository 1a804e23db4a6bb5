"""What is known of records without reading them: a delta with it is the delta without, whatever was done meanwhile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest import MonkeyPatch

from registry import submissions
from registry.service import Session
from registry.service.submissions import fingerprints
from registry.store import Store
from tests.integration.submitted import AS_OF, RECORDS, THIRD, opened, registry, tumor
from tests.received import TWO, changed

MORE: tuple[Any, ...] = (
    *RECORDS,
    *(
        (
            changed(THIRD, nameLast=name, dateOfBirth=f"19{40 + at}0305", socialSecurityNumber=f"30{at}018899",
                    patientIdNumber=str(at)),
            [tumor(10 + at), tumor(20 + at, primarySite="C509", laterality="1")],
        )
        for at, name in enumerate(("Ames", "Boyd", "Cole"), start=4)
    ),
)  # fmt: skip
ITEMS = {
    "patient": ["race1", "vitalStatus", "nameLast", "sex"], "tumor": ["laterality", "grade", "addrAtDxState", "dateOfDiagnosis", "accessionNumberHosp"],
}  # fmt: skip
ITEMS["abstract"] = [
    *ITEMS["patient"], *ITEMS["tumor"], "reportingFacilityRestrictionFlag", "facility_id", "status", "dateCaseLastChanged",
]  # fmt: skip
VALUES: dict[str, list[str | None]] = {
    "status": ["complete", "exported", "void", "in_progress"],
    "facility_id": [TWO, "0009990028"],
}
ANY: list[str | None] = [None, "", " ", "1", "2", "9", "NY", "CA", "19990101"]
GONE: dict[str, list[str]] = {"patient": [], "tumor": ["tombstone_reason"], "abstract": []}


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, str, str | None, int, bool]:
    """(table, column, value, which rows of five, whether versions are raised)."""
    table = draw(st.sampled_from(["patient", "tumor", "abstract"]))
    columns = [*ITEMS[table], *GONE[table], "rxSummOther"]
    column = draw(st.sampled_from(columns))
    value = draw(st.sampled_from(VALUES.get(column, ANY)))
    return table, column, value, draw(st.integers(1, 4)), draw(st.booleans())


def change(store: Store, step: tuple[str, str, str | None, int, bool]) -> None:
    """Change rows as some writers do: past their versions; an item may get its first column."""
    table, column, value, nth, raised = step
    if column not in store.columns(table):
        store.ensure_columns(table, [column])
    with store.unit_of_work("test", "change") as work:
        more = ", version = version + 1" if raised else ""
        work.execute(
            f'UPDATE {table} SET "{column}" = ?{more} WHERE {table}_id % 5 = ?',
            [value, nth],
        )
        work.log(table, None, "changed by a test")


def accepted(session: Session, profile: str, folder: Path, **asked: Any) -> None:
    """Everything that may go was accepted."""
    made = session.run("submission.prepare", profile=profile, as_of=AS_OF, **asked)
    if made["state"] != "VALIDATED":
        return
    session.run("submission.seal", submission_id=made["submission_id"], out=str(folder))
    session.run("submission.send", submission_id=made["submission_id"])
    session.run("submission.acknowledge", submission_id=made["submission_id"], answer="accepted")


def told(session: Session, profile: str, as_of: str, **asked: Any) -> dict[str, Any]:
    found = session.run("submission.preview", profile=profile, as_of=as_of, **asked)
    return {name: value.rows() if isinstance(value, pl.DataFrame) else value for name, value in found.items()}


def read_all(*given: Any) -> pl.DataFrame:
    """Nothing is known: as if every record had to be read."""
    none = {"record_id": pl.Int64, "patient_id": pl.Int64, "tumor_number": pl.String}
    return pl.DataFrame(schema=none | dict.fromkeys(fingerprints.HASHES, pl.UInt64))


def compare(session: Session, profile: str, as_of: str, **asked: Any) -> int:
    """Require the same with and without what is known; how many records were known."""
    seen = []
    known = fingerprints.known

    def counted(*given: Any) -> pl.DataFrame:
        seen.append(known(*given))
        return seen[-1]

    with MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "known", counted)
        quick = told(session, profile, as_of, **asked)
        patch.setattr(fingerprints, "known", read_all)
        slow = told(session, profile, as_of, **asked)
    assert quick == slow
    return sum(frame.height for frame in seen)


def own_profile() -> str:
    """Changes of consolidated records, as a registry's own profile."""
    definition = json.loads(submissions.profiles()["NPCR_CSS"].definition)
    definition |= {"id": "OWN_DELTA", "delta": True, "version": 1}
    return json.dumps(definition)


@settings(
    max_examples=6, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    profile=st.sampled_from(["STATE_FULL", "OWN_DELTA"]),
    rounds=st.lists(st.lists(steps(), max_size=4), min_size=1, max_size=3),
)
def test_a_delta_with_what_is_known_is_the_delta_without(
    tmp_path_factory: Any, profile: str, rounds: list[list[tuple[str, str, str | None, int, bool]]]
) -> None:
    folder = tmp_path_factory.mktemp("known")
    with registry(folder, *MORE) as session:
        row = {"profile": "OWN_DELTA", "profile_version": 1, "definition": own_profile()}
        with session._store.unit_of_work("test", "own profile") as work:
            work.insert("submission_profile", pl.DataFrame([row]))
        accepted(session, profile, folder / "0")
        assert compare(session, profile, AS_OF) > 0, "unchanged records are known"
        for at, changes in enumerate(rounds, start=1):
            for step in changes:
                change(session._store, step)
            compare(session, profile, f"2026-11-{at + 1:02}")
            if profile == "STATE_FULL":
                compare(session, profile, f"2026-11-{at + 1:02}", facility=TWO)
            accepted(session, profile, folder / str(at))
            compare(session, profile, f"2026-11-{at + 1:02}")


def test_what_hashed_the_rows_decides_whether_they_are_known(tmp_path: Path, monkeypatch: Any) -> None:
    with registry(tmp_path) as session:
        accepted(session, "STATE_FULL", tmp_path / "out")
        assert compare(session, "STATE_FULL", "2026-11-02") == 3
        monkeypatch.setattr("duckdb.__version__", "another")
        assert compare(session, "STATE_FULL", "2026-11-02") == 0
        monkeypatch.undo()
        session._store.ensure_columns("abstract", ["rxSummOther"])
        assert compare(session, "STATE_FULL", "2026-11-02") == 0
        session.run("submission.prepare", profile="STATE_FULL", as_of="2026-11-02")
        assert compare(session, "STATE_FULL", "2026-11-02") == 3, "one preparation makes them known again"
        plans = session._store.query("SELECT DISTINCT plan FROM record_fingerprint")
        assert plans.height == 1


def test_what_is_not_compared_leaves_records_known(tmp_path: Path) -> None:
    with registry(tmp_path) as session:
        accepted(session, "STATE_FULL", tmp_path / "out")
        change(session._store, ("abstract", "dateCaseLastChanged", "20261101", 1, False))
        assert compare(session, "STATE_FULL", "2026-11-02") == 3
        change(session._store, ("abstract", "laterality", "1", 1, False))
        assert compare(session, "STATE_FULL", "2026-11-02") == 2


def test_only_records_that_changed_are_read(tmp_path: Path, monkeypatch: Any) -> None:
    """And a registry that is opened again knows what it knew."""
    with registry(tmp_path) as session:
        accepted(session, "STATE_FULL", tmp_path / "out")
        change(session._store, ("abstract", "laterality", "1", 2, False))
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in tmp_path.glob("r.duckdb*"):
        if path.is_file():
            shutil.copy2(path, copy / path.name)
    read: list[int] = []
    hashes = submissions.record_hashes

    def counted(patients: pl.DataFrame, tumors: pl.DataFrame, *given: Any) -> pl.DataFrame:
        read.extend(tumors["tumor_id"])
        return hashes(patients, tumors, *given)

    monkeypatch.setattr(submissions, "record_hashes", counted)
    with opened(copy) as session:
        found = session.run("submission.preview", profile="STATE_FULL", as_of="2026-11-02")
    assert (read, found["same"]) == ([2], 2)
