"""Missing: items without which incidence cannot be tabulated. An invalid value is not missing; edits report it."""

from __future__ import annotations

import polars as pl

from registry.quality.indicators.definition import Formula, records
from registry.quality.indicators.vocabulary import EVERY, SEX, missing

SOURCE = "NAACCR certification criteria; CDC NPCR standards"


@records(
    "missing_age_pct",
    "Unknown age",
    group="missing",
    formula="100 * n(ageAtDiagnosis = 999 or blank) / n",
    source=SOURCE,
    items="ageAtDiagnosis",
    examples=["999 /  / 062 / 000 => 2/4 = 50", "99 => 0/1 = 0"],
    notes="All records, DCO too: n is every record.",
)
def missing_age_pct() -> Formula:
    """Age blank or 999."""
    return Formula(missing(pl.col("ageAtDiagnosis"), "999"), among=EVERY)


@records(
    "missing_sex_pct",
    "Unknown sex",
    group="missing",
    formula="100 * n(sexAssignedAtBirth, else sex: blank or 9) / n",
    source=SOURCE,
    items="sexAssignedAtBirth sex",
    examples=["|9 / | / 9| / 1| / |2 / |3 => 3/6 = 50", "9|1 / 1|9 / 2| => 1/3 = 33.333333"],
    notes="sexAssignedAtBirth where it is filled, else the item it replaced. Codes 3 to 6 of the older item are known.",
)
def missing_sex_pct() -> Formula:
    """Sex blank or 9 in the newer item, and in the older where the newer is blank."""
    return Formula(missing(SEX, "9"), among=EVERY)


@records(
    "missing_county_pct",
    "Unknown county",
    group="missing",
    formula="100 * n(countyAtDx blank or 999) / n",
    source=SOURCE,
    items="countyAtDx",
    examples=["999 /  / 153 / 998 => 2/4 = 50", "000 => 0/1 = 0"],
    notes="998 (outside the state, county known) is a known county.",
)
def missing_county_pct() -> Formula:
    """County at diagnosis blank or 999."""
    return Formula(missing(pl.col("countyAtDx"), "999"), among=EVERY)


@records(
    "missing_race_pct",
    "Unknown race",
    group="missing",
    formula="100 * n(race1 blank or 99) / n",
    source=SOURCE,
    items="race1",
    examples=["99 /  / 01 / 98 => 2/4 = 50", "88 => 0/1 = 0"],
    notes="98 (other) is a known race.",
)
def missing_race_pct() -> Formula:
    """Race 1 blank or 99."""
    return Formula(missing(pl.col("race1"), "99"), among=EVERY)
