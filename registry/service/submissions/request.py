"""What is asked: a profile, the words of a request, and the line along which submissions follow one another."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry import standards
from registry.abstracting import item_columns
from registry.errors import BadInput, Denied
from registry.service import frames, user_dictionaries
from registry.service.submissions import profiles as submission_profiles
from registry.submissions import Profile, Request

if TYPE_CHECKING:
    from registry.service.operations import Context

KEYS = {"tumor": "tumor_id", "abstract": "abstract_id", "patient": "tumor_id"}
"""Level of a profile → what a record of it is; a file of patients counts those of the tumors that let them in."""
WORDS = (
    "state", "facility", "from_year", "to_year", "record_type", "naaccr_version", "as_of", "full", "strict", "delta",
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """A request that was checked.

    Attributes:
        request: the words; with `strict` one record held back by edits, or one required item left blank, refuses it.
        facility: 10-digit number, for abstracts of one facility.
        delta: only what is new or changed leaves; else the whole file.
    """

    profile: Profile
    request: Request
    facility: str | None
    delta: bool

    @property
    def region(self) -> str | None:
        """The state whose residents it takes, or that receives it."""
        return self.request.region

    @property
    def years(self) -> tuple[int | None, int | None]:
        """First and last diagnosis year asked for."""
        return self.request.from_year, self.request.to_year

    @property
    def key(self) -> str:
        """Column of what a record is: tumor_id or abstract_id."""
        return KEYS[self.profile.level]

    @property
    def day(self) -> dt.date:
        """The day as of which it is judged."""
        return self.request.as_of.date()

    @property
    def line(self) -> tuple[str, str | None, str | None]:
        """Profile, region and facility: a delta is against the last accepted submission of the same line."""
        return self.profile.id, self.region, self.facility

    def words(self) -> dict[str, Any]:
        """The request as it can be asked again."""
        first, last = self.years
        return {
            "state": self.region, "facility": self.facility, "from_year": first, "to_year": last,
            "record_type": self.request.record_type, "naaccr_version": self.request.naaccr_version,
            "as_of": self.request.as_of.isoformat(timespec="seconds"), "delta": self.delta,
            "strict": self.request.strict,
        }  # fmt: skip

    def text(self) -> str:
        """The same as JSON, with the profile's version."""
        return json.dumps({"version": self.profile.version, **self.words()}, sort_keys=True)


def read(
    context: Context, profile: str | Profile, given: dict[str, Any], *, every_state: bool = False
) -> Wish:
    """Check a request.

    Args:
        given: values of WORDS, absent = None; `delta` stands over the profile's own way, `full` makes it False.
        every_state: a profile split by state is asked as a whole.

    Raises:
        NotFound: no such profile, or no such facility in scope. BadInput: a word that does not fit.
        Denied: the profile is made of the whole registry and the account is held to facilities.
    """
    found = submission_profiles.find(context, profile) if isinstance(profile, str) else profile
    facility = _facility(context, found, given.get("facility"))
    region = _state(found, given.get("state"), every_state=every_state)
    first, last = given.get("from_year"), given.get("to_year")
    delta = found.delta if given.get("delta") is None else bool(given["delta"])
    columns = {name for table in ("patient", "tumor", "abstract") for name in context.store.columns(table)}
    request = Request(
        found,
        moment(context, given.get("as_of")),
        home_state=context.store.get_meta("home_state") or None,
        state=region,
        from_year=first,
        to_year=last,
        record_type=given.get("record_type"),
        naaccr_version=given.get("naaccr_version"),
        facility=facility,
        registry_id=context.store.get_meta("registry_id_item"),
        remark="SYNTHETIC DATA, no real persons" if context.store.get_meta("synthetic") == "true" else None,
        dictionaries=tuple(user_dictionaries.of_columns(context, sorted(columns))),
        columns=item_columns.held(context.store),
        strict=bool(given.get("strict")),
    )
    return Wish(found, request, facility, delta and not given.get("full"))


def moment(context: Context, as_of: str | dt.date | None) -> dt.datetime:
    """The time of a submission: the given day (its midnight) or time, else now; whole seconds, UTC without a zone.

    Raises:
        BadInput: it is neither.
    """
    if as_of is None:
        return context.stamp.replace(microsecond=0)
    try:
        found = dt.datetime.fromisoformat(str(as_of))
    except ValueError:
        raise BadInput("as-of date", f"{as_of!r} is no ISO date or time", "write it as 2026-10-31") from None
    if found.tzinfo is not None:
        found = found.astimezone(dt.UTC).replace(tzinfo=None)
    return found.replace(microsecond=0)


def _facility(context: Context, profile: Profile, given: str | None) -> str | None:
    scope = context.actor.facilities
    if profile.level != "abstract":
        if scope is not None:
            raise Denied(
                f"profile {profile.id}", "is made of the whole registry, but this account is held to facilities",
                "ask central staff",
            )  # fmt: skip
        if given is not None:
            raise BadInput("facility", f"{profile.id} is made of consolidated records", "leave it out")
        return None
    if given is not None:
        return frames.known_facility(context, given)
    if scope is None:
        return None
    if len(scope) != 1:
        raise BadInput("facility", "this account has several facilities", "say which one submits")
    return next(iter(scope))


def _state(profile: Profile, given: str | None, *, every_state: bool) -> str | None:
    if given is None:
        if profile.split == "state" and not every_state:
            raise BadInput("state", f"{profile.id} makes one file a state", "say which state receives it")
        return None
    state = given.strip().upper()
    if state not in standards.code_set("addrAtDxState"):
        raise BadInput("state", f"{given!r} is not a code of item 80", "use the postal code, such as NY")
    return state


def scope_sql(context: Context, alias: str = "s") -> tuple[str, list[str]]:
    """Condition that keeps submissions inside the actor's facilities: those of the whole registry are central staff's."""
    return context.actor.scope_sql(f"{alias}.facility_id")
