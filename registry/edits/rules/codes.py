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
    ("spanish-origin-valid", "demographic", "spanishHispanicOrigin", "0-9", ["0", "9", ""], ["A", "10", "/"]),
    ("marital-valid", "demographic", "maritalStatusAtDx", "1-6,9", ["1", "6", "9", ""], ["0", "7", "8", "M"]),
    (
        "payer-valid",
        "demographic",
        "primaryPayerAtDx",
        "01,02,10,20,21,31,35,60-68,99",
        ["01", "02", "10", "20", "21", "31", "35", "60", "68", "99", ""],
        ["00", "03", "22", "36", "59", "69", "1"],
    ),
    ("behavior-valid", "tumor", "behaviorCodeIcdO3", "0-3", ["0", "1", "2", "3", ""], ["4", "6", "9", "/"]),
    ("laterality-valid", "tumor", "laterality", "0-5,9", ["0", "5", "9", ""], ["6", "8", "L"]),
    ("dxconf-valid", "tumor", "diagnosticConfirmation", "1-9", ["1", "9", ""], ["0", "X", "01"]),
    ("grade-valid", "tumor", "grade", "1-9", ["1", "9", ""], ["0", "H", "L"]),
    ("report-source-valid", "tumor", "typeOfReportingSource", "1-8", ["1", "8", ""], ["0", "9"]),
    (
        "class-of-case-valid",
        "tumor",
        "classOfCase",
        "00,10-14,20-22,30-38,40-43,49,99",
        ["00", "10", "14", "20", "22", "30", "38", "40", "43", "49", "99", ""],
        ["0", "01", "15", "23", "39", "44", "48", "50"],
    ),
    (
        "seq-central-valid",
        "tumor",
        "sequenceNumberCentral",
        "00-88,98,99",
        ["00", "59", "60", "88", "98", "99", ""],
        ["89", "1", "97", "001"],
    ),
    (
        "seq-hospital-valid",
        "tumor",
        "sequenceNumberHospital",
        "00-88,99",
        ["00", "59", "60", "88", "99", ""],
        ["89", "98", "1", "AA"],
    ),
    ("vital-status-valid", "followup", "vitalStatus", "0,1", ["0", "1", ""], ["4", "9", "2"]),
    (
        "icd-revision-valid",
        "followup",
        "icdRevisionNumber",
        "0,1,7-9",
        ["0", "1", "7", "9", ""],
        ["2", "6", "10"],
    ),
    ("autopsy-valid", "followup", "autopsy", "0-2,9", ["0", "1", "2", "9", ""], ["3", "8", "Y"]),
    ("cancer-status-valid", "followup", "cancerStatus", "1,2,9", ["1", "2", "9", ""], ["0", "3", "8"]),
    (
        "followup-source-valid",
        "followup",
        "followUpSource",
        "0-5,7-9",
        ["0", "5", "7", "8", "9", ""],
        ["6", "00", "A"],
    ),
    (
        "size-summary-valid",
        "stage",
        "tumorSizeSummary",
        "000-990,998,999",
        ["000", "990", "998", "999", ""],
        ["991", "997", "25", "XX1"],
    ),
    (
        "nodes-examined-valid",
        "stage",
        "regionalNodesExamined",
        "00-90,95-99",
        ["00", "90", "95", "96", "99", ""],
        ["91", "94", "3"],
    ),
    (
        "nodes-positive-valid",
        "stage",
        "regionalNodesPositive",
        "00-90,95,97-99",
        ["00", "90", "95", "97", "98", "99", ""],
        ["91", "94", "96", "3"],
    ),
    ("ss2018-valid", "stage", "summaryStage2018", "0-4,7-9", ["0", "4", "7", "9", ""], ["5", "6", "X"]),
    (
        "chemo-valid",
        "treatment",
        "rxSummChemo",
        "00-03,82,85-88,99",
        ["00", "03", "82", "85", "88", "99", ""],
        ["04", "81", "83", "84", "89", "1"],
    ),
    (
        "hormone-valid",
        "treatment",
        "rxSummHormone",
        "00,01,82,85-88,99",
        ["00", "01", "82", "85", "88", "99", ""],
        ["02", "83", "84", "89"],
    ),
    (
        "brm-valid",
        "treatment",
        "rxSummBrm",
        "00,01,82,85-88,99",
        ["00", "01", "82", "85", "88", "99", ""],
        ["02", "1", "83", "89"],
    ),
    (
        "transplant-valid",
        "treatment",
        "rxSummTransplntEndocr",
        "00,10-12,20,30,40,82,85-88,99",
        ["00", "10", "12", "20", "30", "40", "82", "85", "88", "99", ""],
        ["01", "13", "21", "50", "84"],
    ),
    (
        "other-rx-valid",
        "treatment",
        "rxSummOther",
        "0-3,6-9",
        ["0", "3", "6", "9", ""],
        ["4", "5", "A"],
    ),
    (
        "rad-modality-valid",
        "treatment",
        "phase1RadiationTreatmentModality",
        "00-16,98,99",
        ["00", "16", "98", "99", ""],
        ["17", "97", "2"],
    ),
    (
        "reason-no-surgery-valid",
        "treatment",
        "reasonForNoSurgery",
        "0-2,5-9",
        ["0", "2", "5", "9", ""],
        ["3", "4", "A"],
    ),
    (
        "reason-no-radiation-valid",
        "treatment",
        "reasonForNoRadiation",
        "0-2,5-9",
        ["0", "2", "5", "9", ""],
        ["3", "4", "A"],
    ),
    ("rx-status-valid", "treatment", "rxSummTreatmentStatus", "0-2,9", ["0", "1", "2", "9", ""], ["3", "8"]),
    ("surg-rad-seq-valid", "treatment", "rxSummSurgRadSeq", "0,2-7,9", ["0", "2", "7", "9", ""], ["1", "8"]),
    (
        "systemic-surg-seq-valid",
        "treatment",
        "rxSummSystemicSurSeq",
        "0,2-7,9",
        ["0", "2", "7", "9", ""],
        ["1", "8"],
    ),
]

_NOTES = {
    "grade-valid": "From 2018 the item is blank or carries a value of before: the same codes.",
    "vital-status-valid": "Code 4 of older SEER files is converted to 0 when a file is read.",
}

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
        notes=_NOTES.get(_id, ""),
    )(one_of(expand(_codes)))


@edit(
    "mets-valid",
    message="Metastasis at diagnosis must be 0, 1, 8 or 9 (other sites also 2)",
    items=[f"metsAtDx{part}" for part in ("Bone", "Brain", "Liver", "Lung", "DistantLn", "Other")],
    level="item",
    category="stage",
    source=DICTIONARY,
    passes=[
        "0 | 1 | 8 | 9 | 0 | 2",
        "8 | 9 | 0 | 1 | 1 | 1",
        "1 | 0 | 9 | 8 | 0 | 8",
        "0 | 0 | 0 | 0 | 0 | 0",
        " | | | | | 9",
    ],
    fails=[
        "2 | 0 | 0 | 0 | 0 | 0",
        "0 | 0 | 0 | 0 | 2 | 0",
        "0 | 7 | 0 | 0 | 0 | 0",
        "0 | 0 | 0 | 0 | 0 | 3",
    ],
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
    passes=["C000", "C509", "C809", ""],
    fails=["C507", "C810", "509", "C50.9", "c509", "C5090"],
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
    passes=["8000", "8500", "9823", "9993", ""],
    fails=["7999", "8499", "9994", "9999", "85003", "85"],
)
def histology_valid(value: pl.Expr) -> pl.Expr:
    """Against every edition's list and NAACCR's, because older diagnoses keep their codes."""
    published = set(standards.morphology().get_column("code")) | standards.code_set("histologicTypeIcdO3")
    return ~value.is_in(sorted(published))


edit(
    "cause-of-death-valid",
    message="{causeOfDeath} is not 0000, 7777, 7797 or an ICD code without a point",
    items=["causeOfDeath"],
    level="item",
    category="followup",
    source=DICTIONARY,
    version="2026.2",
    passes=["0000", "7777", "7797", "C509", "I21", "C50X", "C7A1", "1749", "162", ""],
    fails=["C50.9", "0", "00000", "CANCER", "C5", "c509", "CC09", "C5O9", "C50999X"],
    notes="The form of any revision: published lists of causes are of one revision only and not complete, "
    "and a code of another revision than the record's is for `icd10-cause-format`, which could not speak "
    "of it if it were invalid here. A letter in third place is a slip (C5O9), but for the categories that have one.",
)(matching("[0-9]{3,4}|(?:[A-Z][0-9][0-9]|C4A|C7A|C7B|D3A|M1A|O9A|Z3A)[0-9A-Z]{0,3}"))


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
    passes=["2 | 3 | 1", "1 | 2 | ", "3 | 1 | ", " | | "],
    fails=["4 | | ", " | 4 | ", " | | 2", " | | 3", " | 0 | "],
    notes="The catalogue lets only the age flag take 2 and 3; the dictionary (item 2040) gives both to "
    "over-ride histology as well.",
)
def override_flag_valid(value: pl.Expr, item: str) -> pl.Expr:
    """Two flags have three codes, the others one."""
    three = item in ("overRideAgeSiteMorph", "overRideHistology")
    return ~value.is_in(["1", "2", "3"] if three else ["1"])
