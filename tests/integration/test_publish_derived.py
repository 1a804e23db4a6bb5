"""Derived variables of a release: from today's records, as coarse as the profile, through the same last look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry.analytics.stages import GROUPS
from registry.security.allow_list import DAYS, PROFILES, shapes
from registry.service import Session
from tests.integration.figures_registry import fill, people

AS_OF = "2024-12-31"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session.create(
        tmp_path_factory.mktemp("release") / "r.duckdb", key="a long and random key 0123456789"
    ) as opened:
        patients, tumors = people(400)
        fill(opened, patients, tumors.with_columns(ageAtDiagnosis=pl.lit(None, pl.String)))
        yield opened


def released(session: Session, folder: Path, profile: str) -> pl.DataFrame:
    session.run("publish.snapshot", out=str(folder), profile=profile, as_of=AS_OF)
    return pl.read_parquet(folder / "tumors.parquet")


def test_research_gets_what_figures_are_made_of(session: Session, tmp_path: Path) -> None:
    found = released(session, tmp_path / "research", "research")
    for name in (
        "site_group", "site_recode_2008", "site_recode_2023", "seerBehaviorRecode", "age_group", "stage", "stage_era",
        "stage_source", "death_class", "survMosActiveFollowup", "survFlagActiveFollowup", "vitalStatusRecode", *DAYS[:3],
    ):  # fmt: skip
        assert found[name].null_count() < found.height, name
    assert set(found["stage"].drop_nulls()) <= set(GROUPS)
    assert set(found["death_class"].drop_nulls()) == {"alive", "this cancer", "other cause", "unknown"}
    assert found.filter(pl.col("stage_era") == "2018")["diagnosis_year"].min() == 2018
    assert set(found.columns) <= set(shapes(PROFILES["research"])) | {"site_group"}
    known = found.drop_nulls(["days_to_last_contact", "months_to_last_contact"])
    months = (known["days_to_last_contact"] / 30.4375).floor()
    assert (months == known["months_to_last_contact"]).all()


def test_days_never_tell_an_age_over_89(session: Session, tmp_path: Path) -> None:
    found = released(session, tmp_path / "ages", "research").drop_nulls(
        ["days_to_last_contact", "age_at_diagnosis"]
    )
    reached = found["age_at_diagnosis"] + found["days_to_last_contact"] / 365.25
    assert (reached.filter(found["age_at_diagnosis"] < 90) < 91).all()
    assert (found.filter(pl.col("age_at_diagnosis") >= 90)["days_to_last_contact"] < 13 * 31).all()


def test_public_and_safe_harbor_have_no_days(session: Session, tmp_path: Path) -> None:
    public = released(session, tmp_path / "public", "public")
    assert not set(DAYS) & set(public.columns)
    assert {"stage", "death_class", "months_to_last_contact", "site_recode_2008"} <= set(public.columns)
    session.run("extract.make", profile="DEID", out=str(tmp_path / "deid"), as_of=AS_OF)
    assert not set(DAYS) & set(pl.read_parquet(tmp_path / "deid" / "tumors.parquet").columns)
    session.run("extract.make", profile="DEID", out=str(tmp_path / "shifted"), as_of=AS_OF, dates="shifted")
    assert set(DAYS[:1]) <= set(pl.read_parquet(tmp_path / "shifted" / "tumors.parquet").columns)


def test_the_same_data_give_the_same_bytes(session: Session, tmp_path: Path) -> None:
    one, two = (released(session, tmp_path / name, "research") for name in ("one", "two"))
    assert one.equals(two)
    assert (tmp_path / "one" / "tumors.parquet").read_bytes() == (
        tmp_path / "two" / "tumors.parquet"
    ).read_bytes()
