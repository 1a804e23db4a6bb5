"""Nothing identifying leaves: every byte of what is written is searched for planted canaries."""

from __future__ import annotations

import datetime as dt
import io
import json

import polars as pl
import pytest

from registry import standards
from registry.errors import BadInput
from registry.security.deidentify import PATIENT_ITEMS, PROFILES, SMALL_ZIP3, TUMOR_ITEMS, deidentify
from registry.security.extracts import profile_for

KEY = b"0123456789abcdef0123456789abcdef"
COARSE = [name for name, profile in PROFILES.items() if not profile.limited]
CANARIES = ["QUETZALCOATL", "078051120", "quetzal lane 7", "19470613", "6135550199", "MRN-4711", "987654321"]


def person(**items: object) -> pl.DataFrame:
    return pl.DataFrame({
        "patient_id": [987654321], "nameLast": ["QUETZALCOATL"], "socialSecurityNumber": ["078051120"],
        "sexAssignedAtBirth": ["2"], "dateOfBirth": ["19470613"], "race1": ["01"], "vitalStatus": ["0"],
        "dateOfLastContact": ["20240301"], "causeOfDeath": ["C509"],
    } | {name: [value] for name, value in items.items()})  # fmt: skip


def tumor(**items: object) -> pl.DataFrame:
    return pl.DataFrame({
        "tumor_id": [987654321], "patient_id": [987654321], "primarySite": ["C509"], "behaviorCodeIcdO3": ["3"],
        "dateOfDiagnosis": ["20220215"], "ageAtDiagnosis": ["074"], "addrAtDxState": ["NY"],
        "addrAtDxPostalCode": ["100011234"], "countyAtDx": ["061"], "textRemarks": ["quetzal lane 7"],
    } | {name: [value] for name, value in items.items()})  # fmt: skip


def written(patients: pl.DataFrame, tumors: pl.DataFrame, report: dict) -> bytes:
    """All that a snapshot could hold, uncompressed so that a search finds it."""
    parts = [json.dumps(report).encode()]
    for frame in (patients, tumors):
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="uncompressed", statistics=True)
        parts += [buffer.getvalue(), frame.write_csv().encode()]
    return b"\n".join(parts)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("canary", [*(word for word in CANARIES if word != "19470613"), "19471399"])
def test_no_canary_passes_through_any_item(profile: str, canary: str) -> None:
    """The canary sits in every item of the dictionary at once, also where only a code belongs."""
    items = standards.dictionary().items
    ids = dict(items.select("id", "level").iter_rows())
    patients = person(**{name: canary for name, level in ids.items() if level == "Patient"}, county=canary)
    tumors = tumor(
        **{name: canary for name, level in ids.items() if level == "Tumor"},
        my_own_note=canary,
        site_group=canary,
        stage=canary,
        age_group=canary,
        site_recode_2008=canary,
    )
    out = written(*deidentify(patients, tumors, key=KEY, profile=profile))
    assert canary.encode() not in out
    assert canary.lower().encode() not in out.lower()


@pytest.mark.parametrize("profile", COARSE)
def test_no_date_passes_through_any_item(profile: str) -> None:
    ids = standards.dictionary().items.select("id", "level").rows()
    patients = person(**{name: "19470613" for name, level in ids if level == "Patient"})
    tumors = tumor(**{name: "19470613" for name, level in ids if level == "Tumor"})
    assert b"19470613" not in written(*deidentify(patients, tumors, key=KEY, profile=profile))


@pytest.mark.parametrize("profile", COARSE)
def test_no_identifier_and_no_day_in_the_ordinary_case(profile: str) -> None:
    out = written(*deidentify(person(), tumor(), key=KEY, profile=profile))
    for canary in [*CANARIES, "20220215", "20240301", "2022-02-15", "10001"]:
        assert canary.encode() not in out, canary
    assert KEY not in out


def test_what_a_researcher_gets() -> None:
    population = pl.DataFrame({"addrAtDxState": ["NY"], "countyAtDx": ["061"], "population": [1_600_000]})
    people, cases, report = deidentify(person(), tumor(), key=KEY, small_area=1, county_population=population)
    row = cases.row(0, named=True)
    assert (row["diagnosis_year"], row["age_at_diagnosis"], row["months_to_last_contact"]) == (2022, 74, 24)
    assert (row["state"], row["zip3"], row["county"], row["primarySite"]) == ("NY", "100", "061", "C509")
    assert row["study_patient_id"] == people["study_patient_id"].item()
    assert people.select("sex_at_birth", "race1", "vitalStatus", "cause_of_death").row(0) == (
        "2",
        "01",
        "0",
        "C50",
    )
    assert report["risk"]["patients_unique"] == 1
    assert report["columns_held_back"] == [
        "dateOfBirth", "dateOfDiagnosis", "nameLast", "socialSecurityNumber", "textRemarks",
    ]  # fmt: skip


def test_public_profile_has_no_geography_no_race_and_age_in_steps() -> None:
    people, cases, _ = deidentify(person(), tumor(), key=KEY, profile="public")
    assert {"state", "zip3", "county"}.isdisjoint(cases.columns)
    assert "race1" not in people.columns
    assert cases["age_at_diagnosis"].item() == 70


@pytest.mark.parametrize(
    ("age", "birth", "expected"),
    [
        ("089", None, 89),
        ("090", None, 90),
        ("104", None, 90),
        ("999", "19470613", 74),
        (None, None, None),
        (None, "1930", 90),
    ],
)
def test_age(age: str | None, birth: str | None, expected: int | None) -> None:
    patients = person().with_columns(pl.lit(birth, pl.String).alias("dateOfBirth"))
    _, cases, report = deidentify(
        patients, tumor().with_columns(pl.lit(age, pl.String).alias("ageAtDiagnosis")), key=KEY
    )
    assert cases["age_at_diagnosis"].item() == expected
    assert report["ages_top_coded"] == (expected == 90)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("10001", "100"),
        ("100011234", "100"),
        ("03601", "000"),
        ("1000", None),
        ("K1A0B1", None),
        (None, None),
        ("99999", "999"),
    ],
)
def test_zip(code: str | None, expected: str | None) -> None:
    cases = deidentify(
        person(),
        tumor().with_columns(pl.lit(code, pl.String).alias("addrAtDxPostalCode")),
        key=KEY,
        small_area=1,
    )[1]
    assert cases["zip3"].item() == expected
    assert len(SMALL_ZIP3) == 21


def test_small_areas_lose_their_name() -> None:
    size = 12
    patients = pl.DataFrame({"patient_id": range(size), "vitalStatus": "1"})
    tumors = pl.DataFrame({
        "tumor_id": range(size), "patient_id": range(size), "dateOfDiagnosis": "2020",
        "addrAtDxState": "NY", "addrAtDxPostalCode": ["10001"] * 11 + ["12201"], "countyAtDx": "061",
    })  # fmt: skip
    cases, report = deidentify(patients, tumors, key=KEY)[1:]
    assert cases["zip3"].value_counts().sort("zip3").rows() == [("000", 1), ("100", 11)]
    assert cases["county"].null_count() == size  # populations were not given
    assert report["areas_not_named"] == {"zip3": 1, "county": 12}
    assert report["risk"]["smallest_group"] == 1
    small = pl.DataFrame({"addrAtDxState": ["NY"], "countyAtDx": ["061"], "population": [99_999]})
    assert deidentify(patients, tumors, key=KEY, county_population=small)[1]["county"].null_count() == size


def test_partial_dates_and_intervals() -> None:
    tumors = tumor(
        dateOfDiagnosis="202202", rxDateSurgery="20220414", rxDateChemo="2022", rxDateRadiation="20220101"
    )
    row = deidentify(person(), tumors, key=KEY)[1].row(0, named=True)
    assert (row["months_to_surgery"], row["months_to_chemotherapy"], row["months_to_radiation"]) == (
        1,
        None,
        -2,
    )
    unknown = deidentify(person(), tumor(dateOfDiagnosis=None), key=KEY)[1].row(0, named=True)
    assert (unknown["diagnosis_year"], unknown["months_to_last_contact"]) == (None, None)


def test_study_numbers_are_one_way_stable_and_differ_by_study_and_key() -> None:
    def number(**settings: object) -> str:
        return deidentify(person(), tumor(), **({"key": KEY} | settings))[0]["study_patient_id"].item()  # type: ignore[arg-type]

    assert number() == number() != number(study="lung 2026")
    assert number() != number(key=KEY[::-1]) != number(profile="public")
    assert len(number()) == 20


def test_order_of_rows_does_not_show_the_order_in_the_registry() -> None:
    patients = pl.DataFrame({"patient_id": range(200)})
    tumors = pl.DataFrame({"tumor_id": range(200), "patient_id": range(200)})
    forward = deidentify(patients, tumors, key=KEY)
    backward = deidentify(patients.reverse(), tumors.sample(fraction=1, shuffle=True, seed=3), key=KEY)
    assert forward[0].equals(backward[0])
    assert forward[1].equals(backward[1])
    assert forward[0]["study_patient_id"].is_sorted()


def test_words_pass_only_when_a_published_table_has_them() -> None:
    cases, report = deidentify(person(), tumor(stage="Regional", site_group="Breast"), key=KEY)[1:]
    assert cases.select("stage", "site_group").row(0) == ("Regional", "Breast")
    cases, report = deidentify(person(), tumor(stage="regional, says Dr Quetzal"), key=KEY)[1:]
    assert cases["stage"].item() is None
    assert report["values_refused"] == {"stage": 1}


def test_refused_values_are_counted_by_item() -> None:
    report = deidentify(person(race1="QUETZALCOATL"), tumor(primarySite="breast"), key=KEY)[2]
    assert report["values_refused"] == {"primarySite": 1, "race1": 1}


def test_allow_list_names_no_confidential_item() -> None:
    confidential = set(standards.all_items().filter(~pl.col("record_types").str.contains("I"))["id"])
    assert confidential.isdisjoint(PATIENT_ITEMS | TUMOR_ITEMS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key": b"short"}, "5 bytes, at least 16"),
        ({"profile": "everything"}, "is no profile"),
        ({"patient_key": "id"}, "column id is missing"),
        ({"patients": pl.concat([person(), person()])}, "occurs twice"),
        ({"patients": person(patient_id=5)}, "belong to no patient"),
    ],
)
def test_bad_input_is_named(settings: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        deidentify(settings.pop("patients", person()), tumor(), **({"key": KEY} | settings))


@pytest.mark.parametrize(
    ("birth", "age", "contact", "expected"),
    [
        ("19370301", "085", "20270115", 58),  # before the month of the 90th birthday
        ("19370301", "085", "20270302", 60),  # past it: "60 or more", which is 90 or older
        ("19370301", "085", "20350101", 60),
        ("19370301", None, "20350101", 60),
        (None, "085", "20260301", 60),  # may have turned 90 the month before
        (None, "085", "20251201", 45),
        ("19300101", "092", "20221015", 7),
        ("19300101", "092", "20270101", 12),
        (None, None, "20350101", 154),  # no age is known, so none is told
        ("19600101", "062", "20400101", 214),
    ],
)
def test_intervals_do_not_tell_an_age_over_89(
    birth: str | None, age: str | None, contact: str, expected: int
) -> None:
    people = person(dateOfLastContact=contact).with_columns(pl.lit(birth, pl.String).alias("dateOfBirth"))
    cases = tumor(dateOfDiagnosis="20220301").with_columns(pl.lit(age, pl.String).alias("ageAtDiagnosis"))
    _, found, report = deidentify(people, cases, key=KEY)
    assert found["months_to_last_contact"].item() == expected
    assert report["intervals_top_coded"] == (expected in {60, 12})
    shifted = deidentify(people, cases, key=KEY, profile=profile_for("DEID", "shifted"))[1]
    assert (shifted["shifted_dateOfLastContact"].item() is None) == (expected in {60, 12})
    assert shifted["shifted_dateOfDiagnosis"].item() is not None


def test_survival_months_do_not_tell_it_either() -> None:
    cases = tumor(survMosActiveFollowup="0150", survMosPresumedAlive="9999", dateOfDiagnosis="20220301")
    people = person(dateOfBirth="19370301")
    row = deidentify(people, cases, key=KEY)[1].row(0, named=True)
    assert (row["age_at_diagnosis"], row["survMosActiveFollowup"]) == (74, "0192")
    old = cases.with_columns(ageAtDiagnosis=pl.lit("085"))
    row = deidentify(people, old, key=KEY)[1].row(0, named=True)
    assert (row["survMosActiveFollowup"], row["survMosPresumedAlive"]) == ("0060", "9999")


def test_all_dates_of_a_patient_move_alike_and_intervals_stay() -> None:
    size = 300
    people = pl.DataFrame({"patient_id": range(size), "dateOfLastContact": "20240301"})
    cases = pl.DataFrame({
        "tumor_id": range(2 * size), "patient_id": [n % size for n in range(2 * size)],
        "dateOfDiagnosis": ["20220215"] * size + ["20230810"] * size, "rxDateSurgery": "202303", "rxDateChemo": "2023",
    })  # fmt: skip
    rule = profile_for("DEID", "shifted")
    found = deidentify(people, cases, key=KEY, profile=rule)[1]
    days = found.select("study_patient_id", pl.col("^shifted_dateOf.*$").str.to_date("%Y%m%d"))
    moved = days.select((pl.col("shifted_dateOfLastContact") - dt.date(2024, 3, 1)).dt.total_days())
    assert set(moved.to_series().abs()) <= set(range(1, 183))
    assert moved.to_series().n_unique() > 150
    gap = (days["shifted_dateOfLastContact"] - days["shifted_dateOfDiagnosis"]).dt.total_days()
    assert gap.value_counts().sort("shifted_dateOfLastContact").rows() == [(204, size), (745, size)]
    first = days.sort("study_patient_id", "shifted_dateOfDiagnosis")
    between = first.group_by("study_patient_id").agg(pl.col("shifted_dateOfDiagnosis").diff().last())
    assert set(between["shifted_dateOfDiagnosis"].dt.total_days()) == {541}
    assert found["shifted_rxDateSurgery"].str.len_bytes().unique().to_list() == [6]
    assert found["shifted_rxDateChemo"].null_count() == found.height  # a year alone cannot move
    assert "diagnosis_year" not in found.columns
    other = deidentify(people, cases, key=KEY, profile=rule, study="other")[1]
    assert other["shifted_dateOfLastContact"].value_counts().sort(pl.all()).equals(
        found["shifted_dateOfLastContact"].value_counts().sort(pl.all())
    ) is False  # fmt: skip


def test_a_limited_data_set_has_dates_and_places_but_no_address() -> None:
    people, cases, _ = deidentify(
        person(telephone="6135550199", addrCurrentNoStreet="quetzal lane 7"),
        tumor(dateOfDiagnosis="20221399", rxDateSurgery="20220301", censusTract2020="000100"),
        key=KEY,
        profile="LIMITED",
    )
    assert people["dateOfBirth"].item() == "19470613"
    row = cases.row(0, named=True)
    assert (row["dateOfDiagnosis"], row["rxDateSurgery"]) == (None, "20220301")  # no date of the calendar
    assert (row["addrAtDxPostalCode"], row["countyAtDx"], row["addrAtDxState"]) == ("10001", "061", "NY")
    assert "censusTract2020" not in cases.columns
    out = written(people, cases, {})
    assert not any(word.encode() in out for word in CANARIES if word != "19470613")


def test_a_date_column_of_another_kind_is_no_way_round() -> None:
    patients = person().with_columns(dateOfLastContact=pl.lit(dt.date(2024, 3, 1)))
    assert b"2024-03-01" not in written(*deidentify(patients, tumor(), key=KEY))
