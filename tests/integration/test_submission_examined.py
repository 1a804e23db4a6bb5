"""What leaves by the command line, held against the published table of items by record type; answers and days that lie."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from registry.cli import main
from registry.errors import BadInput
from registry.service import Session
from registry.submissions import new_key, read_key, unseal_file
from registry.submissions.sealing import write_key
from tests.integration.submitted import AS_OF, RECORDS, THIRD, registry, tumor
from tests.paths import needs_shared, shared
from tests.received import KEY, OTHER_PERSON, changed, xml

NO_IDENTIFIERS = ("NPCR_CSS", "NAACCR_CFD", "SEER_SUB", "COC_RCRS", "CI5", "CANREG")
IDENTIFIED = ("STATE_FULL", "IDE", "VPR")  # type M holds what type A does
TYPES = {"STATE_FULL": "A", "IDE": "C", "VPR": "A"}
DICTIONARY = """<?xml version="1.0"?>
<NaaccrDictionary dictionaryUri="https://example.org/naaccr/own-260.xml" naaccrVersion="260"
    specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><ItemDefs>
  <ItemDef naaccrId="ownPatientNote" naaccrNum="9602" naaccrName="Own Note" length="40"
    recordTypes="A,M,C,I" parentXmlElement="Patient" dataType="text"/>
  <ItemDef naaccrId="ownTumorNote" naaccrNum="9601" naaccrName="Own Tumor Note" length="40"
    recordTypes="A,M,C,I" parentXmlElement="Tumor" dataType="text"/>
</ItemDefs></NaaccrDictionary>"""
OWN = {"Patient": {"ownPatientNote": "ZQOWNPATIENT"}, "Tumor": {"ownTumorNote": "ZQOWNTUMOR"}}


def table() -> list[dict[str, str]]:
    with shared("linkage/items_by_record_type.csv").open() as file:
        return list(csv.DictReader(file))


def marked(row: dict[str, str]) -> str:
    """A value that fits the item and stands nowhere else, as far as its length lets it."""
    number, length = int(row["naaccr_num"]), int(row["length"] or 40)
    if row["naaccr_id"].startswith("pathDateSpec"):
        return f"19{number % 90 + 10}-07-17T12:00:00Z"
    text = f"97{number:05}" if row["data_type"] == "digits" else f"ZQ{number:05}"
    return text.ljust(length, "7")[:length] if row["data_type"] == "digits" else text[:length]


def illegal(record_type: str, *, identifiers: bool) -> dict[str, dict[str, str]]:
    """Level → item → marked value of what may not stand in a file of this type."""
    found: dict[str, dict[str, str]] = {"Patient": {}, "Tumor": {}}
    for row in table():
        shut = row[f"in_{record_type}"] == "0" or (row["direct_identifier"] == "1" and not identifiers)
        if shut and row["level"] in found:
            found[row["level"]][row["naaccr_id"]] = marked(row)
    return found


def everything(folder: Path) -> None:
    """A registry whose clean records have every confidential item, user-defined items and foreign attributes."""
    filled = illegal("I", identifiers=False)
    for item in ("nameLast", "nameFirst", "socialSecurityNumber", "medicalRecordNumber"):
        filled["Patient"].pop(item, None)
    people = []
    for person, tumors in RECORDS:
        people.append(
            (
                {**filled["Patient"], **person, **OWN["Patient"]},
                [{**filled["Tumor"], **one, **OWN["Tumor"]} for one in tumors],
            )
        )
    away = changed(OTHER_PERSON, nameLast="Zqlastname", socialSecurityNumber="301017777", patientIdNumber="9")
    people.append(
        (
            {**filled["Patient"], **away},
            [
                {
                    **filled["Tumor"],
                    **tumor(9, addrAtDxState="CT", countyAtDx="001", addrAtDxPostalCode="06101"),
                }
            ],
        )
    )
    root = '<NaaccrData xmlns:o="urn:other" userDictionaryUri="https://example.org/naaccr/own-260.xml" '
    text = xml(*people).replace("<NaaccrData ", root)
    text = text.replace("</Tumor>", "<o:more>ZQELEMENT</o:more></Tumor>")
    (folder / "in.xml").write_text(text)
    (folder / "own.xml").write_text(DICTIONARY)
    with Session.create(folder / "r.duckdb", key=KEY) as session:
        session.run("settings.change", home_state="NY", registry_id_item="0000001234")
        done = session.run("ingest.file", path=str(folder / "in.xml"), dictionaries=[str(folder / "own.xml")])
    assert done["accepted"] == 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("examined")
    everything(made)
    write_key(made / "file.key", new_key())
    return made


@needs_shared
@pytest.mark.parametrize("profile", [*NO_IDENTIFIERS, *IDENTIFIED])
def test_an_item_that_may_not_leave_is_in_no_byte(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    words = ["export", profile, "--out", str(tmp_path), "--as-of", AS_OF, "--db", str(folder / "r.duckdb")]
    if profile == "IDE":
        words += ["--file-key-file", str(folder / "file.key")]
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code in (0, None)
    if profile == "IDE":
        sealed = next(tmp_path.glob("*.sealed"))
        assert b"MRN" not in sealed.read_bytes()
        unseal_file(sealed, read_key(folder / "file.key"))
    shut = illegal(TYPES.get(profile, "I"), identifiers=profile in IDENTIFIED)
    values = [value for items in shut.values() for value in items.values() if len(value) > 4]
    for path in sorted(tmp_path.iterdir()):
        text = path.read_bytes().decode("latin-1")
        assert [value for value in values if value in text] == [], path.name
        assert [item for items in shut.values() for item in items if f'naaccrId="{item}"' in text] == [], (
            path.name
        )
        assert "ZQELEMENT" not in text
        # Bytes of a sealed file are chance: what is looked for there is long enough never to occur by itself.
        is_data = path.suffix in (".xml", ".csv", ".tsv")
        if profile in NO_IDENTIFIERS or not is_data:
            assert not re.search(r"alvarez|brooks|castro|zq\w{3}|078051120|MRN\d", text, re.IGNORECASE), (
                path.name
            )


def test_what_was_typed_into_the_restriction_flag_is_told_nowhere(tmp_path: Path) -> None:
    """It decides that the record stays; the manifest and the cover sheet say so without its words."""
    odd = tumor(5, reportingFacilityRestrictionFlag="see Alvarez 301018888")
    person = changed(THIRD, nameLast="Jones", socialSecurityNumber="303227777", patientIdNumber="5")
    with registry(tmp_path, *RECORDS, (person, [odd])) as session:
        preview = session.run("submission.preview", profile="NPCR_CSS", as_of=AS_OF)
        assert preview["held_back"].rows() == [("restricted", "no code", 1)]
        session.run(
            "submission.prepare", profile="NPCR_CSS", as_of=AS_OF, seal=True, out=str(tmp_path / "out")
        )
    for path in (tmp_path / "out").iterdir():
        assert "301018888" not in path.read_text(), path.name
    manifest = json.loads(next((tmp_path / "out").glob("*.manifest.json")).read_text())
    assert manifest["held_back"] == [{"reason": "restricted", "detail": "no code", "records": 1}]


def test_a_state_that_is_none_stops_no_exchange(tmp_path: Path) -> None:
    person = changed(THIRD, nameLast="Jones", socialSecurityNumber="303227777", patientIdNumber="5")
    there = changed(THIRD, nameLast="King", socialSecurityNumber="304227777", patientIdNumber="6")
    with registry(
        tmp_path, (person, [tumor(5, addrAtDxState="ALVAREZ")]), (there, [tumor(6, addrAtDxState="CT", countyAtDx="001")])
    ) as session:  # fmt: skip
        assert session.run("submission.regions", profile="IDE")["region"].to_list() == ["CT"]
        preview = session.run("submission.preview", profile="IDE", state="CT", as_of=AS_OF)
        assert dict(preview["outside"].iter_rows()) == {"no state of residence": 1}


def test_a_line_that_fits_no_record_accepts_none(tmp_path: Path) -> None:
    """A rejected record whose number the receiver misspelled must not become the base of the next delta."""
    with registry(tmp_path) as session:
        made = session.run(
            "submission.prepare", profile="STATE_FULL", as_of=AS_OF, seal=True, out=str(tmp_path / "out")
        )
        number = made["submission_id"]
        with pytest.raises(BadInput, match="cannot have left before"):
            session.run("submission.send", submission_id=number, on="2010-01-01")
        session.run("submission.send", submission_id=number)
        columns = "patientIdNumber,tumorRecordNumber,answer,reason"
        with pytest.raises(BadInput, match="SHA-256"):
            session.run(
                "submission.acknowledge",
                submission_id=number,
                content=f"# sha256: {'0' * 64}\n{columns}\n1,1,accepted,\n",
            )
        told = session.run(
            "submission.acknowledge",
            submission_id=number,
            content=f"{columns}\n1,1,rejected,a\n77,1,rejected,b\n",
        )
        assert (told["accepted"], told["rejected"], told["unanswered"], told["unmatched"]) == (0, 1, 2, 1)


def test_a_state_that_a_case_left_is_asked_to_delete_it(tmp_path: Path) -> None:
    write_key(tmp_path / "file.key", new_key())
    person = changed(THIRD, nameLast="King", socialSecurityNumber="304227777", patientIdNumber="6")
    away = tumor(6, addrAtDxState="CT", countyAtDx="001", addrAtDxPostalCode="06101")
    with registry(tmp_path, (person, [away])) as session:
        files = {"seal": True, "out": str(tmp_path / "out"), "file_key": str(tmp_path / "file.key")}
        made = session.run("submission.prepare", profile="IDE", state="CT", as_of=AS_OF, **files)
        session.run("submission.send", submission_id=made["submission_id"])
        session.run("submission.acknowledge", submission_id=made["submission_id"], answer="accepted")
        session.run("records.status", abstract_id=1, to="reopened", reason="moved before the diagnosis")
        session.run(
            "records.save",
            abstract_id=1,
            changes={"addrAtDxState": "NY", "countyAtDx": "061"},
            expected_version=2,
        )
        assert session.run("submission.regions", profile="IDE").rows() == [("CT", 0)]
        preview = session.run("submission.preview", profile="IDE", state="CT", as_of="2026-11-02")
        assert (preview["going"], preview["deleted"]) == (0, 1)
        gone = session.run("submission.prepare", profile="IDE", state="CT", as_of="2026-11-02", **files)
        session.run("submission.send", submission_id=gone["submission_id"])
        session.run("submission.acknowledge", submission_id=gone["submission_id"], answer="accepted")
        assert session.run("submission.regions", profile="IDE").is_empty()


def test_a_table_without_identifiers_takes_no_other_text_for_a_code(tmp_path: Path) -> None:
    """A name or number typed into a coded item holds the record back in tables as it does in NAACCR files."""
    people: list[Any] = list(RECORDS)
    planted = ("Alvarezson", "301-01-8888")
    items = (
        "histologicTypeIcdO3",
        "behaviorCodeIcdO3",
        "laterality",
        "countyAtDx",
        "summaryStage2018",
        "causeOfDeath",
    )
    for number, item in enumerate(items, 10):
        letters = "".join(chr(97 + int(digit)) for digit in f"{number:04}")
        ssn = f"3{number:02}27{number:04}"
        person = changed(
            THIRD, nameLast=f"Ab{letters}", socialSecurityNumber=ssn, patientIdNumber=f"{number:08}"
        )
        record = tumor(number)
        (person if item == "causeOfDeath" else record)[item] = planted[number % 2]
        people.append((person, [record]))
    with registry(tmp_path, *people) as session:
        for profile in ("CI5", "CANREG"):
            made = session.run(
                "submission.prepare", profile=profile, as_of=AS_OF, seal=True, out=str(tmp_path / profile)
            )
            assert made["state"] == "SEALED"
            texts = {path.name: path.read_text() for path in (tmp_path / profile).iterdir()}
            assert any(name.endswith(".coding.csv") for name in texts)
            assert [name for name, text in texts.items() if any(word in text for word in planted)] == []
            assert made["records"] == len(RECORDS)
