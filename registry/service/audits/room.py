"""Audits of coding: a sample is drawn, coded again without sight of the codes, compared; differences become work."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

import polars as pl

from registry import standards
from registry.errors import BadInput, NotFound
from registry.quality import sampling
from registry.quality.audit_items import IDENTIFICATION, audit_items
from registry.service import frames
from registry.service.audits import casefinding as casefinding_audits
from registry.service.audits import coding as audit_coding
from registry.service.audits import results as audit_results
from registry.service.audits import rows as audit_rows
from registry.service.operations import Context, operation
from registry.standards import dates

OF_THIS_ROOM = (audit_coding, audit_results, casefinding_audits)
"""Modules whose operations are `audits.*` too."""
YEAR_OF = {"diagnosis": "dateOfDiagnosis", "first contact": "dateOf1stContact"}
STRATA = {"abstractor": "abstractor", "facility": "facility_id", "site": "site"}


@operation("audits.draw", changes=True)
def draw(
    context: Context,
    kind: str,
    year: int,
    facility: str | None = None,
    fraction: float = sampling.FRACTION,
    at_most: int = sampling.AT_MOST,
    seed: int | None = None,
    strata: Sequence[str] = (),
    items: Sequence[str] | None = None,
    year_of: str = "diagnosis",
    title: str = "",
) -> dict[str, Any]:
    """Draw the sample of a re-abstraction or recoding audit: a share of the year's analytic cases in scope.

    The audited values are kept as they stand now. The same seed over the same cases draws the same sample.

    Args:
        kind: reabstraction (from the chart) or recoding (from the texts).
        facility: one facility's cases only.
        seed: a number; one is drawn by lot when none is given, and kept.
        strata: of abstractor, facility, site (ICD-O group): each in proportion.
        items: audited items; else those of `registry.quality.audit_items` for the year.
        year_of: diagnosis or first contact.

    Returns:
        {audit_id, kind, population, sampled, seed, items}.

    Raises:
        BadInput: an unknown kind, stratum, item or year_of, or no analytic case.
    """
    _check(kind, strata, year_of)
    audited = _items(items, year)
    cases = _population(context, year, YEAR_OF[year_of], facility, audited)
    if cases.is_empty():
        raise BadInput("audit", f"there is no analytic case of {year} in your scope", "choose another year")
    lot = secrets.randbits(31) if seed is None else seed
    columns = [STRATA[name] for name in strata]
    sample = sampling.draw(cases, lot, fraction=fraction, at_most=at_most, strata=columns)
    definition = {
        "fraction": fraction, "at_most": at_most, "strata": list(strata), "items": audited, "year_of": year_of,
        "classes": "00-22",
    }  # fmt: skip
    original = [
        json.dumps({item: value for item, value in row.items() if value is not None})
        for row in sample.select(audited).iter_rows(named=True)
    ]
    with context.store.unit_of_work(context.actor.name, "audits.draw") as work:
        audit_id = work.new_ids("quality_audit", 1)[0]
        row = {
            "audit_id": audit_id, "kind": kind, "title": title.strip() or f"{kind} {year}", "year": year,
            "facility_id": None if facility is None else facility.zfill(10), "definition": json.dumps(definition),
            "seed": lot, "population": cases.height, "state": "open", "created_by": context.actor.name,
        }  # fmt: skip
        work.insert("quality_audit", pl.DataFrame([row], schema_overrides={"facility_id": pl.String}))
        ids = pl.Series("case_id", list(work.new_ids("quality_audit_case", sample.height)), dtype=pl.Int64)
        chosen = sample.select(
            "draw", "stratum", "facility_id", "patient_id", "tumor_id", "abstract_id", "abstractor",
            audit_id=pl.lit(audit_id), original=pl.Series(original, dtype=pl.String),
        )  # fmt: skip
        work.insert("quality_audit_case", chosen.with_columns(ids))
    return {
        "audit_id": audit_id, "kind": kind, "population": cases.height, "sampled": sample.height, "seed": lot,
        "items": audited,
    }  # fmt: skip


def _check(kind: str, strata: Sequence[str], year_of: str) -> None:
    wanted = [("kind of audit", kind, list(IDENTIFICATION)), ("year of", year_of, list(YEAR_OF))]
    for what, word, words in [*wanted, *(("stratum", name, list(STRATA)) for name in strata)]:
        if word not in words:
            raise BadInput(what, f"{word!r} is none of {', '.join(words)}")


def _items(items: Sequence[str] | None, year: int) -> list[str]:
    wanted = [*dict.fromkeys(items)] if items else audit_items(year)
    known = set(standards.all_items()["id"])
    if unknown := [item for item in wanted if item not in known]:
        raise BadInput(
            "audited items", f"{unknown[0]!r} is no NAACCR item", "use XML ids such as primarySite"
        )
    return wanted


def _population(
    context: Context, year: int, item: str, facility: str | None, audited: list[str]
) -> pl.DataFrame:
    """Analytic abstracts of the year in scope, with the audited values."""
    rows = frames.abstracts(context, [*audited, "classOfCase", item, "abstractedBy", "primarySite"])
    chosen = rows.filter(
        sampling.analytic(),
        dates.year(item) == year,
        pl.col("status").is_in(["complete", "exported", "reopened"]),
    )
    if facility is not None:
        chosen = chosen.filter(pl.col("facility_id") == facility.strip().zfill(10))
    return chosen.with_columns(
        pl.col("abstract_id", "patient_id", "tumor_id").cast(pl.Int64),
        abstractor=pl.col("abstractedBy"), site=pl.col("primarySite").str.slice(0, 3),
    )  # fmt: skip


@operation("audits.list")
def list_audits(context: Context, state: str | None = None) -> pl.DataFrame:
    """Audits in scope, newest first, with the progress that the actor may see.

    Returns frame[audit_id, kind, title, year, facility_id, state, population, cases, finished, listed, open_work,
    created_by, created_at, version]: `cases` and `finished` of coding audits, `listed` rows of casefinding audits.
    """
    condition, parameters = audit_rows.in_scope(context)
    inside, scope = context.actor.scope_sql("c.facility_id")
    held, names = audit_rows.listed_in_scope(context)
    found, _ = context.actor.scope_sql("f.facility_id")
    wanted = "TRUE" if state is None else "a.state = ?"
    return context.store.query(
        f"""SELECT a.audit_id, a.kind, a.title, a.year, a.facility_id, a.state, a.population,
              (SELECT count(*) FROM quality_audit_case c WHERE c.audit_id = a.audit_id AND {inside}) AS cases,
              (SELECT count(DISTINCT c.case_id) FROM quality_audit_case c JOIN quality_audit_coding k USING (case_id)
               WHERE c.audit_id = a.audit_id AND k.state = 'finished' AND {inside}) AS finished,
              (SELECT count(*) FROM quality_audit_listed l WHERE l.audit_id = a.audit_id AND {held}) AS listed,
              (SELECT count(*) FROM quality_audit_finding f WHERE f.audit_id = a.audit_id AND f.resolution IS NULL
               AND {found}) +
              (SELECT count(*) FROM quality_audit_listed l WHERE l.audit_id = a.audit_id AND l.task_id IS NOT NULL
               AND l.outcome IS NULL AND {held}) AS open_work,
              a.created_by, a.created_at, a.version
            FROM quality_audit a WHERE {condition} AND {wanted} ORDER BY a.audit_id DESC""",
        [*scope, *scope, *names, *scope, *names, *parameters, *([] if state is None else [state])],
    )


@operation("audits.show")
def show(context: Context, audit_id: int) -> dict[str, Any]:
    """An audit: {audit (with its definition), cases: frame[case_id, draw, stratum, facility_id, coders, finished],
    auditors: frame[auditor, assigned, begun, finished]}. No codes, neither old nor new.
    """
    found = audit_rows.audit(context, audit_id)
    condition, scope = context.actor.scope_sql("c.facility_id")
    cases = context.store.query(
        f"""SELECT c.case_id, c.draw, c.stratum, c.facility_id, count(k.coding_id) AS coders,
                   count(k.coding_id) FILTER (k.state = 'finished') AS finished
            FROM quality_audit_case c LEFT JOIN quality_audit_coding k USING (case_id)
            WHERE c.audit_id = ? AND {condition} GROUP BY ALL ORDER BY c.draw""",
        [audit_id, *scope],
    )
    auditors = context.store.query(
        f"""SELECT k.auditor, count(*) FILTER (k.state = 'assigned') AS assigned,
                   count(*) FILTER (k.state = 'begun') AS begun, count(*) FILTER (k.state = 'finished') AS finished
            FROM quality_audit_coding k JOIN quality_audit_case c USING (case_id)
            WHERE c.audit_id = ? AND {condition} GROUP BY k.auditor ORDER BY k.auditor""",
        [audit_id, *scope],
    )
    return {"audit": found, "cases": cases, "auditors": auditors}


@operation("audits.assign", changes=True)
def assign(
    context: Context, audit_id: int, to: Sequence[str], case_ids: Sequence[int] | None = None, coders: int = 1
) -> dict[str, int]:
    """Give cases to auditors in turn: those named, else all that have fewer than `coders` of them.

    Nobody gets a case that he or she abstracted or ever changed, nor one outside his or her facilities; such a case
    goes to the next auditor, and stays without one when all are barred.

    Args:
        to: names of accounts, in the order of turns.

    Returns:
        {assigned, left}: codings given out, and codings that nobody could take.

    Raises:
        BadInput: nobody named, an unknown or inactive account. NotFound: a case that is not in the audit, or not in scope.
    """
    audit_rows.audit(context, audit_id, open_only=True)
    people = _auditors(context, to)
    cases = _cases(context, audit_id, case_ids)
    involved = _involved(context, cases)
    rows, left, turn = [], 0, 0
    for case in cases.iter_rows(named=True):
        taken = set(case["auditors"] or [])
        for _ in range(coders - len(taken) if case_ids is None else 1):
            order = [people[(turn + step) % len(people)] for step in range(len(people))]
            free = [
                name for name, facilities in order
                if name not in taken
                and name.casefold() not in involved.get(case["abstract_id"], set())
                and (facilities is None or case["facility_id"] in facilities)
            ]  # fmt: skip
            if not free:
                left += 1
                break
            taken.add(free[0])
            turn += 1
            rows.append({"case_id": case["case_id"], "auditor": free[0]})
    if rows:
        _give_out(context, audit_id, rows)
    return {"assigned": len(rows), "left": left}


def _give_out(context: Context, audit_id: int, rows: list[dict[str, Any]]) -> None:
    with context.store.unit_of_work(context.actor.name, "audits.assign") as work:
        ids = pl.Series("coding_id", list(work.new_ids("quality_audit_coding", len(rows))), dtype=pl.Int64)
        given = pl.DataFrame(rows).with_columns(
            ids, audit_id=pl.lit(audit_id), state=pl.lit("assigned"), assigned_by=pl.lit(context.actor.name)
        )
        work.insert("quality_audit_coding", given)


def _auditors(context: Context, to: Sequence[str]) -> list[tuple[str, frozenset[str] | None]]:
    from registry.security.accounts import Accounts

    if not to:
        raise BadInput("auditors", "nobody is named", "name the accounts that code again")
    people = []
    for name in dict.fromkeys(to):
        if name == context.actor.name:
            people.append((name, context.actor.facilities))
            continue
        account = Accounts(context.store).get(name)
        if not account.active or not account.actor().may("audits.recode"):
            raise BadInput(
                "auditors", "an account named cannot code audits", "name active registrars or quality staff"
            )
        people.append((name, account.facilities))
    return people


def _cases(context: Context, audit_id: int, case_ids: Sequence[int] | None) -> pl.DataFrame:
    condition, scope = context.actor.scope_sql("c.facility_id")
    cases = context.store.query(
        f"""SELECT c.draw, c.case_id, c.abstract_id, c.facility_id, c.abstractor,
                   list(k.auditor ORDER BY k.auditor) FILTER (k.auditor IS NOT NULL) AS auditors
            FROM quality_audit_case c LEFT JOIN quality_audit_coding k USING (case_id)
            WHERE c.audit_id = ? AND {condition} GROUP BY ALL ORDER BY c.draw""",
        [audit_id, *scope],
    )
    if case_ids is None:
        return cases
    chosen = cases.filter(pl.col("case_id").is_in(list(case_ids)))
    if chosen.height < len(set(case_ids)):
        raise NotFound("audit", f"audit {audit_id} has not all of these cases in your scope")
    return chosen


def _involved(context: Context, cases: pl.DataFrame) -> dict[int, set[str]]:
    """Who abstracted or changed each sampled abstract, in small letters."""
    changed = context.store.query(
        "SELECT DISTINCT abstract_id, changed_by AS name FROM abstract_change SEMI JOIN wanted USING (abstract_id) "
        "WHERE source_id IS NULL ORDER BY ALL",
        frames={"wanted": cases.select("abstract_id")},
    )
    named = cases.select("abstract_id", pl.col("abstractor").alias("name"))
    people: dict[int, set[str]] = {}
    for abstract_id, name in pl.concat([changed, named.cast(changed.schema)]).drop_nulls().iter_rows():
        people.setdefault(abstract_id, set()).add(name.strip().casefold())
    return people


@operation("audits.close", changes=True)
def close(context: Context, audit_id: int, reason: str = "") -> dict[str, Any]:
    """Close an audit: nothing of it is coded any more, its results stay; returns {audit_id, state, version}.

    Raises:
        NotFound: no such audit in scope. BadInput: it is closed. Denied: it reaches beyond the actor's facilities.
    """
    found = audit_rows.audit(context, audit_id, open_only=True)
    audit_rows.require_whole(context, found)
    changes = {"state": "closed", "closed_by": context.actor.name, "closed_at": context.stamp}
    with context.store.unit_of_work(
        context.actor.name, "audits.close", reason=reason.strip() or None
    ) as work:
        version = work.update("quality_audit", audit_id, changes, expected_version=found["version"])
    return {"audit_id": audit_id, "state": "closed", "version": version}
