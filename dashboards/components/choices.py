"""What lists to choose from hold: facilities by name, people who can be given work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components.words import item_name
from registry import standards

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


def physicians() -> dict[str, str]:
    """Number and NPI → newest name of the physicians, as far as this role knows them."""
    if not door.actor().may("physician.list"):
        return {}
    frame: pl.DataFrame = door.figures("physician.list")
    frame = frame.sort("effective_from", nulls_last=False).filter(pl.col("name").is_not_null())
    rows = frame.select("physician_id", "npi", "name").iter_rows()
    return {str(number): str(name) for *numbers, name in rows for number in numbers if number is not None}


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
    if any_:
        return one_of(place, label, options, key, names, nothing=all_)
    chosen: str | None = place.selectbox(label, options, format_func=names.__getitem__, key=key)
    return chosen


def pick(place: Any, label: str, values: list[Any], key: str, words: dict[Any, str] | None = None) -> Any:
    """A list that begins with "All" (None)."""
    return one_of(place, label, values, key, words)


def one_of(
    place: Any,
    label: str,
    values: Iterable[Any],
    key: str,
    words: Mapping[Any, str] | None = None,
    *,
    nothing: str = ANY,
    help_: str | None = None,
) -> Any:
    """A list that begins with `nothing`; the chosen value, None for nothing.

    Nothing is kept as "": a kept None would draw a cross that clears the box although it is clear.
    """
    chosen = place.selectbox(
        label,
        ["", *values],
        format_func=lambda value: nothing if value == "" else (words or {}).get(value, str(value)),
        key=key,
        help=help_,
    )
    return None if chosen in {"", None} else chosen


def pick_code(place: Any, item: str, key: str, *, label: str = "", nothing: str = "Not stated") -> str | None:
    """A list of an item's codes with their meanings; it begins with `nothing` (None)."""
    words = {code: f"{code} {meaning}" for code, meaning in standards.labels(item).items()}
    chosen: str | None = one_of(place, label or item_name(item), words, key, words, nothing=nothing)
    return chosen


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


def section(key: str, offered: dict[str, Any]) -> Any:
    """The row of a page's sections; what stands behind the chosen one."""
    names = list(offered)
    name = st.segmented_control(
        "Section", names, default=names[0], required=True, key=key, label_visibility="collapsed"
    )
    return offered[name]


def keep(*keys: str) -> None:
    """Keep what was chosen in widgets that this run does not draw (Streamlit forgets them otherwise)."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def round_of(key: str) -> int:
    """A number that grows with `next_round`: widgets keyed with it begin anew."""
    return int(st.session_state.get(f"_round_{key}", 0))


def next_round(key: str) -> None:
    """Forget what was chosen or typed in widgets of this key."""
    st.session_state[f"_round_{key}"] = round_of(key) + 1
