"""Errors, missing values and disagreements between facilities, planted at known rates.

Each plant names who may get it (`eligible`), how often (`rate`, of the eligible abstracts) and what
changes. An abstract gets at most one error, and only when it is the facility's only abstract of the
patient, so every planted error can be found and counted again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.synthetic import calendar_days
from registry.synthetic.draw import Bools, chance
from registry.synthetic.facts import Facts

Changes = Callable[[np.random.Generator, Facts, pl.DataFrame], dict[str, pl.Series]]


@dataclass(frozen=True)
class Plant:
    """One kind of error: `change` sees only the chosen rows and returns their new values."""

    name: str
    rate: float
    eligible: pl.Expr
    change: Changes


@dataclass
class Count:
    """How many abstracts could have had the error and how many have it."""

    rate: float
    eligible: int = 0
    planted: int = 0


def sow(
    rng: np.random.Generator, facts: Facts, frame: pl.DataFrame, plants: tuple[Plant, ...], free: Bools,
    counts: dict[str, Count], *, one_each: bool,
) -> tuple[pl.DataFrame, Bools]:  # fmt: skip
    """Plant errors into rows that are `free`; returns the frame and which rows got one."""
    touched = np.zeros(len(frame), dtype=bool)
    for plant in plants:
        eligible = frame.select(plant.eligible.fill_null(False)).to_series().to_numpy() & free
        chosen = eligible & chance(rng, plant.rate, len(frame))
        if one_each:
            chosen &= ~touched
        count = counts.setdefault(plant.name, Count(plant.rate))
        count.eligible += int(eligible.sum())
        count.planted += int(chosen.sum())
        touched |= chosen
        rows = np.flatnonzero(chosen)
        if len(rows):
            frame = replace(frame, rows, plant.change(rng, facts, frame[rows]))
    return frame, touched


def replace(frame: pl.DataFrame, rows: np.ndarray, values: dict[str, pl.Series]) -> pl.DataFrame:
    """Put new values into some rows of some columns (nulls included).

    >>> replace(pl.DataFrame({"a": ["x", "y"]}), np.array([1]), {"a": pl.Series([None], dtype=pl.String)})["a"].to_list()
    ['x', None]
    """
    if not len(rows):
        return frame
    columns = []
    for name, new in values.items():
        place = np.zeros(len(frame), dtype=np.int64)
        chosen = np.zeros(len(frame), dtype=bool)
        place[rows], chosen[rows] = np.arange(len(rows)), True
        full = new.cast(pl.String).gather(place)
        columns.append(pl.when(pl.Series(chosen)).then(full).otherwise(pl.col(name)).alias(name))
    return frame.with_columns(columns)


def _constant(value: str | None, *names: str) -> Changes:
    def change(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
        return {name: pl.Series([value] * len(rows), dtype=pl.String) for name in names}

    return change


def _other_sex(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    swapped = rows["sexAssignedAtBirth"].replace({"1": "2", "2": "1"})
    return {"sexAssignedAtBirth": swapped, "sex": swapped}


def _contact_first(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    day = rows["dx_day"].to_numpy() - rng.integers(40, 300, len(rows))
    text = calendar_days.text(day)
    return {"dateOfLastContact": text, "dateOfLastCancerStatus": text}


def _impossible_day(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    return {"dateOfDiagnosis": rows["dateOfDiagnosis"].str.slice(0, 4) + "0231"}


def _surgery_first(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    text = calendar_days.text(rows["dx_day"].to_numpy() - rng.integers(35, 200, len(rows)))
    names = ("rxDateSurgery", "rxDateMostDefinSurg", "dateInitialRxSeer", "date1stCrsRxCoc")
    return dict.fromkeys(names, text)


def _too_many_positive(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    more = rows["regionalNodesExamined"].cast(pl.Int64) + pl.Series(rng.integers(1, 5, len(rows)))
    return {"regionalNodesPositive": more.cast(pl.String).str.zfill(2)}


def _old_surgery_too(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    return {"rxSummSurgPrimSite": rows["rxSummSurgPrimSite2023"].str.slice(1, 2)}


def _ten_years_older(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    age = rows["ageAtDiagnosis"].cast(pl.Int64)
    return {"ageAtDiagnosis": pl.select(pl.when(age > 100).then(age - 10).otherwise(age + 10)).to_series().cast(pl.String).str.zfill(3)}  # fmt: skip


_ONLY_SEX = r"^C(5[1-8]|6[0-3])"
_FULL_DX = pl.col("dateOfDiagnosis").str.len_bytes() == 8
_INVASIVE = pl.col("behaviorCodeIcdO3") == "3"
_FEW_NODES = pl.col("regionalNodesExamined").cast(pl.Int64, strict=False).is_between(1, 85)

ERRORS: tuple[Plant, ...] = (
    Plant("site_sex_conflict", 0.004, pl.col("primarySite").str.contains(_ONLY_SEX), _other_sex),
    Plant("last_contact_before_diagnosis", 0.002, _FULL_DX, _contact_first),
    Plant("impossible_diagnosis_date", 0.001, _FULL_DX, _impossible_day),
    Plant("surgery_before_diagnosis", 0.003, _FULL_DX & pl.col("rxDateSurgery").is_not_null(), _surgery_first),
    Plant("invalid_primary_site", 0.001, pl.lit(True), _constant("C999", "primarySite")),
    Plant("missing_histology", 0.001, pl.lit(True), _constant(None, "histologicTypeIcdO3")),
    Plant("missing_laterality", 0.003, pl.col("laterality").is_in(["1", "2", "9"]), _constant(None, "laterality")),
    Plant("laterality_not_paired", 0.003, pl.col("laterality").is_in(["1", "2"]), _constant("0", "laterality")),
    Plant("stage_in_situ_but_invasive", 0.003, _INVASIVE & pl.col("summaryStage2018").is_in(["1", "2"]), _constant("0", "summaryStage2018")),
    Plant("more_nodes_positive_than_examined", 0.004, _FEW_NODES, _too_many_positive),
    Plant("both_surgery_items", 0.004, pl.col("rxSummSurgPrimSite2023").is_not_null(), _old_surgery_too),
    Plant("missing_grade", 0.003, pl.col("gradeClinical").is_not_null(), _constant(None, "gradeClinical")),
    Plant("age_not_from_dates", 0.002, _FULL_DX & (pl.col("dateOfBirth").str.len_bytes() == 8), _ten_years_older),
    Plant("dead_without_cause", 0.003, pl.col("vitalStatus") == "0", _constant("0000", "causeOfDeath")),
    Plant("alive_with_cause", 0.002, pl.col("vitalStatus") == "1", _constant("I219", "causeOfDeath")),
    Plant("missing_county", 0.002, pl.col("countyAtDx") != "999", _constant(None, "countyAtDx")),
    Plant("malignant_sequence_60", 0.001, _INVASIVE & (pl.col("sequenceNumberCentral") == "00"), _constant("60", "sequenceNumberCentral")),
)  # fmt: skip
"""Errors of coding: each breaks one rule on purpose."""


def misspell(rng: np.random.Generator, name: str) -> str:
    """One slip of the keyboard: two letters swapped, one dropped, one doubled or one changed.

    >>> misspell(np.random.default_rng(3), "RODRIGUEZ") != "RODRIGUEZ"
    True
    """
    if len(name) < 3:
        return name + name[-1:]
    place, kind = int(rng.integers(1, len(name) - 1)), int(rng.integers(0, 4))
    if kind == 0 and name[place] != name[place + 1]:
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    if kind == 1:
        return name[:place] + name[place + 1 :]
    if kind == 2:
        return name[:place] + name[place] + name[place:]
    return name[:place] + ("E" if name[place] != "E" else "A") + name[place + 1 :]


def _typo(column: str) -> Changes:
    def change(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
        return {column: pl.Series([misspell(rng, name) for name in rows[column]], dtype=pl.String)}

    return change


def _initial(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    return {"nameFirst": rows["nameFirst"].str.slice(0, 1)}


def _day_month_swapped(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    birth = rows["dateOfBirth"]
    swapped = birth.str.slice(0, 4) + birth.str.slice(6, 2) + birth.str.slice(4, 2)
    age = (calendar_days.as_number(rows["dx_day"].to_numpy()) - swapped.cast(pl.Int64).to_numpy()) // 10_000
    return {"dateOfBirth": swapped, "ageAtDiagnosis": pl.Series(age).cast(pl.String).str.zfill(3)}


def _digits_swapped(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    ssn = rows["socialSecurityNumber"]
    return {"socialSecurityNumber": ssn.str.slice(0, 7) + ssn.str.slice(8, 1) + ssn.str.slice(7, 1)}


def _other_subsite(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    drawn = facts.subsite_draw.draw(rng, rows["site_row"].to_numpy())
    same_side = facts.subsites["side"].gather(drawn) == facts.subsites["side"].gather(rows["subsite_row"])
    new = facts.subsites["site"].gather(drawn)
    return {"primarySite": pl.select(pl.when(same_side).then(new).otherwise(rows["primarySite"])).to_series()}


def _earlier_diagnosis(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    day = rows["dx_day"].to_numpy()
    # the day moves only inside its month, and never across a birthday or a change of era
    first = calendar_days.as_number(day) % 100 - 1
    birth = rows["true_birth"].cast(pl.Int64).to_numpy() % 10_000
    moved = day - np.minimum(first, rng.integers(1, 8, len(rows)))
    crossed = (calendar_days.as_number(moved) % 10_000 < birth) & (
        calendar_days.as_number(day) % 10_000 >= birth
    )
    return {"dateOfDiagnosis": calendar_days.text(np.where(crossed, day, moved))}


def _unspecific_histology(rng: np.random.Generator, facts: Facts, rows: pl.DataFrame) -> dict[str, pl.Series]:
    return {"histologicTypeIcdO3": pl.Series(["8010"] * len(rows))}


_KNOWN_SSN = pl.col("socialSecurityNumber") != "999999999"
_SWAPPABLE_SSN = _KNOWN_SSN & (
    pl.col("socialSecurityNumber").str.slice(7, 1) != pl.col("socialSecurityNumber").str.slice(8, 1)
)
_DAY = pl.col("dateOfBirth").str.slice(6, 2)
_SWAPPABLE_BIRTH = (
    (pl.col("dateOfBirth").str.len_bytes() == 8)
    & (_DAY <= "12")
    & (pl.col("dateOfBirth").str.slice(4, 2) != _DAY)
    & (pl.col("ageAtDiagnosis") > "001")
)
_CARCINOMA = pl.col("histologicTypeIcdO3").is_in(["8140", "8070"]) & _INVASIVE & ~pl.col("primarySite").is_in(["C619", "C220"])  # fmt: skip

DISAGREEMENTS: tuple[Plant, ...] = (
    Plant("surname_misspelt", 0.044, pl.lit(True), _typo("nameLast")),
    Plant("first_name_misspelt", 0.031, pl.lit(True), _typo("nameFirst")),
    Plant("first_name_initial", 0.0075, pl.col("nameFirst").str.len_bytes() > 1, _initial),
    Plant("birth_day_month_swapped", 0.0075, _SWAPPABLE_BIRTH, _day_month_swapped),
    Plant("ssn_digits_swapped", 0.0275, _SWAPPABLE_SSN, _digits_swapped),
    Plant("ssn_missing", 0.06, _KNOWN_SSN, _constant("999999999", "socialSecurityNumber")),
    Plant("race_unknown", 0.04, pl.col("race1") != "99", _constant("99", "race1", "race2", "race3", "race4", "race5")),
    Plant("other_subsite", 0.06, pl.col("laterality").is_not_null(), _other_subsite),
    Plant("unspecific_histology", 0.02, _CARCINOMA, _unspecific_histology),
    Plant("earlier_diagnosis_date", 0.06, _FULL_DX, _earlier_diagnosis),
    Plant("stage_unknown", 0.03, pl.col("summaryStage2018").is_in(["1", "2"]) & ~pl.col("laterality").is_in(["1", "2"]), _constant("9", "summaryStage2018")),
)  # fmt: skip
"""What a second facility writes differently about the same person or tumor."""
