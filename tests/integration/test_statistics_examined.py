"""Answers of statistics attacked: what a reader works out from one answer, and what accounts may not ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, PERSON, TUMOR, changed, write

HOSPITALS = [f"000000000{number}" for number in range(1, 5)]
AS_OF = "2024-12-31"
LEAST = 11
LONE = "C329"
"""One tumor of the larynx in each of twelve years: all small, and twelve together."""


def tumors() -> list[dict[str, str]]:
    """240 of the breast in four counties over years and hospitals, twelve of the larynx; stage and treatment uneven."""
    rows = []
    for number in range(240):
        stage = "9" if number < 5 else "137"[number % 3]
        year = 2010 + number % 12
        county = ("001", "003", "005", "999")[0 if number % 40 else 3] if number % 7 else "003"
        both = number % 60 == 0
        rows.append({
            "site": "C504", "stage": stage, "year": str(year), "county": county, "hospital": HOSPITALS[number % 3],
            "surgery": "22" if number % 2 or both else "00", "radiation": "02" if number % 2 == 0 or both else "00",
        })  # fmt: skip
    for place in range(12):
        rows.append({
            "site": LONE, "stage": "3", "year": str(2010 + place), "county": "001", "hospital": HOSPITALS[3], "surgery": "00",
            "radiation": "02",
        })  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("examined")
    patients = []
    for number, one in enumerate(tumors()):
        day = dt.date(int(one["year"]), 3, 2)
        tumor = {
            "reportingFacility": one["hospital"], "accessionNumberHosp": f"{one['year']}{number:05}", "classOfCase": "14",
            "primarySite": one["site"], "dateOfDiagnosis": f"{day:%Y%m%d}", "dateOf1stContact": f"{day:%Y%m%d}",
            "summaryStage2018": one["stage"] if day.year >= 2018 else "",
            "seerSummaryStage2000": "" if day.year >= 2018 else one["stage"], "rxSummSurgPrimSite": one["surgery"],
            "phase1RadiationTreatmentModality": one["radiation"], "rxSummChemo": "00", "rxSummHormone": "00", "rxSummBrm": "00",
            "countyAtDx": one["county"], "countyAtDxAnalysis": one["county"], "ageAtDiagnosis": "060",
        }  # fmt: skip
        person = {
            "patientIdNumber": f"{number + 1:08}", "nameLast": f"Person{chr(65 + number % 26)}{chr(65 + number // 26)}",
            "socialSecurityNumber": f"21908{number:04}", "vitalStatus": "0" if number % 4 == 0 else "1",
            "dateOfLastContact": f"{day + dt.timedelta(days=400 + 9 * number):%Y%m%d}", "dateOfBirth": f"{day.year - 60}0101",
        }  # fmt: skip
        patients.append((changed(PERSON, **person), [changed(TUMOR, **tumor)]))
    with Session.create(folder / "r.duckdb", key=KEY, reference_date="2007-01-01") as made:
        made.run("ingest.file", path=write(folder / "all.xml", *patients))
        yield made


@pytest.fixture(scope="module")
def outsider(session: Session) -> Session:
    return session.as_actor(Actor("rita", "researcher", None))


def few(number: int | None) -> bool:
    return number is not None and 0 < number < LEAST


def left(answer: dict[str, Any]) -> int | None:
    number: int | None = answer["exclusions"]["remaining"][-1]
    return number


def test_twelve_cells_of_one_case_are_not_told_by_their_sum(outsider: Session) -> None:
    answer = outsider.run("rates.table", by=["year"], cohort={"primary_sites": [LONE]}, as_of=AS_OF)
    cells = answer["table"].filter(pl.col("count").is_null() | (pl.col("count") > 0))
    assert cells.height == 12 and cells["count"].null_count() == 12
    assert left(answer) is None
    assert "12 were" not in answer["methods"]


def test_flags_beside_a_table_have_no_counts(outsider: Session) -> None:
    for operation in ("rates.table", "trend.table"):
        delay = outsider.run(operation, as_of=AS_OF)["delay"]
        assert (
            delay.height
            and delay.select("count", "share", "expected").null_count().row(0) == (delay.height,) * 3
        )
    alone = outsider.run("rates.delay", cohort={"years": [2012, 2013]}, as_of=AS_OF)
    assert left(alone) in (None, alone["table"]["count"].sum()) or alone["table"]["hidden"].any()


@pytest.mark.parametrize("rounding", [3, 7, 100])
def test_roundings_that_would_tell_more_are_refused(outsider: Session, rounding: int) -> None:
    with pytest.raises(BadInput, match="rounded"):
        outsider.run("rates.table", rounding=rounding, as_of=AS_OF)


def test_rounded_counts_stand_beside_no_exact_sum(outsider: Session) -> None:
    answer = outsider.run("rates.table", by=["county"], rounding=5, as_of=AS_OF)
    assert left(answer) is None
    assert all(count % 5 == 0 for count in answer["table"]["count"])


@pytest.mark.parametrize("profile", ["1", "5", "10"])
def test_thresholds_are_not_lowered(outsider: Session, profile: str) -> None:
    calls = ("rates.table", "outcomes.stage", "cohort.preview", "survival.estimate")
    for operation in calls:
        with pytest.raises(BadInput, match="smaller counts"):
            outsider.run(operation, profile=profile)


def test_hospitals_are_nothing_to_select_by_without_identifiers(outsider: Session) -> None:
    with pytest.raises(BadInput, match="which hospital"):
        outsider.run("cohort.preview", cohort={"facilities": [HOSPITALS[0]]})


@pytest.mark.parametrize("by", ["county", "stage", "site", "year"])
def test_groups_left_out_are_not_the_rest_of_the_number_analysed(outsider: Session, by: str) -> None:
    whole = outsider.run("outcomes.stage", by=None, as_of=AS_OF)
    for operation, name in (
        ("outcomes.stage", "table"),
        ("outcomes.treatment", "combinations"),
        ("outcomes.time", "table"),
    ):
        answer = outsider.run(operation, by=by, as_of=AS_OF)
        totals = answer[name].unique("group")["total"]
        assert left(answer) is None or (not totals.null_count() and left(answer) == totals.sum())
    assert left(whole) == whole["table"]["total"][0]


@pytest.mark.parametrize("by", [None, "county", "year", "facility"])
def test_why_of_a_measure_tells_nothing_that_its_table_hides(outsider: Session, by: str | None) -> None:
    answer = outsider.run("measures.figures", by=by, as_of=AS_OF)
    for (measure,), why in answer["why"].group_by("measure"):
        rows = answer["table"].filter(measure=measure)
        end = why["remaining"][-1]
        assert not few(end) and not any(few(number) for number in why["excluded"].drop_nulls())
        if by != "facility" and end is not None:
            assert not few(end - rows["total"].sum())


def test_nothing_is_worked_out_from_hidden_shares(outsider: Session) -> None:
    answer = outsider.run("outcomes.migration", periods=[[2010, 2013], [2014, 2018]], as_of=AS_OF)
    if answer["shares"]["hidden"].any():
        assert answer["moved"] is None and answer["adjusted"]["adjusted"].null_count() == 2
    totals = answer["shares"].filter(stage="Unknown or unstaged")["total"]
    assert left(answer) in (None, totals.sum())


def test_expected_deaths_of_hidden_hospitals_are_hidden(outsider: Session) -> None:
    table = outsider.run("outcomes.oe", mix=["stage"], as_of=AS_OF)["table"]
    hidden = table.filter("hidden")
    assert hidden["expected"].null_count() == hidden.height


def span(
    cells: dict[str, int | None], equations: list[tuple[list[str], float]], name: str
) -> tuple[float, float]:
    """The least and the most that a hidden cell can be, where hidden ones are 1 at least."""
    import numpy as np
    from scipy.optimize import linprog

    names = list(cells)
    matrix = np.array([[float(one in parts) for one in names] for parts, _ in equations])
    limits = [(1, None) if number is None else (number, number) for number in cells.values()]
    aim = np.array([float(one == name) for one in names])
    ends = [
        linprog(sign * aim, A_eq=matrix, b_eq=[sum_ for _, sum_ in equations], bounds=limits)
        for sign in (1, -1)
    ]
    return ends[0].fun, -ends[1].fun if ends[1].status == 0 else float("inf")


@pytest.mark.parametrize("by", [None, "site", "county", "stage", "year"])
def test_combinations_of_treatment_are_not_worked_out_from_modalities(
    outsider: Session, by: str | None
) -> None:
    answer = outsider.run("outcomes.treatment", by=by, as_of=AS_OF)
    for (group,), part in answer["combinations"].group_by("group"):
        cells = dict(part.select("treatment", "count").iter_rows())
        told = answer["modalities"].filter(group=group).select("modality", "count").drop_nulls().iter_rows()
        equations = [([name for name in cells if words in name.split(" + ")], count) for words, count in told]
        equations = [(parts, count) for parts, count in equations if parts]
        if part["total"][0] is not None:
            equations.append((list(cells), part["total"][0]))
        for name, number in cells.items():
            if number is None:
                low, high = span(cells, equations, name)
                assert high - low >= 1, (group, name)


def test_survival_names_no_hospital_to_accounts_without_identifiers(
    outsider: Session, session: Session
) -> None:
    assert session.run("survival.estimate", by="facility", as_of=AS_OF)["groups"]
    for by in ("facility", ["sex", "facility"]):
        with pytest.raises(BadInput, match="which hospital"):
            outsider.run("survival.estimate", as_of=AS_OF, by=by)
    with pytest.raises(BadInput, match="which hospital"):
        outsider.run("survival.cox", covariates=["age", "facility"], as_of=AS_OF)
    assert outsider.run("cohort.choices")["facilities"] == []


def test_staff_of_a_hospital_count_their_own_whoever_asked_before(session: Session) -> None:
    local = session.as_actor(Actor("anna", "registrar", frozenset({HOSPITALS[3]})))
    own = sum(one["hospital"] == HOSPITALS[3] for one in tumors())
    session.run("cohort.preview", as_of=AS_OF)  # the frame of everybody is in memory now
    for operation in (
        "cohort.preview",
        "outcomes.stage",
        "outcomes.treatment",
        "survival.estimate",
        "measures.figures",
    ):
        answer = local.run(operation, as_of=AS_OF, profile="1")
        assert answer["exclusions"]["remaining"][0] == own
    assert local.run("cohort.preview", cohort={"facilities": [HOSPITALS[0]]}, profile="1")["n"] == 0
    assert local.run("cohort.choices")["sites"] == ["Larynx"]
    told = local.run("outcomes.stage", by="facility", profile="1", as_of=AS_OF)["table"]
    assert told["group"].n_unique() == 1 and told["count"].sum() == own
    for operation in ("rates.table", "rates.sir", "rates.delay", "trend.table", "rates.mortality_incidence"):
        with pytest.raises(Denied):
            local.run(operation)


def test_cohorts_of_another_hospital_are_not_opened_by_name(session: Session) -> None:
    first, second = (
        session.as_actor(Actor(f"anna{place}", "registrar", frozenset({HOSPITALS[place]})))
        for place in (0, 1)
    )
    first.run("cohort.save", name="Ours", definition={"sites": ["Breast"]}, shared=True)
    with pytest.raises(NotFound):
        second.run("cohort.preview", cohort="Ours")
    assert second.run("cohort.list").is_empty()


def test_the_audit_log_has_questions_but_nobody(session: Session, outsider: Session) -> None:
    outsider.run("survival.estimate", by="stage", cohort={"sites": ["Breast"]}, as_of=AS_OF)
    outsider.run("measures.figures", as_of=AS_OF)
    told = session.run("audit.log", entity="operation", limit=500)
    told = pl.concat(
        [told, *(session.run("audit.log", entity=name) for name in ("cohort", "measure"))],
        how="diagonal_relaxed",
    )
    text = told.select(
        pl.col("entity_id", "reason", "before_value", "after_value").cast(pl.String)
    ).write_csv()
    assert "survival.estimate" in text and "Breast" in text
    assert not any(word in text for word in ("Person", "21908", '"patient_id"', '"tumor_id"'))
