"""More clean, complete, made-up records, of other sites and years, some of one patient.

`edit_bases_more.csv` holds what is special about each, `MORE_BASES[name]` = item -> value what follows.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

SEXES = {"male": "1", "female": "2"}
PLACES = ("Bone", "Brain", "Liver", "Lung", "DistantLn", "Other")
DATE_ITEMS = {
    "surgery": "rxDateSurgery",
    "radiation": "rxDateRadiation",
    "chemo": "rxDateChemo",
    "hormone": "rxDateHormone",
    "brm": "rxDateBrm",
}
OF_A_PERSON = (
    "nameLast",
    "nameFirst",
    "sex",
    "dateOfBirth",
    "race1",
    "race2",
    "race3",
    "race4",
    "race5",
    "spanishHispanicOrigin",
    "nhiaDerivedHispOrigin",
    "birthplaceCountry",
    "vitalStatus",
    "causeOfDeath",
    "icdRevisionNumber",
    "autopsy",
    "dateOfLastContact",
    "placeOfDeathState",
    "placeOfDeathCountry",
)
"""Items that the records of one patient share."""
NO_NODES = {"regionalNodesPositive": "99", "regionalNodesExamined": "99"}
UNKNOWN_RX = {
    "rxSummSurgPrimSite": "99",
    "rxSummScopeRegLnSur": "9",
    "rxSummSurgOthRegDis": "9",
    "phase1RadiationTreatmentModality": "99",
    "phase1TotalDose": "999999",
    "phase1DosePerFraction": "99999",
    "phase1NumberOfFractions": "999",
    "rxSummChemo": "99",
    "rxSummHormone": "99",
    "rxSummBrm": "99",
    "rxSummTransplntEndocr": "99",
    "rxSummOther": "9",
    "rxSummTreatmentStatus": "9",
    "reasonForNoSurgery": "9",
    "reasonForNoRadiation": "9",
}
NO_RX = {
    "rxSummScopeRegLnSur": "0",
    "rxSummSurgOthRegDis": "0",
    "phase1RadiationTreatmentModality": "00",
    "phase1TotalDose": "000000",
    "phase1DosePerFraction": "00000",
    "phase1NumberOfFractions": "000",
    "rxSummChemo": "00",
    "rxSummHormone": "00",
    "rxSummBrm": "00",
    "rxSummTransplntEndocr": "00",
    "rxSummOther": "0",
    "rxSummTreatmentStatus": "0",
    "reasonForNoSurgery": "1",
    "reasonForNoRadiation": "1",
    "rxSummSurgRadSeq": "0",
    "rxSummSystemicSurSeq": "0",
}
RADIATED = {
    "phase1RadiationTreatmentModality": "02",
    "phase1TotalDose": "005000",
    "phase1DosePerFraction": "00200",
    "phase1NumberOfFractions": "025",
    "reasonForNoRadiation": "0",
    "rxSummTreatmentStatus": "1",
}
GIVEN = {"reasonForNoSurgery": "0", "rxSummTreatmentStatus": "1", "rxTextSurgery": "Resection, see report."}
LIKE = {"no-nodes": NO_NODES, "unknown-treatment": UNKNOWN_RX}
Record = dict[str, str]


def person(sex: str, born: str, **more: str) -> Record:
    """Items of the patient, alive unless `more` says otherwise."""
    return {
        "nameLast": "Sample",
        "nameFirst": "James" if sex == "male" else "Mary",
        "sex": SEXES[sex],
        "dateOfBirth": born,
        "race1": "01",
        **dict.fromkeys(("race2", "race3", "race4", "race5"), "88"),
        "spanishHispanicOrigin": "0",
        "nhiaDerivedHispOrigin": "0",
        "birthplaceCountry": "USA",
        "vitalStatus": "1",
        "causeOfDeath": "0000",
        "icdRevisionNumber": "0",
        "autopsy": "0",
        "dateOfLastContact": "20260315",
        **more,
    }


def dead(date: str, cause: str) -> Record:
    """Items of a patient who died."""
    return {
        "vitalStatus": "0",
        "dateOfLastContact": date,
        "causeOfDeath": cause,
        "icdRevisionNumber": "1",
        "autopsy": "2",
        "placeOfDeathState": "GA",
        "placeOfDeathCountry": "USA",
    }


def _code(text: str) -> tuple[str, str]:
    """Item and code of primary-site surgery: the item of 2023 has a letter in its codes."""
    return ("rxSummSurgPrimSite2023" if text[:1].isalpha() else "rxSummSurgPrimSite"), text


def _treatment(surgery: str, dates: Record) -> Record:
    """Items of what was given; `dates` has one for each kind of treatment."""
    item, code = _code(surgery)
    found = {**NO_RX, item: code, **(GIVEN if "surgery" in dates else {})}
    found |= RADIATED if "radiation" in dates else {}
    found |= {DATE_ITEMS[kind]: date for kind, date in dates.items()}
    if dates:
        found |= {"dateInitialRxSeer": min(dates.values()), "date1stCrsRxCoc": min(dates.values())}
        found["rxSummTreatmentStatus"] = "1"
    if "surgery" in dates:
        found["rxDateMostDefinSurg"] = dates["surgery"]
    systemic = [dates[kind] for kind in ("chemo", "hormone", "brm") if kind in dates]
    given = {"chemo": ("rxSummChemo", "03"), "hormone": ("rxSummHormone", "01"), "brm": ("rxSummBrm", "01")}
    found |= dict(pair for kind, pair in given.items() if kind in dates)
    if systemic:
        found["rxDateSystemic"] = min(systemic)
    return found


def tumor(patient: Record, codes: str, dx: str, treatment: Record, more: Record) -> Record:
    """One tumor: `codes` is site, histology, behavior and laterality; `more` replaces what follows from it."""
    site, histology, behavior, side = codes.split()
    year, born = int(dx[:4]), patient["dateOfBirth"]
    completed = dt.date(year, int(dx[4:6]), 1) + dt.timedelta(days=170)
    found = {
        **patient,
        "recordType": "A",
        "naaccrRecordVersion": "250",
        "tumorRecordNumber": "01",
        "primarySite": site,
        "histologicTypeIcdO3": histology,
        "behaviorCodeIcdO3": behavior,
        "laterality": side,
        "dateOfDiagnosis": dx,
        "dateOf1stContact": dx,
        "ageAtDiagnosis": f"{year - int(born[:4]) - (dx[4:] < born[4:]):03d}",
        "maritalStatusAtDx": "2",
        "addrAtDxState": "GA",
        "countyAtDx": "121",
        "addrAtDxPostalCode": "30303",
        "addrAtDxCountry": "USA",
        "censusTract2020": "001001",
        "primaryPayerAtDx": "20",
        "diagnosticConfirmation": "1",
        "typeOfReportingSource": "1",
        "classOfCase": "14",
        "sequenceNumberCentral": "00",
        "sequenceNumberHospital": more.get("sequenceNumberCentral", "00"),
        "reportingFacility": "0006390010",
        "abstractedBy": "ABC",
        "dateCaseCompleted": f"{completed:%Y%m%d}",
        "dateCaseReportReceived": f"{completed + dt.timedelta(days=9):%Y%m%d}",
        "regionalNodesPositive": "98",
        "regionalNodesExamined": "00",
        "textDxProcPath": "Biopsy: malignant neoplasm, see the synoptic report.",
        **treatment,
    }
    if year >= 2016:
        found["tumorSizeSummary"] = "999"
        found |= dict.fromkeys((f"metsAtDx{place}" for place in PLACES), more.get("mets", "0"))
    if year >= 2018:
        found |= {"gradeClinical": "9", "gradePathological": "9", "tnmEditionNumber": "08"}
    else:
        found |= {"grade": "9", "tnmEditionNumber": "07"}
    return {item: value for item, value in {**found, **more}.items() if value and item != "mets"}


def _pairs(text: str) -> Record:
    """`item=value;item=value` as a dict."""
    return (
        {item: value for item, _, value in (pair.partition("=") for pair in text.split(";"))} if text else {}
    )


def _built(row: Record) -> Record:
    more = _pairs(row["items"])
    for like in row["like"].split():
        more |= LIKE[like]
    died = dead(*row["died"].split()) if row["died"] else {}
    treatment = _treatment(row["surgery"], _pairs(row["treated"]))
    return tumor(person(row["sex"], row["born"], **died), row["tumor"], row["diagnosed"], treatment, more)


with Path(__file__).with_suffix(".csv").open(newline="", encoding="utf-8") as _lines:
    MORE_BASES = {row["base"]: _built(row) for row in csv.DictReader(_lines)}
for _number, _record in enumerate(MORE_BASES.values(), 501):
    _record["accessionNumberHosp"] = f"{_record['dateOfDiagnosis'][:4]}{_number:05d}"
    _record["patientIdNumber"] = _record["dateOfBirth"]  # no two patients are born on the same day
