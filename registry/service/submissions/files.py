"""The files of a submission: data, deletions, manifest and cover sheet, made in a folder that only we can read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from registry import submissions
from registry.service.submissions import choice, gate, records
from registry.service.submissions.choice import Chosen
from registry.service.submissions.kept import digest
from registry.service.submissions.preparing import counted
from registry.submissions import Written
from registry.submissions.sealing import SUFFIX

if TYPE_CHECKING:
    from registry.service.operations import Context


def data_file(context: Context, chosen: Chosen, path: Path) -> Written:
    """Write what goes, patients by patients, with the fingerprints of what was written."""
    going = chosen.going
    done, total = 0, going["patient_id"].n_unique()
    codes = choice.required_codes(context, chosen.wish)
    required = pl.DataFrame(
        {"item": list(codes), "code": list(codes.values())}, schema={"item": pl.String, "code": pl.String}
    )
    with submissions.submission_file(path, chosen.wish.request, required=required, hashes=True) as file:
        for patients, tumors, _ in records.pieces(context, chosen.wish, chosen.plan, going):
            context.progress("writing", done, total)
            file.add(patients, tumors)
            done += patients["patient_id"].n_unique()
    return file.written


def deletions(context: Context, chosen: Chosen, plain: Path) -> Path | None:
    """The list of records that the receiver is asked to delete, when there are some."""
    moved = records.renumbered(context, chosen.wish, chosen.going)
    gone = pl.concat([chosen.deleted.drop("change"), moved])
    if gone.is_empty():
        return None
    numbered = context.store.query(
        """SELECT g.record_id, a."accessionNumberHosp", coalesce(a."reportingFacility", g.facility_id) AS "reportingFacility"
           FROM gone g LEFT JOIN abstract a ON a.abstract_id = g.abstract_id ORDER BY g.record_id""",
        frames={"gone": gone.select("record_id", "abstract_id", "facility_id")},
    )
    rows = records.with_file_numbers(gone).join(
        numbered.cast({"record_id": pl.Int64}), on="record_id", how="left"
    )
    path = plain.with_name(plain.name + ".deletions.csv")
    submissions.write_deletions(path, rows)
    return path


def packed(plain: Path, name: str, key: bytes | None, deleted: Path | None) -> tuple[Path, dict[str, Any]]:
    """The file that leaves: the written one, zipped or encrypted; and what the manifest says of that."""
    path, told = plain, dict[str, Any]()
    if name.endswith(".zip"):
        path = submissions.zip_file(plain)
        plain.unlink()
        told |= {"zip_file": path.name, "zip_sha256": digest(path)}
    if key is not None:
        path = _encrypted(path, key)
        told |= {"sealed_file": path.name, "sealed_sha256": digest(path)}
        if deleted is not None:
            _encrypted(deleted, key)
    return path, told


def _encrypted(path: Path, key: bytes) -> Path:
    """The file as whoever has the key can open it; the plain one is gone."""
    sealed = path.with_name(path.name + SUFFIX)
    submissions.seal_file(path, key, sealed)
    path.unlink()
    return sealed


def papers(
    chosen: Chosen, written: Written, row: dict[str, Any], data: Path, packed: dict[str, Any]
) -> dict[str, Any]:
    """Manifest and cover sheet beside the data file, and the count letter of an exchange between states."""
    wish = chosen.wish
    edits = gate.asked_edits(wish.profile.edit_set, gate.carries(wish)) if wish.profile.edit_set else None
    held = counted(chosen.held, "reason", "detail")
    manifest = submissions.make_manifest(
        written,
        wish.request,
        plan=chosen.plan,
        changes=dict(counted(chosen.records, "change").iter_rows()) | ({"same": chosen.same} if wish.delta else {}),
        edits={
            "edit_set": wish.profile.edit_set, "edits": len(edits.ids) if edits else 0, "as_of": wish.day.isoformat(),
            "records_held_back": chosen.held.filter(pl.col("reason") == choice.EDITS)["record_id"].n_unique(),
        },
        extra={
            "submission": int(row["submission_id"]), "first_submission": row["first_submission_id"],
            "previous_submission": row["previous_submission_id"], "delta": wish.delta, "made_by": row["created_by"],
            "snapshot": row["data_digest"],
        },
    )  # fmt: skip
    manifest |= {
        **packed, "held_back": held.to_dicts(),
        "held_back_records": dict(counted(chosen.held, "reason").iter_rows()), "not_asked_for": chosen.outside,
    }  # fmt: skip
    texts = {
        ".manifest.json": submissions.as_text(manifest), ".cover.txt": submissions.cover_sheet(manifest),
        ".cover.html": submissions.cover_sheet_html(manifest),
    }  # fmt: skip
    if wish.profile.columns:
        texts[".coding.csv"] = submissions.coding_table(wish.profile)
    if wish.profile.split == "state":
        sender = f"central cancer registry of {wish.request.home_state}"
        texts[".letter.txt"] = submissions.count_letter(
            manifest, sender, f"central cancer registry of {wish.region}"
        )
    for ending, text in texts.items():
        data.with_name(data.name + ending).write_text(text, encoding="utf-8")
    return manifest


def kept_files(folder: Path, name: str) -> list[dict[str, Any]]:
    """The files made, the data file last: {name, bytes, sha256}."""
    found = sorted(folder.iterdir(), key=lambda path: (path.name == name, path.name))
    for path in found:
        path.chmod(0o600)
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    return [{"name": path.name, "bytes": path.stat().st_size, "sha256": digest(path)} for path in found]
