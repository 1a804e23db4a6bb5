"""Comparing tumor pairs: all at once as one by one, in any order, from either side; dates by the calendar."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.coding import reference
from registry.coding.primaries import compare_tumors, pairs_of
from registry.coding.primaries.answers import STOPS, Answer
from registry.coding.primaries.compare import _groups
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.reading import read
from registry.coding.primaries.rule import TUMOR_COLUMNS, tumor_of

TODAY = date(2026, 6, 30)
GROUPS = reference.table("mph_groups.csv").fill_null("").to_dicts()


def pool() -> list[dict[str, str | None]]:
    """All tumors of the examples beside the rules."""
    texts = {
        text
        for group in _groups().values()
        for rule in group.rules
        for one in rule.examples
        for text in (one.first, one.second)
    }
    return [tumor_of(text) for text in sorted(texts)]


def random_pairs(seed: int, size: int) -> pl.DataFrame:
    """Pairs of example tumors, mostly of one rule group, some cells taken from other tumors or made wrong."""
    rng = np.random.default_rng(seed)
    tumors = pool()
    rows = []
    for _ in range(size):
        first = dict(tumors[rng.integers(len(tumors))])
        second = dict(first if rng.random() < 0.7 else tumors[rng.integers(len(tumors))])
        for one in (first, second):
            for column in TUMOR_COLUMNS:
                if rng.random() < 0.3:
                    one[column] = tumors[rng.integers(len(tumors))][column]
                elif rng.random() < 0.02:
                    one[column] = str(
                        rng.choice(["", " ", "X", "9", "C809", "99999999", "20150230", "20159999"])
                    )
        if rng.random() < 0.6:
            second["primarySite"] = first["primarySite"]
        rows.append({f"{k}_1": v for k, v in first.items()} | {f"{k}_2": v for k, v in second.items()})
    return pl.DataFrame(rows, schema={f"{k}_{n}": pl.String for n in (1, 2) for k in TUMOR_COLUMNS})


# A plain comparison of one pair, from the texts of its columns


def digits(text: str | None, length: int) -> int | None:
    return int(text) if text and len(text) == length and text.isascii() and text.isdigit() else None


def one_tumor(row: dict[str, str | None], number: int) -> dict[str, int] | None:
    cell = {name: row[f"{name}_{number}"] for name in TUMOR_COLUMNS}
    text = cell["dateOfDiagnosis"] or ""
    year = digits(text[:4], 4)
    histology, behavior = digits(cell["histologyIcdO3"], 4), digits(cell["behaviorIcdO3"], 1)
    if year is not None and year < 2001:
        older, older_behavior = digits(cell["histologyIcdO2"], 4), digits(cell["behaviorIcdO2"], 1)
        histology = older if older and older >= 8000 else histology
        behavior = older_behavior if older_behavior in (0, 1, 2, 3, 6) else behavior
    site = digits((cell["primarySite"] or "")[1:], 3) if (cell["primarySite"] or "").startswith("C") else None
    if site in (None, 809) or histology is None or histology < 8000 or behavior not in (0, 1, 2, 3, 6):
        return None
    if year is None or year > TODAY.year:
        return None
    month = digits(text[4:6], 2) or digits(text[4:6], 1) or 0
    month = month if 1 <= month <= 12 else 0
    day = digits(text[6:8], 2) or digits(text[6:8], 1) or 0
    day = day if month and 1 <= day <= monthrange(max(year, 1), month)[1] else 0
    laterality, wrong = digits(cell["laterality"], 1), -2 if cell["laterality"] else -1
    return {
        "site": site,
        "histology": histology,
        "behavior": behavior,
        "laterality": laterality if laterality in (0, 1, 2, 3, 4, 5, 9) else wrong,
        "year": year,
        "month": month,
        "day": day,
    }


def inside(ranges: str, number: int) -> bool:
    for part in ranges.split():
        first, _, last = part.replace("C", "").partition("-")
        if int(first) <= number <= int(last or first):
            return True
    return False


def group_of(tumor: dict[str, int], year: int) -> str | None:
    for group in GROUPS:
        if group["sites"] and not inside(group["sites"], tumor["site"]):
            continue
        if group["histologies"]:
            if not inside(group["histologies"], tumor["histology"]):
                continue
        elif inside(group["without_histologies"], tumor["histology"]):
            continue
        if inside(group["behaviors"], tumor["behavior"]) and inside(group["years"], year):
            return group["group_id"]
    return None


def plainly(row: dict[str, str | None]) -> tuple[str, str | None, str | None]:
    """(result, group, step) of one pair."""
    a, b = one_tumor(row, 1), one_tumor(row, 2)
    if a is None or b is None:
        return "invalid", None, None
    year = max(a["year"], b["year"])
    groups = group_of(a, year), group_of(b, year)
    if groups == (None, None) and a == b and a["laterality"] >= 0 and a["day"]:
        return "single", None, None
    if None in groups:
        return "questionable", None, None
    if groups[0] != groups[1]:
        return "multiple", None, None
    columns = {f"{name}_{n}": np.array([one[name]]) for n, one in ((1, a), (2, b)) for name in one}
    return asked(groups[0], Pairs(columns))


def asked(group: str, pair: Pairs) -> tuple[str, str, str | None]:
    pending = None
    for rule in _groups()[group].rules:
        answer = rule.predicate(pair)
        yes = bool(answer.yes[0]) if isinstance(answer, Answer) else bool(answer[0])
        missing = int(answer.missing[0]) if isinstance(answer, Answer) else 0
        assert not (yes and missing)
        step = rule.step or None
        if missing and not missing & STOPS:
            if pending and pending[0] != rule.result:
                return "questionable", group, pending[1]
            pending = pending or (rule.result, step)
            continue
        result = rule.result if yes else "questionable" if missing else None
        if result:
            same = pending is None or pending[0] == result
            return (result, group, step) if same else ("questionable", group, pending[1])
    raise AssertionError(f"no rule of {group} decides")


SHOWN = ("result", "group_id", "step")


@pytest.mark.parametrize("seed", range(3))
def test_all_at_once_is_as_one_by_one(seed):
    frame = random_pairs(seed, 300)
    found = compare_tumors(frame, today=TODAY)
    expected = [plainly(row) for row in frame.iter_rows(named=True)]
    wrong = [
        (row, got, want)
        for row, got, want in zip(frame.iter_rows(), found.select(SHOWN).iter_rows(), expected, strict=True)
        if got != want
    ]
    assert not wrong, wrong[:5]
    assert found["group_id"].n_unique() > 15


def test_the_order_of_rows_does_not_matter_and_every_row_is_kept():
    frame = random_pairs(7, 400).with_row_index("row")
    mixed = frame.sample(fraction=1, shuffle=True, seed=1)
    found = compare_tumors(mixed, today=TODAY)
    assert found.select(mixed.columns).equals(mixed)
    assert found.sort("row").equals(compare_tumors(frame, today=TODAY))


def test_it_does_not_matter_which_tumor_is_first():
    frame = random_pairs(11, 1500)
    swapped = frame.rename({c: c[:-1] + ("2" if c.endswith("1") else "1") for c in frame.columns})
    here, there = (compare_tumors(one, today=TODAY).select(SHOWN) for one in (frame, swapped))
    differ = [row for row, other in zip(here.iter_rows(), there.iter_rows(), strict=True) if row != other]
    assert not differ, differ[:5]


def test_every_pair_has_a_result_and_a_reason():
    found = compare_tumors(random_pairs(13, 500), question=True, today=TODAY)
    assert set(found["result"]) <= {"single", "multiple", "questionable", "invalid"}
    assert found.select("result", "reason").null_count().sum_horizontal().item() == 0
    ruled = found.filter(pl.col("step").is_not_null())
    assert ruled.select("group_id", "question").null_count().sum_horizontal().item() == 0


def test_an_absent_column_is_a_blank_one():
    frame = random_pairs(17, 300)
    for column in ("laterality_1", "histologyIcdO2_2", "dateOfDiagnosis_2"):
        blank = frame.with_columns(pl.lit(None, pl.String).alias(column))
        assert compare_tumors(frame.drop(column)).select(SHOWN).equals(compare_tumors(blank).select(SHOWN))


# Dates


def known_days(text: str) -> tuple[date, date]:
    year, month, day = int(text[:4]), text[4:6], text[6:8]
    if not month:
        return date(year, 1, 1), date(year, 12, 31)
    if not day:
        return date(year, int(month), 1), date(year, int(month), monthrange(year, int(month))[1])
    return date(year, int(month), int(day)), date(year, int(month), int(day))


DATES = st.builds(
    lambda day, length: day.strftime("%Y%m%d")[:length],
    st.dates(date(2007, 1, 1), date(2017, 12, 31)),
    st.sampled_from((8, 8, 6, 4)),
)


def dates_pair(first: str, second: str) -> Pairs:
    row = {"dateOfDiagnosis_1": first, "dateOfDiagnosis_2": second}
    codes = {"primarySite": "C509", "histologyIcdO3": "8500", "behaviorIcdO3": "3"}
    row |= {f"{name}_{n}": value for n in (1, 2) for name, value in codes.items()}
    return Pairs(read(pl.DataFrame([row]), TODAY)[0])


@settings(max_examples=300, deadline=None)
@given(DATES, DATES, st.sampled_from((0, 21, 60)))
def test_days_apart_are_known_when_every_possible_day_agrees(first, second, days):
    (a0, a1), (b0, b1) = known_days(first), known_days(second)
    pair = dates_pair(first, second)
    answer = pair.more_than_days(days)
    least = max((a0 - b1).days, (b0 - a1).days, 0)
    most = max((a1 - b0).days, (b1 - a0).days)
    assert bool(answer.yes[0]) == (least > days)
    if most <= days:
        assert not answer.possible()[0]
    if answer.missing[0]:
        assert least <= days < most


@settings(max_examples=300, deadline=None)
@given(DATES, DATES, st.sampled_from((1, 3, 5)))
def test_years_apart_are_full_years_of_the_calendar(first, second, years):
    answer = dates_pair(first, second).years_apart(years)
    earlier, later = sorted((known_days(first), known_days(second)), key=lambda span: span[0])
    least = anniversary(earlier[1], years) <= later[0]
    most = anniversary(earlier[0], years) <= later[1]
    if answer.yes[0]:
        assert least
    elif not answer.missing[0]:
        assert not most
    else:
        assert most


def anniversary(day: date, years: int) -> date:
    """A 29 February is reached on 1 March of a common year."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def test_a_leap_day_makes_a_full_year_on_the_first_of_march():
    assert not dates_pair("20120229", "20170228").years_apart(5).possible()[0]
    assert dates_pair("20120229", "20170301").years_apart(5).yes[0]
    assert date(2012, 2, 29) + timedelta(days=1) == date(2012, 3, 1)


# Pairs of a patient


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["A", "B", "C", None]), max_size=12))
def test_every_two_tumors_of_a_patient_make_one_pair(patients):
    tumors = pl.DataFrame(
        {"patient_id": patients, "laterality": ["1"] * len(patients)},
        schema_overrides={"patient_id": pl.String, "laterality": pl.String},
    )
    expected = [
        (i, j) for i, j in combinations(range(len(patients)), 2) if patients[i] and patients[i] == patients[j]
    ]
    assert pairs_of(tumors).select("tumor_1", "tumor_2").rows() == expected
