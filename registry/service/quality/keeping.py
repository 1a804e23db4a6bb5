"""Keeping: what a judgement changes on the board, found before anything is written and written in one unit of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from registry.service.quality import records
from registry.service.quality.judging import FOUND, KEY, VALUES

if TYPE_CHECKING:
    from registry.service.operations import Context
    from registry.store import UnitOfWork

ASKED = "SELECT unnest(?::VARCHAR[]) AS edit"
"""Edits given as a list. Frames with texts are materialized in a statement: DuckDB may hand a join's filter to a frame,
and Arrow cannot filter texts as polars holds them."""
ABSTRACTOR = 'a."abstractedBy"'
YEAR = 'TRY_CAST(left(a."dateOfDiagnosis", 4) AS INTEGER)'
BOARD = f"""SELECT f.*, {ABSTRACTOR} AS abstractor, {YEAR} AS diagnosis_year
    FROM edit_failure f LEFT JOIN abstract a USING (abstract_id)
    WHERE f.state = 'fixed' OR a.status IS DISTINCT FROM 'void'"""
"""Failures with the abstractor and diagnosis year of their record; a void record holds nothing back."""


class Differences(NamedTuple):
    """What to write. Failures that stay as they are occur nowhere.

    Attributes:
        new: frame[*KEY, *VALUES].
        changed: frame[failure_id, *KEY, *VALUES]: still there, with another version, values, state or message.
        back: the same columns: fixed once, and here again with the same values.
        gone: frame[failure_id, patient_id, closed_as].
    """

    new: pl.DataFrame
    changed: pl.DataFrame
    back: pl.DataFrame
    gone: pl.DataFrame

    def without(self, patients: pl.DataFrame) -> Differences:
        """The same without these patients."""
        if patients.is_empty():
            return self
        return Differences(*(part.join(patients, on="patient_id", how="anti") for part in self))


def together(parts: Iterable[Differences]) -> Differences:
    """All differences of a run, in total order."""
    new, changed, back, gone = zip(*parts, strict=True)
    return Differences(
        pl.concat(new).sort(*KEY),
        pl.concat(changed).sort("failure_id"),
        pl.concat(back).sort("failure_id"),
        pl.concat(gone).sort("failure_id"),
    )


def compare(
    context: Context, found: pl.DataFrame, asked: Sequence[str], wanted: pl.DataFrame | None
) -> Differences:
    """What `found` changes among the kept own failures of these edits.

    Args:
        found: failures, columns KEY and VALUES. asked: the edits that were asked.
        wanted: frame[patient_id] of the patients that were judged; None = everybody.
    """
    held = _held(context, asked, wanted)
    live, past = held.filter(pl.col("kept_state") != "fixed"), held.filter(pl.col("kept_state") == "fixed")
    still = found.join(live, on=KEY, nulls_equal=True, suffix="_kept")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_kept")) for name in VALUES)
    fresh = found.join(live, on=KEY, how="anti", nulls_equal=True)
    last = past.sort("failure_id").unique([*KEY, "item_values"], keep="last", maintain_order=True)
    again = last.select("failure_id", *KEY, "item_values")
    back = fresh.join(again, on=[*KEY, "item_values"], nulls_equal=True)
    named = ["failure_id", *FOUND]
    return Differences(
        fresh.join(back, on=KEY, how="anti", nulls_equal=True),
        still.filter(differs).select(named),
        back.select(named),
        live.join(found, on=KEY, how="anti", nulls_equal=True).select(
            "failure_id", "patient_id", "closed_as"
        ),
    )


def _held(context: Context, asked: Sequence[str], wanted: pl.DataFrame | None) -> pl.DataFrame:
    """Kept own failures of these edits: frame[failure_id, kept_state, closed_as, *KEY, *VALUES]."""
    columns = ", ".join(f"f.{name}" for name in FOUND)
    whose, within, given, ends = "", "", {}, {}
    if wanted is not None:
        whose, within = "SEMI JOIN wanted USING (patient_id)", "AND patient_id BETWEEN $low AND $high"
        given, ends = {"wanted": wanted.select("patient_id")}, records.ends(wanted)
    held = context.store.query(
        f"""SELECT f.failure_id, f.state AS kept_state, {columns},
                   CASE WHEN a.status = 'void' THEN 'void' ELSE 'fixed' END AS closed_as
            FROM (SELECT * FROM edit_failure WHERE source = 'own' {within}) f
            SEMI JOIN (SELECT unnest($asked::VARCHAR[]) AS edit) USING (edit) {whose}
            LEFT JOIN abstract a ON a.abstract_id = f.abstract_id ORDER BY f.failure_id""",
        {"asked": list(asked), **ends},
        frames=given,
    )
    return held.cast(FOUND).cast({"failure_id": pl.Int64})


def write(work: UnitOfWork, differences: Differences, run_id: int, now: dt.datetime) -> dict[str, int]:
    """Write differences; returns how many are new, fixed and reopened.

    Each part leaves one audit event with the digest of its rows, or one a row when there are few.
    """
    new, changed, back, gone = differences
    if gone.height:
        work.execute(
            """WITH g AS MATERIALIZED (SELECT * FROM gone)
               UPDATE edit_failure SET state = 'fixed', closed_as = g.closed_as, fixed_at = ?, fixed_run_id = ?
               FROM g WHERE edit_failure.failure_id = g.failure_id""",
            [now, run_id],
            frames={"gone": gone},
        )
        work.digest(gone, entity="edit_failure", entity_id="fixed")
    _rewrite(work, changed, "changed_at = ?", [now], "changed")
    _rewrite(
        work,
        back,
        "reopened_at = ?, fixed_at = NULL, fixed_run_id = NULL, closed_as = NULL",
        [now],
        "reopened",
    )
    if new.height:
        ids = pl.Series("failure_id", list(work.new_ids("edit_failure", new.height)), dtype=pl.Int64)
        work.insert(
            "edit_failure",
            new.with_columns(ids, run_id=pl.lit(run_id), found_at=pl.lit(now), source=pl.lit("own")),
        )
    return {"new": new.height, "fixed": gone.height, "reopened": back.height}


def _rewrite(work: UnitOfWork, rows: pl.DataFrame, also: str, params: list[object], what: str) -> None:
    if rows.is_empty():
        return
    sets = ", ".join(f"{name} = r.{name}" for name in VALUES)
    work.execute(
        f"WITH r AS MATERIALIZED (SELECT * FROM rewritten) UPDATE edit_failure SET {sets}, {also} "
        "FROM r WHERE edit_failure.failure_id = r.failure_id",
        params,
        frames={"rewritten": rows},
    )
    work.digest(rows.drop("message"), entity="edit_failure", entity_id=what)


def retire(work: UnitOfWork, asked: Sequence[str], run_id: int, now: dt.datetime) -> int:
    """Close own failures of edits that are not asked any more; returns how many."""
    left = work.query(
        f"""SELECT failure_id, edit FROM (SELECT * FROM edit_failure WHERE source = 'own' AND state <> 'fixed')
            ANTI JOIN ({ASKED}) USING (edit) ORDER BY failure_id""",
        [list(asked)],
    )
    if left.height:
        work.execute(
            """UPDATE edit_failure SET state = 'fixed', closed_as = 'retired', fixed_at = ?, fixed_run_id = ?
               WHERE failure_id IN (SELECT failure_id FROM retired)""",
            [now, run_id],
            frames={"retired": left},
        )
        work.digest(left, entity="edit_failure", entity_id="retired")
    return left.height


def judged(work: UnitOfWork, digests: pl.DataFrame, gone: pl.DataFrame, run_id: int) -> None:
    """Keep as what these patients were judged, and forget those without records.

    Args:
        digests: frame[patient_id, digest]. gone: frame[patient_id].
    """
    if digests.height:
        work.execute(
            """INSERT INTO edit_judged SELECT patient_id, digest, ? FROM judged
               ON CONFLICT (patient_id) DO UPDATE SET digest = excluded.digest, run_id = excluded.run_id""",
            [run_id],
            frames={"judged": records.with_ids(digests.select("patient_id", "digest"))},
        )
    if gone.height:
        work.execute(
            "DELETE FROM edit_judged WHERE patient_id IN (SELECT patient_id FROM gone)", frames={"gone": gone}
        )


def count(work: UnitOfWork, run_id: int, source: str = "own") -> dict[str, int]:
    """Keep the board's counts of this run for trends; returns this source's open failures by severity, and overridden ones."""
    work.execute(
        f"""INSERT INTO edit_run_count
            SELECT ?, source, facility_id, abstractor, diagnosis_year, edit, severity,
                   count(*) FILTER (state = 'open'), count(*) FILTER (state = 'overridden')
            FROM ({BOARD}) WHERE state <> 'fixed' GROUP BY ALL ORDER BY ALL""",
        [run_id],
    )
    work.execute(
        f"""INSERT INTO edit_run_record
            SELECT ?, a.facility_id, {ABSTRACTOR} AS abstractor, {YEAR} AS diagnosis_year, count(*),
                   count(*) FILTER (a.abstract_id IN (SELECT abstract_id FROM edit_failure
                                                      WHERE state = 'open' AND severity = 'error'))
            FROM abstract a WHERE a.status <> 'void' GROUP BY ALL ORDER BY ALL""",
        [run_id],
    )
    counted = work.query(
        """SELECT state || ' ' || severity AS what, count(*) AS failures FROM edit_failure
           WHERE source = ? AND state <> 'fixed' GROUP BY what ORDER BY what""",
        [source],
    )
    by = dict(counted.iter_rows())
    opened = {f"{name}s": int(by.get(f"open {name}", 0)) for name in ("error", "review", "warning")}
    return {
        "failures": sum(opened.values()),
        "overridden": int(sum(n for what, n in by.items() if what.startswith("overridden"))),
        **opened,
    }
