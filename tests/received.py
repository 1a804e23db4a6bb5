"""Small received files, made in the tests: NAACCR XML, HL7 pathology messages, treatment and facility CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from registry import standards

KEY = "a long and random key of the tests"
ONE, TWO = "0009990010", "0009990028"

PERSON = {
    "nameLast": "Alvarez", "nameFirst": "Maria", "dateOfBirth": "19500214", "sexAssignedAtBirth": "2",
    "socialSecurityNumber": "078051120", "patientIdNumber": "00000001", "vitalStatus": "1",
    "dateOfLastContact": "20240301",
}  # fmt: skip
OTHER_PERSON = {
    **PERSON, "nameLast": "Brooks", "nameFirst": "Ann", "dateOfBirth": "19611130", "socialSecurityNumber": "219099999",
}  # fmt: skip
TUMOR = {
    "reportingFacility": ONE, "accessionNumberHosp": "202300001", "sequenceNumberHospital": "00", "tumorRecordNumber": "01",
    "medicalRecordNumber": "MRN1", "primarySite": "C504", "histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3",
    "laterality": "2", "dateOfDiagnosis": "20230115", "classOfCase": "14", "dateOf1stContact": "20230110",
    "summaryStage2018": "1", "addrAtDxState": "NY",
}  # fmt: skip


def changed(base: dict[str, str], **items: str | None) -> dict[str, str]:
    """`base` with other values; None takes an item out."""
    return {name: value for name, value in {**base, **items}.items() if value is not None}


def xml(
    *patients: tuple[dict[str, str], list[dict[str, str]]],
    version: str = "260",
    record_type: str = "A",
    registry_id: str | None = None,
) -> str:
    """A NAACCR XML document of (patient items, [tumor items, ...])."""

    def items(values: dict[str, str]) -> str:
        return "".join(f'<Item naaccrId="{name}">{escape(value)}</Item>' for name, value in values.items())

    body = "".join(
        f"<Patient>{items(patient)}{''.join(f'<Tumor>{items(tumor)}</Tumor>' for tumor in tumors)}</Patient>\n"
        for patient, tumors in patients
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<NaaccrData baseDictionaryUri="{standards.dictionary(version).uri}" recordType="{record_type}" '
        'timeGenerated="2026-01-05T12:00:00Z" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml">\n'
        + (f'<Item naaccrId="registryId">{registry_id}</Item>\n' if registry_id else "")
        + body
        + "</NaaccrData>\n"
    )


def write(path: Path, *patients: Any, **header: Any) -> str:
    """Write `xml(...)` to a file; returns its name."""
    path.write_text(xml(*patients, **header), encoding="utf-8")
    return str(path)


def hl7(
    *,
    control: str = "M1",
    status: str = "F",
    text: str = "Invasive ductal carcinoma.",
    person: dict[str, str] = PERSON,
) -> str:
    """One narrative pathology report (ORU^R01, NAACCR Volume V) about a person, ordered by facility ONE."""
    sex = {"1": "M", "2": "F"}[person["sexAssignedAtBirth"]]
    segments = [
        rf"MSH|^~\&|LIS|CAPITAL LAB^33D0000009^CLIA|REG|STATE|20230201080000||ORU^R01^ORU_R01|{control}|P|2.5.1",
        f"PID|1||LAB7^^^LAB^MR~{person['socialSecurityNumber']}^^^SSA^SS||{person['nameLast']}^{person['nameFirst']}||"
        f"{person['dateOfBirth']}|{sex}",
        f"ORC|RE||||||||||||||||||||HOSPITAL^^{ONE.lstrip('0')}^^^AHA",
        f"OBR|1||S23-1|60567-5^^LN|||202301150900|||||||||||||||202301161000|||{status}",
        f"OBX|1|TX|22637-3^Final diagnosis^LN|1|{text}||||||{status}",
    ]
    return "\r".join(segments) + "\r"


TREATMENT_HEADER = (
    "source_system,facility_npi,mrn,last_name,first_name,birth_date,sex,primary_site,laterality,treatment_type,start_date,"
    "end_date,code,code_system,description,dose_cgy,fractions,modality,volume"
)


def treatment(npi: str = "1000001010", mrn: str = "MRN1", start: str = "20230301") -> str:
    """One treatment row of PERSON's breast."""
    return (
        f"ONC,{npi},{mrn},ALVAREZ,MARIA,19500214,F,C504,2,radiation,{start},20230409,77412,HCPCS,Whole breast,5000,25,"
        "photons,breast"
    )


FACILITIES = f"""facility_id,npi,name
{ONE},1000001010,FIRST HOSPITAL
{TWO},1000001028,SECOND HOSPITAL
"""
