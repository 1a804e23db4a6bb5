"""Read HL7 v2 pathology reports (ORU^R01, NAACCR Volume V) into one row a report.

A message that cannot be read becomes a fault with its bytes range; only a file that is no HL7 at all
is refused. Mapping: NAACCR Standards Volume V; data/hl7_codes.csv, data/hl7_report_types.csv.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.formats.hl7_items import message_items, patient_items, report_items
from registry.formats.hl7_sections import read_sections
from registry.formats.hl7_syntax import Message, Segment, decode, delimiters_of, segments, split_messages
from registry.formats.sources import Source, read_all, source_name

VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1")
MAX_BYTES = 1 << 30
ITEM_COLUMNS = (
    "pathReportingFacId1",
    "pathReportNumber1",
    "pathReportType1",
    "pathDateSpecCollect1",
    "pathOrderingFacNo1",
    "pathOrderPhysLicNo1",
    "medicalRecordNumber",
    "socialSecurityNumber",
    "medicareBeneficiaryIdentifier",
    "nameLast",
    "nameFirst",
    "nameMiddle",
    "nameSuffix",
    "nameBirthSurname",
    "dateOfBirth",
    "sexAssignedAtBirth",
    *(f"race{n}" for n in range(1, 6)),
    "spanishHispanicOrigin",
    "maritalStatusAtDx",
    "addrAtDxNoStreet",
    "addrAtDxSupplementl",
    "addrAtDxCity",
    "addrAtDxState",
    "addrAtDxPostalCode",
    "addrAtDxCountry",
    "countyAtDx",
    "telephone",
    "vitalStatus",
    "dateOfLastContact",
    "npiPhysicianManaging",
    "npiPhysicianPrimarySurg",
    "textDxProcPe",
    "textDxProcPath",
)
OWN: dict[str, Any] = {
    "message_index": pl.Int64,
    "control_id": pl.String,
    "obr_set_id": pl.String,
    "byte_start": pl.Int64,
    "byte_length": pl.Int64,
    "sender": pl.String,
    "sender_name": pl.String,
    "processing_id": pl.String,
    "hl7_version": pl.String,
    "message_time": pl.String,
    "result_status": pl.String,
    "report_number": pl.String,
    "report_date": pl.String,
    "final_diagnosis": pl.String,
    "clinical_history": pl.String,
    "gross": pl.String,
    "microscopic": pl.String,
    "nature_of_specimen": pl.String,
    "comment": pl.String,
    "supplemental": pl.String,
    "synoptic": pl.String,
    "report_text": pl.String,
    "attachments": pl.Int64,
}
HL7_FAULTS: dict[str, Any] = {
    "message_index": pl.Int64,
    "control_id": pl.String,
    "byte_start": pl.Int64,
    "byte_length": pl.Int64,
    "place": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "message": pl.String,
}


@dataclass
class Hl7Batch:
    """The reports of a file.

    Attributes:
        reports: one row an OBR, in the order of the file: `message_index` (0-based), `control_id`
            (MSH-10), `obr_set_id`, `byte_start` and `byte_length` of the message in the decompressed
            bytes, `sender` (MSH-4), `result_status` (OBR-25), the sections, `report_text`, and NAACCR
            items under their ids (dates as coded; pathDateSpecCollect1 in ISO 8601).
        faults: `message_index, control_id, byte_start, byte_length, place, code, severity, message`; an
            error means that the message gave no report.
        messages: number of messages in the file.
    """

    reports: pl.DataFrame
    faults: pl.DataFrame
    messages: int = 0


def read_hl7(source: Source) -> Hl7Batch:
    r"""Read a file of HL7 v2 messages: single, in MLLP frames, or in a batch; plain or gzipped.

    Raises:
        BadInput: the file holds no HL7 message at all, or cannot be read.

    >>> message = (b"MSH|^~\\&|LIS|LAB^33D0000001^CLIA|CCR|ST|20260211||ORU^R01|C1|P|2.5.1\r"
    ...            b"PID|1||A1^^^LAB^MR||DOE^ANN||19700406|F\rOBR|1||S26-1|60567-5^^LN|||202602100830\r"
    ...            b"OBX|1|TX|22637-3^Final diagnosis^LN||Nevus.||||||F\r")
    >>> row = read_hl7(message).reports.row(0, named=True)
    >>> row["pathReportNumber1"], row["sexAssignedAtBirth"], row["final_diagnosis"]
    ('S26-1', '2', 'Nevus.')
    """
    name = source_name(source)
    data = read_all(source, MAX_BYTES)
    if not data.strip():
        raise BadInput(name, "the file is empty", "send it again")
    messages, outside, batch_sender = split_messages(data)
    if not messages:
        raise BadInput(name, "not an HL7 version 2 file: no segment starts with MSH", "check the file")
    rows: list[dict[str, Any]] = []
    faults = [
        (None, None, at, len(line), "file", "outside-message", "error", "bytes outside any message")
        for at, line in outside
    ]
    for message in messages:
        reader = _MessageReader(message, batch_sender)
        rows += reader.read()
        faults += reader.faults
    schema = {**OWN, **dict.fromkeys(ITEM_COLUMNS, pl.String)}
    reports = pl.DataFrame(rows, schema=schema)
    return Hl7Batch(reports, pl.DataFrame(faults, schema=HL7_FAULTS, orient="row"), len(messages))


@dataclass
class _Report:
    obr: Segment
    orc: Segment | None
    spm: Segment | None = None
    observations: list[Segment] = field(default_factory=list)
    notes: list[tuple[int | None, str]] = field(default_factory=list)


class _MessageReader:
    def __init__(self, message: Message, batch_sender: str | None) -> None:
        self.message = message
        self.batch_sender = batch_sender
        self.control_id: str | None = None
        self.faults: list[tuple[Any, ...]] = []

    def fault(self, place: str, code: str, severity: str, text: str) -> None:
        where = (self.message.index, self.control_id, self.message.byte_start, self.message.byte_length)
        self.faults.append((*where, place, code, severity, text))

    def read(self) -> list[dict[str, Any]]:
        """Rows of this message; none when it has an error."""
        text, guessed = decode(self.message.data)
        if guessed:
            self.fault("MSH-18", "encoding", "warning", "the character set was guessed (Windows-1252)")
        delimiters = delimiters_of(text)
        if delimiters is None:
            self.fault("MSH-2", "delimiters", "error", "MSH names no usable delimiters")
            return []
        msh, *rest = segments(text, delimiters)
        self.control_id = msh.component(10, 1) or None
        if not self._acceptable(msh):
            return []
        by_name: dict[str, Segment] = {}
        for segment in rest:
            by_name.setdefault(segment.name, segment)
        pid, reports = by_name.get("PID"), self._reports(rest)
        if pid is None or not reports:
            missing = "PID" if pid is None else "OBR"
            self.fault(missing, "missing-segment", "error", f"the message has no {missing} segment")
            return []
        about_message = message_items(msh, self.batch_sender)
        about_patient = patient_items(pid, by_name.get("PV1"), about_message["message_time"], self.fault)
        return [self._row(report, about_message | about_patient) for report in reports]

    def _acceptable(self, msh: Segment) -> bool:
        kind = (msh.component(9, 1), msh.component(9, 2))
        if kind != ("ORU", "R01"):
            what = f"message type {'^'.join(kind)[:20]} is not read here, expected ORU^R01"
            self.fault("MSH-9", "unsupported-message-type", "error", what)
            return False
        if msh.component(11, 1) in ("T", "D"):
            self.fault(
                "MSH-11", "test-message", "error", "the message is marked as a test, not as production"
            )
            return False
        if msh.component(12, 1) not in VERSIONS:
            what = f"HL7 version {msh.component(12, 1)[:20]!r} is not known; read as 2.5.1"
            self.fault("MSH-12", "unknown-version", "warning", what)
        if not self.control_id:
            self.fault("MSH-10", "no-control-id", "warning", "the message has no control id")
        return True

    def _reports(self, rest: list[Segment]) -> list[_Report]:
        reports: list[_Report] = []
        orc, fresh_orc = None, None
        for segment in rest:
            if segment.name == "ORC":
                orc = fresh_orc = segment
            elif segment.name == "OBR":
                reports.append(_Report(segment, fresh_orc or orc))
                fresh_orc = None
            elif reports and segment.name == "OBX":
                reports[-1].observations.append(segment)
            elif reports and segment.name == "NTE":
                last = len(reports[-1].observations) - 1
                reports[-1].notes.append((last if last >= 0 else None, segment.text(3)))
            elif reports and segment.name == "SPM":
                reports[-1].spm = reports[-1].spm or segment
        return reports

    def _row(self, report: _Report, shared: dict[str, Any]) -> dict[str, Any]:
        found = read_sections(report.observations, report.notes)
        for odd in found.odd:
            self.fault(*odd)
        items = report_items(report.obr, report.orc, report.spm, self.fault)
        text = found.report_text()
        status = items["result_status"]
        if not found.texts.get("final_diagnosis"):
            self.fault("OBX", "no-final-diagnosis", "warning", "the report has no final diagnosis section")
        history = found.texts.get("clinical_history") or items.pop("relevant_information", None)
        row = {
            "message_index": self.message.index,
            "control_id": self.control_id,
            "byte_start": self.message.byte_start,
            "byte_length": self.message.byte_length,
            **shared,
            **items,
            "result_status": status,
            **{name: found.texts.get(name) for name in OWN if name in found.texts},
            "clinical_history": history,
            "report_text": text or None,
            "attachments": found.attachments,
            "textDxProcPe": history[:4000] if history else None,
            "textDxProcPath": text[:4000] or None,
        }
        return {name: value for name, value in row.items() if name in OWN or name in ITEM_COLUMNS}
