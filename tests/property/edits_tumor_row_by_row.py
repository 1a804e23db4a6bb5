"""Edits of tumor, laterality, sequence, follow-up and reporting source, in plain Python, one record at a time.

Written from the catalogue's sentences (and the notes beside the edits where these decide), not from the
expressions. `judge` gives the ids of the edits that a record fails.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from functools import cache

import polars as pl

from registry import standards
from registry.edits import build
from tests.property.edits_tumor_values import (
    ALIVE,
    AUTOPSY,
    BEH,
    BIRTH,
    CAUSE,
    CENTRAL,
    CLASS,
    CONF,
    DX,
    ER,
    HER2,
    HIST,
    HOSPITAL,
    KIND,
    LAST,
    OLD_SURGERY,
    PR,
    RECURRED,
    REVISION,
    SIDE,
    SITE,
    SOURCE,
    STAGE,
    STATUS,
    SURGERY,
    SYSTEMIC,
    Record,
    cleaned,
    first,
    last,
)

# --- words -----------------------------------------------------------------------------------


def within(code: str | None, ranges: str) -> bool:
    """Whether a code such as C509 or 8140 lies in ranges such as `C500-C509,C619`."""
    pairs = [part.partition("-") for part in ranges.split(",")]
    return code is not None and any(low <= code <= (high or low) for low, _, high in pairs)


def sex(r: Record) -> str | None:
    return r["sexAssignedAtBirth"] or r["sex"]


def year(r: Record) -> int | None:
    return int(str(r[DX])[:4]) if r[DX] else None


def surgery(r: Record) -> str | None:
    newer = r[SURGERY]
    return newer[1:3] if newer else r[OLD_SURGERY]


PAIRED = (
    "C079-C081,C090-C091,C098-C099,C300-C301,C310,C312,C340-C349,C384,C400-C403,C413-C414,C441-C443,C445-C447,"
    "C471-C472,C491-C492,C500-C509,C569-C570,C620-C629,C630-C631,C649,C659,C669,C690-C699,C740-C749,C754"
)
CNS_PAIRED = "C700,C710-C714,C722-C725"
HALF_PAIRED = ("C300", "C340", "C413", "C414")


def paired(r: Record) -> bool:
    return within(r[SITE], PAIRED) or (within(r[SITE], CNS_PAIRED) and (year(r) or 0) >= 2004)


@cache
def listed() -> dict[tuple[str, str], str]:
    lines = gzip.decompress(build.TABLE.read_bytes()).decode().splitlines()
    return {(row[0], row[1]): row[2].replace(" ", ",") for row in list(csv.reader(lines))[1:]}


@cache
def only_benign() -> set[str]:
    behaviors: dict[str, dict[str, set[str]]] = {}
    for edition, code, behavior in standards.morphology().select("edition", "code", "behavior").iter_rows():
        behaviors.setdefault(code, {}).setdefault(edition, set()).add(behavior)
    found = set()
    for code, editions in behaviors.items():
        published = editions.get("ICD-O-3.2") or set().union(*editions.values())
        if published <= {"0", "1"} and not {(code, "2"), (code, "3")} & set(listed()):
            found.add(code)
    return found


def unlikely(r: Record) -> bool:
    if within(r[HIST], "8000-8005") or (within(r[SITE], "C440-C449") and within(r[HIST], "8000-8110")):
        return False
    return not within(r[SITE], listed().get((str(r[HIST]), str(r[BEH])), "none"))


def impossible(r: Record) -> bool:
    site, hist = r[SITE], r[HIST]
    if within(hist, "8170-8175"):
        return site != "C220"
    if within(hist, "9510-9514"):
        return not within(site, "C690-C699")
    testis = within(site, "C620-C629")
    return within(site, "C600-C639") and within(hist, "9103-9105" if testis else "9100-9105")


FEMALE = (
    "8905,8930-8933,8950,8313,8380-8384,8482,8441-8444,8451,8460-8463,8472-8474,8593,8600-8602,8610,8620-8623,8632,"
    "8660,8670,9000,9013-9015,9090-9091,9103-9105"
)


def histology_sex(r: Record) -> bool:
    hist, beh = r[HIST], r[BEH]
    if sex(r) == "1":
        return (
            within(hist, FEMALE) or (hist == "9084" and beh == "3") or (hist == "9100" and beh in ("0", "1"))
        )
    return sex(r) == "2" and within(hist, "8054,8080,8640-8642,8650,9061-9063,9102")


NEVER_IN_SITU = "8000-8005,8020,8021,8331,8332,8800-9055,9062,9082,9083,9110-9493,9501-9989"
LEUKEMIA = "9801,9805-9809,9820,9832-9836,9838-9920,9931,9940,9945,9946,9948"
CLINICAL = "8000,8150-8154,8170,8270-8281,8800,8960,9050,9100,9140,9350,9380,9384,9500,9510,9530-9539,9590,9732,9761,9800"
MELANOCYTES = "C000-C069,C090-C159,C209-C218,C260-C269,C300-C329,C440-C449,C510-C539,C600-C609,C632,C680-C709"
CNS_BENIGN = "C700-C729,C751-C753"


def microscopy(r: Record) -> bool:
    melanoma = r[HIST] == "8720" and within(r[SITE], "C440-C449,C690-C699")
    return str(r[CONF]) in "56789" and r[SOURCE] != "7" and not (within(r[HIST], CLINICAL) or melanoma)


def series(r: Record) -> bool:
    benign_series = "60" <= str(r[CENTRAL]) <= "88"
    if r[BEH] in ("0", "1"):
        return not benign_series
    own = within(r[SITE], "C530-C539") and r[BEH] == "2" and (year(r) or 9999) >= 2003
    skin = within(r[SITE], "C440-C449") and (r[HIST] is None or within(r[HIST], "8000-8110"))
    return benign_series and not own and not skin


def several(item: str) -> Callable[[Record], bool]:
    return lambda r: "01" <= str(r[item]) <= "59"


def unconfirmed(item: str) -> Callable[[Record], bool]:
    return lambda r: several(item)(r) and str(r[CONF]) in "6789" and not within(r[SITE], "C760-C768,C809")


def ill_defined(item: str) -> Callable[[Record], bool]:
    def fails(r: Record) -> bool:
        solid = within(r[SITE], "C760-C768,C809") and str(r[HIST]) < "9590"
        nodes = within(r[SITE], "C770-C779") and not within(r[HIST], "9590-9729")
        marrow = within(r[SITE], "C420-C424") and not within(r[HIST], "9590-9989")
        return several(item)(r) and (solid or nodes or marrow or within(r[HIST], "9740-9758"))

    return fails


def side_of_in_situ(r: Record) -> bool:
    exempt = within(r[HIST], "9140,9590-9980") and (year(r) or 9999) > 1987
    middle = r[SITE] in HALF_PAIRED and r[SIDE] == "0"
    return r[BEH] == "2" and paired(r) and r[SIDE] not in ("1", "2", "3") and not exempt and not middle


def both_sides(r: Record) -> bool:
    kidney = r[SITE] == "C649" and r[HIST] in (None, "8960")
    eye = within(r[SITE], "C690-C699") and (r[HIST] is None or within(r[HIST], "9510-9514"))
    return r[SIDE] == "4" and not (within(r[SITE], "C340-C349,C569") or kidney or eye)


def certificate_treated(r: Record) -> bool:
    given = [r[item] for item in SYSTEMIC if r[item]]
    operated = surgery(r)
    if r[SOURCE] == "6":
        return any(code != "00" for code in given) or operated not in (None, "00", "98")
    return r[SOURCE] == "7" and (
        any(code not in ("00", "99") for code in given) or operated not in (None, "00", "98", "99")
    )


def certificate_stage(r: Record) -> bool:
    systemic = r[STAGE] == "7" and (r[HIST] is None or within(r[HIST], "9732-9733,9740-9993"))
    central = r[SITE] is None or within(r[SITE], CNS_BENIGN)
    benign = r[STAGE] == "8" and r[BEH] in (None, "0", "1") and central
    return r[SOURCE] == "7" and r[STAGE] != "9" and not systemic and not benign


def apart(r: Record) -> bool:
    dx, end = str(r[DX]), str(r[LAST])
    return r[SOURCE] in ("6", "7") and (last(dx) < first(end) or first(dx) > last(end))


def cause_format(r: Record) -> bool:
    cause = str(r[CAUSE])
    if cause in ("0000", "7777", "7797"):
        return False
    if r[REVISION] == "1":
        return not (len(cause) in (3, 4) and cause[0].isalpha() and cause[1:].isdigit())
    return r[REVISION] in ("7", "8", "9") and not (len(cause) == 4 and cause.isdigit())


IN_USE = {"1": (1999, 9999), "9": (1979, 1998), "8": (1968, 1978), "7": (1958, 1967)}


def wrong_revision(r: Record) -> bool:
    since, until = IN_USE.get(str(r[REVISION]), (0, 9999))
    return r[ALIVE] == "0" and not since <= int(str(r[LAST])[:4]) <= until


RECURRENCES = "04 06 10 13 14 15 16 17 20 21 22 25 26 27 30 36 40 46 51 52 53 54 55 56 57 58 59 60 62".split()


def recurrence(r: Record) -> bool:
    if r[KIND] in ("00", "70"):
        return r[RECURRED] is not None
    return r[KIND] in RECURRENCES and not r[f"{RECURRED}@raw"] and r["recurrenceDate1stFlag"] != "12"


def cause_of_other_sex(r: Record) -> bool:
    group = str(r[CAUSE])[:3]
    return (sex(r) == "1" and "C51" <= group <= "C58") or (sex(r) == "2" and "C60" <= group <= "C63")


EITHER_SEX = ("sexAssignedAtBirth|sex",)
Rule = tuple[tuple[str, ...], Callable[[Record], bool]]
"""Items that must be valid and filled (`a|b` = one of them), and what fails then."""

RULES: dict[str, Rule] = {
    "site-sex": (
        (SITE, *EITHER_SEX),
        lambda r: within(r[SITE], {"1": "C510-C589", "2": "C600-C639"}.get(str(sex(r)), "none")),
    ),
    "site-histology-unlikely": ((SITE, HIST, BEH), unlikely),
    "site-histology-impossible": ((SITE, HIST), impossible),
    "histology-sex": ((*EITHER_SEX, HIST, BEH), histology_sex),
    "benign-reportable-site": (
        (SITE, BEH, DX),
        lambda r: r[BEH] in ("0", "1") and not (within(r[SITE], CNS_BENIGN) and (year(r) or 0) >= 2004),
    ),
    "skin-nonreportable": (
        (SITE, HIST, BEH),
        lambda r: within(r[SITE], "C440-C449") and within(r[HIST], "8000-8110"),
    ),
    "cervix-insitu": (
        (SITE, HIST, BEH, DX),
        lambda r: within(r[SITE], "C530-C539") and r[BEH] == "2" and (year(r) or 0) > 1995,
    ),
    "prostate-pin": ((SITE, HIST, BEH), lambda r: (r[SITE], r[HIST], r[BEH]) == ("C619", "8148", "2")),
    "leukemia-site": ((SITE, HIST), lambda r: within(r[HIST], LEUKEMIA) and r[SITE] != "C421"),
    "myeloma-site": ((SITE, HIST), lambda r: r[HIST] == "9732" and r[SITE] != "C421"),
    "marrow-nonheme": ((SITE, HIST), lambda r: within(r[SITE], "C420,C421,C424") and str(r[HIST]) < "9590"),
    "node-nonlymphoma": ((SITE, HIST), lambda r: within(r[SITE], "C770-C779") and str(r[HIST]) < "9590"),
    "melanoma-site": (
        (SITE, HIST),
        lambda r: within(r[HIST], "8720-8790") and not within(r[SITE], MELANOCYTES),
    ),
    "kaposi-age-site": ((SITE, HIST), lambda r: (r[SITE], r[HIST]) == ("C809", "9140")),
    "histology-behavior": (
        (HIST, BEH, DX),
        lambda r: (
            (r[BEH] in ("2", "3") and r[HIST] in only_benign())
            or (r[BEH] == "2" and within(r[HIST], NEVER_IN_SITU))
        ),
    ),
    "insitu-hematopoietic": ((HIST, BEH), lambda r: r[BEH] == "2" and within(r[HIST], "9590-9993")),
    "insitu-dxconf": ((BEH, CONF), lambda r: r[BEH] == "2" and r[CONF] not in ("1", "2", "4")),
    "insitu-nonspecific-site": (
        (SITE, BEH),
        lambda r: r[BEH] == "2" and within(r[SITE], "C269,C399,C559,C579,C639,C689,C729,C759,C760-C768,C809"),
    ),
    "insitu-unlikely-site": (
        (SITE, BEH),
        lambda r: (
            r[BEH] == "2" and str(r[SITE])[:3] in ("C40", "C41", "C42", "C47", "C49", "C70", "C71", "C72")
        ),
    ),
    "lymphoma-dxconf": (
        (HIST, CONF),
        lambda r: (
            (within(r[HIST], "9590-9729") and r[CONF] in ("6", "8"))
            or (within(r[HIST], "9731-9948") and r[CONF] == "6")
        ),
    ),
    "dxconf3-hematopoietic-only": (
        (CONF, HIST, BEH, DX),
        lambda r: (
            r[CONF] == "3" and not (within(r[HIST], "9590-9993") and r[BEH] == "3" and (year(r) or 0) >= 2010)
        ),
    ),
    "histology-needs-microscopy": ((HIST, CONF, SITE), microscopy),
    "laterality-paired-required": (
        (SITE, SIDE, DX),
        lambda r: paired(r) and r[SITE] not in HALF_PAIRED and r[SIDE] == "0",
    ),
    "laterality-unpaired-zero": (
        (SITE, SIDE),
        lambda r: not within(r[SITE], f"{PAIRED},{CNS_PAIRED}") and r[SIDE] != "0",
    ),
    "laterality-midline-sites": (
        (SITE, SIDE, DX),
        lambda r: (
            r[SIDE] == "5" and not (within(r[SITE], f"{CNS_PAIRED},C443,C445") and (year(r) or 0) >= 2010)
        ),
    ),
    "laterality-insitu": ((SITE, SIDE, BEH, HIST), side_of_in_situ),
    "laterality-bilateral-site": ((SITE, SIDE), both_sides),
    "laterality-stage": (
        (SITE, SIDE, STAGE),
        lambda r: paired(r) and r[SIDE] in ("4", "9") and r[STAGE] in ("0", "1", "2"),
    ),
    "seq-behavior": ((CENTRAL, BEH, SITE), series),
    "seq98-cervix": (
        (CENTRAL, SITE, BEH, DX),
        lambda r: (
            r[CENTRAL] == "98"
            and not (within(r[SITE], "C530-C539") and r[BEH] == "2" and 1996 <= (year(r) or 0) <= 2002)
        ),
    ),
    "seq-dxconf": ((CENTRAL, CONF, SITE), unconfirmed(CENTRAL)),
    "seqhosp-dxconf": ((HOSPITAL, CONF, SITE), unconfirmed(HOSPITAL)),
    "seq-illdefined": ((CENTRAL, SITE, HIST), ill_defined(CENTRAL)),
    "seqhosp-illdefined": ((HOSPITAL, SITE, HIST), ill_defined(HOSPITAL)),
    "dco-class-source": (
        (SOURCE, CLASS),
        lambda r: (r[CLASS] == "49") != (r[SOURCE] == "7") or (r[CLASS] == "38") != (r[SOURCE] == "6"),
    ),
    "dco-dxconf": ((SOURCE, CONF), lambda r: r[SOURCE] == "7" and r[CONF] != "9"),
    "autopsy-only-dxconf": ((SOURCE, CONF), lambda r: r[SOURCE] == "6" and r[CONF] not in ("1", "3", "6")),
    "lab-only-dxconf": ((SOURCE, CONF), lambda r: r[SOURCE] == "3" and str(r[CONF]) > "5"),
    "dco-dates-equal": ((SOURCE, DX, LAST), apart),
    "dco-treatment": ((SOURCE,), certificate_treated),
    "dco-multiple-primaries": (
        (SOURCE, CENTRAL, HIST),
        lambda r: r[SOURCE] == "7" and str(r[HIST]) < "9590" and r[CENTRAL] != "00",
    ),
    "dco-stage": ((SOURCE, STAGE), certificate_stage),
    "dco-ssdi": (
        (SOURCE, DX),
        lambda r: (
            r[SOURCE] == "7" and (year(r) or 0) >= 2018 and not {"0", "1"}.isdisjoint({r[ER], r[PR], r[HER2]})
        ),
    ),
    "recurrence-type-date-agree": ((KIND,), recurrence),
    "cancer-status-dco": ((STATUS, SOURCE), lambda r: r[SOURCE] in ("6", "7") and r[STATUS] == "1"),
    "cause-age-conflict": (
        (CAUSE, BIRTH, LAST),
        lambda r: "P00" <= str(r[CAUSE])[:3] <= "P96" and first(str(r[LAST])) >= last(str(r[BIRTH])) + 10_000,
    ),
    "alive-very-old": (
        (ALIVE, BIRTH, LAST),
        lambda r: r[ALIVE] == "1" and first(str(r[LAST])) >= last(str(r[BIRTH])) + 1_110_000,
    ),
    "alive-with-place-of-death": (
        (ALIVE,),
        lambda r: r[ALIVE] == "1" and bool(r["placeOfDeathState"] or r["placeOfDeathCountry"]),
    ),
    "death-year-vs-icd-revision": ((REVISION, LAST, ALIVE), wrong_revision),
    "alive-with-cause": ((ALIVE, CAUSE), lambda r: r[ALIVE] == "1" and r[CAUSE] != "0000"),
    "alive-with-icd-revision": ((ALIVE, REVISION), lambda r: r[ALIVE] == "1" and r[REVISION] != "0"),
    "dead-without-cause": (
        (ALIVE,),
        lambda r: r[ALIVE] == "0" and (not r[f"{CAUSE}@raw"] or r[CAUSE] == "0000"),
    ),
    "dead-without-revision": (
        (ALIVE, CAUSE),
        lambda r: (
            r[ALIVE] == "0"
            and r[CAUSE] not in ("0000", "7777", "7797")
            and (not r[f"{REVISION}@raw"] or r[REVISION] == "0")
        ),
    ),
    "dead-without-date": ((ALIVE,), lambda r: r[ALIVE] == "0" and not r[f"{LAST}@raw"]),
    "alive-with-autopsy": ((ALIVE, AUTOPSY), lambda r: (r[ALIVE] == "1") != (r[AUTOPSY] == "0")),
    "death-certificate-alive": ((SOURCE, ALIVE), lambda r: r[SOURCE] in ("6", "7") and r[ALIVE] == "1"),
    "cause-sex-conflict": ((*EITHER_SEX, CAUSE), cause_of_other_sex),
    "icd10-cause-format": ((CAUSE, REVISION), cause_format),
}


def judge(raw: Record) -> set[str]:
    """Ids of the edits that the record fails."""
    clean: dict[str, str | None] = cleaned(raw) | {f"{item}@raw": value for item, value in raw.items()}
    return {
        edit
        for edit, (needed, fails) in RULES.items()
        if all(any(clean[item] for item in group.split("|")) for group in needed) and fails(clean)
    }


def failures(frame: pl.DataFrame) -> set[tuple[int, str]]:
    """Row number and edit of everything that fails."""
    return {(n, edit) for n, row in enumerate(frame.iter_rows(named=True)) for edit in judge(row)}
