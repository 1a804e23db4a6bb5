"""Denominators of an invented registry: the population that its patients come from, its life table, its deaths.

The population is a stable one: survivors of the life table by age, fewer the older because each year's births are more
than the last one's. Its size is chosen so that the patients of the run give the crude rate of `CRUDE_RATE`; counties
share it as patients share them. Life table and deaths from other causes follow one hazard (other_mortality.csv).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from registry.synthetic import calendar_days, survival
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.draw import Floats
from registry.synthetic.facts import FIRST_YEAR, Facts

CRUDE_RATE: Final = 560 / 100_000
"""New tumors of a year for each person, all sites and both sexes: near that of the United States."""
GROWTH: Final = 0.006
"""Births grow by this share a year, and so does the population."""
BOYS: Final = 0.512
OLDEST: Final = 109
FIRST_TABLE_YEAR: Final = 1990
LATEST: Final = 0.2
"""A yearly hazard is never above 1 - exp(-0.2 x 12): the table ends where nobody is left to count."""
AGE_GROUPS: Final = ("00", "01-04", *(f"{low:02d}-{low + 4:02d}" for low in range(5, 85, 5)), "85+")
SEXES: Final = {"1": 1, "2": 0}
SOURCE: Final = "SYNTHETIC"


def yearly_hazard(facts: Facts, years: Floats) -> Floats:
    """Deaths a person and year in the whole population: sexes (1, 2) x years x ages 0 to OLDEST.

    Infants die more often than the curve of later ages says; 0.5 % of them in their first year.

    >>> from registry.synthetic.facts import load
    >>> yearly_hazard(load(), np.array([2014.0])).round(4)[:, 0, [0, 30, 70]].tolist()
    [[0.006, 0.0015, 0.025], [0.0058, 0.001, 0.0169]]
    """
    ages: Floats = np.arange(OLDEST + 1, dtype=np.float64) + 0.5
    middle = (years + 0.5)[:, None]
    hazard = np.stack([survival.other_hazard(facts, male, ages, middle) for male in SEXES.values()])
    hazard[:, :, 0] += 0.005
    return np.minimum(hazard, LATEST * 12)


def life_table(facts: Facts, last_year: int) -> pl.DataFrame:
    """The life table: source, region, sex, year, age, daily_hazard; FIRST_TABLE_YEAR to last_year, ages 0 to OLDEST.

    >>> from registry.synthetic.facts import load
    >>> life_table(load(), 1991).shape
    (440, 6)
    """
    years = np.arange(FIRST_TABLE_YEAR, last_year + 1)
    hazard = yearly_hazard(facts, years.astype(float)) / survival.DAYS
    sexes, count, ages = hazard.shape
    return pl.DataFrame({
        "source": SOURCE,
        "region": "",
        "sex": np.repeat(list(SEXES), count * ages),
        "year": np.tile(np.repeat(years, ages), sexes),
        "age": np.tile(np.arange(ages), sexes * count),
        "daily_hazard": hazard.ravel(),
    })  # fmt: skip


def population(facts: Facts, tumors: int, last_year: int) -> pl.DataFrame:
    """Who lives where, 1 July of each year since FIRST_YEAR.

    Args:
        facts: the generator's tables.
        tumors: new tumors of the whole run; they give the population its size.
        last_year: last year of diagnosis.

    Returns:
        source, state, county, year, sex, race ('' = all), age_group, population (whole persons); sorted by these.

    >>> from registry.synthetic.facts import load
    >>> people = population(load(), 1000, 2007)
    >>> people.height == load().counties.height * 2 * 19, round(1000 / people["population"].sum(), 4)
    (True, 0.0056)
    """
    years = np.arange(FIRST_YEAR, last_year + 1)
    alive = _survivors(facts, years.astype(float))
    size = tumors / CRUDE_RATE * (1 + GROWTH) ** years / ((1 + GROWTH) ** years).sum()
    weight = facts.counties["weight"].cast(pl.Float64).to_numpy()
    counts = weight[:, None, None, None] / weight.sum() * (size[:, None, None] * alive)[None]
    counties, number, sexes, groups = counts.shape
    return pl.DataFrame({
        "source": SOURCE,
        "state": "NY",
        "county": np.repeat(facts.counties["county"].to_numpy(), number * sexes * groups),
        "year": np.tile(np.repeat(years, sexes * groups), counties),
        "sex": np.tile(np.repeat(list(SEXES), groups), counties * number),
        "race": "",
        "age_group": np.tile(AGE_GROUPS, counties * number * sexes),
        "population": np.maximum(np.rint(counts), 1).astype(np.int64).ravel(),
    }).sort("county", "year", "sex", "age_group")  # fmt: skip


def _survivors(facts: Facts, years: Floats) -> Floats:
    """Shares of the population: years x sexes (1, 2) x age groups; each year sums to 1."""
    hazard = yearly_hazard(facts, years)
    reached = np.exp(
        -np.concatenate([np.zeros_like(hazard[..., :1]), hazard.cumsum(axis=-1)[..., :-1]], axis=-1)
    )
    born = np.array([BOYS, 1 - BOYS])[:, None, None]
    people = born * reached * np.exp(-hazard / 2) * np.exp(-GROWTH * np.arange(OLDEST + 1))
    starts = [0, 1, *range(5, 86, 5)]
    grouped = np.add.reduceat(people, starts, axis=-1).transpose(1, 0, 2)
    shares: Floats = grouped / grouped.sum(axis=(1, 2), keepdims=True)
    return shares


def deaths(people: pl.DataFrame, tumors: pl.DataFrame) -> pl.DataFrame:
    """Deaths from cancer in one chunk, as a vital statistics office counts them (also those unknown to facilities).

    Args:
        people: `population.Population.people`.
        tumors: `population.Population.tumors`.

    Returns:
        site_group, state, county, year, sex, age_group, deaths; one row a combination that occurs.
    """
    from registry.coding.recodes.site_groups import with_site_group

    rows = tumors["person_row"].to_numpy()
    dead = people["by_cancer"].to_numpy() & (people["death_day"].to_numpy() != MISSING)
    of_cause = people["true_cause"].gather(rows).str.slice(0, 3) == tumors["primarySite"].str.slice(0, 3)
    chosen = np.flatnonzero(dead[rows])
    order = chosen[np.lexsort((chosen, ~of_cause.to_numpy()[chosen], rows[chosen]))]
    first = order[np.unique(rows[order], return_index=True)[1]]
    died, found = people["death_day"].to_numpy()[rows[first]], tumors["dx_day"].to_numpy()[first]
    age = tumors["ageAtDiagnosis"].cast(pl.Int64).to_numpy()[first] + ((died - found) / survival.DAYS).astype(
        int
    )
    group = np.where(age >= 85, 18, np.where(age < 1, 0, 1 + age // 5))
    of_person = people[rows[first]]
    counted = with_site_group(tumors[first].select("primarySite", "histologicTypeIcdO3")).select(
        "site_group",
        pl.lit("NY").alias("state"),
        of_person["countyAtDx"].alias("county"),
        pl.Series("year", calendar_days.year(died)),
        of_person["sexAssignedAtBirth"].alias("sex"),
        pl.Series("age_group", AGE_GROUPS).gather(group),
    )
    return counted.group_by(pl.all()).agg(pl.len().cast(pl.Int64).alias("deaths"))


def mortality(parts: list[pl.DataFrame], last_year: int) -> pl.DataFrame:
    """The deaths of all chunks up to a year: source, the columns of `deaths`; sorted by them."""
    if not parts:
        return pl.DataFrame()
    total = pl.concat(parts).filter(pl.col("year") <= last_year)
    keys = [name for name in total.columns if name != "deaths"]
    summed = total.group_by(keys).agg(pl.col("deaths").sum()).sort(keys)
    return summed.select(pl.lit(SOURCE).alias("source"), *keys, "deaths")
