"""Radiation dose, and treatments that hardly occur at a site, with a histology or with the nodes examined."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.given import NODE_SURGERY, TRANSPLANT
from registry.edits.terms import histology_in, number, site_in

DOSE, FRACTION, FRACTIONS = "phase1TotalDose", "phase1DosePerFraction", "phase1NumberOfFractions"


@edit(
    "dose-fraction-consistent",
    message="Total dose {phase1TotalDose} is not {phase1NumberOfFractions} fractions of {phase1DosePerFraction} cGy",
    severity=WARNING,
    items=[DOSE, FRACTION, FRACTIONS],
    category="treatment",
    source="Arithmetic",
    passes=[
        "005000 | 00200 | 025",
        "005250 | 00200 | 025",
        "004750 | 00200 | 025",
        "000001 | 00001 | 001",
        "999998 | 00200 | 025",
        "999999 | 00200 | 025",
        "000000 | 00200 | 025",
        "005000 | 99998 | 025",
        "005000 | 99999 | 025",
        "005000 | 00000 | 025",
        "005000 | 00200 | 999",
        "005000 | 00200 | 000",
        "005000 | | 025",
        "5000 | 00200 | 030",
    ],
    fails=[
        "005251 | 00200 | 025",
        "004749 | 00200 | 025",
        "500000 | 00200 | 025",
        "000200 | 00200 | 025",
        "005000 | 00200 | 998",
        "000001 | 99997 | 001",
        "999997 | 00001 | 001",
    ],
    notes="Five per cent of dose per fraction times fractions. None, not applicable and unknown in one of the three "
    "items leave nothing to compare.",
)
def dose_of_fractions() -> pl.Expr:
    """Whole centigrays."""
    dose, fraction, fractions = number(DOSE), number(FRACTION), number(FRACTIONS)
    product = fraction * fractions
    measured = dose.is_between(1, 999_997) & fraction.is_between(1, 99_997) & fractions.is_between(1, 998)
    return measured & ((dose - product).abs() * 20.0 > product)


@edit(
    "scope-ln-nodes",
    message="Surgery of regional nodes {rxSummScopeRegLnSur} contradicts {regionalNodesExamined} nodes examined",
    items=[NODE_SURGERY, "regionalNodesExamined"],
    category="treatment",
    source=DICTIONARY,
    passes=[
        "2 | 03",
        "7 | 99",
        "5 | 98",
        "0 | 00",
        "1 | 00",
        "1 | 02",
        "9 | 00",
        "9 | 05",
        "0 | 95",
        "0 | 96",
        "0 | 99",
        "2 | ",
        " | 05",
        "8 | 00",
        "0 | 91",
    ],
    fails=["2 | 00", "7 | 00", "4 | 00", "0 | 01", "0 | 90", "0 | 12"],
)
def nodes_of_surgery() -> pl.Expr:
    """Removed nodes are examined; without surgery only an aspiration (95) looks at them."""
    scope, examined = pl.col(NODE_SURGERY), pl.col("regionalNodesExamined")
    removed = scope.is_between(pl.lit("2"), pl.lit("7")) & (examined == "00")
    return removed | ((scope == "0") & examined.is_between(pl.lit("01"), pl.lit("90")))


@edit(
    "transplant-histology",
    message="Transplant or endocrine procedure {rxSummTransplntEndocr} is unusual for {histologicTypeIcdO3}",
    severity=WARNING,
    items=[TRANSPLANT, "histologicTypeIcdO3", "primarySite"],
    category="treatment",
    source=DICTIONARY,
    passes=[
        "30 | 8500 | C500",
        "30 | 8500 | C509",
        "30 | 8140 | C619",
        "10 | 9732 | C421",
        "20 | 9590 | C779",
        "12 | 9993 | C421",
        "11 | 9500 | C741",
        "20 | 9490 | C749",
        "20 | 9060 | C629",
        "10 | 9105 | C589",
        "40 | 8140 | C169",
        "00 | 8140 | C169",
        "99 | 8140 | C169",
        "13 | 8140 | C169",
        "30 | 8500 | ",
        "10 | | C421",
        " | 8500 | C509",
    ],
    fails=[
        "30 | 8140 | C569",
        "30 | 9732 | C421",
        "10 | 8140 | C169",
        "11 | 8500 | C509",
        "12 | 9580 | C499",
        "20 | 9110 | C569",
        "20 | 9501 | C692",
    ],
    notes="Endocrine procedures (30): sites C500-C509 and C619. Transplants (10, 11, 12, 20): 9590-9993, neuroblastoma "
    "9490 and 9500, germ cell tumors 9060-9105. 40 (both) is not tested. The site is read for breast and prostate.",
)
def unusual_transplant() -> pl.Expr:
    """Code 30 by site, transplants by histology."""
    transplant = pl.col(TRANSPLANT)
    endocrine = (transplant == "30") & ~site_in("C500-C509,C619")
    usual = histology_in("9590-9993,9490,9500,9060-9105")
    return endocrine | (transplant.is_in(["10", "11", "12", "20"]) & ~usual)


@edit(
    "hormone-site",
    message="Hormone therapy is unusual at {primarySite} with {histologicTypeIcdO3}: check",
    severity=WARNING,
    items=["rxSummHormone", "primarySite", "histologicTypeIcdO3"],
    category="treatment",
    source=DICTIONARY,
    passes=[
        "01 | C500 | 8500",
        "01 | C509 | 8500",
        "01 | C619 | 8140",
        "01 | C540 | 8380",
        "01 | C541 | 8380",
        "01 | C549 | 8380",
        "01 | C559 | 8380",
        "01 | C739 | 8260",
        "01 | C421 | 9732",
        "01 | C169 | 9590",
        "01 | C169 | 9993",
        "00 | C189 | 8140",
        "87 | C189 | 8140",
        "99 | C189 | 8140",
        "02 | C189 | 8140",
        "01 | | 8140",
        "01 | C189 | ",
        " | C189 | 8140",
    ],
    fails=[
        "01 | C189 | 8140",
        "01 | C539 | 8070",
        "01 | C569 | 8441",
        "01 | C740 | 8370",
        "01 | C499 | 9580",
    ],
    notes="Endometrium is C540-C549 and C559; hematopoietic 9590-9993.",
)
def unusual_hormones() -> pl.Expr:
    """Given outside the sites that hormones are given for."""
    usual = site_in("C500-C509,C619,C540-C549,C559,C739") | histology_in("9590-9993")
    return (pl.col("rxSummHormone") == "01") & ~usual
