"""Preparing a submission: what it would hold (preview), the same kept as a draft or validated run, and its successor."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.service.submissions import choice, fingerprints
from registry.service.submissions import request as asking
from registry.service.submissions.choice import Chosen
from registry.service.submissions.kept import find, require_version
from registry.submissions import Profile

if TYPE_CHECKING:
    from registry.store import UnitOfWork

UNSEALED: Final = ("DRAFT", "VALIDATED")
ANSWERED: Final = ("ACKNOWLEDGED", "PARTLY_REJECTED", "REJECTED")


@operation("submission.preview")
def preview(
    context: Context,
    profile: str,
    state: str | None = None,
    facility: str | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
    record_type: str | None = None,
    naaccr_version: str | None = None,
    as_of: str | None = None,
    full: bool = False,
    strict: bool = False,
    limit: int = 200,
) -> dict[str, Any]:
    """What would leave now, what is held back and why; nothing is kept.

    Args:
        as_of: ISO day or time of the submission; now when absent. full: the whole file of a profile that sends changes.
        strict: one record held back by edits, or one required item left blank, forbids sealing.

    Returns:
        {profile, title, region, facility_id, as_of, first, going, patients, deleted, held, same, changes: frame[change,
        records], by_year: frame[year, records], by_site: frame[site, records], held_back: frame[reason, detail, records],
        held_records: frame[tumor_id, patient_id, abstract_id, facility_id, reason, detail] (at most `limit`), outside:
        frame[reason, records] (never asked for), required: frame[item, code, records, blank], items, left_out:
        frame[item, reason], problems}. `first`: the receiver has accepted nothing yet; `same`: left out of a delta.

    Raises:
        NotFound, BadInput, Denied: see `submission_request.read`.
    """
    given = {
        "state": state, "facility": facility, "from_year": from_year, "to_year": to_year, "record_type": record_type,
        "naaccr_version": naaccr_version, "as_of": as_of, "full": full, "strict": strict,
    }  # fmt: skip
    wish = asking.read(context, profile, given)
    chosen = choice.choose(context, wish)
    going = chosen.going
    sites = chosen.rows.select(
        pl.col(wish.key).cast(pl.Int64).alias("record_id"),
        site=pl.col("primarySite").cast(pl.String).str.slice(0, 3),
    ).unique("record_id")
    named = going.join(sites, on="record_id", how="left")
    return {
        "profile": wish.profile.id, "title": wish.profile.title, "region": wish.region, "facility_id": wish.facility,
        "as_of": wish.request.as_of, "first": chosen.first, "going": going.height,
        "patients": going["patient_id"].n_unique(), "deleted": chosen.deleted.height,
        "held": chosen.held["record_id"].n_unique(), "same": chosen.same,
        "changes": counted(chosen.records, "change"),
        "by_year": counted(named.rename({"diagnosis_year": "year"}), "year"), "by_site": counted(named, "site"),
        "held_back": counted(chosen.held, "reason", "detail"),
        "held_records": chosen.held.drop("record_id").head(limit),
        "outside": _pairs(chosen.outside, "reason", "records"), "required": chosen.required,
        "items": list(chosen.plan.columns), "left_out": _pairs(chosen.plan.left_out, "item", "reason"),
        "problems": list(chosen.problems),
    }  # fmt: skip


@operation("submission.prepare", changes=True)
def prepare(
    context: Context,
    profile: str,
    state: str | None = None,
    facility: str | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
    record_type: str | None = None,
    naaccr_version: str | None = None,
    as_of: str | None = None,
    full: bool = False,
    strict: bool = False,
    due_on: str | None = None,
    seal: bool = False,
    out: str | None = None,
    file_key: str | None = None,
) -> dict[str, Any]:
    """Select, compare, judge, and keep the submission: VALIDATED when it may be sealed, else DRAFT with its problems.

    The same request over the same data at the same time gives the same submission again. An earlier one of the same
    line that was never sealed is discarded.

    Args:
        as_of, full, strict and the words before: as `submission.preview`.
        due_on: the day by which it is due, for the calendar.
        seal, out, file_key: write its files at once, see `submission.seal`.

    Returns:
        {submission_id, profile, region, facility_id, state, version, repeated, records, deleted, held, changes, held_back,
        problems}, and with `seal` and no problems {folder, files}.

    Raises:
        NotFound, BadInput, Denied: see `submission_request.read`.
    """
    given = {
        "state": state, "facility": facility, "from_year": from_year, "to_year": to_year, "record_type": record_type,
        "naaccr_version": naaccr_version, "as_of": as_of, "full": full, "strict": strict,
    }  # fmt: skip
    wish = asking.read(context, profile, given)
    due = context.day(due_on) if due_on is not None else None
    if seal:
        require_key(wish.profile, file_key)
    chosen = choice.choose(context, wish)
    told = keep(context, chosen, due_on=due)
    return _sealed(context, told, chosen, out, file_key) if seal else told


@operation("submission.resubmit", changes=True)
def resubmit(
    context: Context,
    submission_id: int,
    as_of: str | None = None,
    strict: bool = False,
    seal: bool = False,
    out: str | None = None,
    file_key: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Prepare the successor of an answered submission: what is new, changed (corrected) or deleted since the accepted.

    A record that was rejected and is as it was stays behind until it is corrected or its task is closed.

    Returns:
        As `submission.prepare`, and {first_submission_id, previous_submission_id}.

    Raises:
        NotFound: not in scope. BadInput: it has no answer yet. Conflict: changed since it was read.
    """
    before = find(context, submission_id)
    require_version(before, expected_version)
    if before["state"] not in ANSWERED:
        raise BadInput(
            f"submission {submission_id}", f"is {before['state']}: only what was answered is sent again",
            "load the receiver's report first (`registry export ack`)",
        )  # fmt: skip
    words = {name: value for name, value in json.loads(before["request"]).items() if name in asking.WORDS}
    asked = {**words, "as_of": as_of, "strict": strict, "delta": True}
    wish = asking.read(context, before["profile"], asked)
    if seal:
        require_key(wish.profile, file_key)
    chosen = choice.choose(context, wish)
    first = before["first_submission_id"] or submission_id
    told = keep(context, chosen, first=int(first), previous=submission_id)
    told |= {"first_submission_id": int(first), "previous_submission_id": submission_id}
    return _sealed(context, told, chosen, out, file_key) if seal else told


def _sealed(
    context: Context, told: dict[str, Any], chosen: Chosen, out: str | None, file_key: str | None
) -> dict[str, Any]:
    from registry.service.submissions import sealing as submission_sealing

    if told["state"] not in ("VALIDATED", "SEALED"):
        return told
    return told | submission_sealing.write(
        context, find(context, told["submission_id"]), chosen, out, file_key
    )


def require_key(profile: Profile, file_key: str | None) -> None:
    """Refuse to seal without the key of files that leave encrypted.

    Raises:
        BadInput: it is not given.
    """
    if profile.encrypted and file_key is None:
        raise BadInput(
            f"profile {profile.id}", "its files leave encrypted, and there is no key", "give --file-key-file"
        )


def keep(
    context: Context,
    chosen: Chosen,
    *,
    due_on: dt.date | None = None,
    first: int | None = None,
    previous: int | None = None,
) -> dict[str, Any]:
    """Keep a choice as a submission, in one unit of work; the answer of `submission.prepare`."""
    wish, digest = chosen.wish, chosen.digest()
    profile, region, facility = wish.line
    state = "DRAFT" if chosen.problems else "VALIDATED"
    told = {
        "profile": profile, "region": region, "facility_id": facility, "records": chosen.going.height,
        "deleted": chosen.deleted.height, "held": chosen.held["record_id"].n_unique(),
        "changes": dict(counted(chosen.records, "change").iter_rows()) | ({"same": chosen.same} if wish.delta else {}),
        "held_back": counted(chosen.held, "reason", "detail"), "problems": list(chosen.problems),
    }  # fmt: skip
    with context.store.unit_of_work(context.actor.name, "submission.prepare", facility_id=facility) as work:
        if chosen.form is not None and chosen.learned is not None:
            fingerprints.remember(work, chosen.form, chosen.learned)
        same = work.query(
            """SELECT submission_id, state, version FROM submission
               WHERE profile = ? AND data_digest = ? AND previous_submission_id IS NOT DISTINCT FROM ?
                   AND state NOT IN ('DISCARDED', 'REJECTED', 'RESUBMITTED') ORDER BY submission_id DESC LIMIT 1""",
            [profile, digest, previous],
        )
        if same.height:
            found = same.row(0, named=True)
            work.log("submission", found["submission_id"], "prepared before")
            return {**found, "repeated": True, **told}
        _discard(context, work, wish.line)
        submission_id = int(work.new_ids("submission", 1)[0])
        row = _row(context, chosen, submission_id, state, digest) | {
            "due_on": due_on, "first_submission_id": first, "previous_submission_id": previous,
        }  # fmt: skip
        work.insert("submission", pl.DataFrame([row], schema_overrides=TYPES, strict=False))
        for table, frame in (("submission_record", chosen.records), ("submission_held", chosen.held)):
            if frame.height:
                kept = frame.with_columns(submission_id=pl.lit(submission_id, pl.Int64))
                work.insert(table, kept, logged=False)
        event(context, work, submission_id, "DRAFT", "prepared")
        if state == "VALIDATED":
            event(
                context,
                work,
                submission_id,
                state,
                f"{chosen.held['record_id'].n_unique():,} records held back",
            )
    return {"submission_id": submission_id, "state": state, "version": 1, "repeated": False, **told}


TYPES: Final = {
    "region": pl.String, "facility_id": pl.String, "due_on": pl.Date, "first_submission_id": pl.Int64, "recipient": pl.String,
    "previous_submission_id": pl.Int64, "year_from": pl.Int32, "year_to": pl.Int32, "record_type": pl.String,
}  # fmt: skip


def _row(context: Context, chosen: Chosen, submission_id: int, state: str, digest: str) -> dict[str, Any]:
    wish = chosen.wish
    profile, region, facility = wish.line
    first, last = wish.years
    return {
        "submission_id": submission_id, "kind": "submission", "profile": profile, "title": wish.profile.title,
        "profile_version": wish.profile.version, "recipient": wish.profile.receiver, "purpose": wish.profile.purpose,
        "region": region, "facility_id": facility, "year_from": first, "year_to": last,
        "period": f"{first or ''}-{last or ''}" if first or last else "all", "as_of": wish.request.as_of,
        "record_type": wish.request.type or None, "naaccr_version": wish.request.version, "delta": wish.delta,
        "request": wish.text(), "data_digest": digest, "state": state, "tumors": chosen.going.height,
        "deleted": chosen.deleted.height, "held": chosen.held["record_id"].n_unique(),
        "problems": json.dumps(list(chosen.problems)), "created_at": context.stamp, "created_by": context.actor.name,
        "detail": json.dumps({
            "definition": wish.profile.definition, "outside": chosen.outside, "same": chosen.same, "first": chosen.first,
            "required": chosen.required.filter(pl.col("blank") > 0).to_dicts(),
        }),
    }  # fmt: skip


def _discard(context: Context, work: UnitOfWork, line: tuple[str, str | None, str | None]) -> None:
    """Let go of what was prepared along the same line and never sealed."""
    left = work.query(
        """SELECT submission_id, version FROM submission WHERE profile = ? AND region IS NOT DISTINCT FROM ?
           AND facility_id IS NOT DISTINCT FROM ? AND state IN ('DRAFT', 'VALIDATED') ORDER BY submission_id""",
        list(line),
    )
    for submission_id, version in left.iter_rows():
        work.update("submission", submission_id, {"state": "DISCARDED"}, expected_version=version)
        event(context, work, submission_id, "DISCARDED", "prepared again")
        for table in ("submission_record", "submission_held"):
            work.execute(f"DELETE FROM {table} WHERE submission_id = ?", [submission_id])


def event(context: Context, work: UnitOfWork, submission_id: int, state: str, note: str | None) -> None:
    """Note a step of a submission's life."""
    row = {
        "submission_id": submission_id, "happened_at": context.stamp, "state": state, "actor": context.actor.name,
        "note": note,
    }  # fmt: skip
    work.insert("submission_event", pl.DataFrame([row], schema_overrides={"note": pl.String}), logged=False)


def counted(frame: pl.DataFrame, *by: str) -> pl.DataFrame:
    """How many records fall on each value: frame[*by, records], sorted.

    >>> counted(pl.DataFrame({"record_id": [1, 1, 2], "why": ["b", "a", "b"]}), "why").rows()
    [('a', 1), ('b', 2)]
    """
    counts = frame.group_by(*by).agg(records=pl.col("record_id").n_unique().cast(pl.Int64))
    return counts.sort(*by, nulls_last=True)


def _pairs(given: dict[str, Any], name: str, value: str) -> pl.DataFrame:
    kind = pl.Int64 if value == "records" else pl.String
    rows = {name: list(given), value: list(given.values())}
    return pl.DataFrame(rows, schema={name: pl.String, value: kind}).sort(name)
