"""Edits over the records of one patient: items that a person has once.

Every record that contradicts another one fails; a blank or invalid value contradicts nothing.
Examples: records are separated by `/`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from registry.edits.definition import PATIENT, edit
from registry.edits.rules.codes import DICTIONARY, expand
from registry.edits.rules.demographic import RACE_ITEMS
from registry.edits.terms import first, last

SEER = "SEER inter-record edits"
OWNER = "patientIdNumber"
"""Shown with every failure, because it says whose records are compared."""


def differs(value: pl.Expr) -> pl.Expr:
    """True for records whose value is not that of another record of the patient."""
    return value.is_not_null() & (value.drop_nulls().n_unique().over(PATIENT) > 1)


def _same(
    edit_id: str,
    what: str,
    items: Sequence[str],
    passes: Sequence[str],
    fails: Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    codes: str = "",
    naaccr_name: str = "",
    source: str = DICTIONARY,
    notes: str = "",
) -> None:
    edit(
        edit_id,
        message=f"The patient's records differ in {what}",
        items=[OWNER, *items],
        level="inter-record",
        category="patient",
        source=source,
        naaccr_name=naaccr_name,
        columns=columns or items,
        passes=passes,
        fails=fails,
        notes=notes,
    )(lambda: pl.any_horizontal([differs(_of_codes(pl.col(item), codes)) for item in items]))


def _of_codes(value: pl.Expr, codes: str) -> pl.Expr:
    """The value when it is one of the codes, or any value when there are none to choose from."""
    return pl.when(value.is_in(expand(codes))).then(value) if codes else value


_same(
    "ir-spanish-same",
    "Spanish/Hispanic origin",
    ["spanishHispanicOrigin"],
    ["0 / 0", "0 / ", "0 / X"],
    ["0 / 1", "0 / 6 / 0", "0 / 9"],
)
_same(
    "ir-nhia-same",
    "the derived Hispanic origin (NHIA)",
    ["nhiaDerivedHispOrigin"],
    ["0 / 0", "1 / ", "7 / 7 / 7", "0 / 9", "X / 0"],
    ["0 / 7", "1 / 1 / 8"],
    codes="0-8",
    naaccr_name="Verify NHIA Derived Hisp Origin Consistent for a Patient (IR15)",
    source="NPCR-CSS inter-record edits",
    notes="No item edit judges the derived item, so this one compares only its codes, 0 to 8.",
)
_same(
    "ir-birthplace-same",
    "the country of birth",
    ["birthplaceCountry"],
    ["USA / USA", "MEX / "],
    ["USA / MEX", "USA / USA / ZZU"],
    notes="Codes are compared as they are: an unknown country (ZZU) is not the country of the other record.",
)
_same("ir-vital-same", "vital status", ["vitalStatus"], ["1 / 1", "0 / ", "1 / 4"], ["0 / 1", "1 / 1 / 0"])
_same(
    "ir-cause-same",
    "cause of death or its revision",
    ["causeOfDeath", "icdRevisionNumber"],
    ["C509 | 1 / C509 | 1", "C509 | 1 / | ", "C509 | 1 / C509 | "],
    ["C509 | 1 / C619 | 1", "C509 | 9 / C509 | 1"],
)
_same(
    "ir-race-same",
    "race",
    RACE_ITEMS,
    [
        "01 | 88 | 88 | 88 | 88 / 01 | 88 | 88 | 88 | 88",
        "01 | 88 | | | / | | | | ",
        "01 | | | | / | 88 | | | ",
    ],
    [
        "01 | 88 | | | / 02 | 88 | | | ",
        "02 | 88 | | | / 02 | 01 | | | ",
        "02 | 01 | 88 | | / 02 | 01 | 10 | | ",
        "02 | 01 | 10 | 88 | / 02 | 01 | 10 | 04 | ",
        "02 | 01 | 10 | 04 | 88 / 02 | 01 | 10 | 04 | 05",
    ],
    notes="Each of the five items is compared with the same item of the other record.",
)


@edit(
    "ir-sex-same",
    message="The patient's records differ in sex ({sex} here)",
    items=[OWNER, "sexAssignedAtBirth", "sex"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    columns=["sexAssignedAtBirth", "sex"],
    passes=[
        "1 | / 1 | ",
        "1 | / | 1",
        "2 | / | ",
        "1 | / | 5",
        "2 | / | 2",
        "2 | / | 6",
        "9 | / | 9",
        "1 | / | 3",
        "1 | 1 / 1 | 5",
        "1 | / X |",
    ],
    fails=[
        "1 | / 2 | ",
        "1 | / | 2",
        " | 3 / | 1",
        " | 5 / | 1",
        "1 | / | 6",
        "2 | / | 5",
        "9 | / 1 | ",
        "9 | / | 1",
        "1 | / | 9",
    ],
    notes="Codes are compared as they are within an item, unknown (9) too. Where one record has the newer "
    "item and another only the older one, the sex at birth that the older code implies is compared; its "
    "codes 3 and 4 imply none. The older item is not looked at beside the newer one.",
)
def same_sex() -> pl.Expr:
    """One code in the older item, one sex at birth in both."""
    newer = pl.col("sexAssignedAtBirth")
    older = pl.when(newer.is_null()).then(pl.col("sex"))
    implied = older.replace_strict({"1": "1", "2": "2", "5": "1", "6": "2", "9": "9"}, default=None)
    return differs(older) | differs(pl.coalesce(newer, implied))


def contradicts(item: str) -> pl.Expr:
    """True for records whose date cannot be the day that another record of the patient means."""
    earliest_last = last(item).min().over(PATIENT)
    latest_first = first(item).max().over(PATIENT)
    return (first(item) > earliest_last) | (last(item) < latest_first)


for _id, _what, _item in [
    ("ir-dob-same", "date of birth", "dateOfBirth"),
    ("ir-last-contact-same", "date of last contact", "dateOfLastContact"),
]:
    edit(
        _id,
        message=f"The patient's records differ in {_what} ({{{_item}}} here)",
        items=[OWNER, _item],
        level="inter-record",
        category="patient",
        source=DICTIONARY,
        columns=[_item],
        passes=[
            "19580301 / 19580301",
            "1958 / 19580301",
            "195803 / 19580331",
            "195803 / 1958",
            "19580301 / ",
            "19580301 / 19581399",
        ],
        fails=["19580301 / 19580302", "1958 / 1959 / 1958", "195803 / 19580401", "19580228 / 195803"],
        notes="Partial dates must be able to mean the same day; in the file 1958 and 195803 do not differ.",
    )(lambda item=_item: contradicts(item))


@edit(
    "ir-tumor-record-unique",
    message="Tumor record number {tumorRecordNumber} occurs twice in the patient",
    items=[OWNER, "tumorRecordNumber"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    columns=["tumorRecordNumber"],
    passes=["01 / 02", " / ", "01 / "],
    fails=["01 / 01", "02 / 01 / 02"],
)
def tumor_record_unique() -> pl.Expr:
    """Blank numbers are not compared."""
    return repeated(pl.col("tumorRecordNumber"))


def repeated(*keys: pl.Expr) -> pl.Expr:
    """True for records of a patient that are equal in all keys (none of them null)."""
    filled = pl.all_horizontal([key.is_not_null() for key in keys])
    return filled & (pl.len().over(PATIENT, *keys) > 1)


@edit(
    "ir-dx-after-death",
    message="Diagnosed {dateOfDiagnosis}, after the patient's death",
    items=[OWNER, "dateOfDiagnosis", "dateOfLastContact", "vitalStatus"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    columns=["dateOfDiagnosis", "dateOfLastContact", "vitalStatus"],
    passes=[
        "2015 | 2020 | 0 / 2020 | 2020 | 0",
        "2021 | 2022 | 1 / 2015 | 2020 | 1",
        "20200115 | 202001 | 0 / 2015 | 202001 | 0",
        "20200115 | 20200115 | 0 / 2015 | 20200115 | 0",
        " | 2020 | 0 / 2015 | 2020 | 0",
        "2021 | | / 2015 | | 0",
    ],
    fails=[
        "2015 | 2020 | 0 / 2021 | 2022 | 1",
        "2021 |  |  / 2015 | 20200101 | 0",
        "20200116 | 2022 | 0 / 2015 | 20200115 | 0",
    ],
    notes="Fires on the record of the tumor. Only a certain contradiction counts: a partial date of death "
    "stands for its last day, a partial date of diagnosis for its first.",
)
def diagnosed_after_death() -> pl.Expr:
    """The earliest death date that any record of the patient holds."""
    died = pl.when(pl.col("vitalStatus") == "0").then(last("dateOfLastContact"))
    return first("dateOfDiagnosis") > died.min().over(PATIENT)
