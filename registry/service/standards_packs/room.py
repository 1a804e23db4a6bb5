"""Next year's standard as one operation: compare it, install it with the records that it changes, take it back."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from registry.edits import pathchart
from registry.errors import BadInput, Conflict, NotFound
from registry.service.operations import Context, operation
from registry.service.standards_packs import conversion, in_use
from registry.service.standards_packs.conversion import KEYS, Carry, Changes
from registry.service.standards_packs.undo import take_back
from registry.staging import stage_groups
from registry.standards import installed, merging
from registry.standards.comparison import TableSet, compare_codes, compare_items, judged_otherwise
from registry.standards.tables import DATA
from registry.store import Store, UnitOfWork
from registry.store.schema import CORE_ITEMS

NEW_FAULTS: dict[str, Any] = {"item": pl.String, "code": pl.String, "values": pl.Int64, "records": pl.Int64}
STEPS = 5
LATEST = """SELECT pack_id, version, digest FROM standards_pack WHERE state = 'installed'
            ORDER BY pack_id DESC LIMIT 1"""


@operation("standards.list")
def list_standards(context: Context) -> pl.DataFrame:
    """Published tables of this database: the program's own (pack 0) and those installed, by pack.

    Returns:
        frame[pack_id, version, state (own, installed, undone), in_use, installed_at, installed_by, undone_at,
        undone_by, digest, records (stored values are in this version)].
    """
    packs = context.store.query(
        """SELECT pack_id, version, state, installed_at, installed_by, undone_at, undone_by, digest
           FROM standards_pack ORDER BY pack_id"""
    )
    own = {
        "pack_id": 0,
        "version": in_use.own_version(),
        "state": "own",
        "digest": installed.fingerprint(DATA),
    }
    rows = pl.concat([pl.DataFrame([own], schema_overrides={"pack_id": pl.Int64}), packs], how="diagonal")
    newest = packs.filter(pl.col("state") == "installed")["pack_id"].max()
    used = newest if installed.in_use() else 0
    records = pl.col("version") == in_use.records_version(context.store)
    return rows.with_columns(in_use=pl.col("pack_id") == used, records=records).select(
        *("pack_id", "version", "state", "in_use", "installed_at", "installed_by"),
        *("undone_at", "undone_by", "digest", "records"),
    )


@operation("standards.install", changes=True)
def install(context: Context, path: str | None = None, dry_run: bool = False) -> dict[str, Any]:
    """Add published files to the tables of this database: a folder as NAACCR gives them, one dictionary, the Cancer
    PathCHART list of a year (CSV), or stage groups that the registry has a licence for (CSV, or a staging algorithm).

    Stored values are converted to the newest version then. Without files only that is done: a newer program
    brings a version of its own, and the values are in the one before.

    Args:
        path: the folder, the dictionary or the list.
        dry_run: only say what would happen.

    Returns:
        {version, version_before (of the stored values), tables (names of those that change), changed, own (no new tables), pack_id, items, codes, converts, not_carried, new_faults, warnings}:
        frames of differences between the newest versions before and after, of values that convert or
        cannot be carried (records by item and table), and of values that only the new version judges
        faulty. `changed` is false when these files are installed already and the values are in their version.

    Raises:
        NotFound, BadInput: nothing here, no base dictionary, a broken one, or one older than what is in use.
    """
    _say(context, 0)
    before = installed.folder_in_use()
    old = TableSet(before, in_use.records_version(context.store))
    with tempfile.TemporaryDirectory(prefix="registry-standards-") as folder:
        new, content, digest = _newer(path, before, Path(folder))
        if new.version < old.version:
            what = f"NAACCR {new.version} is the newest version here, and the records are in {old.version}"
            raise BadInput("standards", what, "update the program")
        _say(context, 1)
        result: dict[str, Any] = {
            "version": new.version, "version_before": old.version,
            "changed": bool(content) or new.version != old.version, "own": not content,
            "tables": _other_tables(before, Path(folder)) if content else [], "dry_run": dry_run, "pack_id": None, "items": compare_items(old, new), "codes": compare_codes(old, new),
        }  # fmt: skip
        plan = conversion.carries(old, new, _columns(context.store)) if result["changed"] else []
        changes = conversion.convert(context.store.query, _present(context.store), plan)
        _say(context, 2)
        result["new_faults"] = new_faults(context.store, old, new, plan)
        result["warnings"] = _warnings(old, new) if content else []
    result["converts"] = changes.converted
    result["not_carried"] = pl.concat([changes.not_carried, _retired(context.store, old, new)])
    _say(context, 3)
    if dry_run:
        return result
    if not result["changed"]:
        with context.store.unit_of_work(context.actor.name, "install standard again") as work:
            work.log("standards_pack", new.version, "nothing to install", None, {"version": new.version})
        return result
    pack = {"version": new.version, "digest": digest, "content": content}
    result["pack_id"] = _write(context, pack, plan, result)
    in_use.reread(context.store)
    _say(context, STEPS)
    return result


_FURTHER = (
    (pathchart.is_list, pathchart.install),
    (stage_groups.is_table, stage_groups.install),
)
"""Tables that come in files of their own, beside the yearly dictionary and code lists."""


def _newer(path: str | None, before: Path, folder: Path) -> tuple[TableSet, bytes, str]:
    """The tables to be, packed (empty when they are those in use), and their fingerprint."""
    known = TableSet(before), b"", installed.fingerprint(before)
    if path is None:
        return known
    for is_one, install_one in _FURTHER:
        if is_one(Path(path)):
            merging.copy(before, folder)
            install_one(Path(path), folder)
            return _packed(folder, known)
    files = merging.published(Path(path))
    if files.newest < known[0].version:
        raise BadInput(
            path,
            f"holds NAACCR {files.newest}, older than {known[0].version}, which is in use",
            "name the folder of a newer version",
        )
    merging.merge(before, files, folder)
    _merge_recodes(files, folder)
    return _packed(folder, known)


def _other_tables(before: Path, folder: Path) -> list[str]:
    """Names of tables in a new folder that are new or say something else."""
    known = {path.name: path.read_bytes() for path in before.iterdir() if path.is_file()}
    return sorted(path.name for path in folder.iterdir() if known.get(path.name) != path.read_bytes())


def _packed(folder: Path, known: tuple[TableSet, bytes, str]) -> tuple[TableSet, bytes, str]:
    """The tables of a folder, or what is known when they are the same."""
    content, digest = installed.pack(folder)
    return known if digest == known[2] else (TableSet(folder), content, digest)


def _merge_recodes(files: merging.Published, out: Path) -> None:
    """The site recodes beside the standard's own tables, when they were published too and are others."""
    from registry.coding import build, reference

    if files.coding is None:
        return
    with tempfile.TemporaryDirectory(prefix="registry-standards-") as folder:
        build.build(files.coding.parent, Path(folder), partly=True)
        for path in sorted(Path(folder).iterdir()):
            if path.read_bytes() != reference.file(path.name).read_bytes():
                shutil.copyfile(path, out / path.name)


def _say(context: Context, done: int) -> None:
    context.progress("standards", done, STEPS)


def _present(store: Store | UnitOfWork) -> dict[str, tuple[str, ...]]:
    return {table: tuple(store.columns(table)) for table in KEYS}


def _columns(store: Store) -> conversion.Columns:
    """Which column of an abstract holds which item."""
    rows = store.query("SELECT column_name, number FROM item_column WHERE number IS NOT NULL ORDER BY 1")
    return conversion.Columns(store.columns("abstract"), dict(rows.iter_rows()))


def _write(context: Context, pack: dict[str, Any], plan: list[Carry], result: dict[str, Any]) -> int:
    """Install in one unit of work: the tables, the converted values with their log, the audit."""
    store = context.store
    latest = store.query(LATEST)
    for table, names in conversion.columns_needed(plan, _present(store)).items():
        store.ensure_columns(table, names)
    pack_id = store.new_ids("standards_pack", 1)[0]
    reason = (
        f"NAACCR {pack['version']} installed" if pack["content"] else f"carried to NAACCR {pack['version']}"
    )
    with store.unit_of_work(context.actor.name, "standards.install", reason=reason) as work:
        if not work.query(LATEST).equals(latest):
            raise Conflict("standards", "somebody else installed tables meanwhile", "do it again")
        changes = conversion.convert(work.query, _present(work), plan)
        result["converts"] = changes.converted
        detail = {
            "version_before": result["version_before"],
            "values": changes.log.height,
            "items": dict(result["items"].group_by("change").len().sort("change").iter_rows()),
            "carries": [[c.item, c.before, c.level, c.level_before, c.pad] for c in plan],
        }
        row = {
            **pack, "pack_id": pack_id, "detail": json.dumps(detail), "state": "installed",
            "installed_at": work.now, "installed_by": context.actor.name,
        }  # fmt: skip
        work.insert("standards_pack", pl.DataFrame([row]), logged=False)
        log = changes.log.with_columns(pack_id=pl.lit(pack_id, pl.Int64))
        if log.height:
            work.insert("standards_change", log, logged=False)
        _apply(work, changes, reason)
        context.progress("standards", 4, STEPS)
        was = {
            "version": result["version_before"],
            "digest": latest["digest"].to_list()[0] if latest.height else None,
        }
        now = {"version": pack["version"], "values": changes.log.height}
        work.log("standards", pack_id, "install", was, now, digest=pack["digest"])
    return pack_id


def _apply(work: UnitOfWork, changes: Changes, reason: str) -> None:
    """Write the rows, and the history of abstracts."""
    own = changes.log.filter(pl.col("entity") == "abstract")
    if own.height:
        versions = work.query(
            "SELECT abstract_id, version + 1 AS version FROM abstract SEMI JOIN touched USING (abstract_id) ORDER BY 1",
            frames={"touched": own.select(pl.col("entity_id").alias("abstract_id")).unique()},
        )
        history = own.join(versions, left_on="entity_id", right_on="abstract_id").select(
            pl.col("entity_id").alias("abstract_id"), "version", "item", "before", "after",
            changed_by=pl.lit(work.actor), changed_at=pl.lit(work.now), reason=pl.lit(reason),
        )  # fmt: skip
        work.insert("abstract_change", history.sort("abstract_id", "item"), logged=False)
    for table, rows in changes.rows.items():
        work.merge(table, rows)


# --- what would be different -----------------------------------------------------------------------------


def new_faults(store: Store, old: TableSet, new: TableSet, plan: list[Carry]) -> pl.DataFrame:
    """Stored values that the new version judges faulty and the old one did not.

    Every distinct value of the items whose length, type or code list changed is judged, as it will be stored;
    abstracts that are not void are counted.

    Returns:
        frame[item, code, values (distinct), records], by item and code.
    """
    carried = {carry.before: carry for carry in plan}
    columns = _columns(store)
    found = [pl.DataFrame(schema=NEW_FAULTS)]
    for item, before in judged_otherwise(old, new).items():
        column = columns.of(before, int(old.ids[before]["number"]))
        if column not in columns.present:
            continue
        values = store.query(
            f'SELECT "{column}" AS was, count(*) AS records FROM abstract '
            f"WHERE status <> 'void' AND \"{column}\" IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        padded = carried[column].padded(pl.col("was")) if column in carried else pl.col("was")
        values = values.with_columns(padded.alias("now"))
        known = _faults(old, before, values["was"], old.version)
        faulty = _faults(new, item, values["now"], old.version)
        again = values.join(known, left_on="was", right_on="value").select("now", "code")
        fresh = values.join(faulty, left_on="now", right_on="value").join(
            again, on=["now", "code"], how="anti"
        )
        counted = fresh.group_by("code").agg(
            values=pl.len().cast(pl.Int64), records=pl.col("records").sum().cast(pl.Int64)
        )
        found.append(counted.select(pl.lit(item).alias("item"), "code", "values", "records"))
    return pl.concat(found).sort("item", "code")


def _faults(tables: TableSet, item: str, values: pl.Series, version: str) -> pl.DataFrame:
    """Faults of distinct values by one set of tables: frame[value, code]."""
    from registry.formats.naaccr.judge import judge_pairs

    row = tables.ids[item]
    distinct = values.unique(maintain_order=True)
    pairs = pl.DataFrame({"value": distinct}).select(
        pl.lit(item).alias("item"), "value",
        length=pl.lit(int(row["length"]), pl.Int32), data_type=pl.lit(row["data_type"]),
        padding=pl.lit(row["padding"]), trim=pl.lit(row["trim"]), unlimited=pl.lit(row["unlimited"] == "true"),
    )  # fmt: skip
    formal = judge_pairs(pairs, version).filter(pl.col("code") != "code-list").select("value", "code")
    bare = pl.col("value").str.strip_chars()
    unlisted = pairs.filter((bare != "") & ~tables.allows(item, bare)).select(
        "value", code=pl.lit("code-list")
    )
    return pl.concat([formal, unlisted]).unique(maintain_order=True)


def _retired(store: Store, old: TableSet, new: TableSet) -> pl.DataFrame:
    """Values of items that the other version does not have: they stay in their columns."""
    columns = _columns(store)
    gone = [columns.of(row["id"], number) for number, row in old.items.items() if number not in new.items]
    gone = [name for name in gone if name in columns.present]
    if not gone:
        return pl.DataFrame(schema=conversion.NOT_CARRIED)
    counted = ", ".join(f'count("{name}") AS "{name}"' for name in gone)
    counts = store.query(f"SELECT {counted} FROM abstract WHERE status <> 'void'").row(0, named=True)
    reason = f"no item of NAACCR {new.version}: kept here, left out of its files"
    rows = [(name, "abstract", counts[name], reason) for name in gone if counts[name]]
    return pl.DataFrame(rows, schema=conversion.NOT_CARRIED, orient="row")


def _warnings(old: TableSet, new: TableSet) -> list[str]:
    """Changes that the program itself must follow: items that its own rules name."""
    named = _named()
    lines = []
    for number, was in old.items.items():
        now = new.items.get(number)
        update = ["rules of this program name it, update the program"] if was["id"] in named else []
        if now is None:
            lines += [f"{was['id']} is retired: {what}" for what in update]
        elif now["id"].casefold() == was["id"].casefold() and now["id"] != was["id"]:
            same = ["its column keeps its name, only capitals differ", *update]
            lines.append(f"{was['id']} is now {now['id']}: {'; '.join(same)}")
        elif now["id"] != was["id"]:
            lines += [f"{was['id']} is now {now['id']}: {what}" for what in update]
    return lines


def _named() -> set[str]:
    """Items that the store, the edits and the derivations of this program name."""
    from registry.coding.derivation import all_derivations
    from registry.edits.definition import all_edits

    rules = (item for edit in all_edits().values() for item in edit.items)
    inputs = (item for derivation in all_derivations().values() for item in derivation.inputs)
    return {*CORE_ITEMS["abstract"], *rules, *inputs}


# --- taking back -----------------------------------------------------------------------------------------


@operation("standards.undo", changes=True)
def undo(context: Context) -> dict[str, Any]:
    """Take the last installation back: its tables go out of use, the values it changed become what they were.

    Values that people edited since keep the edit (under the item's former id) and are listed.

    Returns:
        {pack_id, version (out of use now), version_now, own (only values were converted), restored (values), edited, not_carried}.

    Raises:
        NotFound: nothing is installed. BadInput: a newer program took the place of what was installed.
    """
    store = context.store
    latest = store.query(
        """SELECT pack_id, version, digest, detail, octet_length(content) = 0 AS own FROM standards_pack
           WHERE state = 'installed' ORDER BY pack_id DESC LIMIT 1"""
    )
    if latest.is_empty():
        raise NotFound(
            "standards", "nothing is installed here that could be taken back", "see `registry standards list`"
        )
    pack_id, version, digest, detail, own = latest.row(0)
    if installed.in_use() != (None if own else digest) or (own and version != in_use.own_version()):
        raise BadInput(
            "standards",
            f"NAACCR {version} is not in use any more: this program's own {in_use.own_version()} is newer",
            "there is no way back from a newer program",
        )
    carries = [
        Carry(item, column, level, earlier, pad=tuple(pad) if pad else None)
        for item, column, level, earlier, pad in json.loads(detail)["carries"]
    ]
    before = TableSet(installed.folder_in_use())
    log = store.query(
        'SELECT entity, entity_id, item, "before", "after" FROM standards_change WHERE pack_id = ? ORDER BY ALL',
        [pack_id],
    )
    reason = f"NAACCR {version} taken back"
    with store.unit_of_work(context.actor.name, "standards.undo", reason=reason) as work:
        if not work.query(LATEST).equals(latest.select("pack_id", "version", "digest")):
            raise Conflict("standards", "somebody else changed the tables meanwhile", "do it again")
        changes = take_back(work.query, _present(work), carries, log)
        work.execute(
            "UPDATE standards_pack SET state = 'undone', undone_at = ?, undone_by = ? WHERE pack_id = ?",
            [work.now, context.actor.name, pack_id],
        )
        _apply(work, changes, reason)
        after = {"values": changes.log.height, "edited": changes.edited.height}
        work.log("standards", pack_id, "undo", {"version": version, "digest": digest}, after)
    in_use.reread(store)
    now = TableSet(installed.folder_in_use(), in_use.records_version(store) if own else None)
    return {
        "pack_id": pack_id, "version": version, "version_now": now.version, "own": own, "restored": changes.log.height,
        "edited": changes.edited, "not_carried": pl.concat([changes.not_carried, _retired(store, before, now)]),
    }  # fmt: skip
