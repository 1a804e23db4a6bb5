"""Follow-up rates: of a day, by groups, and how they went over time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from registry import followup
from registry.errors import BadInput
from registry.followup.trend import period_of, trend
from registry.service.followup import patient_frames as read
from registry.service.frames import known_facility
from registry.service.operations import Context, operation

GROUPS = ("facility", "site", "year", "physician", "age_band")
_KEPT = {
    "A_eligible": "eligible", "B_dead": "dead", "C_living": "living", "D_current": "current", "E_lost": "lost",
}  # fmt: skip


@operation("followup.rates")
def rates(
    context: Context,
    as_of: str | dt.date | None = None,
    by: str | None = None,
    reference_date: str | dt.date | None = None,
) -> pl.DataFrame:
    """Follow-up rates per window, patient and tumor.

    Args:
        as_of: day; default today.
        by: facility (a facility's own abstracts, by its own class of case), site, year (of diagnosis), physician
            (who follows up), age_band (SEER's groups, tumor by tumor, over all years); default: the whole registry.
        reference_date: first day of the registry, where it is not the database's setting.

    Returns:
        unit, window, from, the group (a column named as `by`), A_eligible … E_lost, rate_pct, living_rate_pct, target,
        met; by age band also goal, goal_met.
    """
    day = context.day(as_of)
    settings = read.configuration_of(context, day, reference_date)
    if by is not None and by not in GROUPS:
        raise BadInput("follow-up rates", f"there is no grouping {by!r}", f"choose of {', '.join(GROUPS)}")
    if by == "age_band":
        return _by_age(context, day, settings)
    if by == "facility":
        frames = read.facility_frames(context)
    else:
        frames = read.rule_frames(context, read.FOLLOWS_UP if by == "physician" else ())
    table = followup.rates(*frames, day, configuration=settings, key=read.KEY, by=by or ())
    return table.rename({"basis": "unit"})


def _by_age(context: Context, day: dt.date, settings: followup.FollowUpConfiguration) -> pl.DataFrame:
    table = followup.rates_by_age(
        *read.rule_frames(context, ["ageAtDiagnosis"]), day, configuration=settings, key=read.KEY
    )
    return table.select(
        pl.lit("tumor").alias("unit"),
        pl.lit("since_reference").alias("window"),
        pl.lit(settings.start).alias("from"),
        pl.col("group").alias("age_band"),
        pl.exclude("group"),
    )


@operation("followup.keep_rates", changes=True)
def keep_rates(context: Context, as_of: str | dt.date | None = None, again: bool = False) -> dict[str, Any]:
    """Keep the rates of a day, of the whole registry and of each facility, for the trend.

    What is known today is kept under that day, so this is for the day's own run; rates that were kept before stay
    unless `again`.

    Returns:
        {as_of, kept (rows), already (they were there)}.

    Raises:
        BadInput: the day is to come. Denied: the actor is held to facilities.
    """
    context.require_central("followup.keep_rates")
    day = context.day(as_of)
    if day > context.today:
        raise BadInput("as-of date", f"{day} is to come", "rates are kept when their day has come")
    with context.store.unit_of_work(context.actor.name, "followup.keep_rates") as work:
        there = work.query("SELECT count(*) FROM follow_up_rate_kept WHERE as_of = ?", [day]).item()
    if there and not again:
        return {"as_of": day, "kept": there, "already": True}
    settings = read.configuration_of(context, day)
    whole = rates(context, day).with_columns(pl.lit("").alias("facility"))
    rows = pl.concat([whole, rates(context, day, "facility").select(whole.columns)]).select(
        pl.lit(day).alias("as_of"), pl.col("facility").fill_null("unknown").alias("facility_id"), "unit",
        pl.col("window").alias("window_name"), pl.col("from").alias("counted_from"),
        *(pl.col(name).alias(column) for name, column in _KEPT.items()), "rate_pct", "living_rate_pct", "target", "met",
        pl.lit(settings.reference_date, pl.Date).alias("reference_date"), pl.lit(context.stamp).alias("kept_at"),
        pl.lit(context.actor.name).alias("kept_by"),
    )  # fmt: skip
    with context.store.unit_of_work(context.actor.name, "followup.keep_rates") as work:
        work.execute("DELETE FROM follow_up_rate_kept WHERE as_of = ?", [day])
        work.insert("follow_up_rate_kept", rows, logged=False)
        work.log("follow_up_rate_kept", str(day), "keep", None, {"as_of": str(day), "rows": rows.height})
    return {"as_of": day, "kept": rows.height, "already": bool(there)}


@operation("followup.trend")
def rate_trend(
    context: Context,
    every: str = "month",
    periods: int = 12,
    as_of: str | dt.date | None = None,
    facility: str | None = None,
) -> pl.DataFrame:
    """How the rates went: the last kept run of each period, and today's rates where this period has none yet.

    Rates of an earlier day need what was known then, so they come from runs that were kept (`followup.keep_rates`);
    a period without one says so. A facility's own staff see their facility's.

    Returns:
        period, day, unit, window, A_eligible … E_lost, rate_pct, living_rate_pct, target, met, source (kept, now,
        none), note; the oldest period first.
    """
    day = context.day(as_of)
    chosen = _facility_of(context, facility)
    columns = ", ".join(f'{column} AS "{name}"' for name, column in _KEPT.items())
    kept = context.store.query(
        f"SELECT as_of AS day, unit, window_name AS window, {columns}, rate_pct, living_rate_pct, target, met, "
        "'kept' AS source FROM follow_up_rate_kept WHERE facility_id = ? AND as_of <= ? "
        "ORDER BY as_of, unit, window_name",
        [chosen or "", day],
    )
    latest = kept["day"].max()
    fresh = isinstance(latest, dt.date) and period_of(latest, every) == period_of(day, every)
    if day == context.today and not fresh and context.actor.facilities is None:
        kept = pl.concat([kept, _now(context, day, chosen).select(kept.columns)])
    order = {window.name: place for place, window in enumerate(read.configuration_of(context, day).windows)}
    place = pl.col("window").replace_strict(order, default=len(order), return_dtype=pl.Int8)
    kept = kept.sort("day", "unit", place, "window")
    found = trend(kept, day, every=every, periods=periods)
    note = pl.when(pl.col("source") == "now").then(pl.lit("as it stands today")).otherwise("note")
    return found.with_columns(note.alias("note"), pl.col("source").fill_null("none"))


def _now(context: Context, day: dt.date, facility: str | None) -> pl.DataFrame:
    """Today's rates in the shape of kept ones."""
    table = rates(context, day) if facility is None else rates(context, day, "facility")
    if facility is not None:
        table = table.filter(pl.col("facility") == facility)
    return table.with_columns(pl.lit(day).alias("day"), pl.lit("now").alias("source"))


def _facility_of(context: Context, facility: str | None) -> str | None:
    """Whose trend it is; staff of one facility need not name theirs."""
    own = context.actor.facilities
    if facility is None and own is not None:
        if len(own) != 1:
            raise BadInput("trend", "is of one facility for its staff", "name the facility")
        facility = next(iter(own))
    return None if facility is None else known_facility(context, facility)
