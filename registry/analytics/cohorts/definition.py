"""The definition of a cohort: whom a figure counts, as data that can be checked, kept and handed on."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from registry.errors import BadInput

Words = tuple[str, ...]
Range = tuple[int | None, int | None]
Span = tuple[dt.date | None, dt.date | None]
Keep = Literal["keep", "exclude"]

FORMAT = 1
"""Version of the written form; in YAML as `format`, in a link as its first characters."""
TOPOGRAPHY = re.compile(r"C[0-9]{2,3}(-C[0-9]{2,3})?")
HISTOLOGY = re.compile(r"[0-9]{4}(-[0-9]{4})?")
CHOICES: dict[str, tuple[str, ...]] = {
    "behavior": ("malignant", "invasive", "in situ", "all"),
    "unit": ("tumors", "patients"),
    "sequence": ("all", "first", "only"),
    "death_certificate": ("keep", "exclude"),
    "autopsy": ("keep", "exclude"),
    "unknown_age": ("keep", "exclude"),
    "zero_time": ("half_day", "exclude"),
    "sexes": ("1", "2", "9"),
    "hispanic": ("No", "Yes", "Unknown"),
}


@dataclass(frozen=True)
class Cohort:
    """Whom a figure counts. Every default means: everybody with a malignant tumor.

    Attributes:
        name: what people call it.
        sites: site groups (registry.coding.recodes.site_groups). primary_sites: codes or ranges, C50, C500-C506.
        histologies: codes or ranges, 8140, 8140-8147.
        behavior: malignant (3, and 2 in the urinary bladder, as SEER counts incidence), invasive (3), in situ (2), all.
        sexes: at birth, 1 male, 2 female, 9 unknown. races, hispanic, stages, states, counties, facilities: values of
            the analysis frame.
        ages: completed years at diagnosis, both ends included. years: of diagnosis. diagnosed: days of diagnosis.
        analytic: True: only class of case 00-22; False: only others.
        unit: tumors, or patients (each patient's earliest tumor of those that are left).
        sequence: all; first (sequence 00 or 01, else the earliest malignant); only (sequence 00).
        death_certificate, autopsy: what becomes of cases known from there only (reporting source 7, 6).
        confirmed: only microscopically confirmed (diagnostic confirmation 1-4).
        unknown_age: where follow-up is counted an unknown age is always excluded.
        zero_time: last contact on the day of diagnosis counts as half a day, or is excluded.
        cut_off: last day of diagnoses and follow-up that count; None = the day asked about.
    """

    name: str = ""
    sites: Words = ()
    primary_sites: Words = ()
    histologies: Words = ()
    behavior: Literal["malignant", "invasive", "in situ", "all"] = "malignant"
    sexes: Words = ()
    races: Words = ()
    hispanic: Words = ()
    ages: Range = (None, None)
    stages: Words = ()
    states: Words = ()
    counties: Words = ()
    facilities: Words = ()
    analytic: bool | None = None
    years: Range = (None, None)
    diagnosed: Span = (None, None)
    unit: Literal["tumors", "patients"] = "tumors"
    sequence: Literal["all", "first", "only"] = "all"
    death_certificate: Keep = "keep"
    autopsy: Keep = "keep"
    confirmed: bool = False
    unknown_age: Keep = "keep"
    zero_time: Literal["half_day", "exclude"] = "half_day"
    cut_off: dt.date | None = None


EVERYBODY = Cohort()
INCIDENCE = Cohort()
"""Malignant tumors as incidence counts them, however they became known."""
SURVIVAL = Cohort(sequence="first", death_certificate="exclude", autopsy="exclude")
"""First malignant primaries with follow-up: nobody known from a death certificate or an autopsy only."""


def cohort_from(definition: Mapping[str, Any]) -> Cohort:
    """A cohort from its written form; keys are the attributes of `Cohort`, absent ones keep their default.

    Raises:
        BadInput: an unknown key or a value of another kind; one line that names the key.

    >>> cohort_from({"sites": "Breast", "years": [2010, None], "sexes": ["2"]}).years
    (2010, None)
    >>> cohort_from({"site": ["Breast"]})
    Traceback (most recent call last):
    registry.errors.BadInput: cohort: there is no 'site'; did you mean sites?
    """
    if not isinstance(definition, Mapping):
        raise BadInput(
            "cohort", "a definition is a table of names and values", "see registry stats cohort show"
        )
    given = {str(key): value for key, value in definition.items() if key != "format"}
    if definition.get("format", FORMAT) != FORMAT:
        raise BadInput(
            "cohort",
            f"format {reprlib.repr(definition['format'])[:60]} is unknown",
            f"this program reads format {FORMAT}",
        )
    for key in given:
        if key not in _READERS:
            near = difflib.get_close_matches(key, _READERS, 1)
            raise BadInput("cohort", f"there is no {key!r}", f"did you mean {near[0]}?" if near else None)
    made = Cohort(**{key: _READERS[key](key, value) for key, value in given.items() if value is not None})
    for key in ("ages", "years", "diagnosed"):
        low, high = getattr(made, key)
        if low is not None and high is not None and low > high:
            raise BadInput("cohort", f"{key}: the first is after the last", "swap them")
    return made


def as_dict(cohort: Cohort) -> dict[str, Any]:
    """The written form: what differs from the defaults, in the order of the attributes, in JSON's types.

    >>> as_dict(Cohort(sites=("Breast",), years=(2010, None), cut_off=dt.date(2025, 12, 31)))
    {'sites': ['Breast'], 'years': [2010, None], 'cut_off': '2025-12-31'}
    """
    return {
        one.name: _plain(getattr(cohort, one.name))
        for one in fields(cohort)
        if getattr(cohort, one.name) != getattr(EVERYBODY, one.name)
    }


def with_changes(cohort: Cohort, **changes: Any) -> Cohort:
    """The cohort with some attributes replaced; None leaves one as it is. Values as `cohort_from` takes them.

    >>> with_changes(SURVIVAL, sites="Breast", stages=None).sites
    ('Breast',)
    """
    given = {key: value for key, value in changes.items() if value is not None}
    read = cohort_from(given)
    return replace(cohort, **{key: getattr(read, key) for key in given})


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _wrong(key: str, value: object, action: str) -> BadInput:
    told = (
        value if isinstance(value, str) else reprlib.repr(value)
    )  # nested lists may be told in very many words
    return BadInput("cohort", f"{key}: {told[:60]!r} is not usable", action)


def _words(key: str, value: Any) -> Words:
    listed = [value] if isinstance(value, str | int) and not isinstance(value, bool) else value
    if not isinstance(listed, list | tuple) or not all(
        isinstance(one, str | int) and not isinstance(one, bool) for one in listed
    ):
        raise _wrong(key, value, "give a list of words")
    found = tuple(dict.fromkeys(str(one).strip() for one in listed))
    pattern = {"primary_sites": TOPOGRAPHY, "histologies": HISTOLOGY}.get(key)
    if key == "primary_sites":
        found = tuple(one.upper().replace(".", "") for one in found)
    for one in found:
        if not one or not one.isprintable() or (pattern is not None and not pattern.fullmatch(one)):
            raise _wrong(
                key, one, "write C50 or C500-C506" if key == "primary_sites" else "write 8140 or 8140-8147"
            )
        low, _, high = one.partition("-")
        if pattern is not None and high and low > high:
            raise BadInput("cohort", f"{key}: {one} ends before it begins", "swap the two codes")
        if key in CHOICES and one not in CHOICES[key]:
            raise _wrong(key, one, f"choose from {', '.join(CHOICES[key])}")
    return found


def _ends(key: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, Mapping):
        if set(value) - {"from", "to"}:
            raise _wrong(key, sorted(set(value) - {"from", "to"})[0], "give from and to")
        return value.get("from"), value.get("to")
    if isinstance(value, list | tuple) and len(value) == 2:
        return value[0], value[1]
    if isinstance(value, int) and not isinstance(value, bool):
        return value, value
    raise _wrong(key, value, "give the first and the last, as in [2010, 2020]")


def _range(key: str, value: Any) -> Range:
    low, high = _ends(key, value)
    for end in (low, high):
        if end is not None and (not isinstance(end, int) or isinstance(end, bool) or not 0 <= end <= 9999):
            raise _wrong(key, end, "give whole numbers")
    return low, high


def _day(key: str, value: Any) -> dt.date | None:
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    try:
        return dt.date.fromisoformat(value if isinstance(value, str) else reprlib.repr(value))
    except ValueError:
        raise _wrong(key, value, "write a day as 2025-12-31") from None


def _span(key: str, value: Any) -> Span:
    low, high = _ends(key, value)
    return _day(key, low), _day(key, high)


def _choice(key: str, value: Any) -> str:
    if value not in CHOICES[key]:
        raise _wrong(key, value, f"choose from {', '.join(CHOICES[key])}")
    return str(value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, value, "give true or false")
    return value


def _name(key: str, value: Any) -> str:
    text = str(value).strip() if isinstance(value, str | int | float | dt.date) else "\n"
    if len(text) > 120 or not text.isprintable():
        raise _wrong(key, value, "give a name of one line, at most 120 letters")
    return text


_READERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(
        "sites primary_sites histologies sexes races hispanic stages states counties facilities".split(), _words
    ),
    **dict.fromkeys("behavior unit sequence death_certificate autopsy unknown_age zero_time".split(), _choice),
    "name": _name, "ages": _range, "years": _range, "diagnosed": _span, "analytic": _flag, "confirmed": _flag,
    "cut_off": _day,
}  # fmt: skip
