"""Treatment at the reporting facility against class of case and the summary items."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.given import SYSTEMIC, drug_given

_DRUGS = {item.replace("rxSumm", "rxHosp"): highest for item, highest in SYSTEMIC.items()}
_HERE = ["rxHospSurgPrimSite", *_DRUGS, "rxHospRadiation", "rxHospSurgPrimSite2023"]
_COLUMNS = ["classOfCase", *_HERE]


def given_here() -> pl.Expr:
    """A code that says given in any of the facility's own items; blank and unknown count as not."""
    older = pl.col("rxHospSurgPrimSite").str.contains("^(?:[1-8][0-9]|90)$")
    newer = pl.col("rxHospSurgPrimSite2023").str.contains("^[AB](?:[1-8][0-9][0-9]|900)$")
    radiation = pl.col("rxHospRadiation").is_in(["1", "2", "3", "4", "5"])
    drugs = [drug_given(*one).fill_null(value=False) for one in _DRUGS.items()]
    return pl.any_horizontal([one.fill_null(value=False) for one in (older, newer, radiation)] + drugs)


_NOTE = (
    "Given means a code that says so: unknown (99), refused, recommended and the like are no treatment here. The item of "
    "2023 and later, rxHospSurgPrimSite2023, is read as well."
)


@edit(
    "class-treatment-elsewhere",
    message="Class of case {classOfCase} (treated elsewhere), but treatment at this facility is coded",
    severity=WARNING,
    items=_COLUMNS,
    category="treatment",
    source=DICTIONARY,
    requires=["classOfCase"],
    passes=[
        "30 | 00 | 00 | 00 | 00 | 0 | ",
        "32 | 99 | 99 | 99 | 99 | 9 | A990",
        "33 | 98 | 85 | 86 | 87 | 7 | A000",
        "30 | | | | | 8 | A980",
        "31 | | 88 | 82 | | | ",
        "14 | 30 | 03 | 00 | 00 | 1 | ",
        "34 | 30 | 00 | 00 | 00 | 0 | ",
        "29 | 30 | 00 | 00 | 00 | 0 | ",
        " | 30 | 00 | 00 | 00 | 0 | ",
        "30 | 95 | 04 | 02 | 1 | 6 | C200",
    ],
    fails=[
        "30 | 30 | 00 | 00 | 00 | 0 | ",
        "31 | | 02 | | | | ",
        "32 | 10 | | | | | ",
        "33 | 90 | | | | | ",
        "32 | | | 01 | | | ",
        "33 | | | | 01 | | ",
        "30 | | | | | 3 | ",
        "30 | | | | | 4 | ",
        "30 | | | | | 5 | ",
        "30 | | | | | 1 | ",
        "30 | | | | | | A200",
        "30 | | | | | | B900",
        "30 | | 03 | | | | ",
        "30 | | 01 | | | | ",
    ],
    notes=_NOTE,
)
def treated_here_after_all() -> pl.Expr:
    """Classes 30 to 33."""
    return pl.col("classOfCase").is_in(["30", "31", "32", "33"]) & given_here()


@edit(
    "class00-hospital-rx",
    message="Class of case {classOfCase} has no treatment at this facility, but one is coded as given",
    items=_COLUMNS,
    category="treatment",
    source=DICTIONARY,
    requires=["classOfCase"],
    passes=[
        "00 | 00 | 00 | 00 | 00 | 0 | ",
        "00 | 99 | 99 | 88 | 82 | 9 | ",
        "38 | | | | | | A000",
        "31 | 30 | 03 | 00 | 00 | 1 | ",
        "34 | 30 | 00 | 00 | 00 | 0 | ",
        "37 | 30 | 00 | 00 | 00 | 0 | ",
        "40 | 30 | 00 | 00 | 00 | 0 | ",
        "42 | 30 | 00 | 00 | 00 | 0 | ",
        "10 | 30 | 00 | 00 | 00 | 0 | ",
        "99 | 30 | 00 | 00 | 00 | 0 | ",
        " | 30 | 00 | 00 | 00 | 0 | ",
    ],
    fails=[
        "00 | 30 | 00 | 00 | 00 | 0 | ",
        "30 | | 01 | | | | ",
        "32 | | | 01 | | | ",
        "33 | | | | 01 | | ",
        "38 | | | | | 2 | ",
        "43 | 20 | | | | | ",
        "49 | | 03 | | | | ",
        "00 | | | | | | A200",
    ],
    notes=_NOTE + " Class 31 (in transit, palliative care) is excepted.",
)
def treated_here_by_class() -> pl.Expr:
    """Classes without treatment here."""
    return pl.col("classOfCase").is_in(["00", "30", "32", "33", "38", "43", "49"]) & given_here()


@edit(
    "hospital-rx-implies-summary",
    message="Treatment given at this facility is not in the summary items",
    items=[item for pair in zip(_DRUGS, SYSTEMIC, strict=True) for item in pair],
    category="treatment",
    source=DICTIONARY,
    requires=(),
    passes=[
        "02 | 02 | 01 | 01 | 01 | 01",
        "01 | 03 | 00 | 00 | 00 | 00",
        "00 | 03 | 00 | 01 | 99 | 01",
        "85 | 00 | 87 | 00 | 88 | 00",
        "03 | | 01 | | 01 | ",
        " | 00 | | 00 | | 00",
        "03 | 04 | 00 | 00 | 00 | 00",
        "04 | 00 | 02 | 00 | 02 | 00",
    ],
    fails=[
        "02 | 00 | 00 | 00 | 00 | 00",
        "01 | 88 | | | | ",
        "03 | 99 | 01 | 01 | 01 | 01",
        " | | 01 | 00 | | ",
        " | | 01 | 86 | | ",
        " | | | | 01 | 00",
        " | | | | 01 | 99",
    ],
    notes="Each pair of items by itself; a blank or invalid summary item is not compared.",
)
def given_here_not_in_summary() -> pl.Expr:
    """Chemotherapy, hormones, immunotherapy."""
    faults = [
        drug_given(here, highest) & ~drug_given(summary, highest)
        for (here, highest), summary in zip(_DRUGS.items(), SYSTEMIC, strict=True)
    ]
    return pl.any_horizontal([fault.fill_null(value=False) for fault in faults])
