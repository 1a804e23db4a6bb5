"""Edits over the records of one patient, or of several who share what only one can have.

Every record that takes part in a contradiction fails. Examples: records are separated by `/`.
"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import PATIENT, REVIEW, WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.demographic import RACE_ITEMS
from registry.edits.terms import first, last, number, site_in
from registry.standards.laterality import PAIRED

SEER = "SEER inter-record edits"


def differ(*values: pl.Expr) -> pl.Expr:
    """True for all records of a patient when known values of one item are not all equal."""
    different = [value.drop_nulls().n_unique().over(PATIENT) > 1 for value in values]
    return pl.any_horizontal(different)


def _same(
    edit_id: str,
    what: str,
    items: list[str],
    passes: list[str],
    fails: list[str],
    columns: list[str] | None = None,
) -> None:
    edit(
        edit_id,
        message=f"The patient's records differ in {what}",
        items=items,
        level="inter-record",
        category="patient",
        source=DICTIONARY,
        columns=columns or items,
        passes=passes,
        fails=fails,
    )(lambda: differ(*[pl.col(item) for item in items]))


_same(
    "ir-spanish-same",
    "Spanish/Hispanic origin",
    ["spanishHispanicOrigin"],
    ["0 / 0", "0 / "],
    ["0 / 1", "0 / 6 / 0"],
)
_same("ir-vital-same", "vital status", ["vitalStatus"], ["1 / 1", "0 / "], ["0 / 1", "1 / 1 / 0"])
_same(
    "ir-cause-same",
    "cause of death or its revision",
    ["causeOfDeath", "icdRevisionNumber"],
    ["C509 | 1 / C509 | 1", "C509 | 1 / | "],
    ["C509 | 1 / C619 | 1", "1749 | 9 / 1749 | 1"],
)
_same(
    "ir-race-same",
    "race",
    RACE_ITEMS,
    ["01 | 88 / 01 | 88", "01 | 88 / | "],
    ["01 | 88 / 02 | 88", "02 | 88 / 02 | 01"],
    ["race1", "race2"],
)


@edit(
    "ir-sex-same",
    message="The patient's records differ in sex ({sex} here)",
    items=["sexAssignedAtBirth", "sex"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    passes=["1 | / 1 | ", "1 | / | 1", "2 | / | "],
    fails=["1 | / 2 | ", "1 | / | 2", " | 3 / | 1"],
)
def same_sex() -> pl.Expr:
    """The older item's codes are compared as they are; a newer 1 or 2 equals an older 1 or 2."""
    return differ(pl.coalesce("sexAssignedAtBirth", "sex"))


def contradict(item: str) -> pl.Expr:
    """True for all records of a patient when their dates cannot be the same day."""
    return first(item).max().over(PATIENT) > last(item).min().over(PATIENT)


for _id, _what, _item in [
    ("ir-dob-same", "date of birth", "dateOfBirth"),
    ("ir-last-contact-same", "date of last contact", "dateOfLastContact"),
]:
    edit(
        _id,
        message=f"The patient's records differ in {_what} ({{{_item}}} here)",
        items=[_item],
        level="inter-record",
        category="patient",
        source=DICTIONARY,
        passes=["19580301 / 19580301", "1958 / 19580301", "19580301 / "],
        fails=["19580301 / 19580302", "1958 / 1959 / 1958", "195803 / 19580401"],
        notes="Partial dates must be able to mean the same day.",
    )(lambda item=_item: contradict(item))


def repeated(*keys: pl.Expr) -> pl.Expr:
    """True for records of a patient that are equal in all keys (none of them null)."""
    filled = pl.all_horizontal([key.is_not_null() for key in keys])
    return filled & (pl.len().over(PATIENT, *keys) > 1)


@edit(
    "ir-seq-unique",
    message="Central sequence number {sequenceNumberCentral} occurs twice in the patient",
    items=["sequenceNumberCentral"],
    level="inter-record",
    category="patient",
    source=SEER,
    passes=["01 / 02", "99 / 99", "88 / 88", "98 / 98"],
    fails=["01 / 01", "00 / 00", "60 / 01 / 60"],
)
def sequence_unique() -> pl.Expr:
    """88, 98 and 99 may repeat."""
    sequence = pl.col("sequenceNumberCentral")
    return repeated(sequence) & ~sequence.is_in(["88", "98", "99"])


@edit(
    "ir-seq-00-multiple",
    message="Central sequence {sequenceNumberCentral} says the only one, but the patient has others of the series",
    items=["sequenceNumberCentral"],
    level="inter-record",
    category="patient",
    source=SEER,
    passes=["00 / 60", "01 / 02", "00 / 98", "60 / 01"],
    fails=["00 / 01", "60 / 61", "00 / 02 / 60"],
    notes="Fires on the record that is coded as the only one.",
)
def only_one_of_many() -> pl.Expr:
    """00 among 00-59; 60 among 60-87."""
    sequence = number("sequenceNumberCentral")
    malignant = sequence.is_between(0, 59).sum().over(PATIENT)
    benign = sequence.is_between(60, 87).sum().over(PATIENT)
    return ((sequence == 0) & (malignant > 1)) | ((sequence == 60) & (benign > 1))


@edit(
    "ir-seq-order",
    message="Central sequence {sequenceNumberCentral}, diagnosed {dateOfDiagnosis}: a lower number was diagnosed later",
    items=["sequenceNumberCentral", "dateOfDiagnosis"],
    level="inter-record",
    category="patient",
    source=SEER,
    passes=["01 | 2015 / 02 | 201503", "02 | 2016 / 01 | 2015", "61 | 2010 / 01 | 2015", "01 | 2015 / 02 | "],
    fails=["01 | 2016 / 02 | 2015", "61 | 20150302 / 62 | 20150301", "01 | 2010 / 02 | 2012 / 03 | 2011"],
    notes="Fires on the higher number. Only known parts of the dates are compared.",
)
def sequence_order() -> pl.Expr:
    """Within 01-59 and within 61-87, one series at a time."""
    sequence, diagnosed = number("sequenceNumberCentral"), first("dateOfDiagnosis")
    series = pl.when(sequence.is_between(1, 59)).then(1).when(sequence.is_between(61, 87)).then(2)
    latest_before = diagnosed.cum_max().forward_fill().shift(1).over(PATIENT, series, order_by=sequence)
    return series.is_not_null() & (last("dateOfDiagnosis") < latest_before)


@edit(
    "ir-same-primary-twice",
    message="Two tumors of one side of a paired organ ({primarySite}, {laterality}) with like histology "
    "({histologicTypeIcdO3}): the same primary?",
    severity=REVIEW,
    items=["primarySite", "laterality", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    level="inter-record",
    category="patient",
    source=SEER,
    naaccr_name="Verify Same Primary Not Reported Twice for a Person (SEER IR09)",
    override_item="overRideSiteLatSeqno",
    columns=["primarySite", "laterality", "histologicTypeIcdO3"],
    passes=[
        "C504 | 1 | 8500 / C504 | 2 | 8500",
        "C504 | 1 | 8500 / C505 | 1 | 8520",
        "C187 | 0 | 8140 / C187 | 0 | 8140",
    ],
    fails=["C504 | 1 | 8500 / C509 | 1 | 8503", "C649 | 2 | 8312 / C649 | 2 | 8310"],
)
def same_primary() -> pl.Expr:
    """Site group, side and the first three digits of histology."""
    group = pl.col("primarySite").str.slice(0, 3)
    side = pl.col("laterality")
    return site_in(PAIRED) & repeated(group, side, pl.col("histologicTypeIcdO3").str.slice(0, 3))


@edit(
    "ir-duplicate-tumor",
    message="The patient has this tumor twice ({primarySite}, {histologicTypeIcdO3}/{behaviorCodeIcdO3}, "
    "laterality {laterality}, diagnosed {dateOfDiagnosis})",
    items=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis"],
    level="inter-record",
    category="patient",
    source="Registry practice: duplicate tumor records",
    passes=[
        "C504 | 8500 | 3 | 1 | 20200105 / C504 | 8500 | 3 | 2 | 20200105",
        "C504 | 8500 | 3 | 1 | / C504 | 8500 | 3 | 1 | ",
    ],
    fails=[
        "C504 | 8500 | 3 | 1 | 20200105 / C504 | 8500 | 3 | 1 | 20200105",
        "C619 | 8140 | 3 | 0 | 2020 / C619 | 8140 | 3 | 0 | 2020",
    ],
)
def duplicate_tumor() -> pl.Expr:
    """Equal in all five items."""
    items = ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis")
    return repeated(*[pl.col(item) for item in items])


@edit(
    "ir-tumor-record-unique",
    message="Tumor record number {tumorRecordNumber} occurs twice in the patient",
    items=["patientIdNumber", "tumorRecordNumber"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    columns=["patientIdNumber", "tumorRecordNumber"],
    passes=["00000001 | 01 / 00000001 | 02", "00000001 | / 00000001 | "],
    fails=["00000001 | 01 / 00000001 | 01", "00000001 | 02 / 00000001 | 01 / 00000001 | 02"],
)
def tumor_record_unique() -> pl.Expr:
    """Blank numbers are not compared."""
    return repeated(pl.col("tumorRecordNumber"))


@edit(
    "ir-dco-with-others",
    message="Known from a death certificate only ({primarySite}), and the patient has another tumor of this site "
    "or an ill-defined one",
    severity=REVIEW,
    items=["typeOfReportingSource", "primarySite"],
    level="inter-record",
    category="patient",
    source=SEER,
    override_item="overRideReportSource",
    passes=["7 | C509 / 1 | C619", "1 | C509 / 1 | C504", "7 | C509 / 1 | "],
    fails=["7 | C509 / 1 | C504", "7 | C220 / 1 | C809"],
    notes="Fires on the record from the death certificate.",
)
def certificate_and_other_tumor() -> pl.Expr:
    """Same site group, or the other tumor's site is ill-defined."""
    same_group = repeated(pl.col("primarySite").str.slice(0, 3))
    ill_defined = site_in("C760-C768,C809").fill_null(value=False)
    other_ill_defined = (ill_defined.sum().over(PATIENT) - ill_defined.cast(pl.Int32)) > 0
    return (pl.col("typeOfReportingSource") == "7") & (same_group | other_ill_defined)


@edit(
    "ir-dx-after-death",
    message="Diagnosed {dateOfDiagnosis}, after the patient's death",
    items=["dateOfDiagnosis", "dateOfLastContact", "vitalStatus"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    passes=["2015 | 2020 | 0 / 2020 | 2020 | 0", "2021 | 2022 | 1 / 2015 | 2020 | 1"],
    fails=["2015 | 2020 | 0 / 2021 | 2022 | 1", "2021 |  |  / 2015 | 20200101 | 0"],
)
def diagnosed_after_death() -> pl.Expr:
    """The earliest death date that any record of the patient holds."""
    died = pl.when(pl.col("vitalStatus") == "0").then(last("dateOfLastContact"))
    return first("dateOfDiagnosis") > died.min().over(PATIENT)


@edit(
    "ir-ssn-shared",
    message="The social security number is shared with another patient",
    items=["socialSecurityNumber", "patientIdNumber"],
    level="inter-record",
    category="person",
    source="Registry practice: patient identity",
    over=("socialSecurityNumber",),
    passes=["111223333 | 00000001 / 111223333 | 00000001", "999999999 | 00000001 / 999999999 | 00000002"],
    fails=["111223333 | 00000001 / 111223333 | 00000002", "111223333 | 00000003 / 111223333 | 00000002"],
)
def shared_ssn() -> pl.Expr:
    """999999999 and 000000000 are unknown."""
    number_ = pl.col("socialSecurityNumber")
    patients = pl.col(PATIENT).n_unique().over("socialSecurityNumber")
    return ~number_.is_in(["999999999", "000000000"]) & (patients > 1)


@edit(
    "ir-facility-duplicate",
    message="Facility {reportingFacility} has accession {accessionNumberHosp}, sequence {sequenceNumberHospital} twice",
    severity=WARNING,
    items=["reportingFacility", "accessionNumberHosp", "sequenceNumberHospital"],
    level="inter-record",
    category="person",
    source="Registry practice: one abstract per facility, accession and sequence",
    over=("reportingFacility", "accessionNumberHosp", "sequenceNumberHospital"),
    passes=[
        "0000000001 | 202000001 | 00 / 0000000002 | 202000001 | 00",
        "0000000001 | | 00 / 0000000001 | | 00",
    ],
    fails=[
        "0000000001 | 202000001 | 00 / 0000000001 | 202000001 | 00",
        "0000000001 | 202000001 | 61 / 0000000001 | 202000001 | 61",
    ],
)
def facility_duplicate() -> pl.Expr:
    """All three filled and equal: the groups themselves are the failures."""
    return pl.col("reportingFacility").is_not_null()
