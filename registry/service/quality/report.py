"""The edit report as a document: the board's figures, put together and written as HTML, CSV files or a workbook."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.service.quality import board as quality_board
from registry.service.quality import figures as quality_figures
from registry.service.safe_csv import to_csv

FORMATS = {
    "html": "text/html",
    "csv": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
DIMENSIONS = ("facility", "abstractor", "year", "edit")
RECORDS_AT_MOST = 5000


@operation("quality.report_document")
def report_document(
    context: Context,
    by: str | Sequence[str] = DIMENSIONS,
    format: str = "html",
    facility: str | None = None,
    year: int | None = None,
    as_of: str | dt.date | None = None,
    records: bool = False,
    title: str = "Edit report",
) -> dict[str, Any]:
    """The edit report of what is in scope, as one file.

    Args:
        by: of facility, abstractor, year, edit: the sections that break the failures down.
        format: html (one self-contained page), csv (a zip of one file a section), xlsx.
        facility: only this facility's records. year: the diagnosis year of the scorecard (see `quality.scorecard`).
        records: with the list of abstracts that have open failures (numbers only), at most RECORDS_AT_MOST.

    Returns:
        {name, media_type, content (bytes)}. The same board on the same day gives the same bytes.

    Raises:
        BadInput: another format or section.
    """
    from registry.quality import edit_report, report_html, workbook

    words = [by] if isinstance(by, str) else [*dict.fromkeys(by)]
    if format not in FORMATS:
        raise BadInput("format", f"{format!r} is none of {', '.join(FORMATS)}")
    if wrong := [word for word in words if word not in DIMENSIONS]:
        raise BadInput(
            "edit report", f"cannot break down by {wrong[0]!r}", f"choose of {', '.join(DIMENSIONS)}"
        )
    day = context.day(as_of)
    number = None if facility is None else facility.strip().zfill(10)
    names = _names(context)
    report = edit_report.build(
        _frames(context, words, number, year, day, names, records=records),
        title=title.strip() or "Edit report",
        as_of=day,
        subtitle=_subtitle(context, number, names, day.year - 2 if year is None else year),
        notes=_notes(context, number),
        banner="SYNTHETIC DATA, no real persons" if context.store.get_meta("synthetic") == "true" else "",
        footer="Counts are of edit failures on the board when this report was made. No patient is named in it.",
        records=records,
    )
    content = {
        "html": lambda: report_html.render(report).encode(),
        "csv": lambda: _zipped({f"{name}.csv": to_csv(table) for name, table in report.tables().items()}),
        "xlsx": lambda: workbook.content(report),
    }[format]()
    suffix = "csv.zip" if format == "csv" else format
    return {
        "name": f"edit-report-{day.isoformat()}.{suffix}",
        "media_type": FORMATS[format],
        "content": content,
    }


def _names(context: Context) -> pl.DataFrame:
    """frame[facility_id, facility]: the newest name of each facility in scope."""
    condition, scope = context.actor.scope_sql("facility_id")
    return context.store.query(
        f"SELECT facility_id, arg_max(name, effective_from) AS facility FROM facility WHERE {condition} "
        "GROUP BY facility_id ORDER BY facility_id",
        scope,
    )


def _subtitle(context: Context, facility: str | None, names: pl.DataFrame, year: int) -> str:
    known = dict(names.iter_rows())
    wanted = [facility] if facility else sorted(context.actor.facilities or ())
    whose = ", ".join(f"{known[each]} ({each})" if known.get(each) else each for each in wanted)
    scored = "" if facility else f"; scorecard of diagnosis year {year}"
    return (whose or "All facilities") + scored


def _notes(context: Context, facility: str | None) -> list[str]:
    """What the gate says, and which published tables are not installed for the years on the board."""
    from registry.edits import site_histology

    gate = quality_figures.gate(context, facility)
    years = (
        quality_figures.report(context, by=("year",), facility=facility)["diagnosis_year"]
        .drop_nulls()
        .to_list()
    )
    tables = [sentence[:1].upper() + sentence[1:] for sentence in site_histology.missing_tables(years)]
    said = [*tables, *(f"{each[:1].upper()}{each[1:]}" for each in [*gate["reasons"], *gate["notes"]])]
    return [sentence if sentence.endswith(".") else f"{sentence}." for sentence in dict.fromkeys(said)]


def _frames(
    context: Context,
    words: list[str],
    facility: str | None,
    year: int | None,
    day: dt.date,
    names: pl.DataFrame,
    *,
    records: bool,
) -> dict[str, pl.DataFrame]:
    """What the sections are made of."""
    from registry.service.quality import room as quality

    found = {
        "summary": quality_figures.report(context, by=(), facility=facility),
        "gate": quality_figures.gate(context, facility)["by_edit"],
        "trend": quality_figures.trend(context, facility=facility),
        "official": _official(context, facility),
    }
    for word in words:
        found[word] = quality_figures.report(
            context, by=(word, "source") if word == "edit" else (word,), facility=facility
        )
        found[f"trend_{word}"] = quality_figures.trend(
            context, by=(word, "source") if word == "edit" else (word,), facility=facility
        )
    if "facility" in found:
        found["facility"] = found["facility"].join(names, on="facility_id", how="left", maintain_order="left")
    if "edit" in found:
        found["edit"] = _with_rules(context, found["edit"].filter(pl.col("open") + pl.col("overridden") > 0))
    if facility is None:
        standing = quality.scorecard(context, year=year, as_of=day.isoformat())
        found |= {"levels": standing["levels"], "scorecard": standing["card"]}
    found["completeness"] = _completeness(quality.completeness_frame(context), facility)
    if records:
        found["records"] = quality_board.failures(context, facility=facility, limit=RECORDS_AT_MOST).sort(
            "abstract_id", "edit", "failure_id", nulls_last=True
        )
    return found


def _with_rules(context: Context, counted: pl.DataFrame) -> pl.DataFrame:
    """The edits' severity and what they demand, in the dictionary's words instead of values.

    Words of official results are left out: nobody knows whose values they quote.
    """
    rules = quality_board.summary(context).select("edit", "source", "severity", "message")
    once = rules.unique(["edit", "source"], keep="first")
    joined = counted.join(once, on=["edit", "source"], how="left", maintain_order="left")
    return joined.with_columns(message=pl.when(pl.col("source") == "own").then("message"))


def _official(context: Context, facility: str | None) -> pl.DataFrame:
    return quality_figures.report(context, by=("edit", "severity"), source="official", facility=facility)


def _completeness(frame: pl.DataFrame, facility: str | None) -> pl.DataFrame:
    """Required items over all years, with the dictionary's names."""
    from registry import standards

    items = standards.all_items()
    names = dict(zip(items["id"], items["name"], strict=True))
    return (
        frame.filter(pl.col("facility_id") == (facility or "all"))
        .group_by("item")
        .agg(pl.col("records", "filled", "unknown").sum())
        .with_columns(
            percent=100 * (pl.col("filled") - pl.col("unknown")) / pl.col("records"),
            name=pl.col("item").replace(names),
        )
        .sort("item")
    )


def _zipped(files: dict[str, bytes]) -> bytes:
    """Files in one archive without dates, so that equal files make an equal archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
