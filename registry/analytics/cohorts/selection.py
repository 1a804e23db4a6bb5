"""Applying a cohort: rows that stay, the exclusion flow, and how long each was observed."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.cohorts.definition import Cohort, Range, Span
from registry.analytics.cohorts.flow import Mask, exclusion_flow
from registry.errors import BadInput

START = "tumors in the registry"
EPOCH = dt.date(1970, 1, 1).toordinal()
_NO_DAY = np.int32(-(2**31))
_NO_NUMBER = np.int32(-32768)
_WORDS = {
    "sites": ("site_group", "another site"), "sexes": ("sex", "another sex"), "races": ("race", "another race"),
    "hispanic": ("hispanic", "another origin"), "stages": ("stage", "another stage"),
    "states": ("state", "living in another state"), "counties": ("county", "living in another county"),
    "facilities": ("facility", "reported by another facility"),
}  # fmt: skip
"""Attribute → column and what those outside are called."""
FOLLOW_UP_COLUMNS = ("diagnosed", "last_contact", "dead", "cause", "age")


def apply(
    frame: pl.DataFrame,
    cohort: Cohort,
    as_of: dt.date,
    *,
    follow_up: bool = False,
    columns: Sequence[str] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the analysis frame that belong to the cohort, and the exclusion flow.

    Args:
        frame: one row a tumor; columns of the analysis frame, at least those that the definition names.
        as_of: the day asked about; the cohort's own cut-off goes before it.
        follow_up: leave out who cannot be followed, and add start, end (Date), days (Int32), time (Float64, days; half
            a day for 0), with dead and cause as of the cut-off.
        columns: keep only these (and those of follow-up); None = all.

    Returns:
        The rows in their order, and frame[step, reason, excluded, remaining]; the first line is where it starts.

    Raises:
        BadInput: a value of the definition is none of its column.

    >>> tumors = pl.DataFrame({"tumor_id": [1, 2, 3], "malignant": [True, True, False], "year": [2019, 2021, 2020],
    ...     "diagnosed": [dt.date(2019, 5, 1), dt.date(2021, 5, 1), dt.date(2020, 5, 1)]})
    >>> kept, flow = apply(tumors, Cohort(years=(2020, None)), dt.date(2025, 12, 31))
    >>> kept["tumor_id"].to_list(), flow.select("reason", "excluded").rows()[1:3]
    ([2], [('diagnosed before 2020', 1), ('not malignant', 1)])
    """
    day = cohort.cut_off or as_of
    left, flow = judged(frame, cohort, day, follow_up=follow_up)
    kept = frame
    if columns is not None:
        needed = [*columns, *(FOLLOW_UP_COLUMNS if follow_up else ())]
        kept = frame.select(name for name in dict.fromkeys(needed) if name in frame.columns)
    if not left.all():
        kept = kept.filter(pl.Series(left))
    return (observed(kept, day) if follow_up else kept), flow


def judged(
    frame: pl.DataFrame, cohort: Cohort, day: dt.date, *, follow_up: bool, chosen: Mask | None = None
) -> tuple[Mask, pl.DataFrame]:
    """Rows that stay, and the flow; `chosen`: a selection beside the definition's, told as one step."""
    steps: list[tuple[str, Mask]] = [] if chosen is None else [("outside the selection", chosen)]
    steps += list(_selection(frame, cohort))
    steps += list(_rules(frame, cohort))
    if not follow_up:
        steps += list(_counted(frame, cohort, day))
    if cohort.unit == "patients":
        before = (
            np.logical_and.reduce([stays for _, stays in steps]) if steps else np.ones(frame.height, np.bool_)
        )
        steps.append(("a later tumor of the same patient", _earliest(frame, before)))
    if follow_up:
        steps += list(_followed(frame, cohort, day))
    return exclusion_flow(START, frame.height, steps)


def _selection(frame: pl.DataFrame, cohort: Cohort) -> Iterator[tuple[str, Mask]]:
    if cohort.primary_sites:
        yield "another site", _coded(frame, "primarySite", cohort.primary_sites)
    for attribute, (column, reason) in _WORDS.items():
        if wanted := getattr(cohort, attribute):
            yield reason, _among(frame, column, wanted)
    if cohort.histologies:
        yield "another histology", _histology(frame, cohort.histologies)
    if cohort.years != (None, None):
        yield _outside("diagnosed", cohort.years), _within(_numbers(frame, "year"), cohort.years, _NO_NUMBER)
    if cohort.diagnosed != (None, None):
        yield _outside("diagnosed", cohort.diagnosed), _between(_days(frame, "diagnosed"), cohort.diagnosed)
    if cohort.ages != (None, None):
        yield _outside("age", cohort.ages), _within(_numbers(frame, "age"), cohort.ages, _NO_NUMBER)
    if cohort.analytic is not None:
        analytic = _flags(frame, "analytic")
        yield ("not analytic", analytic) if cohort.analytic else ("analytic", ~analytic)
    if cohort.confirmed:
        yield (
            "not confirmed by microscopy",
            _within(_numbers(frame, "diagnostic_confirmation"), (1, 4), _NO_NUMBER),
        )


def _rules(frame: pl.DataFrame, cohort: Cohort) -> Iterator[tuple[str, Mask]]:
    if cohort.behavior == "malignant":
        yield "not malignant", _flags(frame, "malignant")
    elif cohort.behavior != "all":
        behavior = _numbers(frame, "behavior")
        code = 3 if cohort.behavior == "invasive" else 2
        yield f"not {cohort.behavior}", behavior == code
    if cohort.sequence == "first":
        yield "not the first primary", _flags(frame, "first_primary")
    elif cohort.sequence == "only":
        yield "not the only primary", _numbers(frame, "sequence") == 0
    left_out = [
        (name, code)
        for name, code, rule in (
            ("death certificate", 7, cohort.death_certificate),
            ("autopsy", 6, cohort.autopsy),
        )
        if rule == "exclude"
    ]
    if left_out:
        words = " or ".join(name for name, _ in left_out)
        source = _numbers(frame, "reporting_source")
        yield f"known from {words} only", ~np.isin(source, [code for _, code in left_out])


def _counted(frame: pl.DataFrame, cohort: Cohort, day: dt.date) -> Iterator[tuple[str, Mask]]:
    """Steps where nobody is followed."""
    if cohort.unknown_age == "exclude":
        yield "unknown age", _numbers(frame, "age") != _NO_NUMBER
    later = _days(frame, "diagnosed") > _number(day)
    if "year" in frame.columns:
        later |= _numbers(frame, "year") > day.year
    yield f"diagnosed after {day}", ~later


def _followed(frame: pl.DataFrame, cohort: Cohort, day: dt.date) -> Iterator[tuple[str, Mask]]:
    """Steps of follow-up, in the order in which they are told."""
    diagnosed, last = _days(frame, "diagnosed"), _days(frame, "last_contact")
    end = np.minimum(last, _number(day))
    yield "unknown date of diagnosis", diagnosed != _NO_DAY
    yield "unknown age", _numbers(frame, "age") != _NO_NUMBER
    yield "unknown vital status", frame["dead"].is_not_null().to_numpy()
    yield "unknown date of last contact", last != _NO_DAY
    yield f"diagnosed after {day}", diagnosed <= _number(day)
    yield "last contact before diagnosis", end >= diagnosed
    reason = "no time observed (last contact on the day of diagnosis)"
    yield reason, (end > diagnosed if cohort.zero_time == "exclude" else np.ones(len(end), np.bool_))


def observed(kept: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Adds start, end, days, time; whoever was seen after the cut-off is alive on that day."""
    diagnosed, last = _days(kept, "diagnosed"), _days(kept, "last_contact")
    end = np.minimum(last, _number(day))
    days = end - diagnosed
    dead = kept["dead"].to_numpy() & (last <= _number(day))
    found = kept.with_columns(
        kept["diagnosed"].alias("start"),
        pl.Series("end", end).cast(pl.Date),
        pl.Series("days", days),
        pl.Series("time", np.where(days == 0, 0.5, days)),
        pl.Series("dead", dead),
    )
    if "cause" not in kept.columns:
        return found
    cause = kept["cause"]
    return found.with_columns(
        pl.when(pl.Series(dead)).then(cause).otherwise(pl.lit("alive", cause.dtype)).alias("cause")
    )


def _earliest(frame: pl.DataFrame, among: Mask) -> Mask:
    """Each patient's earliest tumor of these: by day (or year) of diagnosis, an unknown one last, then as they stand."""
    rows = np.flatnonzero(among)
    day = _days(frame, "diagnosed")[rows].astype(np.int64)
    if "year" in frame.columns:
        year = _numbers(frame, "year")[rows].astype(np.int64)
        first = (
            (np.clip(year, 1, 9999) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        )
        day = np.where(day == _NO_DAY, np.where(year == _NO_NUMBER, 2**40, first), day)
    order = np.lexsort((rows, day, frame["patient_id"].gather(rows).to_numpy()))
    patient = frame["patient_id"].gather(rows[order]).to_numpy()
    new = np.ones(len(rows), np.bool_)
    new[1:] = patient[1:] != patient[:-1]
    found = np.zeros(frame.height, np.bool_)
    found[rows[order[new]]] = True
    return found


def _among(frame: pl.DataFrame, column: str, wanted: Sequence[str]) -> Mask:
    """Rows whose word is one of these."""
    values = frame[column]
    known = values.dtype.categories.to_list() if isinstance(values.dtype, pl.Enum) else None
    if known is None:
        return values.cast(pl.String).is_in(list(wanted)).fill_null(False).to_numpy()
    for word in wanted:
        if word not in known:
            near = difflib.get_close_matches(word, known, 1)
            raise BadInput(
                "cohort",
                f"{column}: {word!r} is unknown",
                f"did you mean {near[0]}?" if near else "see the choices",
            )
    table = np.zeros(len(known) + 1, np.bool_)
    table[[known.index(word) for word in wanted]] = True
    codes = values.to_physical()
    if codes.null_count():
        codes = codes.cast(pl.UInt32).fill_null(len(known))
    return table[codes.to_numpy()]


def _coded(frame: pl.DataFrame, column: str, wanted: Sequence[str]) -> Mask:
    """Rows whose topography lies in one of these codes or ranges."""
    codes = frame[column].unique().cast(pl.String).drop_nulls().to_list()
    spans = [_topography(text) for text in wanted]
    fitting = [code for code in codes if any(low <= code.ljust(4, "0") <= high for low, high in spans)]
    return (
        frame[column]
        .is_in(pl.Series(fitting, dtype=frame[column].dtype).implode())
        .fill_null(False)
        .to_numpy()
    )


def _topography(text: str) -> tuple[str, str]:
    low, _, high = text.partition("-")
    return low.ljust(4, "0"), (high or low).ljust(4, "9")


def _histology(frame: pl.DataFrame, wanted: Sequence[str]) -> Mask:
    codes = _numbers(frame, "histologicTypeIcdO3")
    found = np.zeros(len(codes), np.bool_)
    for text in wanted:
        low, _, high = text.partition("-")
        found |= (codes >= int(low)) & (codes <= int(high or low))
    return found


def _outside(what: str, ends: tuple[Any, Any]) -> str:
    low, high = ends
    verb = "" if what == "diagnosed" else "not "
    if what == "diagnosed":
        return (
            f"diagnosed outside {low} to {high}"
            if None not in ends
            else (f"diagnosed before {low}" if high is None else f"diagnosed after {high}")
        )
    words = (
        f"from {low} to {high}"
        if None not in ends
        else f"{low} or more"
        if high is None
        else f"{high} or less"
    )
    return f"{what} {verb}{words}"


def _within(values: np.ndarray[Any, Any], ends: Range, blank: np.int32) -> Mask:
    low, high = ends
    found: Mask = values != blank
    if low is not None:
        found &= values >= low
    if high is not None:
        found &= values <= high
    return found


def _between(days: np.ndarray[Any, Any], ends: Span) -> Mask:
    low, high = (None if end is None else _number(end) for end in ends)
    return _within(days, (low, high), _NO_DAY)


def _number(day: dt.date) -> int:
    return day.toordinal() - EPOCH


def _days(frame: pl.DataFrame, column: str) -> np.ndarray[Any, Any]:
    """Days since 1970 (Int32); `_NO_DAY` where the date is unknown."""
    return frame[column].to_physical().fill_null(int(_NO_DAY)).to_numpy()


def _numbers(frame: pl.DataFrame, column: str) -> np.ndarray[Any, Any]:
    values = frame[column]
    if not values.null_count():
        return values.to_numpy()
    return values.cast(pl.Int32).fill_null(int(_NO_NUMBER)).to_numpy()


def _flags(frame: pl.DataFrame, column: str) -> Mask:
    return frame[column].fill_null(False).to_numpy()
