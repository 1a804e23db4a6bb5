"""Indicators of records against a plain row-by-row transcription of the catalogue, over dirty records."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import standards
from registry.quality.indicators.run import indicator_values, indicators

AS_OF = dt.date(2026, 11, 1)
FIFTEEN_MONTHS_AGO = "20250801"
Row = dict[str, Any]
Answer = tuple[float | None, float | None, float | None]

DATES = st.sampled_from(
    [None, "2024", "202402", "20240229", "20230229", "20250731", "20250801", "202508", "2025", "20261001", "2026130", "+2024010", "2024 101", "20240101 ", "x"]
)  # fmt: skip
VALUES = {
    "patientIdNumber": st.sampled_from([None, "1", "2", "3"]),
    "facility_id": st.sampled_from([None, "A", "B"]),
    "abstractedBy": st.sampled_from([None, "KLM", "XYZ"]),
    "ageAtDiagnosis": st.sampled_from([None, "", " ", "999", "062", "99", "abc"]),
    "sexAssignedAtBirth": st.sampled_from([None, "1", "2", "9", ""]),
    "sex": st.sampled_from([None, "1", "9", "3", ""]),
    "countyAtDx": st.sampled_from([None, "999", "998", "153"]),
    "race1": st.sampled_from([None, "99", "98", "01"]),
    "typeOfReportingSource": st.sampled_from([None, "7", "1", "8"]),
    "casefindingSource": st.sampled_from([None, "80", "10"]),
    "diagnosticConfirmation": st.sampled_from([None, *"0123456789"]),
    "primarySite": st.sampled_from([None, "C809", "C800", "C509", "C504", "C619", "C269", "C443", "C480", "C76", "C5O4"]),
    "histologicTypeIcdO3": st.sampled_from([None, "8000", "8005", "8006", "8010", "8021", "8140"]),
    "behaviorCodeIcdO3": st.sampled_from([None, "0", "2", "3", "6"]),
    "laterality": st.sampled_from([None, "0", "1"]),
    "summaryStage2018": st.sampled_from([None, "9", "1", "7"]),
    "rxSummTreatmentStatus": st.sampled_from([None, "9", "1"]),
    "vitalStatus": st.sampled_from([None, "0", "1", "4"]),
    "causeOfDeath": st.sampled_from([None, "0000", "7777", "7797", "C509"]),
    "classOfCase": st.sampled_from([None, "00", "14", "22", "30", "x"]),
    **dict.fromkeys(("dateOfDiagnosis", "dateOf1stContact", "dateCaseCompleted", "dateCaseReportReceived", "dateOfLastContact"), DATES),
}  # fmt: skip
RECORDS = st.lists(st.fixed_dictionaries(VALUES), min_size=0, max_size=12)
FAILURE = st.tuples(
    st.integers(0, 11),
    st.sampled_from(["error", "review", "warning"]),
    st.sampled_from(["open", "overridden"]),
)
SITES = standards.topography()["code"].to_list()


def text(row: Row, item: str) -> str | None:
    value = row.get(item)
    return value.strip() or None if isinstance(value, str) else None


def full(row: Row, item: str) -> dt.date | None:
    value = text(row, item)
    if value is None or len(value) != 8 or not value.isdigit():
        return None
    try:
        return dt.date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None


def known_day(row: Row, item: str) -> str | None:
    """YYYYMMDD with missing parts as the first; None when it is no date."""
    value = text(row, item)
    if value is None or len(value) not in (4, 6, 8) or not value.isdigit():
        return None
    whole = value + "0101"[len(value) - 4 :] if len(value) < 8 else value
    return whole if full({"d": whole}, "d") else None


def share(of: Callable[[Row], bool], among: Callable[[Row], bool] = lambda row: True, per: int = 100) -> Any:
    def answer(rows: list[Row]) -> Answer:
        chosen = [row for row in rows if among(row)]
        above = sum(of(row) for row in chosen)
        return (per * above / len(chosen) if chosen else None), above, len(chosen)

    return answer


def blank_or(item: str, *codes: str) -> Callable[[Row], bool]:
    return lambda row: text(row, item) is None or text(row, item) in codes


def one_of(item: str, *codes: str) -> Callable[[Row], bool]:
    return lambda row: text(row, item) in codes


def extra_copies(rows: list[Row]) -> Answer:
    items = (
        "patientIdNumber",
        "primarySite",
        "histologicTypeIcdO3",
        "behaviorCodeIcdO3",
        "laterality",
        "dateOfDiagnosis",
    )
    seen: set[tuple[str | None, ...]] = set()
    copies = 0
    for row in rows:
        key = tuple(text(row, item) for item in items)
        if None not in key:
            copies += key in seen
            seen.add(key)
    return (1000 * copies / len(rows) if rows else None), copies, len(rows)


def median_days(start: str, end: str) -> Callable[[list[Row]], Answer]:
    def answer(rows: list[Row]) -> Answer:
        days = [(b - a).days for row in rows if (a := full(row, start)) and (b := full(row, end))]
        return (statistics.median(days) if days else None), None, len(days)

    return answer


def followup(rows: list[Row], *, lost: bool) -> Answer:
    people: dict[Any, list[Row]] = {}
    for number, row in enumerate(rows):
        people.setdefault(text(row, "patientIdNumber") or number, []).append(row)
    eligible = [
        own for own in people.values() if any(text(r, "classOfCase") in ("00", "14", "22") for r in own)
    ]

    def followed(row: Row) -> bool:
        alive = (
            text(row, "vitalStatus") == "1"
            and (known_day(row, "dateOfLastContact") or "") >= FIFTEEN_MONTHS_AGO
        )
        return text(row, "vitalStatus") == "0" or alive

    above = sum(any(map(followed, own)) != lost for own in eligible)
    return (100 * above / len(eligible) if eligible else None), above, len(eligible)


def dci(rows: list[Row]) -> Answer:
    if all(text(row, "casefindingSource") is None for row in rows):
        return None, 0, 0
    return share(lambda row: DCO(row) or text(row, "casefindingSource") == "80")(rows)


def site(row: Row) -> str:
    return text(row, "primarySite") or ""


def unspecified(row: Row) -> bool:
    group = site(row)[:3]
    return (
        site(row) in SITES and site(row).endswith("9") and sum(code.startswith(group) for code in SITES) > 1
    )


def age_unknown(rows: list[Row]) -> Answer:
    return share(blank_or("ageAtDiagnosis", "999"))(rows)


DCO = one_of("typeOfReportingSource", "7")
VERIFIED = one_of("diagnosticConfirmation", *"1234")
MALIGNANT = one_of("behaviorCodeIcdO3", "3")
UNSPECIFIED = one_of("histologicTypeIcdO3", *map(str, range(8000, 8006)), "8010", "8020", "8021")
ORACLE: dict[str, Callable[[list[Row]], Answer]] = {
    "dco_pct": share(DCO, MALIGNANT),
    "duplicate_per_1000": extra_copies,
    "missing_age_pct": age_unknown,
    "missing_sex_pct": share(lambda row: (text(row, "sexAssignedAtBirth") or text(row, "sex") or "9") == "9"),
    "missing_county_pct": share(blank_or("countyAtDx", "999")),
    "missing_race_pct": share(blank_or("race1", "99")),
    "abstract_lag_median": median_days("dateOf1stContact", "dateCaseCompleted"),
    "report_lag_median": median_days("dateCaseCompleted", "dateCaseReportReceived"),
    "mv_pct": share(VERIFIED),
    "hv_pct": share(one_of("diagnosticConfirmation", "1", "3")),
    "clinical_only_pct": share(one_of("diagnosticConfirmation", "6", "7", "8")),
    "basis_unknown_pct": share(lambda row: text(row, "diagnosticConfirmation") == "9" and not DCO(row)),
    "dci_pct": dci,
    "psu_pct": share(
        lambda row: site(row)[:3] in ("C26", "C39", "C48", "C76", "C80"),
        lambda row: MALIGNANT(row) and not site(row).startswith("C44"),
    ),
    "cup_pct": share(one_of("primarySite", "C809")),
    "unspecified_morph_pct": share(UNSPECIFIED, VERIFIED),
    "unspecified_subsite_pct": share(unspecified),
    "age_unknown_pct": age_unknown,
    "stage_unknown_pct": share(one_of("summaryStage2018", "9"), lambda row: not DCO(row)),
    "treatment_unknown_pct": share(one_of("rxSummTreatmentStatus", "9")),
    "followup_rate": lambda rows: followup(rows, lost=False),
    "lost_to_followup_pct": lambda rows: followup(rows, lost=True),
    "cod_missing_pct": share(blank_or("causeOfDeath", "0000", "7777", "7797"), one_of("vitalStatus", "0")),
}


def frame(rows: list[Row]) -> pl.DataFrame:
    schema = dict.fromkeys(VALUES, pl.String)
    return (
        pl.DataFrame(rows, schema=schema)
        .with_row_index("tumor_id")
        .with_columns(pl.col("tumor_id").cast(pl.Int64))
    )


def of_edits(rows: list[Row], failures: list[tuple[int, str, str]]) -> dict[str, Answer]:
    about = [one for one in failures if one[0] < len(rows)]
    still = [one for one in about if one[2] == "open"]
    failed = {number for number, severity, _ in still if severity == "error"}
    overridden, records = len(about) - len(still), len(rows)
    passing = records - len(failed)
    return {
        "edits_pass_pct": (100 * passing / records if records else None, passing, records),
        "override_rate": (1000 * overridden / len(about) if about else None, overridden, len(about)),
        "edit_fail_per_100": (100 * len(still) / records if records else None, len(still), records),
    }


@settings(max_examples=80, deadline=None)
@given(rows=RECORDS, failures=st.lists(FAILURE, max_size=20))
def test_every_indicator_of_records_is_what_the_catalogue_says(
    rows: list[Row], failures: list[tuple[int, str, str]]
) -> None:
    fails = pl.DataFrame(
        failures, schema={"tumor_id": pl.Int64, "severity": pl.String, "state": pl.String}, orient="row"
    )
    found = indicator_values(frame(rows), AS_OF, fails)
    answers = {row[0]: (row[1], row[2], row[3]) for row in found.iter_rows()}
    expected = {name: oracle(rows) for name, oracle in ORACLE.items()} | of_edits(rows, failures)
    for name, (value, above, below) in expected.items():
        assert answers[name][1:] == (above, below), name
        assert answers[name][0] == (None if value is None else pytest.approx(value, abs=1e-9)), name
    outside = set(answers) - set(expected)
    assert all(answers[name] == (None, None, None) for name in outside)
    assert len(answers) == 41


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=25))
def test_what_counts_records_adds_up_over_facilities_and_years(rows: list[Row]) -> None:
    found = indicators(None, frame(rows), AS_OF, by=("facility", "sex"))
    counted = found.filter(~pl.col("indicator").is_in(["followup_rate", "lost_to_followup_pct"]))
    total = counted.filter(pl.col("facility") == "all", pl.col("sex") == "all")
    for split in ("facility", "sex"):
        other = "sex" if split == "facility" else "facility"
        parts = counted.filter(pl.col(split) != "all", pl.col(other) == "all")
        summed = parts.group_by("indicator").agg(pl.col("numerator", "denominator").sum())
        both = total.join(summed, on="indicator", suffix="_summed")
        assert both.height == total.height
        for row in both.iter_rows(named=True):
            assert row["denominator"] == row["denominator_summed"], (split, row["indicator"])
            assert (row["numerator"] or 0) == row["numerator_summed"], (split, row["indicator"])


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=25))
def test_a_group_says_what_its_records_alone_would_say(rows: list[Row]) -> None:
    found = indicators(None, frame(rows), AS_OF, by=("facility",))
    windowed = ["duplicate_per_1000", "followup_rate", "lost_to_followup_pct", "dci_pct"]
    own = [row for row in rows if row["facility_id"] == "A"]
    if own:
        alone = {row[0]: row[1:] for row in indicator_values(frame(own), AS_OF).iter_rows()}
        for row in found.filter(pl.col("facility") == "A", ~pl.col("indicator").is_in(windowed)).iter_rows(
            named=True
        ):
            value, above, below = alone[row["indicator"]]
            assert (row["numerator"], row["denominator"]) == (above, below), row["indicator"]
            assert row["value"] == (None if value is None else pytest.approx(value)), row["indicator"]


def test_order_of_records_does_not_matter() -> None:
    rows = [{"primarySite": f"C50{n}", "ageAtDiagnosis": "999" if n % 3 else "050"} for n in range(9)]
    forward, backward = (indicator_values(pl.DataFrame(part), AS_OF) for part in (rows, rows[::-1]))
    assert forward.equals(backward)
