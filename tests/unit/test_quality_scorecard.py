"""Thresholds as dated data, and the certification scorecard."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.quality.indicators import CATALOGUE
from registry.quality.indicators.run import indicator_values, indicators
from registry.quality.scorecard import certification, reached, scorecard
from registry.quality.thresholds import thresholds
from tests.paths import needs_shared, shared

AS_OF = dt.date(2026, 11, 1)
GOOD = {
    "completeness_oe": (96.0, 960, 1000), "dco_pct": (1.0, 10, 1000), "duplicate_per_1000": (0.0, 0, 1000),
    "edits_pass_pct": (100.0, 1000, 1000), "missing_age_pct": (0.1, 1, 1000), "missing_sex_pct": (0.0, 0, 1000),
    "missing_county_pct": (1.0, 10, 1000), "missing_race_pct": (2.0, 20, 1000), "timeliness_23m": (100.0, 1, 1),
    "timeliness_12m": (93.0, 930, 1000),
}  # fmt: skip


def values(**changed: tuple[float | None, int | None, int | None]) -> pl.DataFrame:
    rows = [(name, *figures) for name, figures in {**GOOD, **changed}.items()]
    schema = {"indicator_id": pl.String, "value": pl.Float64, "numerator": pl.Int64, "denominator": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def levels(frame: pl.DataFrame) -> dict[str, str]:
    return reached(certification(scorecard(frame, AS_OF, 2024)))


def line(frame: pl.DataFrame, indicator: str, programme: str, level: str) -> dict[str, object]:
    card = scorecard(frame, AS_OF, 2024)
    chosen = card.filter(
        pl.col("indicator") == indicator, pl.col("programme") == programme, pl.col("level") == level
    )
    assert chosen.height == 1
    return chosen.row(0, named=True)


def test_a_good_year_is_gold_national_and_published() -> None:
    assert levels(values()) == {"NAACCR": "gold", "NPCR": "national", "USCS": "publication"}


@pytest.mark.parametrize(
    ("changed", "naaccr", "npcr", "uscs"),
    [
        (
            {"dco_pct": (3.0, 30, 1000)},
            "silver",
            "national",
            "publication",
        ),  # below 3 for gold, at most 3 for NPCR
        ({"dco_pct": (4.0, 40, 1000)}, "silver", "advanced", "publication"),
        ({"dco_pct": (5.0, 50, 1000)}, "none", "advanced", "publication"),
        ({"dco_pct": (5.1, 51, 1000)}, "none", "advanced", "none"),
        ({"duplicate_per_1000": (1.0, 1, 1000)}, "silver", "national", "publication"),
        ({"duplicate_per_1000": (2.0, 2, 1000)}, "none", "advanced", "publication"),
        ({"edits_pass_pct": (98.0, 980, 1000)}, "silver", "advanced", "publication"),
        ({"edits_pass_pct": (96.9, 969, 1000)}, "none", "none", "none"),
        ({"missing_race_pct": (4.0, 40, 1000)}, "silver", "advanced", "publication"),
        ({"timeliness_23m": (0.0, 0, 1)}, "none", "national", "publication"),
        ({"completeness_oe": (91.0, 910, 1000)}, "silver", "advanced", "publication"),
        ({"completeness_oe": (None, None, None)}, "not computable", "not computable", "publication"),
    ],
)
def test_each_threshold_takes_its_level_away(
    changed: dict[str, tuple[float | None, int | None, int | None]], naaccr: str, npcr: str, uscs: str
) -> None:
    assert levels(values(**changed)) == {"NAACCR": naaccr, "NPCR": npcr, "USCS": uscs}


def test_margin_due_day_and_records_missing() -> None:
    gold = line(values(dco_pct=(4.0, 40, 1000)), "dco_pct", "NAACCR", "gold")
    assert (gold["state"], gold["margin"], gold["records_missing"]) == ("not met", -1.0, 11)
    assert gold["due"] == dt.date(2026, 11, 30)
    silver = line(values(dco_pct=(4.0, 40, 1000)), "dco_pct", "NAACCR", "silver")
    assert (silver["state"], silver["margin"], silver["records_missing"]) == ("met", 1.0, 0)
    advanced = line(values(), "timeliness_12m", "NPCR", "advanced")
    assert advanced["due"] == dt.date(2025, 12, 31)
    found = line(values(completeness_oe=(94.95, 9495, 10_000)), "completeness_oe", "NAACCR", "gold")
    assert found["records_missing"] == 5
    unknown = line(values(completeness_oe=(None, None, None)), "completeness_oe", "NAACCR", "gold")
    assert (unknown["state"], unknown["margin"], unknown["records_missing"]) == ("not computable", None, None)
    assert (
        line(values(timeliness_23m=(0.0, 0, 1)), "timeliness_23m", "NAACCR", "gold")["records_missing"]
        is None
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), st.integers(401, 4000), st.sampled_from(["dco_pct", "duplicate_per_1000"]))
def test_records_missing_is_the_fewest_that_help(above: int, below: int, indicator: str) -> None:
    per = 1000 if indicator == "duplicate_per_1000" else 100
    row = line(values(**{indicator: (per * above / below, above, below)}), indicator, "NAACCR", "silver")
    missing, limit = int(str(row["records_missing"])), float(str(row["threshold"]))

    def value(k: int) -> float:
        return per * (above - k) / (below - (k if per == 1000 else 0))

    assert value(missing) < limit
    assert missing == 0 or value(missing - 1) >= limit


def test_thresholds_hold_from_their_day_and_for_their_year() -> None:
    assert thresholds(dt.date(2014, 12, 31)).is_empty()
    assert thresholds(AS_OF).height == thresholds(AS_OF, 2024).height
    assert thresholds(AS_OF).select("indicator", "programme", "level").is_unique().all()
    assert set(thresholds(AS_OF)["severity"]) == {"critical", "warning", "info"}
    assert set(thresholds(AS_OF)["indicator"]) <= set(CATALOGUE)


def test_a_scorecard_needs_no_years_and_no_values() -> None:
    empty = indicator_values(pl.DataFrame({"primarySite": ["C509"]}), AS_OF)
    card = scorecard(empty, AS_OF)
    assert card["due"].null_count() == card.height
    assert card.filter(pl.col("indicator") == "completeness_oe")["state"].unique().to_list() == [
        "not computable"
    ]


def test_given_figures_stand_beside_those_of_records_and_carry_on() -> None:
    tumors = pl.DataFrame(
        {
            "patientIdNumber": ["1", "1"], "primarySite": ["C504"] * 2, "histologicTypeIcdO3": ["8500"] * 2,
            "behaviorCodeIcdO3": ["3"] * 2, "laterality": ["1"] * 2, "dateOfDiagnosis": ["2024"] * 2,
        }
    )  # fmt: skip
    given = {"completeness_oe": (95.0, 950, 1000), "kappa": 0.8}
    found = {row[0]: row[1:] for row in indicator_values(tumors, AS_OF, given=given).iter_rows()}
    assert found["completeness_oe"] == (95.0, 950, 1000)
    assert found["kappa"] == (0.8, None, None)
    assert found["completeness_dup_adj"][0] == pytest.approx(95.0 * 0.5)
    fractional = indicator_values(tumors, AS_OF, given={"completeness_oe": (95.0, 950, 1000.5)})
    assert fractional.filter(pl.col("indicator_id") == "completeness_oe")["denominator"].item() == 1000.5
    lines = indicators(None, tumors, AS_OF, by=("year",), given=given).filter(
        pl.col("indicator") == "completeness_oe"
    )
    assert lines.select("facility", "year", "value", "status").rows() == [("all", None, 95.0, "gold")]
    with pytest.raises(BadInput, match="cup_pct is not an indicator of outside figures"):
        indicator_values(tumors, AS_OF, given={"cup_pct": 1.0})
    with pytest.raises(BadInput, match="cannot be split by weather"):
        indicators(None, tumors, AS_OF, by=("weather",))


def test_indicators_can_be_split_by_all_they_know() -> None:
    tumors = pl.DataFrame(
        {
            "reportingFacility": ["A", "B", None], "countyAtDx": ["001", "999", "001"],
            "primarySite": ["C504", "C809", "C809"], "sex": ["2", "1", None], "abstractedBy": ["KLM", "KLM", None],
            "dateOfDiagnosis": ["2024", "2023", None],
        }
    )  # fmt: skip
    by = ("facility", "county", "site", "sex", "year", "abstractor")
    found = indicators(None, tumors, AS_OF, by=by).filter(pl.col("indicator") == "cup_pct")
    assert found.columns[3:9] == ["facility", "year", "county", "site", "sex", "abstractor"]
    whole = found.filter([pl.col(name) == "all" for name in by if name != "year"], pl.col("year").is_null())
    assert whole.select("numerator", "denominator").rows() == [(2, 3)]
    one = found.filter(pl.col("abstractor") == "KLM", pl.col("facility") == "B", pl.col("year") == 2023)
    assert set(one["value"]) == {100.0}
    unknown = found.filter(
        pl.col("facility") == "unknown", [pl.col(n) == "all" for n in ("county", "site", "sex", "abstractor")]
    )
    assert unknown.select("numerator", "denominator").rows() == [(1, 1)]


@needs_shared
def test_every_threshold_of_the_catalogue_is_in_the_table() -> None:
    import csv

    with shared("quality/indicators.csv").open(encoding="utf-8", newline="") as file:
        wanted = {
            row["indicator_id"] for row in csv.DictReader(file) if any(c.isdigit() for c in row["thresholds"])
        }
    told_not_set = {"mv_pct", "flow_completeness"}  # "no fixed limit", "reported at 1 and 5 years"
    assert wanted - told_not_set <= set(thresholds(AS_OF)["indicator"])
