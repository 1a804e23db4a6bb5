"""Edits on grade, stage, nodes and size transcribed once more, one record at a time, in plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable

from registry import staging
from tests.property.stage_record import (
    BRAIN,
    DOSES,
    HEME,
    METS,
    SURGERY,
    Record,
    allowed,
    among,
    codes,
    surgery_table,
)

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
}
"""Every edit of these kinds; stage-group-consistent has a test of its own."""
