"""Narrative text: is it there, and does it name the side that is coded?"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import SURGERY, raw

LEFT, RIGHT = r"(?i)\bleft\b", r"(?i)\bright\b"
"""The words alone: LEFTOVER and BRIGHT name no side."""
ALSO_LEFT, ALSO_RIGHT = (
    r"(?i)\b(?:left|lt|l|bilateral|bilat|both)\b",
    r"(?i)\b(?:right|rt|r|bilateral|bilat|both)\b",
)
"""What may stand for a side. RT is radiotherapy too, so these excuse a record and never accuse it."""


TEXTLESS = ("I", "C")
"""Record types without narrative text (NAACCR dictionaries: text is of types A and M)."""


def unwritten(item: str) -> pl.Expr:
    """True when there is no text but blanks, though the record can hold one."""
    holds_text = ~pl.col("recordType").is_in(TEXTLESS).fill_null(value=False)
    return holds_text & (raw(item).is_null() | (raw(item).str.strip_chars() == ""))


@edit(
    "laterality-text",
    message="Laterality is {laterality}, and the pathology text names only the other side",
    severity=REVIEW,
    items=["laterality", "textDxProcPath"],
    level="text",
    category="laterality",
    source="Arithmetic or registry practice",
    passes=[
        "1 | RIGHT BREAST, INVASIVE DUCTAL CARCINOMA",
        "2 | Left breast: ductal carcinoma",
        "1 | LEFT AND RIGHT BREAST: CARCINOMA ON THE RIGHT",
        "1 | LEFT AXILLARY NODE NEGATIVE, RT BREAST POSITIVE",
        "2 | right lung clear, L lung mass",
        "1 | BILATERAL BIOPSIES, LEFT BENIGN",
        "2 | BRIGHT RED SPECIMEN, NO COPYRIGHT",
        "1 | LEFTOVER TISSUE",
        "2 | BREAST, ADJUVANT RT",
        "1 | BREAST, NOS",
        "9 | LEFT BREAST",
        "4 | LEFT BREAST",
        "0 | LEFT COLON",
        "3 | RIGHT LUNG",
        "1 | ",
        " | LEFT BREAST",
        "7 | LEFT BREAST",
    ],
    fails=[
        "1 | LEFT BREAST, INVASIVE DUCTAL CARCINOMA",
        "2 | right kidney: clear cell carcinoma",
        "1 | core biopsy, (left-sided) mass",
        "2 | RIGHT",
    ],
    notes="Only the words left and right accuse; RT, LT, R, L, bilateral and both may stand for the coded "
    "side and excuse the record. Laterality other than 1 and 2 says nothing about one side.",
)
def other_side_in_text() -> pl.Expr:
    """Coded right and only left is named, or the reverse."""
    side, text = pl.col("laterality"), pl.col("textDxProcPath")
    only_left = text.str.contains(LEFT) & ~text.str.contains(ALSO_RIGHT)
    only_right = text.str.contains(RIGHT) & ~text.str.contains(ALSO_LEFT)
    return ((side == "1") & only_left) | ((side == "2") & only_right)


@edit(
    "text-required-path",
    message="Confirmation {diagnosticConfirmation} is microscopic, and there is no pathology text",
    severity=WARNING,
    items=["textDxProcPath", "diagnosticConfirmation"],
    level="text",
    category="text",
    source=DICTIONARY,
    version="2026.2",
    requires=["diagnosticConfirmation"],
    columns=["textDxProcPath", "diagnosticConfirmation", "recordType"],
    passes=[
        "BREAST BIOPSY | 1 | A",
        " | 5 | ",
        " | 9 | ",
        " | | ",
        " | 0 | ",
        "MARROW | 4 | ",
        " | 1 | I",
        " | 1 | C",
    ],
    fails=[" | 1 | ", " | 2 | ", " | 3 | ", " | 4 | ", " | 1 | A", " | 1 | M"],
    notes="Incidence and confidential records (types I and C) have no place for text.",
)
def no_pathology_text() -> pl.Expr:
    """Confirmation 1 to 4; blanks are no text."""
    return (pl.col("diagnosticConfirmation") <= "4") & unwritten("textDxProcPath")


@edit(
    "text-required-surgery",
    message="Surgery of the primary site is {surgery}, and there is no surgery text",
    severity=WARNING,
    items=["rxTextSurgery", "rxSummSurgPrimSite2023", "rxSummSurgPrimSite"],
    level="text",
    category="text",
    source=DICTIONARY,
    version="2026.2",
    requires=["rxSummSurgPrimSite2023|rxSummSurgPrimSite"],
    columns=["rxTextSurgery", "rxSummSurgPrimSite2023", "rxSummSurgPrimSite", "recordType"],
    passes=[
        "LUMPECTOMY | | 22 | ",
        " | | 00 | ",
        " | | 99 | ",
        " | | 98 | ",
        " | A000 | | ",
        " | A990 | | ",
        " | A980 | | ",
        " | B000 | 30 | ",
        " | | | ",
        " | | XX | ",
        " | | 22 | I",
        " | | 22 | C",
    ],
    fails=[" | | 22 | ", " | A220 | | ", " | B100 | 00 | ", " | | 10 | A", " | | 90 | "],
    notes="Codes 10 to 90 (A100 to A900, B100 to B900) say that there was surgery; 00 is none, 98 not "
    "applicable, 99 unknown. The newer item counts when both are filled. Records of types I and C have no text.",
)
def no_surgery_text() -> pl.Expr:
    """Surgery was given; blanks are no text."""
    return SURGERY.is_between(10, 90) & unwritten("rxTextSurgery")
