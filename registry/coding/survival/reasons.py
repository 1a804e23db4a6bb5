"""Why the survival of one tumor is as sure as it is, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from registry.coding.survival import calendar
from registry.coding.survival.calendar import FIRST_YEAR, NO_YEAR, UNKNOWN

_DATES = {"dateOfDiagnosis": "diagnosis", "dateOfLastContact": "last contact"}


def why(values: Mapping[str, str | None]) -> str:
    """What the algorithm does with the items of one tumor (other tumors may bound its dates more closely).

    >>> why({"dateOfDiagnosis": "202003", "dateOfLastContact": "20210630", "typeOfReportingSource": "1"})
    'The day of diagnosis is unknown: the middle of what is possible is taken.'
    >>> why({"dateOfDiagnosis": "20200315", "dateOfLastContact": "20210630"})
    'Both dates are complete: months are the days between them divided by 365.24 / 12, rounded down.'
    """
    told = [_about(values.get(item), name) for item, name in _DATES.items()]
    if values.get("typeOfReportingSource") in ("6", "7"):
        told.append(
            "Known from the death certificate or autopsy only, so survival is not calculated (flag 8)."
        )
    found = [sentence for sentence in told if sentence]
    if not found:
        return (
            "Both dates are complete: months are the days between them divided by 365.24 / 12, rounded down."
        )
    return " ".join(found)


def _about(date: str | None, name: str) -> str | None:
    parts = calendar.parts(pl.Series([date], dtype=pl.String))
    if parts.year[0] == NO_YEAR or parts.year[0] < FIRST_YEAR:
        return f"The year of {name} is unknown or before {FIRST_YEAR}: nothing can be filled."
    parts.forget_impossible(np.array([True]))
    if parts.day[0] != UNKNOWN:
        return None
    unknown = "month and day of {} are" if parts.month[0] == UNKNOWN else "day of {} is"
    return f"The {unknown.format(name)} unknown: the middle of what is possible is taken."
