"""SEER Behavior Recode for Analysis."""

from __future__ import annotations

import polars as pl

from registry.coding.derivation import derivation

_BRAIN = ((700, 701), (709, 729), (751, 753))
_MALIGNANT_SINCE_2001 = [9393, 9538, 9950, 9960, 9961, 9962, 9980, *range(9982, 9988), 9989]
_MALIGNANT_SINCE_2010 = [9724, 9751, 9759, 9831, 9975, 9991, 9992]


@derivation(
    "seer-behavior-recode",
    version="for 2006+ submissions",
    inputs=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    outputs=["seerBehaviorRecode"],
    source="https://seer.cancer.gov/behavrecode/",
    examples=[
        "C509 | 8500 | 3 | 2015 | 3",
        "C509 | 8500 | 2 | 2015 | 2",
        "C679 | 8130 | 2 | 2015 | 3",
        "C679 | 8130 | 1 | 2015 | 3",
        "C700 | 9530 | 0 | 2004 | 0",
        "C700 | 9530 | 1 | 200412 | 1",
        "C700 | 9530 | 0 | 2003 | 9",
        "C421 | 9950 | 3 | 2001 | 4",
        "C421 | 9950 | 3 | 2000 | 3",
        "C341 | 9133 | 3 | 2005 | 4",
        "C569 | 8472 | 1 | 2015 | 5",
        "C421 | 9975 | 3 | 2010 | 6",
        "C421 | 9975 | 3 | 2009 | 3",
        "C509 | 8500 | 3 |  | 9",
    ],
)
def seer_behavior_recode() -> pl.Expr:
    """Behavior as SEER counts it: bladder always malignant, changes of ICD-O-3 and of 2010 apart.

    In situ urinary bladder counts as malignant because pathologists' habits of calling it in situ
    have changed over the years; codes 4 and 6 mark tumors that only the later edition calls
    malignant, so that trends can leave them out, and 5 those that are no longer reportable.
    """
    site, histology, year = (pl.col(name) for name in ("@site", "@histology", "@diagnosis_year"))
    bladder = site.is_between(670, 679)
    behavior = pl.when(bladder).then(pl.lit(3, pl.UInt8)).otherwise(pl.col("@behavior"))
    brain = pl.any_horizontal([site.is_between(low, high) for low, high in _BRAIN])
    benign_brain = brain & (year >= 2004) & behavior.is_in([0, 1])
    lung_2001 = site.is_between(340, 349) & (histology == 9133)
    since_2001 = (year >= 2001) & (behavior == 3) & (histology.is_in(_MALIGNANT_SINCE_2001) | lung_2001)
    since_2010 = (year >= 2010) & (behavior == 3) & histology.is_in(_MALIGNANT_SINCE_2010)
    outside_brain = (site <= 699) | site.is_between(730, 750) | site.is_between(754, 809)
    known = pl.all_horizontal([value.is_not_null() for value in (site, histology, pl.col("@behavior"), year)])
    return (
        pl.when(~known)
        .then(pl.lit("9"))
        .when(since_2010)
        .then(pl.lit("6"))
        .when(benign_brain | (behavior == 2))
        .then(behavior.cast(pl.String))
        .when(since_2001)
        .then(pl.lit("4"))
        .when((behavior == 1) & outside_brain)
        .then(pl.lit("5"))
        .when(behavior == 3)
        .then(pl.lit("3"))
        .otherwise(pl.lit("9"))
    )
