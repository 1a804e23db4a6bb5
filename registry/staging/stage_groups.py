"""Stage groups for T, N and M: a place for a table that a registry has a licence for.

Nothing is shipped here, because the stage groups of the AJCC manuals are licensed. `install` turns a
CSV (`schemaId,T,N,M,group`, optional `basis` c or p) or an algorithm of SEER's staging-client format
that derives stage groups into `staging_groups.csv` in a folder of reference tables; from then on
`consistent` knows what the table says.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import polars as pl

from registry.errors import BadInput, NotFound
from registry.staging.algorithm import Algorithm, Json, read
from registry.staging.build import DATA
from registry.staging.schemas import schemas
from registry.standards import tables

GROUPS = "staging_groups.csv"
EXAMPLE = DATA / "staging_groups_example.csv"
"""The form of the table, with invented rows: categories that no manual has, in a schema without stages."""
COLUMNS = ("schemaId", "basis", "T", "N", "M", "group")
ANY = "*"

_CATEGORY = re.compile(r"^(?:[yra]*[cp])?[tnm]?(?=[\dxai])")
_ROMAN = re.compile(r"^(?:stage\s*)?(iv|i{1,3})(?![a-z]*[vx])")
_GROUP = re.compile(r"^[0-4]|^oc")
"""Groups of the manual; tables of the same form hold summary stages too."""
_NOT_STAGED = {"", "88", "90", "99"}

Row = tuple[str, str, str, str, str, str]


def category(text: str) -> str:
    """A T, N or M category without its letter and prefix, so that all spellings compare.

    >>> [category(one) for one in ("pT1a", "cM0(i+)", "T1A", "p1A", "ypTis", "pNX", "*")]
    ['1a', '0(i+)', '1a', '1a', 'is', 'x', '*']
    """
    return _CATEGORY.sub("", text.strip().lower())


def group(text: str) -> str:
    """A stage group in digits and small letters.

    >>> [group(one) for one in ("IIA", "2A", "Stage IVB", "0is", "OC", "IIIC1")]
    ['2a', '2a', '4b', '0is', 'oc', '3c1']
    """
    small = text.strip().lower()
    return _ROMAN.sub(lambda found: {"i": "1", "ii": "2", "iii": "3", "iv": "4"}[found[1]], small)


def install(source: Path, folder: Path) -> int:
    """Write the stage groups of a CSV or zip into a folder of reference tables; returns the rows.

    Raises:
        NotFound: there is no such file. BadInput: it holds no stage groups, or the folder is the
            package's own.
    """
    if folder.resolve() == DATA.resolve():
        raise BadInput(folder.name, "is the package's own folder", "install licensed tables elsewhere")
    if not source.is_file():
        raise NotFound(source.name, "the stage groups are not there")
    rows = sorted({*(_of_zip(read(source)) if source.suffix == ".zip" else _of_csv(source))})
    if not rows:
        raise BadInput(source.name, "holds no stage groups", f"give the columns {', '.join(COLUMNS)}")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / GROUPS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    groups.cache_clear()
    return len(rows)


def is_table(path: Path) -> bool:
    """Whether a file is a table of stage groups (by its header), or a zip that may be an algorithm with them."""
    if not path.is_file():
        return False
    if path.suffix.lower() != ".csv":
        return path.suffix.lower() == ".zip"
    with path.open("rb") as file:
        header = file.readline(1 << 16).decode("utf-8-sig", errors="replace")
    return {*COLUMNS} - {"basis"} <= {cell.strip() for cell in header.split(",")}


def _of_csv(source: Path) -> Iterator[Row]:
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {*COLUMNS} - {"basis"} - {*(reader.fieldnames or ())}
        if missing:
            raise BadInput(source.name, f"lacks the columns {', '.join(sorted(missing))}")
        for line in reader:
            t, n, m = (category(line[column] or "") for column in "TNM")
            yield (line["schemaId"] or ""), (line.get("basis") or ""), t, n, m, group(line["group"] or "")


def _of_zip(algorithm: Algorithm) -> Iterator[Row]:
    """Rows of every table that maps T, N and M to a stage group; other inputs count as not known."""
    for schema, one in algorithm.schemas.items():
        number = _number(one, schema)
        for name in one.get("involved_tables", ()) if number else ():
            table = algorithm.tables.get(name, {})
            keys = _stage_table(table)
            if keys:
                basis = next((b for b, word in (("c", "clin"), ("p", "path")) if word in name), "")
                for row in algorithm.rows(name):
                    cells = {column: row.get(key, "") for column, key in keys.items()}
                    yield from _rows(number, basis, cells)


def _number(schema: Json, name: str) -> str:
    outputs = {one.get("naaccr_xml_id"): one.get("default") for one in schema.get("outputs", ())}
    known = next((one.schema_id for one in schemas() if one.id == name), "")
    return str(outputs.get("schemaId") or known)


def _stage_table(table: Json) -> dict[str, str]:
    """Columns for T, N, M and the group, empty when the table is none of stage groups."""
    found: dict[str, str] = {}
    for column in table.get("definition", ()):
        key, kind = column["key"].lower(), column["type"]
        last = key.rpartition("_")[2]
        if kind == "INPUT" and last in ("t", "n", "m"):
            found[last.upper()] = column["key"]
        if kind == "ENDPOINT" and ("stage" in key or "group" in key):
            found["group"] = column["key"]
    return found if len(found) == len("TNM") + 1 else {}


def _rows(number: str, basis: str, cells: Mapping[str, str]) -> Iterator[Row]:
    kind, _, value = cells["group"].partition(":")
    if kind != "VALUE" or not _GROUP.match(group(value)):
        return
    for t in _values(cells["T"]):
        for n in _values(cells["N"]):
            for m in _values(cells["M"]):
                yield number, basis, t, n, m, group(value)


def _values(cell: str) -> Iterable[str]:
    return [ANY if part.strip() == ANY else category(part) for part in cell.split(",")]


@cache
def groups() -> dict[tuple[str, str], list[tuple[str, str, str, str]]]:
    """Rows (T, N, M, group) by schema number and basis: the installed ones and the invented example."""
    found: dict[tuple[str, str], list[tuple[str, str, str, str]]] = {}
    for path in (EXAMPLE, tables.find(GROUPS)):
        rows = pl.read_csv(path, infer_schema=False).fill_null("").rows() if path.is_file() else []
        for number, basis, *row in rows:
            found.setdefault((number, basis), []).append((row[0], row[1], row[2], row[3]))
    return found


def stage_groups(schema_id: str, t: str, n: str, m: str, *, basis: str = "p") -> set[str]:
    """Groups that the installed table gives; empty when it has no answer.

    Args:
        schema_id: five digits.
        t, n, m: categories in any spelling.
        basis: p (pathological) or c (clinical); rows without a basis count for both.
    """
    rows = [*groups().get((schema_id, basis), ()), *groups().get((schema_id, ""), ())]
    for shorter in (False, True):
        wanted = [_short(category(one)) if shorter else category(one) for one in (t, n, m)]
        found = {
            row[3]
            for row in rows
            if all(have in (ANY, want) for have, want in zip(row, wanted, strict=False))
        }
        if found:
            return found
    return set()


def _short(text: str) -> str:
    """Without what stands in brackets: is(dcis) → is."""
    return text.partition("(")[0]


def consistent(schema_id: pl.Expr, t: pl.Expr, n: pl.Expr, m: pl.Expr, stage: pl.Expr) -> pl.Expr:
    """Whether the installed table gives this pathological group for T, N, M; null when it cannot say.

    Args:
        schema_id, t, n, m, stage: text columns as NAACCR writes them.
    """
    key = pl.concat_str([schema_id, t, n, m, stage], separator="|")
    return key.map_batches(_verdicts, return_dtype=pl.Boolean)


def _verdicts(keys: pl.Series) -> pl.Series:
    known = {key: _verdict(*key.split("|")) for key in keys.unique().drop_nulls() if key.count("|") == 4}
    return pl.Series(keys.name, [known.get(key) for key in keys], dtype=pl.Boolean)


def _verdict(schema_id: str, t: str, n: str, m: str, stage: str) -> bool | None:
    if stage in _NOT_STAGED:
        return None
    found = stage_groups(schema_id, t, n, m) - _NOT_STAGED
    return group(stage) in found if found else None
