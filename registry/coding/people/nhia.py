"""NAACCR Hispanic Identification Algorithm (NHIA), the three options of its last step.

Steps 1 and 2 believe the coded origin and a Hispanic country of birth. Where they say nothing, step 3
looks the surname up. In counties where few people are Hispanic a Hispanic surname often misleads; the
options say for which coded origins it counts there.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from registry.coding.derivation import derivation
from registry.coding.people import surnames
from registry.coding.people.patients import shared_with_patient
from registry.standards import code_lists

NOT_HISPANIC, BY_SURNAME = "0", "7"
UNKNOWN_COUNTIES = ("998", "999")


def _is(column: str, *codes: str) -> pl.Expr:
    return pl.col(column).is_in(codes).fill_null(False)


def _told() -> pl.Expr:
    """What origin and country of birth say; 0 when they say nothing (steps 1 and 2)."""
    birthplaces = surnames.birthplaces("nhia", "hispanic")
    by_birthplace = pl.col("birthplaceCountry").replace_strict(
        birthplaces["country"], birthplaces["code"], default=None, return_dtype=pl.String
    )
    asked = _is("spanishHispanicOrigin", "0", "6", "7", "9") | _is("race1", "96", "97")
    coded = pl.when(_is("spanishHispanicOrigin", *"1234568")).then("spanishHispanicOrigin")
    return pl.coalesce(pl.when(asked).then(by_birthplace), coded, pl.lit(NOT_HISPANIC))


def _hispanic_surname() -> pl.Expr:
    """Step 3: the surname of a man; of a woman the birth surname, and the surname if that is undecided."""
    last = surnames.is_hispanic(pl.col("nameLast"), "heavily")
    birth = surnames.is_hispanic(surnames.BIRTH_SURNAME, "heavily")
    rarely = surnames.is_hispanic(surnames.BIRTH_SURNAME, "rarely")
    return (_is("sex", "1") & last) | (_is("sex", "2") & (birth | (~rarely & last)))


def _surname_counts() -> pl.Expr:
    """Whether step 3 is for this person: not for American Indians, Filipinos, Hawaiians and 96, 97."""
    excluded = _is("race1", "03", "06", "07", "96", "97") | _is("ihsLink", "1")
    return _is("spanishHispanicOrigin", "0", "7", "9") & ~excluded


def _high_county() -> pl.Expr:
    """Whether the county is known and not one where fewer than 5 % of the people are Hispanic."""
    low = surnames.low_hispanic_counties()
    known = pl.col("countyAtDxAnalysis").is_not_null() & ~_is("countyAtDxAnalysis", *UNKNOWN_COUNTIES)
    return known & ~pl.concat_str("addrAtDxState", "countyAtDxAnalysis").is_in(low).fill_null(False)


def _labels(output: str) -> Mapping[str, str]:
    return code_lists.labels("nhiaDerivedHispOrigin")


INPUTS = (
    "patientIdNumber",
    "spanishHispanicOrigin",
    "birthplaceCountry",
    "race1",
    "ihsLink",
    "sex",
    "nameLast",
    "nameBirthSurname",
    "nameMaiden",
    "addrAtDxState",
    "countyAtDxAnalysis",
)


def _why(values: Mapping[str, str | None]) -> str:
    """Which step decided for one record, as if it were the patient's only one."""
    record = pl.DataFrame(
        {item: [values.get(item) or None] for item in INPUTS}, dict.fromkeys(INPUTS, pl.String)
    )
    told, step_3, surname, high = record.select(
        told=_told(), step_3=_surname_counts(), surname=_hispanic_surname(), high=_high_county()
    ).row(0)
    if told != NOT_HISPANIC:
        as_coded = told == values.get("spanishHispanicOrigin")
        return "step 1: the origin as coded" if as_coded else "step 2: the country of birth"
    if not step_3:
        return "no step: origin or race rule out the surname lists, or nothing is coded"
    if not surname:
        return "step 3: the surnames are not heavily Hispanic"
    if high or values.get("spanishHispanicOrigin") == BY_SURNAME:
        return "step 3: a heavily Hispanic surname"
    believed = "0 and 1" if values.get("spanishHispanicOrigin") == "9" else "0"
    return (
        "step 3: a heavily Hispanic surname, but the county is unknown or one where fewer than 5 % are Hispanic: "
        f"counts with option {believed} only, unless another tumor was diagnosed elsewhere"
    )


@derivation(
    "nhia",
    version="2024-08-01",
    inputs=INPUTS,
    outputs=["nhia_option0", "nhia_option1", "nhia_option2"],
    source="NAACCR Guideline for Enhancing Hispanic/Latino Identification (NHIA), program of August 2024",
    labels=_labels,
    why=_why,
    examples=[
        " | 1 | USA | 01 | 0 | 1 | SMITH | | | CA | 037 | 1 | 1 | 1",
        " | 6 | CUB | 01 | 0 | 1 | SMITH | | | CA | 037 | 3 | 3 | 3",
        " | 6 | USA | 01 | 0 | 1 | GARCIA | | | CA | 037 | 6 | 6 | 6",
        " | 1 | CUB | 01 | 0 | 1 | GARCIA | | | CA | 037 | 1 | 1 | 1",
        " | 1 | CUB | 96 | 0 | 1 | GARCIA | | | CA | 037 | 3 | 3 | 3",
        " | 9 | ESP | 01 | 0 | 2 | SMITH | | | CA | 037 | 5 | 5 | 5",
        " | 0 | DOM | 01 | 0 | 2 | SMITH | | | CA | 037 | 8 | 8 | 8",
        " | 0 | USA | 01 | 0 | 1 | Garcia | | | CA | 037 | 7 | 7 | 7",
        " | 0 | USA | 01 | 0 | 1 | GARCIA | | | AL | 001 | 7 | 0 | 0",
        " | 9 | USA | 01 | 0 | 1 | GARCIA | | | AL | 001 | 7 | 7 | 0",
        " | 7 | USA | 01 | 0 | 1 | GARCIA | | | AL | 001 | 7 | 7 | 7",
        " | 9 | USA | 01 | 0 | 1 | GARCIA | | | CA | 999 | 7 | 7 | 0",
        " | 9 | USA | 01 | 0 | 1 | GARCIA | | | CA | | 7 | 7 | 0",
        " | 9 | USA | 01 | 0 | 1 | GARCIA | | | | 001 | 7 | 7 | 7",
        "A | 0 | USA | 01 | 0 | 1 | GARCIA | | | AL | 001 | 7 | 7 | 7",
        "A | 0 | USA | 01 | 0 | 1 | GARCIA | | | CA | 037 | 7 | 7 | 7",
        " | 7 | USA | 01 | 0 | 2 | GARCIA | AABERG | | CA | 037 | 0 | 0 | 0",
        " | 7 | USA | 01 | 0 | 2 | GARCIA | ZZTOP | | CA | 037 | 7 | 7 | 7",
        " | 7 | USA | 01 | 0 | 2 | SMITH | GARCIA | | CA | 037 | 7 | 7 | 7",
        " | 7 | USA | 01 | 0 | 2 | SMITH | | GARCIA | CA | 037 | 7 | 7 | 7",
        " | 7 | USA | 01 | 0 | 1 | SMITH | GARCIA | | CA | 037 | 0 | 0 | 0",
        " | 7 | USA | 01 | 0 | 9 | GARCIA | GARCIA | | CA | 037 | 0 | 0 | 0",
        " | 7 | USA | 06 | 0 | 1 | GARCIA | | | CA | 037 | 0 | 0 | 0",
        " | 7 | USA | 01 | 1 | 1 | GARCIA | | | CA | 037 | 0 | 0 | 0",
        " | 7 | USA | 97 | 0 | 1 | GARCIA | | | CA | 037 | 0 | 0 | 0",
        " | | MEX | 01 | 0 | 1 | GARCIA | | | CA | 037 | 0 | 0 | 0",
        " | | MEX | 96 | 0 | 1 | GARCIA | | | CA | 037 | 1 | 1 | 1",
    ],
)
def nhia(frame: pl.DataFrame) -> pl.DataFrame:
    """Hispanic origin from coded origin, country of birth and surname: 0 none, 1-6, 8 as coded, 7 by surname.

    Option 0 always believes the surname; option 1 not for origin 0 in counties where fewer than 5 % are
    Hispanic; option 2 there only for origin 7 (a 9 becomes 0). A patient with several tumors lives in
    such a county only if all counties at diagnosis are such, or unknown.
    """
    told, by_surname, high = frame.select(
        told=_told(), by_surname=_surname_counts() & _hispanic_surname(), high=_high_county()
    ).get_columns()
    by_surname = by_surname & (told == NOT_HISPANIC)
    high = shared_with_patient(high, frame["patientIdNumber"], wanted=by_surname & ~high)
    origin = frame["spanishHispanicOrigin"]
    counts = {
        "nhia_option0": by_surname,
        "nhia_option1": by_surname & (high | (origin != "0")),
        "nhia_option2": by_surname & (high | (origin == "7")),
    }
    return pl.DataFrame(
        [
            pl.select(pl.when(found).then(pl.lit(BY_SURNAME)).otherwise(told)).to_series().alias(name)
            for name, found in counts.items()
        ]
    )
