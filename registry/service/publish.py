"""Research snapshots: de-identified Parquet that notebooks and pictures read instead of the live file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.store import UnitOfWork

PROFILES = ("research", "public")


@operation("publish.snapshot", changes=True)
def snapshot(
    context: Context,
    out: str,
    profile: str = "research",
    study: str = "",
    as_of: str | None = None,
    kept_as: str | None = None,
) -> dict[str, Any]:
    """Write patients.parquet, tumors.parquet and manifest.json, de-identified, into a folder.

    Study numbers come from a key that stays outside the data; each study has others. Only columns on
    the profile's allow-list leave, no tumor whose origin restricts it (item 1856, receiver "research"), and nothing at
    all when an identifier is found in the files. Same data, profile, study and as-of date = same bytes.

    Args:
        out: the folder. kept_as: the folder that it will have in the end, when a job renames it; noted in its place.
        profile: "research" or "public". study: name for study numbers.
        as_of: day written into the manifest; default today.

    Returns:
        {snapshot, profile, patients, tumors, columns, report, held_back (reason → tumors), looked_through}.
    """
    from registry.security.allow_list import PROFILES as RULES
    from registry.service import release

    if profile not in PROFILES:
        raise BadInput("snapshot", f'"{profile}" is no profile', f"use {' or '.join(PROFILES)}")
    day = context.day(as_of)
    request = release.Request(RULES[profile], study=study, key=study or profile, as_of=day)
    with release.prepared(context, out, request) as released:
        manifest = released.manifest
        with context.store.unit_of_work(context.actor.name, "publish.snapshot") as work:
            record(work, Path(kept_as or out), manifest)
    columns = sorted({name for names in manifest["columns"].values() for name in names})
    return {
        "snapshot": str(Path(out)), "profile": profile, "patients": manifest["patients"], "tumors": manifest["tumors"],
        "columns": columns, "report": json.loads(json.dumps(manifest["report"], default=str)),
        "held_back": manifest["held_back"], "looked_through": released.looked_through,
    }  # fmt: skip


def record(work: UnitOfWork, folder: Path, manifest: dict[str, Any], agreement_id: str | None = None) -> int:
    """Note a release in the caller's unit of work; the same release into the same folder again keeps its row.

    Returns:
        Its snapshot_id.
    """
    digest = next(digest for name, digest in manifest["sha256"].items() if name.startswith("tumors"))
    earlier = work.query(
        """SELECT snapshot_id FROM snapshot WHERE path = ? AND sha256 = ? AND profile = ?
           AND agreement_id IS NOT DISTINCT FROM ? ORDER BY snapshot_id LIMIT 1""",
        [str(folder), digest, manifest["profile"], agreement_id],
    )
    if earlier.height:
        work.log("snapshot", earlier.item(), "the same again", None, {"sha256": digest})
        return int(earlier.item())
    number = work.new_ids("snapshot", 1)[0]
    row = {
        "snapshot_id": number, "name": folder.name, "path": str(folder), "profile": manifest["profile"],
        "patients": manifest["patients"], "tumors": manifest["tumors"],
        "sha256": digest,
        "created_by": work.actor, "agreement_id": agreement_id,
    }  # fmt: skip
    work.insert("snapshot", pl.DataFrame([row], schema_overrides={"agreement_id": pl.String}))
    return int(number)


@operation("snapshot.list")
def snapshots(context: Context) -> pl.DataFrame:
    """Snapshots and extracts so far, newest first."""
    return context.store.query(
        """SELECT snapshot_id, name, profile, agreement_id, patients, tumors, created_at, created_by FROM snapshot
           ORDER BY snapshot_id DESC"""
    )
