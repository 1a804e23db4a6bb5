"""Tests of the groups of a survival figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from registry import analytics
from registry.analytics import relative
from registry.errors import BadInput
from registry.service.statistics import survival_causes, survival_net
from registry.service.statistics.survival_groups import People
from registry.service.statistics.survival_methods import Question

if TYPE_CHECKING:
    from registry.service.operations import Context

TESTS = {
    "log-rank": "Log-rank test of survival",
    "peto": "Peto–Peto test, for which early deaths count more",
    "trend": "Log-rank test for a trend along ordered groups",
    "gray": "Gray's test of deaths of this cancer, other causes competing",
    "net": "Log-rank type test of net survival",
}
COLUMNS = {"gray": ("cause",), "net": ("born", "sex", "state", "age")}
"""What a test reads beside the columns of follow-up."""


def known(test: str) -> str:
    """The test of this name.

    Raises:
        BadInput: there is none.
    """
    if test not in TESTS:
        raise BadInput("survival", f"there is no test {test!r}", f"choose one of {', '.join(TESTS)}")
    return test


def run(
    context: Context, test: str, asked: People, question: Question, strata: str | None = None
) -> tuple[dict[str, Any] | None, People]:
    """{name, title, chisq, df, p, groups [group, n, observed, expected, hidden]}, None with one group; and who was in it.

    Args:
        strata: column of the people within whose values groups are compared.
    """
    if question.window is not None and test != "net":
        raise BadInput("survival", f"the {test} test knows no window of follow-up", "choose the test net")
    if test == "gray":
        asked = survival_causes.of_known_cause(asked)
    elif test == "net":
        asked = survival_net.with_expectation(context, asked, question)
    frame = asked.frame
    if frame["group"].n_unique() < 2:
        return None, asked
    if test == "net":
        found = _net(context, asked, question, strata)
    elif test == "gray":
        code = pl.when(pl.col("cause") == "this cancer").then(1).when(pl.col("dead")).then(2).otherwise(0)
        gray = analytics.gray_test(
            frame.with_columns(code.cast(pl.Int8).alias("code")), "group", time="half_days", cause="code", of=1,
            strata=strata,
        )  # fmt: skip
        found = {"chisq": gray.chi2, "df": gray.df, "p": gray.p}
    elif test == "trend":
        trend = analytics.log_rank_trend(
            frame.with_columns(pl.col("group").to_physical()), "group", time="half_days", strata=strata
        )
        found = {"chisq": trend.tarone, "df": 1, "p": trend.tarone_p}
    else:
        ranked = analytics.log_rank(
            frame, "group", time="half_days", strata=strata, rho=1.0 if test == "peto" else 0.0
        )
        found = {
            "chisq": ranked.chi2,
            "df": ranked.df,
            "p": ranked.p,
            "groups": _groups(ranked.groups, asked),
        }
    return {"name": test, "title": TESTS[test], "groups": None, **found}, asked


def _net(context: Context, asked: People, question: Question, strata: str | None) -> dict[str, Any]:
    _, expected, given = survival_net.expectation(context, asked, question)
    made = relative.net_survival_test(
        asked.frame,
        expected,
        by="group",
        stratified_by=strata,
        **given,
    )
    return {"chisq": made.statistic, "df": made.degrees_of_freedom, "p": made.p_value}


def _groups(groups: pl.DataFrame, asked: People) -> pl.DataFrame:
    """Observed deaths small, or all but a few: neither they nor the expected ones are told, in any group."""
    rule = asked.found.rule
    left = pl.col("n") - pl.col("observed")
    small = rule.is_small(pl.col("observed").round().cast(pl.Int64)) | rule.is_small(
        left.round().cast(pl.Int64)
    )
    hide = groups.select(small.any()).item()
    told = ["observed", "expected"]
    shown = groups.with_columns(pl.lit(None, pl.Float64).alias(name) for name in told) if hide else groups
    return shown.with_columns(pl.col("group").cast(pl.String), pl.lit(bool(hide)).alias("hidden")).select(
        "group", "n", *told, "hidden"
    )
