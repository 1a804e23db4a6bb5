"""What lists to choose from hold: facilities by name, people who can be given work."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door

#: What compares records of several facilities belongs to none of them.
SEVERAL: Final = "Several facilities"
ANY: Final = "All"


def facilities() -> dict[str, str]:
    """Number → newest name of the facilities in scope."""
    if not door.actor().may("facility.list"):
        return {}
    frame: pl.DataFrame = door.figures("facility.list")
    newest = frame.sort("effective_from", nulls_last=False).unique(
        "facility_id", keep="last", maintain_order=True
    )
    return {
        str(number): str(name or number) for number, name in newest.select("facility_id", "name").iter_rows()
    }


def facility(number: str | None, nothing: str = "–") -> str:
    """A facility's name, else its number."""
    return nothing if number is None else facilities().get(number, number)


def named(frame: pl.DataFrame, nothing: str = "–", column: str = "facility_id") -> pl.DataFrame:
    """The frame with `facility`: the name of the facility, its number where there is no name."""
    names = facilities()
    return frame.with_columns(
        facility=pl.col(column)
        .cast(pl.String)
        .replace_strict(names, default=pl.col(column), return_dtype=pl.String)
        .fill_null(nothing)
    )


def pick_facility(
    place: Any, key: str, *, label: str = "Facility", any_: bool = True, all_: str = ANY
) -> str | None:
    """A list of the facilities in scope; the chosen number, None for all (`all_` says so)."""
    names = facilities()
    options = sorted(names, key=lambda number: (names[number], number))
    return place.selectbox(
        label,
        [None, *options] if any_ else options,
        format_func=lambda number: all_ if number is None else names[number],
        key=key,
    )


def pick(place: Any, label: str, values: list[Any], key: str, words: dict[Any, str] | None = None) -> Any:
    """A list that begins with "All" (None)."""
    return place.selectbox(
        label,
        [None, *values],
        format_func=lambda value: ANY if value is None else (words or {}).get(value, str(value)),
        key=key,
    )


def people() -> list[str]:
    """Accounts that may be given work, as far as this role knows them; the person's own name first."""
    me = door.actor()
    names = [me.name]
    if me.may("account.list"):
        frame: pl.DataFrame = door.figures("account.list")
        fits = frame.filter(
            pl.col("active") & pl.col("role").is_in(["registrar", "quality", "admin", "manager"])
        )
        names += sorted(fits["name"].to_list())
    elif me.may("quality.worklist"):
        names += sorted(n for n in door.figures("quality.worklist")["assigned_to"].to_list() if n)
    return list(dict.fromkeys(names))


def round_of(key: str) -> int:
    """A number that grows with `next_round`: widgets keyed with it begin anew."""
    return int(st.session_state.get(f"_round_{key}", 0))


def next_round(key: str) -> None:
    """Forget what was chosen or typed in widgets of this key."""
    st.session_state[f"_round_{key}"] = round_of(key) + 1
