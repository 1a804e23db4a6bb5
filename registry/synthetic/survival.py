"""How long an invented patient lives: excess hazard of the tumor, other causes, and follow-up.

The time to death from the tumor follows a Weibull distribution through the relative survival after
1 and 5 years of its site and stage (stages.csv). The time to death from other causes follows
Gompertz-Makeham hazards by sex, age and calendar year (other_mortality.csv). Both run side by side,
so relative survival in the generated registry is the one of the table.
"""

from __future__ import annotations

import numpy as np

from registry.synthetic.calendar_days import MISSING, Ints
from registry.synthetic.draw import Bools, Floats, chance, normal_cdf, pick
from registry.synthetic.facts import FIRST_YEAR, Facts

DAYS = 365.2425
AGE_CORRELATION = 0.25
"""Older patients die sooner of the same tumor; correlation keeps the marginal distribution exact."""
YEAR_CORRELATION = 0.10
LOST = 0.02
UNREPORTED_DEATH = 0.015
FOLLOW_UP = {
    "current": (0.72, 20, 330),
    "due": (0.08, 335, 365),
    "overdue": (0.08, 366, 455),
    "delinquent": (0.12, 460, 1100),
}
"""Share of living patients who are followed, and days from last contact to the as-of date."""


def years_to_cancer_death(
    rng: np.random.Generator, facts: Facts, stage_row: Ints, age_score: Floats, year: Ints, last_year: int
) -> Floats:
    """Years from diagnosis to death from the tumor, as if nobody died of anything else.

    Args:
        rng: source of randomness.
        facts: the generator's tables.
        stage_row: row in stages.csv.
        age_score: standardised age within the site (mean 0, standard deviation 1).
        year: year of diagnosis.
        last_year: last year of diagnosis in the registry.
    """
    middle, spread = (FIRST_YEAR + last_year) / 2, max((last_year - FIRST_YEAR) / np.sqrt(12), 1.0)
    own = np.sqrt(1 - AGE_CORRELATION**2 - YEAR_CORRELATION**2)
    score = AGE_CORRELATION * np.clip(age_score, -3, 3) - YEAR_CORRELATION * (year - middle) / spread
    score += own * rng.standard_normal(len(stage_row))
    cumulative = -np.log(np.maximum(normal_cdf(score), 1e-12))
    return (cumulative / facts.excess_level[stage_row]) ** (1 / facts.excess_shape[stage_row])


def other_hazard(facts: Facts, male: Ints | int, age: Floats, year: Floats) -> Floats:
    """Deaths from other causes per person and year.

    >>> from registry.synthetic.facts import load
    >>> round(float(other_hazard(load(), 1, np.array(70.5), np.array(2014.0))), 3)
    0.025
    """
    makeham, level, slope, decline, reference = facts.other_mortality[np.where(np.asarray(male) == 1, 0, 1)].T
    return makeham + level * np.exp(slope * age - decline * (year - reference))


def years_to_other_death(
    rng: np.random.Generator, facts: Facts, male: Ints, age: Floats, year: Floats
) -> Floats:
    """Years from (exact) age and calendar year to death from other causes."""
    makeham, level, slope, decline, reference = facts.other_mortality[np.where(male == 1, 0, 1)].T
    now = level * np.exp(slope * age - decline * (year - reference))
    growth = slope - decline
    aging = np.log1p(growth * rng.standard_exponential(len(age)) / now) / growth
    return np.minimum(aging, rng.standard_exponential(len(age)) / makeham)


def reported_follow_up(
    rng: np.random.Generator, death_day: Ints, first_day: Ints, as_of: int
) -> tuple[Ints, Bools, Bools, Bools]:
    """What the facilities know on the as-of date.

    Returns:
        day of last contact, reported dead, lost to follow-up, and dead but not known to be.
    """
    size = len(death_day)
    died = (death_day != MISSING) & (death_day <= as_of)
    lost = chance(rng, LOST, size)
    unknown = died & (lost | chance(rng, UNREPORTED_DEATH, size))
    shares = [share for share, _, _ in FOLLOW_UP.values()]
    low = np.array([low for _, low, _ in FOLLOW_UP.values()])
    high = np.array([high for _, _, high in FOLLOW_UP.values()])
    kind = pick(rng, size, shares)
    back = low[kind] + (rng.random(size) * (high - low + 1)[kind]).astype(np.int64)
    alive_until = np.where(died, death_day - 1, as_of)
    usual = np.minimum(as_of - back, alive_until)
    last_possible = np.maximum(np.minimum(alive_until, as_of - 460), first_day)
    long_ago = first_day + (rng.random(size) * (last_possible - first_day)).astype(np.int64)
    contact = np.where(lost | unknown, long_ago, usual)
    contact = np.clip(contact, first_day, np.maximum(alive_until, first_day))
    dead = died & ~unknown
    return np.where(dead, death_day, contact), dead, lost, unknown
