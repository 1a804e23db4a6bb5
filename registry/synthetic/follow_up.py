"""What follow-up and reporting ask for beside the tumor: contacts, next source, residence elsewhere, restrictions, visits."""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.synthetic import calendar_days
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.draw import Bools, chance, either, pick, strings
from registry.synthetic.facts import Facts
from registry.synthetic.population import Population

ELSEWHERE = (
    ("PA", "SAYRE", "18840"),
    ("NJ", "MAHWAH", "07430"),
    ("CT", "GREENWICH", "06830"),
    ("MA", "PITTSFIELD", "01201"),
)
"""State, city and postal code of residents of other states, who are treated here."""  # fmt: skip
NON_RESIDENT = 0.03
COUNTY_ELSEWHERE = "998"
HAS_CONTACT = 0.45
RESTRICTIONS = {"00": 0.97, "01": 0.015, "02": 0.012, "06": 0.003}
"""Item 1856: released to nobody else when it came only from another state or from a federal hospital."""
RETURNS = 0.10
"""Living people who come back to a hospital after the day the abstract knows of."""
WRONG_NAME = 0.02
DEPARTMENTS = ("INTERNAL MEDICINE", "RADIOLOGY", "EMERGENCY", "CARDIOLOGY", "LABORATORY", "SURGERY")


def own_generator(rng: np.random.Generator) -> np.random.Generator:
    """A stream of its own, so that what was drawn before stays as it was."""
    return np.random.default_rng(rng.bit_generator.seed_seq.spawn(1)[0])  # type: ignore[attr-defined]


def with_follow_up(
    rng: np.random.Generator, facts: Facts, population: Population, person: np.ndarray, frame: pl.DataFrame
) -> pl.DataFrame:
    """Abstracts with contact persons, next follow-up source, item 1856 and residents of other states.

    Args:
        person: row in `population.people` of each abstract.
        frame: abstracts with addrAtDx items and npiPhysicianFollowUp.
    """
    rng = own_generator(rng)
    size = len(population.people)
    known = chance(rng, HAS_CONTACT, size)[person]
    names = facts.surnames["name"].gather(rng.integers(0, len(facts.surnames), size))
    given = facts.first_names["name"].gather(rng.integers(0, len(facts.first_names), size))
    contact = given + " " + names
    street = pl.Series(rng.integers(1, 999, size)).cast(pl.String) + " SYNTHETIC ST"
    here, elsewhere = (pl.Series([text]).new_from_index(0, len(frame)) for text in ("NY", COUNTY_ELSEWHERE))
    place = np.where(chance(rng, NON_RESIDENT, size), rng.integers(0, len(ELSEWHERE), size), -1)[person]
    away = place >= 0
    there = [pl.Series([row[part] for row in ELSEWHERE]).gather(np.maximum(place, 0)) for part in range(3)]
    restriction = np.array(list(RESTRICTIONS))[pick(rng, size, RESTRICTIONS)][person]
    alive = (frame["vitalStatus"] == "1").to_numpy()
    letter = np.where(frame["npiPhysicianFollowUp"].is_not_null().to_numpy(), "1", "2")
    return frame.with_columns(
        either(away, there[0], frame["addrAtDxState"]).alias("addrAtDxState"),
        either(away, there[1], frame["addrAtDxCity"]).alias("addrAtDxCity"),
        either(away, there[2], frame["addrAtDxPostalCode"]).alias("addrAtDxPostalCode"),
        either(away, elsewhere, frame["countyAtDx"]).alias("countyAtDx"),
        either(known, contact.gather(person)).alias("followUpContactName"),
        either(known, street.gather(person)).alias("followUpContactNost"),
        either(known, frame["addrAtDxCity"]).alias("followUpContactCity"),
        either(known, here).alias("followUpContactState"),
        either(known, frame["addrAtDxPostalCode"]).alias("followUpContactPostal"),
        strings(restriction).alias("reportingFacilityRestrictionFlag"),
        strings(np.where(alive, letter, "9")).alias("nextFollowUpSource"),
    )


def later_visits(
    rng: np.random.Generator, people: pl.DataFrame, written: pl.DataFrame, as_of: int
) -> pl.DataFrame:
    """visits.csv: hospital visits after the last contact that the abstracts know, a few under a misspelt name.

    Returns:
        frame[facility, medicalRecordNumber, nameLast, nameFirst, dateOfBirth, visit_date, department].
    """
    rng = own_generator(rng)
    last = people["last_day"].to_numpy()
    returns: Bools = chance(rng, RETURNS, len(people)) & ~people["dead"].to_numpy() & (last < as_of - 1)
    returns &= people["death_day"].to_numpy() == MISSING
    day = last + 1 + (rng.random(len(people)) * np.maximum(as_of - last - 1, 0)).astype(np.int64)
    wrong = chance(rng, WRONG_NAME, len(people))
    department = pl.Series(DEPARTMENTS).gather(rng.integers(0, len(DEPARTMENTS), len(people)))
    person = written["person_row"].to_numpy()
    chosen = np.flatnonzero(returns[person] & written["first_of_patient"].to_numpy())
    rows, who = written[chosen], person[chosen]
    return rows.select(
        pl.col("reportingFacility").alias("facility"),
        "medicalRecordNumber",
        pl.when(pl.Series(wrong[who])).then(pl.lit("SYNTHETIC")).otherwise("nameLast").alias("nameLast"),
        "nameFirst",
        "dateOfBirth",
        calendar_days.text(day[who]).alias("visit_date"),
        department.gather(who).alias("department"),
    )
