"""The edit engine: null rule, blanks, over-rides, sets, keys, joins and one record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl
import pytest

from registry import edits
from registry.edits import definition, plan
from registry.edits.definition import PATIENT, default_requires
from registry.edits.plan import compile_plan
from registry.errors import BadInput, NotFound

AS_OF = dt.date(2026, 11, 1)


def found(tumors: dict[str, list[str | None]], *ids: str) -> list[str]:
    return edits.run(None, pl.DataFrame(tumors), list(ids), as_of=AS_OF).get_column("edit").to_list()


def test_an_invalid_value_silences_edits_that_compare_it() -> None:
    tumors = {"primarySite": ["C61X"], "sexAssignedAtBirth": ["2"]}
    assert found(tumors, "site-sex", "site-valid") == ["site-valid"]


def test_the_null_rule_holds_when_the_item_edit_is_not_in_the_set() -> None:
    assert found({"primarySite": ["C61X"], "sexAssignedAtBirth": ["2"]}, "site-sex") == []


def test_items_that_nobody_sent_count_as_blank() -> None:
    assert found({"primarySite": ["C619"]}, *edits.edit_ids("central")).count("site-sex") == 0
    assert "dx-date-required" in found({"primarySite": ["C619"]}, *edits.edit_ids("central"))


@pytest.mark.parametrize(("flag", "state"), [("1", "overridden"), (None, "open"), ("9", "open")])
def test_an_override_flag_is_respected_and_kept_in_sight(flag: str | None, state: str) -> None:
    tumors = pl.DataFrame(
        {"primarySite": ["C779"], "histologicTypeIcdO3": ["8500"], "overRideSiteType": [flag]}
    )
    failures = edits.run(None, tumors, ["node-nonlymphoma"], as_of=AS_OF)
    assert failures.select("state", "override_item").rows() == [(state, "overRideSiteType")]


def test_in_utero_needs_its_own_override_code() -> None:
    tumors = {
        "dateOfBirth": ["20200601"] * 2,
        "dateOfDiagnosis": ["2019"] * 2,
        "overRideAgeSiteMorph": ["1", "2"],
    }
    failures = edits.run(None, pl.DataFrame(tumors), ["dob-before-dx"], as_of=AS_OF)
    assert sorted(failures.get_column("state")) == ["open", "overridden"]


def test_failures_carry_keys_values_and_a_sentence() -> None:
    patients = pl.DataFrame({"patient_id": [5, 6], "sex": ["2", "1"], "nameLast": ["DOE", "ROE"]})
    tumors = pl.DataFrame(
        {
            "tumor_id": [11, 10],
            "patient_id": [5, 6],
            "facility_id": ["A", "B"],
            "primarySite": ["C619", "C569"],
        }
    )
    failures = edits.run(patients, tumors, ["site-sex"], as_of=AS_OF)
    assert failures.columns == [
        "facility_id", "patient_id", "tumor_id", "edit", "edit_version", "severity", "override_item", "items",
        "item_values", "message", "state",
    ]  # fmt: skip
    assert failures.row(0, named=True) | {"edit_version": ""} == {
        "facility_id": "A",
        "patient_id": 5,
        "tumor_id": 11,
        "edit": "site-sex",
        "edit_version": "",
        "severity": "error",
        "override_item": None,
        "items": "primarySite;sexAssignedAtBirth;sex",
        "item_values": '{"primarySite":"C619","sexAssignedAtBirth":null,"sex":"2"}',
        "message": "Primary site C619 cannot occur in a patient whose sex is 2",
        "state": "open",
    }
    assert failures.get_column("tumor_id").to_list() == [11, 10]


def test_records_without_own_ids_keep_the_senders() -> None:
    tumors = pl.DataFrame({"patientIdNumber": ["00000001"], "tumorRecordNumber": ["02"], "laterality": ["8"]})
    failures = edits.run(None, tumors, ["laterality-valid"], as_of=AS_OF)
    assert failures.select("patientIdNumber", "tumorRecordNumber").row(0) == ("00000001", "02")


def test_nothing_found_is_an_empty_table_with_its_columns() -> None:
    clean = pl.DataFrame({"tumor_id": [1], "laterality": ["1"]})
    failures = edits.run(None, clean, ["laterality-valid"], as_of=AS_OF)
    assert failures.is_empty() and failures.columns[:2] == ["tumor_id", "edit"]
    assert failures.schema["tumor_id"] == pl.Int64


def test_no_records_at_all() -> None:
    assert edits.run(None, pl.DataFrame({"tumor_id": []}), "central", as_of=AS_OF).is_empty()


def test_patients_and_tumors_need_a_key_in_common() -> None:
    with pytest.raises(BadInput, match="in common"):
        edits.run(pl.DataFrame({"sex": ["1"]}), pl.DataFrame({"primarySite": ["C619"]}), as_of=AS_OF)


def test_unknown_sets_and_edits_are_named() -> None:
    with pytest.raises(NotFound, match="edit set nowhere"):
        edits.edit_ids("nowhere")
    with pytest.raises(NotFound, match="edit no-such"):
        edits.edit_ids(["no-such"])


def test_sets_differ_as_their_table_says() -> None:
    central, hospital, submission = (
        set(edits.edit_ids(name)) for name in ("central", "hospital", "submission")
    )
    assert "ir-seq-unique" in central - hospital
    assert "facility-required" in hospital - central
    assert all(edits.find(edit_id).severity == "error" for edit_id in submission)
    assert central | hospital | submission < set(edits.edit_ids("all"))


def test_the_order_of_rows_does_not_matter() -> None:
    tumors = pl.DataFrame(
        {
            "patient_id": [1, 1, 2, 2, 3],
            "tumor_id": [1, 2, 3, 4, 5],
            "sequenceNumberCentral": ["01", "02", "00", "01", "00"],
            "dateOfDiagnosis": ["2020", "2019", "2018", "2018", "2020"],
        }
    )
    first = edits.run(None, tumors, "central", as_of=AS_OF)
    again = edits.run(None, tumors.reverse(), "central", as_of=AS_OF)
    assert first.equals(again) and first.height > 0


def test_inter_record_edits_see_only_one_patients_records() -> None:
    tumors = pl.DataFrame({"patient_id": [1, 2], "tumor_id": [1, 2], "sequenceNumberCentral": ["01", "01"]})
    assert edits.run(None, tumors, ["ir-seq-unique"], as_of=AS_OF).is_empty()


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A register that a test may add edits to."""
    edits.all_edits()
    monkeypatch.setattr(definition, "_REGISTER", dict(definition._REGISTER))
    yield
    plan.forget()


PAIRS = pl.DataFrame(
    {
        "patient_id": [1, 1, 1, 2, None],
        "tumor_id": [1, 2, 3, 4, 5],
        "primarySite": ["C509", "C50X", "C504", "C509", "C509"],
        "dateOfDiagnosis": ["2020", "2020", "201905", "2020", "2020"],
        "socialSecurityNumber": ["1"] * 5,
    }
)


@pytest.mark.usefixtures("register")
def test_an_edit_may_judge_the_frame_of_its_groups() -> None:
    seen: list[pl.DataFrame] = []

    def first_site(frame: pl.DataFrame) -> pl.Series:
        seen.append(frame)
        return frame.select(pl.col("primarySite") == "C509").to_series()

    edits.edit(
        "x-frame",
        message="{primarySite}",
        items=["primarySite"],
        level="inter-record",
        reads=["@site", "dateOfDiagnosis@first"],
    )(first_site)
    failures = edits.run(None, PAIRS, ["x-frame"], as_of=AS_OF)
    assert failures.get_column("tumor_id").to_list() == [1]
    assert seen[0].to_dict(as_series=False) == {
        "primarySite": ["C509", None, "C504"],
        "@site": [509, None, 504],
        "dateOfDiagnosis@first": [20200101, 20200101, 20190501],
        PATIENT: ["1", "1", "1"],
        "@as_of": [20261101] * 3,
    }


@pytest.mark.usefixtures("register")
def test_what_a_frame_edit_finds_stands_in_the_message() -> None:
    def who(frame: pl.DataFrame) -> pl.Series:
        return frame.select(pl.when(pl.len() == 5).then(pl.format("of {}", PATIENT))).to_series()

    edits.edit(
        "x-file", message="Site {primarySite}, {found}", items=["primarySite"], level="inter-record", over=()
    )(who)
    failures = edits.run(None, PAIRS, ["x-file"], as_of=AS_OF)
    assert failures.get_column("message").to_list() == [
        "Site C509, of 1", "Site C50X, of 1", "Site C504, of 1", "Site C509, of 2"
    ]  # fmt: skip
    assert edits.across_patients(["x-file", "ir-sex-same"]) == ("x-file",)


def test_a_review_of_an_error_edit_is_marked_in_the_failure() -> None:
    tumors = pl.DataFrame({"summaryStage2018": ["7", "0"], "behaviorCodeIcdO3": ["2", "3"]})
    failures = edits.run(None, tumors, ["ss-behavior"], as_of=AS_OF)
    assert sorted(failures.get_column("severity")) == ["error", "review"]


def test_every_item_of_the_edits_is_in_the_dictionary() -> None:
    from registry import standards

    known = set(standards.all_items().get_column("id"))
    used = {item for edit in edits.all_edits().values() for item in (*edit.items, *edit.override_items)}
    assert used - known == set()
    assert set(compile_plan(edits.edit_ids("all")).columns) - known == set()


def test_messages_speak_only_of_items() -> None:
    one = dict.fromkeys(compile_plan(edits.edit_ids("all")).columns)
    for edit in edits.all_edits().values():
        from registry.edits.failures import sentence

        assert "{" not in sentence(edit, one)
        assert edit.over != (PATIENT,) or edit.level == "inter-record" or edit.requires is not None


def test_a_replaced_item_and_its_successor_are_one_requirement() -> None:
    assert default_requires(["rxSummSurgPrimSite2023", "rxSummSurgPrimSite"]) == (
        "rxSummSurgPrimSite2023|rxSummSurgPrimSite",
    )


def test_the_listing_tells_what_a_set_holds() -> None:
    listing = edits.listing("submission")
    assert listing.height == len(edits.edit_ids("submission"))
    assert set(listing.get_column("severity")) == {"error"}


def test_a_column_of_dates_reads_like_text() -> None:
    days = pl.DataFrame({"tumor_id": [1], "dateOfDiagnosis": [dt.date(2027, 1, 5)]})
    failures = edits.run(None, days, ["dx-date-valid"], as_of=AS_OF)
    assert failures.get_column("item_values").to_list() == ['{"dateOfDiagnosis":"20270105"}']


def test_columns_of_lists_are_refused_in_one_line() -> None:
    with pytest.raises(BadInput, match="column primarySite"):
        edits.run(None, pl.DataFrame({"primarySite": [["C509"]]}), ["site-valid"], as_of=AS_OF)


def test_counts_are_those_of_the_table() -> None:
    tumors = pl.DataFrame(
        {"primarySite": ["C779"] * 2, "histologicTypeIcdO3": ["8500"] * 2, "overRideSiteType": ["1", None]}
    )
    counted = edits.counts(None, tumors, ["node-nonlymphoma", "site-valid"], as_of=AS_OF)
    assert counted.rows() == [("node-nonlymphoma", edits.find("node-nonlymphoma").severity, 2, 1)]


def test_a_social_security_number_is_never_shown_in_full() -> None:
    tumors = pl.DataFrame(
        {"patientIdNumber": ["00000001", "00000002"], "socialSecurityNumber": ["123456789"] * 2}
    )
    failures = edits.run(None, tumors, ["ir-ssn-shared"], as_of=AS_OF)
    assert failures.height == 2 and "12345" not in str(failures.rows())
    assert "*****6789" in failures.get_column("item_values")[0]


def test_a_flag_that_an_edit_of_one_patient_needs_is_left_alone() -> None:
    pair = {"primarySite": ["C504"] * 2, "laterality": ["1"] * 2, "histologicTypeIcdO3": ["8500"] * 2}
    tumors = pl.DataFrame({"patient_id": [1, 1], **pair, "overRideSiteLatSeqno": ["1"] * 2})
    apart = tumors.with_columns(patient_id=pl.Series([1, 2]))
    assert edits.run(None, tumors, ["override-unneeded"], as_of=AS_OF).is_empty()
    found = edits.run(None, apart, ["override-unneeded"], as_of=AS_OF)
    assert found.get_column("items").to_list() == ["overRideSiteLatSeqno"] * 2


def test_edits_that_look_at_the_day_are_known() -> None:
    days = edits.time_dependent(["dx-date-valid", "site-sex", "followup-overdue"])
    assert days == ("dx-date-valid", "followup-overdue")
    assert edits.time_dependent(["dob-before-dx"]) == ("dob-before-dx",)
