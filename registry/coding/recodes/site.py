"""SEER site recodes: 2003, 2008 (WHO), 2023 and 2023 expanded.

The definitions are data (`data/site_recode_rules.csv`, made by `registry.coding.build`). In each the
first matching row wins; a row with an inclusion list ignores its exclusion list; rows of the 2023
recodes also test behavior and diagnosis year, the maximum year only where there is no minimum.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.coding import reference
from registry.coding.derivation import Outputs, derivation
from registry.coding.recodes.recode_table import NUMBERS, Reading, RecodeTable, number_behavior
from registry.coding.recodes.rules import rules
from registry.errors import NotFound

_FOUR_AXES = Reading(behavior=number_behavior, year=True)
_READINGS = {
    "2003": NUMBERS,
    "2003-without-km": NUMBERS,
    "2008": NUMBERS,
    "2023": _FOUR_AXES,
    "2023-expanded": _FOUR_AXES,
}
UNKNOWN = {"2003": "99999", "2003-without-km": "99999", "2008": "99999", "2023": "99", "2023-expanded": "99"}


@cache
def site_recode_table(recode: str) -> RecodeTable:
    """The compiled rules of one site recode (`2003`, `2003-without-km`, `2008`, `2023`, `2023-expanded`)."""
    return RecodeTable(rules("site_recode_rules.csv", recode), (UNKNOWN[recode],), _READINGS[recode])


def recode_names(recode: str) -> pl.DataFrame:
    """Groups of a site recode, headings included: `position, code, name, indentation`, in print order.

    Raises:
        NotFound: there is no such recode.

    >>> recode_names("2008").filter(pl.col("code") == "26000").get_column("name").to_list()
    ['Breast']
    """
    if recode not in _READINGS:
        raise NotFound(
            f"site recode {recode}", "there is no such recode", f"choose one of {', '.join(_READINGS)}"
        )
    groups = pl.read_csv(
        reference.file("site_recode_groups.csv"), schema_overrides={"code": pl.String, "recode": pl.String}
    )
    return groups.filter(pl.col("recode") == recode).drop("recode").sort("position")


def recode_labels(recode: str) -> dict[str, str]:
    """Name by code (the first name, where a code has several), and of the unknown code.

    >>> recode_labels("2023")["49"], recode_labels("2023")["99"]
    ('Prostate', 'Unknown')
    """
    groups = recode_names(recode).filter(pl.col("code").is_not_null())
    first = groups.unique("code", keep="first", maintain_order=True)
    return {**dict(first.select("code", "name").rows()), UNKNOWN[recode]: "Unknown"}


def _recode(recode: str) -> Outputs:
    return site_recode_table(recode).steps("site_recode_" + recode.replace("-", "_"))


_SITE = ["primarySite", "histologicTypeIcdO3"]
_FOUR = [*_SITE, "behaviorCodeIcdO3", "dateOfDiagnosis"]


def _labels(output: str) -> dict[str, str]:
    return recode_labels(output.removeprefix("site_recode_").replace("_", "-"))


@derivation(
    "seer-site-recode-2008",
    version="WHO 2008 definition (2023-09 revision)",
    inputs=_SITE,
    outputs=["site_recode_2008"],
    source="https://seer.cancer.gov/siterecode/icdo3_dwhoheme/",
    labels=_labels,
    why=lambda record: site_recode_table("2008").why(record),
    examples=[
        "C509 | 8500 | 26000",
        "C619 | 8140 | 28010",
        "C445 | 8720 | 25010",
        "C421 | 9732 | 34000",
        "C779 | 9680 | 33041",
        "C169 | 9680 | 33042",
        "C421 | 9823 | 35012",
        "C779 | 9823 | 33041",
        "C384 | 9050 | 36010",
        "C809 | 8000 | 37000",
        "C445 | 8090 | 99999",
        "C809 | 9999 | 37000",
        "C50 | 8500 | 20050",
        "C5 | 8500 | 20010",
        "C5099 | 8500 | 99999",
        "c509 | 8500 | 99999",
        "C509 | 850 | 26000",
        "C509 | 85O0 | 99999",
        "C509 |  | 99999",
        " | 8500 | 99999",
    ],
)
def seer_site_recode_2008() -> Outputs:
    """Site group of the SEER Cancer Statistics Review; lymphomas and leukemias by histology.

    Codes are read as numbers, as SEER's program does: an unfinished `C50` is number 50 and falls into
    C050 (mouth), not breast. Edits find such codes; the recode does not hide them.
    """
    return _recode("2008")


@derivation(
    "seer-site-recode-2003",
    version="2003-01-27 definition",
    inputs=_SITE,
    outputs=["site_recode_2003"],
    source="https://seer.cancer.gov/siterecode/icdo3_d01272003/",
    labels=_labels,
    why=lambda record: site_recode_table("2003").why(record),
    examples=[
        "C509 | 8500 | 26000",
        "C384 | 9050 | 36010",
        "C449 | 9140 | 36020",
        "C509 |  | 99999",
        "c509 | 8500 | 99999",
    ],
)
def seer_site_recode_2003() -> Outputs:
    """The older site groups, mesothelioma and Kaposi sarcoma apart."""
    return _recode("2003")


@derivation(
    "seer-site-recode-2003-without-km",
    version="2003-01-27 definition, without Kaposi sarcoma and mesothelioma",
    inputs=_SITE,
    outputs=["site_recode_2003_without_km"],
    source="https://seer.cancer.gov/siterecode/icdo3_d01272003/",
    labels=_labels,
    why=lambda record: site_recode_table("2003-without-km").why(record),
    examples=["C509 | 8500 | 26000", "C384 | 9050 | 22050", "C449 | 9140 | 25020"],
)
def seer_site_recode_2003_without_km() -> Outputs:
    """The older site groups; mesothelioma and Kaposi sarcoma stay with their sites."""
    return _recode("2003-without-km")


@derivation(
    "seer-site-recode-2023",
    version="2023 revision",
    inputs=_FOUR,
    outputs=["site_recode_2023"],
    source="https://seer.cancer.gov/siterecode/icdo3_2023/",
    labels=_labels,
    why=lambda record: site_recode_table("2023").why(record),
    examples=[
        "C509 | 8500 | 3 | 20200105 | 39",
        "C421 | 9823 | 3 | 2015 | 68",
        "C421 | 9727 | 3 | 2009 | 67",
        "C421 | 9727 | 3 | 201001 | 70",
        "C700 | 9530 | 0 | 2015 | 81",
        "C509 | 8500 | 1 | 2015 | 99",
        "C509 | 8500 | 03 | 2015 | 39",
        "C509 | 8500 |  | 2015 | 99",
        "C509 | 8500 | 3 |  | 99",
        "C509 | 8500 | 3 | 201 | 99",
        "C421 | 9727 | 3 | 0001 | 67",
    ],
)
def seer_site_recode_2023() -> Outputs:
    """Revised site groups; behavior and diagnosis year must be known."""
    return _recode("2023")


@derivation(
    "seer-site-recode-2023-expanded",
    version="2023 revision, expanded",
    inputs=_FOUR,
    outputs=["site_recode_2023_expanded"],
    source="https://seer.cancer.gov/siterecode/icdo3_2023_expanded/",
    labels=_labels,
    why=lambda record: site_recode_table("2023-expanded").why(record),
    examples=[
        "C509 | 8500 | 3 | 20200105 | 39",
        "C779 | 9680 | 3 | 2015 | 68",
        "C421 | 9727 | 3 | 2015 | 71",
        "C421 | 9727 | 3 | 2005 | 74",
        "C809 | 8000 | 3 | 2005 | 82",
    ],
)
def seer_site_recode_2023_expanded() -> Outputs:
    """The 2023 groups with lymphoid neoplasms by cell."""
    return _recode("2023-expanded")
