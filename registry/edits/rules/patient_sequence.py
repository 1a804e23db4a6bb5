"""Central sequence numbers of one patient: unique, in order of diagnosis, without gaps.

Two series: 00 to 59 for malignant tumors, 60 to 87 for the others. 88, 98 and 99 are in neither.
"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import PATIENT, WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.same_patient import OWNER, SEER, repeated
from registry.edits.terms import number

NUMBER, OF_SERIES = "sequenceNumberCentral@number", "@sequence_series"
DIAGNOSED, DIAGNOSED_AT_LAST = "dateOfDiagnosis@first", "dateOfDiagnosis@last"
ONLY, ONLY_BENIGN = 0, 60
FIRST_OF_SEVERAL = (1, 61)


@edit(
    "ir-seq-unique",
    message="Central sequence number {sequenceNumberCentral} occurs twice in the patient",
    items=[OWNER, "sequenceNumberCentral"],
    level="inter-record",
    category="patient",
    source=SEER,
    columns=["sequenceNumberCentral"],
    passes=["01 / 02", "99 / 99", "88 / 88", "98 / 98", " / ", "X1 / X1"],
    fails=["01 / 01", "00 / 00", "60 / 01 / 60", "87 / 87"],
)
def sequence_unique() -> pl.Expr:
    """88, 98 and 99 may repeat."""
    sequence = pl.col("sequenceNumberCentral")
    return repeated(sequence) & ~sequence.is_in(["88", "98", "99"])


@edit(
    "ir-seq-00-multiple",
    message="Central sequence {sequenceNumberCentral} says the only one, but the patient has others of the series",
    items=[OWNER, "sequenceNumberCentral"],
    level="inter-record",
    category="patient",
    source=SEER,
    columns=["sequenceNumberCentral"],
    passes=["00 / 60", "01 / 02", "00 / 98", "60 / 01", "60 / 88", "60 / 60", "01 / 61", "00 / "],
    fails=["00 / 01", "00 / 59", "00 / 00", "60 / 61", "60 / 87", "00 / 02 / 60"],
    notes="Fires on the record that is coded as the only one. Two records with 60 are a matter of "
    "ir-seq-unique; two with 00 are both, as the catalogue has it.",
)
def only_one_of_many() -> pl.Expr:
    """00 with another of 00 to 59; 60 with one of 61 to 87."""
    sequence = number("sequenceNumberCentral")
    malignant = sequence.is_between(0, 59).sum().over(PATIENT)
    others = sequence.is_between(61, 87).sum().over(PATIENT)
    return ((sequence == ONLY) & (malignant > 1)) | ((sequence == ONLY_BENIGN) & (others > 0))


def _in_series(frame: pl.DataFrame) -> pl.DataFrame:
    """Row, patient, series, number and dates of records in the series of 01 to 59 or of 61 to 87."""
    sequence = pl.col(NUMBER)
    series = pl.when(sequence.is_between(1, 59)).then(1).when(sequence.is_between(61, 87)).then(2)
    return frame.with_row_index("row").with_columns(series.alias(OF_SERIES)).drop_nulls(OF_SERIES)


def _marked(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
    """Series of the frame's height, True at `row`."""
    return pl.Series([False]).new_from_index(0, frame.height).scatter(rows.get_column("row"), True)


@edit(
    "ir-seq-order",
    message="Central sequence {sequenceNumberCentral}, diagnosed {dateOfDiagnosis}: a lower number was diagnosed later",
    items=[OWNER, "sequenceNumberCentral", "dateOfDiagnosis"],
    level="inter-record",
    category="patient",
    source=SEER,
    reads=[NUMBER, DIAGNOSED, DIAGNOSED_AT_LAST],
    columns=["sequenceNumberCentral", "dateOfDiagnosis"],
    passes=[
        "01 | 2015 / 02 | 201503",
        "01 | 20150301 / 02 | 20150301",
        "02 | 2016 / 01 | 2015",
        "61 | 2010 / 01 | 2015",
        "01 | 2015 / 02 | ",
        "00 | 2016 / 02 | 2015",
        "60 | 2016 / 61 | 2015",
        "02 | 2016 / 02 | 2015",
        "01 | 2016 / 88 | 2015",
        "59 | 2016 / 61 | 2015",
    ],
    fails=[
        "01 | 2016 / 02 | 2015",
        "61 | 20150302 / 62 | 20150301",
        "01 | 2010 / 02 | 2012 / 03 | 2011",
        "01 | 2016 / 59 | 2015",
        "61 | 2016 / 87 | 2015",
        "01 | 2016 / 02 | / 03 | 2015",
    ],
    notes="Fires on the higher number. Only known parts of the dates are compared.",
)
def sequence_order(frame: pl.DataFrame) -> pl.Series:
    """Diagnosed before a lower number of its series, whatever the unknown parts of both dates are."""
    records = _in_series(frame)
    keys = [PATIENT, OF_SERIES, NUMBER]
    numbers = records.group_by(keys).agg(pl.col(DIAGNOSED).max()).sort(keys)
    before = pl.col(DIAGNOSED).cum_max().forward_fill().shift(1).over(PATIENT, OF_SERIES)
    numbers = numbers.select(*keys, before=before)
    judged = records.join(numbers, on=keys, how="left")
    return _marked(frame, judged.filter(pl.col(DIAGNOSED_AT_LAST) < pl.col("before")))


@edit(
    "ir-seq-gap",
    message="Central sequence {sequenceNumberCentral}: the patient has no record with the number before it; "
    "right only when that primary is not in this registry",
    severity=WARNING,
    items=[OWNER, "sequenceNumberCentral"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    reads=[NUMBER],
    columns=["sequenceNumberCentral"],
    passes=[
        "01 / 02",
        "02 / 01 / 03",
        "00 / 60",
        "61 / 62",
        "00 / 02",
        "60 / 62",
        "01 / 61",
        "01 / ",
        "01 / 98",
        "01 / 88",
        "01 / 02 / 02",
    ],
    fails=["01 / 03", "02 / 03", "61 / 63", "02 / 61", "01 / 62", "58 / 57", "86 / 87"],
    notes="Fires on the record after the gap, within 01 to 59 and 61 to 87. Patients with one record are not "
    "looked at. A record coded as the only one (00, 60) stands for the first here, because "
    "ir-seq-00-multiple says what is wrong with it.",
)
def sequence_gap(frame: pl.DataFrame) -> pl.Series:
    """The number before this one is missing."""
    first = pl.col(NUMBER).replace({ONLY: FIRST_OF_SEVERAL[0], ONLY_BENIGN: FIRST_OF_SEVERAL[1]})
    present = frame.select(PATIENT, (first + 1).alias(NUMBER)).unique()
    later = _in_series(frame).filter(~pl.col(NUMBER).is_in(FIRST_OF_SEVERAL))
    return _marked(frame, later.join(present, on=[PATIENT, NUMBER], how="anti"))
