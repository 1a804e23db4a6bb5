"""`registry stats survival --method cox`: Cox's model on a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.cli.stats.asked import Asked, Row

STATS = ("coef", "se", "p", "lower", "upper")


def cox(asked: Asked) -> list[Row]:
    """Terms in the order of --covariates (levels sorted), then what the whole model says; `group` is the term."""
    import polars as pl

    from registry.analytics import regression

    names = {f"x{place}": name for place, name in enumerate(asked.covariates.columns)}
    covariates = asked.covariates.rename({name: key for key, name in names.items()})
    people = pl.concat([asked.people.select("time", "event", "stratum"), covariates], how="horizontal")
    people = people.drop_nulls()
    fit = regression.cox(
        people,
        list(names),
        time="time",
        event="event",
        strata="stratum" if asked.strata else None,
        ties=asked.ties,
    )
    rows: list[Row] = []
    for row in fit.terms.iter_rows(named=True):
        key, equals, level = row["term"].partition("=")
        rows += [("cox", f"{names[key]}{equals}{level}", "", stat, row[stat]) for stat in STATS]
    for stat in ("loglik_null", "loglik", "concordance", "n", "n_event"):
        rows.append(("cox", "", "", stat, getattr(fit, stat)))
    return rows
