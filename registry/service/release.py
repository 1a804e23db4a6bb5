"""What every release of research data goes through: restriction, de-identification, writing, the last look, the name.

Files are written into a folder beside the wanted one, looked through byte for byte, and get their name only when nothing
was found: there is never half a release, and never one with an identifier in it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from registry import standards
from registry.coding.recodes import site_groups as sites
from registry.errors import BadInput
from registry.security import allow_list, extracts, identifiers, restriction, scan
from registry.security.allow_list import Profile
from registry.security.deidentify import deidentify
from registry.security.risk import held_back_items
from registry.service import frames
from registry.service.operations import Context
from registry.service.processes import is_running
from registry.service.release_derived import with_derived
from registry.standards import dates
from registry.version import __version__

OURS = "manifest.json"
LOOKED_FOR = [*(kind.name for kind in identifiers.KINDS), "full dates", "our own numbers"]


@dataclass(frozen=True)
class Request:
    """What is to be released.

    Args:
        profile: how much detail.
        study: each study has its own study numbers.
        key: name of the secret that they come from.
        as_of: day written into the manifest.
        suffix: ".parquet" or ".csv".
        recipient: for the rules on item 1856, "research" or "research:<agreement>".
        first_year, last_year, state: only tumors diagnosed then, of residents of that state.
        counts: also a table of counts that may be published.
        facts: further lines of the manifest (agreement, legal basis).
    """

    profile: Profile
    study: str
    key: str
    as_of: dt.date
    suffix: str = ".parquet"
    recipient: str = "research"
    first_year: int | None = None
    last_year: int | None = None
    state: str | None = None
    counts: bool = False
    facts: dict[str, Any] | None = None


@dataclass(frozen=True)
class Released:
    """A release that waits for its name.

    Attributes:
        manifest: as written.
        patient_ids: our numbers of the patients in it, never written.
        looked_through: what the last look covered.
    """

    manifest: dict[str, Any]
    patient_ids: pl.Series
    looked_through: dict[str, Any]


@contextlib.contextmanager
def prepared(context: Context, out: str, request: Request) -> Iterator[Released]:
    """Write a release and give it its name at the end of the block; an error in between leaves nothing behind.

    Raises:
        BadInput: the folder holds other files, or the last look found an identifier.
    """
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / OURS).exists())):
        raise BadInput(folder.name, "is not empty and holds no release", "name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    parts = folder.parent / f".{folder.name}.{os.getpid()}.part"
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(mode=0o700)
    try:
        released = _write(context, parts, request)
        yield released
        _give_name(parts, folder)
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Clear what a killed process left beside the folder; a release that it had moved aside comes back."""
    for left in sorted(folder.parent.glob(f".{glob.escape(folder.name)}.*")):
        pid, _, kind = left.name.removeprefix(f".{folder.name}.").partition(".")
        if not pid.isdigit() or kind not in {"part", "old"} or _belongs_to_another(int(pid)):
            continue
        if kind == "old" and not folder.exists():
            left.rename(folder)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _belongs_to_another(pid: int) -> bool:
    return pid != os.getpid() and is_running(pid)


def _give_name(parts: Path, folder: Path) -> None:
    old = folder.parent / f".{folder.name}.{os.getpid()}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    try:
        parts.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write(context: Context, folder: Path, request: Request) -> Released:
    rule = request.profile
    patients, tumors, held_back = _selected(context, request)
    tumors = with_derived(context, patients, tumors, request.as_of)
    people, cases, report = deidentify(
        patients, tumors, key=context.store.study_key(request.key), profile=rule, study=request.study
    )
    cases = _with_groups(cases, rule)
    files = [(f"patients{request.suffix}", people), (f"tumors{request.suffix}", cases)]
    if request.counts:
        files.append(("counts.csv", extracts.published_counts(people, cases)))
    digests = {}
    for name, frame in files:
        path = folder / name
        scan.write(frame, path, path.suffix)
        path.chmod(0o600)
        digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    held, further = held_back_items(
        {*context.store.columns("patient"), *context.store.columns("tumor")}, rule
    )
    manifest = {
        "profile": rule.name, "as_of": request.as_of.isoformat(), "software": f"cancer-registry {__version__}",
        "synthetic": context.store.get_meta("synthetic") == "true", "patients": people.height, "tumors": cases.height,
        "columns": {name.partition(".")[0]: frame.columns for name, frame in files}, "sha256": digests,
        **(request.facts or {}), "held_back": held_back,
        "report": report | {"columns_held_back": held, "further_columns_held_back": further},
        "looked_for": LOOKED_FOR,
    }  # fmt: skip
    text = json.dumps(manifest, indent=1, default=str) + "\n"
    (folder / OURS).write_text(text, encoding="utf-8")
    (folder / OURS).chmod(0o600)
    return Released(manifest, patients["patient_id"], _looked_through(context, folder, rule))


def _selected(context: Context, request: Request) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    """Patients and tumors asked for that may leave, and how many tumors may not, by reason."""
    patient_items, tumor_items = allow_list.sources()
    patients, tumors = frames.load(
        context,
        [item for item in patient_items if item in context.store.columns("patient")],
        [item for item in tumor_items if item in context.store.columns("tumor")],
    )
    wanted = pl.repeat(True, tumors.height, eager=True)
    if request.state:
        wanted &= (_column(tumors, "addrAtDxState") == request.state.upper()).fill_null(False)
    if request.first_year is not None or request.last_year is not None:
        year = tumors.select(dates.year("dateOfDiagnosis")).to_series()
        first, last = request.first_year or 0, request.last_year or 9999
        wanted &= year.is_between(first, last).fill_null(False)
    without = patients.join(tumors.select("patient_id").unique(), on="patient_id", how="anti")
    narrowed = not wanted.all()
    tumors = tumors.filter(wanted)
    rules = restriction.with_own(context.store.query("SELECT * FROM restriction_rule ORDER BY ALL"))
    reasons = restriction.held_back(_column(tumors, restriction.ITEM), request.recipient, rules)
    counted = reasons.drop_nulls().value_counts().sort(reasons.name).rows()
    tumors = tumors.filter(reasons.is_null())
    kept = tumors.select("patient_id").unique()
    if not narrowed:
        kept = pl.concat([kept, without.select("patient_id")])
    patients = patients.join(kept, on="patient_id", how="semi", maintain_order="left")
    return patients, tumors.drop(restriction.ITEM, strict=False), dict(counted)


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    return (
        frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    )


def _with_groups(cases: pl.DataFrame, rule: Profile) -> pl.DataFrame:
    """Adds site_group, from columns that are released anyway."""
    if not set(sites.ITEMS) <= set(cases.columns) or not rule.releases("site_group"):
        return cases
    return cases.with_columns(sites.with_site_group(cases.select(sites.ITEMS))["site_group"])


def _looked_through(context: Context, folder: Path, rule: Profile) -> dict[str, Any]:
    """Look through all files of a release.

    Raises:
        BadInput: an identifier, a full date or a value of another shape is in it: which file, column and kind.
    """
    shapes = allow_list.shapes(rule) | extracts.COUNT_SHAPES
    words = extracts.published_words(sites.group_names().values())
    own = {
        *shapes,
        *standards.all_items()["id"],
        *allow_list.PROFILES,
        "months",
        "shifted",
        "full",
        *LOOKED_FOR,
    }
    found = scan.read(folder, shapes, words, days_allowed=rule.dates != "months", own_texts=own)
    hits = list(found.hits)
    kinds = 0
    for name, how, values in _known(context):
        kinds += 1
        hits += found.look_up(name, how, values)
    if hits:
        shown = "; ".join(str(hit) for hit in dict.fromkeys(hits[:5]))
        raise BadInput(
            "release", f"refused, nothing was written: {shown}", "report this: the allow list let it pass"
        )
    return {"bytes": found.bytes, "lookups": kinds, "hits": 0}


def _known(context: Context) -> Iterator[tuple[str, str, pl.Series]]:
    """The registry's identifiers, a column at a time: kind, how to look for them, values."""
    for kind in identifiers.KINDS:
        for item in kind.items:
            for table in ("patient", "tumor", "abstract"):
                if item in context.store.columns(table):
                    yield kind.name, kind.how, _values(context, table, f'"{item}"')
    for table, column in identifiers.OWN_NUMBERS:
        yield "our own numbers", "number", _values(context, table, f"CAST({column} AS VARCHAR)")


def _values(context: Context, table: str, column: str) -> pl.Series:
    found = context.store.query(f"SELECT DISTINCT {column} AS value FROM {table} WHERE {column} IS NOT NULL")
    values = found["value"]
    return values.filter(~values.str.to_uppercase().is_in(sorted(identifiers.NOBODYS)))
