"""Sex, race and where the patient lived."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise

import polars as pl

from registry import standards
from registry.edits.definition import edit
from registry.edits.rules.codes import DICTIONARY, expand
from registry.edits.terms import blank

_RACES = "01-08,10-17,20-22,25-28,30-32,96-99"
RACE_ITEMS = ["race1", "race2", "race3", "race4", "race5"]


@edit(
    "sex-valid",
    message="{sex} is not a code for sex (at birth: 1, 2, 9; before version 26: 1 to 6, 9)",
    items=["sexAssignedAtBirth", "sex"],
    level="item",
    category="demographic",
    source=DICTIONARY,
    passes=["2 | ", " | 6", "9 | 9"],
    fails=["3 | ", " | 7", " | F"],
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
    passes=["01", "32", "99", ""],
    fails=["88", "09", "1"],
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
    passes=["88 | 88 | 88 | 88", "02 | 88 | | "],
    fails=["09 | 88 | 88 | 88", "88 | 88 | 88 | 8"],
)
def race2to5_valid(value: pl.Expr) -> pl.Expr:
    """As listed, and 88."""
    return ~value.is_in([*expand(_RACES), "88"])


@edit(
    "race-order",
    message="Races {race1}, {race2}, {race3}, {race4}, {race5}: no repeats, 88 and 99 in all that "
    "follow, white after any other race",
    items=RACE_ITEMS,
    category="demographic",
    source=DICTIONARY,
    requires=["race1", "race2"],
    passes=["01 | 88 | 88 | 88 | 88", "02 | 01 | 88 | 88 | 88", "99 | 99 | 99 | 99 | 99"],
    fails=[
        "01 | 02 | 88 | 88 | 88",
        "02 | 88 | 03 | 88 | 88",
        "01 | 99 | 88 | 88 | 88",
        "04 | 04 | 88 | 88 | 88",
    ],
)
def race_order() -> pl.Expr:
    """Neighbours in the order in which races are coded; repeats anywhere."""
    races = [pl.col(item) for item in RACE_ITEMS]
    known = [pl.when(~race.is_in(["88", "99"])).then(race) for race in races]
    faults = [_wrong_neighbours(*pair) for pair in pairwise(races)]
    faults += [one == other for one, other in combinations(known, 2)]
    return pl.any_horizontal(faults).fill_null(value=False)


def _wrong_neighbours(race: pl.Expr, following: pl.Expr) -> pl.Expr:
    after_none = (race == "88") & (following != "88")
    white_first = (race == "01") & ~following.is_in(["88", "99"])
    return after_none | white_first | ((race == "99") != (following == "99"))


@cache
def _county_table() -> tuple[dict[str, int], pl.Series]:
    """Number of each state, and for state number x 1000 + county whether there is such a county."""
    listed = standards.counties()
    states = listed.get_column("state").unique().sort().to_list()
    number = {state: position for position, state in enumerate(states)}
    cells = [False] * (len(states) * 1000)
    for state, county in listed.select("state", "county").iter_rows():
        cells[number[state] * 1000 + int(county)] = True
    for position in range(len(states)):
        cells[position * 1000 + 998] = cells[position * 1000 + 999] = True
    return number, pl.Series("county", cells)


@edit(
    "state-county",
    message="County {countyAtDx} does not exist in {addrAtDxState}",
    items=["addrAtDxState", "countyAtDx"],
    category="geography",
    source="County list by state of the U.S. Census; NAACCR item 90",
    requires=["addrAtDxState"],
    passes=["IA | 153", "IA | 999", "IA | 998", "XX | 999", "ON | "],
    fails=["IA | 154", "DC | 003", "IA | "],
    notes="The null rule is lifted for a blank county: a resident of a known US state has one, or 999. "
    "998 needs the registry's own state and is accepted.",
)
def state_county() -> pl.Expr:
    """County lists of all censuses together, so that retired counties stay legal."""
    number, listed = _county_table()
    state = pl.col("addrAtDxState").replace_strict(number, default=None, return_dtype=pl.UInt32)
    county = pl.col("countyAtDx").cast(pl.UInt32, strict=False)
    exists = pl.lit(listed).gather(state * 1000 + county)
    return state.is_not_null() & (blank("countyAtDx") | ~exists.fill_null(value=True))
