"""Who reports what: abstracts of one, two or three facilities for each invented tumor."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from registry.synthetic import calendar_days, treatment
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.draw import Bools, Grouped, Ints, chance, either, pick, rank_within, strings
from registry.synthetic.facts import Facts
from registry.synthetic.follow_up import with_follow_up
from registry.synthetic.population import Population

SINGLE, TWO, THREE = 0.79, 0.19, 0.02
ALONE = {
    "14": 0.62,
    "10": 0.07,
    "12": 0.09,
    "22": 0.10,
    "11": 0.03,
    "13": 0.04,
    "00": 0.02,
    "32": 0.02,
    "30": 0.01,
}
PAIRS = {("00", "22"): 0.33, ("00", "20"): 0.12, ("13", "21"): 0.24, ("11", "21"): 0.06, ("14", "32"): 0.13, ("14", "30"): 0.07, ("14", "31"): 0.05}  # fmt: skip
LATER = ("30", "31", "32")
"""Classes that come after the first course: first contact months or years after diagnosis."""
REMARK = "SYNTHETIC RECORD, NOT A REAL PERSON"
STALE_FOLLOW_UP = 0.15
"""Second facilities that stopped following a living patient."""


PERSON_ITEMS = (
    "nameLast", "nameFirst", "nameMiddle", "socialSecurityNumber", "sexAssignedAtBirth", "sex", "dateOfBirth", "race1",
    "race2", "race3", "race4", "race5", "spanishHispanicOrigin", "autopsy", "addrAtDxNoStreet", "addrAtDxCity",
    "addrAtDxPostalCode", "countyAtDx", "telephone", "noPatientContactFlag", "maritalStatusAtDx", "primaryPayerAtDx",
    "true_birth",
)  # fmt: skip


@dataclass
class Numbering:
    """Running numbers of each facility over the whole run."""

    patients: dict[int, int] = field(default_factory=dict)
    accessions: dict[tuple[int, int], int] = field(default_factory=dict)

    def patient(self, facility: Ints) -> Ints:
        """Next patient numbers, 1 onward, in order of appearance at each facility."""
        keys = [int(f) for f in np.unique(facility)]
        base = np.zeros(max(keys, default=0) + 1, dtype=np.int64)
        ranks = rank_within(facility)
        for key in keys:
            base[key] = self.patients.get(key, 0)
            self.patients[key] = int(base[key]) + int((facility == key).sum())
        return base[facility] + ranks + 1

    def accession(self, facility: Ints, year: Ints) -> Ints:
        """Accession numbers YYYYnnnnn, counted within facility and year."""
        key = facility * 10_000 + year
        unique, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        base = np.array([self.accessions.get((int(k) // 10_000, int(k) % 10_000), 0) for k in unique])
        for k, before, count in zip(unique, base, counts, strict=True):
            self.accessions[int(k) // 10_000, int(k) % 10_000] = int(before + count)
        return year * 100_000 + base[inverse] + rank_within(key) + 1


@dataclass(frozen=True)
class Visits:
    """One entry per abstract: tumor row, facility, place in the chain (0 first), class, first contact."""

    tumor: Ints
    facility: Ints
    role: Ints
    class_of_case: np.ndarray
    contact: Ints
    referred: Ints


def visits(rng: np.random.Generator, facts: Facts, population: Population) -> Visits:
    """Facilities that see each tumor, in the order facility, person, tumor."""
    tumors, people = population.tumors, population.people
    size = len(tumors)
    person = tumors["person_row"].to_numpy()
    home = people["home"].to_numpy()[person]
    count = len(facts.facilities)
    away = chance(rng, 0.25, size) & (tumors["sequenceNumberCentral"] == "02").to_numpy()
    home = np.where(away, rng.integers(0, count, size), home)
    second = _referral(rng, facts, home)
    third = np.array([min({0, 1, 2} - {a, b}) for a in range(count) for b in range(count)])[
        home * count + second
    ]
    scenario = pick(rng, size, [SINGLE, TWO, THREE])
    alone = np.array(list(ALONE))[pick(rng, size, ALONE)]
    pair = pick(rng, size, list(PAIRS.values()))
    first_class = np.array([a for a, _ in PAIRS])[pair]
    second_class = np.array([b for _, b in PAIRS])[pair]
    first_class = np.where(scenario == 0, alone, np.where(scenario == 2, "00", first_class))
    second_class = np.where(scenario == 2, "21", second_class)
    dx, until = tumors["dx_day"].to_numpy(), people["last_day"].to_numpy()[person]
    near, far = dx + rng.integers(5, 40, size), dx + rng.integers(90, 1000, size)
    second_day = np.where(np.isin(second_class, LATER), far, near)
    third_day = dx + rng.integers(60, 500, size)
    has_second = (scenario > 0) & (second_day <= until)
    has_third = (scenario == 2) & has_second & (third_day <= until)
    first_class = np.where((scenario > 0) & ~has_second, "14", first_class)
    first_day = np.where(np.isin(first_class, LATER), far, np.where(first_class == "22", near, dx))
    too_late = first_day > until
    first_class = np.where(too_late, "14", first_class)
    first_day = np.where(too_late, dx, first_day)
    two, three = np.flatnonzero(has_second), np.flatnonzero(has_third)
    tumor = np.concatenate([np.arange(size), two, three])
    parts = {
        "facility": np.concatenate([home, second[two], third[three]]),
        "role": np.concatenate([np.zeros(size, int), np.ones(len(two), int), np.full(len(three), 2)]),
        "class_of_case": np.concatenate([first_class, second_class[two], np.full(len(three), "30")]),
        "contact": np.concatenate([first_day, second_day[two], third_day[three]]),
        "referred": np.concatenate([np.where(has_second, second, MISSING), home[two], second[three]]),
    }
    order = np.lexsort((tumor, person[tumor], parts["facility"]))
    return Visits(tumor[order], **{name: values[order] for name, values in parts.items()})


def _referral(rng: np.random.Generator, facts: Facts, home: Ints) -> Ints:
    """Another facility, more often a large one."""
    count = len(facts.facilities)
    weight = np.tile(facts.facilities["share_referral"].cast(pl.Float64).to_numpy(), (count, 1))
    np.fill_diagonal(weight, 0.0)
    return Grouped(np.repeat(np.arange(count), count), weight.ravel()).draw(rng, home) % count


def build(
    rng: np.random.Generator,
    facts: Facts,
    population: Population,
    seen: Visits,
    numbering: Numbering,
    as_of: int,
) -> pl.DataFrame:
    """Abstracts as the facilities wrote them, all items under NAACCR ids.

    Extra columns: `person_row`, `tumor_row`, `facility` (row in facilities.csv), `role`,
    `first_of_patient` and `last_of_patient` (within the facility).
    """
    tumors = population.tumors.drop("microscopic", "stage_row", "final_diagnosis")[seen.tumor]
    person = tumors["person_row"].to_numpy()
    people = population.people.select(PERSON_ITEMS)[person]
    new = np.concatenate([[True], (person[1:] != person[:-1]) | (seen.facility[1:] != seen.facility[:-1])])
    group = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    patient = numbering.patient(seen.facility[starts])[group]
    accession = numbering.accession(seen.facility[starts], calendar_days.year(seen.contact[starts]))[group]
    facility = facts.facilities[seen.facility].select("facility", "npi", "prefix", "version")
    last = np.concatenate([new[1:], [True]])
    table = pl.Series([f"{n:02d}" for n in range(100)])
    frame = people.hstack(tumors.drop("person_row")).with_columns(
        pl.Series("person_row", person),
        pl.Series("tumor_row", seen.tumor),
        pl.Series("facility", seen.facility),
        pl.Series("role", seen.role),
        pl.Series("first_of_patient", new),
        pl.Series("last_of_patient", last),
        facility["version"].alias("version"),
        facility["facility"].alias("reportingFacility"),
        facility["npi"].alias("npiReportingFacility"),
        pl.Series("patientIdNumber", patient).cast(pl.String).str.zfill(8),
        (
            facility["prefix"] + pl.Series((patient * 7_368_787) % 10_000_000).cast(pl.String).str.zfill(7)
        ).alias("medicalRecordNumber"),
        pl.Series("accessionNumberHosp", accession).cast(pl.String),
        table.gather(rank_within(group) + 1).alias("tumorRecordNumber"),
        pl.Series("sequenceNumberHospital", tumors["sequenceNumberCentral"]),
        strings(seen.class_of_case).alias("classOfCase"),
        strings(np.where(chance(rng, 0.06, len(person)), "8", "1")).alias("typeOfReportingSource"),
        calendar_days.text(seen.contact).alias("dateOf1stContact"),
        pl.lit("NY").alias("addrAtDxState"),
        pl.lit("USA").alias("addrAtDxCountry"),
        *_reported_status(rng, population, person, seen),
        *_case_dates(rng, population, person, seen, as_of),
        *_at_this_facility(facts, population, tumors, seen),
        *_physicians(rng, seen),
        *_other_institution(facts, seen),
        pl.lit(REMARK).alias("textRemarks"),
    )
    return with_follow_up(rng, facts, population, person, frame).with_columns(
        *(pl.col(f"addrAtDx{part}").alias(f"addrCurrent{part}") for part in ("NoStreet", "City", "State", "PostalCode", "Country"))
    )  # fmt: skip


def _reported_status(
    rng: np.random.Generator, population: Population, person: Ints, seen: Visits
) -> list[pl.Series]:
    people = population.people
    last, dead = people["last_day"].to_numpy()[person], people["dead"].to_numpy()[person]
    several = np.bincount(person, minlength=len(people))[person] > 1
    floor = np.maximum(seen.contact, population.given.last(treatment.MODALITIES)[seen.tumor])
    last_dx = np.zeros(len(people), dtype=np.int64)
    np.maximum.at(last_dx, population.tumors["person_row"].to_numpy(), population.tumors["dx_day"].to_numpy())
    floor = np.maximum(floor, last_dx[person])
    alone = rank_alone(seen.facility * (len(people) + 1) + person)
    stale = several & (seen.role > 0) & ~dead & alone & chance(rng, STALE_FOLLOW_UP, len(person))
    older = floor + (rng.random(len(person)) * np.maximum(last - floor, 0)).astype(np.int64)
    last = np.where(stale & (floor < last), older, last)
    free = np.where(rng.random(len(person)) < 0.9, "1", "9")
    ill = np.where(rng.random(len(person)) < 0.85, "2", "9")
    distant = (population.tumors["stage_code"].gather(seen.tumor) == "7").to_numpy()
    return [
        calendar_days.text(last).alias("dateOfLastContact"),
        strings(np.where(dead, "0", "1")).alias("vitalStatus"),
        either(dead, people["cause"].gather(person), "0000").alias("causeOfDeath"),
        strings(np.where(dead, "1", "0")).alias("icdRevisionNumber"),
        strings(np.where(distant | (dead & people["by_cancer"].to_numpy()[person]), ill, free)).alias("cancerStatus"),
        calendar_days.text(last).alias("dateOfLastCancerStatus"),
        strings(np.where(dead, "7", np.array(["1", "2", "3"])[pick(rng, len(person), [0.5, 0.35, 0.15])])).alias("followUpSource"),
        pl.Series("stale", stale),
    ]  # fmt: skip


def rank_alone(keys: Ints) -> Bools:
    """True where the key occurs once.

    >>> rank_alone(np.array([4, 4, 9])).tolist()
    [False, False, True]
    """
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] == 1)


def _case_dates(
    rng: np.random.Generator, population: Population, person: Ints, seen: Visits, as_of: int
) -> list[pl.Series]:
    started = np.minimum(seen.contact + rng.integers(20, 90, len(person)), as_of)
    completed = np.minimum(started + rng.integers(20, 120, len(person)), as_of)
    received = np.minimum(completed + 10 + completed % 25, as_of)  # sent once a month
    last = population.people["last_day"].to_numpy()[person]
    changed = np.minimum(np.maximum(completed, last + rng.integers(5, 40, len(person))), as_of)
    initials = pl.Series(["SYA", "SYB", "SYC", "SYD", "SYE"]).gather(rng.integers(0, 5, len(person)))
    return [
        calendar_days.text(started).alias("dateCaseInitiated"),
        calendar_days.text(completed).alias("dateCaseCompleted"),
        calendar_days.text(changed).alias("dateCaseLastChanged"),
        calendar_days.text(received).alias("dateCaseReportReceived"),
        calendar_days.text(np.full(len(person), as_of)).alias("dateCaseReportExported"),
        initials.alias("abstractedBy"),
    ]


def here(seen: Visits) -> dict[str, Bools]:
    """Whether each modality, if given at all, was given at this facility."""
    everything = np.isin(seen.class_of_case, ["14", "10", "12", "22", "20"])
    surgical = np.isin(seen.class_of_case, ["11", "13"])
    rest = seen.class_of_case == "21"
    return {name: everything | (surgical if name == "surgery" else rest) for name in treatment.MODALITIES}


def _at_this_facility(
    facts: Facts, population: Population, tumors: pl.DataFrame, seen: Visits
) -> list[pl.Series]:
    given, place = population.given, here(seen)
    year = tumors["year"].to_numpy()
    row = np.where(place["surgery"], given.surgery_row[seen.tumor], MISSING)
    code = treatment.surgery_codes(facts, tumors["site_row"].to_numpy(), year, row)
    got = {name: place[name] & (given.day[name][seen.tumor] != MISSING) for name in treatment.MODALITIES}
    modality = tumors["phase1RadiationTreatmentModality"].cast(pl.Int64).to_numpy()
    kind = np.where(~got["radiation"], "0", np.where(modality == 10, "2", np.where(modality == 13, "3", "1")))
    return [
        either(year < 2023, code).alias("rxHospSurgPrimSite"),
        either(year >= 2023, code).alias("rxHospSurgPrimSite2023"),
        strings(kind).alias("rxHospRadiation"),
        either(got["chemo"], tumors["rxSummChemo"], "00").alias("rxHospChemo"),
        either(got["hormone"], tumors["rxSummHormone"], "00").alias("rxHospHormone"),
        either(got["brm"], tumors["rxSummBrm"], "00").alias("rxHospBrm"),
    ]


PHYSICIANS = 8
"""Physicians of each facility."""


def physician_npis(facility: int) -> list[str]:
    """NPIs that nobody holds, with a valid check digit."""
    return [with_check_digit(f"100000{2 + facility}{number:02d}") for number in range(PHYSICIANS)]


def with_check_digit(base: str) -> str:
    """Ten-digit NPI from its first nine digits (Luhn, with the prefix 80840).

    >>> with_check_digit("123456789")
    '1234567893'
    """
    total = 0
    for place, digit in enumerate(reversed("80840" + base)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return base + str(-total % 10)


def _physicians(rng: np.random.Generator, seen: Visits) -> list[pl.Series]:
    npis = pl.Series(
        [npi for facility in range(int(seen.facility.max(initial=0)) + 1) for npi in physician_npis(facility)]
    )
    size = len(seen.facility)

    def one() -> pl.Series:
        return npis.gather(seen.facility * PHYSICIANS + rng.integers(0, PHYSICIANS, size))

    follow = one()
    return [
        one().alias("npiPhysicianManaging"),
        either(chance(rng, 0.93, size), follow).alias("npiPhysicianFollowUp"),
    ]


def _other_institution(facts: Facts, seen: Visits) -> list[pl.Series]:
    """Facility that the patient was sent to or came from, when there was one."""
    index = pl.Series(seen.referred)
    codes = facts.facilities["facility"].gather(index.clip(lower_bound=0))
    known, first = index >= 0, pl.Series(seen.role == 0)
    return [
        either(known & first, codes).alias("institutionReferredTo"),
        either(known & ~first, codes).alias("institutionReferredFrom"),
    ]
