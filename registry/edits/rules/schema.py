"""The staging schema of a tumor: its number, and codes that only some schemas have."""

from __future__ import annotations

import polars as pl

from registry import staging
from registry.edits import terms
from registry.edits.definition import edit
from registry.edits.rules import reported
from registry.edits.rules.reported import number

EOD = "SEER EOD algorithm, eod_public 3.3 (staging-client)"
RECEPTORS = ["estrogenReceptorSummary", "progesteroneRecepSummary", "her2OverallSummary"]
_BY_SITE = ["schemaId", "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"]
_DISCRIMINATORS = ["schemaDiscriminator1", "schemaDiscriminator2"]

SCHEMA_NUMBER = number(pl.col("schemaId"), 5)


@terms._named("@derived_schemas")
def DERIVED() -> pl.Expr:
    """Set of schemas that site, histology, behavior, year, sex and discriminators allow.

    Of values as reported, so that item edits may ask; sexes other than 1, 2 and 9 decide nothing.
    """
    sex = pl.coalesce("sexAssignedAtBirth", "sex")
    return staging.schema_set(
        site=reported.SITE,
        histology=reported.HISTOLOGY,
        behavior=number(pl.col("behaviorCodeIcdO3"), 1),
        year=reported.YEAR,
        sex=number(sex, 1),
        discriminator_1=number(pl.col("schemaDiscriminator1"), 1),
        discriminator_2=number(pl.col("schemaDiscriminator2"), 1),
    )


@terms._named("@schemas")
def SCHEMAS() -> pl.Expr:
    """Set of schemas of the tumor: the stored schema, else those that may be derived."""
    return pl.coalesce(staging.set_of_schema(SCHEMA_NUMBER), DERIVED)


_DIGITS = {sign: number for number, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def code(value: pl.Expr) -> pl.Expr:
    """One digit or capital letter as a number in base 36, as `staging.allows` wants it."""
    return value.replace_strict(_DIGITS, default=None, return_dtype=pl.UInt32)


def not_of_schema(value: pl.Expr, item: str) -> pl.Expr:
    """True where no schema of the tumor takes this code of the item."""
    return value.is_not_null() & ~staging.allows(SCHEMAS, item, code(value))


edit(
    "schema-id-valid",
    message="{schemaId} is not the number of a staging schema (five digits)",
    items=["schemaId"],
    level="item",
    category="stage",
    source=EOD,
    passes=["00480", "00060", "99999", ""],
    fails=["0480", "00481", "breast", "99998", "+0480"],
    notes="The schemas of the installed EOD tables; the TNM tables use the same numbers.",
)(
    lambda value: (
        value.is_not_null() & (staging.set_of_schema(number(value, 5)).is_null() | value.str.starts_with("+"))
    )
)


@edit(
    "schema-site-hist",
    message="Schema {schemaId} is not the one for {primarySite}, {histologicTypeIcdO3}/{behaviorCodeIcdO3}, "
    "diagnosed {dateOfDiagnosis}",
    items=_BY_SITE,
    category="stage",
    source=EOD,
    effective_years=(2018, None),
    columns=[*_BY_SITE, *_DISCRIMINATORS, "sex"],
    passes=[
        "00480 | C509 | 8500 | 3 | 2020 | | | ",
        "00410 | C509 | 8850 | 3 | 2020 | | | ",
        "00090 | C111 | 8070 | 3 | 2020 | | | ",
        "00090 | C111 | 8070 | 3 | 2020 | 1 | | ",
        "09721 | C711 | 9440 | 3 | 2023 | | | ",
        "00721 | C711 | 9440 | 3 | 2022 | | | ",
        "00111 | C019 | 8070 | 3 | 2020 | | 1 | ",
        "00111 | C019 | 8070 | 3 | 2020 | | | ",
        "00830 | C710 | 9861 | 3 | 2020 | | | ",
        "00480 | C619 | 8140 | 3 | 2017 | | | ",
        "00001 | C619 | 8140 | 3 | 2020 | | | ",
        "00480 | C507 | 8140 | 3 | 2020 | | | ",
        "00480 | C619 |  | 3 | 2020 | | | ",
        "00480 | C619 | 8140 | 3 |  | | | ",
        "00552 | C481 | 8441 | 3 | 2020 | | | 2",
        "00552 | C481 | 8441 | 3 | 2020 | | | ",
        "00552 | C481 | 8441 | 3 | 2020 | | | 3",
    ],
    fails=[
        "00480 | C619 | 8140 | 3 | 2018 | | | ",
        "00480 | C509 | 8850 | 3 | 2020 | | | ",
        "00090 | C111 | 8070 | 3 | 2020 | 2 | 1 | ",
        "00111 | C019 | 8070 | 3 | 2020 | | 2 | ",
        "00721 | C710 | 9861 | 3 | 2020 | | | ",
        "00721 | C711 | 9440 | 3 | 2023 | | | ",
        "09721 | C711 | 9440 | 3 | 2022 | | | ",
        "00552 | C481 | 8441 | 3 | 2020 | | | 1",
    ],
    notes="Sex and the schema discriminators, where filled, decide as in the algorithm; a blank one leaves every "
    "schema open that it might have chosen. Tumors for which the tables have no schema are not tested.",
)
def schema_of_another_tumor() -> pl.Expr:
    """The stored schema is none of those that the tumor may belong to."""
    return ~staging.holds(DERIVED, SCHEMA_NUMBER)


for _item, _id, _words in (
    ("gradeClinical", "grade-clinical-valid", "clinical"),
    ("gradePathological", "grade-path-valid", "pathological"),
):
    edit(
        _id,
        message=f"{{{_item}}} is not a code of {_words} grade in the tumor's schema",
        items=[_item],
        level="item",
        category="tumor",
        source=EOD,
        columns=[_item, "schemaId", "primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"],
        passes=[
            "3 | 00480 | C509 | 8500 | 2020",
            "M | 00480 | C509 | 8500 | 2020",
            "M | | C509 | 8500 | 2020",
            "5 | | C619 | 8140 | 2018",
            "8 | 00790 | C779 | 9680 | 2020",
            "9 | | C421 | | 2020",
            "S | | | | 2020",
            "H | | | | ",
            "M | 00580 | C619 | 8140 | 2017",
            "Z | 00580 | C619 | 8140 | 2017",
            "A | 00090 | C111 | 8070 | 2020",
            " | 00480 | C509 | 8500 | 2020",
        ],
        fails=[
            "M | 00580 | C619 | 8140 | 2018",
            "M | | C619 | 8140 | 2020",
            "3 | 00790 | C779 | 9680 | 2020",
            "8 | | C509 | 8500 | 2020",
            "Z | | | | 2020",
            "a | 00480 | C509 | 8500 | 2020",
            "6 | | | | ",
            "03 | 00480 | C509 | 8500 | 2020",
        ],
        notes="Diagnoses from 2018; before, the item has to be blank (grade-era). The schema is the stored one, else "
        "that of site and histology; while it is not known, codes of any schema pass.",
    )(lambda value, item: (reported.YEAR >= 2018).fill_null(value=True) & not_of_schema(value, item))


@edit(
    "breast-receptors",
    message="Breast: ER {estrogenReceptorSummary}, PR {progesteroneRecepSummary} and HER2 {her2OverallSummary} "
    "must be filled with 0, 1, 7 or 9",
    items=["primarySite", *RECEPTORS, "schemaId", "dateOfDiagnosis"],
    category="treatment",
    source=EOD,
    effective_years=(2018, None),
    requires=["primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"],
    columns=["primarySite", *RECEPTORS, "schemaId", "dateOfDiagnosis", "histologicTypeIcdO3"],
    passes=[
        "C509 | 1 | 0 | 7 | 00480 | 2018 | 8500",
        "C509 | 9 | 9 | 9 | | 2020 | 8500",
        "C509 | | | | 00480 | 2017 | 8500",
        "C509 | | | | 00410 | 2020 | 8850",
        "C509 | | | | | 2020 | 9680",
        "C619 | | | | | 2020 | 8140",
        "C619 | | | | 00480 | 2020 | 8140",
        "C509 | | | | 00480 | | 8500",
        "C509 | | | | 00480 | 2020 | ",
    ],
    fails=[
        "C509 | | 0 | 0 | 00480 | 2018 | 8500",
        "C504 | 1 | | 0 | | 2020 | 8500",
        "C500 | 1 | 0 | | | 2020 | 8500",
        "C509 | 8 | 0 | 0 | 00480 | 2020 | 8500",
        "C509 | 1 | 2 | 0 | 00480 | 2020 | 8500",
        "C509 | 1 | 0 | 8 | 00480 | 2020 | 8500",
        "C509 | 1 | 0 | 001 | 00480 | 2020 | 8500",
    ],
    notes="Tumors of C500-C509 in the schema Breast (stored, else by site and histology); sarcomas, melanomas of the "
    "nipple and lymphomas have no receptor items. Blank fails because the catalogue asks for filled items.",
)
def receptors_of_breast() -> pl.Expr:
    """Each of the three: blank, or no code of the schema."""
    breast = terms.site_in("C500-C509") & staging.only(SCHEMAS, ["breast"])
    allowed = [staging.allows(SCHEMAS, item, code(pl.col(item))) for item in RECEPTORS]
    return breast & ~pl.all_horizontal(allowed)
