"""Batches of letters as they are kept: their PDFs, what became of each letter, sending and cancelling."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

import polars as pl

from registry.errors import BadInput, Conflict, NotFound
from registry.followup.letters import REASONS, Batch, Printed, reference
from registry.followup.letters.consents import REFUSED
from registry.followup.letters.plan import PHYSICIAN_ITEMS, TO_THE_PATIENT
from registry.service import frames
from registry.service.followup import patient_frames as followup_frames
from registry.service.letters import facts as letters_facts
from registry.service.letters import settings as letters_settings
from registry.service.letters.facts import Gathered
from registry.service.operations import Context, operation
from registry.store.unit import UnitOfWork

COLUMNS = (
    "batch_id run as_of addressee recipient recipient_name language letters pages send_by file_name state sent_on sent_by "
    "facility_id made_by cancelled_reason created_at version"
).split()
CHECKED = {
    "batch_id": pl.Int64, "letter_id": pl.Int64, "patient_id": pl.Int64, "page": pl.Int32, "why": pl.String,
    "reason": pl.String,
}  # fmt: skip
MEDIA_TYPE = "application/pdf"


def keep(work: UnitOfWork, gathered: Gathered, made: Sequence[tuple[Batch, Printed]]) -> dict[str, Any]:
    """Keep printed batches and their letters: {run, batch_ids, letters}; what an earlier call with the same key kept."""
    if work.repeated and work.result is not None:
        return dict(work.result)
    if not made:
        work.log("letters", None, "letters.make", None, {"letters": 0})
        work.result = {"run": None, "batch_ids": [], "letters": 0}
        return dict(work.result)
    run = f"{gathered.day:%Y%m%d}-{work.new_ids('letter_run', 1)[0]}"
    batch_ids = list(work.new_ids("letter_batch", len(made)))
    rows, letters = [], []
    for batch_id, (batch, printed) in zip(batch_ids, made, strict=True):
        name = f"{gathered.day:%Y%m%d}-{batch_id:06}.pdf"  # numbers only: a file's name is seen by many
        file_id = work.keep_file(name, "letters", printed.pdf)
        source = gathered.templates[batch.addressee, batch.language]
        rows.append(
            {
                "batch_id": batch_id, "run": run, "as_of": gathered.day, "addressee": batch.addressee,
                "recipient": batch.recipient, "recipient_name": batch.recipient_name, "language": batch.language,
                "template": f"{batch.addressee}.{batch.language}", "template_digest": letters_settings.digest(source),
                "letters": len(batch.letters), "pages": printed.pages, "send_by": batch.send_by, "file_name": name,
                "file_id": file_id, "sha256": hashlib.sha256(printed.pdf).hexdigest(), "state": "made",
                "facility_id": gathered.facility, "made_by": work.actor,
            }
        )  # fmt: skip
        for letter, page in zip(batch.letters, printed.starts, strict=True):
            letters.append(
                {
                    "batch_id": batch_id, "patient_id": letter.patient_id, "addressee": letter.addressee,
                    "recipient": letter.recipient, "page": page, "facility_id": gathered.facility, "state": "made",
                    "reference": reference(letter.patient_id, gathered.day, letter.addressee),
                }
            )  # fmt: skip
    work.insert("letter_batch", pl.DataFrame(rows, schema_overrides=_text(rows), infer_schema_length=None))
    frame = pl.DataFrame(letters, schema_overrides=_text(letters), infer_schema_length=None)
    ids = pl.Series("letter_id", list(work.new_ids("letter", frame.height)), dtype=pl.Int64)
    work.insert("letter", frame.with_columns(ids))
    work.result = {"run": run, "batch_ids": batch_ids, "letters": frame.height}
    return dict(work.result)


def _text(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Columns that may be null all through are text."""
    return {name: pl.String for name in rows[0] if name in ("recipient", "recipient_name", "facility_id")}


def give_up() -> NoReturn:
    """Raises Conflict: others change records faster than letters can be made."""
    raise Conflict(
        "letters", "records kept changing while they were made", "make them again in a quiet moment"
    )


def rows_of(context: Context, batch_ids: Collection[int]) -> pl.DataFrame:
    """Batches of these numbers: frame[COLUMNS], newest first."""
    wanted = pl.DataFrame({"batch_id": list(batch_ids)}, schema={"batch_id": pl.Int64})
    return context.store.query(
        f"SELECT {', '.join(COLUMNS)} FROM letter_batch SEMI JOIN wanted USING (batch_id) ORDER BY batch_id DESC",
        frames={"wanted": wanted},
    )


@operation("letters.batches")
def list_batches(
    context: Context,
    state: str | None = None,
    run: str | None = None,
    as_of: str | dt.date | None = None,
    limit: int = 200,
) -> pl.DataFrame:
    """Batches in scope, newest first: frame[COLUMNS].

    Args:
        state: made, sent or cancelled.
        run: of one call of `letters.make`.
        as_of: the day that letters bear.
    """
    condition, parameters = context.actor.scope_sql("facility_id")
    day = None if as_of is None else context.day(as_of)
    for column, value in (("state", state), ("run", run), ("as_of", day)):
        if value is not None:
            condition, parameters = f"{condition} AND {column} = ?", [*parameters, value]  # type: ignore[list-item]
    return context.store.query(
        f"SELECT {', '.join(COLUMNS)} FROM letter_batch WHERE {condition} ORDER BY batch_id DESC LIMIT {int(limit)}",
        parameters,
    )


@operation("letters.list")
def list_letters(
    context: Context,
    batch_id: int | None = None,
    patient_id: int | None = None,
    state: str | None = None,
    reference: str | None = None,
    limit: int = 1000,
) -> pl.DataFrame:
    """Letters in scope, newest first: what became of each.

    Args:
        reference: as a reply shows it, such as 17-20261031-T.

    Returns:
        frame[letter_id, batch_id, patient_id, nameLast, nameFirst, addressee, recipient, recipient_name, reference, page,
        state, sent_on, answered_at, contact_id, facility_id].
    """
    condition, parameters = context.actor.scope_sql("l.facility_id")
    asked = {
        "l.batch_id": batch_id,
        "l.patient_id": patient_id,
        "l.state": state,
        "l.reference": None if reference is None else reference.strip().upper(),
    }
    for column, value in asked.items():
        if value is not None:
            condition, parameters = f"{condition} AND {column} = ?", [*parameters, value]  # type: ignore[list-item]
    people, more = _people(context)
    return context.store.query(
        f"""SELECT l.letter_id, l.batch_id, l.patient_id, p."nameLast", p."nameFirst", l.addressee, l.recipient,
                coalesce(b.recipient_name, CASE l.addressee WHEN 'contact' THEN 'contact of ' ELSE '' END
                    || concat_ws(' ', p."nameFirst", p."nameLast")) AS recipient_name,
                l.reference, l.page, l.state, b.sent_on, l.answered_at, l.contact_id, l.facility_id
            FROM letter l JOIN letter_batch b USING (batch_id) LEFT JOIN ({people}) p ON p.patient_id = l.patient_id
            WHERE {condition} ORDER BY l.batch_id DESC, l.letter_id LIMIT {int(limit)}""",
        [*more, *parameters],
    )


def _people(context: Context) -> tuple[str, list[str]]:
    """Query of names by patient: consolidated, or as the facilities of the account reported them."""
    items = ["nameLast", "nameFirst"]
    if context.actor.facilities is None:
        return f"SELECT x.patient_id{frames.select_items(context, 'patient', 'x', items)} FROM patient x", []
    scope, parameters = context.actor.scope_sql("x.facility_id")
    return (
        f"SELECT x.patient_id{frames.select_items(context, 'abstract', 'x', items)} FROM abstract x WHERE "
        f"x.status <> 'void' AND {scope} QUALIFY row_number() OVER (PARTITION BY x.patient_id ORDER BY x.abstract_id DESC) = 1",
        parameters,
    )


@operation("letters.file")
def file(context: Context, batch_id: int) -> dict[str, Any]:
    """The PDF of a batch: {name, media_type, content, sha256, pages}.

    Raises:
        NotFound: no such batch in scope. Conflict: it was cancelled, or waits to be sent and somebody in it may not be
        written to any more.
    """
    batch = _batches(context, [batch_id]).row(0, named=True)
    if batch["state"] == "cancelled":
        raise Conflict(f"batch {batch_id}", "was cancelled", "make the letters again")
    if batch["state"] == "made" and (lost := check(context, [batch_id])).height:
        who = ", ".join(map(str, lost["patient_id"].unique().sort().to_list()[:5]))
        raise Conflict(
            f"batch {batch_id}",
            f"patient {who} may not be written to any more",
            "cancel it and make the letters again",
        )
    return {
        "name": batch["file_name"], "media_type": MEDIA_TYPE, "content": context.store.file_bytes(batch["file_id"]),
        "sha256": batch["sha256"], "pages": batch["pages"],
    }  # fmt: skip


def _batches(context: Context, batch_ids: Collection[int]) -> pl.DataFrame:
    """Rows of these batches, ascending. Raises NotFound when one is not in scope."""
    scope, parameters = context.actor.scope_sql("facility_id")
    wanted = pl.DataFrame({"batch_id": list(dict.fromkeys(batch_ids))}, schema={"batch_id": pl.Int64})
    found = context.store.query(
        f"SELECT * FROM letter_batch SEMI JOIN wanted USING (batch_id) WHERE {scope} ORDER BY batch_id",
        parameters,
        frames={"wanted": wanted},
    )
    if missing := sorted(set(wanted["batch_id"]) - set(found["batch_id"])):
        raise NotFound("letters", f"there is no batch {missing[0]} in your scope")
    return found


@operation("letters.check")
def check(context: Context, batch_ids: Collection[int]) -> pl.DataFrame:
    """Letters of these batches that may not go out (any more): frame[CHECKED], by batch and page.

    Raises:
        NotFound: no such batch in scope.
    """
    kept = _batches(context, batch_ids)
    letters = context.store.query(
        "SELECT l.*, b.as_of FROM letter l JOIN letter_batch b USING (batch_id) SEMI JOIN wanted USING (batch_id) "
        "WHERE l.state <> 'cancelled' ORDER BY l.batch_id, l.page, l.letter_id",
        frames={"wanted": kept.select("batch_id")},
    )
    day = context.today
    configuration = followup_frames.configuration_of(context, day)
    people = letters["patient_id"].unique().sort()
    held, _ = letters_facts.standing(context.store.query, context.actor, people, configuration)
    codes = _physicians_of(context, people, day)
    said = letters_facts.consents(context.store.query, day)
    required = configuration.patient_letters_need_consent == "required"
    rows = []
    for row in letters.iter_rows(named=True):
        patient = int(row["patient_id"])
        why = held.get(patient)
        if why is None and row["addressee"] in TO_THE_PATIENT:
            now = said.of(patient, codes.get(patient, []))
            if now == REFUSED:
                why = ("CONSENT_REFUSED", "")
            elif now != "given" and required and row["addressee"] == "patient":
                why = ("NO_CONSENT", "")
        if why is not None:
            reason = REASONS[why[0]] + (f": {why[1]}" if why[1] else "")
            rows.append({**{name: row[name] for name in list(CHECKED)[:4]}, "why": why[0], "reason": reason})
    return pl.DataFrame(rows, schema=CHECKED, orient="row")


def _physicians_of(context: Context, people: pl.Series, day: dt.date) -> dict[int, list[str]]:
    """Codes of each patient's physicians, and the numbers under which the physician table has them."""
    items = [item for pair in PHYSICIAN_ITEMS for item in pair]
    tumors = letters_facts.tumors_of(context, people.to_list(), items)
    known = letters_facts.physicians(context.store.query, day)
    found: dict[int, list[str]] = {}
    for row in tumors.select("patient_id", *items).iter_rows():
        coded = [code.strip() for code in row[1:] if code and code.strip()]
        more = [
            each for code in coded if code in known for each in (known[code].physician_id, *known[code].codes)
        ]
        found[int(row[0])] = [*found.get(int(row[0]), []), *coded, *more]
    return found


@operation("letters.mark_sent", changes=True)
def mark_sent(
    context: Context,
    batch_ids: Collection[int],
    on: str | dt.date | None = None,
    expected_versions: Collection[int] | None = None,
    mailed_anyway: bool = False,
) -> dict[str, Any]:
    """Note that batches were mailed: each letter becomes an attempt in the contact log. A second time changes nothing.

    The day of mailing never becomes a date of last contact: nobody was heard of on it.

    Args:
        on: day of mailing; default today.
        expected_versions: versions of the batches as they were seen, in the same order.
        mailed_anyway: they are in the mail already, also those to people who may not be written to any more.

    Returns:
        {batches, letters, on, since: frame[CHECKED] of letters to people who may not be written to any more}.

    Raises:
        NotFound: no such batch in scope. BadInput: a day in the future. Conflict: a batch was cancelled or changed, or
            holds a letter to somebody who may not be written to any more.
    """
    day = context.day(on)
    if day > context.today:
        raise BadInput(
            "day of mailing", f"{day} lies in the future", "give the day on which the letters were mailed"
        )
    kept = _batches(context, batch_ids)
    _expect(kept, batch_ids, expected_versions)
    if (cancelled := kept.filter(pl.col("state") == "cancelled")).height:
        raise Conflict(f"batch {cancelled['batch_id'][0]}", "was cancelled", "make the letters again")
    waiting = kept.filter(pl.col("state") == "made")
    since = check(context, waiting["batch_id"].to_list()) if waiting.height else pl.DataFrame(schema=CHECKED)
    if since.height and not mailed_anyway:
        raise Conflict(
            f"batch {since['batch_id'][0]}", f"holds a letter that may not go out any more: {since['reason'][0]}",
            "cancel the batch and make the letters again; if it is in the mail already, say that it was mailed anyway",
        )  # fmt: skip
    count = 0
    if waiting.height:
        with context.store.unit_of_work(context.actor.name, "letters.mark_sent") as work:
            for batch_id, version in waiting.select("batch_id", "version").iter_rows():
                sent = {"state": "sent", "sent_on": day, "sent_by": context.actor.name}
                work.update("letter_batch", batch_id, sent, expected_version=version)
            count = _log(work, waiting, day)
    return {"batches": waiting.height, "letters": count, "on": day, "since": since}


def _expect(kept: pl.DataFrame, batch_ids: Collection[int], versions: Collection[int] | None) -> None:
    if versions is None:
        return
    now = dict(kept.select("batch_id", "version").iter_rows())
    for batch_id, version in zip(batch_ids, versions, strict=True):
        if now[batch_id] != version:
            raise Conflict(f"batch {batch_id}", "somebody else changed it meanwhile", "look at it again")


def _log(work: UnitOfWork, waiting: pl.DataFrame, day: dt.date) -> int:
    """Letters of the batches become sent, and attempts of the contact log."""
    wanted = waiting.select("batch_id")
    letters = work.query(
        "SELECT l.letter_id, l.patient_id, l.addressee, l.recipient, l.facility_id FROM letter l SEMI JOIN wanted "
        "USING (batch_id) WHERE l.state = 'made' ORDER BY l.letter_id",
        frames={"wanted": wanted},
    )
    work.execute(
        "UPDATE letter SET state = 'sent' WHERE state = 'made' AND batch_id IN (SELECT batch_id FROM wanted)",
        frames={"wanted": wanted},
    )
    attempts = letters.select(
        pl.Series("contact_id", list(work.new_ids("follow_up_contact", letters.height)), dtype=pl.Int64),
        "patient_id", "facility_id", "letter_id", "addressee",
        pl.when(pl.col("addressee") == "physician").then("recipient").alias("physician_id"),
        contacted_at=pl.lit(dt.datetime.combine(day, dt.time())), method=pl.lit("letter"),
        contact_type=pl.lit("attempt"), outcome=pl.lit("sent"), contacted_by=pl.lit(work.actor),
    )  # fmt: skip
    if attempts.height:
        work.insert("follow_up_contact", attempts)
    return letters.height


@operation("letters.cancel", changes=True)
def cancel(context: Context, batch_ids: Collection[int], reason: str) -> dict[str, int]:
    """Take back batches that were not mailed: {batches, letters}. Their letters may then be made again.

    Raises:
        NotFound: no such batch in scope. BadInput: no reason. Conflict: it was sent already.
    """
    if not (reason or "").strip():
        raise BadInput("letters", "cancelling needs a reason", "say in one sentence why")
    kept = _batches(context, batch_ids)
    if (sent := kept.filter(pl.col("state") == "sent")).height:
        raise Conflict(f"batch {sent['batch_id'][0]}", "was sent", "enter what came of it instead")
    waiting = kept.filter(pl.col("state") == "made")
    count = 0
    if waiting.height:
        with context.store.unit_of_work(context.actor.name, "letters.cancel", reason=reason.strip()) as work:
            for batch_id, version in waiting.select("batch_id", "version").iter_rows():
                changes = {"state": "cancelled", "cancelled_reason": reason.strip()}
                work.update("letter_batch", batch_id, changes, expected_version=version)
            count = work.execute(
                "UPDATE letter SET state = 'cancelled' WHERE state = 'made' AND batch_id IN (SELECT batch_id FROM wanted)",
                frames={"wanted": waiting.select("batch_id")},
            )
    return {"batches": waiting.height, "letters": count}
