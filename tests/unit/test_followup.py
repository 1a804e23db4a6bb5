"""Follow-up rules one by one: each row is an example of what followup rules say."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from registry.errors import BadInput
from registry.followup import (
    EXCLUSIONS,
    FollowUpConfiguration,
    Work,
    eligibility,
    follow_up_list,
    rates,
    rates_by_age,
    summary,
)
from registry.followup.configuration import editions

AS_OF = dt.date(2026, 10, 31)
SETTINGS = FollowUpConfiguration(reference_date=dt.date(2007, 1, 1))
PATIENT = {
    "patientIdNumber": "1", "vitalStatus": "1", "dateOfLastContact": "20260901", "dateOfBirth": "19500101",
    "addrCurrentCountry": "USA", "noPatientContactFlag": "0", "physicianFollowUp": "00000043",
}  # fmt: skip
TUMOR = {
    "patientIdNumber": "1", "tumorRecordNumber": "01", "classOfCase": "14", "primarySite": "C509",
    "histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3", "summaryStage2018": "1",
    "dateOfDiagnosis": "20200101", "dateOf1stContact": "20200101",
}  # fmt: skip


def one(patient: dict[str, str | None] | None = None, tumor: dict[str, str | None] | None = None) -> tuple:
    schema = dict.fromkeys(PATIENT, pl.String), dict.fromkeys(TUMOR, pl.String)
    return pl.DataFrame([PATIENT | (patient or {})], schema[0]), pl.DataFrame(
        [TUMOR | (tumor or {})], schema[1]
    )


@pytest.mark.parametrize(
    ("patient", "tumor", "code"),
    [
        ({}, {}, ""),
        ({}, {"classOfCase": "00"}, "CLASS00"),
        ({}, {"classOfCase": "0"}, "CLASS00"),
        ({}, {"classOfCase": "00", "behaviorCodeIcdO3": "0", "dateOfDiagnosis": "20050101"}, "CLASS00"),
        ({}, {"classOfCase": None}, "NONANALYTIC"),
        ({}, {"classOfCase": " "}, "NONANALYTIC"),
        ({}, {"classOfCase": "15"}, "NONANALYTIC"),
        ({}, {"classOfCase": "38"}, "NONANALYTIC"),
        ({}, {"classOfCase": "22"}, ""),
        ({}, {"dateOfDiagnosis": "20061231", "dateOf1stContact": "20061231"}, "BEFORE_REFERENCE"),
        ({}, {"dateOfDiagnosis": "20061231", "dateOf1stContact": "20070101"}, ""),
        ({}, {"dateOfDiagnosis": "2007", "dateOf1stContact": "20061231"}, ""),
        ({}, {"dateOfDiagnosis": "200612", "dateOf1stContact": "200612"}, "BEFORE_REFERENCE"),
        ({}, {"dateOfDiagnosis": "20061231", "dateOf1stContact": None}, ""),
        ({}, {"behaviorCodeIcdO3": "1"}, "BENIGN_BORDERLINE"),
        ({}, {"primarySite": "C530", "behaviorCodeIcdO3": "2"}, "CERVIX_INSITU"),
        ({}, {"primarySite": "C539"}, ""),
        ({}, {"primarySite": "C509", "behaviorCodeIcdO3": "2"}, ""),
        (
            {},
            {"primarySite": "C445", "histologicTypeIcdO3": "8110", "summaryStage2018": "0"},
            "SKIN_BASAL_SQUAMOUS",
        ),
        ({}, {"primarySite": "C445", "histologicTypeIcdO3": "8111"}, ""),
        ({}, {"primarySite": "C445", "histologicTypeIcdO3": "8070", "summaryStage2018": "2"}, ""),
        ({}, {"primarySite": "C445", "histologicTypeIcdO3": "8070", "summaryStage2018": None}, ""),
        ({"addrCurrentCountry": "CAN"}, {}, "FOREIGN_RESIDENT"),
        ({"addrCurrentCountry": "CAN"}, {"behaviorCodeIcdO3": "0"}, "BENIGN_BORDERLINE"),
        ({"addrCurrentCountry": "PRI"}, {}, ""),
        ({"addrCurrentCountry": "GUM"}, {}, ""),
        ({"addrCurrentCountry": "ZZU"}, {}, ""),
        ({"addrCurrentCountry": None}, {}, ""),
        ({"dateOfBirth": "19261031", "dateOfLastContact": "20251030"}, {}, "AGE_100_NO_CONTACT"),
        ({"dateOfBirth": "19261031", "dateOfLastContact": "20251031"}, {}, ""),
        ({"dateOfBirth": "19261101", "dateOfLastContact": "20251030"}, {}, ""),
        ({"dateOfBirth": "1926", "dateOfLastContact": "2025"}, {}, "AGE_100_NO_CONTACT"),
        ({"dateOfBirth": "1926", "dateOfLastContact": None}, {}, "AGE_100_NO_CONTACT"),
        ({"dateOfBirth": "1926", "dateOfLastContact": "2025", "vitalStatus": "0"}, {}, ""),
    ],
)
def test_first_excluding_rule(patient: dict, tumor: dict, code: str) -> None:
    frames = one(patient, tumor)
    assert eligibility(*frames, AS_OF, configuration=SETTINGS)["exclusion"].item() == code
    assert code == "" or code in EXCLUSIONS


@pytest.mark.parametrize(
    ("last_contact", "as_of", "status", "due", "delinquent", "months"),
    [
        (
            "20250731",
            AS_OF,
            "OVERDUE",
            "2026-07-31",
            "2026-10-31",
            15,
        ),  # day 15 months itself is still current
        ("20250730", AS_OF, "DELINQUENT", "2026-07-30", "2026-10-30", 15),
        ("20251030", AS_OF, "OVERDUE", "2026-10-30", "2027-01-30", 12),
        ("20251031", AS_OF, "DUE", "2026-10-31", "2027-01-31", 12),
        ("20251130", AS_OF, "DUE", "2026-11-30", "2027-02-28", 11),
        ("20251201", AS_OF, None, None, None, None),  # one month after 31 October is 30 November
        ("20240229", dt.date(2025, 2, 28), "DUE", "2025-02-28", "2025-05-29", 12),
        ("20240229", dt.date(2025, 5, 30), "DELINQUENT", "2025-02-28", "2025-05-29", 15),
        ("20241130", dt.date(2026, 2, 28), "OVERDUE", "2025-11-30", "2026-02-28", 15),
        ("20241130", dt.date(2026, 3, 1), "DELINQUENT", "2025-11-30", "2026-02-28", 15),
        ("202508", AS_OF, "OVERDUE", "2026-08-01", "2026-11-01", 14),
        ("2025", AS_OF, "DELINQUENT", "2026-01-01", "2026-04-01", 21),
        ("20250230", AS_OF, "DELINQUENT", None, None, None),  # not a date: no known contact
        (None, AS_OF, "DELINQUENT", None, None, None),
    ],
)
def test_dates_and_status(last_contact, as_of, status, due, delinquent, months) -> None:  # type: ignore[no-untyped-def]
    listed = follow_up_list(*one({"dateOfLastContact": last_contact}), as_of, configuration=SETTINGS)
    if status is None:
        assert listed.is_empty()
        return
    line = listed.row(0, named=True)
    day = [value if value is None else str(value) for value in (line["dueDate"], line["delinquentAfter"])]
    assert (line["status"], *day, line["monthsSinceContact"]) == (status, due, delinquent, months)
    assert line["dateOfLastContact"] == last_contact


@pytest.mark.parametrize(
    ("patient", "letter"),
    [
        ({}, "PHYSICIAN"),
        ({"physicianFollowUp": None}, "PATIENT"),
        ({"physicianFollowUp": "99999999"}, "PATIENT"),
        ({"noPatientContactFlag": "1"}, "REGISTRY_ONLY"),
        ({"noPatientContactFlag": "1", "physicianFollowUp": None}, "REGISTRY_ONLY"),
        ({"noPatientContactFlag": None}, "PHYSICIAN"),
    ],
)
def test_letter_address(patient: dict, letter: str) -> None:
    frames = one({"dateOfLastContact": "20240101"} | patient)
    assert follow_up_list(*frames, AS_OF, configuration=SETTINGS)["lettersTo"].item() == letter


def test_research_flag_need_not_bar_letters_but_the_own_flag_does() -> None:
    patients, tumors = one({"dateOfLastContact": "20240101", "noPatientContactFlag": "1"})
    lax = FollowUpConfiguration(patient_contact_flag_bars_letters=False)
    assert follow_up_list(patients, tumors, AS_OF, configuration=lax)["lettersTo"].item() == "PHYSICIAN"
    own = Work(bars=pl.DataFrame({"patientIdNumber": ["1"], "barredWhy": ["asked by telephone"]}))
    line = follow_up_list(patients, tumors, AS_OF, configuration=lax, work=own).row(0, named=True)
    assert (line["lettersTo"], line["barred"], line["barredWhy"]) == (
        "REGISTRY_ONLY",
        True,
        "asked by telephone",
    )


def test_dead_are_not_listed() -> None:
    assert follow_up_list(*one({"dateOfLastContact": "2015", "vitalStatus": "0"}), AS_OF).is_empty()


def test_followed_anyway_is_listed_but_never_rated() -> None:
    frames = one({"dateOfLastContact": "20240101"}, {"behaviorCodeIcdO3": "1"})
    assert follow_up_list(*frames, AS_OF, configuration=SETTINGS).is_empty()
    for switch in (True, ("BENIGN_BORDERLINE",)):
        settings = FollowUpConfiguration(reference_date=dt.date(2007, 1, 1), follow_anyway=switch)
        line = follow_up_list(*frames, AS_OF, configuration=settings).row(0, named=True)
        assert (line["eligibleTumors"], line["followedAnyway"]) == (0, "BENIGN_BORDERLINE")
        assert rates(*frames, AS_OF, configuration=settings)["A_eligible"].sum() == 0
    with pytest.raises(BadInput, match="NONSENSE is no exclusion code"):
        follow_up_list(*frames, AS_OF, configuration=FollowUpConfiguration(follow_anyway=("NONSENSE",)))


def test_list_takes_physician_from_the_latest_tumor_and_tells_the_tumors() -> None:
    patients, tumors = one({"dateOfLastContact": "20240101"})
    patients = patients.drop("physicianFollowUp").with_columns(nameLast=pl.lit("SYNTH"), sex=pl.lit("2"))
    tumors = pl.concat(
        [tumors, tumors.with_columns(tumorRecordNumber=pl.lit("02"), dateOfDiagnosis=pl.lit("2022"))]
    )
    tumors = tumors.with_columns(physicianFollowUp=pl.Series(["00000007", "00000008"]))
    attempts = pl.DataFrame({
        "patientIdNumber": ["1", "1"], "date": ["20250101", "20250301"], "method": "letter", "result": "no reply",
    })  # fmt: skip
    line = follow_up_list(patients, tumors, AS_OF, work=Work(attempts=attempts)).row(0, named=True)
    assert (line["physicianFollowUp"], line["eligibleTumors"], line["lettersTo"]) == (
        "00000008",
        2,
        "PHYSICIAN",
    )
    assert line["tumors"] == "01 C509 8500 3 1 20200101 14; 02 C509 8500 3 1 2022 14"
    assert (line["nameLast"], line["sexAssignedAtBirth"]) == ("SYNTH", "2")
    assert (line["attempts"], line["lastAttempt"]) == (2, "2025-03-01 letter no reply")


def cohort(rows: list[tuple[str, str, str]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(vitalStatus, dateOfLastContact, dateOfDiagnosis) a patient, one tumor each."""
    frames = [
        one({"patientIdNumber": str(n), "vitalStatus": alive, "dateOfLastContact": seen},
            {"patientIdNumber": str(n), "dateOfDiagnosis": diagnosed})
        for n, (alive, seen, diagnosed) in enumerate(rows)
    ]  # fmt: skip
    return pl.concat([patient for patient, _ in frames]), pl.concat([tumor for _, tumor in frames])


def test_windows_and_targets() -> None:
    frames = cohort([
        ("1", "20260901", "20211031"), ("1", "20240901", "20211030"), ("0", "20130101", "20111031"),
        ("1", "20200101", "2011"), ("1", "20260101", "20061231"),
    ])  # fmt: skip
    table = rates(*frames, AS_OF, configuration=SETTINGS).filter(pl.col("basis") == "patient")
    assert table["A_eligible"].to_list() == [5, 3, 1]
    assert table["B_dead"].to_list() == [1, 1, 0]
    assert table["rate_pct"].to_list() == [60.0, 66.6667, 100.0]
    assert table["living_rate_pct"].to_list() == [50.0, 50.0, 100.0]
    assert table["met"].to_list() == [False, False, True]
    assert [str(day) for day in table["from"]] == ["2007-01-01", "2011-10-31", "2021-10-31"]


def test_five_years_are_cut_at_a_younger_reference_date_fifteen_are_not() -> None:
    settings = FollowUpConfiguration(reference_date=dt.date(2024, 1, 1))
    table = rates(*one(), AS_OF, configuration=settings)
    begins = dict(table.select("window", "from").iter_rows())
    assert begins == {
        "since_reference": dt.date(2024, 1, 1),
        "last_five_years": dt.date(2024, 1, 1),
        "last_fifteen_years": dt.date(AS_OF.year - 15, AS_OF.month, AS_OF.day),
    }


def test_windows_may_count_from_the_last_completed_year() -> None:
    settings = FollowUpConfiguration(windows_count_from="completed_year")
    frames = cohort(
        [("1", "20260901", "20201231"), ("1", "20260901", "20210101"), ("1", "20260901", "20260101")]
    )
    table = rates(*frames, AS_OF, configuration=settings).filter(pl.col("window") == "last_five_years")
    assert table["A_eligible"].to_list() == [1, 1]
    assert str(table["from"][0]) == "2021-01-01"


def test_nobody_gives_no_rate_and_no_error() -> None:
    patients, tumors = one()
    table = rates(patients.clear(), tumors.clear(), AS_OF)
    assert table["rate_pct"].to_list() == [None] * 6
    assert table["met"].to_list() == [None] * 6
    assert summary(patients.clear(), tumors.clear(), AS_OF)["list"] == {
        "DELINQUENT": 0,
        "OVERDUE": 0,
        "DUE": 0,
    }


def test_groups() -> None:
    patients, tumors = cohort([("1", "20260901", "20220101"), ("1", "20200901", "20230101")])
    tumors = tumors.with_columns(facility_id=pl.Series(["A", "B"]))
    table = rates(patients, tumors, AS_OF, by=("facility", "year")).filter(pl.col("basis") == "patient")
    assert table.filter(pl.col("window") == "last_five_years").select("facility", "year", "rate_pct").rows() == [
        ("A", 2022, 100.0), ("B", 2023, 0.0),
    ]  # fmt: skip
    assert rates(patients, tumors, AS_OF, by="physician")["physician"].unique().to_list() == ["00000043"]
    with pytest.raises(BadInput, match="no column nonsense"):
        rates(patients, tumors, AS_OF, by="nonsense")


def test_age_groups_of_seer() -> None:
    patients, tumors = cohort(
        [("1", "20260901", "20150101"), ("1", "20200901", "20141231"), ("0", "2020", "2019")]
    )
    tumors = tumors.with_columns(behaviorCodeIcdO3=pl.Series(["3", "3", "2"]))
    table = rates_by_age(patients, tumors, AS_OF)
    assert table.select("A_eligible", "rate_pct", "met", "goal_met").rows() == [
        (0, None, None, None), (1, 0.0, False, False), (1, 100.0, True, True), (1, 100.0, True, True),
    ]  # fmt: skip


def test_key_may_be_our_own_number() -> None:
    patients, tumors = one({"dateOfLastContact": "2020"})
    patients, tumors = (frame.with_columns(patient_id=pl.lit(7, pl.Int64)) for frame in (patients, tumors))
    assert follow_up_list(patients, tumors, AS_OF, key="patient_id")["patient_id"].item() == 7


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p, t: (pl.concat([p, p]), t), "1 rows repeat a patientIdNumber"),
        (lambda p, t: (p, t.with_columns(patientIdNumber=pl.lit("9"))), "1 rows have a patientIdNumber"),
        (lambda p, t: (p.drop("dateOfLastContact"), t), "column dateOfLastContact is missing"),
        (lambda p, t: (p, t.with_columns(pl.col("patientIdNumber").cast(pl.Int64))), "Int64 in the other"),
    ],
)
def test_bad_input_is_named(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match=message):
        eligibility(*spoil(*one()), AS_OF)


def test_editions_are_dated_and_floor_moves_the_start() -> None:
    assert editions()[0]["valid_from"] == dt.date(2021, 3, 22)
    early = FollowUpConfiguration.on(dt.date(2024, 1, 1), reference_date=dt.date(1998, 1, 1))
    assert early.start == dt.date(2005, 1, 1)
    assert FollowUpConfiguration(reference_date=dt.date(1998, 1, 1), followup_floor=None).start.year == 1998
    older = FollowUpConfiguration.on(dt.date(2018, 1, 1), reference_date=dt.date(1998, 1, 1))
    assert (older.start, older.windows) == (dt.date(1998, 1, 1), early.windows)
    with pytest.raises(BadInput, match="no edition"):
        FollowUpConfiguration.on(dt.date(1990, 1, 1))
