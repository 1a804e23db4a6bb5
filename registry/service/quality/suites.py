"""Small frames of counts for the nightly suites, which judge in a process of their own and cannot open the registry."""

from __future__ import annotations

import polars as pl

from registry.service.operations import Context, operation

NEWEST_LOADS = 100


@operation("quality.suite_frames")
def suite_frames(context: Context, folder: str, as_of: str | None = None) -> dict[str, int]:
    """Write the frames that the suites judge into a folder, as Parquet; see `registry.quality.suite_frames`.

    Args:
        folder: where to; made when it is not there.
        as_of: the day of judgement; today when absent.

    Returns:
        Rows of each frame by its name.
    """
    from registry.quality import suite_frames as small_frames
    from registry.quality import write_suite_frames
    from registry.service.quality.room import _judged

    context.require_central("quality.suite_frames")
    patients, tumors = _judged(context)
    made = small_frames(
        patients, tumors, context.day(as_of), failures=_failures(context), loads=_loads(context)
    )
    return write_suite_frames(made, folder)


def _failures(context: Context) -> pl.DataFrame | None:
    """Failures that are not fixed, own and official; None when the edits were never run."""
    if not context.store.query("SELECT count(*) FROM edit_run WHERE kind = 'own'").item():
        return None
    return context.store.query(
        """SELECT tumor_id, facility_id, edit, severity, state, source FROM edit_failure
           WHERE state <> 'fixed' ORDER BY failure_id"""
    ).with_columns(pl.col("tumor_id").cast(pl.Int64))


def _loads(context: Context) -> pl.DataFrame:
    """The newest loads of records; what is set aside was received, too."""
    return context.store.query(
        """SELECT load_id AS load, tumors + quarantined AS received, accepted + duplicates AS loaded, quarantined
           FROM load WHERE kind = 'naaccr-xml' AND finished_at IS NOT NULL ORDER BY load_id DESC LIMIT ?""",
        [NEWEST_LOADS],
    ).sort("load")
