"""Which abstract is this record? Which tumor of the patient? Pure functions over frames.

A record is a resend when facility, accession number and hospital sequence are those of an abstract
and at most one identity item (name, birth date, sex, SSN) contradicts; without an accession number
(all zeros or nines is none), when sender, patient id and tumor record number are the same and nothing
contradicts.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from registry.linkage.persons import contradictions
from registry.standards import dates

STRONG_KEY = ["facility_id", "accessionNumberHosp", "sequenceNumberHospital"]
WEAK_KEY = ["sender", "patientIdNumber", "tumorRecordNumber"]
TUMOR_KEY = ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis"]


class Resends(NamedTuple):
    """matches: frame[row, abstract_id]; ambiguous: frame[row, abstract_id (the lowest one), reason]."""

    matches: pl.DataFrame
    ambiguous: pl.DataFrame


def numbered() -> pl.Expr:
    """Whether a record has facility, accession number and hospital sequence, with a number that tells records apart.

    >>> frame = pl.DataFrame({"facility_id": ["1"] * 3, "accessionNumberHosp": ["202300001", "000000000", None],
    ...     "sequenceNumberHospital": ["00"] * 3})
    >>> frame.select(numbered()).to_series().to_list()
    [True, False, False]
    """
    placeholder = pl.col("accessionNumberHosp").str.contains("^(0+|9+)$")
    return pl.all_horizontal(pl.col(STRONG_KEY).is_not_null()) & ~placeholder.fill_null(True)


def _known_side(known: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    identity = ["last", "first", "birth", "birth_sex", "ssn"]
    return known.select(
        "abstract_id",
        *keys,
        *(
            []
            if "tumorRecordNumber" in keys
            else [pl.col("tumorRecordNumber").alias("tumorRecordNumber_known")]
        ),
        *(pl.col(name).alias(f"{name}_known") for name in identity),
    )


def find_resends(records: pl.DataFrame, known: pl.DataFrame, former: pl.DataFrame | None = None) -> Resends:
    """Join incoming records to abstracts that they are new versions of.

    A sender may not know that its numbers were changed here (a second tumor made 00 to 01): its record is
    recognised by a number that the abstract had before, too.

    Args:
        records: frame[row, facility_id, accessionNumberHosp, sequenceNumberHospital, sender,
            patientIdNumber, tumorRecordNumber, last, first, birth, birth_sex, ssn].
        known: the same columns with abstract_id instead of row, and primarySite in both.
        former: frame[abstract_id, accessionNumberHosp, sequenceNumberHospital], numbers that abstracts of `known` had.

    Returns:
        Resends, sorted by row. A row is in at most one of the two frames.
    """
    numbers = records.filter(numbered())
    strong = numbers.join(_known_side(known, STRONG_KEY), on=STRONG_KEY).with_columns(
        former=pl.lit(value=False)
    )
    if former is not None and former.height:
        earlier = known.drop(STRONG_KEY[1:]).join(former, on="abstract_id")
        found = numbers.join(_known_side(earlier, STRONG_KEY), on=STRONG_KEY)
        strong = pl.concat([strong, found.with_columns(former=pl.lit(value=True))])
    strong = strong.with_columns(
        clash=contradictions(),
        same_number=pl.col("tumorRecordNumber").eq_missing(pl.col("tumorRecordNumber_known")),
    )
    weak_side = records.filter(~numbered())
    supported = (pl.col("birth") == pl.col("birth_known")).fill_null(False) | (
        pl.col("ssn") == pl.col("ssn_known")
    ).fill_null(False)
    weak = (
        weak_side.drop_nulls(["patientIdNumber", "tumorRecordNumber"])
        .join(_known_side(known, WEAK_KEY), on=WEAK_KEY, nulls_equal=True)
        .filter((contradictions() == 0) & supported)
        .with_columns(clash=pl.lit(0, pl.UInt32), same_number=pl.lit(True), former=pl.lit(value=False))
    )
    columns = ["row", "abstract_id", "clash", "same_number", "former"]
    pairs = pl.concat([strong.select(columns), weak.select(columns)])
    agreeing = pairs.filter(pl.col("clash") <= 1).unique(["row", "abstract_id"])
    # Hospitals that number several tumors of a patient alike: the tumor record number decides.
    narrowed = agreeing.filter(pl.col("same_number") | ~pl.col("same_number").any().over("row"))
    if former is not None and former.height:
        narrowed = _renumbered_here(narrowed, records, known)
    counted = narrowed.with_columns(
        candidates=pl.max_horizontal(pl.len().over("row"), pl.len().over("abstract_id"))
    )
    single = counted.filter(pl.col("candidates") == 1).select("row", "abstract_id")
    several = counted.filter(pl.col("candidates") > 1).with_columns(
        reason=pl.lit("several abstracts carry this accession number and sequence")
    )
    clashing = pairs.filter(pl.col("clash") > 1).join(agreeing, on="row", how="anti")
    clashing = clashing.with_columns(
        reason=pl.lit("same accession number and sequence, but the person's identity contradicts")
    )
    ambiguous = pl.concat([frame.select("row", "abstract_id", "reason") for frame in (several, clashing)])
    first = ambiguous.sort("row", "abstract_id").unique("row", keep="first", maintain_order=True)
    return Resends(single.sort("row"), first)


def _renumbered_here(pairs: pl.DataFrame, records: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Pairs by a former number need the same tumor record number or site; of several, site and present number decide."""
    sides = pairs.join(records.select("row", "tumorRecordNumber", "primarySite"), on="row").join(
        known.select("abstract_id", pl.col("primarySite").alias("site")), on="abstract_id"
    )
    sited = sides.with_columns(
        same_site=pl.col("primarySite").eq(pl.col("site")).fill_null(False),
        same_number=pl.col("same_number") & pl.col("tumorRecordNumber").is_not_null(),
    ).filter(~pl.col("former") | pl.col("same_site") | pl.col("same_number"))
    touched = pl.col("former").any().over("row")
    by_site = sited.filter(~touched | pl.col("same_site") | ~pl.col("same_site").any().over("row"))
    return by_site.filter(~pl.col("former") | pl.col("former").all().over("row")).select(pairs.columns)


def find_tumors(records: pl.DataFrame, tumors: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Which known tumor of its patient a new abstract describes.

    Strict: site, histology, behaviour, laterality and diagnosis date are equal, and the facility
    has no abstract of that tumor yet. Doubtful: the same site (three characters) diagnosed within
    a year.

    Args:
        records: frame[row, patient_id, facility_id, *TUMOR_KEY].
        tumors: frame[tumor_id, patient_id, facilities (list of str), *TUMOR_KEY].

    Returns:
        (frame[row, tumor_id], doubts frame[row, tumor_id]), sorted by row.
    """
    pairs = records.join(tumors, on="patient_id", suffix="_known")
    other_facility = ~pl.col("facilities").list.contains(pl.col("facility_id")).fill_null(False)
    equal = pl.all_horizontal(
        pl.col(item).eq_missing(pl.col(f"{item}_known")) for item in TUMOR_KEY
    ) & pl.all_horizontal(pl.col(item).is_not_null() for item in ("primarySite", "dateOfDiagnosis"))
    strict = pairs.filter(equal & other_facility).group_by("row").agg(pl.col("tumor_id").min()).sort("row")
    near = (pl.col("primarySite").str.slice(0, 3) == pl.col("primarySite_known").str.slice(0, 3)) & (
        (dates.year("dateOfDiagnosis") - dates.year("dateOfDiagnosis_known")).abs() <= 1
    )
    doubts = (
        pairs.filter(near.fill_null(False))
        .join(strict, on="row", how="anti")
        .select("row", "tumor_id")
        .unique()
        .sort("row", "tumor_id")
    )
    return strict, doubts


def rounds(records: pl.DataFrame) -> pl.Series:
    """In which round each record of a batch is taken in, by patient.

    Records of one file that concern one another (the same sender's patient id in two Patient
    elements, the same accession number and sequence, the same name, birth date and SSN) must see
    each other's result, so the second one waits for the next round. Almost every file needs one.

    Args:
        records: frame[patient_index, sender, patientIdNumber, facility_id, accessionNumberHosp,
            sequenceNumberHospital, last, first, birth, ssn].

    Returns:
        round (0, 1, ...) per record; all records of a patient_index share one.
    """

    def occurrence(keys: list[str], applies: pl.Expr) -> pl.Expr:
        rank = pl.col("patient_index").rank("dense").over(keys).cast(pl.Int64) - 1
        return pl.when(applies).then(rank).otherwise(0)

    def known(*keys: str) -> pl.Expr:
        return pl.all_horizontal(pl.col(*keys).is_not_null())

    # Records that share a sender's id concern one another only when something of the person agrees too:
    # else a sender that writes one id everywhere would make every record wait for the one before.
    by_id = [
        occurrence(["sender", *keys], known(*keys))
        for keys in (
            ["patientIdNumber", "birth"],
            ["patientIdNumber", "ssn"],
            ["patientIdNumber", "last", "first"],
        )
    ]
    ranked = records.select(
        "patient_index",
        pl.max_horizontal(
            *by_id,
            occurrence(STRONG_KEY, numbered()),
            occurrence(["last", "first", "birth", "ssn"], known("last", "first", "birth", "ssn")),
        ).alias("round"),
    )
    return ranked.select(pl.col("round").max().over("patient_index")).to_series()
