"""Passive sources on a real database: visits, another registry's file, pathology reports move last contact forward."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.errors import BadInput, Denied
from registry.followup.contact_codes import CONTACT_AFTER_DEATH, CONTRADICTION, DEATH_BEFORE_CONTACT
from registry.security.roles import Actor
from registry.service import Session
from tests.integration.followup_store import ANNA, BEN, abstracts, copied, make, patient, tasks
from tests.received import ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, hl7, write

HEADER = "facility,medicalRecordNumber,nameLast,nameFirst,dateOfBirth,visit_date,department\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    with copied(made, tmp_path) as opened:
        yield opened


def take(session: Session, path: Path, *lines: str, header: str = HEADER, **more: Any) -> dict[str, Any]:
    path.write_text(header + "\n".join(lines) + "\n")
    return dict(session.run("followup.import", kind="visits", path=str(path), **more))


def outcomes(session: Session) -> list[tuple[int, str]]:
    return session.run("followup.import_lines").select("line", "outcome").rows()


def test_visits_move_forward_and_say_from_where(session: Session, tmp_path: Path) -> None:
    answer = take(
        session, tmp_path / "v.csv",
        f"{ONE},MRN1,ALVAREZ,MARIA T,19500214,2026-05-01,ONCOLOGY",
        "1000001010,MRN1,Alvarez,,1950,2026-06-01,LABORATORY",
        f"{TWO},X8,Brooks,,,2023-01-20,WARD",
    )  # fmt: skip
    assert (answer["rows"], answer["moved"], answer["not_later"]) == (3, 1, 2)
    items = (
        "facility_id",
        "dateOfLastContact",
        "followUpSource",
        "followUpSourceCentral",
        "dateCaseLastChanged",
    )
    assert abstracts(session, 1, *items)[0] == (ONE, "20260601", "1", "30", "20261031")
    assert {row[1] for row in abstracts(session, 1, *items)} == {"20260601"}
    assert (patient(session), patient(session, 2)) == (("1", "20260601"), ("1", "20240301"))
    contact = session.run("followup.contacts").row(0, named=True)
    assert (contact["method"], contact["contact_type"], contact["note"]) == (
        "passive",
        "passive",
        f"visit {ONE} LABORATORY",
    )
    assert json.loads(contact["changes"])["1"]["dateOfLastContact"] == ["20240301", "20260601"]
    assert session.run("records.history", abstract_id=1).filter(item="dateOfLastContact")["reason"].to_list() == ["passive follow-up: visits"]  # fmt: skip


def test_the_same_file_again_does_nothing(session: Session, tmp_path: Path) -> None:
    line = f"{ONE},MRN1,ALVAREZ,,,2026-05-01,X"
    first = take(session, tmp_path / "v.csv", line)
    counted = "SELECT (SELECT count(*) FROM follow_up_contact), (SELECT count(*) FROM follow_up_import), (SELECT sum(version) FROM abstract)"  # fmt: skip
    before = session._store.query(counted).rows()
    again = take(session, tmp_path / "other-name.csv", line)
    assert (again["again"], again["import_id"], again["moved"]) == (True, first["import_id"], 0)
    assert session._store.query(counted).rows() == before
    anew = take(session, tmp_path / "v.csv", line, again=True)
    assert (anew["again"], anew["moved"], anew["not_later"]) == (False, 0, 1)
    assert abstracts(session, 1, "version") == [(2,)] * 3


def test_lines_that_fit_nobody_contradict_or_cannot_be_read_are_kept(
    session: Session, tmp_path: Path
) -> None:
    answer = take(
        session, tmp_path / "v.csv",
        f"{ONE},NOBODY,ALVAREZ,,,2026-05-01,X",
        f"{ONE},MRN1,SMITH,,,2026-05-01,X",
        f"{ONE},MRN1,ALVAREZ,,19610101,2026-05-01,X",
        f"{ONE},MRN1,,,,2026-05-01,X",
        f"{ONE},MRN1,ALVAREZ,,,2026-02-30,X",
        f"{ONE},MRN1,ALVAREZ,,,2026-11-01,X",
        f"{ONE},MRN1,ALVAREZ,,,1949,X",
        f"{ONE},MRN1,ALVAREZ,,,,X",
        f"{ONE},MRN1,ALVAREZ,,,2022-01-01,X",
    )  # fmt: skip
    assert {name: answer[name] for name in ("moved", "not_later", "unmatched", "unreadable", "review")} == {
        "moved": 0, "not_later": 1, "unmatched": 1, "unreadable": 4, "review": 3,
    }  # fmt: skip
    assert outcomes(session) == [
        (2, "unmatched"), (3, "review"), (4, "review"), (5, "unreadable"), (6, "unreadable"), (7, "unreadable"),
        (8, "review"), (9, "unreadable"), (10, "not_later"),
    ]  # fmt: skip
    assert tasks(session) == [(CONTRADICTION, None)]
    kept = session.run("followup.import_lines", outcome="unmatched").row(0, named=True)
    assert json.loads(kept["content"])["medicalRecordNumber"] == "NOBODY"
    assert session._store.verify_audit().ok
    assert not any("ALVAREZ" in line or "MRN1" in line for line in answer["messages"])
    assert patient(session) == ("1", "20240301")


def test_our_own_number_and_a_record_number_must_mean_the_same(session: Session, tmp_path: Path) -> None:
    header = "patient_id,visit_date,facility,medicalRecordNumber,nameLast\n"
    answer = take(session, tmp_path / "v.csv", "1,2026-05-01,,,", "2,2026-05-01,,,SMITH", f"2,2026-05-02,{ONE},MRN1,", "99,2026-05-01,,,", "x,2026-05-01,,,", header=header)  # fmt: skip
    assert outcomes(session) == [
        (2, "moved"),
        (3, "review"),
        (4, "review"),
        (5, "unmatched"),
        (6, "unreadable"),
    ]
    assert answer["moved"] == 1
    assert patient(session, 2) == ("1", "20240301")


def test_the_dead_stay_dead_and_each_visit_after_is_reviewed_once(session: Session, tmp_path: Path) -> None:
    session.run("followup.record", patient_id=1, stated_date="2026-03-01", vital_status="0")
    line = f"{ONE},MRN1,ALVAREZ,,,2026-05-01,X"
    assert take(session, tmp_path / "v.csv", line, f"{ONE},MRN1,ALVAREZ,,,2026-02-01,X")["review"] == 1
    assert (patient(session), tasks(session)) == (("0", "20260301"), [(CONTACT_AFTER_DEATH, None)])
    task = session._store.query(
        "SELECT task_id FROM review_task WHERE kind = ?", [CONTACT_AFTER_DEATH]
    ).item()
    session.run("tasks.close", task_id=task, outcome="another person's card")
    assert take(session, tmp_path / "v.csv", line, again=True)["not_later"] == 1
    assert tasks(session) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"name,visit_date\nx,2026-01-01\n", b"patient_id\n1\n", b"patient_id,patient_id,visit_date\n1,1,2026\n", b'patient_id,visit_date\n"1,2\n'],
)  # fmt: skip
def test_what_is_no_file_of_visits_is_refused_whole(session: Session, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "v.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput):
        session.run("followup.import", kind="visits", path=str(path))
    assert session.run("followup.imports").is_empty()


def test_a_hospital_reports_a_death(session: Session, tmp_path: Path) -> None:
    header = "patient_id,visit_date,vitalStatus\n"
    answer = take(
        session, tmp_path / "v.csv", "1,2026-05-01,1", "1,2026-05-03,0", "2,2026-05-01,7", header=header
    )
    assert (answer["moved"], answer["not_later"], answer["unreadable"]) == (1, 1, 1)
    assert patient(session) == ("0", "20260503")
    assert session.run("followup.contacts")["outcome"].to_list() == ["died"]


def test_the_death_code_of_older_files_is_a_death(session: Session, tmp_path: Path) -> None:
    session._store._engine.cursor().execute("UPDATE abstract SET \"vitalStatus\" = '4' WHERE abstract_id = 1")
    assert take(session, tmp_path / "v.csv", "1,2026-05-01", header="patient_id,visit_date\n")["review"] == 1
    assert session.run("followup.record", patient_id=1, stated_date="2026-05-02")["effect"] == "review"


def test_other_separators_and_encodings(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_bytes(
        "\ufeffVISIT_DATE;Patient_ID;department;else\r\n20260501;1;Áb;1\r\n\r\n".encode("cp1252", "ignore")
    )
    assert session.run("followup.import", kind="visits", path=str(path))["moved"] == 1


# other registries


def test_another_registrys_file_joins_by_strict_agreement_and_brings_deaths(
    session: Session, tmp_path: Path
) -> None:
    dead = changed(PERSON, patientIdNumber="55", vitalStatus="0", dateOfLastContact="202606")
    unsure = changed(
        OTHER_PERSON, patientIdNumber="56", socialSecurityNumber=None, dateOfLastContact="20260701"
    )
    path = write(
        tmp_path / "o.xml",
        (dead, [changed(TUMOR, reportingFacility=TWO)]),
        (unsure, [TUMOR]),
        registry_id="0000001566",
    )
    answer = session.run("followup.import", kind="naaccr", path=path)
    assert (answer["rows"], answer["moved"], answer["unmatched"]) == (2, 1, 1)
    assert (patient(session), patient(session, 2)) == (("0", "202606"), ("1", "20240301"))
    contact = session.run("followup.contacts").row(0, named=True)
    assert (contact["outcome"], contact["follow_up_source"], contact["note"]) == ("died", "8/60", "record of registry 0000001566")  # fmt: skip
    assert session.run("followup.import", kind="naaccr", path=path)["again"]
    assert session._store.query("SELECT count(*) FROM abstract").item() == 4  # their records are not taken in


def test_a_linkage_that_finds_no_death_is_no_contact(session: Session, tmp_path: Path) -> None:
    for source, moved in (("04", 0), ("07", 0), ("01", 1)):
        person = changed(PERSON, dateOfLastContact="20260601", followUpSourceCentral=source)
        path = write(tmp_path / f"{source}.xml", (person, [TUMOR]))
        assert session.run("followup.import", kind="naaccr", path=path)["moved"] == moved
    assert patient(session) == ("1", "20260601")


def test_an_earlier_death_and_records_of_an_older_version(session: Session, tmp_path: Path) -> None:
    session.run("followup.record", patient_id=1, stated_date="2026-08-01")
    dead = changed(PERSON, vitalStatus="0", dateOfLastContact="20260601", sexAssignedAtBirth=None, sex="2")
    path = write(tmp_path / "o.xml", (dead, [TUMOR]), version="230")
    answer = session.run("followup.import", kind="naaccr", path=path)
    assert (answer["review"], patient(session), tasks(session)) == (1, ("1", "20260801"), [(DEATH_BEFORE_CONTACT, None)])  # fmt: skip


# pathology


def _report(session: Session, tmp_path: Path, control: str, day: str, person: dict[str, str] = PERSON, kind: str = "60567-5") -> None:  # fmt: skip
    text = (
        hl7(control=control, person=person)
        .replace("202301150900", f"{day}0900")
        .replace("20230201080000", "20261030080000")
    )
    path = tmp_path / f"{control}.hl7"
    path.write_text(text.replace("S23-1", f"S-{control}").replace("60567-5", kind))
    session.run("ingest.file", path=str(path))


def test_specimens_after_the_last_contact_move_it(session: Session, tmp_path: Path) -> None:
    assert session.run("followup.import", kind="pathology")["rows"] == 0
    _report(session, tmp_path, "M1", "20260401")
    _report(session, tmp_path, "M2", "20260515")
    _report(session, tmp_path, "M3", "20230115")
    _report(session, tmp_path, "M4", "20260901", kind="18743-5")  # an autopsy
    answer = session.run("followup.import", kind="pathology")
    assert (answer["moved"], patient(session)) == (1, ("1", "20260515"))
    contact = session.run("followup.contacts").row(0, named=True)
    assert contact["follow_up_source"] == "8/31"
    again = session.run("followup.import", kind="pathology")
    assert (again["moved"], again["rows"]) == (0, 0)
    session.run("followup.record", patient_id=1, stated_date="2026-05-20", vital_status="0")
    _report(session, tmp_path, "M5", "20260601")
    assert [session.run("followup.import", kind="pathology")["review"] for _ in range(3)] == [1, 0, 0]
    assert patient(session) == ("0", "20260520")


# scope


def test_whoever_is_held_to_a_facility_imports_its_lines_alone(session: Session, tmp_path: Path) -> None:
    anna = session.as_actor(ANNA)
    with pytest.raises(Denied):
        take(
            anna, tmp_path / "v.csv", f"{ONE},MRN1,ALVAREZ,,,2026-05-01,X", f"{TWO},X9,ALVAREZ,,,2026-05-01,X"
        )
    with pytest.raises(Denied):
        take(anna, tmp_path / "v.csv", "1,2026-05-01", header="patient_id,visit_date\n")
    with pytest.raises(Denied, match="whole registry"):
        anna.run("followup.import", kind="naaccr", path=write(tmp_path / "o.xml", (PERSON, [TUMOR])))
    answer = take(
        anna, tmp_path / "v.csv", f"{ONE},MRN1,ALVAREZ,,,2026-05-01,X", f"{ONE},X9,ALVAREZ,,,2026-05-01,X"
    )
    assert (answer["moved"], answer["unmatched"]) == (1, 1)
    assert [row[1] for row in abstracts(session, 1, "facility_id", "dateOfLastContact")] == ["20260501", "20260501", "20240301"]  # fmt: skip
    assert anna.run("followup.imports").height == 1
    assert anna.run("followup.import_lines").height == 2
    assert anna.run("followup.contacts").height == 1
    ben = session.as_actor(BEN)
    assert ben.run("followup.imports").is_empty()
    assert ben.run("followup.import_lines").is_empty()
    assert take(ben, tmp_path / "b.csv", f"{TWO},X9,ALVAREZ,,,2026-04-01,X")["moved"] == 1
    assert patient(session) == ("1", "20260501")
    with pytest.raises(Denied):
        session.as_actor(Actor("q", "quality")).run("followup.import", kind="pathology")


def test_kinds_and_files_are_named(session: Session, tmp_path: Path) -> None:
    for told in ({"kind": "rumours"}, {"kind": "visits"}, {"kind": "pathology", "path": "x"}, {"kind": "visits", "path": str(tmp_path / "none.csv")}):  # fmt: skip
        with pytest.raises(BadInput):
            session.run("followup.import", **told)


def test_an_import_is_in_whole_or_not_at_all(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry.service.followup import passive as followup_passive

    def fail(*_: Any) -> None:
        raise BadInput("disk", "is full")

    monkeypatch.setattr(followup_passive, "_keep", fail)
    with pytest.raises(BadInput):
        take(session, tmp_path / "v.csv", f"{ONE},MRN1,ALVAREZ,,,2026-05-01,X")
    assert patient(session) == ("1", "20240301")
    assert session.run("followup.contacts").is_empty()
    assert dt.date(2026, 10, 31) == session._now().date()
