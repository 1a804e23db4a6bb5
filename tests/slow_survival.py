"""Survival time, one patient after the other, as the published description says it: slow and plain.

Written from "Calculation of Survival Time Fields" and "Imputing date values" (version 2.2,
https://seer.cancer.gov/survivaltime/); where those are silent (impossible dates, order of tumors whose
dates do not tell it, disagreeing tumors), from what the algorithm that registries run gives.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from typing import Any

Row = dict[str, str | None]
YEAR, PART = 9999, 99


def survival(rows: list[Row], as_of: dt.date, cutoff_year: int) -> list[Row]:
    """Results of the rows of any patients, in their order."""
    people: dict[Any, list[int]] = {}
    for index, row in enumerate(rows):
        people.setdefault(row["patientIdNumber"] or ("own", index), []).append(index)
    results: list[Row] = [{} for _ in rows]
    for indexes in people.values():
        made = _patient([rows[index] for index in indexes], as_of, dt.date(cutoff_year, 12, 31))
        for index, result in zip(indexes, made, strict=True):
            results[index] = result
    return results


def _split(date: str | None) -> tuple[str | None, str | None, str | None]:
    date = date or ""
    return (
        date[:4] if len(date) >= 4 else None,
        date[4:6] if len(date) >= 6 else None,
        date[6:8] if len(date) >= 8 else None,
    )


def _whole_number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else otherwise


def _numbers(date: str | None) -> list[int]:
    year, month, day = _split(date)
    return [_whole_number(year, YEAR), _whole_number(month, PART), _whole_number(day, PART)]


def _told(date: str | None) -> str | None:
    year, month, day = _split(date)
    if not (year and year.strip()):
        return None
    if not (month and month.strip()):
        return year
    return year + month + (day if day and day.strip() else "")


def _exists(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(max(year, 1), month)[1]


def _forget_impossible(date: list[int]) -> None:
    year, month, day = date
    if not _exists(year, 1 if month == PART else month, 1 if day == PART else day):
        date[2] = PART
        if not 1 <= month <= 12:
            date[1] = PART


class Tumor:
    """A tumor, or (without a row) the last contact behind all tumors."""

    def __init__(self, row: Row | None, date: list[int]) -> None:
        self.row, self.date = row, date
        if date[1] == PART:
            date[2] = PART
        self.fix()
        number = _whole_number(row["sequenceNumberCentral"] if row else None, -1)
        self.number = number + 100 if 60 <= number <= 97 else number
        self.result: Row = {}

    def fix(self) -> None:
        self.filled = list(self.date)

    @property
    def kind(self) -> int:
        year, month, day = self.date
        return 3 if year == YEAR else 2 if month == PART else 1 if day == PART else 0

    @property
    def sort_key(self) -> list[int]:
        return [*self.date[: 3 - self.kind], self.number]


def _difference(one: Tumor, other: Tumor) -> int:
    """Before (negative), after (positive), or the known parts do not tell (0)."""
    for mine, theirs, unknown in zip(one.date, other.date, (YEAR, PART, PART), strict=True):
        if unknown in (mine, theirs):
            return 0
        if mine != theirs:
            return mine - theirs
    return 0


def _in_order(tumors: list[Tumor]) -> list[Tumor]:
    order: list[Tumor] = []
    for kind in range(4):
        group = sorted((tumor for tumor in tumors if tumor.kind == kind), key=lambda tumor: tumor.sort_key)
        if not order:
            order = group
            continue
        for tumor in group:
            place = len(order)
            while place > 0 and not _goes_behind(tumor, order[:place]):
                place -= 1
            order.insert(place, tumor)
    return order


def _goes_behind(tumor: Tumor, earlier: list[Tumor]) -> bool:
    """Behind the last of these, seen from the end of the list."""
    last = earlier[-1]
    difference = _difference(tumor, last)
    if difference:
        return difference > 0
    if tumor.number < 100:
        return tumor.number >= last.number
    if tumor.number == 100:
        return False
    if last.number > 100 and tumor.number >= last.number:
        return True
    others = [one.number for one in earlier if one.number > 100 and not _difference(tumor, one)]
    in_turn = others == sorted(others)
    return not others or not in_turn or tumor.number > others[-1]


def _fill(order: list[Tumor], born: list[int]) -> None:
    for at, tumor in enumerate(order):
        year, month, day = tumor.filled
        if month == PART or day != PART:
            continue
        low, high = 1, calendar.monthrange(year, month)[1]
        if at == 0 and born[:2] == [year, month] and born[2] != PART:
            low = born[2]
        before = next((one.filled for one in reversed(order[:at]) if one.filled[2] != PART), None)
        if before and before[:2] == [year, month]:
            low = before[2]
        after = next((one.filled for one in order[at + 1 :] if one.filled[2] != PART), None)
        if after and after[:2] == [year, month]:
            high = after[2]
        tumor.filled[2] = math.floor((low + high) / 2)
    for at, tumor in enumerate(order):
        year, month, _ = tumor.filled
        if month != PART:
            continue
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        if at == 0 and born[0] == year and born[1] != PART:
            first = dt.date(year, born[1], 1 if born[2] == PART else born[2])
        before = next((one.filled for one in reversed(order[:at]) if one.filled[1] != PART), None)
        if before and before[0] == year:
            first = dt.date(*before)
        after = next((one.filled for one in order[at + 1 :] if one.filled[1] != PART), None)
        if after and after[0] == year:
            last = dt.date(*after)
        middle = first + dt.timedelta(math.floor((last - first).days / 2))
        tumor.filled = [year, middle.month, middle.day]


def _patient(rows: list[Row], as_of: dt.date, end: dt.date) -> list[Row]:
    contacts, statuses = (
        {_split(row["dateOfLastContact"]) for row in rows},
        {row["vitalStatus"] for row in rows},
    )
    conflict = len(contacts) > 1 or len(statuses) > 1
    status = rows[0]["vitalStatus"] if len(statuses) == 1 else None
    contact = _numbers(rows[0]["dateOfLastContact"])
    year, month, day = contact
    future = (year, month) > (as_of.year, as_of.month) if month <= 12 else year > as_of.year
    if (year, month) == (as_of.year, as_of.month) and _exists(*contact):
        future = future or day > as_of.day
    known = 1900 <= year < YEAR and not future
    if not known:
        contact = [YEAR, PART, PART]
    _forget_impossible(contact)
    if known and contact[0] > end.year and not conflict:
        status = "1"
    alive = _whole_number(rows[0]["vitalStatus"], 9) == 1
    born = _numbers(rows[0]["dateOfBirth"])
    if born[0] == YEAR:
        born[1:] = [PART, PART]
    if born[1] == PART:
        born[2] = PART
    _forget_impossible(born)

    tumors = [Tumor(row, _numbers(row["dateOfDiagnosis"])) for row in rows]
    counted = [tumor for tumor in tumors if 1900 <= tumor.date[0] <= end.year and not conflict]
    for tumor in counted:
        _forget_impossible(tumor.date)
        tumor.fix()
    for tumor in tumors:
        tumor.result = _unknown(tumor, counted=tumor in counted, conflict=conflict)
    for name, possible in (("ActiveFollowup", known), ("PresumedAlive", known or alive)):
        if possible and not conflict:
            _one(name, tumors, _in_order(counted), list(contact), born, end, alive=alive)
    for at, tumor in enumerate(_in_order(tumors), 1):
        tumor.result["recordNumberRecode"] = f"{at:02}"
    for tumor in tumors:
        tumor.result["vitalStatusRecode"] = status
        if tumor in counted and tumor.row and tumor.row["typeOfReportingSource"] in ("6", "7"):
            for name in ("ActiveFollowup", "PresumedAlive"):
                tumor.result |= {f"survMos{name}": "9999", f"survDays{name}": "99999", f"survFlag{name}": "8"}
    return [tumor.result for tumor in tumors]


def _unknown(tumor: Tumor, *, counted: bool, conflict: bool) -> Row:
    assert tumor.row
    kept = None if counted or conflict else _told(tumor.row["dateOfLastContact"])
    result: Row = {"survDateDxRecode": _told(tumor.row["dateOfDiagnosis"]) if counted else None}
    for name in ("ActiveFollowup", "PresumedAlive"):
        result |= {f"survMos{name}": "9999", f"survDays{name}": "99999", f"survFlag{name}": "9"}
        result[f"survDate{name}"] = kept
    return result


def _one(
    name: str,
    tumors: list[Tumor],
    order: list[Tumor],
    contact: list[int],
    born: list[int],
    end: dt.date,
    *,
    alive: bool,
) -> None:
    last = Tumor(None, contact)
    for tumor in order:
        tumor.fix()
    _fill([*order, last], born)
    until, told = last.filled, contact
    if (contact[0] != YEAR and contact[0] > end.year) or (alive and name == "PresumedAlive"):
        until = [end.year, end.month, end.day]
    if until == [end.year, end.month, end.day]:
        told = until
    for tumor in tumors:
        tumor.result[f"survDate{name}"] = "{:04}{:02}{:02}".format(*until)
    survived_later = False
    for tumor in reversed(order):
        days = (dt.date(*until) - dt.date(*tumor.filled)).days
        perhaps_none = told[0] == tumor.date[0] and (
            PART in (told[1], tumor.date[1]) or told[1] == tumor.date[1]
        )
        incomplete = PART in (*told, *tumor.date[1:])
        if days < 0:
            flag = "9"
        elif incomplete:
            flag = "2" if perhaps_none and not survived_later else "3"
        else:
            flag = "1" if days > 0 else "0"
        survived_later = survived_later or flag in "13"
        tumor.result |= {
            f"survFlag{name}": flag,
            f"survMos{name}": f"{math.floor(days / (365.24 / 12)):04}" if days >= 0 else "9999",
            f"survDays{name}": f"{days:05}" if days >= 0 else "99999",
            "survDateDxRecode": "{:04}{:02}{:02}".format(*tumor.filled),
        }
