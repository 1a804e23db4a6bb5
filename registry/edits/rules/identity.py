"""Who and which record: patient, facility, accession and social security numbers, names, the file itself."""

from __future__ import annotations

import polars as pl

from registry import standards
from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY, expand
from registry.edits.terms import AS_OF

edit(
    "patient-id-required",
    message="Patient id {patientIdNumber} must be eight digits, not all zero",
    items=["patientIdNumber"],
    level="item",
    category="identifier",
    source=DICTIONARY,
    passes=["00000001", "12345678"],
    fails=["", "00000000", "1234567", "123456789", "1234567A"],
)(lambda value: value.is_null() | ~value.str.contains("^[0-9]{8}$") | (value == "00000000"))

edit(
    "facility-required",
    message="Reporting facility {reportingFacility} must be ten digits, zero-filled on the left",
    items=["reportingFacility"],
    level="item",
    category="identifier",
    source=DICTIONARY,
    passes=["0006160120", "0000000001", "0000000000"],
    fails=["", "6160120", "00061601AB", "00006160120"],
    notes="0000000000 and 0099999999 are codes of item 540 (no facility; facility without a number).",
)(lambda value: value.is_null() | ~value.str.contains("^[0-9]{10}$"))


@edit(
    "name-last-required",
    message="Last name is blank or holds other characters than letters, blank, hyphen and apostrophe",
    items=["nameLast"],
    level="item",
    category="identifier",
    source=DICTIONARY,
    version="2026.2",
    columns=["nameLast", "recordType"],
    passes=[
        "O'Neil-Smith | ",
        "UNKNOWN | A",
        "de la Cruz | ",
        "'T HOOFT | ",
        "MUÑOZ | ",
        "D’Angelo | ",
        " | I",
    ],
    fails=[" | ", " | A", " | C", " | M", "SM1TH | ", "SM1TH | I", "Smith, John | ", "- | ", "SMITH. | "],
    notes="A name needs one letter at least; the typographic apostrophe counts as an apostrophe. Records without "
    "confidential items (type I) have no place for a name: a blank passes there.",
)
def name_last(value: pl.Expr) -> pl.Expr:
    """A name, wherever the record can hold one."""
    nameless = (pl.col("recordType") == "I").fill_null(value=False)
    right = value.str.contains(r"^[\p{L}\p{M} '’\-]*\p{L}[\p{L}\p{M} '’\-]*$")
    return (value.is_null() & ~nameless) | ~right


edit(
    "ssn-valid",
    message="Social security number is not nine digits, or has a part that is never given out (000, 666, 00, 0000)",
    items=["socialSecurityNumber"],
    level="item",
    category="identifier",
    source=DICTIONARY + "; numbers that the Social Security Administration never assigns",
    passes=["123456789", "999999999", "900123456", "100010001", ""],
    fails=[
        "12345678",
        "1234567890",
        "123-45-678",
        "12345678X",
        "000123456",
        "666123456",
        "123006789",
        "123450000",
    ],
    notes="The message never shows the number.",
)(lambda value: ~value.str.contains("^[0-9]{9}$") | value.str.contains("^000|^666|^...00|0000$"))


@edit(
    "accession-valid",
    message="Accession number {accessionNumberHosp} is not nine digits that begin with a year from 1900 to now",
    items=["accessionNumberHosp"],
    level="item",
    category="identifier",
    source=DICTIONARY,
    passes=["202600001", "190000000", "199912345", ""],
    fails=["202700001", "189999999", "20260001", "2026000012", "2026-0001", "20260000A"],
    notes="The current year is that of the day of judgement.",
)
def accession_valid(value: pl.Expr) -> pl.Expr:
    """Nine digits; the first four are a year."""
    year = value.str.slice(0, 4).cast(pl.Int32, strict=False)
    return ~value.str.contains("^[0-9]{9}$") | ~year.is_between(1900, AS_OF // 10_000)


edit(
    "abstractor-required",
    message="Nobody is named as abstractor; reports by abstractor need it",
    severity=WARNING,
    items=["abstractedBy"],
    level="item",
    category="file",
    source=DICTIONARY,
    passes=["ABC", "7"],
    fails=["", "   "],
)(lambda value: value.is_null() | (value.str.strip_chars() == ""))


@edit(
    "record-type-valid",
    message="Record type {recordType} or version {naaccrRecordVersion} is not one that can be read",
    items=["recordType", "naaccrRecordVersion"],
    level="item",
    category="file",
    source=DICTIONARY,
    passes=["A | 260", "I | 250", "U | 140", "C | 230", "L | 220", "M | 180", " | "],
    fails=["B | 260", "A | 999", "a | 260", "A | 26"],
)
def record_type_valid(value: pl.Expr, item: str) -> pl.Expr:
    """Types A, C, I, L, M and U; the versions whose dictionaries are known."""
    listed = expand("A,C,I,L,M,U") if item == "recordType" else sorted(standards.VERSIONS)
    return ~value.is_in(listed)
