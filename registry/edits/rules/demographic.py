"""Sex, race, origin, marital status and payer."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from registry import standards
from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY, expand
from registry.edits.terms import AGE

_RACES = "01-08,10-17,20-22,25-28,30-32,96-99"
RACE_ITEMS = ["race1", "race2", "race3", "race4", "race5"]


@edit(
    "sex-valid",
    message="{sex} is not a code for sex (at birth: 1, 2, 9; before version 26: 1 to 6, 9)",
    items=["sexAssignedAtBirth", "sex"],
    level="item",
    category="demographic",
    source=DICTIONARY,
    passes=["1 | ", "2 | ", " | 1", " | 3", " | 6", "9 | 9", " | "],
    fails=["3 | ", "6 | ", " | 7", " | 0", " | F", "F | 2"],
)
def sex_valid(value: pl.Expr, item: str) -> pl.Expr:
    """The item of version 26 has three codes, the one it replaced seven."""
    return ~value.is_in(["1", "2", "9"] if item == "sexAssignedAtBirth" else expand("1-6,9"))


@edit(
    "race1-valid",
    message="{race1} is not a code of race 1 (88 is for the further races only)",
    items=["race1"],
    level="item",
    category="demographic",
    source=DICTIONARY,
    passes=["01", "08", "10", "17", "20", "22", "25", "28", "30", "32", "96", "99", ""],
    fails=["88", "00", "09", "18", "23", "29", "33", "95", "1"],
)
def race1_valid(value: pl.Expr) -> pl.Expr:
    """As listed."""
    return ~value.is_in(expand(_RACES))


@edit(
    "race2to5-valid",
    message="A further race is not a listed code (88 = no further race)",
    items=RACE_ITEMS[1:],
    level="item",
    category="demographic",
    source=DICTIONARY,
    passes=["88 | 88 | 88 | 88", "02 | 88 | | ", "01 | 32 | 96 | 99"],
    fails=["09 | 88 | 88 | 88", "88 | 89 | 88 | 88", "88 | 88 | 33 | 88", "88 | 88 | 88 | 8"],
)
def race2to5_valid(value: pl.Expr) -> pl.Expr:
    """As listed, and 88."""
    return ~value.is_in([*expand(_RACES), "88"])


@edit(
    "birthplace-country-valid",
    message="{birthplaceCountry} is not a country code (three letters)",
    items=["birthplaceCountry"],
    level="item",
    category="demographic",
    source=DICTIONARY,
    passes=["USA", "MEX", "ZZU", "YUG", ""],
    fails=["US", "usa", "QQQ", "USAA"],
)
def birthplace_valid(value: pl.Expr) -> pl.Expr:
    """ISO 3166-1 codes and NAACCR's own."""
    return ~value.is_in(sorted(standards.code_set("birthplaceCountry")))


@edit(
    "race-order",
    message="Races {race1}, {race2}, {race3}, {race4}, {race5}: no repeats, 88 and 99 in all that "
    "follow, white after any other race",
    items=RACE_ITEMS,
    category="demographic",
    source=DICTIONARY,
    requires=["race1", "race2"],
    passes=[
        "01 | 88 | 88 | 88 | 88",
        "02 | 01 | 88 | 88 | 88",
        "02 | 03 | 04 | 05 | 01",
        "99 | 99 | 99 | 99 | 99",
        "02 | 88 | | | ",
        "01 | | | | ",
        "02 | 88 | 09 | 88 | 88",
        "| 02 | 02 | 88 | 88",
    ],
    fails=[
        "01 | 02 | 88 | 88 | 88",
        "01 | 98 | 88 | 88 | 88",
        "03 | 01 | 02 | 88 | 88",
        "02 | 88 | 03 | 88 | 88",
        "02 | 88 | 88 | 88 | 03",
        "02 | 03 | 88 | 99 | 88",
        "01 | 99 | 88 | 88 | 88",
        "99 | 88 | 88 | 88 | 88",
        "99 | 02 | | | ",
        "02 | 03 | 04 | 88 | 05",
        "99 | 99 | 99 | 99 | 88",
        "02 | 88 | | 88 | 01",
        "04 | 04 | 88 | 88 | 88",
        "04 | 03 | 04 | 88 | 88",
        "02 | 03 | 04 | 05 | 02",
    ],
    notes="Blank further races (not coded before 2000) are passed over; race 2 must be filled.",
)
def race_order() -> pl.Expr:
    """Every race against every later one that is filled; numbers compare faster than text."""
    races = [pl.col(item).cast(pl.UInt8, strict=False) for item in RACE_ITEMS]
    known = [pl.when((race != 88) & (race != 99)).then(race) for race in races]
    repeated = [race == later for race, later in combinations(known, 2)]
    one_unknown = [(races[0] == 99) != (later == 99) for later in races[1:]]
    return pl.any_horizontal([*repeated, *one_unknown, *_followed_by_a_race(races)])


def _followed_by_a_race(races: list[pl.Expr]) -> list[pl.Expr]:
    """For each race but the last: no further race (88), or white, before one that is not 88."""
    faults = []
    for place, race in enumerate(races[:-1]):
        another = pl.any_horizontal([later != 88 for later in races[place + 1 :]])
        faults.append(((race == 88) | (race == 1)) & another)
    return faults


@edit(
    "race-hawaiian-first",
    message="Native Hawaiian (07) is not coded first among races {race1}, {race2}, {race3}, {race4}, {race5}",
    severity=WARNING,
    items=RACE_ITEMS,
    category="demographic",
    source=DICTIONARY,
    requires=["race1"],
    passes=[
        "07 | 01 | 88 | 88 | 88",
        "07 | 88 | 88 | 88 | 88",
        "07 | 01 | 07 | 88 | 88",
        "01 | 88 | 88 | 88 | 88",
        "02 | 08 | 17 | 97 | 88",
        "02 | | | | ",
        " | 07 | 88 | 88 | 88",
        "09 | 07 | 88 | 88 | 88",
    ],
    fails=[
        "01 | 07 | 88 | 88 | 88",
        "02 | 01 | 07 | 88 | 88",
        "02 | 03 | 04 | 07 | 88",
        "02 | 03 | 04 | 05 | 07",
        "02 | | | | 07",
    ],
)
def hawaiian_first() -> pl.Expr:
    """Of several races Native Hawaiian takes precedence."""
    later = pl.any_horizontal([pl.col(item) == "07" for item in RACE_ITEMS[1:]])
    return (pl.col("race1") != "07") & later


@edit(
    "spanish-birthplace",
    message="Born in {birthplaceCountry} and Spanish/Hispanic origin 0: is it so?",
    severity=WARNING,
    items=["spanishHispanicOrigin", "birthplaceCountry"],
    category="demographic",
    source=DICTIONARY,
    passes=["1 | MEX", "9 | CUB", "7 | PRI", "0 | USA", "0 | ESP", "0 | ", " | MEX", "0 | MEXICO"],
    fails=["0 | MEX", "0 | PRI", "0 | CUB", "0 | DOM"],
)
def spanish_birthplace() -> pl.Expr:
    """Mexico, Puerto Rico, Cuba, Dominican Republic."""
    born = pl.col("birthplaceCountry").is_in(["MEX", "PRI", "CUB", "DOM"])
    return born & (pl.col("spanishHispanicOrigin") == "0")


@edit(
    "marital-age",
    message="Marital status {maritalStatusAtDx} at age {ageAtDiagnosis}: under 15 single or unknown is expected",
    severity=WARNING,
    items=["maritalStatusAtDx", "ageAtDiagnosis"],
    category="demographic",
    source="EUROCARE-5 data quality checks",
    passes=["1 | 014", "9 | 000", "2 | 015", "2 | 999", "2 | ", " | 014", "7 | 014"],
    fails=["2 | 014", "6 | 000", "3 | 010", "5 | 009"],
)
def married_child() -> pl.Expr:
    """Codes 1 (single) and 9 (unknown) before 15."""
    return (AGE < 15) & ~pl.col("maritalStatusAtDx").is_in(["1", "9"])


@edit(
    "payer-age",
    message="Medicare ({primaryPayerAtDx}) at age {ageAtDiagnosis}: is it so?",
    severity=WARNING,
    items=["primaryPayerAtDx", "ageAtDiagnosis"],
    category="demographic",
    source="Arithmetic; NAACCR item 630",
    passes=["60 | 020", "64 | 065", "60 | 999", "35 | 010", "65 | 010", "60 | ", " | 010", "59 | 010"],
    fails=["60 | 019", "61 | 000", "62 | 010", "63 | 012", "64 | 001"],
)
def medicare_young() -> pl.Expr:
    """Medicare before 20 is rare (kidney failure)."""
    return (AGE < 20) & pl.col("primaryPayerAtDx").is_in(["60", "61", "62", "63", "64"])
