"""First course of treatment: which modalities were given, and in which combinations.

Codes: NAACCR Data Dictionary and STORE manual, items 1290 and 1291 (surgery of the primary site), 1506, 1570 and 1360
(radiation), 1390 (chemotherapy), 1400 (hormone), 1410 (immunotherapy), 3250 (transplant, endocrine), 1420 (other).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

GIVEN: Final = pl.Enum(["yes", "no", "unknown"])
MODALITIES: Final = {
    "surgery": "Surgery", "radiation": "Radiation", "chemo": "Chemotherapy", "hormone": "Hormone therapy",
    "immuno": "Immunotherapy", "transplant": "Transplant or endocrine procedure", "other": "Other",
}  # fmt: skip
"""Column → its name in a combination."""
SURGERY: Final = ["rxSummSurgPrimSite2023", "rxSummSurgPrimSite"]
RADIATION: Final = ["phase1RadiationTreatmentModality", "radRegionalRxModality", "rxSummRadiation"]
ITEMS: Final = [
    *SURGERY, *RADIATION, "rxSummChemo", "rxSummHormone", "rxSummBrm", "rxSummTransplntEndocr", "rxSummOther",
    "rxSummTreatmentStatus",
]  # fmt: skip
NONE, WATCHED, UNKNOWN = "No treatment", "Active surveillance", "Unknown"

#: item → codes that say yes, and no; every other code (planned 88 or 8, unknown 99 or 9, blank) leaves it unknown.
_YES_NO: Final[dict[str, tuple[list[str], list[str]]]] = {
    "phase1RadiationTreatmentModality": ([*(f"{code:02}" for code in range(1, 17)), "98"], ["00"]),
    "radRegionalRxModality": ([f"{code:02}" for code in range(20, 99)], ["00"]),
    "rxSummRadiation": (list("123456"), ["0", "7"]),
    "rxSummChemo": (["01", "02", "03"], ["00", "82", "85", "86", "87"]),
    "rxSummHormone": (["01"], ["00", "82", "85", "86", "87"]),
    "rxSummBrm": (["01"], ["00", "82", "85", "86", "87"]),
    "rxSummTransplntEndocr": (["10", "11", "12", "20", "30", "40"], ["00", "82", "85", "86", "87"]),
    "rxSummOther": (list("1236"), ["0", "7"]),
}
_ONE_ITEM: Final = {
    "chemo": "rxSummChemo", "hormone": "rxSummHormone", "immuno": "rxSummBrm", "transplant": "rxSummTransplntEndocr",
    "other": "rxSummOther",
}  # fmt: skip


def surgery_code(columns: Collection[str], year: pl.Expr) -> pl.Expr:
    """Surgery of the primary site as the two-digit number of the older codes (Int16): A220, B220 and 22 are 22.

    The item of the year of diagnosis speaks first (four characters from 2023), the other one where it is blank.

    >>> tumors = pl.DataFrame({"rxSummSurgPrimSite2023": ["B290", None], "rxSummSurgPrimSite": ["00", "30"], "year": [2024, 2015]})
    >>> tumors.select(surgery_code(tumors.columns, pl.col("year"))).to_series().to_list()
    [29, 30]
    """
    new, old = (_text(item, columns) for item in SURGERY)
    newer = new.str.extract(r"^[AB](\d\d)\d$").cast(pl.Int16)
    older = old.str.extract(r"^(\d\d)$").cast(pl.Int16)
    return (
        pl.when(year >= 2023)
        .then(pl.coalesce(newer, older))
        .otherwise(pl.coalesce(older, newer))
        .alias("surgery_code")
    )


def with_treatment(frame: pl.DataFrame, *, year: pl.Expr | None = None) -> pl.DataFrame:
    """The frame with surgery_code, one column (yes, no, unknown) for each of MODALITIES, and the combination.

    Args:
        frame: one row a tumor with those of ITEMS that it has (others count as blank).
        year: year of diagnosis (default: column `year`).

    Returns:
        The frame and surgery_code (Int16), surgery, radiation, chemo, hormone, immuno, transplant, other (Enum yes,
        no, unknown) and treatment (text): what was given joined by " + ", else "Active surveillance" (treatment
        status 2), "No treatment" (nothing given, and nothing unknown among surgery, radiation and chemotherapy), or
        "Unknown".

    Refused, contraindicated and not administered count as no. Surgery codes 98 (sites without surgery codes) count as
    no, 99 as unknown.

    >>> tumors = pl.DataFrame({"year": [2024, 2010, 2010], "rxSummSurgPrimSite2023": ["B220", None, None],
    ...     "rxSummSurgPrimSite": [None, "00", None], "phase1RadiationTreatmentModality": ["02", "00", None],
    ...     "rxSummChemo": ["00", "87", "99"]})
    >>> with_treatment(tumors)["treatment"].to_list()
    ['Surgery + Radiation', 'No treatment', 'Unknown']
    """
    columns = frame.columns
    year = pl.col("year") if year is None else year
    code = frame.select(surgery_code(columns, year)).to_series()
    surgery = (
        pl.when(code.is_between(10, 90)).then(pl.lit("yes")).when(code.is_in([0, 98])).then(pl.lit("no"))
    )  # fmt: skip
    given = {"surgery": surgery, "radiation": pl.coalesce(_said(item, columns) for item in RADIATION)}
    given |= {name: _said(item, columns) for name, item in _ONE_ITEM.items()}
    work = frame.with_columns(
        code, *(said.fill_null("unknown").cast(GIVEN).alias(name) for name, said in given.items())
    )
    named = pl.concat_str(
        [pl.when(pl.col(name) == "yes").then(pl.lit(words)) for name, words in MODALITIES.items()],
        separator=" + ",
        ignore_nulls=True,
    )
    main = [pl.col(name) != "unknown" for name in ("surgery", "radiation", "chemo")]
    watched = _text("rxSummTreatmentStatus", columns) == "2"
    treatment = (
        pl.when(named != "").then(named).when(watched).then(pl.lit(WATCHED)).when(pl.all_horizontal(main)).then(pl.lit(NONE))
        .otherwise(pl.lit(UNKNOWN)).alias("treatment")
    )  # fmt: skip
    return work.with_columns(treatment)


def _text(item: str, columns: Collection[str]) -> pl.Expr:
    return pl.col(item).cast(pl.String) if item in columns else pl.lit(None, dtype=pl.String)


def _said(item: str, columns: Collection[str]) -> pl.Expr:
    yes, no = _YES_NO[item]
    value = _text(item, columns)
    return pl.when(value.is_in(yes)).then(pl.lit("yes")).when(value.is_in(no)).then(pl.lit("no"))


def combinations(frame: pl.DataFrame, by: list[str], most: int = 12) -> pl.DataFrame:
    """How many got which combination: frame[*by, treatment, count, total], sorted by group, then as below.

    Args:
        frame: with `treatment` (see `with_treatment`).
        most: so many combinations are told apart (the most frequent over all groups; ties by name); the rest are
            "Other combinations". No treatment, active surveillance and unknown are always told.

    Every group has every row, with 0 where nobody got it; the order is by frequency over all groups.

    >>> tumors = pl.DataFrame({"stage": ["I", "I", "II"], "treatment": ["Surgery", "Unknown", "Surgery"]})
    >>> combinations(tumors, ["stage"]).rows()
    [('I', 'Surgery', 1, 2), ('I', 'Unknown', 1, 2), ('II', 'Surgery', 1, 1), ('II', 'Unknown', 0, 1)]
    """
    ends = [NONE, WATCHED, UNKNOWN]
    ranked = (
        frame.group_by("treatment").agg(pl.len().alias("n")).sort(["n", "treatment"], descending=[True, False])["treatment"].to_list()
    )  # fmt: skip
    shown = [name for name in ranked if name not in ends][:most]
    rest = [name for name in ranked if name not in ends and name not in shown]
    order = shown + (["Other combinations"] if rest else []) + [name for name in ends if name in ranked]
    told = pl.col("treatment").replace(dict.fromkeys(rest, "Other combinations"))
    counted = frame.with_columns(told).group_by(*by, "treatment").agg(pl.len().cast(pl.Int64).alias("count"))
    groups = (
        frame.group_by(by).agg(pl.len().cast(pl.Int64).alias("total"))
        if by
        else frame.select(pl.len().cast(pl.Int64).alias("total"))
    )
    grid = groups.join(
        pl.DataFrame(
            {"treatment": order, "place": range(len(order))},
            schema={"treatment": pl.String, "place": pl.Int64},
        ),
        how="cross",
    )
    return (
        grid.join(counted, on=[*by, "treatment"], how="left", nulls_equal=True)
        .with_columns(pl.col("count").fill_null(0))
        .sort(*by, "place", nulls_last=True)
        .select(*by, "treatment", "count", "total")
    )


def modality_shares(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """How many got each modality, whatever else: frame[*by, modality, yes, no, unknown, total], in the order of MODALITIES.

    >>> tumors = with_treatment(pl.DataFrame({"year": [2010, 2010], "rxSummSurgPrimSite": ["30", None]}))
    >>> modality_shares(tumors, []).row(0)
    ('Surgery', 1, 0, 1, 2)
    """
    parts = []
    for place, (name, words) in enumerate(MODALITIES.items()):
        said = [
            (pl.col(name) == answer).sum().cast(pl.Int64).alias(answer) for answer in ("yes", "no", "unknown")
        ]
        aggregates = [*said, pl.len().cast(pl.Int64).alias("total")]
        counted = frame.group_by(by).agg(aggregates) if by else frame.select(aggregates)
        parts.append(counted.with_columns(pl.lit(words).alias("modality"), pl.lit(place).alias("place")))
    return (
        pl.concat(parts)
        .sort(*by, "place", nulls_last=True)
        .select(*by, "modality", "yes", "no", "unknown", "total")
    )
