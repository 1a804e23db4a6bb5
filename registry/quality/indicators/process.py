"""Process: what the edits say, and how often staff overrule them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from registry.quality.indicators.definition import Formula, records
from registry.quality.indicators.vocabulary import EVERY

EDITS = "the failures of a run of the edits, overridden ones included"


@records(
    "edits_pass_pct",
    "Records passing edits",
    group="validity",
    formula="100 * records without an open failure of an error edit / records",
    source="NAACCR certification criteria; CDC NPCR standards",
    items="@errors",
    examples=["0 / 0 / 0 / 2 => 3/4 = 75", "1 => 0/1 = 0"],
    needs_failures=True,
    notes="Severity error and state open; reviews, warnings and what a flag overrides don't count. Without a run of "
    "the edits there is no value.",
)
def edits_pass_pct() -> Formula:
    """Records in which nothing must be mended."""
    return Formula(pl.col("@errors") == 0, among=EVERY)


@records(
    "override_rate",
    "Override rate",
    group="process",
    formula="1000 * overridden failures / firings of edits",
    source="Registry practice",
    population="edit x abstractor",
    items="@overridden @fired",
    examples=["1|4 / 0|0 / 2|2 => 3/6 = 500", "0|0 => 0/0 = none"],
    needs_failures=True,
    notes="A firing is a failure, open or overridden: an override silences an edit that would fire. Flags that nothing "
    "needs are the edit override-unneeded. By edit: override_rates.",
)
def override_rate() -> Formula:
    """Overridden failures of all failures."""
    return Formula(pl.col("@overridden"), among=pl.col("@fired"), per=1000)


@records(
    "edit_fail_per_100",
    "Open failures per 100 records",
    group="process",
    formula="100 * open failures / records",
    source="Registry practice",
    population="facility x year x edit",
    items="@open",
    examples=["0 / 3 / 1 / 0 => 4/4 = 100", "2 => 2/1 = 200"],
    needs_failures=True,
    notes="Open failures of every severity; one record can have several. By edit: failures_per_100.",
)
def edit_fail_per_100() -> Formula:
    """Open failures over records."""
    return Formula(pl.col("@open"), among=EVERY)


def override_rates(failures: pl.DataFrame, by: Sequence[str] = ("edit",)) -> pl.DataFrame:
    """Overrides per 1,000 firings by edit, abstractor or any other column of the failures.

    Args:
        failures: `state` (open or overridden) and the columns of `by`.
        by: columns to split by.

    Returns:
        frame[*by, numerator, denominator, value], sorted by `by`.

    >>> failures = pl.DataFrame({"edit": ["a", "a", "b"], "state": ["open", "overridden", "open"]})
    >>> override_rates(failures).rows()
    [('a', 1, 2, 500.0), ('b', 0, 1, 0.0)]
    """
    return (
        failures.group_by(by)
        .agg(
            numerator=(pl.col("state") == "overridden").sum().cast(pl.Int64),
            denominator=pl.len().cast(pl.Int64),
        )
        .with_columns(value=1000 * pl.col("numerator") / pl.col("denominator"))
        .sort(by)
    )


def failures_per_100(
    failures: pl.DataFrame, records: pl.DataFrame, by: Sequence[str] = (), edits: bool = True
) -> pl.DataFrame:
    """Open failures per 100 records by edit, within facility, year or other columns that both frames have.

    Args:
        failures: `edit`, `state` and the columns of `by`.
        records: one row a record, with the columns of `by`.
        by: columns to split by.
        edits: split by edit as well.

    Returns:
        frame[*by, edit, numerator, denominator, value], sorted by these; groups without records have no row.

    >>> failures = pl.DataFrame({"edit": ["a", "a", "b"], "state": ["open", "open", "overridden"], "year": [1, 1, 1]})
    >>> failures_per_100(failures, pl.DataFrame({"year": [1, 1, 1, 1]}), ["year"]).rows()
    [(1, 'a', 2, 4, 50.0), (1, 'b', 0, 4, 0.0)]
    """
    group = [*by, "edit"] if edits else list(by)
    is_open = (pl.col("state") == "open").sum().cast(pl.Int64)
    if not by:
        counted = (
            failures.group_by(group).agg(numerator=is_open) if group else failures.select(numerator=is_open)
        )
        found = counted.with_columns(denominator=pl.lit(records.height, pl.Int64))
    else:
        sizes = records.group_by(by).agg(denominator=pl.len().cast(pl.Int64))
        found = (
            failures.group_by(group).agg(numerator=is_open).join(sizes, on=by, how="inner", nulls_equal=True)
        )
    value = pl.when(pl.col("denominator") > 0).then(100 * pl.col("numerator") / pl.col("denominator"))
    return (
        found.with_columns(value=value)
        .sort(group or "numerator")
        .select(*group, "numerator", "denominator", "value")
    )
