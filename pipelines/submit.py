"""Submissions from end to end: prepared and sealed for whoever asks, and what the calendar says is due."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.errors import RegistryError

if TYPE_CHECKING:
    from registry.service.remote import AnySession

UNSENT = ("DRAFT", "VALIDATED", "SEALED")
AHEAD = 30
"""Days before its date that a submission is prepared."""


def make(
    session: AnySession,
    profile: str,
    *,
    out: str | None = None,
    draft: bool = False,
    file_key: str | None = None,
    **request: Any,
) -> list[dict[str, Any]]:
    """Prepare a submission and seal it; of a profile with one file a state, and no state asked, one a state.

    Args:
        out: folder or file of the sealed files. draft: stop before sealing.
        request: words of `submission.prepare`.

    Returns:
        Answers of `submission.prepare`.
    """
    wanted: list[str | None] = [request.pop("state", None)]
    split = session.run("submission.profiles", profile=profile)["split"].item()
    if split and wanted == [None]:
        asked = {name: request[name] for name in ("as_of", "from_year", "to_year") if name in request}
        wanted = session.run("submission.regions", profile=profile, **asked)["region"].to_list()
    given = {"seal": not draft, "out": out, "file_key": file_key, **request}
    return [session.run("submission.prepare", profile=profile, state=state, **given) for state in wanted]


def due(session: AnySession, as_of: dt.date, *, ahead_days: int = AHEAD) -> list[dict[str, Any]]:
    """Prepare what this registry sends, what is due within `ahead_days` and was not prepared yet.

    A date is taken up once, and what somebody has prepared or sealed and not sent yet stays as it is. Nothing is sealed
    or sent here.

    Returns:
        One {profile, due_on, region, submission_id, state, records, held, note} a submission or a profile that could not
        be prepared, by due_on and profile.
    """
    calendar = session.run("submission.calendar", as_of=as_of.isoformat(), days=ahead_days)
    waiting = calendar.filter(pl.col("used") & (pl.col("days") >= 0) & pl.col("submission_id").is_null())
    told = []
    for row in waiting.sort("due_on", "profile").iter_rows(named=True):
        here = {"profile": row["profile"], "due_on": row["due_on"]}
        nothing = dict.fromkeys(("region", "submission_id", "state", "records", "held"))
        open_ones = session.run("submission.list", profile=row["profile"]).filter(
            pl.col("state").is_in(UNSENT)
        )
        if open_ones.height:
            number = open_ones["submission_id"][0]
            told.append(
                {**here, **nothing, "note": f"submission {number} is being prepared: send or replace it"}
            )
            continue
        try:
            made = make(
                session, row["profile"], draft=True, as_of=as_of.isoformat(), due_on=row["due_on"].isoformat()
            )
        except RegistryError as error:
            told.append({**here, **nothing, "note": str(error)})
            continue
        told += [
            {**here, **{name: one[name] for name in ("region", "submission_id", "state", "records", "held")},
             "note": "; ".join(one["problems"])}
            for one in made
        ]  # fmt: skip
    return told
