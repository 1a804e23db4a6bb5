"""One record as the plain transcriptions of the edits on stage and treatment see it.

They are written from the catalogue's lines, not from the expressions: a record is a dict of texts, a valid
value is looked up with `Record.v` (None when blank or not valid), the raw one with `Record.raw`.
"""

from __future__ import annotations

import calendar
import re
from functools import cache

from registry import staging, standards
from registry.coding.treatment import SurgeryTable
from registry.coding.treatment import surgery_table as find_surgery_table

AS_OF = "20261101"


def codes(text: str) -> set[str]:
    """Codes of a list such as `00-03,82`."""
    found = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        found |= {str(n).zfill(len(low)) for n in range(int(low), int(high or low) + 1)}
    return found


METS = [
    "metsAtDxBone",
    "metsAtDxBrain",
    "metsAtDxLiver",
    "metsAtDxLung",
    "metsAtDxDistantLn",
    "metsAtDxOther",
]
HORMONE_LIKE = codes("00,01,82,85-88,99")
LISTS: dict[str, set[str]] = {
    "primarySite": set(standards.topography()["code"]),
    "histologicTypeIcdO3": set(standards.morphology()["code"]) | standards.code_set("histologicTypeIcdO3"),
    "behaviorCodeIcdO3": codes("0-3"),
    "grade": codes("1-9"),
    "diagnosticConfirmation": codes("1-9"),
    "classOfCase": codes("00,10-14,20-22,30-38,40-43,49,99"),
    "vitalStatus": {"0", "1"},
    "tumorSizeSummary": codes("000-990,998,999"),
    "regionalNodesExamined": codes("00-90,95-99"),
    "regionalNodesPositive": codes("00-90,95,97-99"),
    "summaryStage2018": codes("0-4,7-9"),
    "lymphVascularInvasion": codes("0-4,8,9"),
    "rxSummScopeRegLnSur": codes("0-7,9"),
    "rxSummSurgOthRegDis": codes("0-5,9"),
    "rxSummChemo": codes("00-03,82,85-88,99"),
    "rxSummHormone": HORMONE_LIKE,
    "rxSummBrm": HORMONE_LIKE,
    "rxSummTransplntEndocr": codes("00,10-12,20,30,40,82,85-88,99"),
    "rxSummOther": codes("0-3,6-9"),
    "phase1RadiationTreatmentModality": codes("00-16,98,99"),
    "reasonForNoSurgery": codes("0-2,5-9"),
    "reasonForNoRadiation": codes("0-2,5-9"),
    "rxSummTreatmentStatus": codes("0-2,9"),
    "rxSummSurgRadSeq": codes("0,2-7,9"),
    "rxSummSystemicSurSeq": codes("0,2-7,9"),
    "schemaId": {one.schema_id for one in staging.schemas()},
    **dict.fromkeys(METS[:5], codes("0,1,8,9")),
    "metsAtDxOther": codes("0-2,8,9"),
}
DATES = ["dateOfDiagnosis", "rxDateSurgery", "rxDateRadiation", "rxDateChemo", "rxDateHormone", "rxDateBrm"]
DATES += ["rxDateOther", "rxDateSystemic"]
DOSES = {"phase1TotalDose": 6, "phase1DosePerFraction": 5, "phase1NumberOfFractions": 3}
SURGERY = ("rxSummSurgPrimSite", "rxSummSurgPrimSite2023")


def bounds(text: str | None) -> tuple[str, str] | None:
    """First and last day of a full or partial date; None when it is none of the calendar."""
    if text is None or not re.fullmatch(r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{2})?)?", text):
        return None
    year, month, day = int(text[:4]), int(text[4:6] or 1), int(text[6:8] or 1)
    if year < 1000 or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return text + "0101"[len(text) - 4 :], text + "1231"[len(text) - 4 :]


@cache
def surgery_table(site: str | None, histology: str | None, year: int) -> SurgeryTable | None:
    return find_surgery_table(site, histology, year)


@cache
def numbers_of(**given: str | int | None) -> set[str]:
    """Numbers of the schemas that fit what is given."""
    return {staging.schema(name).schema_id for name in staging.lookup_schema(**given)}  # type: ignore[arg-type]


@cache
def every_number() -> set[str]:
    return {one.schema_id for one in staging.schemas()}


class Record:
    """One record."""

    def __init__(self, values: dict[str, str | None]) -> None:
        self.values = values

    def raw(self, item: str) -> str | None:
        return self.values.get(item)

    def v(self, item: str) -> str | None:
        text = self.raw(item)
        if text is None:
            return None
        if item in LISTS:
            return text if text in LISTS[item] else None
        if item in DATES:
            span = bounds(text)
            return text if span and span[0] <= AS_OF and text >= "1900" else None
        if item in DOSES:
            return text if re.fullmatch(f"[0-9]{{{DOSES[item]}}}", text) else None
        return text

    @property
    def year(self) -> int | None:
        text = self.v("dateOfDiagnosis")
        return int(text[:4]) if text else None

    @property
    def site(self) -> int | None:
        text = self.v("primarySite")
        return int(text[1:]) if text else None

    @property
    def histology(self) -> int | None:
        text = self.v("histologicTypeIcdO3")
        return int(text) if text else None

    @property
    def surgery(self) -> int | None:
        newer, older = self.raw(SURGERY[1]) or "", self.raw(SURGERY[0]) or ""
        if re.fullmatch(r"[AB](?:[0-8][0-9][0-9]|900|980|990)", newer):
            return int(newer[1:3])
        return int(older) if older in codes("00-90,98,99") else None

    def derived(self) -> set[str]:
        """Numbers of the schemas that the tumor may belong to."""
        site, histology = self.v("primarySite"), self.v("histologicTypeIcdO3")
        if site is None or histology is None:
            return set()
        behavior, sex = self.v("behaviorCodeIcdO3"), self.raw("sexAssignedAtBirth") or self.raw("sex")
        one, two = self.raw("schemaDiscriminator1"), self.raw("schemaDiscriminator2")
        return numbers_of(
            site=site,
            histology=histology,
            behavior=behavior,
            year=self.year,
            sex=sex if sex in {"1", "2", "9"} else None,
            discriminator_1=one if one in codes("0-9") else None,
            discriminator_2=two if two in codes("0-9") else None,
        )

    def schemas(self) -> set[str]:
        stored = self.v("schemaId")
        return {stored} if stored else self.derived()


def among(number: int | None, *spans: tuple[int, int]) -> bool:
    return number is not None and any(low <= number <= high for low, high in spans)


def allowed(r: Record, item: str, code: str) -> bool:
    names = r.schemas() or every_number()
    return any(code in staging.codes(name, item) for name in names)


HEME = (9590, 9993)
BRAIN = ((700, 729), (751, 753))
