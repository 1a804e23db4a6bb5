"""What a new version of an algorithm or of its tables changes: derive twice, compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from registry import standards
from registry.coding import reference
from registry.coding.derivation import Derivation, all_derivations, find
from registry.coding.deriving import derive
from registry.errors import BadInput, NotFound
from registry.standards import tables

PACKAGE = "package"
"""Name of the tables that came with this program."""

_CODES = {"primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"}
_YEARS = ("1985", "1995", "2001", "2005", "2010", "2015", "2018", "2021", "2024")
"""One year of each era that the recodes tell apart."""


@dataclass(frozen=True)
class Comparison:
    """What changed.

    Attributes:
        rows: records compared.
        changed: records of which at least one output changes.
        changes: one row a distinct combination and output: `output, before, after, records`, then the
            inputs; sorted by output, before, after, inputs.
        left_out: derivations that could not be compared, because their inputs were not given.
    """

    rows: int
    changed: int
    changes: pl.DataFrame
    left_out: list[str]

    def summary(self) -> pl.DataFrame:
        """Records by `output, before, after`, most first, then by those three."""
        grouped = self.changes.group_by("output", "before", "after").agg(records=pl.col("records").sum())
        return grouped.sort(
            "records", "output", "before", "after", descending=[True, False, False, False], nulls_last=True
        )


def compare(
    before: str,
    after: str,
    ids: Sequence[str] = (),
    frame: pl.DataFrame | None = None,
    as_of: dt.date | None = None,
) -> Comparison:
    """Derive with two versions and list what differs.

    Args:
        before, after: two derivation ids (compared output by output, in their order), or two sets of
            tables: a folder as `registry standards build --out` writes it, or `package`.
        ids: derivations to compare when tables are compared; all when empty.
        frame: tumors, columns NAACCR XML ids; without it every legal site and morphology in a year of
            each era, which does for recodes of them.
        as_of: as for `derive`.

    Raises:
        NotFound: a folder or derivation is not there. BadInput: nothing that can be compared.

    >>> found = compare("seer-site-recode-2003", "seer-site-recode-2003-without-km")
    >>> found.summary().select("before", "after").row(0)
    ('36010', '37000')
    """
    every = all_derivations()
    if before in every and after in every:
        pairs = [(every[before], every[after])]
        sides: tuple[Path | None, Path | None] = (None, None)
    else:
        pairs = [(one, one) for one in (find(ids) if ids else every.values())]
        sides = (_folder(before, after), _folder(after, before))
    tumors = frame if frame is not None else _all_codes()
    known = {*tumors.columns, *(["sex"] if "sexAssignedAtBirth" in tumors.columns else [])}
    usable = [pair for pair in pairs if {*pair[0].inputs, *pair[1].inputs} <= known]
    left_out = sorted({one.id for pair in pairs if pair not in usable for one in pair})
    if not usable:
        raise BadInput(
            "derive compare",
            f"nothing can be compared: {', '.join(left_out)} need more items",
            "give --input",
        )
    with _tables(sides[0]):
        old = derive(tumors, [one.id for one, _ in usable], as_of=as_of)
    with _tables(sides[1]):
        new = derive(tumors, [one.id for _, one in usable], as_of=as_of)
    return _differences(usable, old, new, left_out)


def _differences(
    pairs: Sequence[tuple[Derivation, Derivation]], old: pl.DataFrame, new: pl.DataFrame, left_out: list[str]
) -> Comparison:
    parts, touched = [], pl.repeat(value=False, n=old.height, dtype=pl.Boolean, eager=True)
    for first, second in pairs:
        inputs = list(dict.fromkeys([*first.inputs, *second.inputs]))
        for was, now in zip(first.outputs, second.outputs, strict=False):
            differs = old.get_column(was).ne_missing(new.get_column(now))
            touched = touched | differs
            rows = old.select(
                pl.lit(now).alias("output"),
                pl.col(was).alias("before"),
                new.get_column(now).alias("after"),
                *[pl.col(item).cast(pl.String) for item in inputs if item in old.columns],
            ).filter(differs)
            keys = rows.columns
            parts.append(rows.group_by(keys).agg(records=pl.len().cast(pl.Int64)).sort(keys, nulls_last=True))
    changes = pl.concat(parts, how="diagonal")
    front = ["output", "before", "after", "records"]
    rest = [name for name in changes.columns if name not in front]
    return Comparison(old.height, int(touched.sum()), changes.select(*front, *rest), left_out)


def _folder(text: str, other: str) -> Path | None:
    """The folder of a side; None = the package's tables. `other` is the other side, which may be the one misspelt."""
    if text == PACKAGE:
        return None
    folder = Path(text)
    if not folder.is_dir():
        wrong = other if text in all_derivations() else text
        raise NotFound(
            wrong, "is no derivation, nor a folder of reference tables", "see `registry derive list`"
        )
    folder = folder / "coding" if (folder / "coding").is_dir() else folder
    known = reference.table("coding_tables.csv").get_column("name").to_list()
    if not any((folder / name).is_file() for name in known):
        raise BadInput(text, "holds no tables", "make them with `registry standards build`")
    return folder


@contextmanager
def _tables(folder: Path | None) -> Iterator[None]:
    """Use a folder's tables before the package's, and no installed ones, for the length of a block."""
    kept = list(tables.FOLDERS[:-1])
    tables.use(*([folder] if folder else []))
    try:
        yield
    finally:
        tables.use(*kept)


def _all_codes() -> pl.DataFrame:
    """Every site with every histology and behavior of any edition, in a year of each era."""
    sites = standards.topography().select(primarySite="code")
    codes = standards.morphology().select(histologicTypeIcdO3="code", behaviorCodeIcdO3="behavior")
    years = pl.DataFrame({"dateOfDiagnosis": _YEARS})
    every = codes.unique().sort("histologicTypeIcdO3", "behaviorCodeIcdO3")
    return sites.join(every, how="cross").join(years, how="cross")
