"""NAACCR files with faults, of older versions and with clashing user-defined items, taken into a registry."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry import standards
from registry.abstracting.received import received_items
from registry.cli.data import expand
from registry.errors import BadInput
from registry.formats import read_naaccr_xml
from registry.service import Session
from tests.paths import needs_shared, shared
from tests.received import KEY, OTHER_PERSON, PERSON, TUMOR, TWO, changed, xml

AT_TWO = changed(TUMOR, reportingFacility=TWO, accessionNumberHosp="202300777", medicalRecordNumber="X9")
DICTIONARY = """<?xml version="1.0"?>
<NaaccrDictionary dictionaryUri="https://example.org/naaccr/{name}.xml" specificationVersion="1.8"
    xmlns="http://naaccr.org/naaccrxml"><ItemDefs>{items}</ItemDefs></NaaccrDictionary>"""
ITEM = (
    '<ItemDef naaccrId="{id}" naaccrNum="{number}" naaccrName="{id} {number}" length="10" recordTypes="A,M,C,I" '
    'parentXmlElement="{level}"/>'
)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        yield opened


def take(session: Session, path: Path | str, *dictionaries: Path, text: str | None = None) -> dict[str, Any]:
    if text is not None:
        Path(path).write_text(text, encoding="utf-8")
    return dict(session.run("ingest.file", path=str(path), dictionaries=[str(one) for one in dictionaries]))


def count(session: Session, table: str) -> int:
    return int(session._store.query(f"SELECT count(*) FROM {table}").item())


def dictionary(path: Path, *items: tuple[str, int, str]) -> Path:
    defined = "".join(ITEM.format(id=name, number=number, level=level) for name, number, level in items)
    path.write_text(DICTIONARY.format(name=path.stem, items=defined))
    return path


def with_dictionary(text: str, *names: str) -> str:
    uris = " ".join(f"https://example.org/naaccr/{name}.xml" for name in names)
    return text.replace("<NaaccrData ", f'<NaaccrData userDictionaryUri="{uris}" ', 1)


BROKEN = '<Item naaccrId="nameLst">X</Item>'


def broken(text: str, nth: int) -> str:
    """The same file with an unknown item in its nth patient."""
    starts = [found.end() for found in re.finditer("<Patient>", text)]
    return text[: starts[nth - 1]] + BROKEN + text[starts[nth - 1] :]


# -- quarantine --------------------------------------------------------------------------------------------


def test_a_patient_with_a_structural_fault_waits_and_the_rest_loads(session: Session, tmp_path: Path) -> None:
    good = xml((PERSON, [TUMOR]), (OTHER_PERSON, [AT_TWO]))
    result = take(session, tmp_path / "in.xml", text=broken(good, 2))
    assert (result["patients"], result["tumors"], result["accepted"], result["quarantined"]) == (1, 1, 1, 1)
    assert (count(session, "patient"), count(session, "abstract")) == (1, 1)
    assert result["errors"] == 1
    assert result["messages"][0].startswith("in.xml:4 patient 2: no item nameLst")
    entry = session.run("quarantine.list").row(0, named=True)
    assert (entry["kind"], entry["place"], entry["load_id"]) == (
        "patient",
        "in.xml:4 patient 2",
        result["load_id"],
    )
    assert "nameLst" in entry["reason"]
    content = session.run("quarantine.show", quarantine_id=entry["quarantine_id"])["content"]
    text = (tmp_path / "in.xml").read_text()
    assert (
        content.decode()
        == text[text.index("<Patient>", text.index("</Patient>")) : text.rindex("</Patient>") + 10]
    )
    fault = session.run("load.faults", load_id=result["load_id"]).row(0, named=True)
    assert (fault["level"], fault["code"], fault["item"], fault["patient_index"]) == (
        "Patient",
        "unknown-id",
        "nameLst",
        1,
    )
    assert session.run("audit.verify")["ok"]


def test_the_corrected_file_brings_only_who_waited(session: Session, tmp_path: Path) -> None:
    good = xml((PERSON, [TUMOR]), (OTHER_PERSON, [AT_TWO]))
    take(session, tmp_path / "in.xml", text=broken(good, 1))
    again = take(session, tmp_path / "in.xml")
    assert (again["accepted"], again["duplicates"], again["quarantined"]) == (0, 1, 0)
    assert session.run("quarantine.list").height == 1
    result = take(session, tmp_path / "corrected.xml", text=good)
    assert (result["accepted"], result["duplicates"], result["new_patients"], result["quarantined"]) == (
        1,
        1,
        1,
        0,
    )
    assert (count(session, "patient"), count(session, "abstract")) == (2, 2)


def test_a_file_of_bad_patients_alone_loads_nobody(session: Session, tmp_path: Path) -> None:
    result = take(session, tmp_path / "in.xml", text=broken(xml((PERSON, [TUMOR])), 1))
    assert (result["patients"], result["accepted"], result["quarantined"]) == (0, 0, 1)
    assert count(session, "patient") == count(session, "source_record") == 0


def test_many_bad_patients_are_kept_each(session: Session, tmp_path: Path) -> None:
    people = [(changed(PERSON, patientIdNumber=f"{n:08}", nameLast=None), []) for n in range(30)]
    bad = xml(*people).replace("<Patient>", f"<Patient>{BROKEN}")
    result = take(session, tmp_path / "in.xml", text=bad)
    assert result["quarantined"] == count(session, "quarantine") == 30
    assert session.run("quarantine.list")["place"].n_unique() == 30
    assert session.run("audit.verify")["ok"]


def test_value_faults_keep_the_value_without_blanks_around(session: Session, tmp_path: Path) -> None:
    person = changed(PERSON, nameLast=" Alvarez ", vitalStatus="7")
    result = take(session, tmp_path / "in.xml", text=xml((person, [changed(TUMOR, textRemarks="  kept  ")])))
    assert (result["accepted"], result["quarantined"]) == (1, 0)
    row = session._store.query('SELECT "nameLast", "vitalStatus", "textRemarks" FROM abstract').row(0)
    assert row == ("Alvarez", "7", "  kept  " if _untrimmed("textRemarks") else "kept")
    assert session._store.query('SELECT "nameLast" FROM patient').item() == "Alvarez"
    codes = session.run("load.faults", load_id=result["load_id"])["code"].to_list()
    assert {"leading-space", "trailing-space", "code-list"} <= set(codes)
    source = session._store.query("SELECT source_id FROM source_record").item()
    assert b"> Alvarez <" in session._store.received_bytes(source)


def _untrimmed(item: str) -> bool:
    found = standards.dictionary().item(item)
    return found is not None and found.trim == "none"


# -- columns of user-defined items -------------------------------------------------------------------------


def test_items_of_one_id_keep_columns_of_their_own(session: Session, tmp_path: Path) -> None:
    one = dictionary(tmp_path / "one.xml", ("weight", 9505, "Tumor"), ("stateNote", 9700, "Patient"))
    two = dictionary(tmp_path / "two.xml", ("weight", 9961, "Tumor"), ("STATENOTE", 9800, "Patient"))
    first = with_dictionary(xml((changed(PERSON, stateNote="n1"), [changed(TUMOR, weight="70")])), "one")
    second = with_dictionary(
        xml((changed(OTHER_PERSON, STATENOTE="n2"), [changed(AT_TWO, weight="150")])), "two"
    )
    assert take(session, tmp_path / "a.xml", one, text=first)["faults"] == 0
    assert take(session, tmp_path / "b.xml", two, text=second)["faults"] == 0
    rows = session._store.query(
        'SELECT "weight", weight__9961, "stateNote", "STATENOTE__9800" FROM abstract ORDER BY abstract_id'
    ).rows()
    assert rows == [("70", None, "n1", None), (None, "150", None, "n2")]
    assert session._store.query('SELECT "weight", weight__9961 FROM tumor ORDER BY tumor_id').rows() == [
        ("70", None), (None, "150")
    ]  # fmt: skip
    assert session._store.query('SELECT "STATENOTE__9800" FROM patient ORDER BY patient_id')[
        :, 0
    ].to_list() == [None, "n2"]
    out = tmp_path / "out.xml"
    made = session.run("export.naaccr_xml", out=str(out), record_type="A")
    assert (made["errors"], made["left_out"]) == (0, {})
    back = read_naaccr_xml(out, dictionary=[one, two])
    assert back.errors.is_empty(), back.errors["message"].to_list()
    values = set(
        back.items.filter(back.items["item"].is_in(["weight", "stateNote", "STATENOTE"]))
        .select("item", "value")
        .rows()
    )
    assert values == {("weight", "70"), ("weight", "150"), ("stateNote", "n1"), ("STATENOTE", "n2")}
    assert set(re.findall(r'naaccrId="weight" naaccrNum="(\d+)"', out.read_text())) == {"9505", "9961"}


def test_a_kept_dictionary_serves_later_files(session: Session, tmp_path: Path) -> None:
    one = dictionary(tmp_path / "one.xml", ("weight", 9505, "Tumor"))
    first = with_dictionary(xml((PERSON, [changed(TUMOR, weight="70")])), "one")
    take(session, tmp_path / "a.xml", one, text=first)
    result = take(session, tmp_path / "b.xml", text=first.replace(">70<", ">71<"))
    assert (result["new_versions"], result["quarantined"]) == (1, 0)
    assert session._store.query('SELECT "weight" FROM abstract').item() == "71"


@needs_shared
@pytest.mark.slow
def test_all_state_dictionaries_at_once(session: Session, tmp_path: Path) -> None:
    paths = sorted(shared("naaccr", "dictionaries", "user-defined-v250").glob("*.xml"))
    given = [standards.user_dictionary(path.read_bytes(), path.name) for path in paths]
    merged = standards.dictionary("250").merged(given)
    own = [item for one in given for item in one.definitions]
    wanted = {(item.id, item.number, item.level) for item in own if "A" in item.record_types}
    patient, tumor = (
        "".join(
            f'<Item naaccrId="{name}" naaccrNum="{number}">{number}</Item>'
            for name, number, of in sorted(wanted)
            if of == level and not standards.dictionary("250").item(name)
        )
        for level in ("Patient", "Tumor")
    )
    text = xml((PERSON | {"sex": "2"}, [TUMOR]), version="250")
    text = re.sub('<Item naaccrId="sexAssignedAtBirth">.</Item>', "", text)
    text = text.replace("<Tumor>", f"{patient}<Tumor>").replace("</Tumor>", f"{tumor}</Tumor>")
    text = text.replace(
        "<NaaccrData ", f'<NaaccrData userDictionaryUri="{" ".join(one.uri for one in given)}" ', 1
    )
    result = take(session, tmp_path / "in.xml", *paths, text=text)
    reasons = session.run("quarantine.list")["reason"].to_list()
    assert (result["accepted"], result["quarantined"]) == (1, 0), reasons
    row = session._store.query("SELECT * FROM abstract").row(0, named=True)
    numbers = {value for value in row.values() if value is not None}
    kept = {n for name, n, _ in wanted if not standards.dictionary("250").item(name)}
    assert {str(number) for number in kept} <= numbers
    assert row["weight"] != row.get("weight__9505", row.get("weight__9961"))
    out = tmp_path / "out.xml"
    session.run("export.naaccr_xml", out=str(out), record_type="A", naaccr_version="250")
    back = read_naaccr_xml(out, dictionary=paths).items
    assert {str(number) for number in kept} <= set(back["value"])
    assert merged.items_of("weight")[0].number != merged.items_of("weight")[1].number


# -- older versions ----------------------------------------------------------------------------------------


def test_an_old_file_loads_under_today_s_ids(session: Session, tmp_path: Path) -> None:
    old, new = standards.dictionary("160").definitions, standards.dictionary()
    able = [item for item in old if item.level == "Tumor" and "A" in item.record_types]
    there = {item.number: new.by_number(item.number) for item in able}
    renamed = next(item for item in able if (found := there[item.number]) and found.id != item.id)
    retired = next(item for item in able if there[item.number] is None and item.data_type == "text")
    person = changed(PERSON, sexAssignedAtBirth=None, sex="3")
    known = {name: value for name, value in TUMOR.items() if standards.dictionary("160").item(name)}
    tumor = changed(known, **{renamed.id: "1", retired.id: "2"})
    result = take(session, tmp_path / "old.xml", text=xml((person, [tumor]), version="160"))
    assert (result["accepted"], result["quarantined"]) == (1, 0)
    present = new.by_number(renamed.number)
    assert present is not None
    row = session._store.query("SELECT * FROM abstract").row(0, named=True)
    assert (row[present.id], row[retired.id], row["sex"], row["sexAssignedAtBirth"]) == ("1", "2", "3", "9")
    assert row["naaccr_version"] == "160"
    faults = session.run("load.faults", load_id=result["load_id"])
    listed = faults.filter(faults["severity"] == "info").row(0, named=True)
    assert (listed["item"], listed["value"], listed["code"]) == ("sex", "3", "sex-220-to-225")
    again = take(
        session, tmp_path / "b.xml", text=xml((person, [changed(tumor, laterality="1")]), version="160")
    )
    assert (again["new_versions"], again["accepted"]) == (1, 1)
    changes = session.run("records.history", abstract_id=1)["item"].to_list()
    assert changes == ["laterality"]


@needs_shared
@pytest.mark.parametrize("version", ["180", "210", "220", "230", "240", "250"])
@pytest.mark.parametrize("record_type", ["abstract", "incidence"])
def test_samples_of_every_version_lose_no_value(session: Session, version: str, record_type: str) -> None:
    path = shared("naaccr", "samples", f"naaccr-xml-sample-v{version}-{record_type}-10.xml.gz")
    result = take(session, path)
    data = read_naaccr_xml(path)
    sources = session._store.query("SELECT source_id, patient_index FROM source_record ORDER BY source_id")
    stored = received_items(session._store, sources["source_id"].to_list())
    renamed = standards.renamed_items()
    expected = {
        (renamed.get(item, item), value.strip()) for item, value in data.items.select("item", "value").rows()
    }
    assert result["quarantined"] == 0
    assert set(stored.select("item", "value").rows()) - {
        ("sexAssignedAtBirth", v) for v in "129"
    } == expected - {("sexAssignedAtBirth", v) for v in "129"}
    columns = session._store.query("SELECT * FROM abstract").unpivot(index="abstract_id").drop_nulls()
    in_columns = set(columns.select("variable", "value").rows())
    assert {pair for pair in expected if pair[0] not in {"registryId", "recordType"}} <= in_columns


def test_each_document_of_a_zip_file_is_loaded_and_a_faulty_one_kept(
    session: Session, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("in/1.xml", xml((PERSON, [TUMOR])))
        archive.writestr("in/2.xml", xml((OTHER_PERSON, [AT_TWO]))[:-20])
    first, second = expand((str(tmp_path / "two.zip"),))
    assert first.endswith("two.zip!in/1.xml") and take(session, first)["patients"] == 1
    again = take(session, first)
    assert (again["accepted"], again["duplicates"]) == (0, 1)
    with pytest.raises(BadInput, match="kept in quarantine"):
        take(session, second)
    kept = session.run("quarantine.list")
    assert kept["file_name"].to_list() == ["2.xml"]
