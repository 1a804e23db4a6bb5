"""Edits on treatment transcribed once more, one record at a time, in plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.property.stage_record import (
    DOSES,
    HEME,
    SURGERY,
    Record,
    among,
    bounds,
    codes,
    surgery_table,
)

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
"""Every edit on treatment."""
