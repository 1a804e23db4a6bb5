"""Figures that the nightly suites judge beside completeness and indicators. All are counts; no record is in them."""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry.edits.engine import joined
from registry.quality.completeness import diagnosis_year, facility, reported, required_items
from registry.quality.indicators.timeliness import deadline
from registry.quality.indicators.vocabulary import SAME_TUMOR, full_day, record_keys
from registry.standards import code_lists, dates

ALL = "all"
HALF_YEAR = 183
UNIQUE = (
    ("tumor", ("tumor_id",)),
    ("record", ("recordId",)),
    ("tumor record number of the patient", ("patientIdNumber", "tumorRecordNumber")),
    ("tumor of the patient", ("@patient", *SAME_TUMOR)),
    ("central sequence number of the patient", ("@patient", "sequenceNumberCentral")),
    (
        "accession and sequence number of the facility",
        ("reportingFacility", "accessionNumberHosp", "sequenceNumberHospital"),
    ),
)
"""What must occur once, and the columns that say so. Unspecified sequence numbers are left out."""

_UNSPECIFIED_SEQUENCE = ("88", "98", "99")


def uniqueness(patients: pl.DataFrame | None, tumors: pl.DataFrame) -> pl.DataFrame:
    """How often what should be unique is not.

    Returns:
        frame[key, records, blank, repeated]: `blank` = a column of the key is blank, `repeated` = records beyond the first
        with an equal key. Keys whose columns the frames lack are left out.

    >>> tumors = pl.DataFrame({"tumor_id": [1, 2, 2, None]})
    >>> uniqueness(None, tumors).rows()
    [('tumor', 4, 1, 1)]
    """
    records, patient = joined(patients, tumors)
    if patient is not None:
        records = records.with_columns(pl.col(patient).cast(pl.String).alias("@patient"))
    rows = []
    for key, columns in UNIQUE:
        if any(column not in records.columns for column in columns):
            continue
        keyed = records.select(columns)
        if "sequenceNumberCentral" in columns:
            unspecified = pl.col("sequenceNumberCentral").is_in(_UNSPECIFIED_SEQUENCE).fill_null(value=False)
            keyed = keyed.filter(~unspecified)
        filled = keyed.drop_nulls()
        rows.append((key, keyed.height, keyed.height - filled.height, filled.height - filled.n_unique()))
    schema = {"key": pl.String, "records": pl.Int64, "blank": pl.Int64, "repeated": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def validity(patients: pl.DataFrame | None, tumors: pl.DataFrame) -> pl.DataFrame:
    """Values of the required items that the item cannot have.

    Judged once for each distinct value, by the published closed lists and by the calendar; items with neither are left out.

    Returns:
        frame[item, filled, invalid, percent_valid], in the order of the required items; percent null when nothing is filled.

    >>> tumors = pl.DataFrame({"laterality": ["1", "7", None], "dateOfDiagnosis": ["2020", "20201301", "20200131"]})
    >>> validity(None, tumors).filter(pl.col("filled") > 0).rows()
    [('dateOfDiagnosis', 3, 1, 66.66666666666667), ('laterality', 2, 1, 50.0)]
    """
    records, _ = joined(patients, tumors)
    rows = []
    for item in required_items()["item"]:
        is_date = item.startswith("dateOf")
        if not (is_date or code_lists.is_closed(item)):
            continue
        values = records.select(value=reported(records, item).cast(pl.String)).drop_nulls()
        counted = values.group_by("value").agg(n=pl.len().cast(pl.Int64))
        good = dates.is_valid("value") if is_date else code_lists.in_list(item, pl.col("value"))
        if item == "sexAssignedAtBirth":
            good = good | code_lists.in_list("sex", pl.col("value"))
        filled, invalid = counted.select(
            filled=pl.col("n").sum(), invalid=pl.col("n").filter(~good.fill_null(value=False)).sum()
        ).row(0)
        rows.append((item, filled, invalid, 100 * (filled - invalid) / filled if filled else None))
    schema = {"item": pl.String, "filled": pl.Int64, "invalid": pl.Int64, "percent_valid": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def timeliness(tumors: pl.DataFrame, smallest: int = 5) -> pl.DataFrame:
    """How long records take, by facility and diagnosis year.

    Returns:
        frame[facility, year, records, timed, median_days, percent_within_6_months, reversed, received, report_median_days,
        percent_by_12_months, percent_by_23_months]: `timed` records have full dates of first contact and
        completion; `reversed` were completed before the first contact; `received` have a full day of receipt, of
        which `percent_by_…` had arrived so many months after the end of the year. "all" = every facility; year null = all
        years. Groups of fewer than `smallest` records are left out.

    >>> tumors = pl.DataFrame({"dateOfDiagnosis": ["2020"] * 2, "dateOf1stContact": ["20200101"] * 2,
    ...     "dateCaseCompleted": ["20200401", "20201001"], "dateCaseReportReceived": ["20200402", "20220101"]})
    >>> timeliness(tumors, 1).select("year", "median_days", "percent_within_6_months", "percent_by_12_months").row(1)
    (2020, 182.5, 50.0, 50.0)
    """
    items = ("dateOf1stContact", "dateCaseCompleted", "dateCaseReportReceived")
    lacking = [pl.lit(None, pl.String).alias(item) for item in items if item not in tumors.columns]
    records = tumors.with_columns(lacking).select(
        facility=facility(tumors).fill_null("unknown"),
        year=diagnosis_year(tumors),
        days=(full_day("dateCaseCompleted") - full_day("dateOf1stContact")).dt.total_days(),
        report_days=(full_day("dateCaseReportReceived") - full_day("dateCaseCompleted")).dt.total_days(),
        arrived=full_day("dateCaseReportReceived"),
    )
    days, arrived = pl.col("days"), pl.col("arrived")
    sums = [
        pl.len().cast(pl.Int64).alias("records"),
        days.count().cast(pl.Int64).alias("timed"),
        days.median().alias("median_days"),
        (100 * (days <= HALF_YEAR).mean()).alias("percent_within_6_months"),
        (days < 0).sum().cast(pl.Int64).alias("reversed"),
        arrived.count().cast(pl.Int64).alias("received"),
        pl.col("report_days").median().alias("report_median_days"),
        *[
            (100 * (arrived <= pl.col(f"due_{months}")).mean()).alias(f"percent_by_{months}_months")
            for months in (12, 23)
        ],
    ]
    records = records.join(_deadlines(records), on="year", how="left", maintain_order="left")
    everywhere, ever = pl.lit(ALL).alias("facility"), pl.lit(None, pl.Int32).alias("year")
    known = records.filter(pl.col("year").is_not_null())
    parts = [
        records.select(everywhere, ever, *sums).head(1),
        known.group_by("year").agg(sums).select(everywhere, pl.all()),
        records.group_by("facility").agg(sums).select("facility", ever, pl.all().exclude("facility")),
        known.group_by("facility", "year").agg(sums),
    ]
    found = pl.concat(parts, how="vertical_relaxed").filter(pl.col("records") >= smallest)
    return found.sort(pl.col("facility") != ALL, "facility", "year", nulls_last=False)


def _deadlines(records: pl.DataFrame) -> pl.DataFrame:
    """The days by which a year's records are due, 12 and 23 months after its end."""
    years = records["year"].drop_nulls().unique().sort().to_list()
    due = {
        f"due_{months}": [deadline(year, months) if 1 <= year <= 9990 else None for year in years]
        for months in (12, 23)
    }
    return pl.DataFrame(
        {"year": years, **due}, schema={"year": pl.Int32, "due_12": pl.Date, "due_23": pl.Date}
    )


def edit_summary(failures: pl.DataFrame | None) -> pl.DataFrame:
    """Failures by edit: frame[edit, severity, source, open, overridden], sorted; `source` own or official.

    >>> failures = pl.DataFrame({"edit": ["a", "a"], "severity": ["error"] * 2, "state": ["open", "overridden"]})
    >>> edit_summary(failures).rows()
    [('a', 'error', 'own', 1, 1)]
    """
    words = {"edit": pl.String, "severity": pl.String, "source": pl.String}
    if failures is None or failures.is_empty():
        return pl.DataFrame(schema={**words, "open": pl.Int64, "overridden": pl.Int64})
    return (
        _with_source(failures)
        .group_by("edit", "severity", "source")
        .agg(
            open=(pl.col("state") == "open").sum().cast(pl.Int64),
            overridden=(pl.col("state") == "overridden").sum().cast(pl.Int64),
        )
        .sort("edit", "severity", "source")
    )


def gate(tumors: pl.DataFrame, failures: pl.DataFrame | None, smallest: int = 5) -> pl.DataFrame:
    """What holds back a submission, by facility.

    Returns:
        frame[facility, records, errors, official_errors, reviews, ready]: open failures: own errors, official ones that are no
        warnings (only that verdict is accepted), own reviews; ready = none of the first two. "all" first; facilities of fewer than `smallest` records are left out.

    >>> tumors = pl.DataFrame({"tumor_id": [1, 2], "facility_id": ["A", "B"]})
    >>> failures = pl.DataFrame({"tumor_id": [2], "edit": ["x"], "severity": ["error"], "state": ["open"]})
    >>> gate(tumors, failures, 1).select("facility", "errors", "ready").rows()
    [('all', 1, False), ('A', 0, True), ('B', 1, False)]
    """
    records = tumors.with_columns(facility(tumors).fill_null("unknown").alias("@facility"))
    sizes = records.group_by(facility="@facility").agg(records=pl.len().cast(pl.Int64))
    own = pl.col("source") != "official"
    held = {
        "errors": own & (pl.col("severity") == "error"),
        "official_errors": ~own & (pl.col("severity") != "warning"),
        "reviews": own & (pl.col("severity") == "review"),
    }
    counts = [condition.sum().cast(pl.Int64).alias(name) for name, condition in held.items()]
    still = _placed(records, failures)
    found = sizes.join(still.group_by("facility").agg(counts), on="facility", how="left").with_columns(
        pl.col(*held).fill_null(0)
    )
    total = pl.concat([found.select(pl.col("records").sum()), still.select(counts)], how="horizontal").select(
        pl.lit(ALL).alias("facility"), pl.all()
    )
    both = pl.concat([total, found.sort("facility").select(total.columns)])
    ready = (pl.col("errors") == 0) & (pl.col("official_errors") == 0)
    return both.filter((pl.col("facility") == ALL) | (pl.col("records") >= smallest)).with_columns(
        ready=ready
    )


def _placed(records: pl.DataFrame, failures: pl.DataFrame | None) -> pl.DataFrame:
    """Open failures with their source and facility."""
    if failures is None or failures.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(("severity", "source", "facility"), pl.String))
    still = _with_source(failures).filter(pl.col("state") == "open")
    if "facility_id" in still.columns:
        return still.select("severity", "source", facility=pl.col("facility_id").fill_null("unknown"))
    keys = record_keys(failures, records)
    owners = records.select(*keys, facility="@facility").unique(keys, keep="first", maintain_order=True)
    still = still.with_columns([pl.col(key).cast(records.schema[key]) for key in keys])
    return still.join(owners, on=keys, how="left", nulls_equal=True).select(
        "severity", "source", pl.col("facility").fill_null("unknown")
    )


def _with_source(failures: pl.DataFrame) -> pl.DataFrame:
    source = pl.col("source").fill_null("own") if "source" in failures.columns else pl.lit("own")
    return failures.with_columns(source=source)


def reconciliation(loads: pl.DataFrame | None) -> pl.DataFrame:
    """Loads with what became of their records: frame[load, received, loaded, quarantined, missing], as they came.

    `missing` = received and neither loaded nor quarantined; more loaded than received makes it negative.

    >>> reconciliation(pl.DataFrame({"load": [7], "received": [10], "loaded": [8], "quarantined": [1]})).rows()
    [('7', 10, 8, 1, 1)]
    """
    counts = ("received", "loaded", "quarantined")
    if loads is None:
        return pl.DataFrame(schema={"load": pl.String, **dict.fromkeys((*counts, "missing"), pl.Int64)})
    return loads.select(
        pl.col("load").cast(pl.String), *[pl.col(name).cast(pl.Int64).fill_null(0) for name in counts]
    ).with_columns(missing=pl.col("received") - pl.col("loaded") - pl.col("quarantined"))


def about(
    patients: pl.DataFrame | None, tumors: pl.DataFrame, as_of: dt.date, failures: pl.DataFrame | None
) -> pl.DataFrame:
    """One row on the run: frame[as_of, records, patients, first_year, last_year, edited, official]."""
    records, patient = joined(patients, tumors)
    years = records.select(diagnosis_year(records).alias("year"))["year"].drop_nulls()
    sources = _with_source(failures)["source"].unique().to_list() if failures is not None else []
    row = {
        "as_of": as_of,
        "records": records.height,
        "patients": records[patient].n_unique() if patient else None,
        "first_year": years.min(),
        "last_year": years.max(),
        "edited": failures is not None,
        "official": "official" in sources,
    }
    schema = {
        "as_of": pl.Date, "records": pl.Int64, "patients": pl.Int64, "first_year": pl.Int32, "last_year": pl.Int32,
        "edited": pl.Boolean, "official": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame([row], schema=schema)
