"""Derived variables: what there is, deriving them for every tumor, and why one of them is what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from registry import coding
from registry.abstracting import consolidated
from registry.coding.derivation import Derivation
from registry.coding.explaining import explain
from registry.errors import NotFound
from registry.service import frames
from registry.service.operations import Context, operation
from registry.store.audit import frame_digest

PATIENT = "patientIdNumber"
"""Item by which algorithms tell patients apart: here our own patient id, not a sender's."""

_EVERYWHERE = frozenset(
    "primarySite histologicTypeIcdO3 behaviorCodeIcdO3 dateOfDiagnosis sex sexAssignedAtBirth".split()
) | {PATIENT}
"""Inputs of almost every algorithm: having them does not say that an algorithm has something to work on."""

_AT_ONCE = 16
"""Outputs that are derived and kept together: more would only take memory."""


@operation("derive.list")
def derivations(context: Context) -> pl.DataFrame:
    """Every derivation: id, version, inputs, outputs, source."""
    return coding.derivations()


@operation("derive.run", changes=True)
def run(
    context: Context, ids: list[str] | None = None, as_of: str | None = None, cutoff_year: int | None = None
) -> dict[str, Any]:
    """Derive variables for all tumors and keep them with algorithm and version.

    Values that did not change are left as they are. Without `ids` every derivation is run that has something to
    read here, and what algorithms left that no longer exist is taken away.
    Returns {tumors, values, changed, derivations}.
    """
    context.require_central("derive.run")
    chosen = coding.find(ids) if ids else _with_inputs(context)
    day = context.day(as_of)
    tumors = values = changed = 0
    if not ids:
        changed += _forget_unknown(context)
    parts = list(_batches(chosen))
    for done, batch in enumerate(parts):
        context.progress("derive", done, len(parts))
        names = [one.id for one in batch]
        frame = _inputs(context, batch)
        tumors = frame.height
        made = coding.derive(frame, names, as_of=day, cutoff_year=cutoff_year)
        del frame
        kept, differing = _keep(context, made, batch)
        values, changed = values + kept, changed + differing
    context.progress("derive", len(parts), len(parts))
    return {"tumors": tumors, "values": values, "changed": changed, "derivations": [one.id for one in chosen]}


def _columns(context: Context) -> set[str]:
    return {*frames.every_item(context, "patient"), *frames.every_item(context, "tumor")}


def _with_inputs(context: Context) -> list[Derivation]:
    """Derivations of which an input beside the everyday ones is filled somewhere, or that need no other."""
    every = list(coding.find(coding.derivations()["id"].to_list()))
    filled = _filled(context, {item for one in every for item in one.inputs} - _EVERYWHERE)
    chosen: list[Derivation] = []
    for one in every:  # inputs come before what reads them
        own = set(one.inputs) - _EVERYWHERE
        if not own or own & filled:
            chosen.append(one)
            filled |= set(one.outputs)
    return chosen


def _filled(context: Context, items: set[str]) -> set[str]:
    found: set[str] = set()
    for table in ("patient", "tumor"):
        names = sorted(items & set(frames.every_item(context, table)))
        if names:
            counted = ", ".join(f'count("{name}") AS "{name}"' for name in names)
            row = context.store.query(f"SELECT {counted} FROM {table}").row(0, named=True)
            found |= {name for name, n in row.items() if n}
    return found


def _batches(chosen: list[Derivation]) -> Iterator[list[Derivation]]:
    """Derivations to run together: those that read another's outputs stay with it."""
    groups: list[list[Derivation]] = []
    for one in chosen:
        tied = [group for group in groups if any(set(other.outputs) & set(one.inputs) for other in group)]
        groups = [group for group in groups if group not in tied]
        groups.append([*(other for group in tied for other in group), one])
    batch: list[Derivation] = []
    for group in groups:
        if batch and sum(len(one.outputs) for one in [*batch, *group]) > _AT_ONCE:
            yield batch
            batch = []
        batch = [*batch, *group]
    if batch:
        yield batch


def _inputs(context: Context, batch: list[Derivation]) -> pl.DataFrame:
    """The items that these derivations read, one row a tumor, with `tumor_id`; absent items are left out."""
    wanted = {item for one in batch for item in one.inputs} | {"sexAssignedAtBirth"}
    of_patient = wanted & set(frames.every_item(context, "patient"))
    of_tumor = wanted & set(frames.every_item(context, "tumor"))
    selected = "".join(
        f', coalesce(t."{name}", p."{name}") AS "{name}"'
        if name in of_patient & of_tumor
        else f', {"t" if name in of_tumor else "p"}."{name}"'
        for name in sorted((of_patient | of_tumor) - {PATIENT})
    )
    return context.store.query(
        f'SELECT t.tumor_id, CAST(t.patient_id AS VARCHAR) AS "{PATIENT}"{selected} '
        f"FROM tumor t LEFT JOIN patient p USING (patient_id) WHERE t.{frames.NOT_GONE} ORDER BY t.tumor_id"
    ).with_columns(pl.col("tumor_id").cast(pl.Int64))


def _keep(context: Context, made: pl.DataFrame, batch: list[Derivation]) -> tuple[int, int]:
    """Bring the stored values of these derivations to what was made; returns (values, values that changed)."""
    values = changed = 0
    with context.store.unit_of_work(context.actor.name, "derive.run") as work:
        work.only_once()
        for one in batch:
            for item in one.outputs:
                now = made.select("tumor_id", value=pl.col(item)).drop_nulls("value")
                values += now.height
                held = work.query(
                    "SELECT tumor_id, value, version FROM derived WHERE algorithm = ? AND item = ? ORDER BY tumor_id",
                    [one.id, item],
                ).with_columns(pl.col("tumor_id").cast(pl.Int64))
                same = now.join(
                    held.filter(pl.col("version") == one.version).drop("version"),
                    on=["tumor_id", "value"],
                    how="semi",
                )
                if same.height == now.height == held.height:
                    continue
                gone = held.join(same, on="tumor_id", how="anti").select("tumor_id")
                new = now.join(same, on="tumor_id", how="anti")
                changed += _exchange(context, work, one, item, gone, new)
    return values, changed


def _exchange(
    context: Context, work: Any, one: Derivation, item: str, gone: pl.DataFrame, new: pl.DataFrame
) -> int:
    about = {"item": item, "algorithm": one.id, "version": one.version}
    if gone.height:
        work.execute(
            "DELETE FROM derived WHERE algorithm = ? AND item = ? AND tumor_id IN (SELECT tumor_id FROM gone)",
            [one.id, item],
            frames={"gone": gone},
        )
        work.log(
            "derived",
            item,
            "derive.run: remove",
            {"rows": gone.height, **about},
            None,
            digest=frame_digest(gone),
        )
    if new.height:
        work.execute(
            "INSERT INTO derived (tumor_id, item, value, algorithm, version, derived_at) "
            "SELECT tumor_id, ?, value, ?, ?, ? FROM new_values",
            [item, one.id, one.version, context.stamp],
            frames={"new_values": new},
        )
        work.log("derived", item, "derive.run", None, {"rows": new.height, **about}, digest=frame_digest(new))
    return gone.height + new.height


def _forget_unknown(context: Context) -> int:
    """Take away what algorithms left that are gone, or that no longer make an item; returns the values."""
    listed = (
        coding.derivations().select(algorithm="id", item=pl.col("outputs").str.split(";")).explode("item")
    )
    stale = context.store.query(
        "SELECT algorithm, item, count(*) AS n FROM derived GROUP BY ALL ORDER BY algorithm, item"
    ).join(listed, on=["algorithm", "item"], how="anti")
    if stale.is_empty():
        return 0
    with context.store.unit_of_work(context.actor.name, "derive.run") as work:
        for algorithm, item, n in stale.iter_rows():
            work.execute("DELETE FROM derived WHERE algorithm = ? AND item = ?", [algorithm, item])
            work.log("derived", item, "derive.run: remove", {"rows": n, "algorithm": algorithm, "item": item})
    return int(stale["n"].sum())


@operation("derive.of_tumor")
def of_tumor(context: Context, tumor_id: int) -> pl.DataFrame:
    """Derived variables of one tumor: frame[item, name, value, label, algorithm, version, derived_at, description, source].

    `name` is the standard's name of an item, null for variables outside the standard.

    Facility staff, who see a tumor as their own abstracts tell it, get the values derived from those alone.
    """
    _patient_of(context, tumor_id)
    if context.actor.facilities is None:
        found = context.store.query(
            "SELECT item, value, algorithm, version, derived_at FROM derived WHERE tumor_id = ? ORDER BY item",
            [tumor_id],
        )
    else:
        found = _derived_here(context, tumor_id)
    about = coding.derivations().select(algorithm="id", description="description", source="source")
    return _with_labels(found.join(about, on="algorithm", how="left", maintain_order="left"))


def _with_labels(found: pl.DataFrame) -> pl.DataFrame:
    known = {one.id: one for one in coding.find(coding.derivations()["id"].to_list())}
    labels = []
    for item, value, algorithm in found.select("item", "value", "algorithm").iter_rows():
        one = known.get(algorithm)
        labels.append(one.labels(item).get(value) if one and one.labels else None)
    items = [consolidated.known_item(item) for item in found["item"]]
    names = [item.name if item else None for item in items]
    return found.with_columns(
        pl.Series("label", labels, dtype=pl.String), pl.Series("name", names, dtype=pl.String)
    )


@operation("derive.why")
def why(context: Context, tumor_id: int, item: str) -> dict[str, Any]:
    """Why a derived variable of a tumor is what it is: {id, version, source, description, why, inputs, outputs}.

    Algorithms that look at all tumors of a patient are told with this tumor's items alone.
    """
    patient_id = _patient_of(context, tumor_id)
    one = coding.find([item])[0]
    row = _records(context, patient_id, [one]).filter(pl.col("tumor_id") == tumor_id)
    values = {name: row[name][0] for name in one.inputs if name in row.columns and row.height}
    if "sex" in one.inputs and row.height and "sexAssignedAtBirth" in row.columns:
        values["sex"] = values.get("sex") or row["sexAssignedAtBirth"][0]
    return explain(one.id, values, as_of=context.today)


def _patient_of(context: Context, tumor_id: int) -> int:
    condition, scope = context.actor.scope_sql("a.facility_id")
    found = context.store.query(
        f"SELECT DISTINCT a.patient_id FROM abstract a WHERE a.tumor_id = ? AND a.status <> 'void' AND {condition}",
        [str(tumor_id), *scope],
    )
    if found.is_empty():
        raise NotFound("tumor", f"there is no tumor {tumor_id} in your scope")
    return int(found["patient_id"].min())  # type: ignore[arg-type]


def _records(context: Context, patient_id: int, batch: list[Derivation]) -> pl.DataFrame:
    """The tumors of one patient with the items that derivations read, as the actor may see them."""
    wanted = {item for one in batch for item in one.inputs} | {"sexAssignedAtBirth"}
    present = set(context.store.columns("abstract")) - {PATIENT}
    levels = {name: name in set(frames.every_item(context, "patient")) for name in wanted & present}
    rows = context.store.query(
        "SELECT abstract_id FROM abstract WHERE patient_id = ? AND status <> 'void' ORDER BY abstract_id",
        [patient_id],
    )
    patients, tumors = frames.of_abstracts(
        context,
        rows["abstract_id"].to_list(),
        sorted(name for name, of_patient in levels.items() if of_patient),
        sorted(name for name, of_patient in levels.items() if not of_patient),
    )
    joined = tumors.join(patients, on="patient_id", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("patient_id").cast(pl.String).alias(PATIENT), pl.col("tumor_id").cast(pl.Int64)
    )


def _derived_here(context: Context, tumor_id: int) -> pl.DataFrame:
    batch = _with_inputs(context)
    names = [one.id for one in batch]
    records = _records(context, _patient_of(context, tumor_id), batch)
    made = coding.derive(records, names, as_of=context.today)
    kept = coding.derived_values(made.filter(pl.col("tumor_id") == tumor_id), names)
    return kept.drop("tumor_id").with_columns(derived_at=pl.lit(context.stamp))
