"""Comparisons of groups of a file in long form: log-rank, Peto–Peto, trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.analytics import survival as observed
from registry.cli.stats.asked import Asked, Row
from registry.errors import BadInput

if TYPE_CHECKING:
    import polars as pl


def log_rank(asked: Asked) -> list[Row]:
    """chisq, df, p; observed and expected events of each group."""
    return _test("log-rank", asked, 0.0)


def peto_peto(asked: Asked) -> list[Row]:
    """The same with events weighted by survival just before them."""
    return _test("peto-peto", asked, 1.0)


def trend(asked: Asked) -> list[Row]:
    """chisq, df, p by Tarone's variance; score_chisq, score_p by Cox's score test."""
    test = observed.log_rank_trend(
        _people(asked), "group", time="time", event="event", strata="stratum", scores=_scores(asked)
    )
    values = {
        "chisq": test.tarone, "df": 1, "p": test.tarone_p, "score_chisq": test.score, "score_p": test.score_p,
    }  # fmt: skip
    return [("log-rank-trend", "", "", stat, value) for stat, value in values.items()]


def _test(method: str, asked: Asked, rho: float) -> list[Row]:
    people = _people(asked)
    test = observed.log_rank(people, "group", time="time", event="event", strata="stratum", rho=rho)
    found = {row["group"]: row for row in test.groups.iter_rows(named=True)}
    whole = {"chisq": test.chi2, "df": test.df, "p": test.p}
    rows: list[Row] = [(method, "", "", stat, value) for stat, value in whole.items()]
    return rows + [
        (method, group, "", stat, found[group][stat])
        for group in asked.groups
        if group in found
        for stat in ("observed", "expected")
    ]


def _people(asked: Asked) -> pl.DataFrame:
    people = asked.having("group", "stratum")
    if people["group"].n_unique() < 2:
        raise BadInput("--by", f"{asked.by} has fewer than two groups", "a test compares two or more")
    return people


def _scores(asked: Asked) -> list[float] | None:
    """The groups' own numbers, in the order in which text sorts; None when they are no numbers."""
    import polars as pl

    from registry.cli.stats.tables import parsed

    present = sorted(set(_people(asked)["group"].to_list()))
    numbers = parsed(pl.Series(present, dtype=pl.String))
    return None if numbers.null_count() else numbers.to_list()
