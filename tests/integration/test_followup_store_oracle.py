"""Out of the database the list and rates are those of the second reading too, whatever stands in the columns."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from registry.followup import LIST_COLUMNS
from registry.service import Session
from tests.property import followup_oracle as oracle
from tests.received import KEY as SECRET

KEY = oracle.KEY
LINE = ("patient_id", *LIST_COLUMNS)


def stored(session: Session, patients: list[oracle.Row], tumors: list[oracle.Row]) -> None:
    """The cohort as the tables keep it, values untouched; the physician stands with the tumor."""
    people = pl.DataFrame(patients, schema=dict.fromkeys(patients[0], pl.String))
    found = pl.DataFrame(tumors, schema=dict.fromkeys(tumors[0], pl.String))
    number = pl.col(KEY).cast(pl.Int64).alias("patient_id")
    found = found.join(people.select(KEY, "physicianFollowUp"), on=KEY, maintain_order="left").with_columns(
        number, pl.int_range(1, len(tumors) + 1).alias("tumor_id")
    )
    for table, frame in (
        ("patient", people.drop("physicianFollowUp").with_columns(number)),
        ("tumor", found),
    ):
        session._store.ensure_columns(table, [name for name in frame.columns if not name.endswith("_id")])
        with session._store.unit_of_work("test", "test") as work:
            work.insert(table, frame)


@pytest.mark.parametrize("seed", range(200, 206))
def test_the_database_gives_the_second_reading(seed: int, tmp_path: Path) -> None:
    patients, tumors, reference, as_of = oracle.cohort(seed, 400)
    codes = oracle.judged(patients, tumors, reference, as_of)
    expected = oracle.follow_up_list(patients, tumors, codes, as_of)
    with Session.create(tmp_path / "r.duckdb", key=SECRET, reference_date=str(reference)) as session:
        stored(session, patients, tumors)
        listed = session.run("followup.list", as_of=as_of)
        lines = listed.select(pl.col(LINE).cast(pl.String).fill_null("")).rows()
        assert [(key.zfill(8), *rest) for key, *rest in lines] == expected
        whole = session.run("followup.annual", as_of=as_of)
        assert whole["list"].equals(listed)
        rated = session.run("followup.rates", as_of=as_of)
        assert whole["rates"].equals(rated)
        for (unit, window), figures in oracle.windows(patients, tumors, codes, reference, as_of).items():
            row = rated.filter(unit=unit, window=window).row(0, named=True)
            assert {name: row[name] for name in figures} == figures
        assert whole["summary"]["exclusions"] == {code: codes.count(code) for code in sorted(set(codes))}
        session.run("settings.change", follow_anyway="all")
        anyway = session.run("followup.list", as_of=as_of)
        assert set(listed["patient_id"]) <= set(anyway["patient_id"])
        assert session.run("followup.annual", as_of=as_of)["list"].equals(anyway)
        assert session.run("followup.rates", as_of=as_of).equals(rated)
