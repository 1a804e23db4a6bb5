"""What came back from a geocoder: judged line by line, written into abstracts in one unit of work."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any, Final

import polars as pl

from registry.abstracting import consolidated, geocoding
from registry.errors import BadInput
from registry.service.operations import Context
from registry.store import UnitOfWork

Standing = Callable[[Callable[..., pl.DataFrame]], pl.DataFrame]
COUNTY_TASK: Final = "geocoded county"
NEVER_SENT: Final = "was never sent, or its tumor is gone"
JUDGED_AT_ONCE: Final = 20
"""Patients whose edits run again at once; after a larger file the next run of the edits sees to them."""


def read_lines(content: bytes, name: str) -> pl.DataFrame:
    """A CSV as text columns.

    Raises:
        BadInput: it is no such table.
    """
    try:
        return pl.read_csv(io.BytesIO(content), infer_schema=False, encoding="utf8")
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        raise BadInput(name, "it cannot be read as a CSV table in UTF-8", "export it again as CSV") from None


def take(
    context: Context, lines: pl.DataFrame, content: bytes, name: str, standing: Standing
) -> dict[str, Any]:
    """Write what may be written; see `geocode.import` for the answer.

    Args:
        standing: tumors as they are now, asked inside the unit of work: an address that changes meanwhile makes it fail.
    """
    good, faults, other = geocoding.read_result(lines, name)
    items = [item for item in geocoding.RESULT if item in good.columns]
    consolidated.ensure_columns(context.store, items)
    kept = context.store.query("SELECT 1 FROM source_file WHERE sha256 = ?", [hashlib.sha256(content).hexdigest()])  # fmt: skip
    with context.store.unit_of_work(context.actor.name, "geocode.import", reason=name) as work:
        usable, stale, faults = _parted(good, faults, items, standing(work.query))
        work.keep_file(name, "geocode", content)
        if faults.height and kept.is_empty():
            work.quarantine_all(_refused(faults, lines, name))
        before = _earlier_results(work, usable)
        abstracts = _abstracts(work, usable)
        changed, patients = _into_abstracts(work, context, abstracts, usable, items, before)
        tasks = _county_tasks(work, context, usable, abstracts)
        _note(work, context, usable, stale, items, tasks)
    if len(patients) <= JUDGED_AT_ONCE:
        from registry.service.quality import run as quality_run

        for patient_id in patients:
            quality_run.after_change(context, patient_id)
    states = dict(usable["state"].value_counts().iter_rows())
    return {
        "file": name, "lines": lines.height, **{state: states.get(state, 0) for state in ("done", "failed", "review")},
        "abstracts": changed, "county_reviews": tasks.height, "stale": stale.height,
        "refused": faults["line"].n_unique(), "columns_not_used": other, "faults": faults,
    }  # fmt: skip


def _parted(
    good: pl.DataFrame, faults: pl.DataFrame, items: list[str], standing: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Lines that can be used, lines for an address that changed since, and all faults."""
    now = standing.select(
        "tumor_id", "patient_id", "countyAtDx", "task_id", pl.col("digest").alias("digest_now"),
        pl.col("version").is_not_null().alias("sent"),
    )  # fmt: skip
    known = good.join(now, on="tumor_id", how="left", maintain_order="left")
    sent = pl.col("sent").fill_null(False)
    never = known.filter(~sent).select("line", item=pl.lit("key"), reason=pl.lit(NEVER_SENT))
    known = known.filter(sent)
    same = pl.col("digest").eq_missing(pl.col("digest_now"))
    usable = known.filter(same).with_columns(geocoding.outcome(items), geocoding.geocoded_county(items))
    usable = usable.with_columns(
        geocoding.differs(pl.col("countyAtDx"), pl.col("geocoded_county")).alias("other_county")
    )
    return usable, known.filter(~same), pl.concat([faults, never]).sort("line", "item")


def _earlier_results(work: UnitOfWork, usable: pl.DataFrame) -> dict[int, dict[str, str]]:
    rows = work.query(
        "SELECT tumor_id, result FROM geocode SEMI JOIN wanted USING (tumor_id) WHERE result IS NOT NULL ORDER BY tumor_id",
        frames={"wanted": usable.select("tumor_id")},
    )
    return {int(tumor): json.loads(result) for tumor, result in rows.iter_rows()}


def _refused(faults: pl.DataFrame, lines: pl.DataFrame, name: str) -> pl.DataFrame:
    """Each refused line whole, with its faults, for the quarantine."""
    by_line = faults.group_by("line").agg(
        pl.concat_str("item", pl.lit(" "), "reason").str.join("; ").alias("reason")
    )
    rows = []
    for line, reason in by_line.sort("line").iter_rows():
        text = lines.slice(line - 2, 1).write_csv().encode()
        rows.append((None, name, "geocode", f"line {line}", reason, "a legal result for a sent key", text))
    schema = {
        "load_id": pl.Int64, "file_name": pl.String, "kind": pl.String, "place": pl.String, "reason": pl.String,
        "expected": pl.String, "content": pl.Binary,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _abstracts(work: UnitOfWork, usable: pl.DataFrame) -> pl.DataFrame:
    present = [item for item in geocoding.RESULT if item in work.columns("abstract")]
    selected = ", ".join(f'a."{item}"' for item in [*present, "dateCaseLastChanged"])
    return work.query(
        f"""SELECT a.abstract_id, a.tumor_id, a.patient_id, a.facility_id, a.version, {selected}
            FROM abstract a SEMI JOIN wanted USING (tumor_id) WHERE a.status <> 'void' ORDER BY a.abstract_id""",
        frames={"wanted": usable.select("tumor_id")},
    )


def _into_abstracts(
    work: UnitOfWork,
    context: Context,
    abstracts: pl.DataFrame,
    usable: pl.DataFrame,
    items: list[str],
    before: dict[int, dict[str, str]],
) -> tuple[int, list[int]]:
    """Bring the geocode items of all abstracts of each tumor to the result; returns abstracts changed and their patients.

    What is given is set, what an earlier result gave and this one does not is taken back; nothing else changes.
    """
    given = usable.select("tumor_id", *(pl.col(item).alias(f"{item}_new") for item in items))
    rows = abstracts.join(given, on="tumor_id", how="inner", maintain_order="left")
    own = sorted({item for result in before.values() for item in result})
    asked = [*items, *(item for item in own if item not in items)]
    if rows.is_empty() or not asked:
        return 0, []
    taken_back = {item: [tumor for tumor, result in before.items() if item in result] for item in own}
    new = rows.select(
        "abstract_id", "patient_id", "version", "dateCaseLastChanged",
        *(pl.col(item).alias(f"{item}_old") for item in asked),
        *(_new_value(item, item in items, taken_back.get(item, [])) for item in asked),
    )  # fmt: skip
    differs = pl.any_horizontal(pl.col(item).ne_missing(pl.col(f"{item}_old")) for item in asked)
    new = new.filter(differs).with_columns(
        pl.col("dateCaseLastChanged").alias("dateCaseLastChanged_old"),
        pl.lit(f"{context.today:%Y%m%d}").alias("dateCaseLastChanged"),
    )
    if new.is_empty():
        return 0, []
    written = [*asked, "dateCaseLastChanged"]
    work.insert("abstract_change", _history(work, context, new, written), logged=False)
    changed = work.merge("abstract", new.select("abstract_id", *written))
    patients = new["patient_id"].unique().sort().to_list()
    consolidated.refresh(work, patients, context.stamp)
    return changed, patients


def _new_value(item: str, is_given: bool, taken_back: list[int]) -> pl.Expr:
    kept = pl.when(~pl.col("tumor_id").is_in(taken_back)).then(pl.col(item)) if taken_back else pl.col(item)
    return (pl.coalesce(f"{item}_new", kept) if is_given else kept).alias(item)


def _history(work: UnitOfWork, context: Context, new: pl.DataFrame, items: list[str]) -> pl.DataFrame:
    parts = [
        new.filter(pl.col(item).ne_missing(pl.col(f"{item}_old"))).select(
            "abstract_id",
            (pl.col("version") + 1).cast(pl.Int32).alias("version"),
            pl.lit(item).alias("item"),
            pl.col(f"{item}_old").alias("before"),
            pl.col(item).alias("after"),
        )
        for item in items
    ]
    return pl.concat(parts).sort("abstract_id", "item").with_columns(
        changed_by=pl.lit(work.actor), changed_at=pl.lit(context.stamp), reason=pl.lit("geocoding")
    )  # fmt: skip


def _county_tasks(
    work: UnitOfWork, context: Context, usable: pl.DataFrame, abstracts: pl.DataFrame
) -> pl.DataFrame:
    """Open a review task for each tumor whose geocoded county is not the reported one: frame[tumor_id, task_id]."""
    first = abstracts.group_by("tumor_id").agg(
        pl.col("abstract_id").min(), pl.col("facility_id").sort_by("abstract_id").first()
    )
    wanted = usable.filter("other_county").join(first, on="tumor_id", how="inner", maintain_order="left")
    detail = pl.format(
        "tumor {}: county at diagnosis is reported as {}, geocoded as {}", "tumor_id", "countyAtDx", "geocoded_county"
    )  # fmt: skip
    wanted = wanted.with_columns(detail.alias("detail"))
    known = work.query(
        "SELECT patient_id, detail FROM review_task WHERE kind = ? ORDER BY task_id", [COUNTY_TASK]
    )
    new = wanted.join(known, on=["patient_id", "detail"], how="anti", maintain_order="left")
    numbers = pl.Series("task_id", list(work.new_ids("review_task", new.height)), dtype=pl.Int64)
    tasks = new.with_columns(numbers)
    if tasks.height:
        work.insert(
            "review_task",
            tasks.select("task_id", pl.lit(COUNTY_TASK).alias("kind"), "patient_id", "abstract_id", "facility_id", "detail", pl.lit("open").alias("state"), pl.lit(context.stamp).alias("created_at")),
        )  # fmt: skip
    return tasks.select("tumor_id", "task_id")


def _note(
    work: UnitOfWork,
    context: Context,
    usable: pl.DataFrame,
    stale: pl.DataFrame,
    items: list[str],
    tasks: pl.DataFrame,
) -> None:
    """Bring the rows of `geocode` to what came; a row that says so already stays as it is."""
    results = [
        json.dumps({item: value for item, value in row.items() if value is not None}, sort_keys=True)
        for row in usable.select(items).iter_rows(named=True)
    ]
    came = usable.select(
        "tumor_id", pl.when("other_county").then(pl.lit("review")).otherwise("state").alias("state"),
        pl.Series("result", results, dtype=pl.String), old_task="task_id",
    ).join(tasks, on="tumor_id", how="left", maintain_order="left")  # fmt: skip
    kept = work.query(
        "SELECT tumor_id, state AS kept_state, result AS kept_result FROM geocode SEMI JOIN wanted USING (tumor_id) "
        "ORDER BY tumor_id",
        frames={"wanted": came.select("tumor_id")},
    )
    new = came.join(kept, on="tumor_id", how="inner", maintain_order="left").filter(
        pl.col("state").ne_missing(pl.col("kept_state")) | pl.col("result").ne_missing(pl.col("kept_result"))
    )
    work.merge(
        "geocode",
        new.select(
            "tumor_id", "state", "result", pl.coalesce("task_id", "old_task").alias("task_id"),
            pl.lit(context.stamp).alias("imported_at"),
        ),
    )  # fmt: skip
    work.merge("geocode", stale.select("tumor_id", pl.lit("stale").alias("state")))
