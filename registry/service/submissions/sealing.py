"""Sealing: the files of a validated submission are written once, all or none, and never change after."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry import submissions
from registry.errors import BadInput, Conflict
from registry.service.operations import Context, operation
from registry.service.processes import is_running
from registry.service.submissions import choice
from registry.service.submissions import files as files_of
from registry.service.submissions.choice import Chosen
from registry.service.submissions.kept import find, require_version
from registry.service.submissions.preparing import event, require_key
from registry.submissions import Written

FOLDER: Final = "submissions"
"""Beside the database, when no folder is named."""
JOURNAL: Final = "named.json"
"""In the folder of a run: the names that it is about to give."""
ENDINGS: Final = (".xml", ".csv", ".tsv", ".gz", ".zip")


@operation("submission.seal", changes=True)
def seal(
    context: Context,
    submission_id: int,
    out: str | None = None,
    file_key: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Write the files of a validated submission. Sealing a sealed one again writes the same bytes.

    Args:
        out: a folder, or the data file's name (.xml, .xml.gz, .xml.zip, .csv, .tsv); the folder `submissions` beside the
            database when absent.
        file_key: file that holds the key of profiles whose files leave encrypted.

    Returns:
        {submission_id, state, version, folder, files: [{name, bytes, sha256}]}.

    Raises:
        NotFound: not in scope. BadInput: it cannot be sealed, with what is wrong. Conflict: records changed since it was
        prepared, or somebody was faster.
    """
    row = find(context, submission_id)
    require_version(row, expected_version)
    if row["state"] not in ("VALIDATED", "SEALED"):
        why = "; ".join(json.loads(row["problems"] or "[]")) or f"is {row['state']}"
        raise BadInput(f"submission {submission_id}", f"cannot be sealed: {why}", "prepare it again")
    return write(context, row, choice.kept(context, row), out, file_key)


def write(
    context: Context, row: dict[str, Any], chosen: Chosen, out: str | None, file_key: str | None
) -> dict[str, Any]:
    """Write the files of a choice that was kept as `row`, and mark it as sealed."""
    submission_id = int(row["submission_id"])
    folder, name = _place(context, chosen, submission_id, out)
    key = _key(chosen, file_key)
    with _beside(context, folder, submission_id) as made:
        plain = made / name.removesuffix(".zip")
        written = files_of.data_file(context, chosen, plain)
        _require_same(chosen, written, submission_id)
        if written.errors:
            _refuse(context, row, written)
        deleted = files_of.deletions(context, chosen, plain)
        data, packed = files_of.packed(plain, name, key, deleted)
        manifest = files_of.papers(chosen, written, row, data, packed)
        files = files_of.kept_files(made, data.name)
        _require_same_bytes(row, files)
        with _moved(made, folder, submission_id, [file["name"] for file in files]):
            version = _mark(context, row, folder, files, manifest)
    return {
        "submission_id": submission_id, "state": "SEALED", "version": version, "folder": str(folder), "files": files,
    }  # fmt: skip


def _place(context: Context, chosen: Chosen, submission_id: int, out: str | None) -> tuple[Path, str]:
    ending = {"naaccr_xml": ".xml", "csv": ".csv", "tsv": ".tsv"}[chosen.wish.profile.format]
    region = f"-{chosen.wish.region}" if chosen.wish.profile.split else ""
    name = f"{chosen.wish.profile.id}{region}-{submission_id}{ending}"
    if out is None:
        folder = context.store.path.parent / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder, name
    path = Path(out)
    if path.suffix in ENDINGS and not path.is_dir():
        folder, name = path.parent, path.name
        if ending not in path.suffixes:
            raise BadInput(path.name, f"this profile writes {ending}", f"name it something{ending}")
        if not folder.is_dir():
            raise BadInput(str(folder), "there is no such folder", "make it, or name another")
        return folder, name
    if not path.parent.is_dir() or (path.exists() and not path.is_dir()):
        raise BadInput(
            path.name, "is no folder and cannot become one", "name a folder, or a file ending with .xml"
        )
    path.mkdir(mode=0o700, exist_ok=True)
    return path, name


def _key(chosen: Chosen, file_key: str | None) -> bytes | None:
    require_key(chosen.wish.profile, file_key)
    return submissions.read_key(Path(file_key)) if chosen.wish.profile.encrypted and file_key else None


@contextlib.contextmanager
def _beside(context: Context, folder: Path, submission_id: int) -> Iterator[Path]:
    """A folder that only we can read, on the same disk as the target; what killed processes left there goes away."""
    for left in folder.glob(".submission-*-*-*"):
        owner = left.name.split("-")[2]
        if owner.isdigit() and not is_running(int(owner)):
            _take_back(context, left, folder)
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f".submission-{submission_id}-{os.getpid()}-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _take_back(context: Context, left: Path, folder: Path) -> None:
    """Files that a killed process had named, and whose submission it had not marked as sealed, go again."""
    try:
        journal = json.loads((left / JOURNAL).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # killed before it gave any name
        return
    marked = context.store.query(
        "SELECT 1 FROM submission WHERE submission_id = ? AND sealed_at IS NOT NULL",
        [journal["submission_id"]],
    )
    if marked.is_empty():
        for name in journal["names"]:
            (folder / name).unlink(missing_ok=True)


def _require_same(chosen: Chosen, written: Written, submission_id: int) -> None:
    """What was written is what was compared and judged."""
    hashes = ["record_hash", "record_hash2"]
    wanted = chosen.going.select("record_id", *hashes).sort("record_id")
    assert written.hashes is not None
    there = written.hashes.select(pl.col("tumor_id").alias("record_id"), *hashes).sort("record_id")
    if not wanted.equals(there.cast(wanted.schema)):
        raise Conflict(
            f"submission {submission_id}", "records changed since it was prepared", "prepare it again"
        )


def _refuse(context: Context, row: dict[str, Any], written: Written) -> None:
    """Values that the dictionary refuses: the submission becomes a draft that says so."""
    bad = written.faults.filter(pl.col("severity") == "error")
    named = ", ".join(f"{item or 'the file'} ({n:,})" for item, n in bad.group_by("item").agg(pl.col("count").sum()).sort("item").iter_rows())  # fmt: skip
    problem = f"values that the dictionary does not allow: {named}"
    with context.store.unit_of_work(context.actor.name, "submission.seal") as work:
        changes = {"state": "DRAFT", "problems": json.dumps([problem])}
        work.update("submission", int(row["submission_id"]), changes, expected_version=row["version"])
        event(context, work, int(row["submission_id"]), "DRAFT", problem)
    raise BadInput(f"submission {row['submission_id']}", problem, "correct the records and prepare it again")


def _require_same_bytes(row: dict[str, Any], files: list[dict[str, Any]]) -> None:
    """A sealed submission is written again only as it was."""
    if row["state"] != "SEALED":
        return
    before = {file["sha256"] for file in json.loads(row["files"])}
    if not before <= {file["sha256"] for file in files}:
        raise Conflict(
            f"submission {row['submission_id']}",
            "its files would differ from those sealed",
            "prepare it again",
        )


@contextlib.contextmanager
def _moved(source: Path, target: Path, submission_id: int, names: list[str]) -> Iterator[None]:
    """Give files their names; when what follows fails, those that were not there before are gone again."""
    there = {name for name in names if (target / name).exists()}
    new = {"submission_id": submission_id, "names": sorted(set(names) - there)}
    (source / JOURNAL).write_text(json.dumps(new), encoding="utf-8")
    try:
        for name in names:
            (source / name).replace(target / name)
        folder = os.open(target, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        yield
    except BaseException:
        for name in set(names) - there:
            (target / name).unlink(missing_ok=True)
        raise


def _mark(
    context: Context, row: dict[str, Any], folder: Path, files: list[dict[str, Any]], manifest: dict[str, Any]
) -> int:
    submission_id, data = int(row["submission_id"]), files[-1]
    changes = {
        "state": "SEALED", "files": json.dumps(files), "folder": str(folder.resolve()), "file_name": data["name"],
        "sha256": data["sha256"], "manifest": json.dumps(manifest, sort_keys=True), "sealed_at": row["sealed_at"] or context.stamp,
        "changed_at": context.stamp, "changed_by": context.actor.name,
    }  # fmt: skip
    with context.store.unit_of_work(
        context.actor.name, "submission.seal", facility_id=row["facility_id"]
    ) as work:
        version = work.update("submission", submission_id, changes, expected_version=row["version"])
        event(context, work, submission_id, "SEALED", data["name"])
    return version
