"""The settings about follow-up that a registry keeps in its database: names, meanings, how their text is read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from registry.errors import BadInput
from registry.followup.configuration import FollowUpConfiguration, editions
from registry.followup.eligibility import EXCLUSIONS

NONE = "none"


@dataclass(frozen=True)
class Setting:
    """One setting: what it means, which texts it takes (in words), and how such a text is read."""

    meaning: str
    takes: str
    read: Callable[[str], Any]


def _day(text: str) -> dt.date | None:
    return None if text == NONE else dt.date.fromisoformat(text)


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _number(text: str) -> int:
    number = int(text)
    if not 0 < number <= 120:
        raise ValueError(text)
    return number


def _anyway(text: str) -> bool | Collection[str]:
    if text in ("no", "all"):
        return text == "all"
    codes = tuple(code for code in EXCLUSIONS if code in _words(text))
    if not codes or set(codes) != set(_words(text)):
        raise ValueError(text)
    return codes


def _words(text: str) -> list[str]:
    return re.split(r"[\s,;]+", text.strip())


def _sources(text: str) -> tuple[str, ...]:
    names = () if text == NONE else tuple(dict.fromkeys(_words(text)))
    if any(not re.fullmatch(r"[a-z][a-z_]*", name) for name in names):
        raise ValueError(text)
    return names


def _one_of(*names: str) -> Callable[[str], str]:
    return {name: name for name in names}.__getitem__


SETTINGS: dict[str, Setting] = {
    "reference_date": Setting("first day of the registry", "a date such as 2007-01-01", dt.date.fromisoformat),
    "followup_floor": Setting(
        "cases diagnosed before need no follow-up", f"a date such as 2005-01-01, or {NONE}", _day
    ),
    "follow_anyway": Setting(
        "excluded tumors that are listed, never counted", f"no, all, or codes of {', '.join(EXCLUSIONS)}", _anyway
    ),
    "patient_contact_flag_bars_letters": Setting(
        "item 1854 (no contact for research) bars follow-up letters too", "yes or no", _yes
    ),
    "windows_count_from": Setting(
        "where the windows of the rates end", "as_of or completed_year",
        _one_of("as_of", "completed_year"),
    ),
    "tries_before_lost": Setting("attempts after which a patient counts as lost", "a number", _number),
    "months_between_tries": Setting("months to wait for an answer", "a number", _number),
    "physician_letter_month": Setting("months after the last contact: letter to the physician", "a number", _number),
    "patient_letter_month": Setting("months after the last contact: letter to the patient", "a number", _number),
    "passive_sources": Setting(
        "searched before anybody is asked, in this order", f"words such as visits pathology naaccr, or {NONE}", _sources
    ),
    "patient_letters_need_consent": Setting(
        "what a physician must have said before the patient is written to", "not_refused or required",
        _one_of("not_refused", "required"),
    ),
}  # fmt: skip
"""Name of a setting (and attribute of FollowUpConfiguration) → what it is."""


def read(name: str, text: str) -> Any:
    """The value that a setting's text means.

    Raises:
        BadInput: it means none.

    >>> read("follow_anyway", "BENIGN_BORDERLINE"), read("passive_sources", "visits, pathology")
    (('BENIGN_BORDERLINE',), ('visits', 'pathology'))
    """
    try:
        return SETTINGS[name].read(text.strip())
    except (ValueError, KeyError):
        raise BadInput(f"setting {name}", f"does not take {text!r}", f"give {SETTINGS[name].takes}") from None


def configured(
    day: dt.date, texts: Mapping[str, str | None], reference_date: dt.date | None = None
) -> FollowUpConfiguration:
    """The configuration in force on `day`, with a registry's own settings on top (blank = not set).

    >>> own = configured(dt.date(2026, 1, 1), {"tries_before_lost": "3", "followup_floor": "none", "follow_anyway": ""})
    >>> own.tries_before_lost, own.followup_floor, own.delinquent_months
    (3, None, 15)
    """
    own = {name: read(name, text) for name in SETTINGS if (text := texts.get(name))}
    if reference_date is not None:
        own["reference_date"] = reference_date
    return FollowUpConfiguration.on(day, **own)


def shown(day: dt.date, texts: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Every setting in force on `day` as rows for people: setting, value, default (text), own, meaning.

    The rows after the settings are the agencies' numbers of the edition, which a registry does not set.
    """
    chosen, standard = configured(day, texts), FollowUpConfiguration.on(day)
    rows = [
        {
            "setting": name,
            "value": _text(getattr(chosen, name)),
            "default": _text(getattr(standard, name)),
            "own": bool(texts.get(name)),
            "meaning": setting.meaning,
        }
        for name, setting in SETTINGS.items()
    ]
    fixed = {
        "effective_start": (chosen.start, "first day that counts: the later of reference date and floor"),
        **{window.name: (window.target, "target of this window, %") for window in chosen.windows},
        **{
            band.name: (f"{band.target:g} (goal {band.goal:g})", "SEER: at least, and goal, %")
            for band in chosen.age_bands
        },
        "due_months": (chosen.due_months, "months after the last contact: due"),
        "delinquent_months": (
            chosen.delinquent_months,
            "months after the last contact: still current on that day",
        ),
        "due_ahead_months": (chosen.due_ahead_months, "months that a list covers"),
        "age_limit": (chosen.age_limit, "without contact for a year, nobody of this age is followed"),
        "edition": (_edition(day), "the rules hold from this day on"),
        "source": (chosen.source, "where the rules come from"),
    }
    return rows + [
        {"setting": name, "value": _text(value), "default": _text(value), "own": False, "meaning": meaning}
        for name, (value, meaning) in fixed.items()
    ]


def _edition(day: dt.date) -> dt.date:
    found: dt.date = next(row["valid_from"] for row in editions() if row["valid_from"] <= day)
    return found


def _text(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list | set | frozenset):
        return " ".join(value) or NONE
    return f"{value:g}" if isinstance(value, float) else str(value)
