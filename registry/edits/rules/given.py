"""Whether treatment was given: what the codes of each modality say, for all edits on treatment.

Each answer is True (a code that says given), False (any other valid code, unknown too) or null
(blank or invalid: it may have been given).
"""

from __future__ import annotations

import polars as pl

from registry.edits import terms
from registry.edits.terms import raw

SURGERY_ITEMS = ["rxSummSurgPrimSite2023", "rxSummSurgPrimSite"]
NODE_SURGERY, OTHER_SURGERY = "rxSummScopeRegLnSur", "rxSummSurgOthRegDis"
RADIATION = "phase1RadiationTreatmentModality"
SYSTEMIC = {"rxSummChemo": "03", "rxSummHormone": "01", "rxSummBrm": "01"}
"""Systemic items and their highest code that means given (01 is the lowest)."""
TRANSPLANT = "rxSummTransplntEndocr"


@terms._named("@surgery_code")
def SURGERY() -> pl.Expr:
    """Surgery of the primary site as its two-digit number, whichever item holds it (A200 → 20).

    Any code of right form counts, one that the site's table does not have as well: else edits on
    sites without surgery codes could never speak of one.
    """
    newer, older = raw("rxSummSurgPrimSite2023"), raw("rxSummSurgPrimSite")
    lettered = newer.str.contains("^[AB](?:[0-8][0-9][0-9]|900|980|990)$")
    digits = older.str.contains("^(?:[0-8][0-9]|90|98|99)$")
    code = pl.when(lettered).then(newer.str.slice(1, 2)).when(digits).then(older)
    return code.cast(pl.UInt8, strict=False)


SURGERY_GIVEN = SURGERY.is_between(10, 90)
RADIATION_GIVEN = (pl.col(RADIATION) != "00") & (pl.col(RADIATION) != "99")
OTHER_GIVEN = pl.col("rxSummOther").is_in(["1", "2", "3", "6"])


def between(item: str, lowest: str, highest: str) -> pl.Expr:
    """Whether the item's code lies in a range."""
    return pl.col(item).is_between(pl.lit(lowest), pl.lit(highest))


def drug_given(item: str, highest: str) -> pl.Expr:
    """Codes 01 up to the item's highest one."""
    return between(item, "01", highest)


TRANSPLANT_GIVEN = between(TRANSPLANT, "10", "40")
SYSTEMIC_GIVEN = pl.any_horizontal([drug_given(*item) for item in SYSTEMIC.items()] + [TRANSPLANT_GIVEN])
"""Chemotherapy, hormones, biological response modifier, or transplant and endocrine procedures."""

NODES_GIVEN = between(NODE_SURGERY, "1", "7")
OTHER_SURGERY_GIVEN = between(OTHER_SURGERY, "1", "5")


def any_surgery() -> pl.Expr:
    """Surgery of the primary site, of regional nodes, or other regional and distant surgery.

    A biopsy or aspiration of nodes (scope 1) says nothing by itself: manuals before 2012 count it as
    surgery, later ones do not.
    """
    nodes = pl.when(pl.col(NODE_SURGERY) != "1").then(NODES_GIVEN)
    return pl.any_horizontal([SURGERY_GIVEN, nodes, OTHER_SURGERY_GIVEN])


def known(*conditions: pl.Expr) -> pl.Expr:
    """True when one of the treatments is known to be given; unknown and blank count as not."""
    return pl.any_horizontal([condition.fill_null(value=False) for condition in conditions])
