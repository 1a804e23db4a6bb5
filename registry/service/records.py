"""Records: find a patient, see what every facility reported, change one abstract."""

from __future__ import annotations

from typing import Any

import polars as pl

from registry import standards
from registry.abstracting import consolidated, status
from registry.abstracting.carrying import newest_ids
from registry.abstracting.item_columns import is_item
from registry.errors import BadInput, Denied, NotFound
from registry.service import frames
from registry.service.operations import Context, operation

TUMOR_COLUMNS = [
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis", "summaryStage2018",
    "classOfCase", "sequenceNumberCentral", "vitalStatus",
]  # fmt: skip
ABSTRACT_COLUMNS = [
    "accessionNumberHosp", "sequenceNumberHospital", "medicalRecordNumber", "classOfCase", "primarySite",
    "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis", "dateOf1stContact",
]  # fmt: skip
LABELLED = [
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "summaryStage2018", "vitalStatus",
]  # fmt: skip
FOUND_AT_MOST = 200


@operation("records.search")
def search(context: Context, text: str) -> pl.DataFrame:
    """Patients by name, birth date, patient number, SSN, accession or medical record number.

    All words must fit. Returns frame[patient_id, nameLast, nameFirst, dateOfBirth, tumors], at most 200: the best
    hits first (see `_fit`), then by name and patient_id.
    """
    words = [word.upper() for word in text.replace(",", " ").split()]
    if not words:
        raise BadInput("search", "nothing to look for", "type a name, a birth date or a number")
    fields = [
        "nameLast",
        "nameFirst",
        "dateOfBirth",
        "socialSecurityNumber",
        "accessionNumberHosp",
        "medicalRecordNumber",
    ]
    present = [name for name in fields if name in context.store.columns("abstract")]
    haystack = " || ' ' || ".join(f"coalesce(upper(a.\"{name}\"), '')" for name in present)
    condition, scope = context.actor.scope_sql("a.facility_id")
    return context.store.query(
        f"""WITH searched AS (
              SELECT a.patient_id, a.tumor_id, a."nameLast", a."nameFirst", a."dateOfBirth",
                     coalesce(upper(a."nameLast"), '') AS surname,
                     {haystack} || ' ' || CAST(a.patient_id AS VARCHAR) AS everything
              FROM abstract a WHERE {condition})
            SELECT patient_id, min("nameLast") AS "nameLast", min("nameFirst") AS "nameFirst",
                   min("dateOfBirth") AS "dateOfBirth", count(DISTINCT tumor_id) AS tumors
            FROM searched WHERE {" AND ".join("contains(everything, ?)" for _ in words)}
            GROUP BY patient_id ORDER BY min({" + ".join(_fit() for _ in words)}), 2, 3, 1
            LIMIT {FOUND_AT_MOST}""",
        [*scope, *words, *(word for word in words for _ in range(4))],
    )


def _fit() -> str:
    """SQL: how well one word (given four times) fits, 0 the best.

    0 the last name, 1 a part of a last name of several, 2 another whole word, 3 the beginning of the last name,
    4 anywhere. The sum over the words orders what is found.
    """
    return (
        "CASE WHEN surname = ? THEN 0"
        " WHEN list_contains(regexp_split_to_array(surname, '[ -]'), ?) THEN 1"
        " WHEN list_contains(regexp_split_to_array(everything, '[ -]'), ?) THEN 2"
        " WHEN starts_with(surname, ?) THEN 3 ELSE 4 END"
    )


@operation("records.patient")
def patient(context: Context, patient_id: int) -> dict[str, Any]:
    """One patient: consolidated items, tumors, abstracts, pathology reports, treatments.

    Beside an item of LABELLED the tumors and abstracts have `<item>_label`, what its code means.
    """
    abstracts = _abstracts_of(context, patient_id)
    tumor_ids = abstracts.select("tumor_id").unique()
    patient_items = frames.every_item(context, "patient")
    if context.actor.facilities is None:
        patients = _where(context, "patient", patient_items, "patient_id", patient_id)
        tumors = _where(context, "tumor", TUMOR_COLUMNS, "patient_id", patient_id)
    else:
        patients, tumors = frames.of_abstracts(
            context, abstracts["abstract_id"].to_list(), patient_items, TUMOR_COLUMNS
        )
    if patients.is_empty():
        raise NotFound("patient", f"there is no patient {patient_id} in your scope")
    condition, scope = context.actor.scope_sql("facility_id")
    reports = context.store.query(
        f"SELECT report_id, facility_id, result_status, received_at, final_diagnosis, report_text "
        f"FROM pathology_report WHERE patient_id = ? AND {condition} ORDER BY report_id",
        [patient_id, *scope],
    )
    treatments = context.store.query(
        f"SELECT treatment_id, tumor_id, treatment_type, start_date, end_date, code, code_system, description "
        f"FROM treatment WHERE patient_id = ? AND {condition} ORDER BY start_date, treatment_id",
        [patient_id, *scope],
    )
    values = {name: value for name, value in patients.row(0, named=True).items() if value is not None}
    shown = (
        tumors.join(tumor_ids, on="tumor_id", how="semi") if context.actor.facilities is not None else tumors
    )
    return {
        "patient": values,
        "tumors": _with_labels(shown),
        "abstracts": _with_labels(abstracts),
        "reports": reports,
        "treatments": treatments,
    }


def _with_labels(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `<item>_label` for the items of LABELLED that the frame has; null for a code without a meaning.

    >>> _with_labels(pl.DataFrame({"primarySite": ["C504", None], "note": ["", ""]}))["primarySite_label"].to_list()
    ['Upper-outer quadrant of breast', None]
    """
    return frame.with_columns(
        pl.Series(
            f"{item}_label",
            [standards.label(item, code) if code else None for code in frame[item]],
            dtype=pl.String,
        )
        for item in LABELLED
        if item in frame.columns
    )


def _where(context: Context, table: str, items: list[str], column: str, value: int) -> pl.DataFrame:
    selected = frames.select_items(context, table, "t", items)
    keys = "t.patient_id" if table == "patient" else "t.tumor_id, t.patient_id"
    return context.store.query(
        f"SELECT {keys} {selected} FROM {table} t WHERE t.{column} = ? AND t.{frames.NOT_GONE} ORDER BY {keys}",
        [value],
    )


def _abstracts_of(context: Context, patient_id: int) -> pl.DataFrame:
    condition, scope = context.actor.scope_sql("a.facility_id")
    selected = frames.select_items(context, "abstract", "a", ABSTRACT_COLUMNS)
    return context.store.query(
        f"""SELECT a.abstract_id, a.tumor_id, a.facility_id, f.name AS facility, a.status, a.version, a.changed_at {selected}
            FROM abstract a LEFT JOIN facility f USING (facility_id)
            WHERE a.patient_id = ? AND {condition} ORDER BY a.abstract_id""",
        [patient_id, *scope],
    )


def _row(context: Context, abstract_id: int) -> dict[str, Any]:
    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"SELECT * FROM abstract WHERE abstract_id = ? AND {condition}", [abstract_id, *scope]
    )
    if found.is_empty():
        raise NotFound("abstract", f"there is no abstract {abstract_id} in your scope")
    return found.row(0, named=True)


@operation("records.abstract")
def abstract(context: Context, abstract_id: int) -> dict[str, Any]:
    """One abstract with every item of its form: the filled ones, and those that its version offers."""
    row = _row(context, abstract_id)
    present = {name for name, value in row.items() if value is not None}
    version = row["naaccr_version"] or standards.CURRENT_VERSION
    offered = standards.dictionary(version).items.filter(pl.col("level") != "NaaccrData")
    items = []
    known = set()
    for entry in offered.sort("number").iter_rows(named=True):
        name = newest_ids()[entry["number"]]  # the column of an item that was renamed since that version
        items.append(_item(name, entry["number"], entry["name"], entry["level"], row.get(name)))
        known.add(name)
    for name in sorted(present - known):
        if not is_item(name):
            continue
        other = consolidated.known_item(name)
        number, label, level = (other.number, other.name, other.level) if other else (None, name, "Tumor")
        items.append(_item(name, number, label, level, row[name]))
    return {
        "abstract_id": abstract_id, "patient_id": row["patient_id"], "tumor_id": row["tumor_id"],
        "facility_id": row["facility_id"], "version": row["version"], "status": row["status"],
        "naaccr_version": version, "editable": row["status"] not in status.LOCKED,
        "next_statuses": sorted(status.NEXT.get(row["status"], ())), "items": items,
    }  # fmt: skip


def _item(item: str, number: int | None, name: str, level: str, value: str | None) -> dict[str, Any]:
    label = standards.label(item, value) if value else None
    listed = standards.is_closed(item) and not standards.ranges(item)
    return {
        "item": item, "number": number, "name": name, "level": level, "value": value, "label": label, "listed": listed,
    }  # fmt: skip


@operation("records.history")
def history(context: Context, abstract_id: int) -> pl.DataFrame:
    """Every change of an abstract, newest first."""
    _row(context, abstract_id)
    return context.store.query(
        """SELECT changed_at, changed_by, version, item, before, after, reason FROM abstract_change
           WHERE abstract_id = ? ORDER BY version DESC, item""",
        [abstract_id],
    )


@operation("records.check")
def check(context: Context, abstract_id: int, changes: dict[str, str | None]) -> pl.DataFrame:
    """Edits of the abstract as it would be with these changes: frame[edit, severity, items, message]."""
    from registry import edits

    row = {**_row(context, abstract_id), **_clean(changes)}
    found = edits.check_record(row, as_of=context.today)
    return pl.DataFrame(
        [(f.edit, f.severity, ";".join(f.items), f.message) for f in found],
        schema={"edit": pl.String, "severity": pl.String, "items": pl.String, "message": pl.String},
        orient="row",
    )


def _clean(changes: dict[str, str | None]) -> dict[str, str | None]:
    return {
        item: (value.strip() or None) if isinstance(value, str) else None for item, value in changes.items()
    }


@operation("records.save", changes=True)
def save(
    context: Context,
    abstract_id: int,
    changes: dict[str, str | None],
    expected_version: int,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Change items of one abstract; its patient and tumor follow.

    Raises:
        Denied: locked or out of scope. Conflict: somebody else saved first. BadInput: no such item, value too long.
    """
    row = _row(context, abstract_id)
    if (earlier := _answered(context, idempotency_key)) is not None:
        return earlier
    status.require_editable(row["status"])
    clean = _clean(changes)
    for item, value in clean.items():
        _require_writable(item, value)
    changed = {item: value for item, value in clean.items() if row.get(item) != value}
    if not changed:
        return {"abstract_id": abstract_id, "version": row["version"], "changed": 0}
    _require_reason_to_go_back(row, changed, reason)
    changed["dateCaseLastChanged"] = f"{context.today:%Y%m%d}"
    return _write(context, row, changed, expected_version, "edit", reason, idempotency_key)


def _require_reason_to_go_back(
    row: dict[str, Any], changed: dict[str, str | None], reason: str | None
) -> None:
    """Last contact moves back, and a death goes, only as a correction that says why."""
    before, after = row.get("dateOfLastContact") or "", changed.get("dateOfLastContact", "") or ""
    known = min(len(before), len(after))
    back = "dateOfLastContact" in changed and bool(before) and (not after or after[:known] < before[:known])
    risen = row.get("vitalStatus") == "0" and changed.get("vitalStatus", "0") != "0"
    if (back or risen) and not (reason or "").strip():
        what = "last contact would move back" if back else "a recorded death would go"
        raise Denied(
            "dateOfLastContact" if back else "vitalStatus", what, "say why in the reason, then save again"
        )


def _answered(context: Context, idempotency_key: str | None) -> dict[str, Any] | None:
    """What a save with this key answered before: a retry after a lost answer gets it again and changes nothing."""
    if idempotency_key is None:
        return None
    with context.store.unit_of_work(context.actor.name, "edit", idempotency_key=idempotency_key) as work:
        return dict(work.result) if work.repeated else None


@operation("records.status", changes=True)
def set_status(
    context: Context,
    abstract_id: int,
    to: str,
    reason: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Move an abstract to another status (see `registry.abstracting.status`)."""
    row = _row(context, abstract_id)
    changes = status.change(row["status"], to, reason=reason, today=context.today)
    if to == "void":
        changes["void_reason"] = reason or ""
    version = row["version"] if expected_version is None else expected_version
    return _write(context, row, dict(changes), version, f"status:{to}", reason, None)


def _require_writable(item: str, value: str | None) -> None:
    known = consolidated.known_item(item)
    if known is None or known.level == "NaaccrData":
        raise BadInput(item, "is not an item of a patient or tumor")
    if value is not None and known.length and len(value) > known.length and not known.unlimited:
        raise BadInput(item, f"takes {known.length} characters, {len(value)} were given", "shorten it")


def _write(
    context: Context,
    row: dict[str, Any],
    changes: dict[str, Any],
    expected_version: int,
    action: str,
    reason: str | None,
    idempotency_key: str | None,
) -> dict[str, Any]:
    abstract_id = int(row["abstract_id"])
    items = [name for name in changes if name not in {"status", "void_reason"}]
    consolidated.ensure_columns(context.store, items)
    with context.store.unit_of_work(
        context.actor.name,
        action,
        reason=reason,
        facility_id=row["facility_id"],
        idempotency_key=idempotency_key,
    ) as work:
        if work.repeated:
            return dict(work.result)
        version = work.update("abstract", abstract_id, changes, expected_version=expected_version)
        consolidated.refresh(work, {int(row["patient_id"])}, context.stamp)
        result = {"abstract_id": abstract_id, "version": version, "changed": len(changes)}
        work.result = result
    from registry.service.quality import run as quality_run

    quality_run.after_change(context, int(row["patient_id"]))
    return result


@operation("records.keep_draft", changes=True)
def keep_draft(context: Context, abstract_id: int, changes: dict[str, str | None], based_on: int) -> None:
    """Keep what somebody typed into an abstract and has not saved; it is that account's alone.

    A draft is housekeeping: it enters the abstract, and its audit trail, when it is saved.
    """
    _row(context, abstract_id)
    context.store.save_draft(context.actor.name, "abstract", abstract_id, changes, based_on=based_on)


@operation("records.draft")
def draft(context: Context, abstract_id: int) -> dict[str, Any] | None:
    """The actor's own draft of an abstract: {content, based_on, changed_at}, or None."""
    _row(context, abstract_id)
    return context.store.draft(context.actor.name, "abstract", abstract_id)


@operation("records.drop_draft", changes=True)
def drop_draft(context: Context, abstract_id: int) -> None:
    """Forget the actor's draft of an abstract."""
    context.store.drop_draft(context.actor.name, "abstract", abstract_id)


@operation("records.codes")
def codes(context: Context, item: str, version: str | None = None) -> pl.DataFrame:
    """Allowed codes of an item with their labels: frame[code, label]; empty when it has no list."""
    return standards.codes(item, version or standards.CURRENT_VERSION)
