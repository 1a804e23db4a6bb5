"""Fingerprints of records that nobody changed, known without reading them.

DuckDB hashes the columns of every row inside the database, twice, with two seeds. Where both hashes are those of the
time when the record was last read for the same form of file, its fingerprint is what it was then: two different
contents have both hashes in common once in 2^64 at the worst. Versions of rows are not asked: not every writer raises
them. A hash and the columns it stands for are read by one statement, so that no change can fall between them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import duckdb
import polars as pl

from registry import submissions
from registry.service import frames
from registry.service.submissions.request import Wish
from registry.submissions import ItemPlan, Legal

if TYPE_CHECKING:
    from registry.service.operations import Context
    from registry.store import UnitOfWork

QUICK: Final = ("quick", "quick2")
HASHES: Final = ("record_hash", "record_hash2")
LEARNED: Final = pl.Schema({"record_id": pl.Int64} | dict.fromkeys((*QUICK, *HASHES), pl.UInt64))


@dataclass(frozen=True)
class Form:
    """A form of file as the store hashes its records.

    Attributes:
        name: profile, record type and version. plan: digest of what fingerprints depend on beside the columns.
        columns: table → columns hashed, in order.
    """

    name: str
    plan: str
    columns: dict[str, tuple[str, ...]]

    def hashes(self, table: str, alias: str) -> str:
        """Select list of both hashes of a row of a table."""
        named = "".join(f', {alias}."{column}"' for column in self.columns[table])
        return ", ".join(f"hash('{name}'{named}) AS {name}" for name in QUICK)


def form(context: Context, wish: Wish, plan: ItemPlan, legal: Legal) -> Form | None:
    """How the store hashes the records of a wish; None when a record's fingerprint hangs on other records too."""
    if not submissions.row_by_row(wish.request, plan, legal):
        return None
    counted = submissions.compared(wish.request, plan)
    wanted = (
        {"abstract": tuple(dict.fromkeys(counted.columns))}
        if wish.profile.level == "abstract"
        else {"patient": counted.patient, "tumor": counted.tumor}
    )
    types = {table: context.store.column_types(table) for table in wanted}
    columns = {
        table: tuple(name for name in names if name in types[table]) for table, names in wanted.items()
    }
    installed = context.store.query(
        "SELECT digest FROM standards_pack WHERE state = 'installed' ORDER BY pack_id DESC LIMIT 1"
    )
    more = {
        "hashed by": [duckdb.__version__, sys.byteorder],
        "columns": {
            table: [(name, types[table][name]) for name in names] for table, names in columns.items()
        },
        "tables": installed.item() if installed.height else None,
    }
    name = f"{wish.profile.id} {wish.request.type} {wish.request.version}"
    return Form(name, submissions.dependence(wish.request, counted, legal, more), columns)


def known(context: Context, wish: Wish, form: Form, numbers: str, taken: pl.DataFrame) -> pl.DataFrame:
    """Fingerprints of those records that are as they were when they were last read.

    Args:
        numbers: query of id and tumor_number between the patients $low and $high.
        taken: frame[record_id, patient_id].

    Returns:
        frame[record_id, patient_id, tumor_number, record_hash, record_hash2], by patient_id and record_id.
    """
    patients = taken["patient_id"]
    given = {"form": form.name, "plan": form.plan, "low": patients.min() or 0, "high": patients.max() or 0}
    found = context.store.query(
        f"""WITH q AS ({_rows(wish, form)}),
                f AS (SELECT * FROM record_fingerprint WHERE form = $form AND plan = $plan)
            SELECT q.record_id, q.patient_id, n.tumor_number, f.record_hash, f.record_hash2
            FROM q JOIN f USING (record_id, quick, quick2) JOIN ({numbers}) n ON n.id = q.record_id
            ORDER BY q.patient_id, q.record_id""",
        given,
    )
    kept = found.cast({"record_id": pl.Int64, "patient_id": pl.Int64, "tumor_number": pl.String})
    asked = kept.join(taken.select("record_id", "patient_id"), on=["record_id", "patient_id"], how="semi")
    return asked.unique("record_id", keep="first").sort("patient_id", "record_id")


def _rows(wish: Wish, form: Form) -> str:
    """Query of record_id, patient_id, quick, quick2."""
    between = "patient_id BETWEEN $low AND $high"
    if wish.profile.level == "abstract":
        return (
            f"SELECT a.abstract_id AS record_id, a.patient_id, {form.hashes('abstract', 'a')} FROM abstract a "
            f"WHERE a.status <> 'void' AND a.{between}"
        )
    tumors, people = (
        f"SELECT {keys}, {form.hashes(table, 't')} FROM {table} t WHERE t.{between}{only}"
        for table, keys, only in (
            ("tumor", "t.tumor_id, t.patient_id", f" AND t.{frames.NOT_GONE}"),
            ("patient", "t.patient_id", ""),
        )
    )
    both = ", ".join(f"xor(t.{name}, p.{name}) AS {name}" for name in QUICK)
    return f"SELECT t.tumor_id AS record_id, t.patient_id, {both} FROM ({tumors}) t JOIN ({people}) p USING (patient_id)"


def together(patients: pl.DataFrame, tumors: pl.DataFrame) -> pl.DataFrame:
    """Quick hashes of records: those of their rows and of their patients' rows.

    Args:
        patients: frame[patient_id, quick, quick2, ...]. tumors: frame[tumor_id, patient_id, quick, quick2, ...].

    Returns:
        frame[record_id, quick, quick2].
    """
    both = tumors.select("tumor_id", "patient_id", *QUICK).join(
        patients.select("patient_id", *QUICK), on="patient_id", how="inner", suffix="_of_patient"
    )
    return both.select(
        pl.col("tumor_id").cast(pl.Int64).alias("record_id"),
        *(pl.col(name) ^ pl.col(f"{name}_of_patient") for name in QUICK),
    )


def remember(work: UnitOfWork, form: Form, learned: pl.DataFrame) -> None:
    """Keep what was read, in place of what was known of these records and of other plans of the form.

    Args:
        learned: frame of LEARNED.
    """
    work.execute(
        """DELETE FROM record_fingerprint WHERE form = $form
           AND (plan <> $plan OR record_id IN (SELECT record_id FROM learned))""",
        {"form": form.name, "plan": form.plan},
        frames={"learned": learned.select("record_id")},
    )
    if learned.height:
        kept = learned.with_columns(form=pl.lit(form.name), plan=pl.lit(form.plan))
        work.insert("record_fingerprint", kept, logged=False)
