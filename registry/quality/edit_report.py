"""The edit report as data: sections of tables and small charts, put together from frames.

`report_html` and `workbook` write it down. Nothing here names a patient: frames are aggregates, and the optional list of
records keeps ids alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from registry.errors import BadInput

TEXT, CODE, COUNT, RATE, PERCENT, DATE, STATE, OPERATOR, BAR, TREND = (
    "text", "code", "count", "rate", "percent", "date", "state", "operator", "bar", "trend",
)  # fmt: skip
"""Kinds of columns: BAR is a rate drawn as a bar, TREND a list of counts drawn as a line."""
LABELS = {
    "facility_id": ("Facility", CODE), "facility": ("Name", TEXT), "abstractor": ("Abstractor", CODE),
    "diagnosis_year": ("Diagnosis year", CODE), "edit": ("Edit", CODE), "severity": ("Severity", STATE),
    "source": ("Source", TEXT), "source_name": ("Reported by", TEXT), "message": ("What it demands", TEXT),
    "records": ("Records", COUNT), "failing": ("Records failing", COUNT), "failures": ("Failures", COUNT),
    "open": ("Open", COUNT), "overridden": ("Overridden", COUNT), "fixed": ("Fixed", COUNT), "errors": ("Errors", COUNT),
    "reviews": ("Reviews", COUNT), "warnings": ("Warnings", COUNT), "per_100": ("Open per 100", BAR),
    "trend": ("Open, run by run", TREND), "as_of": ("As of", DATE), "kind": ("Run", TEXT), "run_id": ("Run no.", CODE),
    "item": ("Item", CODE), "name": ("Name", TEXT), "filled": ("Filled", COUNT), "unknown": ("Unknown", COUNT),
    "percent": ("Filled and known", PERCENT), "programme": ("Programme", TEXT), "level": ("Level", TEXT),
    "indicator": ("Indicator", CODE), "value": ("Value", RATE), "operator": ("Wanted", OPERATOR), "threshold": ("Threshold", RATE),
    "state": ("State", STATE), "records_missing": ("Records short", COUNT), "due": ("Due", DATE),
    "abstract_id": ("Abstract", CODE), "items": ("Items", CODE), "assigned_to": ("Assigned to", TEXT),
    "met": ("Met", COUNT), "not_met": ("Not met", COUNT), "not_computable": ("Not computable", COUNT),
}  # fmt: skip
"""Column of a frame → its heading and kind; the order of the columns is that of the section."""


@dataclass(frozen=True)
class Column:
    """A column of a section's table."""

    name: str
    label: str
    kind: str


@dataclass(frozen=True)
class Chart:
    """A small chart beside a table: a line over runs or bars over years; `points` are (label, value)."""

    kind: str
    title: str
    points: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Section:
    """One table with its words. `empty` is said when it has no row."""

    id: str
    title: str
    intro: str
    columns: tuple[Column, ...]
    table: pl.DataFrame
    empty: str = "Nothing to show."
    chart: Chart | None = None


@dataclass(frozen=True)
class Figure:
    """A figure at the top; `tone` is good, bad or plain."""

    label: str
    value: str
    tone: str = "plain"
    note: str = ""


@dataclass(frozen=True)
class Report:
    """A whole report. The same frames give an equal report."""

    title: str
    subtitle: str
    as_of: dt.date
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    banner: str = ""
    footer: str = ""

    def tables(self) -> dict[str, pl.DataFrame]:
        """Section → its table with the shown columns, for files of their own; lists become text."""
        shown = {}
        for section in self.sections:
            flat = section.table.select(column.name for column in section.columns if column.kind != TREND)
            shown[section.id] = flat
        return shown


@dataclass(frozen=True)
class _Plan:
    """A section to be: where its frame comes from and what of it is shown, as far as the frame has it."""

    id: str
    title: str
    intro: str
    columns: str
    empty: str = "Nothing to show."
    order: tuple[str, ...] = ()
    ascending: tuple[bool, ...] = field(default=())


_COUNTED = "records failing open errors reviews warnings overridden fixed per_100 trend"
PLANS = (
    _Plan("gate", "What holds a submission back",
          "Open errors of our own edits, and every failure that an official run reported and nobody mended.",
          "edit source severity failures records", "Nothing holds a submission back."),
    _Plan("levels", "Where the programmes stand", "A level is met when each of its thresholds is.",
          "programme level state met not_met not_computable", "No programme judges this year."),
    _Plan("scorecard", "Certification scorecard",
          "Thresholds of the programmes in force on the day of the report, against one diagnosis year.",
          "programme level name value operator threshold state records_missing due", "No threshold is in force."),
    _Plan("facility", "By facility",
          "Open failures for 100 records, the most first. Records are abstracts that are not void. (none): failures "
          "between records that belong to no one facility.",
          f"facility_id facility {_COUNTED}", order=("per_100", "facility_id"), ascending=(False, True)),
    _Plan("abstractor", "By abstractor", "As item 570 (abstracted by) says.",
          f"abstractor {_COUNTED}", order=("per_100", "abstractor"), ascending=(False, True)),
    _Plan("year", "By diagnosis year", "Blank: the record has no year of diagnosis.", f"diagnosis_year {_COUNTED}"),
    _Plan("edit", "By edit", "The edits that fail most come first; the rate is for all records.",
          "edit severity message source failing open overridden fixed per_100 trend", "No edit fails.",
          ("open", "edit"), (False, True)),
    _Plan("official", "Official verdicts",
          "What external EDITS runs reported. States accept only that verdict.",
          "edit severity source_name failing open overridden fixed", "No official result was imported.",
          ("open", "edit"), (False, True)),
    _Plan("trend", "Trend over runs", "What stood on the board after each run.",
          "run_id kind as_of records open overridden per_100", "The edits were never run."),
    _Plan("completeness", "Completeness of required items", "All years and facilities together, the least complete first.",
          "item name records filled unknown percent", order=("percent", "item"), ascending=(True, True)),
    _Plan("records", "Records with open failures",
          "Our own numbers of the abstracts; who they are is seen only in the registry.",
          "abstract_id facility_id edit severity items state assigned_to", "No record has an open failure."),
)  # fmt: skip
"""The sections in their order; each appears when its frame is given."""


def build(
    frames: Mapping[str, pl.DataFrame],
    *,
    title: str,
    as_of: dt.date,
    subtitle: str = "",
    notes: Sequence[str] = (),
    banner: str = "",
    footer: str = "",
    records: bool = False,
) -> Report:
    """Put a report together.

    Args:
        frames: any of the ids of PLANS (columns as the operations `quality.report`, `trend`, `gate`, `scorecard` and
            `completeness` give them), `summary` (one row of quality.report), and `trend_<id>` (quality.trend by the
            section's dimension), from which the lines beside its rows come.
        notes: what readers must know: tables that are not installed, changes since the last run.
        banner: a line over everything (made-up data).
        records: show the list of records; without it a given one is left out.

    Raises:
        BadInput: a frame that is no section, or one without any of its columns.

    >>> years = pl.DataFrame({"diagnosis_year": [2024], "records": [10], "open": [2], "per_100": [20.0]})
    >>> report = build({"year": years}, title="Edits", as_of=dt.date(2026, 11, 1))
    >>> [column.label for column in report.sections[0].columns]
    ['Diagnosis year', 'Records', 'Open', 'Open per 100']
    """
    known = {plan.id for plan in PLANS} | {f"trend_{plan.id}" for plan in PLANS} | {"summary"}
    if unknown := sorted(set(frames) - known):
        raise BadInput(
            "edit report", f"{unknown[0]} is no section", f"use {', '.join(plan.id for plan in PLANS)}"
        )
    sections = [
        _section(plan, frames) for plan in PLANS if plan.id in frames and (records or plan.id != "records")
    ]
    return Report(title, subtitle, as_of, _figures(frames), tuple(notes), tuple(sections), banner, footer)


def _section(plan: _Plan, frames: Mapping[str, pl.DataFrame]) -> Section:
    table = _with_trend(frames[plan.id], frames.get(f"trend_{plan.id}"))
    wanted = [name for name in plan.columns.split() if name in table.columns]
    if not wanted:
        raise BadInput("edit report", f"the frame of section {plan.id} has none of its columns")
    order = [name for name in plan.order if name in table.columns]
    if order:
        descending = [not up for name, up in zip(plan.order, plan.ascending, strict=True) if name in order]
        table = table.sort(order, descending=descending, nulls_last=True, maintain_order=True)
    columns = tuple(Column(name, *LABELS[name]) for name in wanted)
    return Section(plan.id, plan.title, plan.intro, columns, table, plan.empty, _chart(plan.id, table))


def _with_trend(table: pl.DataFrame, runs: pl.DataFrame | None) -> pl.DataFrame:
    """Adds `trend`: open failures of each row's group, run by run; a run that does not name it counts 0."""
    if runs is None or runs.is_empty():
        return table
    keys = [
        name
        for name in runs.columns
        if name in table.columns and LABELS.get(name, ("", ""))[1] in (CODE, TEXT)
    ]
    keys = [name for name in keys if name not in ("run_id", "kind")]
    order = runs["run_id"].unique().sort()
    if not keys or order.len() < 2:
        return table
    grid = runs.select(keys).unique().join(pl.DataFrame({"run_id": order}), how="cross")
    counted = runs.group_by("run_id", *keys).agg(pl.col("open").sum())
    lines = (
        grid.join(counted, on=["run_id", *keys], how="left", nulls_equal=True)
        .sort("run_id")
        .group_by(keys, maintain_order=True)
        .agg(trend=pl.col("open").fill_null(0).cast(pl.Int64))
    )
    return table.join(lines, on=keys, how="left", nulls_equal=True, maintain_order="left")


def _chart(section: str, table: pl.DataFrame) -> Chart | None:
    if section == "trend" and table.height > 1 and "open" in table.columns:
        label = "as_of" if "as_of" in table.columns else "run_id"
        rows = table.select(
            pl.col(label).cast(pl.String).fill_null("?"), pl.col("open").cast(pl.Float64)
        ).rows()
        return Chart("line", "Open failures after each run", tuple(rows))
    if section == "year" and table.height > 1 and "per_100" in table.columns:
        known = table.filter(pl.col("diagnosis_year").is_not_null()).tail(25)
        rows = known.select(
            pl.col("diagnosis_year").cast(pl.String), pl.col("per_100").cast(pl.Float64).fill_null(0)
        ).rows()
        return Chart("bars", "Open failures for 100 records, by diagnosis year", tuple(rows))
    return None


def _figures(frames: Mapping[str, pl.DataFrame]) -> tuple[Figure, ...]:
    summary = frames.get("summary")
    if summary is None or summary.is_empty():
        return ()
    row: dict[str, Any] = summary.row(0, named=True)
    records, failing = int(row.get("records") or 0), int(row.get("failing") or 0)
    errors = int(row.get("errors") or 0)
    figures = [
        Figure("Records", f"{records:,}"),
        Figure(
            "Records without open failure",
            _share(records - failing, records),
            note=f"{records - failing:,} records",
        ),
        Figure("Open errors, own and official", f"{errors:,}", "bad" if errors else "good"),
        Figure("Open reviews", f"{int(row.get('reviews') or 0):,}"),
        Figure("Warnings", f"{int(row.get('warnings') or 0):,}"),
        Figure("Overridden", f"{int(row.get('overridden') or 0):,}"),
    ]
    gate = frames.get("gate")
    if gate is not None and "source" in gate.columns:
        official = int(gate.filter(pl.col("source") == "official")["failures"].sum())
        figures.append(Figure("Open official failures", f"{official:,}", "bad" if official else "plain"))
    return tuple(figures)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
