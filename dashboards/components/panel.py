"""A figure with all that belongs to it: the picture, the same as a table, downloads, whom it counts, how it was made."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards import downloads, provenance
from dashboards.components import charts
from dashboards.components.figures import picture
from dashboards.components.messages import plain
from dashboards.components.words import number

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

#: What stands in a column of numbers where there is none.
_NO_NUMBERS: Final = frozenset({"", "–", "hidden", "not shown", "not reached"})
#: More rows than these are read in the download.
_MOST_ROWS: Final = 300


def show(
    figure: go.Figure,
    answer: Mapping[str, Any],
    *,
    key: str,
    title: str,
    operation: str,
    arguments: dict[str, Any],
    pick: Callable[[Any], pl.DataFrame],
    table: pl.DataFrame,
    columns: Mapping[str, str],
) -> None:
    """Show a figure, its downloads and its table.

    Args:
        answer: what the operation gave, with its provenance. key: names the chart (as `figure_…`) and its files.
        title: one line that says what is seen; read to who does not see it, and written above pictures.
        operation, arguments, pick: what gives the numbers again when a CSV or a workbook is taken.
        table: the numbers in the figure, as people read them; columns: column → heading, in order.
    """
    st.markdown(f"**{plain(title)}**")
    alt = f"{title}. The same numbers stand in the table below."
    charts.draw(figure, key=f"figure_{key}", alt=alt, camera=False)
    told = provenance.line(answer)
    if told:
        st.caption(plain(told))
    _downloads(answer, key, title, operation, arguments, pick, table)
    with st.expander("The same as a table"):
        st.html(as_table(table, columns, title))


@st.fragment
def _downloads(
    answer: Mapping[str, Any],
    key: str,
    title: str,
    operation: str,
    arguments: dict[str, Any],
    pick: Callable[[Any], pl.DataFrame],
    table: pl.DataFrame,
) -> None:
    """PNG and SVG by the browser, CSV and workbook by the server; a click here computes nothing else again."""
    name = key.replace("_", "-")
    told = [provenance.line(answer)] + [note for note in answer.get("notes") or [] if note]
    with st.container(horizontal=True, gap="small"):
        picture.buttons(
            f"figure_{key}", name=name, title=title, provenance=told, operation=operation, table=table
        )
        for ending, label in (("csv", "CSV"), ("xlsx", "XLSX")):
            link(f"{name}.{ending}", label, operation, arguments, pick, what=title)


def link(
    name: str,
    label: str,
    operation: str,
    arguments: dict[str, Any],
    pick: Callable[[Any], Any],
    *,
    what: str = "",
) -> None:
    """A link to a file that is made when it is clicked; `what` says of which figure it is."""
    address = downloads.offer(name, operation, arguments, pick)
    file, told = (
        html.escape(name, quote=True),
        html.escape(f"{label} of: {what}" if what else label, quote=True),
    )
    st.html(
        f'<a class="rg-download" href="{address}" download="{file}" aria-label="{told}">↓ {html.escape(label)}</a>',
        width="content",
    )


def about(answer: Mapping[str, Any]) -> None:
    """What must be known to read the figure: warnings, who is counted, how it was made."""
    for note in answer.get("notes") or []:
        if note:
            st.warning(plain(str(note)), icon=":material/info:")
    left, right = st.columns([6, 5], gap="large")
    with left:
        st.subheader("How it was made")
        if answer.get("methods"):
            st.write(plain(str(answer["methods"])))
        threshold = answer.get("threshold")
        if threshold:
            st.caption(f"Counts under {threshold} are hidden, and what could give them away.")
    with right:
        st.subheader("Who is counted")
        flow = answer.get("exclusions")
        if flow is not None:
            st.html(flow_table(flow, int(answer.get("threshold") or 0)))


def flow_table(flow: pl.DataFrame, threshold: int) -> str:
    """The exclusion flow as a table: reason, excluded, remaining; hidden counts as "<11"."""
    hidden = f"<{threshold}" if threshold else "hidden"
    rows = [
        {
            "reason": row["reason"],
            "excluded": number(row["excluded"]) if row["excluded"] is not None else hidden,
            "remaining": number(row["remaining"]) if row["remaining"] is not None else hidden,
        }
        for row in flow.iter_rows(named=True)
    ]
    return _html(rows, {"reason": "Reason", "excluded": "Excluded", "remaining": "Remaining"},
                 "Who is counted", {"excluded", "remaining"})  # fmt: skip


def as_table(frame: pl.DataFrame, columns: Mapping[str, str] | None, caption: str) -> str:
    """A frame as a table of its own, read by screen readers and reached by the keyboard; text is never markup.

    `columns` are column → heading, in order; empty for a frame whose columns are headings already.
    """
    names = dict(columns) if columns else {name: name for name in frame.columns}
    names = {name: label for name, label in names.items() if name in frame.columns}
    numeric = {name for name in names if frame.schema[name].is_numeric()}
    rows = [
        {name: _told(row[name], name in numeric) for name in names}
        for row in frame.head(_MOST_ROWS).iter_rows(named=True)
    ]
    more = frame.height - _MOST_ROWS
    last = f"<p>{more:,} more rows are in the CSV and the workbook.</p>" if more > 0 else ""
    right = numeric | {name for name in names if name != next(iter(names)) and _looks_numeric(rows, name)}
    return _html(rows, names, caption, right) + last


def _told(value: Any, numeric: bool) -> str:
    if value is None:
        return "–"
    if isinstance(value, float) and numeric:
        return f"{value:,.2f}"
    return f"{value:,}" if numeric else str(value)


def _looks_numeric(rows: list[dict[str, str]], name: str) -> bool:
    told = [row[name] for row in rows if row[name] not in _NO_NUMBERS]
    return bool(told) and all(text[:1] in "0123456789-<+" for text in told)


def _html(rows: list[dict[str, str]], names: Mapping[str, str], caption: str, right: set[str]) -> str:
    def cell(kind: str, name: str, text: str, more: str = "") -> str:
        where = ' class="rg-n"' if name in right else ""
        return f"<{kind}{more}{where}>{html.escape(text)}</{kind}>"

    head = "".join(cell("th", name, label, ' scope="col"') for name, label in names.items())
    first = next(iter(names), "")
    body = "".join(
        "<tr>"
        + "".join(
            cell("th" if name == first else "td", name, row[name], ' scope="row"' if name == first else "")
            for name in names
        )
        + "</tr>"
        for row in rows
    )
    told = html.escape(caption)
    return (
        f'<div class="rg-scroll" tabindex="0" role="region" aria-label="{html.escape(caption, quote=True)}">'
        f'<table class="rg-grid rg-figures"><caption class="rg-unseen">{told}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
