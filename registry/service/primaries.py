"""Single or multiple primary: run the rules over pairs, see why, decide otherwise with a reason."""

from __future__ import annotations

from typing import Any

import polars as pl

from registry.abstracting import primaries, primaries_tasks
from registry.coding.primaries import rules
from registry.errors import BadInput, NotFound
from registry.service import frames
from registry.service.operations import Context, operation

_PUBLIC = [
    "pair_id", "kind", "patient_id", "first_id", "second_id", "result", "group_id", "group", "step", "reason",
    "algorithm_version", "compared_at", "decision", "decision_reason", "decided_by", "decided_at", "changed_since", "open",
    "version",
]  # fmt: skip


@operation("primaries.run", changes=True)
def run(context: Context, patient_id: int | None = None) -> dict[str, Any]:
    """Compare all pairs of tumors of a patient (or of everybody), and of abstracts of one tumor, and keep the verdicts.

    Registrars' decisions stay. Pairs where records and rules disagree become review tasks.
    Returns {pairs, new, changed, gone, opened, closed}.
    """
    context.require_central("primaries.run")
    if patient_id is not None:
        _require_patient(context, patient_id)
    return _run(context, patient_id)


@operation("primaries.compare", changes=True)
def compare(context: Context, patient_id: int) -> dict[str, Any]:
    """Compare the pairs of one patient, as `primaries.run` does for all; returns {patient_id, pairs} that one may see."""
    _require_patient(context, patient_id)
    _run(context, patient_id)
    return {"patient_id": patient_id, "pairs": of_patient(context, patient_id).height}


def _run(context: Context, patient_id: int | None) -> dict[str, Any]:
    condition = "TRUE" if patient_id is None else "t.patient_id = ?"
    parameters = [] if patient_id is None else [str(patient_id)]
    tumors = _records(context, "tumor", f"t.{frames.NOT_GONE} AND {condition}", parameters)
    abstracts = _records(
        context, "abstract", f"t.status <> 'void' AND t.tumor_id IS NOT NULL AND {condition}", parameters
    )
    found = pl.concat(
        [
            primaries.pairs(tumors, primaries.TUMORS, "tumor_id", "patient_id"),
            primaries.pairs(abstracts, primaries.ABSTRACTS, "abstract_id", "tumor_id"),
        ]
    )
    verdicts = primaries.judged(found, context.today)
    wanted = None if patient_id is None else pl.DataFrame({"patient_id": [patient_id]})
    with context.store.unit_of_work(context.actor.name, "primaries.run") as work:
        counts = primaries.keep(work, verdicts, wanted, context.stamp)
        work.log("primary_pair", None, "primaries.run", None, {"patient_id": patient_id, **counts})
        stored = primaries.listed(work, "TRUE" if patient_id is None else "patient_id = ?", parameters)
        counts |= primaries_tasks.sync(work, stored, wanted, context.stamp)
    return counts


def _records(context: Context, table: str, condition: str, parameters: list[str]) -> pl.DataFrame:
    """Tumors, or abstracts, that have company: a pair needs two."""
    key, within = ("tumor_id", "patient_id") if table == "tumor" else ("abstract_id", "tumor_id")
    keys = dict.fromkeys([key, within, "patient_id"])
    return (
        context.store.query(
            f"SELECT {', '.join(f't.{name}' for name in keys)} {frames.select_items(context, table, 't', primaries.ITEMS)} "
            f"FROM {table} t WHERE {condition} QUALIFY count(*) OVER (PARTITION BY t.{within}) > 1 ORDER BY t.{key}",
            parameters,
        )
        .with_columns(pl.col(*keys).cast(pl.Int64))
        .pipe(primaries.with_icdo2)
    )


def _require_patient(context: Context, patient_id: int) -> None:
    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"SELECT count(*) FROM abstract WHERE patient_id = ? AND {condition}", [str(patient_id), *scope]
    )
    if not found.item():
        raise NotFound("patient", f"there is no patient {patient_id} in your scope")


def _visible(context: Context) -> tuple[str, list[str]]:
    """Condition on `primary_pair`: both sides are made of abstracts in scope alone, so nothing of others shows."""
    if context.actor.facilities is None:
        return "TRUE", []
    inside, scope = context.actor.scope_sql("a.facility_id")
    others = f"a.status <> 'void' AND NOT coalesce({inside}, false)"
    return (
        f"""CASE kind WHEN 'tumors'
                THEN NOT EXISTS (SELECT 1 FROM abstract a WHERE a.tumor_id IN (first_id, second_id) AND {others})
                ELSE NOT EXISTS (SELECT 1 FROM abstract a WHERE a.abstract_id IN (first_id, second_id) AND {others})
            END AND EXISTS (SELECT 1 FROM abstract a WHERE a.patient_id = primary_pair.patient_id AND {inside})""",
        [*scope, *scope, *scope],
    )


def _public(pairs: pl.DataFrame) -> pl.DataFrame:
    names = rules().select("group_id", "group").unique("group_id")
    return pairs.join(names, on="group_id", how="left", maintain_order="left").select(_PUBLIC)


@operation("primaries.of_patient")
def of_patient(context: Context, patient_id: int) -> pl.DataFrame:
    """The pairs of a patient: verdict, group of rules, step, reason in words, and what was decided.

    A facility's staff sees pairs that are made of its own abstracts alone.
    Returns frame[pair_id, kind, patient_id, first_id, second_id, result, group_id, group, step, reason,
    algorithm_version, compared_at, decision, decision_reason, decided_by, decided_at, changed_since, open, version].
    """
    _require_patient(context, patient_id)
    condition, scope = _visible(context)
    return _public(
        primaries.listed(context.store, f"patient_id = ? AND {condition}", [str(patient_id), *scope])
    )


@operation("primaries.list")
def list_pairs(context: Context, only_open: bool = True) -> pl.DataFrame:
    """Pairs where records and rules disagree and nobody decided; all pairs with `only_open=False`. Columns as `of_patient`."""
    condition, scope = _visible(context)
    found = _public(primaries.listed(context.store, condition, scope))
    return found.filter("open") if only_open else found


@operation("primaries.decide", changes=True)
def decide(
    context: Context, pair_id: int, decision: str | None, reason: str, expected_version: int
) -> dict[str, Any]:
    """Keep a registrar's own decision about a pair, with the reason; `decision=None` takes it back.

    Raises:
        NotFound: no such pair in scope. BadInput: another word, or no reason. Conflict: it changed since it was read.
    """
    condition, scope = _visible(context)
    found = primaries.listed(context.store, f"pair_id = ? AND {condition}", [str(pair_id), *scope])
    if found.is_empty():
        raise NotFound("pair of tumors", f"there is no pair {pair_id} in your scope")
    if decision is not None and decision not in primaries.DECISIONS:
        raise BadInput(
            "decision", f"{decision!r} is no decision", f"use one of: {', '.join(primaries.DECISIONS)}"
        )
    if not reason.strip():
        raise BadInput("decision", "needs a reason", "say in one sentence why")
    row = found.row(0, named=True)
    taken = decision is not None
    changes = {
        "decision": decision,
        "decision_reason": reason.strip() if taken else None,
        "decided_by": context.actor.name if taken else None,
        "decided_at": context.stamp if taken else None,
        "decided_inputs": row["inputs"] if taken else None,
    }
    with context.store.unit_of_work(context.actor.name, "primaries.decide", reason=reason.strip()) as work:
        version = work.update("primary_pair", pair_id, changes, expected_version=expected_version)
        patient = pl.DataFrame({"patient_id": [int(row["patient_id"])]})
        stored = primaries.listed(work, "patient_id = ?", [str(row["patient_id"])])
        primaries_tasks.sync(work, stored, patient, context.stamp)
    return {"pair_id": pair_id, "version": version, "decision": decision}
