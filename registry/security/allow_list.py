"""The allow list: which columns may leave for research, what a value of each must look like, and in which detail.

An output column exists only when it is named here. Profiles differ in places, ages and dates: HIPAA's safe harbor
(45 CFR 164.514(b)(2)) and the limited data set (164.514(e)), which may keep dates and ZIP codes under an agreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: Three-digit ZIP areas with 20,000 people or fewer; they are written 000.
SMALL_ZIP3: Final = frozenset(
    "036 059 063 102 203 205 369 556 692 753 772 790 821 823 830 831 878 879 884 890 893".split()
)

#: item: pattern of a value that may pass. An item of the list that the frame lacks is left out.
PATIENT_ITEMS: Final = {
    "race1": r"\d{2}",
    "spanishHispanicOrigin": r"\d",
    "vitalStatus": r"[014]",
    "seerCauseSpecificCod": r"[0189]",
}
TUMOR_ITEMS: Final = {
    "sequenceNumberCentral": r"\d{2}",
    "primarySite": r"C\d{3}",
    "laterality": r"\d",
    "histologicTypeIcdO3": r"\d{4}",
    "behaviorCodeIcdO3": r"[0-36]",
    "diagnosticConfirmation": r"\d",
    "typeOfReportingSource": r"\d",
    "schemaId": r"\d{5}",
    "site_recode_2008": r"\d{5}",
    "site_recode_2023": r"\d{2}",
    "seerBehaviorRecode": r"\d",
    "age_group": r"\d{2}",
    "survMosActiveFollowup": r"\d{4}",
    "survFlagActiveFollowup": r"\d",
    "survMosPresumedAlive": r"\d{4}",
    "survFlagPresumedAlive": r"\d",
    "vitalStatusRecode": r"[014]",
    "stage_era": r"1977|2000|2018",
    "stage_source": r"\d{3,4}|historic",
    "summaryStage2018": r"\d",
    "derivedSummaryStage2018": r"\d",
    "seerSummaryStage2000": r"\d",
    "seerSummaryStage1977": r"\d",
    "gradeClinical": r"[1-9A-ELHMS]",
    "gradePathological": r"[1-9A-ELHMS]",
    "tumorSizeSummary": r"\d{3}",
    "regionalNodesPositive": r"\d{2}",
    "regionalNodesExamined": r"\d{2}",
    "estrogenReceptorSummary": r"\d",
    "progesteroneRecepSummary": r"\d",
    "her2OverallSummary": r"\d",
    "classOfCase": r"\d{2}",
    "rxSummTreatmentStatus": r"\d",
    "rxSummSurgPrimSite": r"\d{2}",
    "rxSummSurgPrimSite2023": r"[AB]\d{3}",
    "rxSummChemo": r"\d{2}",
    "rxSummHormone": r"\d{2}",
    "rxSummBrm": r"\d{2}",
    "rxSummTransplntEndocr": r"\d{2}",
    "rxSummOther": r"\d",
    "rxSummScopeRegLnSur": r"\d",
    "phase1RadiationTreatmentModality": r"\d{2}",
    "reasonForNoSurgery": r"\d",
    "reasonForNoRadiation": r"\d",
    "cancerStatus": r"\d",
    "recurrenceType1st": r"\d{2}",
    "ruralurbanContinuum2013": r"\d{2}",
    "primaryPayerAtDx": r"\d{2}",
}

#: Columns of words: a value passes when it is one of the names that a published table gives.
TUMOR_WORDS: Final = ("site_group", "stage", "death_class")

#: Words of death_class: what a patient died of, as seen from the tumor.
DEATH_CLASSES: Final = ("alive", "this cancer", "other cause", "unknown")

#: date item → column of whole months since diagnosis.
INTERVALS: Final = {
    "date1stCrsRxCoc": "months_to_first_treatment",
    "dateInitialRxSeer": "months_to_first_seer_treatment",
    "rxDateSurgery": "months_to_surgery",
    "rxDateRadiation": "months_to_radiation",
    "rxDateChemo": "months_to_chemotherapy",
    "rxDateHormone": "months_to_hormone_therapy",
    "rxDateBrm": "months_to_immunotherapy",
    "recurrenceDate1st": "months_to_recurrence",
    "dateOfLastContact": "months_to_last_contact",
}

#: Columns of whole days since diagnosis, where a profile has them; whoever makes a release derives them.
DAYS: Final = (
    "days_to_last_contact", "days_to_first_treatment", "days_to_surgery", "days_to_systemic", "days_to_radiation",
)  # fmt: skip

#: Dates that may leave shifted, or as they are in a limited data set, beside the intervals.
DATES: Final = ("dateOfDiagnosis", *INTERVALS)
BIRTH: Final = "dateOfBirth"
FULL_DATE: Final = r"[12]\d{3}(?:\d{2}(?:\d{2})?)?"

#: Places of a limited data set: item → pattern. Those of NAMED_ONLY leave only when the agreement names them.
LIMITED_PLACES: Final = {
    "addrAtDxState": r"[A-Z]{2}",
    "addrAtDxPostalCode": r"\d{5}",
    "countyAtDx": r"\d{3}",
    "censusTract2010": r"\d{6}",
    "censusTract2020": r"\d{6}",
}
NAMED_ONLY: Final = frozenset({"censusTract2010", "censusTract2020"})

Dates = Literal["months", "shifted", "full"]


@dataclass(frozen=True)
class Profile:
    """How much detail leaves.

    Args:
        name: what the manifest says.
        state, zip3, county: whether these places do.
        age_step: ages in steps of so many years.
        held_back: items of the allow list that this profile keeps back.
        dates: "months" = year of diagnosis and whole months since; "shifted" = days, moved by a secret number for each
            patient; "full" = days as they are (limited data set).
        limited: a limited data set: LIMITED_PLACES in the place of coarse ones, ages over 89 as they are.
        columns: the only columns that leave beside the keys; None = all of the profile.
        days: intervals in days beside those in months. Shifted and full dates tell them anyhow; safe harbor has years and
            months, so that an interval cannot lead back to a day.
    """

    name: str
    state: bool
    zip3: bool
    county: bool
    age_step: int
    held_back: frozenset[str] = frozenset()
    dates: Dates = "months"
    limited: bool = False
    columns: frozenset[str] | None = None
    days: bool = False

    @property
    def has_days(self) -> bool:
        """Whether intervals in days may leave."""
        return self.days or self.dates != "months"

    def releases(self, column: str) -> bool:
        """Whether an output column may leave: keys always, others as the agreement names them."""
        if column in KEYS:
            return True
        if self.columns is None:
            return column not in NAMED_ONLY
        return column in self.columns


KEYS: Final = ("study_patient_id", "study_tumor_id")

PROFILES: Final = {
    "research": Profile("research", state=True, zip3=True, county=True, age_step=1, days=True),
    "public": Profile(
        "public", state=False, zip3=False, county=False, age_step=5,
        held_back=frozenset(["race1", "spanishHispanicOrigin", "primaryPayerAtDx", "ruralurbanContinuum2013"]),
    ),
    "DEID": Profile("DEID", state=True, zip3=True, county=True, age_step=1),
    "LIMITED": Profile("LIMITED", state=False, zip3=False, county=False, age_step=1, dates="full", limited=True),
}  # fmt: skip


def shapes(profile: Profile) -> dict[str, str]:
    """Every column that a profile may release → pattern that a whole value of it fits.

    >>> shapes(PROFILES["DEID"])["zip3"], "dateOfBirth" in shapes(PROFILES["DEID"])
    ('[0-9]{3}', False)
    """
    found = {
        "study_patient_id": r"[0-9a-f]{20}",
        "study_tumor_id": r"[0-9a-f]{20}",
        "sex_at_birth": r"[1-9]",
        "cause_of_death": r"[A-Z]\d{2}",
        "age_at_diagnosis": r"\d{1,3}",
        **{item: text for item, text in PATIENT_ITEMS.items() if item not in profile.held_back},
        **{item: text for item, text in TUMOR_ITEMS.items() if item not in profile.held_back},
        **dict.fromkeys(TUMOR_WORDS, r"[A-Za-z][A-Za-z0-9 ,/()&.'-]*"),
        **dict.fromkeys(INTERVALS.values(), r"-?\d{1,4}"),
        **(dict.fromkeys(DAYS, r"-?\d{1,5}") if profile.has_days else {}),
    }
    if profile.dates == "shifted":
        found |= {f"shifted_{item}": r"[12]\d{5}(?:\d{2})?" for item in DATES}
    else:
        found["diagnosis_year"] = r"[12]\d{3}"
    if profile.dates == "full":
        found |= dict.fromkeys((*DATES, BIRTH), FULL_DATE)
    if profile.limited:
        found |= LIMITED_PLACES
    places = {"state": (profile.state, r"[A-Z]{2}"), "zip3": (profile.zip3, r"\d{3}"), "county": (profile.county, r"\d{3}")}  # fmt: skip
    found |= {name: pattern for name, (allowed, pattern) in places.items() if allowed}
    return {
        name: pattern.replace(r"\d", "[0-9]")
        for name, pattern in found.items()
        if profile.columns is None or profile.releases(name)
    }


def sources() -> tuple[list[str], list[str]]:
    """Items that the columns of all profiles are made of: (patient's, tumor's), item 1856 included.

    >>> "nameLast" in sources()[0], "dateOfDiagnosis" in sources()[1]
    (False, True)
    """
    patient = [*PATIENT_ITEMS, "sex", "sexAssignedAtBirth", "causeOfDeath", BIRTH, "dateOfLastContact"]
    tumor = [
        *TUMOR_ITEMS, *TUMOR_WORDS, *DATES, *LIMITED_PLACES, "ageAtDiagnosis", "reportingFacilityRestrictionFlag",
    ]  # fmt: skip
    return patient, list(dict.fromkeys(tumor))
