"""Observed survival of a file in long form: Kaplan–Meier and what is read from it, Nelson–Aalen, actuarial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from registry.analytics import survival as observed
from registry.cli.stats.asked import Asked, Row
from registry.cli.stats.tables import number_text

if TYPE_CHECKING:
    import polars as pl

    from registry.analytics.survival.kaplan_meier import Confidence

LIMITS = {"surv": "survival", "se": "std_error", "lower": "lower", "upper": "upper"}
SHARES = {"q25": 0.25, "q50": 0.5, "q75": 0.75}


def kaplan_meier(asked: Asked) -> list[Row]:
    """n_risk, n_event, surv, se, lower, upper at each time; beyond a group's last time survival is carried on."""
    curve = _curve(asked)
    values = observed.survival_at(curve, sorted(asked.at), "group", extend=True)
    stats = {"n_risk": "at_risk", "n_event": "events", **LIMITS}
    return _at_times("kaplan-meier", _as_defined(values, asked), stats, asked)


def nelson_aalen(asked: Asked) -> list[Row]:
    """The cumulative hazard and its error at each time."""
    curve = observed.nelson_aalen(asked.having("group"), "time", "event", "group")
    values = observed.hazard_at(curve, sorted(asked.at), "group")
    return _at_times("nelson-aalen", values, {"cumhaz": "hazard", "se": "std_error"}, asked)


def conditional(asked: Asked) -> list[Row]:
    """n_risk, surv, se, lower, upper at each time, of those who survived the time that is given."""
    values = observed.conditional_survival(
        asked.having("group"), asked.given or 0.0, sorted(asked.at), "time", "event", "group", _limits(asked)
    )
    return _at_times("conditional", values, {"n_risk": "at_risk", **LIMITS}, asked)


def quantiles(asked: Asked) -> list[Row]:
    """Quartiles with the times at which the limits cross them."""
    values = observed.quantiles(_curve(asked), tuple(SHARES.values()), "group")
    found = {(row["group"], row["share"]): row for row in values.iter_rows(named=True)}
    columns = {"": "time", "_lower": "lower", "_upper": "upper"}
    return [
        ("quantiles", group, "", f"{name}{ending}", found[group, share][column])
        for group in asked.groups
        for name, share in SHARES.items()
        for ending, column in columns.items()
    ]


def rmst(asked: Asked) -> list[Row]:
    """The mean time lived up to the largest of the times, and its error."""
    until = max(asked.at)
    values = observed.restricted_mean(asked.having("group"), until, "time", "event", "group")
    found = {row["group"]: row for row in values.iter_rows(named=True)}
    return [
        ("rmst", group, number_text(until), stat, found[group][column])
        for group in asked.groups
        for stat, column in (("rmst", "mean"), ("se", "std_error"))
    ]


def life_table(asked: Asked) -> list[Row]:
    """The actuarial table, a row's time the end of its interval."""
    values = observed.actuarial(
        asked.having("group"), "time", "event", "group", asked.interval, _limits(asked)
    )
    stats = {
        "n_start": "at_start", "n_event": "events", "n_censored": "censored", "n_effective": "effective",
        "surv_interval": "interval_survival", **LIMITS,
    }  # fmt: skip
    place = {group: number for number, group in enumerate(asked.groups)}
    rows = sorted(values.iter_rows(named=True), key=lambda row: (place[row["group"]], row["end"]))
    return [
        ("life-table", row["group"], number_text(row["end"]), stat, row[column])
        for row in rows
        for stat, column in stats.items()
    ]


def _limits(asked: Asked) -> Confidence:
    return cast("Confidence", asked.ci)


def _curve(asked: Asked) -> pl.DataFrame:
    return observed.kaplan_meier(asked.having("group"), "time", "event", "group", _limits(asked))


def _as_defined(values: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """Without log-log limits while survival is 1: log(-log 1) is not defined.

    Before anybody of the group has left, both limits are 1 (so does R's survfit).
    """
    import polars as pl

    if asked.ci != "log-log":
        return values
    begun = asked.having("group").group_by("group").agg(pl.col("time").min().alias("begun"))
    defined = (pl.col("survival") < 1) | (pl.col("time") < pl.col("begun"))
    limits = [pl.when(defined).then(pl.col(name)).alias(name) for name in ("lower", "upper")]
    return values.join(begun, on="group", how="left", maintain_order="left").with_columns(limits)


def _at_times(method: str, values: pl.DataFrame, stats: dict[str, str], asked: Asked) -> list[Row]:
    """A table by group and time in long form, times as they were given."""
    found: dict[tuple[str, float], dict[str, Any]] = {
        (row["group"], row["time"]): row for row in values.iter_rows(named=True)
    }
    return [
        (method, group, number_text(time), stat, found[group, time][column])
        for group in asked.groups
        for time in asked.at
        for stat, column in stats.items()
    ]
