"""A second reading of the follow-up rules, row by row in plain Python, agrees on cohorts full of edge cases."""

from __future__ import annotations

import calendar
import datetime as dt
import random as randomness

import polars as pl
import pytest

from registry.followup import LIST_COLUMNS, FollowUpConfiguration, annual_follow_up

KEY = "patientIdNumber"
ANALYTIC = {"10", "11", "12", "13", "14", "20", "21", "22"}


def earliest(text: str | None) -> dt.date | None:
    try:
        return dt.date(int(text[:4]), int(text[4:6] or 1), int(text[6:8] or 1)) if text else None
    except ValueError:
        return None


def later(day: dt.date, months: int) -> dt.date:
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def exclusion(patient: dict, tumor: dict, reference: dt.date, as_of: dt.date) -> str:
    code = (tumor["classOfCase"] or "").zfill(2) if tumor["classOfCase"] else ""
    diagnosed, seen = earliest(tumor["dateOfDiagnosis"]), earliest(tumor["dateOf1stContact"])
    site, behavior = tumor["primarySite"], tumor["behaviorCodeIcdO3"]
    born, last = earliest(patient["dateOfBirth"]), earliest(patient["dateOfLastContact"])
    if code == "00":
        return "CLASS00"
    if code not in ANALYTIC:
        return "NONANALYTIC"
    if diagnosed and seen and diagnosed < reference and seen < reference:
        return "BEFORE_REFERENCE"
    if behavior in ("0", "1"):
        return "BENIGN_BORDERLINE"
    if site.startswith("C53") and behavior == "2":
        return "CERVIX_INSITU"
    histology = int(tumor["histologicTypeIcdO3"])
    if site.startswith("C44") and 8000 <= histology <= 8110 and tumor["summaryStage2018"] in ("0", "1"):
        return "SKIN_BASAL_SQUAMOUS"
    if patient["addrCurrentCountry"] not in (None, "USA", "PRI", "GUM"):
        return "FOREIGN_RESIDENT"
    silent = last is None or later(last, 12) < as_of
    if patient["vitalStatus"] != "0" and born and later(born, 1200) <= as_of and silent:
        return "AGE_100_NO_CONTACT"
    return ""


def line(patient: dict, eligible: int, as_of: dt.date) -> tuple | None:
    last = earliest(patient["dateOfLastContact"])
    due, lost = (later(last, 12), later(last, 15)) if last else (None, None)
    if lost is None or lost < as_of:
        status = "DELINQUENT"
    elif due < as_of:
        status = "OVERDUE"
    elif due <= later(as_of, 1):
        status = "DUE"
    else:
        return None
    months = None if last is None else next(n for n in range(3000, -1, -1) if later(last, n) <= as_of)
    letters = "PHYSICIAN" if patient["physicianFollowUp"] else "PATIENT"
    if patient["noPatientContactFlag"] == "1":
        letters = "REGISTRY_ONLY"
    order = ("DELINQUENT", "OVERDUE", "DUE").index(status), last or dt.date.min, patient[KEY]
    return order, (patient[KEY], patient["dateOfLastContact"], due, lost, status, months, letters, eligible)


def cohort(seed: int) -> tuple[list[dict], list[dict], dt.date, dt.date]:
    chance = randomness.Random(seed)
    as_of = chance.choice(
        [dt.date(2026, 10, 31), dt.date(2025, 2, 28), dt.date(2024, 2, 29), dt.date(2026, 7, 1)]
    )
    reference = dt.date(chance.choice([2006, 2007, 2012, 2023]), 1, 1)
    near = [
        later(as_of, -months) + dt.timedelta(days)
        for months in (1, 11, 12, 14, 15, 16, 60, 180)
        for days in range(-3, 4)
    ]
    marks = [reference + dt.timedelta(days) for days in range(-2, 3)] + [
        dt.date(2020, 2, 29),
        dt.date(2024, 2, 29),
    ]

    def date(pool: list[dt.date], blank: float = 0.03) -> str | None:
        if chance.random() < blank:
            return None
        day = chance.choice(pool)
        return day.strftime("%Y%m%d")[: chance.choice([8] * 8 + [6, 4])]

    births = [later(as_of, -1200) + dt.timedelta(days) for days in range(-2, 3)] + [
        dt.date(1950, 5, 5),
        dt.date(1924, 2, 29),
    ]
    patients = [
        {
            KEY: f"{number:08}", "vitalStatus": chance.choice("0111"),
            "dateOfLastContact": date([day for day in near if day <= as_of] + marks), "dateOfBirth": date(births),
            "addrCurrentCountry": chance.choice(["USA"] * 12 + ["PRI", "GUM", "CAN", "DEU", None]),
            "noPatientContactFlag": chance.choice(["0", "0", "0", "1", None]),
            "physicianFollowUp": chance.choice(["00000043", "00000007", None]),
        }
        for number in range(120)
    ]  # fmt: skip
    tumors = [
        {
            KEY: chance.choice(patients)[KEY], "tumorRecordNumber": f"{number:03}",
            "classOfCase": chance.choice(["10", "14", "14", "20", "22", "22", "00", "0", "38", "15", "9", None]),
            "primarySite": chance.choice(["C509", "C530", "C539", "C446", "C619"]),
            "histologicTypeIcdO3": chance.choice(["8000", "8070", "8110", "8111", "8500"]),
            "behaviorCodeIcdO3": chance.choice("0123333"), "summaryStage2018": chance.choice(["0", "1", "2", None]),
            "dateOfDiagnosis": date(near + marks), "dateOf1stContact": date(near + marks),
        }
        for number in range(170)
    ]  # fmt: skip
    return patients, tumors, reference, as_of


@pytest.mark.parametrize("seed", range(25))
def test_both_readings_agree(seed: int) -> None:
    patients, tumors, reference, as_of = cohort(seed)
    frames = [pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)) for rows in (patients, tumors)]
    settings = FollowUpConfiguration(reference_date=reference)
    result = annual_follow_up(*frames, as_of, configuration=settings)

    people = {patient[KEY]: patient for patient in patients}
    judged = [(tumor, exclusion(people[tumor[KEY]], tumor, reference, as_of)) for tumor in tumors]
    verdicts = sorted((tumor[KEY], tumor["tumorRecordNumber"], code) for tumor, code in judged)
    assert result.eligibility.rows() == verdicts

    eligible = [tumor for tumor, code in judged if not code]
    counts: dict[str, int] = {}
    for tumor in eligible:
        counts[tumor[KEY]] = counts.get(tumor[KEY], 0) + 1
    lines = [
        line(people[key], count, as_of) for key, count in counts.items() if people[key]["vitalStatus"] != "0"
    ]
    expected = [row for _, row in sorted(each for each in lines if each)]
    assert result.listed.select(KEY, *LIST_COLUMNS).rows() == expected

    for window, months in (("since_reference", None), ("last_fifteen_years", 180), ("last_five_years", 60)):
        start = reference if months is None else max(reference, later(as_of, -months))
        inside = [
            tumor for tumor in eligible
            if months is None or ((day := earliest(tumor["dateOfDiagnosis"])) and day >= start)
        ]  # fmt: skip
        for basis, keys in (
            ("tumor", [t[KEY] for t in inside]),
            ("patient", sorted({t[KEY] for t in inside})),
        ):
            dead = sum(people[key]["vitalStatus"] == "0" for key in keys)
            current = sum(
                people[key]["vitalStatus"] != "0"
                and (last := earliest(people[key]["dateOfLastContact"])) is not None
                and later(last, 15) >= as_of
                for key in keys
            )
            row = result.rates.filter(basis=basis, window=window).row(0, named=True)
            assert (row["A_eligible"], row["B_dead"], row["D_current"]) == (len(keys), dead, current)
            assert row["rate_pct"] == (round(100 * (dead + current) / len(keys), 4) if keys else None)
