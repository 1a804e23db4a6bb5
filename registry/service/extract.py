"""De-identified and limited-data-set extracts under an agreement.

An agreement names who receives what and until when; its columns narrow the profile's allow list, never widen it. A limited
data set needs one that is in force (45 CFR 164.514(e)); de-identified data do not.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl

from registry import standards
from registry.errors import BadInput, Conflict, NotFound
from registry.security import extracts
from registry.security.allow_list import NAMED_ONLY
from registry.service import disclosures
from registry.service.operations import Context, operation
from registry.service.publish import record as record_snapshot

FORMATS = {"parquet": ".parquet", "csv": ".csv"}
TITLES = {
    "DEID": "De-identified data: no agreement needed; ages 90 and over one group, no dates but years",
    "LIMITED": "Limited data set under a data use agreement: dates, ZIP code, county, no direct identifiers",
}


@operation("extract.make", changes=True)
def make(
    context: Context,
    profile: str,
    out: str,
    agreement_id: str | None = None,
    study: str = "",
    as_of: str | None = None,
    format: str = "parquet",
    dates: str | None = None,
    columns: list[str] | None = None,
    first_year: int | None = None,
    last_year: int | None = None,
    state: str | None = None,
) -> dict[str, Any]:
    """Write an extract into a folder: patients, tumors, a table of counts that may be published, a manifest.

    Args:
        profile: "DEID" or "LIMITED".
        out: the folder; new, or one of an earlier release, which is replaced whole.
        agreement_id: needed for LIMITED. It must be in force today, for this profile.
        study: name for study numbers; without it the agreement's id, else the profile's name.
        as_of: day written into the manifest; default today.
        format: "parquet" or "csv".
        dates: "months" (year of diagnosis and months since), "shifted" (days, moved for each patient by a secret number
            of 1 to 182 days) or, for LIMITED, "full". Default: months for DEID, full for LIMITED.
        columns: only these, within what the agreement names.
        first_year, last_year: years of diagnosis. state: residents of this state at diagnosis.

    Returns:
        {extract, profile, agreement_id, patients, tumors, columns, held_back (reason → tumors), report, files, basis,
        looked_through, snapshot_id, disclosure_id}. Same data, agreement and parameters = same bytes.

    Raises:
        BadInput: no agreement in force, a column outside the list, or an identifier was found: then nothing is written.
    """
    from registry.service import release

    context.require_central("extract.make")
    if format not in FORMATS:
        raise BadInput("extract", f"format {format!r} is not known", f"use {' or '.join(FORMATS)}")
    if state and state.upper() not in standards.code_set("addrAtDxState"):
        raise BadInput("state", f"{state!r} is not a code of item 80", "use the postal code, such as NY")
    agreement = _in_force(context, agreement_id, profile)
    rule = extracts.profile_for(profile, dates, _narrowed(agreement, columns))
    basis = extracts.BASIS[(profile, rule.dates)]
    name = study or agreement_id or profile
    request = release.Request(
        rule, study=name, key=name, as_of=context.day(as_of), suffix=FORMATS[format],
        recipient=f"research:{agreement_id}" if agreement_id else "research", first_year=first_year, last_year=last_year,
        state=state, counts=profile == "DEID", facts={"agreement_id": agreement_id, "basis": basis},
    )  # fmt: skip
    with release.prepared(context, out, request) as released:
        manifest = released.manifest
        with context.store.unit_of_work(context.actor.name, "extract.make") as work:
            snapshot_id = record_snapshot(work, Path(out), manifest, agreement_id)
            disclosure_id = disclosures.record(
                work,
                recipient=agreement["recipient"] if agreement else "not named (de-identified data)",
                purpose=(agreement or {}).get("purpose") or name,
                content=f"{profile} extract of {manifest['tumors']} tumors, dates {rule.dates}",
                legal_basis=basis,
                kind="limited" if profile == "LIMITED" else "deidentified",
                subject_id=snapshot_id,
                patient_ids=released.patient_ids,
                on=context.today,
            )
    return {
        "extract": str(Path(out)), "profile": profile, "agreement_id": agreement_id, "patients": manifest["patients"],
        "tumors": manifest["tumors"], "columns": manifest["columns"], "held_back": manifest["held_back"],
        "report": json.loads(json.dumps(manifest["report"], default=str)), "files": manifest["sha256"], "basis": basis,
        "looked_through": released.looked_through, "snapshot_id": snapshot_id, "disclosure_id": disclosure_id,
    }  # fmt: skip


def _in_force(context: Context, agreement_id: str | None, profile: str) -> dict[str, Any] | None:
    """The agreement, when it allows this profile today.

    Raises:
        BadInput: LIMITED without one, or it is not in force, or for another profile. NotFound: no such agreement.
    """
    if agreement_id is None:
        if profile == "LIMITED":
            raise BadInput(
                "extract LIMITED", "a limited data set needs an agreement", "name it: --agreement ID"
            )
        return None
    row = _agreement(context, agreement_id)
    where = f"agreement {agreement_id}"
    if row["profile"] != profile:
        raise BadInput(where, f"it is about {row['profile']}, not {profile}")
    if row["ended_at"] is not None:
        raise BadInput(where, "it was ended", "make a new agreement")
    if row["valid_from"] is not None and row["valid_from"] > context.today:
        raise BadInput(where, f"it begins on {row['valid_from']}")
    if row["expires_on"] is not None and row["expires_on"] < context.today:
        raise BadInput(where, f"it expired on {row['expires_on']}", "make a new agreement")
    return row


def _agreement(context: Context, agreement_id: str) -> dict[str, Any]:
    found = context.store.query("SELECT * FROM data_agreement WHERE agreement_id = ?", [agreement_id])
    if found.is_empty():
        raise NotFound(
            "agreement", f"there is no agreement {agreement_id}", "see `registry extract agreements`"
        )
    return dict(found.row(0, named=True))


def _narrowed(agreement: dict[str, Any] | None, columns: list[str] | None) -> list[str] | None:
    agreed = (agreement or {}).get("columns")
    if not agreed:
        if hidden := sorted(NAMED_ONLY & set(columns or ())):
            raise BadInput("extract", f"{', '.join(hidden)} leave only when the agreement names them")
        return columns
    allowed: list[str] = json.loads(agreed)
    if columns is None:
        return allowed
    if outside := sorted(set(columns) - set(allowed)):
        raise BadInput("extract", f"the agreement does not name {', '.join(outside[:5])}")
    return columns


@operation("extract.profiles")
def profiles(context: Context) -> pl.DataFrame:
    """What each profile may release: frame[profile, title, agreement_needed, dates, columns (list)], by profile."""
    rows = [
        {
            "profile": name, "title": TITLES[name], "agreement_needed": name == "LIMITED",
            "dates": extracts.dates_of(name), "columns": extracts.allowed_columns(name),
        }
        for name in sorted(extracts.EXTRACTS)
    ]  # fmt: skip
    return pl.DataFrame(rows)


@operation("extract.agreements")
def agreements(context: Context, state: str = "all", as_of: str | None = None) -> pl.DataFrame:
    """Agreements on extracts, by agreement_id.

    Args:
        state: "all" or "valid" (in force on `as_of`, default today).

    Returns:
        frame[agreement_id, recipient, title, profile, columns (list), purpose, approved_by, valid_from, expires_on,
        ended_at, in_force, version].
    """
    context.require_central("extract.agreements")
    if state not in {"all", "valid"}:
        raise BadInput("agreements", f"state {state!r} is not known", "use all or valid")
    day = context.day(as_of)
    found = context.store.query(
        """SELECT agreement_id, recipient, title, profile, columns, purpose, approved_by, valid_from, expires_on, ended_at,
                  (ended_at IS NULL OR CAST(ended_at AS DATE) > $day) AND coalesce(valid_from <= $day, true)
                  AND coalesce(expires_on >= $day, true) AS in_force, version
           FROM data_agreement ORDER BY agreement_id""",
        {"day": day},
    ).with_columns(pl.col("columns").str.json_decode(pl.List(pl.String)))
    return found.filter("in_force") if state == "valid" else found


@operation("extract.add_agreement", changes=True)
def add_agreement(
    context: Context,
    agreement_id: str,
    recipient: str,
    profile: str,
    purpose: str,
    title: str | None = None,
    columns: list[str] | None = None,
    approved_by: str | None = None,
    valid_from: str | None = None,
    expires_on: str | None = None,
) -> dict[str, Any]:
    """Note an agreement on extracts.

    Args:
        recipient: who receives the data. purpose: what for.
        profile: "DEID" or "LIMITED".
        columns: the only columns that may leave; each on the profile's allow list.
        approved_by: the board or person who approved it.
        valid_from, expires_on: first and last day (ISO); LIMITED needs a last day.

    Returns:
        {agreement_id, columns}.

    Raises:
        BadInput: something is missing, or a column is not on the list. Conflict: the id is taken.
    """
    context.require_central("extract.add_agreement")
    rule = extracts.profile_for(profile, None, columns)
    for name, text in (("id", agreement_id), ("recipient", recipient), ("purpose", purpose)):
        if not text.strip():
            raise BadInput("agreement", f"the {name} is missing")
    first, last = (context.day(text) if text else None for text in (valid_from, expires_on))
    if profile == "LIMITED" and last is None:
        raise BadInput("agreement", "a limited data set needs the day it expires", "give --expires")
    if first and last and first > last:
        raise BadInput("agreement", "it expires before it begins")
    if context.store.query(
        "SELECT 1 FROM data_agreement WHERE agreement_id = ?", [agreement_id.strip()]
    ).height:
        raise Conflict("agreement", f"there is one with the id {agreement_id}", "use another id")
    named = None if rule.columns is None else json.dumps(sorted(rule.columns))
    row = {
        "agreement_id": agreement_id.strip(), "recipient": recipient.strip(), "title": title, "profile": profile,
        "columns": named, "purpose": purpose.strip(), "approved_by": approved_by, "valid_from": first, "expires_on": last,
    }  # fmt: skip
    with context.store.unit_of_work(context.actor.name, "extract.add_agreement") as work:
        work.insert("data_agreement", pl.DataFrame([row], schema_overrides=_KINDS))
    return {
        "agreement_id": agreement_id.strip(),
        "columns": None if rule.columns is None else sorted(rule.columns),
    }


_KINDS: dict[str, Any] = {
    "title": pl.String, "columns": pl.String, "approved_by": pl.String, "valid_from": pl.Date, "expires_on": pl.Date,
}  # fmt: skip


@operation("extract.end_agreement", changes=True)
def end_agreement(
    context: Context, agreement_id: str, reason: str, expected_version: int | None = None
) -> dict[str, Any]:
    """End an agreement now: no further extract leaves under it.

    Returns:
        {agreement_id, version}.

    Raises:
        NotFound: there is none. BadInput: no reason, or it was ended before. Conflict: changed since it was read.
    """
    context.require_central("extract.end_agreement")
    row = _agreement(context, agreement_id)
    if not reason.strip():
        raise BadInput("agreement", "ending it needs a reason", "say in a sentence why")
    if row["ended_at"] is not None:
        raise BadInput(f"agreement {agreement_id}", "it was ended before")
    version = row["version"] if expected_version is None else expected_version
    ended: dt.datetime = context.stamp
    with context.store.unit_of_work(context.actor.name, "extract.end_agreement", reason=reason) as work:
        new = work.update("data_agreement", agreement_id, {"ended_at": ended}, expected_version=version)
    return {"agreement_id": agreement_id, "version": new}
