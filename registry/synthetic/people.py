"""Invented persons: names, numbers, origin and address, one row each, under NAACCR ids."""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.synthetic import calendar_days
from registry.synthetic.draw import Bools, Ints, chance, either, pick, strings
from registry.synthetic.facts import Facts

RACES = {
    "01": 0.715, "02": 0.165, "03": 0.004, "04": 0.022, "05": 0.003, "06": 0.009, "08": 0.011, "10": 0.004,
    "16": 0.022, "17": 0.004, "96": 0.008, "97": 0.003, "98": 0.03,
}  # fmt: skip
HISPANIC_RACES = {"01": 0.72, "02": 0.12, "98": 0.16}
ASIAN = ("04", "05", "06", "08", "10", "16", "17", "96")
ORIGINS = {"1": 0.12, "2": 0.40, "3": 0.03, "4": 0.20, "5": 0.05, "6": 0.06, "8": 0.14}
HISPANIC_SHARE = 0.13
STREETS = (
    "MAPLE ST", "OAK AVE", "RIVER RD", "LAKE SHORE DR", "MAIN ST", "CHURCH ST", "PARK PL", "ELM ST", "HILL RD",
    "COUNTY ROAD 12", "ORCHARD LN", "UNION ST", "SPRING ST", "MILL & POND RD", "4TH ST NW", "STATE ST",
)  # fmt: skip
SSN_MISSING = 0.24
RACE_UNKNOWN = 0.03
ORIGIN_UNKNOWN = 0.03
COUNTY_UNKNOWN = 0.02
BIRTH_DAY_UNKNOWN = 0.006
NO_CONTACT = 0.01
_SERIALS = 9999
_GROUPS = 49
_SSN_SPACE = 100 * _GROUPS * _SERIALS
_SSN_STEP = 27_644_437


def social_security_numbers(person: Ints, seed: int) -> pl.Series:
    """A different number for every person, all 9xx-01..49-xxxx: a range that is never issued.

    Numbers that start with 9 are not social security numbers; the two digits 01-49 also keep away
    from the taxpayer numbers (50-99) that use the same first digit.

    >>> social_security_numbers(np.array([0, 1, 2]), 1).str.slice(0, 1).to_list()
    ['9', '9', '9']
    """
    place = (person * _SSN_STEP + seed * 7_919) % _SSN_SPACE
    area, rest = place // (_GROUPS * _SERIALS), place % (_GROUPS * _SERIALS)
    number = (900 + area) * 1_000_000 + (rest // _SERIALS + 1) * 10_000 + rest % _SERIALS + 1
    return pl.Series(number).cast(pl.String)


def draw_people(
    rng: np.random.Generator, facts: Facts, person: Ints, male: Ints, birth_day: Ints, age: Ints, seed: int
) -> pl.DataFrame:
    """Persons under NAACCR ids plus `county_row` (row in counties.csv) and `hub` (home facility).

    Args:
        rng: source of randomness.
        facts: the generator's tables.
        person: number of each person in the whole run.
        male: 1 male, 0 female.
        birth_day: day number of birth.
        age: age in completed years at first diagnosis.
        seed: seed of the run (shifts the social security numbers).
    """
    size = len(person)
    hispanic = chance(rng, HISPANIC_SHARE, size)
    frame = pl.DataFrame({"person": person})
    race = _origin(rng, hispanic)
    names = _names(rng, facts, male, hispanic, race["race1"].is_in(ASIAN).to_numpy())
    county = pick(rng, size, facts.counties["weight"].cast(pl.Float64).to_list())
    ssn = social_security_numbers(person, seed)
    missing = pl.Series(chance(rng, SSN_MISSING, size))
    birth = calendar_days.text(birth_day)
    year_only = pl.Series(chance(rng, BIRTH_DAY_UNKNOWN, size))
    return (
        frame.hstack(names)
        .hstack(race)
        .hstack(_address(rng, facts, county))
        .with_columns(
            strings(np.where(male, "1", "2")).alias("sexAssignedAtBirth"),
            either(~missing, ssn, "999999999").alias("socialSecurityNumber"),
            either(year_only, birth.str.slice(0, 4), birth).alias("dateOfBirth"),
            birth.alias("true_birth"),
            ssn.alias("true_ssn"),
            strings(_marital(rng, age)).alias("maritalStatusAtDx"),
            strings(_payer(rng, age)).alias("primaryPayerAtDx"),
            strings(np.where(chance(rng, NO_CONTACT, size), "1", "0")).alias("noPatientContactFlag"),
        )
    )  # fmt: skip


def _names(rng: np.random.Generator, facts: Facts, male: Ints, hispanic: Bools, asian: Bools) -> pl.DataFrame:
    size = len(male)
    first = facts.first_names["name"]
    men = int((facts.first_names["sex"] == "1").sum())
    women = len(first) - men

    def given() -> Ints:
        # squares of a uniform number: names at the top of the list are more common
        u = rng.random(size) ** 1.6
        return np.where(male == 1, (u * men).astype(np.int64), men + (u * women).astype(np.int64))

    groups = {
        name: facts.surnames.filter(pl.col("group") == name)["name"]
        for name in ("general", "hispanic", "asian")
    }
    counts = [len(groups[name]) for name in ("general", "hispanic", "asian")]
    kind = np.where(hispanic & chance(rng, 0.9, size), 1, np.where(asian & chance(rng, 0.9, size), 2, 0))
    offset = np.concatenate([[0], np.cumsum(counts)])[kind]
    surname = offset + ((rng.random(size) ** 1.5) * np.array(counts)[kind]).astype(np.int64)
    middle = first.gather(given())
    style = rng.random(size)
    middle = either(style >= 0.30, either(style < 0.615, middle.str.slice(0, 1), middle))
    return pl.DataFrame(
        {
            "nameLast": pl.concat([groups[name] for name in ("general", "hispanic", "asian")]).gather(
                surname
            ),
            "nameFirst": first.gather(given()),
            "nameMiddle": middle,
        }
    )


def _origin(rng: np.random.Generator, hispanic: Bools) -> pl.DataFrame:
    size = len(hispanic)
    codes = np.array(list(RACES))
    race = np.where(
        hispanic,
        np.array(list(HISPANIC_RACES))[pick(rng, size, HISPANIC_RACES)],
        codes[pick(rng, size, RACES)],
    )
    unknown = chance(rng, RACE_UNKNOWN, size)
    race = np.where(unknown, "99", race)
    # a second race is rare; white always comes last
    second = np.where(unknown, "99", np.where((race != "01") & chance(rng, 0.02, size), "01", "88"))
    rest = np.where(unknown, "99", "88")
    origin = np.where(hispanic, np.array(list(ORIGINS))[pick(rng, size, ORIGINS)], "0")
    origin = np.where(chance(rng, ORIGIN_UNKNOWN, size), "9", origin)
    third = strings(rest)
    return pl.DataFrame(
        {
            "race1": strings(race),
            "race2": strings(second),
            "race3": third,
            "race4": third,
            "race5": third,
            "spanishHispanicOrigin": strings(origin),
        }
    )


def _address(rng: np.random.Generator, facts: Facts, county: Ints) -> pl.DataFrame:
    size = len(county)
    counties = facts.counties
    number = pl.Series(rng.integers(1, 999, size)).cast(pl.String)
    street = pl.Series(STREETS).gather(rng.integers(0, len(STREETS), size))
    line = pl.Series(rng.integers(100, 200, size)).cast(pl.String)
    known = pl.Series(~chance(rng, COUNTY_UNKNOWN, size))
    code = counties["county"].gather(county)
    return pl.DataFrame(
        {
            "addrAtDxNoStreet": number + " " + street,
            "addrAtDxCity": counties["city"].gather(county),
            "addrAtDxPostalCode": counties["zip"].gather(county),
            "countyAtDx": either(known, code, "999"),
            # 555-01xx numbers are set aside for fiction
            "telephone": counties["area_code"].gather(county) + "5550" + line,
            "county_row": county,
            "hub": counties["hub"].cast(pl.Int64).gather(county),
        }
    )


def _marital(rng: np.random.Generator, age: Ints) -> np.ndarray:
    size = len(age)
    codes = np.array(["1", "2", "4", "5", "6", "9"])
    young = codes[pick(rng, size, [0.50, 0.38, 0.05, 0.0, 0.03, 0.04])]
    middle = codes[pick(rng, size, [0.19, 0.59, 0.13, 0.03, 0.02, 0.04])]
    old = codes[pick(rng, size, [0.11, 0.50, 0.09, 0.25, 0.01, 0.04])]
    return np.where(age < 18, "1", np.where(age < 40, young, np.where(age < 70, middle, old)))


def _payer(rng: np.random.Generator, age: Ints) -> np.ndarray:
    size = len(age)
    codes = np.array(["01", "20", "21", "31", "35", "60", "62", "63", "64", "67", "99"])
    under = codes[pick(rng, size, [0.04, 0.52, 0.14, 0.09, 0.10, 0.04, 0.01, 0, 0.01, 0.01, 0.04])]
    over = codes[pick(rng, size, [0.0, 0.08, 0.02, 0.01, 0.01, 0.30, 0.26, 0.20, 0.07, 0.02, 0.03])]
    medicare = np.char.startswith(under, "6") & (under != "67")
    return np.where(age >= 65, over, np.where(medicare & (age < 20), "20", under))
