"""`registry stats survival --method aalen-johansen|gray`: competing risks on a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.errors import BadInput

if TYPE_CHECKING:
    import polars as pl

    from registry.cli.stats.asked import Asked, Row

OTHER = " other"
"""Events that no cause names; the blank keeps it apart from any name."""


def aalen_johansen(asked: Asked) -> list[Row]:
    """Cumulative incidence of each cause at the times asked for, its standard error."""
    from registry.analytics import competing

    people = _with_causes(asked, asked.having("group"))
    rows: list[Row] = []
    if not people.height:
        return rows
    table = competing.aalen_johansen(people, "time", "cause", "group", asked.at)
    values = {
        (group, cause, time): (incidence, error)
        for group, cause, time, incidence, error in table.select(
            "group", "cause", "time", "incidence", "std_error"
        ).iter_rows()
    }
    for group in asked.groups:
        for point, text in zip(asked.at, asked.times(), strict=True):
            for name in asked.causes:
                value, error = values.get((group, name, point), (0.0, 0.0))
                rows.append(("aalen-johansen", group, text, f"cif_{name}", value))
                rows.append(("aalen-johansen", group, text, f"se_{name}", error))
    return rows


def gray(asked: Asked) -> list[Row]:
    """Gray's test of each cause across the groups."""
    from registry.analytics import competing

    people = _with_causes(asked, asked.having("group", "stratum"))
    if people["group"].n_unique() < 2:
        raise BadInput("--by", "has one group", "two or more are compared")
    rows: list[Row] = []
    for name in asked.causes:
        test = competing.gray_test(people, "group", name, time="time", cause="cause", strata="stratum")
        for stat, value in (("chisq", test.chi2), ("df", test.df), ("p", test.p)):
            rows.append(("gray", name, "", stat, value))
    return rows


def _with_causes(asked: Asked, people: pl.DataFrame) -> pl.DataFrame:
    """The column `cause`: a name of --causes, another cause that competes, or null for censored."""
    import polars as pl

    named = {code: name for name, codes in asked.causes.items() for code in codes}
    cause = pl.col("code").replace_strict(named, default=OTHER, return_dtype=pl.String)
    return people.with_columns(pl.when(pl.col("event")).then(cause).alias("cause"))
