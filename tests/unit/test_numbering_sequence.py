"""Sequence numbers over all known tumors: series, order, tumors that nobody sent, worst prognosis first."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from registry.coding.numbering import CENTRAL, HOSPITAL, propose

BASE: dict[str, Any] = {
    "patient_id": 1, "facility_id": "A", "tumor_id": 1, "existing": None, "gone": False, "primarySite": "C504",
    "histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3", "dateOfDiagnosis": "20200101", "dateOf1stContact": None,
    "summaryStage2018": None,
}  # fmt: skip
TEXT = {name: pl.String for name, value in BASE.items() if name not in {"patient_id", "tumor_id", "gone"}}


def numbers(kind: str = HOSPITAL, *tumors: dict[str, Any]) -> dict[int, str | None]:
    rows = [{**BASE, "tumor_id": number, **tumor} for number, tumor in enumerate(tumors, 1)]
    found = propose(pl.DataFrame(rows, schema_overrides=TEXT), kind)
    return dict(found.sort("tumor_id").select("tumor_id", "proposed").iter_rows())


def t(day: str | None = "20200101", existing: str | None = None, **items: Any) -> dict[str, Any]:
    return {"dateOfDiagnosis": day, "existing": existing, **items}


def test_the_only_one_becomes_the_first_when_a_second_arrives() -> None:
    assert numbers(HOSPITAL, t()) == {1: "00"}
    assert numbers(HOSPITAL, t(existing="00"), t("20220101")) == {1: "01", 2: "02"}
    assert numbers(HOSPITAL, t(existing="00"), t("2018")) == {1: "02", 2: "01"}


def test_two_series_run_beside_each_other() -> None:
    benign = {"behaviorCodeIcdO3": "0", "primarySite": "C700", "histologicTypeIcdO3": "9530"}
    assert numbers(HOSPITAL, t(), t("2021", **benign)) == {1: "00", 2: "60"}
    assert numbers(HOSPITAL, t(**benign, existing="60"), t("2021", **benign)) == {1: "61", 2: "62"}
    assert numbers(HOSPITAL, t(behaviorCodeIcdO3="2"), t("2021", behaviorCodeIcdO3="1")) == {1: "00", 2: "60"}


@pytest.mark.parametrize(
    ("day", "central"), [("1995", "00"), ("199601", "98"), ("20021231", "98"), ("2003", "60"), (None, "00")]
)
def test_cervix_in_situ_by_year(day: str | None, central: str) -> None:
    cervix = {"primarySite": "C530", "histologicTypeIcdO3": "8070", "behaviorCodeIcdO3": "2"}
    assert numbers(CENTRAL, t(day, **cervix)) == {1: central}
    assert numbers(HOSPITAL, t(day, **cervix)) == {1: "00"}


def test_cervix_in_situ_does_not_count_among_the_others() -> None:
    cervix = {"primarySite": "C530", "behaviorCodeIcdO3": "2"}
    assert numbers(CENTRAL, t("1999", **cervix), t("2005")) == {1: "98", 2: "00"}


@pytest.mark.parametrize(("site", "histology", "behavior", "central"), [
    ("C441", "8090", "3", "60"), ("C441", "8720", "3", "00"), ("C619", "8148", "2", "60"), ("C619", "8140", "3", "00"),
    ("C569", "8442", "1", "60"), ("C519", "8077", "2", "00"), ("C710", "9421", "1", "60"), ("C710", "9421", "3", "00"),
])  # fmt: skip
def test_central_series(site: str, histology: str, behavior: str, central: str) -> None:
    items = {"primarySite": site, "histologicTypeIcdO3": histology, "behaviorCodeIcdO3": behavior}
    assert numbers(CENTRAL, t(**items)) == {1: central}


def test_a_number_tells_of_tumors_that_nobody_sent() -> None:
    """A single record 02 is not made 00: one came before the registry's time."""
    assert numbers(HOSPITAL, t(existing="02")) == {1: "02"}
    assert numbers(HOSPITAL, t(existing="02"), t("2022")) == {1: "02", 2: "03"}
    assert numbers(HOSPITAL, t(existing="02"), t("2015")) == {1: "02", 2: "01"}
    assert numbers(HOSPITAL, t(existing="01")) == {1: "01"}
    assert numbers(HOSPITAL, t("2019", "01"), t("2021", "03"), t("2020")) == {1: "01", 2: "03", 3: "02"}
    assert numbers(HOSPITAL, t("2019", "02"), t("2021", "04")) == {1: "02", 2: "04"}


def test_a_tumor_that_is_gone_leaves_no_hole() -> None:
    assert numbers(HOSPITAL, t(existing="01"), t("2021", "02", gone=True)) == {1: "00"}
    assert numbers(HOSPITAL, t("2019", "01", gone=True), t("2021", "02"), t("2022", "03")) == {
        2: "01",
        3: "02",
    }


def test_numbers_against_the_order_of_dates_are_put_right() -> None:
    assert numbers(HOSPITAL, t("20210101", "01"), t("20200101", "02")) == {1: "02", 2: "01"}
    assert numbers(HOSPITAL, t("2019", "01"), t("2021", "01")) == {1: "01", 2: "02"}
    assert numbers(HOSPITAL, t("2019", "00"), t("2021", "00"), t("2020", "00")) == {1: "01", 2: "03", 3: "02"}


def test_partial_dates_keep_the_order_that_the_numbers_tell() -> None:
    assert numbers(HOSPITAL, t("2015", "01"), t("20150301", "02")) == {1: "01", 2: "02"}
    assert numbers(HOSPITAL, t("2015", "02"), t("20150301", "01")) == {1: "02", 2: "01"}
    assert numbers(HOSPITAL, t("2015", "01"), t("20150101", "02", summaryStage2018="7")) == {1: "01", 2: "02"}


def test_a_partial_date_without_number_counts_as_the_middle() -> None:
    assert numbers(HOSPITAL, t("2015"), t("20150601")) == {1: "02", 2: "01"}
    assert numbers(HOSPITAL, t("2015"), t("20150801")) == {1: "01", 2: "02"}
    assert numbers(HOSPITAL, t("201503"), t("20150310")) == {1: "02", 2: "01"}


def test_an_unknown_date_is_placed_by_the_first_contact_else_last() -> None:
    assert numbers(HOSPITAL, t(None), t("20200101")) == {1: "02", 2: "01"}
    assert numbers(HOSPITAL, t(None, dateOf1stContact="20190505"), t("20200101")) == {1: "01", 2: "02"}


@pytest.mark.parametrize(("first", "second"), [
    ({"summaryStage2018": "7"}, {"summaryStage2018": "1"}), ({"ajccTnmClinStageGroup": "3A"}, {"summaryStage2018": "1"}),
    ({"ajccTnmPathStageGroup": "IVB"}, {"ajccTnmPathStageGroup": "II"}), ({"behaviorCodeIcdO3": "3"}, {"behaviorCodeIcdO3": "2"}),
    ({"summaryStage2018": "9"}, {"summaryStage2018": "0"}), ({}, {}),
])  # fmt: skip
def test_worst_prognosis_first_when_diagnosed_together(first: dict[str, str], second: dict[str, str]) -> None:
    assert numbers(HOSPITAL, t(**first), t(**second)) == {1: "01", 2: "02"}
    if first != second:
        assert numbers(HOSPITAL, t(**second), t(**first)) == {1: "02", 2: "01"}


def test_unspecified_numbers_stay_until_there_is_another() -> None:
    assert numbers(HOSPITAL, t(existing="99")) == {1: "99"}
    assert numbers(HOSPITAL, t(existing="88", behaviorCodeIcdO3="1")) == {1: "88"}
    assert numbers(HOSPITAL, t(existing="88")) == {1: "00"}
    assert numbers(HOSPITAL, t("2019", "99"), t("2021")) == {1: "01", 2: "02"}


def test_an_unknown_behavior_has_no_series() -> None:
    assert numbers(HOSPITAL, t(behaviorCodeIcdO3=None, existing="00"), t()) == {1: "00", 2: "00"}
    assert numbers(HOSPITAL, t(behaviorCodeIcdO3="x")) == {1: None}


def test_numbers_end_at_59_and_87() -> None:
    assert numbers(HOSPITAL, *[t(f"{1940 + n}") for n in range(61)])[61] == "59"
    assert numbers(HOSPITAL, *[t(f"{1940 + n}", behaviorCodeIcdO3="0") for n in range(30)])[30] == "87"


def test_each_facility_has_its_own_numbers() -> None:
    rows = [
        {**BASE, "tumor_id": 1, "facility_id": "A", "existing": "00"},
        {**BASE, "tumor_id": 1, "facility_id": "B", "existing": "02"},
    ]
    found = propose(pl.DataFrame(rows, schema_overrides=TEXT), HOSPITAL)
    assert found.select("facility_id", "proposed").rows() == [("A", "00"), ("B", "02")]


def test_reasons_say_what_decided() -> None:
    rows = [{**BASE, "tumor_id": n, "summaryStage2018": stage} for n, stage in ((1, "1"), (2, "7"))]
    why = propose(pl.DataFrame(rows, schema_overrides=TEXT), HOSPITAL)["why"].to_list()
    assert "number 1 of 2 known" in why[0] and "worst prognosis first" in why[0]
