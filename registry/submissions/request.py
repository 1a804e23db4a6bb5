"""What one submission asks for: a profile, a time, and what is said for this run alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from registry import standards
from registry.errors import BadInput
from registry.submissions.profiles import Profile


@dataclass(frozen=True)
class Request:
    """One run of a profile.

    Args:
        profile: who gets it.
        as_of: the run's time; the only clock that a file knows (header, age of the data).
        home_state: postal code of the registry's own state.
        state: residents of this state; for a profile split by state the receiving one.
        from_year, to_year: of diagnosis, both included.
        record_type: of a NAACCR file; one that the profile allows, its first when not given.
        naaccr_version: the newest when not given.
        facility: only this facility's records, ten digits.
        registry_id: item 40, when the registry has one.
        dictionaries: user-defined dictionaries whose items the frames may hold.
        columns: column of the frames → (id, number) of its item, for columns that are not named by their id alone.
        strict: records with edit errors refuse a file-gated submission instead of being held back.

    Raises:
        BadInput: a record type, version, state or span of years that cannot be.

    >>> from registry.submissions.profiles import profiles
    >>> request = Request(profiles()["IDE"], dt.datetime(2026, 10, 31), home_state="NY", state="CT")
    >>> request.type, request.recipient
    ('C', 'ide:CT')
    """

    profile: Profile
    as_of: dt.datetime
    home_state: str | None = None
    state: str | None = None
    from_year: int | None = None
    to_year: int | None = None
    record_type: str | None = None
    naaccr_version: str | None = None
    facility: str | None = None
    registry_id: str | None = None
    remark: str | None = None
    dictionaries: tuple[standards.Dictionary, ...] = ()
    columns: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    strict: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        where = f"profile {self.profile.id}"
        allowed = tuple(dict.fromkeys([self.profile.record_type, *self.profile.record_types]))
        if self.record_type is not None and self.record_type not in allowed:
            told = ", ".join(one for one in allowed if one) or "none: its file is a table"
            raise BadInput(where, f"has no record type {self.record_type!r}", f"its types are {told}")
        standards.version_code(self.naaccr_version)
        for state in (self.state, self.home_state):
            if state is not None and state not in standards.code_set("addrAtDxState"):
                raise BadInput(
                    "state", f"{state!r} is not a code of item 80", "use the postal code, such as NY"
                )
        if self.from_year is not None and self.to_year is not None and self.from_year > self.to_year:
            raise BadInput("years", f"{self.from_year} is after {self.to_year}", "put the earlier year first")
        choice = self.profile.selection
        if choice.residents and not (self.state or self.home_state):
            raise BadInput(
                where, "takes residents of one state, and none is named", "name the state (--state)"
            )
        if choice.non_residents and not self.home_state:
            raise BadInput(
                where, "takes residents of other states, and the registry's own state is not set",
                "set it in the settings (home_state)",
            )  # fmt: skip
        if choice.non_residents and self.state == self.home_state:
            raise BadInput(where, "goes to other states", f"name another than {self.state}")

    @property
    def type(self) -> str:
        """Record type of a NAACCR file, "" for a table."""
        return self.record_type or self.profile.record_type or ""

    @property
    def version(self) -> str:
        """NAACCR version of the file, such as "260"."""
        return standards.version_code(self.naaccr_version)

    @property
    def recipient(self) -> str:
        """The receiver in the rules of item 1856: its kind, with the state when there is one for each."""
        kind = self.profile.recipient
        return f"{kind}:{self.state}" if self.profile.split == "state" and self.state else kind

    @property
    def region(self) -> str | None:
        """The state whose residents it takes."""
        if self.profile.selection.residents:
            return self.state or self.home_state
        return self.state
