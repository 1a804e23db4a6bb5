"""What a facility had to do with a tumor: groups of Class of Case [610], and where patients go between facilities.

Source: NAACCR item 610 as the STORE manual of the American College of Surgeons defines its codes (analytic 00-22).
"""

from __future__ import annotations

from typing import Final

import polars as pl

#: (group, what it means, codes, analytic)
GROUPS: Final = [
    ("Diagnosed here, treated elsewhere", "All of the first course given or decided on elsewhere", [0], True),
    ("Diagnosed here, treated here", "All of the first course, or an unknown part of it, given here", [10, 12, 14], True),
    ("Diagnosed here, treated in part here", "Part of the first course given here, the rest elsewhere", [11, 13], True),
    ("Diagnosed elsewhere, treated here", "All of the first course, or an unknown part of it, given here", [20, 22], True),
    ("Diagnosed elsewhere, treated in part here", "Part of the first course given here, the rest elsewhere", [21], True),
    ("Work-up or care in transit only", "Consultation, diagnostic work-up or care on the way", [30, 31], False),
    ("Later disease or history only", "Recurrence, persistence, or a cancer in the patient's past", [32, 33], False),
    ("Not required to be reported", "Diagnosed or treated here, but before the reference date or not required", [34, 35, 36, 37], False),
    ("Found at autopsy", "Not suspected before death", [38], False),
    ("Seen by physicians outside", "Diagnosed and treated in offices or by others, reported by this facility", [40, 41, 42], False),
    ("Specimen only", "A pathology laboratory read the specimen, nothing else", [43], False),
    ("Death certificate only", "Known from the death certificate alone", [49], False),
    ("Unknown", "The relation to the facility is not known", [99], False),
]  # fmt: skip
NAMES: Final = [group for group, *_ in GROUPS]
DIAGNOSED_HERE: Final = [0, 10, 11, 12, 13, 14]
TREATED_HERE: Final = [10, 11, 12, 13, 14, 20, 21, 22]


def flow_group(code: pl.Expr | str = "class_of_case") -> pl.Expr:
    """One of NAMES (Enum); a blank or unknown code is Unknown.

    >>> pl.DataFrame({"class_of_case": [0, 22, None]}).select(flow_group()).to_series().to_list()
    ['Diagnosed here, treated elsewhere', 'Diagnosed elsewhere, treated here', 'Unknown']
    """
    codes = {code: group for group, _, several, _ in GROUPS for code in several}
    value = pl.col(code) if isinstance(code, str) else code
    return (
        value.cast(pl.Int16)
        .replace_strict(list(codes), list(codes.values()), default="Unknown", return_dtype=pl.Enum(NAMES))
        .alias("flow")
    )


def meanings() -> pl.DataFrame:
    """The groups: frame[flow, meaning, codes, analytic].

    >>> meanings().row(0)
    ('Diagnosed here, treated elsewhere', 'All of the first course given or decided on elsewhere', '00', True)
    """
    return pl.DataFrame(
        [
            (group, told, ", ".join(f"{code:02}" for code in codes), analytic)
            for group, told, codes, analytic in GROUPS
        ],
        schema=["flow", "meaning", "codes", "analytic"],
        orient="row",
    )


def transfers(cases: pl.DataFrame) -> pl.DataFrame:
    """From the facility of diagnosis to those of treatment: frame[diagnosed_at, treated_at, count], sorted.

    Args:
        cases: one row a facility and tumor: tumor_id, facility, class_of_case.

    A tumor counts once for each pair; facilities that did both are pairs with themselves. Where no facility of the
    registry made the diagnosis, or none treated, the place is "elsewhere or none".

    >>> cases = pl.DataFrame({"tumor_id": [1, 1, 2], "facility": ["A", "B", "B"], "class_of_case": [0, 22, 14]})
    >>> transfers(cases).rows()
    [('A', 'B', 1), ('B', 'B', 1)]
    """
    analytic = cases.select("tumor_id", pl.col("facility").cast(pl.String), "class_of_case").filter(
        pl.col("class_of_case").is_in(DIAGNOSED_HERE + TREATED_HERE)
    )
    elsewhere = pl.lit("elsewhere or none")

    def places(codes: list[int], name: str) -> pl.DataFrame:
        return (
            analytic.filter(pl.col("class_of_case").is_in(codes))
            .select("tumor_id", pl.col("facility").alias(name))
            .unique()
        )

    pairs = (
        analytic.select("tumor_id").unique()
        .join(places(DIAGNOSED_HERE, "diagnosed_at"), on="tumor_id", how="left")
        .join(places(TREATED_HERE, "treated_at"), on="tumor_id", how="left")
    )  # fmt: skip
    return (
        pairs.group_by(pl.col("diagnosed_at").fill_null(elsewhere), pl.col("treated_at").fill_null(elsewhere))
        .agg(pl.len().cast(pl.Int64).alias("count"))
        .sort("diagnosed_at", "treated_at")
    )
