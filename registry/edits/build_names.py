"""Makes the table of first names that are almost always one sex, from the published counts of births.

The United States Social Security Administration publishes, for each year of birth since 1880, how many
children of either sex were given a name (`yob1950.txt`: name, F or M, children; names given to fewer
than five of a sex in a year are left out). `data/first_names.csv.gz` says in runs of decades of which sex
over 99 % of a name's bearers are.
"""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from registry.errors import NotFound

NAME = "first_names.csv.gz"
TABLE = Path(__file__).parent / "data" / NAME
SHARE = 0.99
"""More than this share of the bearers must be of one sex."""
ENOUGH = 1_000
"""Children in a decade from which the decade speaks for itself."""
ENOUGH_EVER = 5_000
"""Children in all decades from which they speak for a decade with few."""

_YEAR = re.compile(r"yob(\d{4})\.txt$")


def build(shared: Path, out: Path = TABLE.parent, *, partly: bool = False) -> dict[str, int]:
    """Write the table from `coding/names/ssa` (the `yob*.txt` files or the published `names.zip`).

    Args:
        shared: folder of the published files.
        out: folder of the table.
        partly: leave the table alone when the files are absent.

    Returns:
        The table's rows by its name.

    Raises:
        NotFound: the files are not there, unless `partly`.
    """
    folder = shared / "coding" / "names" / "ssa"
    years = list(_published(folder)) if folder.is_dir() else []
    if not years:
        if partly:
            return {}
        raise NotFound(str(folder), "the yearly counts of first names are not there")
    table = one_sex(pl.concat(years))
    (out / NAME).write_bytes(_packed(table))
    return {NAME: table.height}


def _packed(table: pl.DataFrame) -> bytes:
    return gzip.compress(table.write_csv().encode("ascii"), mtime=0)


def _published(folder: Path) -> Iterator[pl.DataFrame]:
    """name, sex, children and year of each yearly file."""
    archive = folder / "names.zip"
    texts: list[tuple[str, bytes]] = []
    if archive.is_file():
        with zipfile.ZipFile(archive) as packed:
            texts = [(name, packed.read(name)) for name in packed.namelist()]
    texts += [(path.name, path.read_bytes()) for path in sorted(folder.glob("yob*.txt"))]
    for name, text in texts:
        if year := _YEAR.search(name):
            counts = pl.read_csv(text, has_header=False, new_columns=["name", "sex", "children"])
            yield counts.with_columns(year=pl.lit(int(year[1]), pl.Int32))


def one_sex(counts: pl.DataFrame) -> pl.DataFrame:
    """Runs of decades in which over 99 % of a name's bearers are of one sex.

    A decade with 1,000 children of the name speaks for itself. One with fewer is judged by all decades
    together (5,000 children or more), unless its own few say otherwise.

    Args:
        counts: frame[name, sex (F or M), children, year].

    Returns:
        frame[name, first_decade, last_decade, sex ("1" male, "2" female)], sorted.

    >>> counts = pl.DataFrame({"name": ["Ann", "Ann", "Kim", "Kim"], "sex": ["F", "F", "F", "M"],
    ...                        "children": [9000, 9000, 2000, 2000], "year": [1950, 1960, 1950, 1950]})
    >>> one_sex(counts).rows()
    [('ANN', 1950, 1960, '2')]
    """
    decade = pl.col("year") // 10 * 10
    each = _both_sexes(counts.with_columns(name=pl.col("name").str.to_uppercase(), decade=decade))
    decades = each.select(pl.col("decade").unique().sort())
    ever = each.group_by("name").agg(pl.col("boys", "girls").sum()).filter(_children() >= ENOUGH_EVER)
    ever = ever.select("name", ever=_of_one_sex())
    names = each.select("name").unique().join(decades, how="cross")
    judged = names.join(each, on=["name", "decade"], how="left").join(ever, on="name", how="left")
    enough, alone = _children() >= ENOUGH, _of_one_sex()
    few = pl.col("boys").is_null() | (alone == pl.col("ever")).fill_null(value=False)
    sex = pl.when(enough).then(alone).when(few).then("ever")
    return _runs(judged.with_columns(sex=sex))


def _both_sexes(counts: pl.DataFrame) -> pl.DataFrame:
    def of(sex: str) -> pl.Expr:
        return pl.col("children").filter(pl.col("sex") == sex).sum()

    return counts.group_by("name", "decade").agg(boys=of("M"), girls=of("F"))


def _children() -> pl.Expr:
    return pl.col("boys") + pl.col("girls")


def _of_one_sex() -> pl.Expr:
    """Sex ("1", "2") of more than 99 %, else null."""
    most = _children() * SHARE
    return pl.when(pl.col("boys") > most).then(pl.lit("1")).when(pl.col("girls") > most).then(pl.lit("2"))


def _runs(judged: pl.DataFrame) -> pl.DataFrame:
    ordered = judged.sort("name", "decade").with_columns(run=pl.col("sex").rle_id().over("name"))
    runs = ordered.drop_nulls("sex").group_by("name", "run", "sex")
    found = runs.agg(first_decade=pl.col("decade").min(), last_decade=pl.col("decade").max())
    return found.sort("name", "first_decade").select("name", "first_decade", "last_decade", "sex")
