"""Load the tables in `data/`, once each. Every column is text; blank cells are null.

A folder of newer tables (as `registry.standards.build` writes them) can be put before the package's
own with `use`; what was worked out from the older tables is forgotten then.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import polars as pl

from registry.errors import NotFound

DATA = Path(__file__).parent / "data"
FOLDERS: list[Path] = [DATA]
"""Where tables are looked for, first hit wins; the package's own folder is always the last."""


def use(*folders: Path) -> None:
    """Look for tables in these folders first, then in the package's own; without folders only there.

    Args:
        folders: folders as written by `registry.standards.build.build`, newest first. A table that a
            folder lacks comes from the next one.

    Raises:
        NotFound: a folder is not there.
    """
    for folder in folders:
        if not folder.is_dir():
            raise NotFound(str(folder), "the folder of reference tables is not there")
    FOLDERS[:] = [*folders, DATA]
    forget()


def forget() -> None:
    """Empty the caches of every room, because any of them may hold facts from the tables.

    A cache that was left out would mix two versions of the standard without anybody noticing, so all
    `functools` caches of loaded modules of this package are emptied, whatever they hold.
    """
    package = __name__.partition(".")[0]
    kind = type(table)
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(package + "."):
            for value in list(vars(module).values()):
                if isinstance(value, kind):
                    value.cache_clear()


def find(name: str) -> Path:
    """The file of a table in the first folder that has it.

    >>> find("items.csv").parent == DATA
    True
    """
    return next((folder / name for folder in FOLDERS if (folder / name).is_file()), DATA / name)


@cache
def table(name: str) -> pl.DataFrame:
    """One table of this room as written by `registry.standards.build`, all columns text.

    >>> table("sex_conversion.csv").columns
    ['sex', 'sexAssignedAtBirth', 'meaning']
    """
    return pl.read_csv(find(name), infer_schema=False)
