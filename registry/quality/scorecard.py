"""The certification scorecard: each programme's thresholds against a year's indicators, and what it lacks."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl

from registry.quality.indicators.definition import all_indicators
from registry.quality.indicators.run import meets
from registry.quality.indicators.timeliness import deadline
from registry.quality.thresholds import thresholds

COLUMNS = (
    "programme",
    "level",
    "indicator",
    "name",
    "value",
    "numerator",
    "denominator",
    "operator",
    "threshold",
    "state",
    "margin",
    "records_missing",
    "severity",
    "due",
    "source",
    "note",
)
MET, NOT_MET, UNKNOWN = "met", "not met", "not computable"
CERTIFICATIONS = (
    ("NAACCR", ("gold", "silver")),
    ("NPCR", ("national", "advanced")),
    ("USCS", ("publication",)),
)
"""Programmes that judge a whole year, best level first."""

REMOVED = ("duplicate_per_1000",)
"""Indicators that are mended by taking records away, which makes the denominator smaller too."""

_COUNTED = {
    "dco_pct": 100, "duplicate_per_1000": 1000, "edits_pass_pct": 100, "missing_age_pct": 100, "missing_sex_pct": 100,
    "missing_county_pct": 100, "missing_race_pct": 100, "psu_pct": 100, "age_unknown_pct": 100, "cod_missing_pct": 100,
    "followup_rate": 100, "lost_to_followup_pct": 100, "completeness_oe": 100, "timeliness_12m": 100,
    "recode_agreement": 100, "case_finding_audit": 100,
}  # fmt: skip
"""Indicators whose numerator counts records, and its factor."""


def scorecard(values: pl.DataFrame, as_of: dt.date, diagnosis_year: int | None = None) -> pl.DataFrame:
    """Each threshold in force, met or not.

    Args:
        values: what `indicator_values` found for one diagnosis year: frame[indicator_id, value, numerator, denominator].
        as_of: day whose thresholds apply.
        diagnosis_year: the year that is judged; gives `due`.

    Returns:
        One row per programme, level and indicator, in that order (NAACCR, NPCR and USCS first): `value, numerator, denominator,
        operator, threshold`; `state` met, not met or not computable (no value); `margin` how far the value is on the
        good side (negative: on the bad side); `records_missing` the fewest records that must be mended, found or
        removed to meet it (0 when met; null when the indicator does not count records); `due` when a year is
        judged; `severity, source, note` of the threshold.

    >>> values = pl.DataFrame({"indicator_id": ["missing_sex_pct"], "value": [2.5], "numerator": [25], "denominator": [1000]})
    >>> found = scorecard(values, dt.date(2026, 11, 1), 2024).filter(pl.col("indicator") == "missing_sex_pct")
    >>> found.select("programme", "level", "state", "records_missing", "due").rows()[:2]
    [('NAACCR', 'gold', 'not met', 6, datetime.date(2026, 11, 30)), ('NAACCR', 'silver', 'met', 0, datetime.date(2026, 11, 30))]
    """
    limits = thresholds(as_of, diagnosis_year).rename({"value": "threshold"})
    card = limits.join(values.rename({"indicator_id": "indicator"}), on="indicator", how="left").with_columns(
        pl.col("value").cast(pl.Float64)
    )
    value, limit = pl.col("value"), pl.col("threshold")
    good = meets(value, pl.col("operator"), limit)
    less = pl.col("operator").is_in(["<", "<="])
    card = card.with_columns(
        state=pl.when(value.is_null())
        .then(pl.lit(UNKNOWN))
        .when(good)
        .then(pl.lit(MET))
        .otherwise(pl.lit(NOT_MET)),
        margin=pl.when(less).then(limit - value).otherwise(value - limit),
    )
    names = {one.id: one.name for one in all_indicators().values()}
    rows = list(card.iter_rows(named=True))
    card = card.with_columns(
        pl.Series("records_missing", [_missing(row) for row in rows], dtype=pl.Int64),
        pl.Series("due", [_due(row["months"], diagnosis_year) for row in rows], dtype=pl.Date),
        pl.Series("name", [names[row["indicator"]] for row in rows], dtype=pl.String),
        pl.Series("_order", [_order(row) for row in rows], dtype=pl.Int64),
    )
    return card.sort("_order", "programme", "level", "indicator").select(COLUMNS)


def certification(card: pl.DataFrame) -> pl.DataFrame:
    """The levels of the programmes that judge a whole year.

    Args:
        card: from `scorecard`.

    Returns:
        frame[programme, level, state, met, not_met, not_computable], best level first. A level is met when all its thresholds are
        (those of severity info only inform);
        not met when one is not; else not computable: what is known is good, but something is not known.

    >>> card = scorecard(pl.DataFrame({"indicator_id": ["dco_pct"], "value": [4.0], "numerator": [4], "denominator": [100]}),
    ...                  dt.date(2026, 11, 1))
    >>> certification(card).select("programme", "level", "state").rows()[:2]
    [('NAACCR', 'gold', 'not met'), ('NAACCR', 'silver', 'not computable')]
    """
    rows = []
    required = card.filter(pl.col("severity") != "info")
    for programme, levels in CERTIFICATIONS:
        for level in levels:
            of_level = required.filter(pl.col("programme") == programme, pl.col("level") == level)
            states = of_level["state"].to_list()
            missed, unknown = states.count(NOT_MET), states.count(UNKNOWN)
            state = NOT_MET if missed else UNKNOWN if unknown or not states else MET
            rows.append((programme, level, state, states.count(MET), missed, unknown))
    counts = {"met": pl.Int64, "not_met": pl.Int64, "not_computable": pl.Int64}
    words = {"programme": pl.String, "level": pl.String, "state": pl.String}
    return pl.DataFrame(rows, schema={**words, **counts}, orient="row")


def reached(levels: pl.DataFrame) -> dict[str, str]:
    """The best level met by each programme: "none" when all are missed, "not computable" when one is still open.

    >>> rows = [("NAACCR", "gold", "not met"), ("NAACCR", "silver", "met"), ("USCS", "publication", "not computable")]
    >>> reached(pl.DataFrame(rows, schema=["programme", "level", "state"], orient="row"))
    {'NAACCR': 'silver', 'USCS': 'not computable'}
    """
    found: dict[str, str] = {}
    for programme, level, state in levels.select("programme", "level", "state").iter_rows():
        best = found.get(programme, "none")
        if best == "none" and state == MET:
            found[programme] = level
        elif best == "none" and state == UNKNOWN:
            found[programme] = UNKNOWN
        else:
            found.setdefault(programme, "none")
    return found


def _missing(row: dict[str, object]) -> int | None:
    """Fewest records to change; tried out around the exact answer, because limits and counts are whole numbers."""
    if row["state"] == MET:
        return 0
    per = _COUNTED.get(str(row["indicator"]))
    above, below = row["numerator"], row["denominator"]
    if per is None or row["state"] == UNKNOWN or above is None or not below:
        return None
    n, d, limit, operator = float(above), float(below), float(str(row["threshold"])), str(row["operator"])  # type: ignore[arg-type]
    removed = row["indicator"] in REMOVED
    less = operator.startswith("<")
    beyond = n - limit * d / per
    exact = -beyond if not less else beyond / (1 - limit / per) if removed else beyond
    for k in range(max(0, math.floor(exact) - 1), math.ceil(exact) + 3):
        left = d - k if removed else d
        value = per * (n - k if less else n + k) / left if left else 0.0
        if _good(value, operator, limit):
            return k
    return None


def _good(value: float, operator: str, limit: float) -> bool:
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[operator]


def _due(months: int | None, diagnosis_year: int | None) -> dt.date | None:
    return deadline(diagnosis_year, months) if months is not None and diagnosis_year is not None else None


def _order(row: dict[str, object]) -> int:
    """Programmes that certify first, their best level first; the others after them."""
    order = [(programme, level) for programme, levels in CERTIFICATIONS for level in levels]
    key = (str(row["programme"]), str(row["level"]))
    return order.index(key) if key in order else len(order)
