"""Single or multiple primary: pairs of a patient's tumors, what the rules say of them, and what a registrar decided.

Two kinds of pairs are compared. Two *tumors* of a patient that the rules call one primary may be one case entered
twice; two *abstracts* of one tumor that the rules call two were perhaps joined by mistake. A pair keeps its row for
ever: running the rules again renews the verdict, keeps the decision, and shows when the records changed after it.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import polars as pl

from registry.coding import derive, reference
from registry.coding.primaries import compare_tumors
from registry.errors import NotFound
from registry.store import Store, UnitOfWork

ALGORITHM = "multiple-primaries"
TUMORS, ABSTRACTS = "tumors", "abstracts"
KINDS = (TUMORS, ABSTRACTS)
DECISIONS = ("single", "multiple")
CODES = {
    "primarySite": "primarySite", "histologyIcdO3": "histologicTypeIcdO3", "behaviorIcdO3": "behaviorCodeIcdO3",
    "histologyIcdO2": "histologyIcdO2", "behaviorIcdO2": "behaviorIcdO2", "laterality": "laterality",
    "dateOfDiagnosis": "dateOfDiagnosis",
}  # fmt: skip
"""Name in a pair → NAACCR item."""

ITEMS = tuple(CODES.values())
KEY = ["kind", "first_id", "second_id"]
VERDICT = ["result", "group_id", "step", "reason"]


@cache
def version() -> str:
    """Version of the rules' tables, as the list of tables says it, else as this program made them.

    >>> version() != ""
    True
    """
    from registry.coding.primaries.build import TABLES

    names = [one.name for one in TABLES]
    listed = reference.table("coding_tables.csv").filter(pl.col("name").is_in(names))["version"].drop_nulls()
    return "; ".join(sorted(set(listed) or {one.version for one in TABLES}))


def pairs(records: pl.DataFrame, kind: str, key: str, within: str) -> pl.DataFrame:
    """Every pair of records of one patient (or tumor), the lower id first.

    Args:
        records: frame[patient_id, key, within, *ITEMS]; absent items count as blank.
        key: column that names a record, `tumor_id` or `abstract_id`.
        within: column whose equal values make pairs, `patient_id` or `tumor_id`.

    Returns:
        frame[kind, patient_id, first_id, second_id, <name>_1, <name>_2 for each of CODES], sorted by the ids.

    >>> records = pl.DataFrame({"patient_id": 1, "tumor_id": [4, 5, 6], "primarySite": "C504"})
    >>> pairs(records, "tumors", "tumor_id", "patient_id").select("first_id", "second_id").rows()
    [(4, 5), (4, 6), (5, 6)]
    """
    side = records.select(
        "patient_id",
        pl.col(within).alias("of"),
        pl.col(key).alias("id"),
        *(
            (pl.col(item) if item in records.columns else pl.lit(None, pl.String)).alias(name)
            for name, item in CODES.items()
        ),
    )
    several = side.filter(pl.len().over("of") > 1)
    first = several.rename({name: f"{name}_1" for name in CODES} | {"id": "first_id"})
    second = several.drop("patient_id").rename({name: f"{name}_2" for name in CODES} | {"id": "second_id"})
    joined = first.join(second, on="of").filter(pl.col("first_id") < pl.col("second_id"))
    columns = ["patient_id", "first_id", "second_id", *(f"{name}_{n}" for n in (1, 2) for name in CODES)]
    return joined.select(pl.lit(kind).alias("kind"), *columns).sort("patient_id", "first_id", "second_id")


def with_icdo2(records: pl.DataFrame) -> pl.DataFrame:
    """Fills blank ICD-O-2 morphology from ICD-O-3: the rules for hematopoietic tumors before 2001 read it."""
    items = ["histologyIcdO2", "behaviorIcdO2"]
    try:
        made = derive(records, items)
    except NotFound:
        return records
    return records.with_columns(
        pl.coalesce(records[item], made[item]).alias(item) if item in records.columns else made[item]
        for item in items
    )


def judged(found: pl.DataFrame, today: dt.date) -> pl.DataFrame:
    """Adds result, group_id, step, reason, and `inputs`: the compared values as JSON, without those of ICD-O-2.

    ICD-O-2 mostly follows from ICD-O-3 by a table: a new table does not make a registrar's decision stale.
    """
    compared = compare_tumors(found, today=today)
    named = [f"{name}_{n}" for n in (1, 2) for name in CODES]
    own = [name for name in named if "IcdO2" not in name]
    return compared.with_columns(inputs=pl.struct(own).struct.json_encode()).drop(named)


def disagrees(kind: str, result: pl.Expr) -> pl.Expr:
    """Whether records and rules say different things: two tumors that are one, one tumor that is two."""
    return result == ("single" if kind == TUMORS else "multiple")


def keep(
    work: UnitOfWork, verdicts: pl.DataFrame, patient_ids: pl.DataFrame | None, now: dt.datetime
) -> dict[str, int]:
    """Bring the stored pairs to these verdicts; decisions stay.

    Args:
        verdicts: from `judged`, all pairs of these patients.
        patient_ids: frame[patient_id] that were compared; None for everybody. Their pairs that are not among
            `verdicts` any more are marked as gone.

    Returns:
        {pairs, new, changed, gone}.
    """
    held = _held(work, patient_ids)
    wanted = verdicts.with_columns(
        algorithm=pl.lit(ALGORITHM), algorithm_version=pl.lit(version()), gone=pl.lit(value=False)
    )
    values = ["patient_id", *VERDICT, "algorithm", "algorithm_version", "inputs", "gone"]
    known = wanted.join(held.select("pair_id", *KEY), on=KEY)
    new = wanted.join(held, on=KEY, how="anti").sort(KEY)
    stamped = {"compared_at": pl.lit(now)}
    if new.height:
        ids = pl.Series("pair_id", list(work.new_ids("primary_pair", new.height)), dtype=pl.Int64)
        work.insert("primary_pair", new.with_columns(ids, version=pl.lit(1, pl.Int32), **stamped))
    changed = 0
    if known.height:
        changed = work.merge("primary_pair", known.select("pair_id", *values))
    lost = held.filter(~pl.col("gone")).join(wanted, on=KEY, how="anti")
    gone = work.merge("primary_pair", lost.select("pair_id", gone=pl.lit(value=True))) if lost.height else 0
    return {"pairs": verdicts.height, "new": new.height, "changed": changed, "gone": gone}


def _held(work: UnitOfWork, patient_ids: pl.DataFrame | None) -> pl.DataFrame:
    whose = "" if patient_ids is None else "SEMI JOIN wanted USING (patient_id)"
    found = work.query(
        f"SELECT pair_id, kind, first_id, second_id, gone FROM primary_pair {whose} ORDER BY pair_id",
        frames={} if patient_ids is None else {"wanted": patient_ids},
    )
    return found.with_columns(pl.col("pair_id", "first_id", "second_id").cast(pl.Int64))


def listed(
    source: Store | UnitOfWork, condition: str = "TRUE", parameters: list[Any] | None = None
) -> pl.DataFrame:
    """Stored pairs that are not gone, with `changed_since` (the records changed after the decision) and `open`.

    `open`: records and rules disagree, and nobody decided, or decided on other values.
    """
    found = source.query(
        f"""SELECT pair_id, kind, patient_id, first_id, second_id, result, group_id, step, reason, algorithm,
                   algorithm_version, compared_at, inputs, decision, decision_reason, decided_by, decided_at,
                   decided_inputs, version
            FROM primary_pair WHERE NOT gone AND {condition} ORDER BY patient_id, kind DESC, first_id, second_id""",
        parameters or [],
    )
    differs = (
        pl.when(pl.col("kind") == TUMORS)
        .then(disagrees(TUMORS, pl.col("result")))
        .otherwise(disagrees(ABSTRACTS, pl.col("result")))
    )
    stale = pl.col("decision").is_not_null() & pl.col("inputs").ne_missing(pl.col("decided_inputs"))
    return found.with_columns(changed_since=stale).with_columns(
        open=differs.fill_null(False) & (pl.col("decision").is_null() | pl.col("changed_since"))
    )
