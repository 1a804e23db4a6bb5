"""Frames as they leave: in the version of the file, under our own numbers, with the items that may leave and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from registry import formats, standards
from registry.submissions.items import OWN_NUMBERS, SEX, Legal
from registry.submissions.request import Request

KEYS = ("patient_id", "element_id", "tumor_id", "tumor_number")
Columns = Mapping[str, tuple[str, int | None]]


def outgoing(
    patients: pl.DataFrame, tumors: pl.DataFrame, request: Request, legal: Legal | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors as a NAACCR file holds them.

    Args:
        patients: frame[patient_id, (element_id), items]. With element_id in both, a patient may have several
            Patient elements (facilities that say different things).
        tumors: frame[tumor_id, patient_id, (element_id), (tumor_number), items]: tumor_id is the key of the record
            (tumor or abstract), tumor_number its place among all that the patient ever had; without it
            among those of the frame.
        legal: of the request, when it is known.

    Returns:
        (frame[patient_id, element_id, items], frame[tumor_id, patient_id, element_id, items]), sorted by patient_id,
        element_id and tumor_id; nothing is in them that may not leave.
    """
    legal = legal or Legal(request)
    patients, tumors = with_own_numbers(*carried(patients, tumors, request), request.version)
    return leaving(patients, legal, "Patient"), leaving(tumors, legal, "Tumor")


def carried(
    patients: pl.DataFrame, tumors: pl.DataFrame, request: Request
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames in the version of the file, in the order given; see `outgoing`."""
    patients, tumors = with_elements(patients, tumors)
    patients, tumors = (
        writers_columns(frame, request.columns, request.dictionaries) for frame in (patients, tumors)
    )
    patients, tumors, _ = as_version(
        patients, tumors, request.version, request.type or "A", request.dictionaries
    )
    return sex_items(patients, request.version), tumors


def with_elements(patients: pl.DataFrame, tumors: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames with the number of their Patient element, which is the patient's when none is given."""
    if "element_id" in patients.columns:
        return patients, tumors
    return tuple(frame.with_columns(element_id="patient_id") for frame in (patients, tumors))  # type: ignore[return-value]


def writers_columns(
    frame: pl.DataFrame, columns: Columns, dictionaries: Sequence[standards.Dictionary]
) -> pl.DataFrame:
    """Columns as today's dictionaries together name them, which may differ from how a store came to name them."""
    if not columns:
        return frame
    together = formats.merged_dictionary(standards.CURRENT_VERSION, dictionaries)
    names = {}
    for column in frame.columns:
        naaccr_id, number = columns.get(column, (None, None))
        item = together.resolve(naaccr_id, number) if naaccr_id else None
        if item is not None and number in (item.number, None):
            names[column] = item.column
    return frame.rename(names)


def as_version(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    version: str,
    record_type: str,
    dictionaries: Sequence[standards.Dictionary] = (),
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    """Items under the ids and at the levels that they have in a version, and how many values that loses, by item."""
    from registry.formats.naaccr.translate import translate

    current = standards.CURRENT_VERSION
    if version == current:
        return patients, tumors, {}
    key = "element_id" if "element_id" in patients.columns else "patient_id"
    patients = patients.with_columns(patient_index=pl.int_range(pl.len(), dtype=pl.Int64))
    tumors = tumors.join(patients.select(key, "patient_index"), on=key, how="inner", maintain_order="left")
    tumors = tumors.with_columns(tumor_index=pl.int_range(pl.len(), dtype=pl.Int64))
    header = formats.NaaccrHeader(version=current, record_type=record_type)
    here = formats.NaaccrData(header, patients, tumors, pl.DataFrame())
    there = translate(here, version, dictionaries=dictionaries)
    lost = dict(there.lost.group_by("item").len().sort("item").iter_rows())
    places = ("patient_index", "tumor_index")
    return there.data.patients.drop(places, strict=False), there.data.tumors.drop(places), lost


def with_own_numbers(
    patients: pl.DataFrame, tumors: pl.DataFrame, version: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames sorted, with our patient id number [20] and tumor record number [60]: a sender's mean nothing elsewhere.

    >>> patients = pl.DataFrame({"patient_id": [7], "element_id": [7]})
    >>> tumors = pl.DataFrame({"patient_id": [7, 7], "element_id": [7, 7], "tumor_id": [3, 9], "tumor_number": [1, 4]})
    >>> patients, tumors = with_own_numbers(patients, tumors, "260")
    >>> patients["patientIdNumber"].item(), tumors["tumorRecordNumber"].to_list()
    ('00000007', ['01', '04'])
    """
    dictionary = standards.dictionary(version)
    widths = {name: found.length for name in OWN_NUMBERS if (found := dictionary.item(name))}
    number = (
        pl.col("tumor_number")
        if "tumor_number" in tumors.columns
        else pl.col("tumor_id").rank("dense").over("patient_id")
    )
    patients = _sorted(patients, "patient_id", "element_id").with_columns(
        patientIdNumber=pl.col("patient_id").cast(pl.String).str.zfill(widths["patientIdNumber"])
    )
    tumors = _sorted(tumors, "patient_id", "tumor_id").with_columns(
        tumorRecordNumber=number.cast(pl.Int64).cast(pl.String).str.zfill(widths["tumorRecordNumber"])
    )
    return patients, tumors


def _sorted(frame: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    """The frame in order; a wide frame that is in order already is not copied."""
    one, two = frame[first], frame[second]
    before, at = one.shift(), two.shift()
    if ((one > before) | ((one == before) & (two >= at))).tail(-1).all():
        return frame
    return frame[frame.select(first, second).with_row_index("_row").sort(first, second)["_row"]]


def sex_items(patients: pl.DataFrame, version: str) -> pl.DataFrame:
    """Older versions carry item 220; where only 225 is known it is written as 220 (the codes agree).

    Newer ones carry 225 alone; a 220 that says the same is no value left out.
    """
    old_id, new_id = SEX
    if new_id not in patients.columns:
        return patients
    old = pl.col(old_id) if old_id in patients.columns else pl.lit(None, pl.String)
    if standards.dictionary(version).item(old_id) is None:
        return patients.with_columns(sex=pl.when(old.ne_missing(pl.col(new_id))).then(old))
    return patients.with_columns(sex=pl.coalesce(old, pl.col(new_id)))


def leaving(frame: pl.DataFrame, legal: Legal, level: str) -> pl.DataFrame:
    """The frame with its keys and the items of a level that may leave."""
    allowed = legal.columns[level]
    return frame.select(*(name for name in frame.columns if name in KEYS or name in allowed))
