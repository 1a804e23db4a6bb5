"""A first name against the sex at birth."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.edits.build_names import TABLE
from registry.edits.definition import REVIEW, edit
from registry.edits.terms import SEX, year
from registry.standards import tables


@cache
def _table() -> tuple[pl.Enum, int, pl.Series]:
    """Names, the first decade, and the sex (1, 2 or 0) of each name and decade, one name after another."""
    installed = tables.find(TABLE.name)
    rows = pl.read_csv(installed if installed.is_file() else TABLE, schema_overrides={"sex": pl.UInt8})
    names = rows.get_column("name").unique().sort()
    since, until = int(rows["first_decade"].min()), int(rows["last_decade"].max())  # type: ignore[arg-type]
    decades = pl.DataFrame({"decade": range(since, until + 10, 10)})
    every = names.to_frame().join(decades, how="cross", maintain_order="left_right")
    spans = rows.join(decades, how="cross").filter(
        pl.col("decade").is_between(pl.col("first_decade"), pl.col("last_decade"))
    )
    sexes = every.join(spans, on=["name", "decade"], how="left", maintain_order="left")
    return pl.Enum(names), since, sexes.get_column("sex").fill_null(0)


def _letters(name: pl.Expr) -> pl.Expr:
    return name.str.to_uppercase().str.replace_all("[^A-Z]", "")


def usual_sex(name: pl.Expr, birth_year: pl.Expr) -> pl.Expr:
    """Sex (1 or 2) of over 99 % of those who got the name in that decade; 0 or null when there is none.

    >>> people = pl.DataFrame({"name": ["Mary", "Ashley", "Xy"], "year": [1951, 1951, 1951]})
    >>> people.select(usual_sex(pl.col("name"), pl.col("year"))).to_series().to_list()
    [2, 0, None]
    """
    names, since, sexes = _table()
    decades = len(sexes) // len(names.categories)
    decade = ((birth_year - since) // 10).clip(0, decades - 1)
    place = _letters(name).cast(names, strict=False).to_physical().cast(pl.Int32)
    return pl.lit(sexes).gather(place * decades + decade)


WOMEN_TOO = "ALEX CARSON GABRIEL HARLEY JESSE LOREN MORGAN RILEY RYAN".split()
MEN_TOO = "JOAN MACKENZIE".split()
"""Names among the thousand most common ones of the other sex as well, in another time or tongue."""


@edit(
    "name-sex",
    message="First name {nameFirst} is almost always of the other sex than {sex}",
    severity=REVIEW,
    version="2026.2",
    items=["nameFirst", "sexAssignedAtBirth", "sex", "dateOfBirth"],
    category="demographic",
    source="NAACCR Data Standards and Data Dictionary, version 26, item 2078; first names of births in the "
    "United States, Social Security Administration",
    naaccr_name="Sex Assigned at Birth, Name-First, Date of Birth (NAACCR)",
    override_item="overRideNameSex",
    passes=[
        "MARY | 2 | | 19500101",
        "ROBERT | 1 | | 1950",
        "KIM | 1 | | 1955",
        "ASHLEY | 1 | | 19350101",
        "MADISON | 1 | | 1930",
        "CARL | 2 | | 1890",
        "ANTONIO | 2 | | 1960",
        "RYAN | 2 | | 1955",
        "Joan | 1 | | 1935",
        "MARY | 9 | | 1950",
        "MARY | X | | 1950",
        "MARY | | 3 | 1950",
        "MARY | 1 | | ",
        "MARY | 1 | | 19501301",
        "QZXY | 1 | | 1950",
        " | 1 | | 1950",
        "JUAN MARIA | 2 | | 1950",
    ],
    fails=[
        "MARY | 1 | | 19500101",
        "Robert | 2 | | 195006",
        "MARY ANN | 1 | | 1950",
        "JENNIFER | | 1 | 1935",
        "JOHN | 2 | 1 | 1870",
        "CARL | 2 | | 1870",
        "CARL | 2 | | 1889",
        "ANTONIO | 2 | | 1959",
        "EMILY | 1 | | 20250101",
        "LISA | 1 | | 1959",
        "LISA | 1 | | 1960",
    ],
    notes="Only names in the table are tested, letters alone (MARY ANN is read as MARYANN). The decade of "
    "birth decides; a name that fewer than 1,000 children got in it is judged by all decades, unless the "
    "decade's few say otherwise. Before the first and after the last decade of the table the nearest one "
    "stands. Under 99 % in its decade, such as ASHLEY before 1960, a name is not tested; nor "
    "is a dozen of names that the other sex commonly has in another generation or language (RYAN, JOAN).",
)
def name_of_other_sex() -> pl.Expr:
    """Over 99 % of the name's bearers in the decade are of the other sex."""
    name = _letters(pl.col("nameFirst"))
    usual = usual_sex(pl.col("nameFirst"), year("dateOfBirth"))
    woman = (usual == 1) & (SEX == "2") & ~name.is_in(WOMEN_TOO)
    man = (usual == 2) & (SEX == "1") & ~name.is_in(MEN_TOO)
    return woman | man
