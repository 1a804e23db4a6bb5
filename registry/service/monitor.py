"""Reporting monitor: what facilities sent against what was expected, reminders, and casefinding sources reviewed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.quality import casefinding_sources
from registry.quality import monitor as figures
from registry.service import frames
from registry.service.operations import Context, operation

_SOURCES = "casefinding_sources "
METHODS = ("e-mail", "letter", "telephone", "visit")


@operation("monitor.facilities")
def facilities(context: Context, as_of: str | dt.date | None = None) -> pl.DataFrame:
    """Facilities in the year of `as_of`: received against expected, timeliness, silence, edit pass rate.

    Columns as `registry.quality.monitor.facilities`; a null facility_id is what nobody named (central staff only).
    """
    day = context.day(as_of)
    return figures.facilities(_receipts(context), _known(context, day), _given(context, day), day)


@operation("monitor.months")
def months(
    context: Context, facility: str | None = None, as_of: str | dt.date | None = None, count: int = 24
) -> pl.DataFrame:
    """By facility and month: received against expected, timeliness, edit pass rate of the last `count` months.

    Columns as `registry.quality.monitor.months`.

    Raises:
        NotFound: the facility is not in scope. BadInput: not 1 to 240 months.
    """
    if not 1 <= count <= 240:
        raise BadInput("months", f"{count} months cannot be shown", "use 1 to 240")
    day = context.day(as_of)
    number = None if facility is None else frames.known_facility(context, facility)
    return figures.months(_receipts(context, number), _given(context, day, number), day, count=count)


@operation("monitor.reminders")
def reminders(context: Context, as_of: str | dt.date | None = None) -> pl.DataFrame:
    """Silent and overdue facilities with their contact and the last reminder, the most urgent first.

    Columns as `registry.quality.monitor.reminders`.
    """
    day = context.day(as_of)
    condition, scope = context.actor.scope_sql("facility_id")
    sent = context.store.query(
        f"SELECT facility_id, reminded_on FROM facility_reminder WHERE {condition} AND reminded_on <= ? "
        "ORDER BY reminder_id",
        [*scope, day],
    )
    contacts = _known(context, day, "contact_name", "contact_phone", "contact_email")
    return figures.reminders(facilities(context, day), contacts.drop("name", "closed"), sent)


@operation("monitor.remind", changes=True)
def remind(
    context: Context, facility: str, method: str = "e-mail", note: str = "", on: str | dt.date | None = None
) -> dict[str, Any]:
    """Note that a facility was reminded (nothing is sent from here); returns {reminder_id}.

    Raises:
        NotFound: no such facility in scope. BadInput: another method, or a day to come.
    """
    number, day = frames.known_facility(context, facility), context.day(on)
    if method not in METHODS:
        raise BadInput("reminder", f"{method!r} is no way to remind", f"use one of: {', '.join(METHODS)}")
    if day > context.today:
        raise BadInput("reminder", "the day is still to come", "note it when it is done")
    why = reminders(context, day).filter(pl.col("facility_id") == number)["why"]
    with context.store.unit_of_work(context.actor.name, "monitor.remind") as work:
        reminder_id = work.new_ids("facility_reminder", 1)[0]
        row = {
            "reminder_id": reminder_id, "facility_id": number, "reminded_on": day, "method": method,
            "reason": why[0] if why.len() else None, "note": note.strip() or None, "reminded_by": context.actor.name,
        }  # fmt: skip
        work.insert(
            "facility_reminder",
            pl.DataFrame([row], schema_overrides={"note": pl.String, "reason": pl.String}),
        )
    return {"reminder_id": reminder_id}


@operation("monitor.expectations")
def expectations(context: Context, year: int | None = None) -> pl.DataFrame:
    """Figures given for facilities: frame[facility_id, year, expected, source, changed_by, changed_at], sorted."""
    condition, scope = context.actor.scope_sql("facility_id")
    wanted, parameters = ("AND year = ?", [*scope, year]) if year is not None else ("", [*scope])
    return context.store.query(
        f"SELECT facility_id, year, expected, source, changed_by, changed_at FROM facility_expectation "
        f"WHERE {condition} {wanted} ORDER BY facility_id, year",
        parameters,
    )


@operation("monitor.expect", changes=True)
def expect(
    context: Context, facility: str, year: int, expected: int | None, source: str = ""
) -> dict[str, Any]:
    """Say how many cases a facility should report in a year; None takes the figure back.

    Returns {facility_id, year, expected}.

    Raises:
        Denied: the actor is held to facilities. NotFound: no such facility. BadInput: a negative figure, an odd year.
    """
    context.require_central("monitor.expect")
    number = frames.known_facility(context, facility)
    if not 1900 <= year <= 2200 or (expected is not None and not 0 <= expected < 10_000_000):
        raise BadInput(
            "expected cases", "the year or the figure makes no sense", "give 2026 and 400, for example"
        )
    key = {"facility_id": number, "year": year}
    values = {"expected": expected, "source": source.strip() or None}
    held = context.store.query(
        "SELECT expected, version FROM facility_expectation WHERE facility_id = ? AND year = ?",
        [number, year],
    )
    with context.store.unit_of_work(context.actor.name, "monitor.expect") as work:
        if expected is None:
            work.execute(
                "DELETE FROM facility_expectation WHERE facility_id = ? AND year = ?", [number, year]
            )
            before = {"expected": held["expected"][0]} if held.height else None
            work.log("facility_expectation", f"{number}/{year}", "monitor.expect", before, {"expected": None})
        elif held.height:
            work.update("facility_expectation", key, values, expected_version=held["version"][0])
        else:
            row = pl.DataFrame([{**key, **values}], schema_overrides={"source": pl.String})
            work.insert("facility_expectation", row)
    return {**key, "expected": expected}


@operation("monitor.casefinding")
def casefinding(
    context: Context, facility: str, year: int, as_of: str | dt.date | None = None
) -> pl.DataFrame:
    """Casefinding sources of a facility, month by month: reviewed, open items, due, overdue.

    Columns as `registry.quality.casefinding_sources.calendar`. The sources are those that
    `monitor.sources` names, else the usual ones, and any other that was reviewed.

    Raises:
        NotFound: the facility is not in scope.
    """
    number = frames.known_facility(context, facility)
    reviews = context.store.query(
        f"SELECT source, month, {', '.join(casefinding_sources.REVIEW)} FROM casefinding_review "
        "WHERE facility_id = ? AND year = ? ORDER BY review_id",
        [number, year],
    ).cast(casefinding_sources.REVIEW)  # type: ignore[arg-type]
    return casefinding_sources.calendar(reviews, _sources(context, number), year, context.day(as_of))


@operation("monitor.sources", changes=True)
def sources(context: Context, facility: str, names: list[str]) -> list[str]:
    """Say which casefinding sources a facility has, in the order of its list; an empty list brings the usual ones back.

    Returns the list as it stands.

    Raises:
        NotFound: the facility is not in scope.
    """
    number = frames.known_facility(context, facility)
    before = _sources(context, number)
    wanted = [*dict.fromkeys(name.strip() for name in names if name.strip())]
    with context.store.unit_of_work(context.actor.name, "monitor.sources") as work:
        work.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [_SOURCES + number, json.dumps(wanted)],
        )
        work.log("casefinding_sources", number, "monitor.sources", {"sources": before}, {"sources": wanted})
    return _sources(context, number)


def _sources(context: Context, facility: str) -> list[str]:
    named = json.loads(context.store.get_meta(_SOURCES + facility) or "[]")
    return named or list(casefinding_sources.SOURCES)


@operation("monitor.review", changes=True)
def review(
    context: Context,
    facility: str,
    year: int,
    month: int,
    source: str,
    reviewed: int | None = None,
    eligible: int | None = None,
    open_items: int = 0,
    note: str = "",
    on: str | dt.date | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Note that a casefinding source of one month was reviewed; again, to change what was noted.

    Args:
        reviewed: entries looked through. eligible: reportable ones among them. open_items: still to be cleared up.
        on: the day of the review, today unless said otherwise.
        expected_version: the version that the change is based on (from `monitor.casefinding`).

    Returns:
        {review_id, version}.

    Raises:
        NotFound: the facility is not in scope. BadInput: numbers that do not fit. Conflict: somebody was faster.
    """
    number, day, source = frames.known_facility(context, facility), context.day(on), source.strip()
    if not source or not 1 <= month <= 12 or not 1900 <= year <= 2200:
        raise BadInput("casefinding review", "needs a source and a month from 1 to 12")
    if min(reviewed or 0, eligible or 0, open_items) < 0 or (eligible or 0) > (
        reviewed if reviewed is not None else 10**9
    ):
        raise BadInput(
            "casefinding review", "the numbers do not fit", "eligible entries are among the reviewed ones"
        )
    values = {
        "reviewed": reviewed, "eligible": eligible, "open_items": open_items, "note": note.strip() or None,
        "reviewed_by": context.actor.name, "reviewed_on": day,
    }  # fmt: skip
    place = [number, year, month, source]
    held = context.store.query(
        "SELECT review_id, version FROM casefinding_review WHERE facility_id = ? AND year = ? AND month = ? AND source = ?",
        place,
    )
    with context.store.unit_of_work(context.actor.name, "monitor.review") as work:
        if held.height:
            base = int(held["version"][0]) if expected_version is None else expected_version
            version = work.update("casefinding_review", held["review_id"][0], values, expected_version=base)
            return {"review_id": int(held["review_id"][0]), "version": version}
        review_id = work.new_ids("casefinding_review", 1)[0]
        key = dict(zip(("facility_id", "year", "month", "source"), place, strict=True))
        kinds = {"reviewed": pl.Int64, "eligible": pl.Int64, "note": pl.String}
        work.insert(
            "casefinding_review",
            pl.DataFrame([{"review_id": review_id, **key, **values}], schema_overrides=kinds),
        )
    return {"review_id": review_id, "version": 1}


def _receipts(context: Context, facility: str | None = None) -> pl.DataFrame:
    """When each abstract first came, counted.

    The sender's own date of receipt (item 2111) counts when it is a whole date; a day after the record was loaded is a
    slip of the pen, and the loading counts instead.
    """
    condition, parameters = context.actor.scope_sql("a.facility_id")
    if facility is not None:
        condition, parameters = f"{condition} AND a.facility_id = ?", [*parameters, facility]
    items = frames.select_items(context, "abstract", "a", ["dateCaseReportReceived", "dateOf1stContact"])
    return context.store.query(
        f"""WITH arrived AS (
              SELECT a.facility_id, CAST(a.created_at AS DATE) AS loaded, f.abstract_id IS NOT NULL AS failing {items}
              FROM abstract a LEFT JOIN
                   (SELECT DISTINCT abstract_id FROM edit_failure WHERE state = 'open' AND severity = 'error') f
                   USING (abstract_id)
              WHERE a.status <> 'void' AND {condition}),
            dated AS (
              SELECT *, CAST(CASE WHEN length("dateCaseReportReceived") = 8
                             THEN try_strptime("dateCaseReportReceived", '%Y%m%d') END AS DATE) AS said FROM arrived)
            SELECT facility_id, CASE WHEN said <= loaded THEN said ELSE loaded END AS received,
                   "dateOf1stContact" AS first_contact, failing, count(*) AS records
            FROM dated GROUP BY ALL ORDER BY ALL""",
        parameters,
    ).cast(figures.RECEIPTS)  # type: ignore[arg-type]


def _known(context: Context, day: dt.date, *columns: str) -> pl.DataFrame:
    """Facilities of the table in scope as they stood on that day: frame[facility_id, name, closed, *columns]."""
    condition, scope = context.actor.scope_sql("facility_id")
    more = "".join(f", {name}" for name in columns)
    return context.store.query(
        f"""SELECT facility_id, name,
                   CASE WHEN closed IS NOT NULL THEN closed WHEN merged_into IS NOT NULL THEN effective_from
                        ELSE effective_to END AS closed {more}
            FROM facility WHERE {condition}
            QUALIFY row_number() OVER (PARTITION BY facility_id ORDER BY effective_from <= ? DESC,
                CASE WHEN effective_from <= ? THEN effective_from END DESC, effective_from) = 1
            ORDER BY facility_id""",
        [*scope, day, day],
    ).with_columns(pl.col("closed").cast(pl.Date))


def _given(context: Context, day: dt.date, facility: str | None = None) -> pl.DataFrame:
    """Expected cases: by year from the table of expectations, by facility (year null) from the table of facilities."""
    condition, scope = context.actor.scope_sql("facility_id")
    by_year = context.store.query(
        f"SELECT facility_id, year, expected FROM facility_expectation WHERE {condition} ORDER BY ALL", scope
    )
    standing = _known(context, day, "expected_cases").select(
        "facility_id", year=pl.lit(None, pl.Int64), expected=pl.col("expected_cases")
    )
    kinds = {"year": pl.Int64, "expected": pl.Int64}
    given = pl.concat([by_year.cast(kinds), standing.cast(kinds)])  # type: ignore[arg-type]
    return given if facility is None else given.filter(pl.col("facility_id") == facility)
