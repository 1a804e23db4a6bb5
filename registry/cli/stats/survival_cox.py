"""`registry stats survival --method cox`: Cox's model on a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.cli.stats.asked import Asked, Row

TIME, EVENT, STRATUM = " time", " event", " stratum"
"""No column of a file begins with a blank, so covariates can have any name."""
STATS = ("coef", "se", "p", "lower", "upper")


def cox(asked: Asked) -> list[Row]:
    """Terms in the order of --covariates (levels sorted), then what the whole model says; `group` is the term."""
    import polars as pl

    from registry.analytics import regression

    people = asked.people.select(
        pl.col("time").alias(TIME), pl.col("event").alias(EVENT), pl.col("stratum").alias(STRATUM)
    )
    people = pl.concat([people, asked.covariates], how="horizontal").drop_nulls()
    fit = regression.cox(
        people,
        asked.covariates.columns,
        time=TIME,
        event=EVENT,
        strata=STRATUM if asked.strata else None,
        ties=asked.ties,
    )
    rows: list[Row] = []
    for row in fit.terms.iter_rows(named=True):
        rows += [("cox", row["term"], "", stat, row[stat]) for stat in STATS]
    for stat in ("loglik_null", "loglik", "concordance", "n", "n_event"):
        rows.append(("cox", "", "", stat, getattr(fit, stat)))
    return rows
