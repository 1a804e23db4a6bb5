"""Tumor size: where it is not applicable, codes of some sites, clinical against pathological size."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import blank, histology_in, number, site_in

SIZE = pl.col("tumorSizeSummary")
_SEQUENCES = ["rxSummSystemicSurSeq", "rxSummSurgRadSeq"]


@edit(
    "size-not-applicable",
    message="Tumor size {tumorSizeSummary} at {primarySite}, {histologicTypeIcdO3}: there is none to measure "
    "(expected 999)",
    items=["tumorSizeSummary", "histologicTypeIcdO3", "primarySite"],
    category="stage",
    source=DICTIONARY,
    passes=[
        "999 | 9861 | C421",
        "999 | 8000 | C809",
        "025 | 8500 | C509",
        "025 | 9580 | C499",
        "025 | 8140 | C768",
        " | 9861 | C421",
        "991 | 9861 | C421",
        "025 | | C809",
    ],
    fails=[
        "025 | 9861 | C421",
        "000 | 9590 | C169",
        "990 | 9993 | C421",
        "000 | 8000 | C809",
        "998 | 8140 | C809",
    ],
)
def size_does_not_apply() -> pl.Expr:
    """Hematopoietic neoplasms and an unknown primary site."""
    return (histology_in("9590-9993") | site_in("C809")) & (SIZE != "999")


@edit(
    "size-998-site",
    message="Tumor size 998 is not defined for {primarySite}",
    items=["tumorSizeSummary", "primarySite"],
    category="stage",
    source=DICTIONARY,
    passes=[
        "998 | C150",
        "998 | C159",
        "998 | C160",
        "998 | C169",
        "998 | C180",
        "998 | C209",
        "998 | C340",
        "998 | C349",
        "998 | C500",
        "998 | C509",
        "015 | C619",
        "999 | C619",
        "998 | ",
        " | C619",
    ],
    fails=["998 | C619", "998 | C445", "998 | C148", "998 | C170", "998 | C210", "998 | C339", "998 | C510"],
    notes="Size 998 also means other things by site; the catalogue's sites are followed.",
)
def size_998() -> pl.Expr:
    """Circumferential, diffuse, polyposis: esophagus, stomach, colorectum, lung, breast."""
    return (SIZE == "998") & ~site_in("C150-C159,C160-C169,C180-C209,C340-C349,C500-C509")


@edit(
    "size-implausible",
    message="Tumor size is {tumorSizeSummary} mm: check the unit",
    severity=WARNING,
    items=["tumorSizeSummary"],
    category="stage",
    source="Arithmetic",
    passes=["300", "030", "989", "990", "998", "999", "991", ""],
    fails=["301", "350", "988"],
)
def size_in_another_unit() -> pl.Expr:
    """More than 30 cm; 989 and above are codes."""
    return number("tumorSizeSummary").is_between(301, 988)


@edit(
    "size-clin-path",
    message="Tumor size {tumorSizeSummary} is neither the pathological size {tumorSizePathologic} nor, where that is "
    "not known, the clinical size {tumorSizeClinical}",
    severity=WARNING,
    items=["tumorSizeClinical", "tumorSizePathologic", "tumorSizeSummary"],
    category="stage",
    source=DICTIONARY,
    requires=["tumorSizeSummary"],
    columns=[
        "tumorSizeClinical",
        "tumorSizePathologic",
        "tumorSizeSummary",
        *_SEQUENCES,
        "neoadjuvantTherapy",
    ],
    passes=[
        "020 | 025 | 025 | 0 | 0 | ",
        "020 | 999 | 020 | 0 | 0 | ",
        "020 | | 020 | | | ",
        "999 | 999 | 025 | 0 | 0 | ",
        "999 | 025 | 025 | 3 | 3 | 0",
        "020 | 010 | 020 | 2 | 0 | ",
        "020 | 010 | 020 | 4 | 0 | ",
        "020 | 010 | 020 | 6 | 0 | ",
        "020 | 010 | 020 | 7 | 0 | ",
        "020 | 010 | 020 | 0 | 2 | ",
        "020 | 010 | 020 | 0 | 4 | ",
        "020 | 010 | 020 | 0 | 0 | 1",
        "020 | 010 | 020 | 0 | 0 | 2",
        "020 | 010 | 020 | 0 | 0 | 3",
        "020 | 991 | 025 | 0 | 0 | ",
        "991 | 999 | 025 | 0 | 0 | ",
        "020 | 000 | 020 | 0 | 0 | ",
        " | | 020 | 0 | 0 | ",
        "020 | 025 | | 0 | 0 | ",
        "20 | | 025 | 0 | 0 | ",
        "2A0 | | 025 | 0 | 0 | ",
        "020 | 0250 | 025 | 0 | 0 | ",
    ],
    fails=[
        "020 | 025 | 020 | 0 | 0 | ",
        "020 | 990 | 020 | 3 | 3 | 0",
        "020 | 001 | 999 | 9 | 9 | 9",
        "020 | 998 | 020 | | | ",
        "020 | 999 | 025 | 0 | 0 | ",
        "020 | | 999 | | | ",
        "000 | 999 | 020 | 0 | 0 | ",
    ],
    notes="A pathological size of 000 leaves both open (nothing was left to measure). Treatment before surgery, by "
    "either sequence (2, 4, 6, 7) or the neoadjuvant item (1 to 3), is excepted.",
)
def size_of_neither() -> pl.Expr:
    """The pathological size where it is known, else the clinical one."""
    path, clinical = pl.col("tumorSizePathologic"), pl.col("tumorSizeClinical")
    by_path = _known(path, "001") & (path != SIZE)
    unknown_path = blank("tumorSizePathologic") | (path == "999")
    by_clinical = unknown_path & _known(clinical, "000") & (clinical != SIZE)
    before = [pl.col(item).is_in(["2", "4", "6", "7"]) for item in _SEQUENCES]
    before.append(pl.col("neoadjuvantTherapy").is_in(["1", "2", "3"]))
    neoadjuvant = pl.any_horizontal([one.fill_null(value=False) for one in before])
    either = by_path.fill_null(value=False) | by_clinical.fill_null(value=False)
    return either & ~neoadjuvant


def _known(size: pl.Expr, lowest: str) -> pl.Expr:
    """A valid size that says something."""
    listed = size.is_between(pl.lit(lowest), pl.lit("990")) | (size == "998")
    return size.str.contains("^[0-9]{3}$") & listed
