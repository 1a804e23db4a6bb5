"""Site groups for lists and figures: the SEER site recode (WHO 2008 definition), at the level people speak of."""

from __future__ import annotations

from functools import cache

import polars as pl

ITEMS = ["primarySite", "histologicTypeIcdO3"]
WHOLE_SYSTEMS = frozenset({"Oral Cavity and Pharynx", "Brain and Other Nervous System", "Leukemia"})
"""Headings under which the parts are shown together."""
UNKNOWN = "Unknown"


@cache
def group_names() -> dict[str, str]:
    """Recode → name of its group: the heading one level below the organ system, or the system itself.

    >>> group_names()["21041"], group_names()["26000"], group_names()["35011"]
    ('Colon and Rectum', 'Breast', 'Leukemia')
    """
    from registry.coding.recodes.site import recode_labels, recode_names

    names: dict[str, str] = {}
    path: dict[int, str] = {}
    for _, code, name, depth in (
        recode_names("2008").select("position", "code", "name", "indentation").iter_rows()
    ):
        path = {level: text for level, text in path.items() if level < depth} | {depth: name}
        if code is not None:
            names.setdefault(code, path[0] if path[0] in WHOLE_SYSTEMS else path.get(1, path[0]))
    return {code: names.get(code, UNKNOWN) for code in recode_labels("2008")}


def with_site_group(tumors: pl.DataFrame) -> pl.DataFrame:
    """Adds `site_group` (text) from ITEMS.

    >>> with_site_group(pl.DataFrame({"primarySite": ["C619"], "histologicTypeIcdO3": ["8140"]}))["site_group"].item()
    'Prostate'
    """
    from registry.coding import derive

    recoded = derive(tumors, ["seer-site-recode-2008"])
    name = pl.col("site_recode_2008").replace_strict(group_names(), default=UNKNOWN, return_dtype=pl.String)
    return recoded.with_columns(name.alias("site_group")).drop("site_recode_2008")
