"""Annual follow-up: the list, its settings, and the whole run; rates and the work on patients in modules of their own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from registry import followup
from registry.errors import BadInput
from registry.followup.annual import page
from registry.followup.configuration import checked_day
from registry.followup.due import STATUSES
from registry.followup.eligibility import judge
from registry.followup.rates import table
from registry.followup.settings import shown
from registry.followup.worklist import described, listed_only
from registry.service.followup import contacts as followup_contacts  # noqa: F401 - its operations are of this room
from registry.service.followup import passive as followup_passive  # noqa: F401 - its operations are of this room
from registry.service.followup import patient_frames as read
from registry.service.followup import rates as followup_rates  # noqa: F401 - its operations are of this room
from registry.service.followup import reply as followup_reply  # noqa: F401 - its operations are of this room
from registry.service.followup.rates import rates
from registry.service.frames import known_facility
from registry.service.operations import Context, operation

__all__ = ["annual", "configuration", "follow_up_list", "rates", "summary", "worklist"]


@operation("followup.list")
def follow_up_list(
    context: Context,
    as_of: str | dt.date | None = None,
    status: str | None = None,
    reference_date: str | dt.date | None = None,
    next_source: str | None = None,
    physician: str | None = None,
    facility: str | None = None,
    limit: int | None = None,
) -> pl.DataFrame:
    """Living eligible patients who are due, overdue or delinquent, in the order they are to be worked.

    Args:
        as_of: day the list is made for; default today.
        status: DELINQUENT, OVERDUE or DUE only.
        reference_date: first day of the registry, where it is not the database's setting.
        next_source: only those whose next step this is (a code of registry.followup.STEPS).
        physician: only those whom this physician follows up (licence number or NPI).
        facility: only patients this facility reported.
        limit: so many lines at most.

    Returns:
        patient_id and the columns of `registry.followup.follow_up_list`, physicianName among them.
    """
    _check_filters(status, limit)
    day = context.day(as_of)
    settings = read.configuration_of(context, day, reference_date)
    rules = read.listed_frames(context, settings, checked_day(day))
    judged = judge(*rules, day, settings, read.KEY)
    listed = _described(context, rules, judged, day, settings)
    if status is not None:
        listed = listed.filter(pl.col("status") == status.upper())
    if next_source is not None:
        listed = listed.filter(pl.col("nextSource") == next_source)
    if physician is not None:
        codes = ("physicianFollowUp", "npiPhysicianFollowUp", "physician")
        listed = listed.filter(pl.any_horizontal(pl.col(*codes) == physician).fill_null(value=False))
    if facility is not None:
        listed = listed.join(_patients_of(context, facility), on=read.KEY, how="semi", maintain_order="left")
    return listed if limit is None else listed.head(limit)


@operation("followup.worklist")
def worklist(
    context: Context,
    as_of: str | dt.date | None = None,
    status: str | None = None,
    next_source: str | None = None,
    physician: str | None = None,
    facility: str | None = None,
    limit: int | None = None,
) -> pl.DataFrame:
    """`followup.list` as screens ask for it."""
    return follow_up_list(
        context, as_of, status, next_source=next_source, physician=physician, facility=facility, limit=limit
    )


@operation("followup.annual")
def annual(
    context: Context, as_of: str | dt.date | None = None, reference_date: str | dt.date | None = None
) -> dict[str, Any]:
    """List, rates and summary of one day in one pass: {"list", "rates", "summary"}, as their own operations give them."""
    day = context.day(as_of)
    settings = read.configuration_of(context, day, reference_date)
    rules = read.rule_frames(context)
    judged = judge(*rules, day, settings, read.KEY)
    listed = _described(context, rules, judged, day, settings)
    rated = table(judged.filter(pl.col("exclusion") == ""), day, settings, [])
    figures = page(judged, listed["status"], rated, rules[0].height, day, settings)
    return {"list": listed, "rates": rated.rename({"basis": "unit"}), "summary": figures}


@operation("followup.summary")
def summary(context: Context, as_of: str | dt.date | None = None) -> dict[str, Any]:
    """Counts of exclusions, list states and rates, as the sample's summary gives them."""
    day = context.day(as_of)
    return followup.summary(
        *read.rule_frames(context), day, configuration=read.configuration_of(context, day), key=read.KEY
    )


@operation("followup.configuration")
def configuration(context: Context, as_of: str | dt.date | None = None) -> pl.DataFrame:
    """What the follow-up rules are on a day: frame[setting, value, default, own, meaning], settings of the registry first."""
    day = context.day(as_of)
    return pl.DataFrame(shown(day, read.texts(context)), schema_overrides={"own": pl.Boolean})


def _described(
    context: Context,
    rules: read.Frames,
    judged: pl.DataFrame,
    day: dt.date,
    settings: followup.FollowUpConfiguration,
) -> pl.DataFrame:
    """The list, whole: details are read only of those who stand on it."""
    people, followed = listed_only(judged, *rules, day, settings, read.KEY)
    work = read.work_so_far(context, people[read.KEY], day)
    people, followed = read.with_details(context, people, followed)
    return read.as_listed(context, described(people, followed, day, settings, read.KEY, work), day)


def _check_filters(status: str | None, limit: int | None) -> None:
    if status is not None and status.upper() not in STATUSES[:3]:
        raise BadInput("status", f"there is no {status!r}", f"choose of {', '.join(STATUSES[:3])}")
    if limit is not None and limit < 0:
        raise BadInput("limit", "is below zero", "give a number of lines")


def _patients_of(context: Context, facility: str) -> pl.DataFrame:
    """frame[patient_id] of the patients a facility reported.

    Raises:
        NotFound: it is unknown, or out of scope.
    """
    return context.store.query(
        "SELECT DISTINCT patient_id FROM abstract WHERE facility_id = ? AND status <> 'void' AND patient_id IS NOT NULL "
        "ORDER BY patient_id",
        [known_facility(context, facility)],
    )
