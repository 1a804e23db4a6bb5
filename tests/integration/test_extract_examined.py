"""Identifiers typed into coded items: no extract has them, and rare true codes still come out."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from registry import standards
from registry.security.allow_list import sources
from registry.service import Session
from tests.integration.submitted import THIRD, tumor
from tests.received import KEY, changed, write

PERSON = {
    "nameLast": "Quillfeather", "nameFirst": "Zebulon", "nameMiddle": "Ng", "socialSecurityNumber": "612345789",
    "telephone": "5185550147", "addrCurrentNoStreet": "77 Gibbet Row", "dateOfBirth": "19570913",
}  # fmt: skip
PLANTED = (
    "Quillfeather", "Zebulon", "612345789", "612-34-5789", "612 34 5789", "MR88421", "88421", "202399981", "2023-99981",
    "77 Gibbet Row", "5185550147", "(518) 555-0147", "z.quill@example.org", "09/13/1957", "1957-09-13",
)  # fmt: skip
RARE = {
    "primarySite": "C754", "histologicTypeIcdO3": "9759", "behaviorCodeIcdO3": "2", "gradeClinical": "S", "schemaId": "00822",
    "rxSummSurgPrimSite2023": "B123", "regionalNodesPositive": "97", "laterality": "5", "classOfCase": "49",
}  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("extract")
    people = [
        (
            changed(THIRD, **PERSON),
            [{**tumor(1), "medicalRecordNumber": "MR88421", "accessionNumberHosp": "202399981"}],
        )
    ]
    levels = {}
    for name in {*sources()[0], *sources()[1]}:
        found = standards.dictionary().item(name)
        if found is not None:
            levels[name] = found.level
    wanted = sorted(
        name for name in levels if name not in ("reportingFacilityRestrictionFlag", "dateOfBirth")
    )
    for number, (item, value) in enumerate(
        ((item, value) for item in wanted for value in (*PLANTED, "Ng", "NG")), 2
    ):
        letters = "".join(chr(97 + int(digit)) for digit in f"{number:05}")
        person = changed(
            THIRD,
            nameLast=f"Ab{letters}",
            patientIdNumber=f"{number:08}",
            telephone=None,
            socialSecurityNumber=None,
        )
        record = tumor(number)
        (person if levels[item] == "Patient" else record)[item] = value
        people.append((person, [record]))
    people.append((changed(THIRD, nameLast="Rarecode", patientIdNumber="99999999"), [tumor(99999, **RARE)]))
    opened = Session.create(folder / "r.duckdb", key=KEY)
    opened.run("ingest.file", path=write(folder / "in.xml", *people))
    opened.run(
        "extract.add_agreement",
        agreement_id="D",
        recipient="U",
        profile="LIMITED",
        purpose="p",
        expires_on="2999-01-01",
    )
    return opened


@pytest.mark.parametrize(
    ("profile", "words"), [("DEID", {}), ("DEID", {"dates": "shifted"}), ("LIMITED", {"agreement_id": "D"})]
)
def test_coded_items_carry_no_identifier(
    session: Session, tmp_path: Path, profile: str, words: dict[str, str]
) -> None:
    out = tmp_path / "out"
    session.run("extract.make", profile=profile, out=str(out), format="csv", **words)
    frames = {path.name: pl.read_csv(path, infer_schema=False) for path in out.glob("*.csv")}
    texts = "\n".join(path.read_text() for path in out.iterdir()).upper()
    five_digit_places = (
        {"88421"} if profile == "LIMITED" else set()
    )  # may be a ZIP code, which the agreement allows
    assert [value for value in PLANTED if value.upper() in texts and value not in five_digit_places] == []
    for name, frame in frames.items():
        for column in frame.columns:
            assert not frame[column].str.to_uppercase().is_in(["NG"]).any(), (name, column)
    assert not (frames["tumors.csv"]["schemaId"] == "88421").any()
    rare = [item for item, code in RARE.items() if not (frames["tumors.csv"][item] == code).any()]
    assert rare == []
