"""Inter-record, name and text edits said again in plain Python, from the catalogue's lines, record by record."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, permutations

Record = Mapping[str, str | None]
Fires = Callable[[list[Record]], list[bool]]

SITE_GROUPS = {"C33": "C33", "C34": "C33", "C19": "C19", "C20": "C19"}
HISTOLOGIES = {
    "8500": 3, "8503": 3, "8520": 3, "8140": 3, "8070": 1, "8000": 17, "8010": 5, "9861": 8, "9680": 9,
    "9823": 9, "9800": 14, "9140": 15, "8720": 16, "9440": 16,
}  # fmt: skip
"""Histology groups of the international rule, for the histologies of the test."""
PAIRED = {"C341", "C349", "C443", "C445", "C500", "C504", "C509", "C569", "C649"}
"""Sites of the test that have two sides."""
ILL_DEFINED = {"C760", "C768", "C809"}


def days(text: str) -> tuple[dt.date, dt.date]:
    """First and last day that a valid full or partial date can mean."""
    year, month, day = int(text[:4]), text[4:6], text[6:8]
    if not month:
        return dt.date(year, 1, 1), dt.date(year, 12, 31)
    if not day:
        return dt.date(year, int(month), 1), dt.date(
            year, int(month), calendar.monthrange(year, int(month))[1]
        )
    exact = dt.date(year, int(month), int(day))
    return exact, exact


def others(records: list[Record]) -> Iterator[tuple[int, Record, Record]]:
    """Every record with every other one."""
    for here, there in permutations(range(len(records)), 2):
        yield here, records[here], records[there]


def any_other(records: list[Record], holds: Callable[[Record, Record], bool]) -> list[bool]:
    """For each record, whether it holds against one of the others."""
    fires = [False] * len(records)
    for row, one, other in others(records):
        fires[row] |= holds(one, other)
    return fires


def differ(*items: str) -> Fires:
    def holds(one: Record, other: Record) -> bool:
        return any(one[i] and other[i] and one[i] != other[i] for i in items)

    return lambda records: any_other(records, holds)


def equal(*items: str) -> Fires:
    def holds(one: Record, other: Record) -> bool:
        return all(one[i] and one[i] == other[i] for i in items)

    return lambda records: any_other(records, holds)


def dates_contradict(item: str) -> Fires:
    def holds(one: Record, other: Record) -> bool:
        if not one[item] or not other[item]:
            return False
        (a, b), (c, d) = days(one[item]), days(other[item])
        return a > d or c > b

    return lambda records: any_other(records, holds)


def sex(records: list[Record]) -> list[bool]:
    def holds(one: Record, other: Record) -> bool:
        new, old = one["sexAssignedAtBirth"], other["sexAssignedAtBirth"]
        if new and old:
            return new != old
        if not new and not old:
            return bool(one["sex"] and other["sex"] and one["sex"] != other["sex"])
        implied = {"1": "1", "2": "2", "5": "1", "6": "2", "9": "9"}.get((other if new else one)["sex"] or "")
        return implied is not None and implied != (new or old)

    return any_other(records, holds)


def number(record: Record) -> int:
    return int(record["sequenceNumberCentral"] or -1)


def series(value: int) -> int:
    return 1 if 1 <= value <= 59 else 2 if 61 <= value <= 87 else 0


def sequence_unique(records: list[Record]) -> list[bool]:
    return any_other(records, lambda a, b: number(a) == number(b) and number(a) not in (-1, 88, 98, 99))


def only_one(records: list[Record]) -> list[bool]:
    def holds(one: Record, other: Record) -> bool:
        return (number(one) == 0 and 0 <= number(other) <= 59) or (
            number(one) == 60 and 61 <= number(other) <= 87
        )

    return any_other(records, holds)


def sequence_order(records: list[Record]) -> list[bool]:
    def holds(one: Record, other: Record) -> bool:
        a, b = one["dateOfDiagnosis"], other["dateOfDiagnosis"]
        same_series = series(number(one)) == series(number(other)) > 0
        return bool(a and b and same_series and number(one) > number(other) and days(a)[1] < days(b)[0])

    return any_other(records, holds)


def sequence_gap(records: list[Record]) -> list[bool]:
    if len(records) < 2:
        return [False] * len(records)
    have = {number(r) for r in records}
    have |= {1} if 0 in have else set()
    have |= {61} if 60 in have else set()
    return [series(number(r)) > 0 and number(r) not in (1, 61) and number(r) - 1 not in have for r in records]


def same_primary_twice(records: list[Record]) -> list[bool]:
    def holds(one: Record, other: Record) -> bool:
        site, side, histology = "primarySite", "laterality", "histologicTypeIcdO3"
        if not all(r[i] for r in (one, other) for i in (site, side, histology)):
            return False
        alike = (
            one[site][:3] == other[site][:3]
            and one[side] == other[side]
            and one[histology][:3] == other[histology][:3]
        )
        return alike and one[site] in PAIRED and other[site] in PAIRED

    return any_other(records, holds)


def certificate(records: list[Record]) -> list[bool]:
    def holds(one: Record, other: Record) -> bool:
        a, b = one["primarySite"], other["primarySite"]
        of_one = bool(a and b) and (a[:3] == b[:3] or a in ILL_DEFINED or b in ILL_DEFINED)
        return one["typeOfReportingSource"] == "7" and of_one

    return any_other(records, holds)


def after_death(records: list[Record]) -> list[bool]:
    def holds(one: Record, other: Record) -> bool:
        diagnosed, died = one["dateOfDiagnosis"], other["dateOfLastContact"]
        return bool(diagnosed and died and other["vitalStatus"] == "0" and days(diagnosed)[0] > days(died)[1])

    alone = [holds(record, record) for record in records]
    if len(records) < 2:
        return [False]
    return [a or b for a, b in zip(alone, any_other(records, holds), strict=True)]


def unknown_primary(records: list[Record]) -> list[bool]:
    def holds(one: Record, other: Record) -> bool:
        site, histology, date = one["primarySite"], one["histologicTypeIcdO3"], one["dateOfDiagnosis"]
        if not (site and histology and date and other["primarySite"] and other["dateOfDiagnosis"]):
            return False
        if site not in ILL_DEFINED or other["primarySite"] in ILL_DEFINED or 9590 <= int(histology) <= 9993:
            return False
        (a, b), (c, d) = days(date), days(other["dateOfDiagnosis"])
        return max((b - c).days, (d - a).days) <= 60

    return any_other(records, holds)


def counted_as_one(records: list[Record]) -> list[bool]:
    """The international rule over tumors with full dates; see `comparable`."""
    tumors = []
    for row, record in enumerate(records):
        site, histology, behavior = (
            record[i] for i in ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3")
        )
        if site and histology and (behavior == "3" or site.startswith("C67")):
            sequence = number(record)
            late = sequence + 100 if 60 <= sequence <= 97 else sequence
            place = SITE_GROUPS.get(site[:3], site[:3])
            tumors.append(((record["dateOfDiagnosis"], late), row, place, int(histology)))
    tumors.sort(key=lambda tumor: tumor[0])
    fires = [False] * len(records)
    while tumors:
        (_, row, site, histology), *rest = tumors
        tumors = []
        for tumor in rest:
            mine, theirs = HISTOLOGIES[str(histology)], HISTOLOGIES[str(tumor[3])]
            if not _alike(mine, theirs, site == tumor[2]):
                tumors.append(tumor)
                continue
            fires[row] = fires[tumor[1]] = True
            if theirs in UNSPECIFIC.get(mine, ()) or (mine == theirs and histology < tumor[3]):
                histology = tumor[3]
    return fires


UNSPECIFIC = {17: {1, 2, 3, 4, 5, 6, 7, 15, 16}, 14: {8, 9, 10, 11, 12, 13}, 5: {1, 2, 3, 4}}


def _alike(one: int, other: int, same_site: bool) -> bool:
    kin = one == other or other in UNSPECIFIC.get(one, ()) or one in UNSPECIFIC.get(other, ())
    anywhere = (8 <= one <= 14 and 8 <= other <= 14) or one == other == 15
    return kin and (anywhere or same_site)


def comparable(records: list[Record]) -> bool:
    """Whether the order of the tumors is plain: all dates are complete."""
    return all(len(record["dateOfDiagnosis"] or "") == 8 for record in records)


def shared(*key: str) -> Fires:
    """Records whose key another patient has too (over the whole file)."""

    def fires(records: list[Record]) -> list[bool]:
        owners: dict[tuple[str, ...], set[str]] = {}
        for record in records:
            value = tuple(record[i] or "" for i in key)
            if all(value) and value != ("999999999",):
                owners.setdefault(value, set()).add(record["patientIdNumber"] or "")
        return [len(owners.get(tuple(r[i] or "" for i in key), ())) > 1 for r in records]

    return fires


# --- one record --------------------------------------------------------------------------------


def other_side(record: Record) -> bool:
    side, words = record["laterality"], set(re.findall(r"\w+", (record["textDxProcPath"] or "").lower()))
    both = {"bilateral", "bilat", "both"}
    if side == "1":
        return "left" in words and not words & {"right", "rt", "r", *both}
    return side == "2" and "right" in words and not words & {"left", "lt", "l", *both}


def no_path_text(record: Record) -> bool:
    return (record["diagnosticConfirmation"] or "") in {"1", "2", "3", "4"} and not (
        record["textDxProcPath"] or ""
    ).strip()


def no_surgery_text(record: Record) -> bool:
    new, old = record["rxSummSurgPrimSite2023"], record["rxSummSurgPrimSite"]
    code = int(new[1:3]) if new else int(old) if old else 0
    return 10 <= code <= 90 and not (record["rxTextSurgery"] or "").strip()


# --- two patients -------------------------------------------------------------------------------

WEIGHTS = {
    "ssn": (14, 6, -7), "birth": (12, 8, 4, 8, 5, -6), "exchanged": 12, "last": (8, 5, 5, -3),
    "first": (6, 4, 2, -6), "sex": (1, -5),
}  # fmt: skip
THRESHOLD = 22


def slip(one: str, other: str) -> bool:
    """One letter more, less or other, or two neighbours exchanged."""
    if one == other:
        return False
    letters = sorted(set(one + other))
    near = {one[:i] + one[i + 1 :] for i in range(len(one))}
    for i in range(len(one) + 1):
        near |= {one[:i] + x + one[i:] for x in letters}
        near |= {one[:i] + x + one[i + 1 :] for x in letters if i < len(one)}
        if i + 1 < len(one):
            near.add(one[:i] + one[i + 1] + one[i] + one[i + 2 :])
    return other in near


def _name(one: str, other: str, kind: str) -> int:
    if not one or not other:
        return 0
    same, error, part, different = WEIGHTS[kind]
    least = min(len(one), len(other))
    if one == other:
        return same
    if slip(one, other) and least >= 4:
        return error
    if (one.startswith(other) or other.startswith(one)) and (kind == "first" or least >= 4):
        return part
    if kind == "last" and least >= 4 and (one.endswith(other) or other.endswith(one)):
        return part
    return different


def _birth(one: str, other: str) -> int:
    if not one or not other:
        return 0
    same, exchanged, one_part, month, year, different = WEIGHTS["birth"]
    if len(one) == len(other) == 8:
        parts = [(a[:4], a[4:6], a[6:]) for a in (one, other)]
        if one == other:
            return same
        if parts[0] == (parts[1][0], parts[1][2], parts[1][1]):
            return exchanged
        return one_part if sum(p != q for p, q in zip(*parts, strict=True)) == 1 else different
    if not (one.startswith(other) or other.startswith(one)):
        return different
    return month if min(len(one), len(other)) >= 6 else year


def weight(one: Record, other: Record) -> int:
    """Evidence that two records are of one person."""
    last, first = ([letters(r[i]) for r in (one, other)] for i in ("nameLast", "nameFirst"))
    ssn = [
        "" if (r["socialSecurityNumber"] or "999999999") == "999999999" else r["socialSecurityNumber"] or ""
        for r in (one, other)
    ]
    total = _birth(one["dateOfBirth"] or "", other["dateOfBirth"] or "")
    if all(ssn):
        same, error, different = WEIGHTS["ssn"]
        total += same if ssn[0] == ssn[1] else error if slip(*ssn) else different
    if last[0] and first[0] and last[0] == first[1] and last[1] == first[0] and last[0] != first[0]:
        total += WEIGHTS["exchanged"]
    else:
        total += _name(*last, "last") + _name(*first, "first")
    sexes = [r["sexAssignedAtBirth"] or r["sex"] for r in (one, other)]
    if all(value in ("1", "2") for value in sexes):
        total += WEIGHTS["sex"][0] if sexes[0] == sexes[1] else WEIGHTS["sex"][1]
    return total


def letters(text: str | None) -> str:
    return re.sub(r"[^A-Z]", "", (text or "").upper())


def _in_a_block(one: Record, other: Record) -> bool:
    last, first = ([letters(r[i]) for r in (one, other)] for i in ("nameLast", "nameFirst"))
    birth = [r["dateOfBirth"] or "" for r in (one, other)]
    ssn = [r["socialSecurityNumber"] or "999999999" for r in (one, other)]
    if ssn[0] == ssn[1] != "999999999":
        return True
    if not all(first[i] or ssn[i] != "999999999" for i in (0, 1)):
        return False
    same_last, same_first = last[0] == last[1] != "", first[0] == first[1] != ""
    initials = [sorted((a[:1], b[:1])) for a, b in zip(last, first, strict=True)]
    full = all(len(day) == 8 for day in birth)
    if full and birth[0] == birth[1]:
        return same_last or same_first or (all(last) and all(first) and initials[0] == initials[1])
    if not (same_last and same_first and all(birth)):
        return False
    return birth[0][:4] == birth[1][:4] or (full and birth[0][4:] == birth[1][4:])


def possible_same_person(records: list[Record]) -> list[bool]:
    likely: set[str] = set()
    for one, other in combinations(records, 2):
        if one["patientIdNumber"] == other["patientIdNumber"]:
            continue
        if _in_a_block(one, other) and weight(one, other) >= THRESHOLD:
            likely |= {one["patientIdNumber"] or "", other["patientIdNumber"] or ""}
    return [record["patientIdNumber"] in likely for record in records]


OF_PATIENT: dict[str, Fires] = {
    "ir-sex-same": sex,
    "ir-dob-same": dates_contradict("dateOfBirth"),
    "ir-last-contact-same": dates_contradict("dateOfLastContact"),
    "ir-race-same": differ("race1", "race2", "race3", "race4", "race5"),
    "ir-spanish-same": differ("spanishHispanicOrigin"),
    "ir-nhia-same": differ("nhiaDerivedHispOrigin"),
    "ir-birthplace-same": differ("birthplaceCountry"),
    "ir-vital-same": differ("vitalStatus"),
    "ir-cause-same": differ("causeOfDeath", "icdRevisionNumber"),
    "ir-seq-unique": sequence_unique,
    "ir-seq-00-multiple": only_one,
    "ir-seq-order": sequence_order,
    "ir-seq-gap": sequence_gap,
    "ir-same-primary-twice": same_primary_twice,
    "ir-duplicate-tumor": equal(
        "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis"
    ),
    "ir-tumor-record-unique": equal("tumorRecordNumber"),
    "ir-dco-with-others": certificate,
    "ir-dx-after-death": after_death,
    "ir-unknown-primary-with-known": unknown_primary,
    "ir-iarc-mp": counted_as_one,
}
OF_FILE: dict[str, Fires] = {
    "ir-ssn-shared": shared("socialSecurityNumber"),
    "ir-accession-shared": shared("reportingFacility", "accessionNumberHosp"),
    "ir-facility-duplicate": equal("reportingFacility", "accessionNumberHosp", "sequenceNumberHospital"),
    "ir-possible-same-person": possible_same_person,
}
OF_RECORD: dict[str, Callable[[Record], bool]] = {
    "laterality-text": other_side,
    "text-required-path": no_path_text,
    "text-required-surgery": no_surgery_text,
}
