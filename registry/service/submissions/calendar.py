"""The calendar: which submission is due when, and whether it was made; which states an exchange has records for."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from registry import submissions
from registry.errors import BadInput
from registry.security.roles import Actor
from registry.service.operations import Context, operation
from registry.service.submissions import profiles as submission_profiles
from registry.service.submissions import records
from registry.service.submissions import request as asking

LOOK_BACK: Final = 400
"""Days in which the last due date that passed is looked for."""
SCHEMA: Final = {
    "profile": pl.String, "title": pl.String, "recipient": pl.String, "cadence": pl.String, "due_on": pl.Date,
    "days": pl.Int64, "state": pl.String, "submission_id": pl.Int64, "used": pl.Boolean,
}  # fmt: skip


@operation("submission.calendar")
def calendar(context: Context, as_of: str | None = None, days: int = 400) -> pl.DataFrame:
    """Due dates: of each profile the last that passed, and those of the next `days` days.

    A submission belongs to a date when it was prepared for it (`due_on`). `used`: the registry's setting
    `submission_profiles` names the profile, or it was submitted before.

    Returns:
        frame[profile, title, recipient, cadence, due_on, days (to go; negative: late), state, submission_id, used], by
        due_on and profile. A facility's staff sees what facilities send.
    """
    day = context.day(as_of)
    used = submission_profiles.in_use(context)
    rows = []
    for name, profile in submission_profiles.every(context).items():
        if profile.central and context.actor.facilities is not None:
            continue
        passed = submissions.due_dates(
            profile, day - dt.timedelta(days=LOOK_BACK), day - dt.timedelta(days=1)
        )
        coming = submissions.due_dates(profile, day, day + dt.timedelta(days=days))
        for due in [*passed[-1:], *coming]:
            rows.append({
                "profile": name, "title": profile.title, "recipient": profile.receiver, "cadence": profile.cadence,
                "due_on": due, "days": (due - day).days, "used": name in used,
            })  # fmt: skip
    dates = pl.DataFrame(rows, schema={name: kind for name, kind in SCHEMA.items() if name not in MADE})
    return (
        dates.join(_made(context, context.actor), on=["profile", "due_on"], how="left")
        .select(list(SCHEMA))
        .sort("due_on", "profile")
    )


MADE: Final = ("state", "submission_id")


def _made(context: Context, actor: Actor) -> pl.DataFrame:
    """The newest submission prepared for each date: frame[profile, due_on, state, submission_id]."""
    condition, scope = actor.scope_sql("facility_id")
    found = context.store.query(
        f"""SELECT profile, due_on, state, submission_id FROM submission
            WHERE due_on IS NOT NULL AND state <> 'DISCARDED' AND {condition}
            QUALIFY row_number() OVER (PARTITION BY profile, due_on ORDER BY submission_id DESC) = 1
            ORDER BY profile, due_on""",
        scope,
    )
    return found.cast({"due_on": pl.Date, "submission_id": pl.Int64})


@operation("submission.regions")
def regions(
    context: Context,
    profile: str,
    as_of: str | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
) -> pl.DataFrame:
    """States that a profile with one file a state has records for: frame[region, records], by region.

    A state that holds records of ours and gets none now is among them with 0: it may have to delete some.

    Raises:
        NotFound, BadInput, Denied: as `submission.preview`; the profile makes one file for all.
    """
    found = submission_profiles.find(context, profile)
    if found.split != "state":
        raise BadInput(f"profile {profile}", "makes one file for all states", "prepare it without states")
    given = {"as_of": as_of, "from_year": from_year, "to_year": to_year}
    wish = asking.read(context, profile, given, every_state=True)
    selection = submissions.select(
        wish.request, records.rows(context, wish), rules=submission_profiles.rules(context)
    )
    counts = selection.taken.group_by("region").agg(records=pl.len().cast(pl.Int64))
    there = counts.filter(pl.col("region").is_not_null())
    had = context.store.query(
        """SELECT region, record_id AS tumor_id
           FROM (SELECT s.region, r.record_id, r.change,
                        row_number() OVER (PARTITION BY s.region, r.record_id ORDER BY r.submission_id DESC) AS latest
                 FROM submission_record r JOIN submission s USING (submission_id)
                 WHERE s.profile = ? AND s.region IS NOT NULL AND r.answer = 'accepted')
           WHERE latest = 1 AND change <> 'deleted' ORDER BY ALL""",
        [found.id],
    ).cast({"tumor_id": pl.Int64})
    waiting = selection.held.filter(pl.col("reason") != "restricted")
    for frame in (selection.taken, waiting):
        kept = frame.select("region", pl.col("tumor_id").cast(pl.Int64))
        had = had.join(kept, on=["region", "tumor_id"], how="anti")
    gone = had.select("region").unique().join(there, on="region", how="anti")
    gone = gone.with_columns(records=pl.lit(0, pl.Int64))
    return pl.concat([there, gone]).sort("region")
