"""Edits on stage and treatment transcribed once more, one record at a time, in plain Python.

Written from the catalogue's lines, not from the expressions: a record is a dict of texts, a valid
value is looked up with `Record.v` (None when blank or not valid), the raw one with `Record.raw`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
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


# --- item edits ------------------------------------------------------------------------------


def grade_of_schema(item: str) -> Callable[[Record], bool]:
    def fails(r: Record) -> bool:
        code = r.raw(item)
        return code is not None and not (r.year is not None and r.year < 2018) and not allowed(r, item, code)

    return fails


def surg_prim_site_valid(r: Record) -> bool:
    older, newer = r.raw(SURGERY[0]), r.raw(SURGERY[1])
    site, histology, year = r.v("primarySite"), r.v("histologicTypeIcdO3"), r.year
    table = surgery_table(site, histology, year) if site and histology and year else None
    if older is not None:
        if older not in codes("00-90,98,99"):
            return True
        if year is not None and year < 2023 and table and older not in (*table.legal_codes, "98"):
            return True
    if newer is not None:
        if not re.fullmatch(r"[AB](?:[0-8][0-9][0-9]|900|980|990)", newer):
            return True
        if year is not None and year >= 2023 and table and newer not in table.legal_codes:
            return True
    return False


def invalid(*items: str) -> Callable[[Record], bool]:
    return lambda r: any(r.raw(item) is not None and r.v(item) is None for item in items)


# --- grade -----------------------------------------------------------------------------------


def heme_grade(r: Record) -> bool:
    lineage = r.v("grade") in {"5", "6", "7", "8"}
    return (
        lineage
        and r.year is not None
        and r.year <= 2017
        and r.histology is not None
        and not among(r.histology, HEME)
    )


def grade_histology(r: Record) -> bool:
    t_cell = {9702, 9705, 9706, 9708, 9709, 9716, 9717, 9718, 9724, 9725, 9726, 9729, 9827, 9834, 9837}
    b_cell = {*range(9670, 9700), 9712, 9728, 9737, 9738, *range(9811, 9819), 9823, 9826, 9833, 9836}
    implied = dict.fromkeys((8331, 9187, 9511), "1") | dict.fromkeys((8249, 8332, 9083, 9243, 9372), "2")
    implied |= dict.fromkeys((8631, 8634), "3") | dict.fromkeys(t_cell, "5") | dict.fromkeys(b_cell, "6")
    implied |= dict.fromkeys((8020, 8021, 8805, 9062, 9082, 9392, 9401, 9451, 9505, 9512), "4")
    implied |= {9948: "8", 9714: "57"} | dict.fromkeys((9700, 9701, 9719, 9831), "58")
    grade = r.v("grade")
    if grade is None or r.histology is None or r.v("behaviorCodeIcdO3") != "3":
        return False
    return r.histology in implied and grade not in implied[r.histology] + "9"


def grade_behavior(r: Record) -> bool:
    grade, benign = r.v("grade"), r.v("behaviorCodeIcdO3") in {"0", "1"}
    return benign and grade is not None and grade != "9" and r.site is not None and not among(r.site, *BRAIN)


def grade_era(r: Record) -> bool:
    if r.year is None:
        return False
    old, new = r.raw("grade"), [r.raw("gradeClinical"), r.raw("gradePathological")]
    if r.year >= 2018:
        return None in new or old is not None
    return old is None or new != [None, None]


# --- summary stage, extent, metastases -------------------------------------------------------


def ss_behavior(r: Record) -> bool:
    stage, behavior = r.v("summaryStage2018"), r.v("behaviorCodeIcdO3")
    if stage == "0" and behavior is not None and behavior != "2":
        return behavior == "3" or r.year is None or r.year >= 2018
    return behavior == "2" and stage in {"3", "7"}


def ss_benign(r: Record) -> bool:
    stage, behavior = r.v("summaryStage2018"), r.v("behaviorCodeIcdO3")
    if stage is None or behavior is None or r.site is None:
        return False
    return (stage == "8") is not (behavior in {"0", "1"} and among(r.site, *BRAIN))


def ss_unknown_primary(r: Record) -> bool:
    stage = r.v("summaryStage2018")
    return r.site == 809 and stage is not None and stage not in {"7", "9"}


def ss_leukemia(r: Record) -> bool:
    stage = r.v("summaryStage2018")
    if stage is None or r.site is None or r.histology is None:
        return False
    if r.site == 421 and among(r.histology, (9800, 9948)) and r.histology not in {9823, 9826, 9827}:
        return stage != "7"
    return (
        r.site != 809
        and not (r.year is not None and r.year < 2018)
        and not allowed(r, "summaryStage2018", stage)
    )


def ss_mets(r: Record) -> bool:
    stage = r.v("summaryStage2018")
    unknown = r.v("primarySite") == "C809" and stage == "9"
    return stage is not None and stage != "7" and not unknown and any(r.v(i) in {"1", "2"} for i in METS)


def ss_nodespos(r: Record) -> bool:
    stage, nodes = r.v("summaryStage2018"), r.v("regionalNodesPositive")
    if stage is None or nodes is None:
        return False
    return (1 <= int(nodes) <= 97 and stage not in {"3", "4", "7"}) or (stage in {"3", "4"} and nodes == "00")


def ss_era(r: Record) -> bool:
    return r.year is not None and (r.raw("summaryStage2018") is None) is (r.year >= 2018)


def eod_era(r: Record) -> bool:
    items = ("eodPrimaryTumor", "eodRegionalNodes", "eodMets")
    return r.year is not None and r.year < 2018 and any(r.raw(item) is not None for item in items)


def localized_nonspecific_site(r: Record) -> bool:
    nonspecific = {69, 189, 269, 399, 419, 579, 639, 689, 759}
    return r.v("summaryStage2018") == "1" and r.site in nonspecific


def mets_benign(r: Record) -> bool:
    return r.v("behaviorCodeIcdO3") in {"0", "1", "2"} and r.v("metsAtDxBone") in {"1", "9"}


# --- TNM -------------------------------------------------------------------------------------


def category(text: str | None, letter: str) -> str | None:
    """What follows prefix and letter, None for nothing said: `pT1a` → `1a`."""
    if text is None or text in {"88", "99"}:
        return None
    found = re.fullmatch(rf"(?:[yra]*[cp])?{letter}?(.*)", text)
    return found[1] if found and found[1] and found[1] not in {"X", "x"} else None


def spread(text: str | None, letter: str) -> bool | None:
    said = category(text, letter) or ""
    highest = "1" if letter == "M" else "4"
    return False if said[:1] == "0" else True if said and "1" <= said[0] <= highest else None


def stage_number(text: str | None) -> int | None:
    if text is None or text in {"88", "90", "99"}:
        return None
    roman = re.fullmatch(r"(IV|III|II|I)([A-E].*)?", text)
    if roman:
        return ["I", "II", "III", "IV"].index(roman[1]) + 1
    digit = re.fullmatch(r"([0-4])([A-Za-z].*)?", text)
    return int(digit[1]) if digit else None


def in_situ(text: str | None) -> bool | None:
    said = category(text, "T")
    if said is None:
        return None
    if said[:2].lower() == "is" or said.lower() == "a":
        return True
    return False if said[0] in "01234" else None


TIMES = ("Clin", "Path")


def stage_behavior_tnm(r: Record) -> bool:
    for time in TIMES:
        t, n, m, group = (r.raw(f"ajccTnm{time}{part}") for part in ("T", "N", "M", "StageGroup"))
        situ, stage = in_situ(t), stage_number(group)
        anywhere = spread(n, "N") is True or spread(m, "M") is True
        if situ is True and (anywhere or (stage is not None and stage != 0)):
            return True
        if stage == 0 and (anywhere or situ is False):
            return True
        papillary = among(r.site, (670, 679)) and (category(t, "T") or "").lower() == "a"
        if stage == 0 and r.v("behaviorCodeIcdO3") == "3" and not papillary:
            return True
    return False


def m1_stage4(r: Record) -> bool:
    clinical, pathological = (spread(r.raw(f"ajccTnm{time}M"), "M") for time in TIMES)
    early = [stage_number(r.raw(f"ajccTnm{time}StageGroup")) in {0, 1, 2} for time in TIMES]
    deciding = clinical if pathological is None else pathological
    if not ((clinical and early[0]) or (deciding and early[1])):
        return False
    names = {staging.schema(number).id for number in r.schemas()}
    other = "lymphoma plasma_cell mycosis hemeretic retinoblastoma medulloblastoma primary_cutaneous_lymphoma".split()
    if names and any(name.startswith(tuple(other)) for name in names):
        return False
    if not names and r.histology is not None and r.histology >= 9590:
        return False
    medullary_or_anaplastic = r.histology in {8020, 8021, 8345, 8346, 8347, 8510}
    if r.site == 739 and r.histology is not None and not medullary_or_anaplastic:
        age = r.raw("ageAtDiagnosis")
        return age is not None and re.fullmatch(r"[0-9]{3}", age) is not None and 55 <= int(age) <= 120
    return True


def mets_stage_m(r: Record) -> bool:
    answers = [spread(r.raw(f"ajccTnm{time}M"), "M") for time in TIMES]
    return any(r.v(item) == "1" for item in METS[:4]) and False in answers and True not in answers


def earlier_tnm(r: Record, letter: str) -> bool | None:
    path = spread(r.raw(f"tnmPath{letter}"), letter)
    return spread(r.raw(f"tnmClin{letter}"), letter) if path is None else path


def ss_tnm_n(r: Record) -> bool:
    stage, positive = r.raw("seerSummaryStage2000"), earlier_tnm(r, "N")
    return (stage in {"3", "4"} and positive is False) or (stage in {"0", "1"} and positive is True)


def ss_tnm_m(r: Record) -> bool:
    stage, distant = r.raw("seerSummaryStage2000"), earlier_tnm(r, "M")
    return stage is not None and distant is not None and (stage == "7") is not distant


def tnm_edition_year(r: Record) -> bool:
    edition, year = r.raw("tnmEditionNumber"), r.year
    spans = {
        "06": (2003, 2009),
        "07": (2010, 2017),
        "U7": (2010, 2017),
        "08": (2018, 9999),
        "09": (2018, 9999),
    }
    spans |= {f"0{number}": (0, 2002) for number in range(1, 6)}
    return year is not None and edition in spans and not spans[edition][0] <= year <= spans[edition][1]


def schema_site_hist(r: Record) -> bool:
    stored, derived = r.v("schemaId"), r.derived()
    filled = r.v("behaviorCodeIcdO3") is not None and r.year is not None and r.year >= 2018
    return filled and stored is not None and bool(derived) and stored not in derived


def breast_receptors(r: Record) -> bool:
    if r.year is None or r.year < 2018 or r.histology is None or not among(r.site, (500, 509)):
        return False
    receptors = [
        r.raw(item) for item in ("estrogenReceptorSummary", "progesteroneRecepSummary", "her2OverallSummary")
    ]
    return r.schemas() == {"00480"} and any(code not in {"0", "1", "7", "9"} for code in receptors)


# --- nodes and size --------------------------------------------------------------------------


def nodes(r: Record) -> tuple[str, str] | None:
    positive, examined = r.v("regionalNodesPositive"), r.v("regionalNodesExamined")
    return None if positive is None or examined is None else (positive, examined)


def nodes_pos_gt_examined(r: Record) -> bool:
    both = nodes(r)
    return both is not None and all("01" <= one <= "90" for one in both) and both[0] > both[1]


def nodes_none_examined(r: Record) -> bool:
    both = nodes(r)
    if both is None:
        return False
    return (both[1] == "00") is not (both[0] == "98") or (both[1] == "99" and both[0] not in {"97", "99"})


def nodes_not_applicable(r: Record) -> bool:
    both = nodes(r)
    if both is None or r.site is None or r.histology is None:
        return False
    none = among(r.site, *BRAIN, (420, 424), (589, 589), (760, 768), (809, 809)) or among(r.histology, HEME)
    return none and both != ("99", "99")


def size_not_applicable(r: Record) -> bool:
    size = r.v("tumorSizeSummary")
    if size is None or r.site is None or r.histology is None:
        return False
    return (r.site == 809 or among(r.histology, HEME)) and size != "999"


def size_998_site(r: Record) -> bool:
    sites = ((150, 159), (160, 169), (180, 209), (340, 349), (500, 509))
    return r.v("tumorSizeSummary") == "998" and r.site is not None and not among(r.site, *sites)


def size_implausible(r: Record) -> bool:
    size = r.v("tumorSizeSummary")
    return size is not None and 300 < int(size) <= 988


def size_clin_path(r: Record) -> bool:
    size, path, clinical = (r.raw(f"tumorSize{part}") for part in ("Summary", "Pathologic", "Clinical"))
    size = r.v("tumorSizeSummary")
    before = {"2", "4", "6", "7"}
    neoadjuvant = r.v("rxSummSystemicSurSeq") in before or r.v("rxSummSurgRadSeq") in before
    if size is None or neoadjuvant or r.raw("neoadjuvantTherapy") in {"1", "2", "3"}:
        return False
    if path in codes("001-990,998"):
        return size != path
    return path in {None, "999"} and clinical in codes("000-990,998") and size != clinical


# --- treatment -------------------------------------------------------------------------------

RADIATION = "phase1RadiationTreatmentModality"
DRUGS = {"rxSummChemo": {"01", "02", "03"}, "rxSummHormone": {"01"}, "rxSummBrm": {"01"}}
TRANSPLANT = codes("10-12,20,30,40")


def has(r: Record, item: str, given: set[str]) -> bool | None:
    code = r.v(item)
    return None if code is None else code in given


def surgery_of_site(r: Record) -> bool | None:
    return None if r.surgery is None else 10 <= r.surgery <= 90


def any_of(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def surgery_given(r: Record) -> bool | None:
    scope = None if r.v("rxSummScopeRegLnSur") == "1" else has(r, "rxSummScopeRegLnSur", codes("2-7"))
    return any_of([surgery_of_site(r), scope, has(r, "rxSummSurgOthRegDis", codes("1-5"))])


def systemic_given(r: Record) -> bool | None:
    drugs = [has(r, item, given) for item, given in DRUGS.items()]
    return any_of([*drugs, has(r, "rxSummTransplntEndocr", TRANSPLANT)])


def radiation_given(r: Record) -> bool | None:
    return has(r, RADIATION, codes("01-16,98"))


def both(one: bool | None, other: bool | None) -> bool | None:
    return False if False in (one, other) else None if None in (one, other) else True


def surgery_dxconf(r: Record) -> bool:
    confirmation = r.v("diagnosticConfirmation")
    return (
        among(r.surgery, (20, 90)) and confirmation is not None and confirmation not in {"1", "2", "3", "4"}
    )


def surgery_reason(r: Record) -> bool:
    reason, surgery = r.v("reasonForNoSurgery"), r.surgery
    if reason is None or surgery is None:
        return False
    if 10 <= surgery <= 90:
        return reason != "0"
    return reason not in {"8", "9"} if surgery == 99 else reason == "0"


def radiation_reason(r: Record) -> bool:
    reason, modality = r.v("reasonForNoRadiation"), r.v(RADIATION)
    if reason is None or modality is None:
        return False
    return reason != "0" if radiation_given(r) else reason == "0" or (modality == "00" and reason == "9")


def rx_status_none(r: Record) -> bool:
    status = r.v("rxSummTreatmentStatus")
    other = has(r, "rxSummOther", {"1", "2", "3", "6"})
    given = any_of([surgery_of_site(r), radiation_given(r), systemic_given(r), other])
    return given is True and status is not None and status != "1"


def rx_died_alive(r: Record) -> bool:
    died = any(r.v(item) == "85" for item in DRUGS) or r.v("reasonForNoSurgery") == "5"
    return died and r.v("vitalStatus") == "1"


def surg_rad_seq(r: Record) -> bool:
    sequence, given = r.v("rxSummSurgRadSeq"), both(surgery_given(r), radiation_given(r))
    return sequence is not None and given is not None and (sequence != "0") is not given


def systemic_surg_seq(r: Record) -> bool:
    sequence = r.v("rxSummSystemicSurSeq")
    return sequence is not None and sequence != "0" and both(surgery_given(r), systemic_given(r)) is False


def surgery_site_none(r: Record) -> bool:
    if r.surgery is None or r.site is None or r.histology is None:
        return False
    table = surgery_table(r.v("primarySite"), r.v("histologicTypeIcdO3"), r.year) if r.year else None
    if table is not None:
        return set(table.legal_codes) <= {"98", "99", "A980"} and str(r.surgery) not in {
            code.removeprefix("A")[:2] for code in table.legal_codes
        }
    return (r.site in {420, 421, 423, 424, 809} or among(r.site, (760, 768))) and r.surgery != 98


def surgery_era(r: Record) -> bool:
    filled = [r.raw(item) is not None for item in SURGERY]
    return r.year is not None and filled != ([False, True] if r.year >= 2023 else [True, False])


def dated_wrongly(r: Record, date: str, none: bool | None, given: bool | None) -> bool:
    version = r.raw("naaccrRecordVersion")
    old = version is not None and version.isdigit() and int(version) <= 220
    unexplained = old and r.raw(date) is None and r.raw(f"{date}Flag") != "12"
    return (none is True and r.v(date) is not None) or (given is True and unexplained)


def drug_date(item: str, date: str) -> Callable[[Record], bool]:
    none = {"00", "82", "85", "86", "87"}
    return lambda r: dated_wrongly(r, date, has(r, item, none), has(r, item, DRUGS[item]))


def surgery_date(r: Record) -> bool:
    nodes_, other = has(r, "rxSummScopeRegLnSur", codes("1-7")), has(r, "rxSummSurgOthRegDis", codes("1-5"))
    none = r.surgery in {0, 98} and r.v("rxSummScopeRegLnSur") == "0" and r.v("rxSummSurgOthRegDis") == "0"
    return dated_wrongly(r, "rxDateSurgery", none, any_of([surgery_of_site(r), nodes_, other]))


def sequence_dates(item: str, date: str) -> Callable[[Record], bool]:
    def fails(r: Record) -> bool:
        treated, operated = bounds(r.v(date)), bounds(r.v("rxDateSurgery"))
        if treated is None or operated is None:
            return False
        after, before = treated[0] > operated[1], treated[1] < operated[0]
        return (r.v(item) == "2" and after) or (r.v(item) == "3" and before)

    return fails


def given_here(r: Record) -> bool:
    here = [r.raw(f"rxHosp{part}") or "" for part in ("SurgPrimSite", "SurgPrimSite2023", "Radiation")]
    drugs = [r.raw(item.replace("Summ", "Hosp")) in given for item, given in DRUGS.items()]
    lettered = re.fullmatch(r"[AB](?:[1-8][0-9][0-9]|900)", here[1]) is not None
    return any(drugs) or here[0] in codes("10-90") or lettered or here[2] in codes("1-5")


def hospital_rx_implies_summary(r: Record) -> bool:
    return any(
        r.raw(item.replace("Summ", "Hosp")) in given and has(r, item, given) is False
        for item, given in DRUGS.items()
    )


def scope_ln_nodes(r: Record) -> bool:
    scope, examined = r.v("rxSummScopeRegLnSur"), r.v("regionalNodesExamined")
    if scope is None or examined is None:
        return False
    return (scope in codes("2-7") and examined == "00") or (scope == "0" and examined in codes("01-90"))


def dose_fraction_consistent(r: Record) -> bool:
    texts = [r.v(item) for item in DOSES]
    if None in texts:
        return False
    total, dose, fractions = (int(text) for text in texts if text is not None)
    if 0 in (total, dose, fractions) or total > 999_997 or dose > 99_997 or fractions > 998:
        return False
    return abs(total - dose * fractions) > dose * fractions / 20


def transplant_histology(r: Record) -> bool:
    code = r.v("rxSummTransplntEndocr")
    if r.site is None or r.histology is None:
        return False
    usual = among(r.histology, HEME, (9060, 9105), (9490, 9490), (9500, 9500))
    return (code == "30" and not among(r.site, (500, 509), (619, 619))) or (
        code in {"10", "11", "12", "20"} and not usual
    )


def hormone_site(r: Record) -> bool:
    if r.v("rxSummHormone") != "01" or r.site is None or r.histology is None:
        return False
    sites = ((500, 509), (619, 619), (540, 549), (559, 559), (739, 739))
    return not among(r.site, *sites) and not among(r.histology, HEME)


EDITS: dict[str, Callable[[Record], bool]] = {
    "grade-clinical-valid": grade_of_schema("gradeClinical"),
    "grade-path-valid": grade_of_schema("gradePathological"),
    "schema-id-valid": invalid("schemaId"),
    "surg-prim-site-valid": surg_prim_site_valid,
    "lvi-valid": invalid("lymphVascularInvasion"),
    "scope-ln-valid": invalid("rxSummScopeRegLnSur"),
    "surg-other-valid": invalid("rxSummSurgOthRegDis"),
    "rad-dose-valid": invalid(*DOSES),
    "heme-grade": heme_grade,
    "grade-histology": grade_histology,
    "grade-behavior": grade_behavior,
    "grade-era": grade_era,
    "ss-behavior": ss_behavior,
    "ss-benign": ss_benign,
    "ss-unknown-primary": ss_unknown_primary,
    "ss-leukemia": ss_leukemia,
    "ss-mets": ss_mets,
    "ss-nodespos": ss_nodespos,
    "ss-era": ss_era,
    "eod-era": eod_era,
    "localized-nonspecific-site": localized_nonspecific_site,
    "mets-benign": mets_benign,
    "stage-behavior-tnm": stage_behavior_tnm,
    "m1-stage4": m1_stage4,
    "mets-stage-m": mets_stage_m,
    "ss-tnm-n": ss_tnm_n,
    "ss-tnm-m": ss_tnm_m,
    "tnm-edition-year": tnm_edition_year,
    "schema-site-hist": schema_site_hist,
    "breast-receptors": breast_receptors,
    "nodes-pos-gt-examined": nodes_pos_gt_examined,
    "nodes-none-examined": nodes_none_examined,
    "nodes-not-applicable": nodes_not_applicable,
    "size-not-applicable": size_not_applicable,
    "size-998-site": size_998_site,
    "size-implausible": size_implausible,
    "size-clin-path": size_clin_path,
    "surgery-dxconf": surgery_dxconf,
    "surgery-reason": surgery_reason,
    "radiation-reason": radiation_reason,
    "rx-status-none": rx_status_none,
    "rx-died-alive": rx_died_alive,
    "surg-rad-seq": surg_rad_seq,
    "systemic-surg-seq": systemic_surg_seq,
    "surgery-site-none": surgery_site_none,
    "surgery-era": surgery_era,
    "chemo-date": drug_date("rxSummChemo", "rxDateChemo"),
    "hormone-date": drug_date("rxSummHormone", "rxDateHormone"),
    "brm-date": drug_date("rxSummBrm", "rxDateBrm"),
    "other-rx-date": lambda r: dated_wrongly(
        r, "rxDateOther", has(r, "rxSummOther", {"0", "7"}), has(r, "rxSummOther", {"1", "2", "3", "6"})
    ),
    "radiation-date": lambda r: dated_wrongly(
        r, "rxDateRadiation", has(r, RADIATION, {"00"}), radiation_given(r)
    ),
    "surgery-date": surgery_date,
    "surg-rad-seq-dates": sequence_dates("rxSummSurgRadSeq", "rxDateRadiation"),
    "systemic-surg-seq-dates": sequence_dates("rxSummSystemicSurSeq", "rxDateSystemic"),
    "class-treatment-elsewhere": lambda r: r.v("classOfCase") in codes("30-33") and given_here(r),
    "class00-hospital-rx": lambda r: (
        r.v("classOfCase") in {"00", "30", "32", "33", "38", "43", "49"} and given_here(r)
    ),
    "hospital-rx-implies-summary": hospital_rx_implies_summary,
    "scope-ln-nodes": scope_ln_nodes,
    "dose-fraction-consistent": dose_fraction_consistent,
    "transplant-histology": transplant_histology,
    "hormone-site": hormone_site,
}
"""Every edit on stage and treatment of these files; stage-group-consistent has a test of its own."""
