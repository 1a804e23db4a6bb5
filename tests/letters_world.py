"""A small registry for the tests of letters: people due for follow-up, their physicians, addresses and contacts."""

from __future__ import annotations

import datetime as dt
import io
import shutil
from pathlib import Path
from typing import Any

import pypdf

from registry.service import Session
from tests.received import KEY, ONE, PERSON, TUMOR, TWO, changed, write

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
AS_OF = "2026-11-01"
PHYSICIANS = """physician_id,npi,name,address,city,state,postal_code,active,letter_preference
11111111,1000000001,"DR SUSAN WHITTAKER",100 CLINIC WAY,ALBANY,NY,122081234,true,mail
22222222,1000000002,"DR OMAR HADDAD",200 CLINIC WAY,ALBANY,NY,12208,true,email
33333333,,DR NO ADDRESS,,,,,true,
44444444,,DR NO LETTERS,1 QUIET ROAD,ALBANY,NY,12208,true,none
"""
OFFICE = {
    "sender": "Lakeside Cancer Registry", "neutral_sender": "Lakeside Health Information",
    "address_1": "400 Harbor Street", "city": "Albany", "state": "NY", "postal_code": "122071410",
    "telephone": "5185550142", "signed_by": "Ruth Calloway", "signed_title": "Director, Cancer Registry",
}  # fmt: skip
ADDRESS = {
    "addrCurrentNoStreet": "12 ELM STREET", "addrCurrentSupplementl": "APT 4", "addrCurrentCity": "SCHENECTADY",
    "addrCurrentState": "NY", "addrCurrentPostalCode": "123051234",
}  # fmt: skip
CONTACT = {
    "followUpContactName": "ALVAREZ, JOSE", "followUpContactNost": "9 OAK STREET", "followUpContactCity": "TROY",
    "followUpContactState": "NY", "followUpContactPostal": "12180",
}  # fmt: skip
DISEASE = "breast duct carcinoma adenocarcinoma colon cancer tumor C504 8500".split()
"""What no letter but a physician's may say."""


def somebody(
    number: int, last: str, first: str = "MARIA", *, items: dict[str, Any] | None = None, **tumor: str | None
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """One patient with one tumor, last heard of on 15 July 2025."""
    own = {
        "patientIdNumber": f"{number:08}", "nameLast": last, "nameFirst": first, "dateOfBirth": f"19{40 + number:02}0214",
        "socialSecurityNumber": f"21909{number:04}", "dateOfLastContact": "20250715", "vitalStatus": "1",
    }  # fmt: skip
    person = changed(PERSON, **{**own, **ADDRESS, **(items or {})})
    there = {"accessionNumberHosp": f"2023{number:05}", "medicalRecordNumber": f"M{number}", **tumor}
    return person, [changed(TUMOR, **there)]


def registry_of(folder: Path, *people: Any, now: dt.datetime = NOW, facilities: str | None = None) -> Session:
    """A database with these people, the physicians, and passive sources switched off; a clock that stands still."""
    made = Session.create(folder / "r.duckdb", key=KEY)
    opened = Session(made._store, made.actor, now=lambda: now)
    (folder / "physicians.csv").write_text(PHYSICIANS)
    opened.run("ingest.file", path=str(folder / "physicians.csv"))
    if facilities:
        (folder / "facilities.csv").write_text(facilities)
        opened.run("ingest.file", path=str(folder / "facilities.csv"))
    opened.run("ingest.file", path=write(folder / "people.xml", *people))
    opened.run("settings.change", passive_sources="none")
    return opened


def town(folder: Path) -> Path:
    """Two patients of one physician, two without; one has a contact, one lives in a nursing home."""
    people = [
        somebody(1, "ALVAREZ", physicianFollowUp="11111111", **CONTACT),
        somebody(2, "BROOKS", "ANN", npiPhysicianFollowUp="1000000001"),
        somebody(3, "CHEN", "LI"),
        somebody(4, "DIAZ", "PILAR", items={"addrCurrentSupplementl": "GOLDEN OAKS NURSING HOME"}),
    ]
    with registry_of(folder, *people) as opened:
        opened.run("letters.configure", **OFFICE)
    return folder


def made(session: Session, addressee: str | None = None, **more: Any) -> list[bytes]:
    told = session.run("letters.make", as_of=AS_OF, addressee=addressee, **more)
    return [session.run("letters.file", batch_id=each)["content"] for each in told["batch_ids"]]


def copied(source: Path, folder: Path, now: dt.datetime = NOW) -> Session:
    """A database made before, opened once more from a copy of its own."""
    shutil.copy(source / "r.duckdb", folder / "r.duckdb")
    opened = Session.open(folder / "r.duckdb", key=KEY)
    return Session(opened._store, opened.actor, now=lambda: now)


def placed(page: pypdf.PageObject) -> list[tuple[str, float, float, float]]:
    """Pieces of text on a page: (text, left, baseline from the top, size), in points."""
    found: list[tuple[str, float, float, float]] = []
    height = float(page.mediabox.height)

    def visit(text: str, cm: list[float], _tm: list[float], _font: object, size: float) -> None:
        if text.strip():
            found.append((text.strip(), float(cm[4]), height - float(cm[5]), float(size)))

    page.extract_text(visitor_text=visit)
    return found


def ids(session: Session) -> dict[str, int]:
    """Last name → our number."""
    found = session._store.query('SELECT "nameLast", patient_id FROM patient ORDER BY patient_id')
    return dict(found.iter_rows())


def pages(pdf: bytes) -> list[str]:
    """Text of each page, read back."""
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def said(pdf: bytes) -> str:
    """All text of a PDF, the lines joined, and its metadata."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    meta = " ".join(str(value) for value in (reader.metadata or {}).values())
    xmp = reader.xmp_metadata
    return " ".join(
        [*(" ".join(text.split()) for text in pages(pdf)), meta, "" if xmp is None else str(xmp.dc_title)]
    )


__all__ = [
    "AS_OF",
    "CONTACT",
    "DISEASE",
    "NOW",
    "ONE",
    "TWO",
    "ids",
    "pages",
    "registry_of",
    "said",
    "somebody",
]
