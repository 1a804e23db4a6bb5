"""User-defined items come in with their dictionary, and leave with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.formats import read_naaccr_xml
from registry.service import Session

KEY = "a long and random key 0123456789"
DICTIONARY = """<?xml version="1.0"?>
<NaaccrDictionary dictionaryUri="https://example.org/naaccr/state-dictionary-250.xml" naaccrVersion="250"
    specificationVersion="1.7" xmlns="http://naaccr.org/naaccrxml"><ItemDefs>
  <ItemDef naaccrId="stateSourceType" naaccrNum="9601" naaccrName="State Source Type" length="2"
    recordTypes="A,M,C,I" parentXmlElement="Tumor" dataType="digits"/>
  <ItemDef naaccrId="statePatientNote" naaccrNum="9602" naaccrName="State Patient Note" length="20"
    recordTypes="A,M" parentXmlElement="Patient"/>
</ItemDefs></NaaccrDictionary>"""
FILE = """<?xml version="1.0"?>
<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-250.xml" recordType="A"
    userDictionaryUri="https://example.org/naaccr/state-dictionary-250.xml" specificationVersion="1.7"
    xmlns="http://naaccr.org/naaccrxml"><Patient><Item naaccrId="nameLast">DOE</Item>
  <Item naaccrId="statePatientNote">seen twice</Item>
  <Tumor><Item naaccrId="primarySite">C509</Item><Item naaccrId="stateSourceType">07</Item></Tumor>
</Patient></NaaccrData>"""


def items(path: Path, dictionary: Path) -> set[tuple[str, str]]:
    batch = read_naaccr_xml(path, dictionary=[dictionary])
    assert batch.errors.is_empty(), batch.errors["message"].to_list()
    return set(batch.items.select("item", "value").iter_rows()) - {("patientIdNumber", "00000001")}


@pytest.mark.parametrize("record_type", ["A", "I"])
def test_user_defined_items_leave_with_their_dictionary(tmp_path: Path, record_type: str) -> None:
    dictionary, file, out = (tmp_path / name for name in ("state.xml", "in.xml", "out.xml"))
    dictionary.write_text(DICTIONARY)
    file.write_text(FILE)
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        loaded = session.run("ingest.file", path=str(file), dictionaries=[str(dictionary)])
        assert loaded["faults"] == 0
        made = session.run("export.naaccr_xml", out=str(out), record_type=record_type, naaccr_version="250")
        assert session.run("audit.verify")["ok"]
    assert 'userDictionaryUri="https://example.org/naaccr/state-dictionary-250.xml"' in out.read_text()
    expected = {
        ("nameLast", "DOE"),
        ("statePatientNote", "seen twice"),
        ("primarySite", "C509"),
        ("stateSourceType", "07"),
    }
    confidential = set() if record_type == "A" else {("nameLast", "DOE"), ("statePatientNote", "seen twice")}
    assert items(out, dictionary) - {("tumorRecordNumber", "01")} == expected - confidential
    assert set(made["left_out"]) == {name for name, _ in confidential}
