"""Names of recode groups for screens and tables: one door for all recodes of this room."""

from __future__ import annotations

import polars as pl

from registry.coding import reference
from registry.coding.recodes import site
from registry.errors import NotFound

_SITE = "site_recode_"
_DEATH = ("cause_specific", "other")


def groups(output: str) -> pl.DataFrame:
    """Groups of a recode in print order, headings included (no code).

    Args:
        output: name of the derived column, such as `ayaSiteRecode2020`, `iccc_extended_iarc2017` or
            `cause_specific_2023`.

    Returns:
        `position` (Int64), `code`, `name`, `indentation` (Int64).

    Raises:
        NotFound: the column is not a recode.

    >>> groups("seerBrainCnsRecode2020").filter(pl.col("code") == "02").get_column("name").item()
    '1.2 Glioblastoma'
    """
    if output.startswith(_SITE):
        return site.recode_names(output.removeprefix(_SITE).replace("_", "-"))
    recode = next((name for name in _DEATH if output.startswith(f"{name}_2")), output)
    found = reference.table("recode_groups.csv").filter(pl.col("recode") == recode)
    if found.is_empty():
        raise NotFound(f"recode {output}", "it has no groups", "name the derived column of a recode")
    return found.select(
        pl.col("position").cast(pl.Int64), "code", "name", pl.col("indentation").cast(pl.Int64)
    ).sort("position")


def labels(output: str) -> dict[str, str]:
    """Name of each code of a recode, the unknown code included.

    Raises:
        NotFound: the column is not a recode.

    >>> labels("iccc_iarc2017")["011"], labels("cause_specific_2008")["8"]
    ('Lymphoid leukemias', 'Dead, cause missing or unknown')
    """
    if output.startswith(_SITE):
        return site.recode_labels(output.removeprefix(_SITE).replace("_", "-"))
    coded = groups(output).filter(pl.col("code").is_not_null())
    return dict(coded.select("code", "name").rows())
