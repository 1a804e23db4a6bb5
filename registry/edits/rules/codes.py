"""Item edits over code lists: one row of a table each.

A list is written as codes and ranges of codes of one width, as manuals print them. Where the
published lists of `registry.standards` are long (topography, morphology, states) they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from registry import standards
from registry.edits.definition import ERROR, edit

DICTIONARY = "NAACCR Data Standards and Data Dictionary, version 26"
ICD_O = "ICD-O-3.2; NAACCR Data Standards and Data Dictionary, version 26"


def expand(text: str) -> list[str]:
    """Codes of a list such as `00-03,82,99`.

    >>> expand("08-11,99,A1")
    ['08', '09', '10', '11', '99', 'A1']
    """
    codes: list[str] = []
    for part in text.split(","):
        low, _, high = part.strip().partition("-")
        if high:
            codes += [f"{number:0{len(low)}d}" for number in range(int(low), int(high) + 1)]
        else:
            codes.append(low)
    return codes


def one_of(codes: Sequence[str]) -> Callable[[pl.Expr], pl.Expr]:
    """Edit function: a filled value that is not in the list fails."""
    listed = list(codes)
    return lambda value: ~value.is_in(listed)


def matching(pattern: str) -> Callable[[pl.Expr], pl.Expr]:
    """Edit function: a filled value that does not match the whole pattern fails."""
    return lambda value: ~value.str.contains(f"^(?:{pattern})$")


# id, category, items, codes, passes, fails
_LISTS: list[tuple[str, str, str, str, list[str], list[str]]] = [
    ("spanish-origin-valid", "demographic", "spanishHispanicOrigin", "0-9", ["0", "9", ""], ["A", "10"]),
    ("behavior-valid", "tumor", "behaviorCodeIcdO3", "0-3", ["0", "3", ""], ["6", "9", "/"]),
    ("laterality-valid", "tumor", "laterality", "0-5,9", ["0", "5", "9", ""], ["6", "L"]),
    ("dxconf-valid", "tumor", "diagnosticConfirmation", "1-9", ["1", "9", ""], ["0", "X"]),
    ("grade-valid", "tumor", "grade", "1-9", ["1", "9", ""], ["0", "H"]),
    ("report-source-valid", "tumor", "typeOfReportingSource", "1-8", ["1", "8", ""], ["0", "9"]),
    (
        "class-of-case-valid",
        "tumor",
        "classOfCase",
        "00,10-14,20-22,30-38,40-43,49,99",
        ["00", "22", "49", ""],
        ["15", "0", "39"],
    ),
    (
        "seq-central-valid",
        "tumor",
        "sequenceNumberCentral",
        "00-88,98,99",
        ["00", "60", "98", ""],
        ["89", "1", "97"],
    ),
    ("seq-hospital-valid", "tumor", "sequenceNumberHospital", "00-88,99", ["00", "88", ""], ["98", "1"]),
    ("vital-status-valid", "followup", "vitalStatus", "0,1", ["0", "1", ""], ["4", "9"]),
    ("icd-revision-valid", "followup", "icdRevisionNumber", "0,1,7-9", ["0", "1", "9", ""], ["2", "10"]),
    (
        "size-summary-valid",
        "stage",
        "tumorSizeSummary",
        "000-990,998,999",
        ["000", "990", "998", ""],
        ["991", "25", "997"],
    ),
    (
        "nodes-examined-valid",
        "stage",
        "regionalNodesExamined",
        "00-90,95-99",
        ["00", "90", "96", ""],
        ["91", "3"],
    ),
    (
        "nodes-positive-valid",
        "stage",
        "regionalNodesPositive",
        "00-90,95,97-99",
        ["00", "95", "98", ""],
        ["96", "91"],
    ),
    ("ss2018-valid", "stage", "summaryStage2018", "0-4,7-9", ["0", "4", "9", ""], ["5", "6"]),
    ("chemo-valid", "treatment", "rxSummChemo", "00-03,82,85-88,99", ["00", "03", "87", ""], ["04", "83"]),
    (
        "hormone-valid",
        "treatment",
        "rxSummHormone",
        "00,01,82,85-88,99",
        ["00", "01", "99", ""],
        ["02", "84"],
    ),
    ("brm-valid", "treatment", "rxSummBrm", "00,01,82,85-88,99", ["00", "01", "82", ""], ["02", "1"]),
    (
        "transplant-valid",
        "treatment",
        "rxSummTransplntEndocr",
        "00,10-12,20,30,40,82,85-88,99",
        ["00", "12", "40", ""],
        ["01", "13"],
    ),
    ("other-rx-valid", "treatment", "rxSummOther", "0-3,6-9", ["0", "6", "9", ""], ["4", "5"]),
    (
        "rad-modality-valid",
        "treatment",
        "phase1RadiationTreatmentModality",
        "00-16,98,99",
        ["00", "16", "99", ""],
        ["17", "2"],
    ),
    (
        "reason-no-surgery-valid",
        "treatment",
        "reasonForNoSurgery",
        "0-2,5-9",
        ["0", "5", "9", ""],
        ["3", "4"],
    ),
    (
        "reason-no-radiation-valid",
        "treatment",
        "reasonForNoRadiation",
        "0-2,5-9",
        ["0", "2", "8", ""],
        ["3", "4"],
    ),
    ("rx-status-valid", "treatment", "rxSummTreatmentStatus", "0-2,9", ["0", "2", "9", ""], ["3", "8"]),
    ("surg-rad-seq-valid", "treatment", "rxSummSurgRadSeq", "0,2-7,9", ["0", "2", "9", ""], ["1", "8"]),
    ("systemic-surg-seq-valid", "treatment", "rxSummSystemicSurSeq", "0,2-7,9", ["0", "7", ""], ["1", "8"]),
]

for _id, _category, _items, _codes, _passes, _fails in _LISTS:
    edit(
        _id,
        message="{" + _items + "} is not a code of this item (expected " + _codes.replace(",", ", ") + ")",
        severity=ERROR,
        items=[_items],
        level="item",
        category=_category,
        source=DICTIONARY,
        passes=_passes,
        fails=_fails,
    )(one_of(expand(_codes)))


@edit(
    "mets-valid",
    message="Metastasis at diagnosis must be 0, 1, 8 or 9 (other sites also 2)",
    items=[f"metsAtDx{part}" for part in ("Bone", "Brain", "Liver", "Lung", "DistantLn", "Other")],
    level="item",
    category="stage",
    source=DICTIONARY,
    passes=["0 | 1 | 8 | 9 | 0 | 2", " | | | | | "],
    fails=["2 | 0 | 0 | 0 | 0 | 0", "0 | 0 | 0 | 0 | 0 | 3"],
)
def mets_valid(value: pl.Expr, item: str) -> pl.Expr:
    """One list for five sites, one code more for "other"."""
    return ~value.is_in(["0", "1", "2", "8", "9"] if item == "metsAtDxOther" else ["0", "1", "8", "9"])


@edit(
    "site-valid",
    message="{primarySite} is not an ICD-O-3 topography code (C and three digits, no point)",
    items=["primarySite"],
    level="item",
    category="tumor",
    source=ICD_O,
    passes=["C509", "C809", ""],
    fails=["C507", "509", "C50.9", "c509"],
)
def site_valid(value: pl.Expr) -> pl.Expr:
    """Against the 330 published codes."""
    return ~value.is_in(standards.topography().get_column("code").to_list())


@edit(
    "histology-valid",
    message="{histologicTypeIcdO3} is not an ICD-O-3 morphology code",
    items=["histologicTypeIcdO3"],
    level="item",
    category="tumor",
    source=ICD_O,
    passes=["8500", "8000", "9823", ""],
    fails=["8499", "9999", "85003"],
)
def histology_valid(value: pl.Expr) -> pl.Expr:
    """Against every edition's list and NAACCR's, because older diagnoses keep their codes."""
    published = set(standards.morphology().get_column("code")) | standards.code_set("histologicTypeIcdO3")
    return ~value.is_in(sorted(published))


@edit(
    "state-dx-valid",
    message="{addrAtDxState} is not a state, province or special code",
    items=["addrAtDxState"],
    level="item",
    category="geography",
    source=DICTIONARY,
    passes=["IA", "ON", "ZZ", ""],
    fails=["QQ", "ia", "19"],
)
def state_valid(value: pl.Expr) -> pl.Expr:
    """Listed states and provinces, and CD, US, XX, YY, ZZ."""
    listed = standards.code_set("addrAtDxState") | {"CD", "US", "XX", "YY", "ZZ"}
    return ~value.is_in(sorted(listed))


edit(
    "county-dx-valid",
    message="{countyAtDx} is not a county code (three digits; 998 outside the state, 999 unknown)",
    items=["countyAtDx"],
    level="item",
    category="geography",
    source=DICTIONARY,
    passes=["153", "998", "999", ""],
    fails=["000", "15", "1A3"],
)(lambda value: ~value.str.contains(r"^\d{3}$") | (value == "000"))

edit(
    "patient-id-required",
    message="Patient id {patientIdNumber} must be eight digits, not all zero",
    items=["patientIdNumber"],
    level="item",
    category="identifier",
    source=DICTIONARY,
    passes=["00000001", "12345678"],
    fails=["", "00000000", "1234567"],
)(lambda value: value.is_null() | ~value.str.contains(r"^\d{8}$") | (value == "00000000"))

edit(
    "facility-required",
    message="Reporting facility {reportingFacility} must be ten digits, zero-filled on the left",
    items=["reportingFacility"],
    level="item",
    category="identifier",
    source=DICTIONARY,
    passes=["0006160120", "0000000001"],
    fails=["", "6160120", "00061601AB"],
)(lambda value: value.is_null() | ~value.str.contains(r"^\d{10}$"))

edit(
    "name-last-required",
    message="Last name is blank or holds other characters than letters, blank, hyphen and apostrophe",
    items=["nameLast"],
    level="item",
    category="identifier",
    source=DICTIONARY,
    passes=["O'Neil-Smith", "UNKNOWN", "de la Cruz"],
    fails=["", "SM1TH", "Smith, John"],
)(lambda value: value.is_null() | ~value.str.contains(r"^[\p{L}][\p{L} '\-]*$"))


@edit(
    "record-type-valid",
    message="Record type {recordType} or version {naaccrRecordVersion} is not one that can be read",
    items=["recordType", "naaccrRecordVersion"],
    level="item",
    category="file",
    source=DICTIONARY,
    passes=["A | 260", "I | 250", " | "],
    fails=["B | 260", "A | 999"],
)
def record_type_valid(value: pl.Expr, item: str) -> pl.Expr:
    """Types A, C, I, L, M and U; versions since 14."""
    listed = expand("A,C,I,L,M,U") if item == "recordType" else sorted(standards.VERSIONS)
    return ~value.is_in(listed)


edit(
    "cause-of-death-valid",
    message="{causeOfDeath} is not 0000, 7777, 7797 or an ICD code without a point",
    items=["causeOfDeath"],
    level="item",
    category="followup",
    source=DICTIONARY,
    passes=["0000", "C509", "7797", "I21", "1749", ""],
    fails=["C50.9", "0", "CANCER"],
    notes="Format only; `icd10-cause-format` compares it with the revision.",
)(matching(r"\d{3,4}|[A-Z]\d[0-9A-Z][0-9A-Z]{0,3}"))


@edit(
    "surg-prim-site-valid",
    message="{surgery} is not a code for surgery of the primary site",
    items=["rxSummSurgPrimSite", "rxSummSurgPrimSite2023"],
    level="item",
    category="treatment",
    source="STORE/SEER surgery codes; " + DICTIONARY,
    passes=["00 | ", "90 |", " | A200", " | B980"],
    fails=["91 | ", "A200 | ", " | 20", " | C200"],
    notes="Form and range only: which codes are legal for site and year needs the surgery tables.",
)
def surgery_valid(value: pl.Expr, item: str) -> pl.Expr:
    """00-90, 98, 99 until 2022; A or B with three digits from 2023."""
    if item == "rxSummSurgPrimSite":
        return ~value.is_in(expand("00-90,98,99"))
    return ~value.str.contains(r"^[AB](?:[0-8]\d\d|900|980|990)$")


# The flags that the shipped edits know. NAACCR gives over-ride histology the codes 1 to 3.
_OVERRIDES = (
    ["overRideAgeSiteMorph", "overRideHistology"]
    + [
        f"overRide{name}"
        for name in ("SiteType", "SiteBehavior", "LeukLymphoma", "SurgDxconf", "SiteLatMorph")
    ]
    + [f"overRide{name}" for name in ("SeqnoDxconf", "IllDefineSite", "ReportSource", "NameSex")]
)


@edit(
    "override-flag-valid",
    message="An over-ride flag must be blank or 1 (age/site/morphology and histology: 1, 2 or 3)",
    items=_OVERRIDES,
    level="item",
    category="override",
    source=DICTIONARY,
    columns=["overRideAgeSiteMorph", "overRideHistology", "overRideSiteType"],
    passes=["2 | 3 | 1", " | | "],
    fails=["4 | | ", " | | 2", " | 0 | "],
    notes="The catalogue lets only the age flag take 2 and 3; the dictionary (item 2040) gives both to "
    "over-ride histology as well.",
)
def override_flag_valid(value: pl.Expr, item: str) -> pl.Expr:
    """Two flags have three codes, the others one."""
    three = item in ("overRideAgeSiteMorph", "overRideHistology")
    return ~value.is_in(["1", "2", "3"] if three else ["1"])
