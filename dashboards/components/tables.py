"""Tables: headings in plain words, codes as text, numbers with separators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.components.words import coded, heading

if TYPE_CHECKING:
    import polars as pl

_ROW = 35
#: Streamlit wraps text in rows higher than 4 rem, at 15 pixels a rem.
_LINES = 62
_MOST_ROWS = 12


def show(
    frame: pl.DataFrame,
    *,
    key: str,
    columns: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    select: bool = False,
    rows: int = _MOST_ROWS,
    alt: str | None = None,
    wrap: bool = False,
) -> dict[str, Any] | None:
    """Show a frame; with `select` return the chosen row as a dict.

    `columns` are the columns to show with their headings, in order (None = all, headed by `words.heading`); `config`
    is Streamlit column configuration over the derived one; at most `rows` rows are visible without scrolling; `alt`
    is what a screen reader says about the table; with `wrap` rows are higher and long text goes on below.
    """
    shown, common = _drawn(frame, columns, config, rows, wrap=wrap)
    common |= {"key": key, "alt": alt or key}
    if not select:
        st.dataframe(shown, **common)
        return None
    state = st.dataframe(shown, on_select="rerun", selection_mode="single-row", **common)
    chosen = state["selection"]["rows"]
    return frame.row(chosen[0], named=True) if chosen and chosen[0] < frame.height else None


def choose(
    frame: pl.DataFrame,
    *,
    key: str,
    columns: Mapping[str, str],
    config: Mapping[str, Any] | None = None,
    rows: int = _MOST_ROWS,
    alt: str | None = None,
) -> list[dict[str, Any]]:
    """Show a frame of which any number of rows can be chosen; the chosen rows. Arguments as for `show`."""
    shown, common = _drawn(frame, columns, config, rows, wrap=False)
    state = st.dataframe(
        shown, on_select="rerun", selection_mode="multi-row", key=key, alt=alt or key, **common
    )
    return [frame.row(n, named=True) for n in state["selection"]["rows"] if n < frame.height]


def _drawn(
    frame: pl.DataFrame,
    columns: Mapping[str, str] | None,
    config: Mapping[str, Any] | None,
    rows: int,
    *,
    wrap: bool,
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The columns to draw, and how."""
    names = dict(columns) if columns else {name: heading(name) for name in frame.columns}
    shown = frame.select([name for name in names if name in frame.columns])
    settings = {name: _column(shown.schema[name], names[name]) for name in shown.columns} | dict(config or {})
    row_height = _LINES if wrap else _ROW
    return shown, {
        "hide_index": True,
        "column_config": settings,
        "height": row_height * min(shown.height, rows) + _ROW + 3,
        "row_height": row_height,
        "placeholder": "",
    }


def text(label: str, width: int) -> Any:
    """Column of words with a width in pixels."""
    return st.column_config.TextColumn(label, width=width)


def count(label: str, width: int) -> Any:
    """Column of counts with a width in pixels."""
    return st.column_config.NumberColumn(label, format="localized", width=width)


def share(label: str, width: int) -> Any:
    """Column of percentages or rates with a width in pixels."""
    return st.column_config.NumberColumn(label, format="%.1f", width=width)


def year(label: str, width: int) -> Any:
    """Column of years (2024, not 2,024) with a width in pixels."""
    return st.column_config.NumberColumn(label, format="%d", width=width)


def labelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Codes that the service labels (`<item>_label`) as "code meaning", the labels' own columns gone.

    >>> import polars as pl
    >>> labelled(pl.DataFrame({"laterality": ["1", None], "laterality_label": ["Right (origin of primary)", None]}))[
    ...     "laterality"].to_list()
    ['1 Right', None]
    """
    import polars as pl

    items = [name for name in frame.columns if f"{name}_label" in frame.columns]
    return frame.with_columns(
        pl.Series(
            item,
            [coded(*pair) for pair in zip(frame[item], frame[f"{item}_label"], strict=True)],
            dtype=pl.String,
        )
        for item in items
    ).drop(f"{item}_label" for item in items)


def _column(kind: pl.DataType, label: str) -> Any:
    import polars as pl

    if kind.is_integer():
        return st.column_config.NumberColumn(label, format="localized")
    if kind.is_float():
        return st.column_config.NumberColumn(label, format="%.1f")
    if isinstance(kind, pl.Datetime):
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm")
    if isinstance(kind, pl.Date):
        return st.column_config.DateColumn(label, format="YYYY-MM-DD")
    return st.column_config.Column(label)


def ident(label: str) -> Any:
    """Column of numbers that are names (patient 1204, not 1,204)."""
    return st.column_config.NumberColumn(label, format="%d", alignment="left")


def idents(frame: pl.DataFrame) -> dict[str, Any]:
    """Configuration for all columns of our own record numbers."""
    return {n: ident(heading(n)) for n in frame.columns if n.endswith("_id") and n != "facility_id"}


def naaccr_dates(frame: pl.DataFrame) -> list[pl.Expr]:
    """NAACCR date columns as people write dates (2024-05-03, 2024-05, 2024); other text in them stays.

    >>> import polars as pl
    >>> frame = pl.DataFrame({"dateOfBirth": ["19560412", "1956", None, "99"]})
    >>> frame.with_columns(naaccr_dates(frame))["dateOfBirth"].to_list()
    ['1956-04-12', '1956', None, '99']
    """
    import polars as pl

    named = [n for n in frame.columns if n.startswith("dateOf") or n in {"start_date", "end_date"}]
    return [_as_written(pl.col(n)).alias(n) for n in named if frame.schema[n] == pl.String]


def _as_written(date: pl.Expr) -> pl.Expr:
    import polars as pl

    parts = [date.str.slice(start, length) for start, length in ((0, 4), (4, 2), (6, 2))]
    joined = pl.concat_str(
        [pl.when(part != "").then(part) for part in parts], separator="-", ignore_nulls=True
    )
    return pl.when(date.str.contains(r"^\d{4}(\d{2}){0,2}$")).then(joined).otherwise(date)
