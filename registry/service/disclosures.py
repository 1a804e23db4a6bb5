"""Accounting of disclosures: to whom a patient's data went, when and why.

Source: 45 CFR 164.528: six years back, each disclosure with its date, who received it and the address if known, what
it held and what for; (a)(1) names what needs no accounting, among it limited data sets under an agreement (viii).
De-identified data are not protected health information (164.502(d)(2)). Both are kept here all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from registry.errors import BadInput, NotFound
from registry.service.operations import Context, operation
from registry.store import UnitOfWork

YEARS: Final = 6

#: kind → why it needs no accounting; None where it does.
KINDS: Final[dict[str, str | None]] = {
    "submission": None,
    "exchange": None,
    "linkage": None,
    "research": None,
    "legal": None,
    "other": None,
    "limited": "limited data set under an agreement (164.528(a)(1)(viii))",
    "deidentified": "de-identified data are not protected health information (164.502(d)(2))",
    "authorized": "the patient authorized it (164.528(a)(1)(iv))",
    "individual": "given to the patient (164.528(a)(1)(ii))",
    "care": "treatment, payment or health care operations (164.528(a)(1)(i))",
}


def record(
    work: UnitOfWork,
    *,
    recipient: str,
    purpose: str,
    content: str,
    legal_basis: str | None,
    kind: str,
    subject_id: int | None,
    patient_ids: Iterable[int] | pl.Series,
    on: dt.date,
    recipient_address: str | None = None,
) -> int:
    """Write down, in the caller's unit of work, that data of these patients went to somebody.

    Args:
        recipient: who received it. recipient_address: where, if known.
        purpose: what for. content: what it held, in a line; neither may name a patient.
        legal_basis: the law, agreement or approval that allows it.
        kind: one of KINDS; "submission", "exchange" and "linkage" are files of `registry export`.
        subject_id: submission_id or snapshot_id that it belongs to.
        patient_ids: our numbers; each counts once.
        on: the day that it left.

    Returns:
        The new disclosure_id.

    Raises:
        BadInput: unknown kind, or recipient, purpose or content is blank.
    """
    if kind not in KINDS:
        raise BadInput("disclosure", f"{kind!r} is no kind of disclosure", f"use one of {', '.join(KINDS)}")
    for name, text in (("recipient", recipient), ("purpose", purpose), ("content", content)):
        if not (text or "").strip():
            raise BadInput(
                "disclosure", f"the {name} is missing", "an accounting must say it (45 CFR 164.528)"
            )
    ids = patient_ids if isinstance(patient_ids, pl.Series) else pl.Series(list(patient_ids), dtype=pl.Int64)
    patients = pl.DataFrame({"patient_id": ids.cast(pl.Int64)}).drop_nulls().unique().sort("patient_id")
    disclosure_id = work.new_ids("disclosure", 1)[0]
    row = {
        "disclosure_id": disclosure_id, "disclosed_on": on, "recipient": recipient.strip(),
        "recipient_address": recipient_address, "purpose": purpose.strip(), "content": content.strip(),
        "legal_basis": legal_basis, "kind": kind, "subject_id": subject_id, "patients": patients.height,
        "disclosed_by": work.actor,
    }  # fmt: skip
    types = {"recipient_address": pl.String, "legal_basis": pl.String, "subject_id": pl.Int64}
    work.insert("disclosure_event", pl.DataFrame([row], schema_overrides=types))
    if patients.height:
        rows = patients.select(pl.lit(disclosure_id, pl.Int64).alias("disclosure_id"), "patient_id")
        work.insert("disclosure_patient", rows)
    return int(disclosure_id)


@operation("disclosures.of_patient")
def of_patient(
    context: Context,
    patient_id: int,
    as_of: str | None = None,
    start: str | None = None,
    end: str | None = None,
    everything: bool = False,
) -> pl.DataFrame:
    """A patient's accounting: what left from six years before `as_of` (or `start`) to `as_of` (or `end`), oldest first.

    Args:
        everything: also what needs no accounting (see KINDS).

    Returns:
        frame[disclosure_id, disclosed_on, recipient, recipient_address, content, purpose, legal_basis, kind,
        no_accounting_because (null where it is accounted for)], by disclosed_on and disclosure_id.

    Raises:
        NotFound: there is no such patient.
    """
    context.require_central("disclosures.of_patient")
    if context.store.query("SELECT 1 FROM patient WHERE patient_id = ?", [patient_id]).is_empty():
        raise NotFound("patient", f"there is no patient {patient_id}")
    first, last = _period(context, as_of, start, end)
    found = context.store.query(
        """SELECT e.disclosure_id, e.disclosed_on, e.recipient, e.recipient_address, e.content, e.purpose, e.legal_basis,
                  e.kind
           FROM disclosure_event e SEMI JOIN
                (SELECT disclosure_id FROM disclosure_patient WHERE patient_id = ?) USING (disclosure_id)
           WHERE e.disclosed_on BETWEEN ? AND ? ORDER BY e.disclosed_on, e.disclosure_id""",
        [patient_id, first, last],
    )
    return _accounted(found, everything)


@operation("disclosures.list")
def list_disclosures(
    context: Context,
    as_of: str | None = None,
    start: str | None = None,
    end: str | None = None,
    everything: bool = True,
) -> pl.DataFrame:
    """What left the registry, newest first, over the same period as `disclosures.of_patient`.

    Returns:
        frame[disclosure_id, disclosed_on, recipient, recipient_address, content, purpose, legal_basis, kind, patients,
        disclosed_by, no_accounting_because], by disclosed_on and disclosure_id, descending.
    """
    context.require_central("disclosures.list")
    first, last = _period(context, as_of, start, end)
    found = context.store.query(
        """SELECT disclosure_id, disclosed_on, recipient, recipient_address, content, purpose, legal_basis, kind, patients,
                  disclosed_by
           FROM disclosure_event WHERE disclosed_on BETWEEN ? AND ? ORDER BY disclosed_on DESC, disclosure_id DESC""",
        [first, last],
    )
    return _accounted(found, everything)


@operation("disclosures.add", changes=True)
def add(
    context: Context,
    patient_ids: list[int],
    recipient: str,
    purpose: str,
    content: str,
    kind: str = "legal",
    legal_basis: str | None = None,
    recipient_address: str | None = None,
    on: str | None = None,
) -> dict[str, Any]:
    """Note a disclosure made outside this program (a subpoena, a copy by post).

    Returns:
        {disclosure_id, patients}.

    Raises:
        NotFound: a patient is unknown. BadInput: see `record`; no patients; a day to come.
    """
    context.require_central("disclosures.add")
    day = context.day(on)
    if day > context.today:
        raise BadInput("disclosure", "its day is still to come", "note it once the data have left")
    wanted = pl.DataFrame({"patient_id": sorted(set(patient_ids))}, schema={"patient_id": pl.Int64})
    known = context.store.query("SELECT patient_id FROM patient SEMI JOIN wanted USING (patient_id)", frames={"wanted": wanted})  # fmt: skip
    if wanted.is_empty():
        raise BadInput("disclosure", "no patient is named", "name at least one patient's number")
    if known.height < wanted.height:
        raise NotFound("disclosure", f"{wanted.height - known.height} of the patients are unknown")
    with context.store.unit_of_work(context.actor.name, "disclosures.add") as work:
        number = record(
            work, recipient=recipient, purpose=purpose, content=content, legal_basis=legal_basis, kind=kind,
            subject_id=None, patient_ids=wanted["patient_id"], on=day, recipient_address=recipient_address,
        )  # fmt: skip
    return {"disclosure_id": number, "patients": wanted.height}


def _period(
    context: Context, as_of: str | None, start: str | None, end: str | None
) -> tuple[dt.date, dt.date]:
    last = context.day(end if end is not None else as_of)
    first = context.day(start) if start is not None else six_years_before(last)
    if first > last:
        raise BadInput("disclosures", "the first day lies after the last", "give them the other way round")
    return first, last


def six_years_before(day: dt.date) -> dt.date:
    """The first day that an accounting asked for on this day covers.

    >>> six_years_before(dt.date(2026, 11, 22)), six_years_before(dt.date(2028, 2, 29))
    (datetime.date(2020, 11, 22), datetime.date(2022, 2, 28))
    """
    try:
        return day.replace(year=day.year - YEARS)
    except ValueError:
        return day.replace(year=day.year - YEARS, day=28)


def _accounted(found: pl.DataFrame, everything: bool) -> pl.DataFrame:
    why = {kind: reason for kind, reason in KINDS.items() if reason is not None}
    because = pl.col("kind").replace_strict(why, default=None, return_dtype=pl.String)
    marked = found.with_columns(because.alias("no_accounting_because"))
    return marked if everything else marked.filter(pl.col("no_accounting_because").is_null())
