"""The truth of one chunk of the made-up registry: persons, their tumors, treatment and survival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.synthetic import calendar_days, pathology, people, survival, treatment
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.draw import Bools, Floats, Ints, chance, either, pick, strings
from registry.synthetic.facts import Facts
from registry.synthetic.tumors import Diagnoses, TumorMaker

SECOND_PRIMARY = 0.085
"""Tried for this share of patients; about 6 % live long enough and get one."""
FOLLOWED_BY_SECOND = 120
"""Days between two primaries, at least."""
TRANSSEXUAL = 0.0015
CAUSE_UNKNOWN = {"7777": 0.04, "7797": 0.02}
OTHER_CAUSES = {
    "I219": 0.13, "I251": 0.17, "I500": 0.07, "I639": 0.08, "J449": 0.12, "G309": 0.09, "F019": 0.05, "E119": 0.07,
    "N189": 0.05, "J189": 0.06, "A419": 0.05, "K746": 0.03, "W199": 0.03,
}  # fmt: skip


@dataclass(frozen=True)
class Population:
    """One chunk.

    people: NAACCR patient items plus `person` (number in the run), `death_day` (truth), `last_day`,
        `dead` (known to facilities), `lost`, `unreported`, `cause`, `true_cause`, `home`.
    tumors: NAACCR tumor items plus `person_row` (row in people), `dx_day`, `site_row` and others.
    given: treatment days of each tumor.
    """

    people: pl.DataFrame
    tumors: pl.DataFrame
    given: treatment.Given


@dataclass(frozen=True)
class Course:
    """Diagnosis and cancer death of tumors: one entry each."""

    person: Ints
    site: Ints
    day: Ints
    death_day: Ints
    description: pl.DataFrame


def simulate(
    rng: np.random.Generator, facts: Facts, maker: TumorMaker, start: int, size: int, as_of: int, seed: int
) -> Population:
    """Persons `start` to `start + size` of the run, with everything that is true about them."""
    first = maker.first_diagnoses(rng, size)
    age = treatment.age_years(first.age)
    birth = first.day - np.floor(first.age * survival.DAYS).astype(np.int64)
    persons = people.draw_people(rng, facts, start + np.arange(size), first.male, birth, age, seed)
    two = chance(rng, SECOND_PRIMARY, size) & ~facts.is_kind("benign", "unknown")[first.site]
    one = _course(rng, facts, maker, np.arange(size), first, needs_microscopy=two)
    exact_year = calendar_days.year(first.day).astype(float)
    other = survival.years_to_other_death(rng, facts, first.male, first.age, exact_year)
    other_day = _after(first.day, other)
    later = _second(rng, facts, maker, two, first, birth, np.minimum(one.death_day, other_day))
    person = np.concatenate([one.person, later.person])
    cancer_day = one.death_day.copy()
    cancer_site = np.arange(size)
    sooner = later.death_day < cancer_day[later.person]
    cancer_day[later.person[sooner]] = later.death_day[sooner]
    cancer_site[later.person[sooner]] = size + np.flatnonzero(sooner)
    tumors = pl.concat([one.description, later.description]).with_columns(pl.Series("person_row", person))
    persons = _follow(rng, facts, persons, tumors, cancer_day, other_day, cancer_site, as_of)
    tumors, given = _treat(rng, facts, tumors, persons, birth)
    tumors = tumors.with_columns(_sequence(tumors, size, facts), _age_item(tumors, birth))
    return Population(_home(rng, facts, persons), tumors, given)


def _after(day: Ints, years: Floats) -> Ints:
    """Day after so many years, within the calendar; at least one day later."""
    limit = calendar_days.day_number(calendar_days.LAST) - 400
    return np.minimum(day + 1 + np.floor(np.minimum(years, 150) * survival.DAYS).astype(np.int64), limit)


def _course(
    rng: np.random.Generator,
    facts: Facts,
    maker: TumorMaker,
    person: Ints,
    dx: Diagnoses,
    needs_microscopy: Bools,
) -> Course:
    description = maker.describe(rng, dx.site, dx.day, needs_microscopy)
    years = survival.years_to_cancer_death(
        rng,
        facts,
        description["stage_row"].to_numpy(),
        dx.age_score,
        description["year"].to_numpy(),
        maker.last_year,
    )
    return Course(person, dx.site, dx.day, _after(dx.day, years), description)


def _second(
    rng: np.random.Generator, facts: Facts, maker: TumorMaker, two: Bools, first: Diagnoses, birth: Ints,
    alive_until: Ints,
) -> Course:  # fmt: skip
    """Second primaries of those who live to have one: another site, on a later day."""
    end = np.minimum(alive_until, calendar_days.day_number(calendar_days.dt.date(maker.last_year, 12, 31)))
    low = first.day + FOLLOWED_BY_SECOND
    rows = np.flatnonzero(two & (end > low))
    day = low[rows] + (rng.random(len(rows)) * (end - low)[rows]).astype(np.int64)
    site = maker.second_sites(rng, first.male[rows])
    age = (day - birth[rows]) / survival.DAYS
    fits = (site != first.site[rows]) & (age >= facts.site_numbers("min_age")[site] + 1)
    rows, day, site, age = rows[fits], day[fits], site[fits], age[fits]
    number = facts.site_numbers
    score = (age - number("age1")[site]) / number("sd1")[site]
    second = Diagnoses(site, first.male[rows], day, age, score)
    return _course(rng, facts, maker, rows, second, needs_microscopy=np.ones(len(rows), dtype=bool))


def _follow(
    rng: np.random.Generator, facts: Facts, persons: pl.DataFrame, tumors: pl.DataFrame, cancer_day: Ints,
    other_day: Ints, cancer_tumor: Ints, as_of: int,
) -> pl.DataFrame:  # fmt: skip
    size = len(persons)
    death = np.minimum(cancer_day, other_day)
    last_dx = np.zeros(size, dtype=np.int64)
    np.maximum.at(last_dx, tumors["person_row"].to_numpy(), tumors["dx_day"].to_numpy())
    died = np.where(death <= as_of, death, MISSING)
    contact, dead, lost, unreported = survival.reported_follow_up(rng, died, last_dx, as_of)
    by_group = facts.sites["icd10"].gather(tumors["site_row"].gather(cancer_tumor))
    cancer = either(by_group.is_not_null(), by_group, tumors["primarySite"].gather(cancer_tumor))
    others = pl.Series(list(OTHER_CAUSES)).gather(pick(rng, size, OTHER_CAUSES))
    true_cause = either(cancer_day <= other_day, cancer, others)
    u = rng.random(size)
    sex = persons["sexAssignedAtBirth"]
    other_sex = chance(rng, TRANSSEXUAL, size)
    unknown = strings(np.where(u < CAUSE_UNKNOWN["7777"], "7777", "7797"))
    return persons.with_columns(
        pl.Series("death_day", died),
        pl.Series("last_day", contact),
        pl.Series("dead", dead),
        pl.Series("lost", lost),
        pl.Series("unreported", unreported),
        true_cause.alias("true_cause"),
        either(u < sum(CAUSE_UNKNOWN.values()), unknown, true_cause).alias("cause"),
        pl.Series("by_cancer", cancer_day <= other_day),
        strings(np.where(dead, np.where(rng.random(size) < 0.04, "1", "2"), "0")).alias("autopsy"),
        # version 25 and before told natal sex of transsexual persons by 5 and 6
        either(other_sex, sex.replace({"1": "5", "2": "6"}), sex).alias("sex"),
    )


def _treat(
    rng: np.random.Generator, facts: Facts, tumors: pl.DataFrame, persons: pl.DataFrame, birth: Ints
) -> tuple[pl.DataFrame, treatment.Given]:
    row = tumors["person_row"].to_numpy()
    until = persons["last_day"].to_numpy()[row]
    age = calendar_days.completed_years(birth[row], tumors["dx_day"].to_numpy())
    given = treatment.give(rng, facts, tumors, age, until)
    dead = persons["dead"].to_numpy()[row]
    tumors = tumors.with_columns(treatment.columns(rng, facts, tumors, given, dead, until))
    specimen = pl.Series(given.day["surgery"] != MISSING)
    graded = pl.when(specimen | (pl.col("grade_code") == "8")).then("grade_code").otherwise(pl.lit("9"))
    tumors = tumors.with_columns(pl.when(pl.col("year") >= 2018).then(graded).alias("gradePathological"))
    text = pathology.final_diagnosis(facts, tumors, given.surgery_row)
    read = pl.col("diagnosticConfirmation").is_in(["1", "2", "3", "4"])
    code = pl.coalesce("rxSummSurgPrimSite", "rxSummSurgPrimSite2023")
    operation = pl.format("SURGERY OF THE PRIMARY SITE, CODE {}. INVENTED.", code)
    return tumors.with_columns(text).with_columns(
        pl.when(read).then("final_diagnosis").alias("textDxProcPath"),
        pl.when(specimen).then(operation).alias("rxTextSurgery"),
    ), given


def _sequence(tumors: pl.DataFrame, size: int, facts: Facts) -> pl.Series:
    """00 for an only primary, 01 and 02 for two, 60 for benign and borderline."""
    person = tumors["person_row"].to_numpy()
    several = np.bincount(person, minlength=size)[person] > 1
    benign = facts.is_kind("benign")[tumors["site_row"].to_numpy()]
    number = np.where(several, np.where(np.arange(len(person)) < size, "01", "02"), "00")
    return strings(np.where(benign, "60", number)).alias("sequenceNumberCentral")


def _age_item(tumors: pl.DataFrame, birth: Ints) -> pl.Series:
    years = calendar_days.completed_years(birth[tumors["person_row"].to_numpy()], tumors["dx_day"].to_numpy())
    return pl.Series([f"{n:03d}" for n in range(131)]).gather(years).alias("ageAtDiagnosis")


def _home(rng: np.random.Generator, facts: Facts, persons: pl.DataFrame) -> pl.DataFrame:
    """Facility of first resort: near the county of residence, sometimes another."""
    anywhere = pick(rng, len(persons), facts.facilities["share_home"].cast(pl.Float64).to_list())
    near = chance(rng, 0.85, len(persons))
    return persons.with_columns(pl.Series("home", np.where(near, persons["hub"].to_numpy(), anywhere)))
