"""NAACCR Asian/Pacific Islander Identification Algorithm (NAPIIA).

People whose race was only coded as Asian (96) or Pacific Islander (97), not otherwise specified, get a
specific race from their country of birth or, failing that, their surname. From August 2025 the
algorithm uses the surname lists of the US Census only, no given names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from registry.coding.derivation import derivation
from registry.coding.people import surnames
from registry.standards import code_lists

RACES = ("race1", "race2", "race3", "race4", "race5")
ASIAN, PACIFIC_ISLANDER = "96", "97"
SPANISH_ORIGINS = tuple("1234568")
BLANKS = "".join(map(chr, range(33)))

REVIEW = {
    "1.3.3": "several specific Asian or Pacific Islander races with 96 or 97",
    "1.3.5": "Black or American Indian with 96 or 97",
    "1.3.6": "96 together with 97",
    "1.3.7": "another combination of races with 96 or 97",
    "2.2.3": "a combination of races, or none, that no step decides",
}
"""Step that leaves the decision to a person → why."""


class Direct(NamedTuple):
    """What the coded races alone decide.

    Attributes:
        race: the race, or None when no step gives one.
        step: step that asks for a person's review (a key of `REVIEW`), or None.
        look_further: whether country of birth and surname are looked at …
        unless_spanish: … but not for people of Spanish origin.
        asian, islander: whether 96, 97 is among the races.
    """

    race: str | None
    step: str | None = None
    look_further: bool = False
    unless_spanish: bool = False
    asian: bool = False
    islander: bool = False


def _kind(race: str | None) -> str:
    """Kind of a race code as the steps count them; single digits fall among the Asian codes by their text."""
    if race is None or race == "88" or not race.strip(BLANKS):
        return "none"
    if race in ("01", "02", "03", ASIAN, PACIFIC_ISLANDER, "98", "99"):
        return {"02": "black or indian", "03": "black or indian"}.get(race, race)
    return "specific" if "04" <= race <= "32" else "not a race"


def direct(races: Sequence[str | None]) -> Direct:
    """Steps 1 and 2: what five coded races decide by themselves.

    >>> direct(["96", "01", "88", "88", "88"])
    Direct(race='96', step=None, look_further=True, unless_spanish=False, asian=True, islander=False)
    >>> direct(["01", "05", "88", "88", "88"]).race
    '05'
    """
    kinds = [_kind(race) for race in races]
    count = kinds.count
    if count(ASIAN) or count(PACIFIC_ISLANDER):
        return _not_specified(races, kinds)
    first = {kind: race for race, kind in zip(reversed(races), reversed(kinds), strict=True)}
    alone = any(count(kind) == 1 for kind in ("01", "black or indian", "specific", "98", "99"))
    if (alone and count("none") == 4) or count("99") == 5:
        return Direct(races[0])
    if count("01") == 1 and count("none") == 3 and count("black or indian") == 1:
        return Direct(first["black or indian"])
    if count("01") == 1 and count("none") == 3 and count("specific") == 1:
        return Direct(first["specific"])
    if list(races).count("07") == 1 and count("none") < 4:
        return Direct("07")
    return Direct(None) if count("none") == 4 else Direct(races[0], "2.2.3")


def _not_specified(races: Sequence[str | None], kinds: Sequence[str]) -> Direct:
    """Step 1: the races hold 96 or 97."""
    count = kinds.count
    found = {"asian": ASIAN in kinds, "islander": PACIFIC_ISLANDER in kinds}
    if kinds[0] in (ASIAN, PACIFIC_ISLANDER) and count("none") == 4:
        return Direct(kinds[0], None, look_further=True, unless_spanish=True, **found)
    once = count(ASIAN) == 1 or count(PACIFIC_ISLANDER) == 1
    if once and count("specific") == 1 and count("none") == 3:
        return Direct(next(race for race, kind in zip(races, kinds, strict=True) if kind == "specific"))
    if once and "07" in races:
        return Direct("07")
    if once and count("specific") > 1 and count("specific") + count("none") == 4:
        return Direct(races[0], "1.3.3")
    if once and count("01") == 1 and count("none") == 3:
        return Direct(ASIAN if found["asian"] else PACIFIC_ISLANDER, None, look_further=True, **found)
    if once and count("black or indian") and count("black or indian") + count("none") == 4:
        return Direct(races[0], "1.3.5")
    return Direct(races[0], "1.3.6" if count(ASIAN) == count(PACIFIC_ISLANDER) == 1 else "1.3.7")


def _labels(output: str) -> Mapping[str, str]:
    if output == "napiia_review_reason":
        return REVIEW
    if output == "napiiaNeedsHumanReview":
        return {"0": "No", "1": "Yes"}
    return code_lists.labels("raceNapiia")


INPUTS = (
    *RACES,
    "spanishHispanicOrigin",
    "birthplaceCountry",
    "sex",
    "nameLast",
    "nameBirthSurname",
    "nameMaiden",
)


def _why(values: Mapping[str, str | None]) -> str:
    """Which step decided for one record."""
    record = pl.DataFrame(
        {item: [values.get(item) or None] for item in INPUTS}, dict.fromkeys(INPUTS, pl.String)
    )
    record = record.hstack(_decided(record))
    if (step := record["step"].item()) is not None:
        return f"step {step}: {REVIEW[step]}; race 1 is kept until a person has looked"
    if not record["look_further"].item():
        return "steps 1 and 2: the coded races"
    further, born, misleads, named = record.select(
        further=_look_further(), born=_by_birthplace(), misleads=_surname_misleads(), named=_by_surname()
    ).row(0)
    if not further:
        return "step 1: the coded race, since the origin is Spanish"
    if born:
        return "step 3: the country of birth"
    if misleads:
        return "step 3: the coded race, since the surname lists are not meant for that country of birth"
    return "step 4: the surname" if named else "step 4: the coded race, since no surname is on the lists"


@derivation(
    "napiia",
    version="2025-08-01",
    inputs=INPUTS,
    outputs=["raceNapiia", "napiiaNeedsHumanReview", "napiia_review_reason"],
    source="NAACCR Asian/Pacific Islander Identification Algorithm (NAPIIA), program of August 2025",
    labels=_labels,
    why=_why,
    examples=[
        "01 | 88 | 88 | 88 | 88 | 0 | USA | 1 | SMITH | | | 01 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | CHN | 1 | SMITH | | | 04 | 0 | ",
        "96 | | | | | 0 | VNM | 1 | SMITH | | | 10 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 1 | CHN | 1 | SMITH | | | 96 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | WSM | 1 | SMITH | | | 96 | 0 | ",
        "97 | 88 | 88 | 88 | 88 | 0 | WSM | 1 | SMITH | | | 25 | 0 | ",
        "97 | 88 | 88 | 88 | 88 | 0 | CHN | 1 | SMITH | | | 97 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | MEX | 1 | NGUYEN | | | 96 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | SGP | 1 | NGUYEN | | | 96 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | USA | 1 | nguyen | | | 10 | 0 | ",
        "97 | 88 | 88 | 88 | 88 | 0 | USA | 1 | NGUYEN | | | 97 | 0 | ",
        "97 | 88 | 88 | 88 | 88 | 0 | USA | 1 | ACFALLE | | | 22 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | USA | 1 | SMITH | NGUYEN | | 96 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | USA | 2 | SMITH | NGUYEN | | 10 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | USA | 2 | SMITH | | NGUYEN | 10 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | USA | 2 | NGUYEN | SMITH | | 10 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | USA | 2 | ABABA | NGUYEN | | 10 | 0 | ",
        "96 | 88 | 88 | 88 | 88 | 0 | USA | 9 | NGUYEN | ABABA | | 10 | 0 | ",
        "96 | 04 | 88 | 88 | 88 | 0 | USA | 1 | NGUYEN | | | 04 | 0 | ",
        "96 | 07 | 04 | 88 | 88 | 0 | USA | 1 | NGUYEN | | | 07 | 0 | ",
        "96 | 04 | 05 | 88 | 88 | 0 | USA | 1 | NGUYEN | | | 96 | 1 | 1.3.3",
        "01 | 96 | 88 | 88 | 88 | 0 | USA | 1 | NGUYEN | | | 10 | 0 | ",
        "01 | 97 | 88 | 88 | 88 | 1 | ASM | 1 | NGUYEN | | | 27 | 0 | ",
        "01 | 97 | 88 | 88 | 88 | 0 | USA | 1 | SMITH | | | 97 | 0 | ",
        "02 | 96 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 02 | 1 | 1.3.5",
        "96 | 97 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 96 | 1 | 1.3.6",
        "96 | 96 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 96 | 1 | 1.3.7",
        "88 | 96 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 88 | 1 | 1.3.7",
        "99 | 99 | 99 | 99 | 99 | 0 | CHN | 1 | NGUYEN | | | 99 | 0 | ",
        "01 | 03 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 03 | 0 | ",
        "01 | 05 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 05 | 0 | ",
        "05 | 07 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 07 | 0 | ",
        "04 | 05 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 04 | 1 | 2.2.3",
        "88 | 88 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | 88 | 1 | 2.2.3",
        " | | | | | 0 | CHN | 1 | NGUYEN | | | | 1 | 2.2.3",
        "45 | 88 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | | 0 | ",
        "5 | 88 | 88 | 88 | 88 | 0 | CHN | 1 | NGUYEN | | | | 0 | ",
    ],
)
def napiia(frame: pl.DataFrame) -> pl.DataFrame:
    """Specific Asian or Pacific Islander race where races say only 96 or 97, and whether a person must look.

    A lone 96 or 97 (not of Spanish origin), or one beside White, is replaced by what the country of birth
    says; if that says nothing and is not a Spanish-speaking or another Asian country, by what the surname
    says: a woman's birth surname first. The last output names the step that asks for review.
    """
    decided = _decided(frame)
    found = frame.hstack(decided).select(
        "raceNapiia", by_birthplace=_by_birthplace(), ask=_look_further() & ~_surname_misleads()
    )
    rows = (found["ask"] & found["by_birthplace"].is_null()).arg_true()
    named = frame[rows].hstack(decided[rows]).select(_by_surname()).to_series()
    by_surname = pl.Series("by_surname", [None], pl.String).new_from_index(0, frame.height)
    return found.with_columns(by_surname.scatter(rows, named)).select(
        pl.coalesce("by_birthplace", "by_surname", "raceNapiia").alias("raceNapiia"),
        pl.when(decided["step"].is_null())
        .then(pl.lit("0"))
        .otherwise(pl.lit("1"))
        .alias("napiiaNeedsHumanReview"),
        decided["step"].alias("napiia_review_reason"),
    )


def _decided(frame: pl.DataFrame) -> pl.DataFrame:
    """`direct` of each row, found once for each combination of races that occurs."""
    races = frame.select(RACES)
    combinations = races.unique()
    answers = pl.DataFrame(
        [direct(combination) for combination in combinations.rows()],
        schema={
            "raceNapiia": pl.String,
            "step": pl.String,
            "look_further": pl.Boolean,
            "unless_spanish": pl.Boolean,
            "asian": pl.Boolean,
            "islander": pl.Boolean,
        },
        orient="row",
    )
    table = combinations.hstack(answers)
    return races.join(table, on=RACES, how="left", nulls_equal=True, maintain_order="left").drop(RACES)


def _look_further() -> pl.Expr:
    spanish = pl.col("spanishHispanicOrigin").is_in(SPANISH_ORIGINS).fill_null(False)
    return pl.col("look_further") & ~(pl.col("unless_spanish") & spanish)


def _by_birthplace() -> pl.Expr:
    """Step 3.1: the race of the country of birth, from the list that fits 96 or 97."""
    race = [
        pl.when(pl.col(flag) & _look_further()).then(_born(population))
        for flag, population in (("asian", "asian"), ("islander", "pacific_islander"))
    ]
    return pl.coalesce(race)


def _born(population: str) -> pl.Expr:
    table = surnames.birthplaces("napiia", population)
    return pl.col("birthplaceCountry").replace_strict(
        table["country"], table["code"], default=None, return_dtype=pl.String
    )


def _surname_misleads() -> pl.Expr:
    """Steps 3.2 and 3.3: born in an Asian country without surname list, or a Spanish-speaking one."""
    countries = surnames.birthplaces("napiia", "other_asian", "hispanic")["country"]
    return pl.col("birthplaceCountry").is_in(countries.implode()).fill_null(False)


def _by_surname() -> pl.Expr:
    """Step 4: the surname's race; a woman's birth surname goes before."""
    last, birth = pl.col("nameLast"), surnames.BIRTH_SURNAME
    # Only the names of men and women are trimmed in the published program.
    trimmed = pl.when(pl.col("sex").is_in(["1", "2"])).then(last.str.strip_chars(BLANKS)).otherwise(last)
    birth_race = pl.when(pl.col("sex") == "2").then(_race_of(birth.str.strip_chars(BLANKS)))
    return pl.coalesce(birth_race, _race_of(trimmed))


def _race_of(name: pl.Expr) -> pl.Expr:
    return pl.coalesce(
        pl.when(pl.col("asian")).then(surnames.race_of(name, "asian")),
        pl.when(pl.col("islander")).then(surnames.race_of(name, "pacific_islander")),
    )
