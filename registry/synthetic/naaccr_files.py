"""Abstracts as NAACCR XML text, built by whole columns.

The text of a record is one long concatenation of fixed pieces and column values; a null value
leaves its item out. Values that may hold `&`, `<` or `>` are escaped. This writes the same format as
`registry.formats.write_naaccr_xml`, only for generated values and twenty times as fast.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl
import pyarrow as pa

PATIENT_ITEMS = (
    "patientIdNumber", "nameLast", "nameFirst", "nameMiddle", "socialSecurityNumber", "SEX", "dateOfBirth", "race1",
    "race2", "race3", "race4", "race5", "spanishHispanicOrigin", "vitalStatus", "dateOfLastContact", "causeOfDeath",
    "icdRevisionNumber", "autopsy", "addrCurrentNoStreet", "addrCurrentCity", "addrCurrentState",
    "addrCurrentPostalCode", "addrCurrentCountry", "telephone", "noPatientContactFlag",
)  # fmt: skip
"""`SEX` is sexAssignedAtBirth from version 26 and sex before."""
TUMOR_ITEMS = (
    "tumorRecordNumber", "reportingFacility", "npiReportingFacility", "accessionNumberHosp",
    "sequenceNumberHospital", "sequenceNumberCentral", "medicalRecordNumber", "classOfCase",
    "typeOfReportingSource", "dateOf1stContact", "dateOfDiagnosis", "ageAtDiagnosis", "addrAtDxNoStreet",
    "addrAtDxCity", "addrAtDxState", "addrAtDxPostalCode", "addrAtDxCountry", "countyAtDx", "maritalStatusAtDx",
    "primaryPayerAtDx", "primarySite", "laterality", "histologicTypeIcdO3", "behaviorCodeIcdO3",
    "diagnosticConfirmation", "grade", "gradeClinical", "gradePathological", "tumorSizeSummary",
    "regionalNodesExamined", "regionalNodesPositive", "seerSummaryStage2000", "summaryStage2018", "metsAtDxBone",
    "metsAtDxBrain", "metsAtDxLiver", "metsAtDxLung", "metsAtDxDistantLn", "metsAtDxOther",
    "estrogenReceptorSummary", "progesteroneRecepSummary", "her2OverallSummary", "rxSummTreatmentStatus",
    "rxSummSurgPrimSite", "rxSummSurgPrimSite2023", "rxSummScopeRegLnSur", "rxSummSurgOthRegDis",
    "rxSummSurgicalMargins", "reasonForNoSurgery", "phase1RadiationTreatmentModality", "reasonForNoRadiation",
    "rxSummSurgRadSeq", "rxSummChemo", "rxSummHormone", "rxSummBrm", "rxSummTransplntEndocr", "rxSummOther",
    "rxSummSystemicSurSeq", "date1stCrsRxCoc", "dateInitialRxSeer", "rxDateSurgery", "rxDateMostDefinSurg",
    "rxDateRadiation", "rxDateSystemic", "rxDateChemo", "rxDateHormone", "rxDateBrm", "rxHospSurgPrimSite",
    "rxHospSurgPrimSite2023", "rxHospRadiation", "rxHospChemo", "rxHospHormone", "rxHospBrm", "cancerStatus",
    "dateOfLastCancerStatus", "followUpSource", "institutionReferredFrom", "institutionReferredTo",
    "npiPhysicianManaging", "npiPhysicianFollowUp", "abstractedBy", "dateCaseInitiated", "dateCaseCompleted",
    "dateCaseLastChanged", "dateCaseReportExported", "dateCaseReportReceived", "textDxProcPath", "rxTextSurgery",
    "textRemarks", "followUpContactName", "followUpContactNost", "followUpContactCity", "followUpContactState",
    "followUpContactPostal", "nextFollowUpSource", "reportingFacilityRestrictionFlag",
)  # fmt: skip
FREE_TEXT = {
    "nameLast", "nameFirst", "nameMiddle", "addrCurrentNoStreet", "addrCurrentCity", "addrAtDxNoStreet",
    "addrAtDxCity", "textDxProcPath", "rxTextSurgery", "textRemarks", "followUpContactName", "followUpContactNost",
    "followUpContactCity",
}  # fmt: skip
NOTICE = "SYNTHETIC DATA: every person, facility and number in this file is invented."


def records(frame: pl.DataFrame, version: str) -> list[memoryview]:
    """UTF-8 text of all records of a frame ordered by patient, `<Patient>` to `</Patient>`.

    Args:
        frame: items under NAACCR ids, with `first_of_patient` and `last_of_patient`.
        version: NAACCR version, "250" or "260".
    """
    sex = "sexAssignedAtBirth" if version >= "260" else "sex"
    patient = _pieces(frame, ["<Patient>\n", *(sex if name == "SEX" else name for name in PATIENT_ITEMS)])
    tumor = _pieces(frame, ["<Tumor>\n", *TUMOR_ITEMS, "</Tumor>\n"])
    head = pl.when("first_of_patient").then(pl.concat_str(patient, ignore_nulls=True))
    tail = pl.when("last_of_patient").then(pl.lit("</Patient>\n"))
    text = pl.concat_str([head, *tumor, tail], ignore_nulls=True)
    return column_bytes(frame.lazy().select(text).collect().to_series())


def _pieces(frame: pl.DataFrame, names: list[str]) -> list[pl.Expr]:
    """Fixed text and columns in turn; only an item that may be absent needs an expression of its own."""
    pieces: list[pl.Expr] = []
    fixed = ""
    for name in names:
        if name.endswith("\n"):
            fixed += name
            continue
        value = escaped(frame, name) if name in FREE_TEXT else pl.col(name)
        start, end = f'<Item naaccrId="{name}">', "</Item>\n"
        if frame[name].null_count():
            pieces += [pl.lit(fixed), pl.concat_str([pl.lit(start), value, pl.lit(end)])]
            fixed = ""
        else:
            pieces += [pl.lit(fixed + start), value]
            fixed = end
    return [*pieces, pl.lit(fixed)]


def escaped(frame: pl.DataFrame, name: str) -> pl.Expr:
    """The column with `&`, `<` and `>` written as XML entities.

    >>> frame = pl.DataFrame({"a": ["MILL & POND", "x < 1"]})
    >>> frame.select(escaped(frame, "a"))["a"].to_list()
    ['MILL &amp; POND', 'x &lt; 1']
    """
    value = pl.col(name)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        if frame.select(pl.col(name).str.contains(character, literal=True).any()).item():
            value = value.str.replace_all(character, entity, literal=True)
    return value


def column_bytes(column: pl.Series) -> list[memoryview]:
    """The values of a text column, one after the other, as few large pieces.

    >>> b"".join(column_bytes(pl.Series(["first value, long", "second value, long"])))
    b'first value, longsecond value, long'
    """
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if len(array) == 0:
        return []
    return _in_order(array) or _copied(array)


def _in_order(array: pa.Array) -> list[memoryview]:
    """The data buffers themselves when they hold exactly the values in order (nothing is copied)."""
    _, views, *data = array.buffers()
    if not pa.types.is_string_view(array.type) or array.null_count:
        return []
    fields = (
        np.frombuffer(views, dtype="<u4")
        .reshape(-1, 4)[array.offset : array.offset + len(array)]
        .astype(np.int64)
    )
    length, buffer, start = fields[:, 0], fields[:, 2], fields[:, 3]
    sizes = np.array([block.size for block in data], dtype=np.int64)
    base = np.concatenate([[0], np.cumsum(sizes)])
    if length.min() <= 12:  # short values live inside their view
        return []
    place = base[buffer] + start
    joined = place[0] == 0 and np.array_equal(place[1:], place[:-1] + length[:-1])
    return [memoryview(block) for block in data] if joined and base[-1] == length.sum() else []


def _copied(array: pa.Array) -> list[memoryview]:
    plain = array.cast(pa.large_string())
    _, offsets, data = plain.buffers()
    ends = np.frombuffer(offsets, dtype="<i8")[plain.offset : plain.offset + len(plain) + 1]
    return [memoryview(data)[int(ends[0]) : int(ends[-1])]]


@dataclass
class AbstractFile:
    """One NAACCR XML file, written in pieces."""

    path: Path
    version: str
    record_type: str
    facility: str
    as_of: dt.date
    patients: int = 0
    abstracts: int = 0
    _file: BinaryIO | None = field(default=None, repr=False)

    def write(self, frame: pl.DataFrame) -> None:
        """Append whole patients."""
        if not len(frame):
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
            self._file.write(self._head().encode())
        self._file.writelines(records(frame, self.version))
        self.patients += int(frame["first_of_patient"].sum())
        self.abstracts += len(frame)

    def close(self) -> None:
        """End the document."""
        if self._file is not None:
            self._file.write(b"</NaaccrData>\n")
            self._file.close()
            self._file = None

    def _head(self) -> str:
        uri = f"http://naaccr.org/naaccrxml/naaccr-dictionary-{self.version}.xml"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<!-- {NOTICE} -->\n"
            f'<NaaccrData baseDictionaryUri="{uri}" recordType="{self.record_type}" '
            f'timeGenerated="{self.as_of.isoformat()}T08:00:00Z" specificationVersion="1.8" '
            'xmlns="http://naaccr.org/naaccrxml">\n'
            f'<Item naaccrId="recordType">{self.record_type}</Item>\n'
            f'<Item naaccrId="naaccrRecordVersion">{self.version}</Item>\n'
            f'<Item naaccrId="registryId">{self.facility}</Item>\n'
        )
