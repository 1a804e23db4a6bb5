"""Publication: de-identified snapshots for research, never the live file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.service import frames, sites
from registry.service.operations import Context, operation
from registry.version import __version__


@operation("publish.snapshot", changes=True)
def snapshot(
    context: Context, out: str, profile: str = "research", study: str = "", as_of: str | None = None
) -> dict[str, Any]:
    """Write patients.parquet, tumors.parquet and manifest.json, de-identified, into a folder.

    Study numbers come from a key that stays outside the data; each study has others. Only columns on
    the profile's allow-list leave. Same data, profile, study and as-of date = same bytes.

    Returns:
        {snapshot, profile, patients, tumors, columns, risk, files}.
    """
    from registry.security.deidentify import deidentify

    folder = Path(out)
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").exists():
        raise BadInput(folder.name, "is a folder with other files in it", "name a new folder")
    patients, tumors = frames.load(
        context, frames.every_item(context, "patient"), frames.every_item(context, "tumor")
    )
    day = context.day(as_of)
    safe_patients, safe_tumors, report = deidentify(
        patients, tumors, key=context.store.study_key(study or profile), profile=profile, study=study
    )
    safe_tumors = _with_groups(safe_tumors)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, frame in (("patients", safe_patients), ("tumors", safe_tumors)):
        path = folder / f"{name}.parquet"
        frame.write_parquet(path, compression="zstd")
        files[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = {
        "profile": profile, "as_of": day.isoformat(), "software": f"cancer-registry {__version__}",
        "synthetic": context.store.get_meta("synthetic") == "true", "patients": safe_patients.height,
        "tumors": safe_tumors.height,
        "columns": {"patients": safe_patients.columns, "tumors": safe_tumors.columns},
        "sha256": files, "report": report,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, default=str) + "\n")
    _record(context, folder, manifest)
    columns = sorted(set(safe_patients.columns) | set(safe_tumors.columns))
    return {
        "snapshot": str(folder), "profile": profile, "patients": safe_patients.height, "tumors": safe_tumors.height,
        "columns": columns, "report": json.loads(json.dumps(report, default=str)),
    }  # fmt: skip


def _with_groups(tumors: pl.DataFrame) -> pl.DataFrame:
    """Adds site_group, from columns that are published anyway."""
    return sites.with_site_group(tumors) if set(sites.ITEMS) <= set(tumors.columns) else tumors


def _record(context: Context, folder: Path, manifest: dict[str, Any]) -> None:
    with context.store.unit_of_work(context.actor.name, "publish.snapshot") as work:
        row = {
            "snapshot_id": work.new_ids("snapshot", 1)[0], "name": folder.name, "path": str(folder),
            "profile": manifest["profile"], "patients": manifest["patients"], "tumors": manifest["tumors"],
            "sha256": manifest["sha256"]["tumors.parquet"], "created_at": context.stamp, "created_by": context.actor.name,
        }  # fmt: skip
        work.insert("snapshot", pl.DataFrame([row]))


@operation("snapshot.list")
def snapshots(context: Context) -> pl.DataFrame:
    """Snapshots published so far, newest first."""
    return context.store.query(
        "SELECT snapshot_id, name, profile, patients, tumors, created_at, created_by FROM snapshot ORDER BY snapshot_id DESC"
    )
