"""Who lives where a rate is asked for: person-years of a loaded population, by the divisions of the rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from registry.analytics.cohorts import Cohort
from registry.analytics.incidence import AGE_GROUPS, ages
from registry.errors import BadInput
from registry.service.statistics.population import in_use

if TYPE_CHECKING:
    from registry.service.operations import Context

UNKNOWN_COUNTIES: Final = ("000", "998", "999")
SEXES: Final = ("1", "2")
NONE: Final = "(none loaded)"
"""Name of the population where there is none."""


@dataclass(frozen=True)
class People:
    """A population brought to the divisions asked for.

    Attributes:
        source: its name.
        rows: state, county, year, sex, race, age_group, population: divisions that were not asked for are ''.
        area: state, county of the people counted ('' = the whole state, or everywhere).
        age_groups: those that count, in order of age.
        partial: years of which only some places or sexes are told → how it is said.
    """

    source: str
    rows: pl.DataFrame
    area: pl.DataFrame
    age_groups: list[str]
    partial: dict[int, str]


def people(context: Context, cohort: Cohort, by: list[str], source: str | None) -> People:
    """The population that matches a cohort, divided as `by` says (state, county, year, sex, race, age_group count).

    Where a place (or race) is told both whole and in parts, the parts are used when they are asked for, else the whole.

    Without a population everywhere counts, and nothing has a denominator.

    Raises:
        BadInput: the cohort selects by what populations do not know.
    """
    if cohort.hispanic or cohort.facilities or cohort.analytic is not None:
        what = "origin" if cohort.hispanic else "facility"
        raise BadInput(
            "rates", f"the cohort selects by {what}: the population is not known by it", "leave that out"
        )
    name = in_use(context, "population", source)
    groups = age_groups_of(cohort)
    if name is None:
        return _nobody(groups)
    parts = {
        "county": "county" in by or bool(cohort.counties),
        "race": "race" in by or bool(cohort.races),
        "state": bool({"state", "county"} & set(by)) or bool(cohort.states or cohort.counties),
    }
    conditions, parameters = ["source = ?"], [name]
    for column, values in (("state", cohort.states), ("county", cohort.counties), ("race", cohort.races)):
        if values:
            conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
            parameters.extend(values)
    wanted = " AND ".join([*conditions, *(_level(column, detailed) for column, detailed in parts.items())])
    sexes = [sex for sex in SEXES if not cohort.sexes or sex in cohort.sexes]
    shown = {"state": "state" in by or "county" in by, "county": "county" in by, "race": "race" in by}
    columns = ", ".join(
        one if shown.get(one, True) else f"'' AS {one}" for one in ("state", "county", "year", "sex", "race")
    )
    rows = context.store.query(
        f"SELECT {columns}, age_group, sum(population) AS population FROM population p WHERE {wanted} "
        "GROUP BY ALL ORDER BY ALL",
        parameters,
    ).filter(pl.col("sex").is_in(sexes) & pl.col("age_group").is_in(groups))
    area = context.store.query(
        f"SELECT DISTINCT state, county FROM population p WHERE {wanted} ORDER BY state, county", parameters
    )
    if area.is_empty():
        detailed = ", ".join(column for column, wanted_so in parts.items() if wanted_so)
        raise BadInput(
            "rates",
            f"the population {name} has nothing of this {detailed or 'selection'}",
            "select or divide by something else",
        )
    told = context.store.query(
        f"SELECT year, count(DISTINCT state || county || sex) AS n FROM population p WHERE {wanted} AND "
        f"sex IN ({', '.join('?' * len(sexes)) or 'NULL'}) GROUP BY year ORDER BY year",
        [*parameters, *sexes],
    )
    whole = area.height * len(sexes)
    partial = {
        year: "a population of only some places or sexes in this year"
        for year, n in told.iter_rows()
        if n < whole
    }
    return People(name, rows, area, groups, partial)


def _nobody(groups: list[str]) -> People:
    """No population: everywhere counts, nothing has a denominator."""
    columns = ("state", "county", "year", "sex", "race", "age_group", "population")
    types = {"year": pl.Int32, "population": pl.Float64}
    rows = pl.DataFrame(schema={name: types.get(name, pl.String) for name in columns})
    return People(NONE, rows, pl.DataFrame({"state": [""], "county": [""]}), groups, {})


def _level(column: str, detailed: bool) -> str:
    """Rows of the parts (counties of a state), or of the whole where it is told, else of the parts."""
    if detailed:
        return f"{column} <> ''"
    same = {
        "county": "q.state = p.state AND q.year = p.year",
        "race": "q.state = p.state AND q.county = p.county AND q.year = p.year",
        "state": "q.year = p.year",
    }[column]
    whole = f"SELECT 1 FROM population q WHERE q.source = p.source AND {same} AND q.{column} = ''"
    return f"({column} = '' OR NOT EXISTS ({whole}))"


def age_groups_of(cohort: Cohort) -> list[str]:
    """The age groups that a cohort's ages make up.

    Raises:
        BadInput: its ages cut an age group in two.

    >>> age_groups_of(Cohort(ages=(None, 9)))
    ['00', '01-04', '05-09']
    """
    low, high = cohort.ages
    first, end = low or 0, ages.OPEN if high is None else high + 1
    ends = [*ages.LOWER, ages.OPEN]
    if first not in ends or (end not in ends and end <= 125):
        raise BadInput(
            "rates",
            "the cohort's ages cut an age group in two",
            "use 0, 1, 5, 10 ... and 0, 4, 9, 14 ... as ends",
        )
    spans = zip(AGE_GROUPS, ends, [*ends[1:]], strict=False)
    return [group for group, start, stop in spans if start >= first and (stop <= end or end > 125)]


def inside(pairs: pl.DataFrame, area: pl.DataFrame, *, by_county: bool) -> pl.Series:
    """Which (state, county) of tumors belong to the people counted.

    Args:
        pairs: state, county (text or null).
        area: of `People`.
        by_county: the county must be known; else a tumor of a known state with an unknown county belongs to it.

    >>> pairs = pl.DataFrame({"state": ["NY", "NY", "NY", "PA", None], "county": ["001", None, "003", "001", None]})
    >>> inside(pairs, pl.DataFrame({"state": ["NY"], "county": ["001"]}), by_county=False).to_list()
    [True, True, False, False, False]
    """
    known = set(area.iter_rows())
    states = {state for state, _ in known}
    found = []
    for state, county in pairs.iter_rows():
        place = state or ""
        vague = county is None or county in UNKNOWN_COUNTIES
        whole = ("", "") in known or (place, "") in known
        found.append(
            whole or (place, county) in known or (vague and not by_county and place in states and place != "")
        )
    return pl.Series("inside", found, dtype=pl.Boolean)
