"""What a registry may set about follow-up, and the dated table of what agencies ask for."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from registry.errors import BadInput
from registry.standards import dates

RULES = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True)
class Window:
    """Diagnosis years a rate looks at: the last `months`, or all since the reference date when None.

    from_reference: whether a window of months begins at the reference date when that is later.
    """

    name: str
    target: float
    months: int | None = None
    from_reference: bool = True


@dataclass(frozen=True)
class AgeBand:
    """A SEER follow-up group: behaviour, age at diagnosis in [from_age, below_age), target and goal in %."""

    name: str
    behavior: str
    target: float
    goal: float
    from_age: int = 0
    below_age: int = 1000


@cache
def editions() -> tuple[dict[str, Any], ...]:
    """Editions of `rules.toml` as dataclass-ready dictionaries, newest first; each takes from the newer what it leaves out."""
    table = tomllib.loads(RULES.read_text(encoding="utf-8"))["edition"]
    whole: list[dict[str, Any]] = []
    for row in sorted(table, key=lambda row: row["valid_from"], reverse=True):
        whole.append({**(whole[-1] if whole else {}), **row})
    return tuple(map(_edition, whole))


def _edition(row: dict[str, Any]) -> dict[str, Any]:
    lists = {
        name: tuple(value)
        for name, value in row.items()
        if isinstance(value, list) and name not in ("window", "age_band")
    }
    windows = tuple(Window(**window) for window in row["window"])
    bands = tuple(
        AgeBand(
            band["name"],
            band["behavior"],
            band["target"],
            band["goal"],
            band.get("from", 0),
            band.get("below", 1000),
        )
        for band in row["age_band"]
    )
    plain = {name: value for name, value in row.items() if name not in ("window", "age_band")}
    floor = None if plain["followup_floor"] == "none" else plain["followup_floor"]
    return {**plain, **lists, "followup_floor": floor, "windows": windows, "age_bands": bands}


def _newest(name: str) -> Any:
    return field(default_factory=lambda: editions()[0][name])


@dataclass(frozen=True)
class FollowUpConfiguration:
    """Settings of one registry. Everything not given comes from the newest edition of `rules.toml`.

    Attributes:
        reference_date: start of the registry (a January 1), 2007-01-01 until it is set; None = from the floor on.
        followup_floor: nobody asks for follow-up of earlier diagnoses; None = no floor.
        follow_anyway: excluded tumors that are listed nevertheless, never counted in a rate:
            True for all of them, or the codes of `eligibility.EXCLUSIONS`.
        patient_contact_flag_bars_letters: whether item 1854 (no research contact) bars letters too.
        windows_count_from: "as_of", or "completed_year" = the last 31 December up to the as-of date.
        physician_letter_month, patient_letter_month: months after the last contact at which each is written.
        months_between_tries: what is waited for an answer. tries_before_lost: attempts after which a patient is lost.
        passive_sources: what is searched before anybody is asked, in this order; None = see `sources`.
        patient_letters_need_consent: "not_refused" (a physician may object), or "required" (one must have agreed).

    >>> settings = FollowUpConfiguration(reference_date=dt.date(1998, 1, 1))
    >>> settings.start
    datetime.date(2005, 1, 1)
    >>> FollowUpConfiguration.on(dt.date(2026, 1, 1), follow_anyway=True).delinquent_months
    15
    """

    reference_date: dt.date | None = _newest("reference_date")  # noqa: RUF009
    followup_floor: dt.date | None = _newest("followup_floor")  # noqa: RUF009
    follow_anyway: bool | Collection[str] = False
    patient_contact_flag_bars_letters: bool = True
    windows_count_from: Literal["as_of", "completed_year"] = "as_of"
    passive_sources: tuple[str, ...] | None = None
    patient_letters_need_consent: Literal["not_refused", "required"] = "not_refused"
    physician_letter_month: int = _newest("physician_letter_month")
    patient_letter_month: int = _newest("patient_letter_month")
    months_between_tries: int = _newest("months_between_tries")
    tries_before_lost: int = _newest("tries_before_lost")
    passive_again_months: int = _newest("passive_again_months")
    due_months: int = _newest("due_months")
    delinquent_months: int = _newest("delinquent_months")
    due_ahead_months: int = _newest("due_ahead_months")
    age_limit: int = _newest("age_limit")
    analytic_classes: tuple[str, ...] = _newest("analytic_classes")
    dead_codes: tuple[str, ...] = _newest("dead_codes")
    domestic_countries: tuple[str, ...] = _newest("domestic_countries")
    unknown_countries: tuple[str, ...] = _newest("unknown_countries")
    unknown_physicians: tuple[str, ...] = _newest("unknown_physicians")
    windows: tuple[Window, ...] = _newest("windows")
    age_bands: tuple[AgeBand, ...] = _newest("age_bands")
    source: str = _newest("source")

    @classmethod
    def on(cls, day: dt.date, **settings: Any) -> FollowUpConfiguration:
        """Configuration by the edition in force on `day`, with a registry's own settings on top.

        Raises:
            BadInput: no edition is that old.
        """
        names = {each.name for each in fields(cls)}
        for edition in editions():
            if edition["valid_from"] <= day:
                return cls(**{name: value for name, value in edition.items() if name in names} | settings)
        oldest = editions()[-1]["valid_from"]
        raise BadInput(
            RULES.name, f"no edition of the follow-up rules holds on {day} (the first is of {oldest})"
        )

    @property
    def start(self) -> dt.date:
        """First day that counts: the later of reference date and floor."""
        return max(self.reference_date or dt.date.min, self.followup_floor or dt.date.min)

    def window(self, window: Window, as_of: dt.date) -> tuple[dt.date, dt.date]:
        """First and last diagnosis day of a window (both included).

        >>> settings = FollowUpConfiguration(reference_date=dt.date(2007, 1, 1))
        >>> [str(day) for day in settings.window(Window("last_five_years", 90, 60), dt.date(2026, 10, 31))]
        ['2021-10-31', '9999-12-31']
        """
        if window.months is None:
            return self.start, dt.date.max
        earliest = self.start if window.from_reference else dt.date.min
        if self.windows_count_from == "as_of":
            return max(earliest, dates.months_after(as_of, -window.months)), dt.date.max
        last = as_of if (as_of.month, as_of.day) == (12, 31) else dt.date(as_of.year - 1, 12, 31)
        first = dates.months_after(last + dt.timedelta(days=1), -window.months)
        return max(earliest, first), last


def settled(
    configuration: FollowUpConfiguration | None, reference_date: dt.date | None
) -> FollowUpConfiguration:
    """The settings of one question: a configuration (the newest edition's when absent), perhaps with another reference date.

    >>> settled(None, None).reference_date, settled(None, dt.date(2010, 1, 1)).reference_date
    (datetime.date(2007, 1, 1), datetime.date(2010, 1, 1))
    """
    settings = configuration or FollowUpConfiguration()
    return settings if reference_date is None else replace(settings, reference_date=reference_date)


def checked_day(as_of: dt.date) -> dt.date:
    """The day asked about, when all that is counted from it are days of the calendar.

    Raises:
        BadInput: it is before 1900 or after 9900.
    """
    if not 1900 <= as_of.year <= 9900:
        raise BadInput("as-of date", f"{as_of} is no day of a registry", "give one from 1900 on")
    return as_of
