"""Running the edits over the registry, over what changed since, and over one patient at once."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

import polars as pl

from registry import edits
from registry.edits.plan import time_dependent
from registry.errors import BadInput, Conflict, NotFound
from registry.service.operations import Context, operation
from registry.service.quality import judging, keeping, records
from registry.service.quality.judging import Asked


@operation("quality.run", changes=True)
def run(
    context: Context,
    edit_set: str | list[str] = "central",
    as_of: str | None = None,
    full: bool = False,
    own: str | None = None,
) -> dict[str, Any]:
    """Judge abstracts, and the tumors of each patient among one another, by an edit set or a list of edits; keep what fails.

    Patients are judged again when a record or override of theirs changed; everybody is by edits that are new to the
    board, that have another version, that depend on the day when it is another day, and by all edits with `full` or
    with other tables in use. Edits that compare patients see everybody each time. The board holds the failures of
    this edit set: those of edits outside it are closed as retired.

    A failure that no longer occurs becomes `fixed`; one that is still there, or comes back with the same values,
    keeps its id.

    Args:
        own: file of the registry's own edits, see `registry.edits.own`; they are judged where they say which sets have them.

    Returns:
        {run_id, edit_set, as_of, abstracts, patients, judged, failures, overridden, new, fixed, retired, reopened, errors,
        reviews, warnings}: `retired` were closed because their edit is not asked any more; `failures` and the severities count what is open on the board.

    Raises:
        Denied: held to facilities. Conflict: another run was faster.
    """
    context.require_central("quality.run")
    day = context.day(as_of)
    if own is not None:
        from registry.edits.own import load_own

        load_own(own)
    asked = Asked(edits.edit_ids(edit_set))
    label = edit_set if isinstance(edit_set, str) else " ".join(asked.ids)
    before = _last_run(context)
    started, tables = context.stamp, records.tables_in_use(context.store)
    people = records.patients(context.store)
    anew = _anew(context, asked, day, tables, full=full)
    parts = list(_judge(context, asked, anew, people, day))
    differences = keeping.together(parts)
    everybody_anew = bool(anew) and people.present.height > 0
    with context.store.unit_of_work(context.actor.name, "quality.run") as work:
        if int(work.query(_LAST_RUN).item() or 0) != before:
            raise Conflict("quality.run", "another run ended meanwhile", "run it again")
        judged = people.present if everybody_anew else people.changed
        moved = records.moved(work, judged, people.held)
        run_id = work.new_ids("edit_run", 1)[0]
        counts = keeping.write(work, differences.without(moved), run_id, context.stamp)
        retired = keeping.retire(work, asked.ids, run_id, context.stamp)
        keeping.judged(work, people.changed.join(moved, on="patient_id", how="anti"), people.gone, run_id)
        _put_in_force(work, asked, label, day, tables)
        row = {
            "run_id": run_id, "kind": "own", "edit_set": label, "as_of": day, "everybody": full,
            "tables": tables, "edits": len(asked.ids), "started_at": started, "actor": context.actor.name,
            "patients": people.present.height, "judged": judged.height,
            "abstracts": int(work.query("SELECT count(*) FROM abstract WHERE status <> 'void'").item()),
            **counts,
        }  # fmt: skip
        row |= keeping.count(work, run_id)
        work.insert("edit_run", pl.DataFrame([{**row, "finished_at": context.stamp}]))
    hidden = {"kind", "everybody", "tables", "started_at", "actor", "as_of"}
    told = {name: value for name, value in row.items() if name not in hidden}
    return {"as_of": day.isoformat(), **told, "retired": retired}


_LAST_RUN = "SELECT coalesce(max(run_id), 0) FROM edit_run WHERE kind = 'own'"


def _last_run(context: Context) -> int:
    return int(context.store.query(_LAST_RUN).item())


def _anew(context: Context, asked: Asked, day: dt.date, tables: str, *, full: bool) -> list[str]:
    """Edits for which everybody is judged, whoever changed; those about over-ride flags follow what others find."""
    held = context.store.query("SELECT edit, edit_version, as_of, tables FROM edit_in_force ORDER BY edit")
    in_force = {edit: (version, as_of, used) for edit, version, as_of, used in held.iter_rows()}
    by_day = set(time_dependent(asked.ids))
    chosen = []
    for name in (*asked.single, *asked.within):
        version, as_of, used = in_force.get(name, (None, None, None))
        same = version == edits.find(name).version and used == tables and (name not in by_day or as_of == day)
        if full or not same:
            chosen.append(name)
    about_flags = [name for name in asked.single if edits.find(name).of_flags and name not in chosen]
    return chosen + about_flags if chosen else []


def _judge(
    context: Context, asked: Asked, anew: list[str], people: records.Patients, day: dt.date
) -> Iterator[keeping.Differences]:
    """Differences, patients by patients; those of edits across patients, and of patients without records, last."""
    others = [name for name in (*asked.single, *asked.within) if name not in set(anew)]
    total, done = people.present.height, 0
    touched = [people.changed.select("patient_id")]
    for wanted in records.chunks(people.present) if anew else ():
        context.progress("edits", done, total)
        part = keeping.compare(context, judging.of_patients(context, Asked(anew), wanted, day), anew, wanted)
        # what became valid or invalid with the day lets other edits be asked, or no more
        touched += [frame.select("patient_id") for frame in part]
        yield part
        done += wanted.height
    whom = pl.concat(touched).unique().join(people.present, on="patient_id", how="semi").sort("patient_id")
    for wanted in records.chunks(whom) if others else ():
        context.progress("edits", min(done, total), total)
        found = judging.of_patients(context, Asked(others), wanted, day)
        yield keeping.compare(context, found, others, wanted)
        done += wanted.height
    across = judging.across_patients(context, asked, people.present, day)
    yield keeping.compare(context, across, asked.across, None)
    gone = people.gone
    yield keeping.compare(context, across.clear(), [*asked.single, *asked.within], gone)
    context.progress("edits", total, total)


def _put_in_force(work: Any, asked: Asked, edit_set: str, day: dt.date, tables: str) -> None:
    """The board is that of these edits now."""
    rows = pl.DataFrame(
        {"edit": list(asked.ids), "edit_version": [edits.find(name).version for name in asked.ids]},
        schema={"edit": pl.String, "edit_version": pl.String},
    ).with_columns(edit_set=pl.lit(edit_set), as_of=pl.lit(day), tables=pl.lit(tables))
    work.execute(f"DELETE FROM edit_in_force WHERE edit NOT IN ({keeping.ASKED})", [list(asked.ids)])
    work.execute(
        """INSERT INTO edit_in_force SELECT edit, edit_version, edit_set, as_of, tables FROM asked
           ON CONFLICT (edit) DO UPDATE SET edit_version = excluded.edit_version, edit_set = excluded.edit_set,
               as_of = excluded.as_of, tables = excluded.tables""",
        frames={"asked": rows},
    )


@operation("quality.rerun", changes=True)
def rerun(context: Context, abstract_id: int | None = None, patient_id: int | None = None) -> dict[str, Any]:
    """Judge one patient again, as of today, by the edits that are on the board.

    Edits that compare patients with one another wait for the next `quality.run`.

    Returns:
        {patient_id, new, fixed, reopened, open}: `open` counts the patient's open failures that the actor may see.

    Raises:
        NotFound: not in scope. BadInput: neither, or both, were given.
    """
    if (abstract_id is None) == (patient_id is None):
        raise BadInput("quality.rerun", "needs an abstract or a patient", "give one of them")
    condition, scope = context.actor.scope_sql("facility_id")
    column, value = ("abstract_id", abstract_id) if patient_id is None else ("patient_id", patient_id)
    rows = context.store.query(
        f"SELECT min(patient_id) FROM abstract WHERE {column} = ? AND {condition}", [str(value), *scope]
    )
    if rows.item() is None:
        raise NotFound(column.removesuffix("_id"), f"there is no {column} {value} in your scope")
    whose = int(rows.item())
    counts = judge_again(context, whose)
    left = context.store.query(
        f"SELECT count(*) FROM edit_failure WHERE state = 'open' AND patient_id = ? AND {condition}",
        [str(whose), *scope],
    )
    return {"patient_id": whose, **counts, "open": int(left.item())}


def judge_again(context: Context, patient_id: int) -> dict[str, int]:
    """Judge one patient by the edits in force; nothing when the edits were never run.

    The next run judges this patient again, because it may be of another day.
    """
    in_force = context.store.query("SELECT edit FROM edit_in_force ORDER BY edit")["edit"].to_list()
    known = edits.all_edits()
    asked = Asked([name for name in in_force if name in known])
    wanted = pl.DataFrame({"patient_id": [patient_id]}, schema={"patient_id": pl.Int64})
    ids = [*asked.single, *asked.within]
    if not ids:
        return {"new": 0, "fixed": 0, "reopened": 0}
    found = judging.of_patients(context, Asked(ids), wanted, context.today)
    differences = keeping.compare(context, found, ids, wanted)
    with context.store.unit_of_work(context.actor.name, "quality.rerun") as work:
        run_id = work.new_ids("edit_run", 1)[0]
        counts = keeping.write(work, differences, run_id, context.stamp)
        again = wanted.with_columns(digest=pl.lit(None, pl.String))
        keeping.judged(work, again, wanted.clear(), run_id)
        work.log("patient", patient_id, "quality.rerun", None, counts)
    return counts


def after_change(context: Context, patient_id: int) -> None:
    """Bring the board up to date after a record was saved.

    The save stands whatever happens here, even a fault in an edit that a registry wrote itself: the patient is not as it
    was judged, so the next run sees to it.
    """
    try:
        judge_again(context, patient_id)
    except Exception as error:
        logging.getLogger(__name__).warning("edits were not run after a save: %s", type(error).__name__)


@operation("quality.runs")
def runs(context: Context, kind: str | None = None, limit: int = 100) -> pl.DataFrame:
    """Runs of the edits and official reports, newest first. Counts are of the whole registry: null for actors
    held to facilities.

    Returns:
        frame[run_id, kind, edit_set, source_name, as_of, started_at, finished_at, actor, patients, judged, abstracts,
        failures, overridden, new, fixed, reopened, errors, reviews, warnings, unmatched, unreadable].
    """
    condition, parameters = ("kind = ?", [kind]) if kind else ("TRUE", [])
    found = context.store.query(
        f"""SELECT run_id, kind, edit_set, source_name, as_of, started_at, finished_at, actor, patients, judged, abstracts,
                   failures, overridden, new, fixed, reopened, errors, reviews, warnings, unmatched, unreadable
            FROM edit_run WHERE {condition} ORDER BY run_id DESC LIMIT ?""",
        [*parameters, limit],
    )
    if context.actor.facilities is None:
        return found
    told = ("run_id", "kind", "edit_set", "source_name", "as_of", "started_at", "finished_at")
    return found.with_columns(
        pl.lit(None, found.schema[name]).alias(name) for name in found.columns if name not in told
    )
