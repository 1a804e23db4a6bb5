"""Validity suite: are codes possible, does their mix stay the same, is nothing there twice, did every load arrive?"""

from __future__ import annotations

from expectations.checks import CRITICAL, INFO, WARNING, Figures, Suite
from expectations.frames import Frames
from expectations.programmes import add_thresholds, judged_years, yearly

LEAST_VALID = 99.0
"""Percent of filled values that the item can have; house rule."""

DRIFT_WATCHED, DRIFT_LARGE = 0.1, 0.25
"""Population stability index beyond chance: small below the first, large above the second (usual reading)."""

MOST_MOVED = 0.5
"""Half of all records in another code than the year before is a fault of a load, not a change in cancer."""

MOST_QUARANTINED = 5.0
MOST_CHANGE = 5.0
"""Percentage points by which an indicator without a limit may differ from the year before."""

WATCHED = (
    "mv_pct", "hv_pct", "clinical_only_pct", "basis_unknown_pct", "psu_pct", "cup_pct", "unspecified_morph_pct",
    "unspecified_subsite_pct", "stage_unknown_pct", "treatment_unknown_pct", "dci_pct",
)  # fmt: skip
CRITICAL_KEYS = ("tumor", "record")


def suite(frames: Frames) -> Suite:
    """Valid codes, drift, indicators of validity, uniqueness, and loads that add up."""
    figures = Figures("validity", "Values are valid and steady")
    _valid(figures, frames)
    _drift(figures, frames)
    _changes(figures, frames)
    _unique(figures, frames)
    _loads(figures, frames)
    add_thresholds(figures, frames, ("validity", "reliability"))
    return figures.suite()


def _valid(figures: Figures, frames: Frames) -> None:
    table = frames["validity"].dropna(subset=["percent_valid"])
    for row in table.to_dict("records"):
        figure = f"{row['item']} valid"
        figures.add(figure, [{"subject": row["item"], "value": row["percent_valid"]}])
        plain = f"{row['item']} has a value that it can have in at least {LEAST_VALID:g} % of what is filled"
        figures.between(figure, plain, LEAST_VALID, severity=WARNING)


def _drift(figures: Figures, frames: Frames) -> None:
    table = frames["drift"]
    table = table[table["judged"]]
    figures.table("drift of any item", table, subject="item", value="psi_excess")
    figures.between(
        "drift of any item",
        f"No item's codes have drifted against the year before (stability index beyond chance at most {DRIFT_WATCHED:g})",
        most=DRIFT_WATCHED, severity=INFO, names=("subject", "year"),
    )  # fmt: skip
    for row in table.to_dict("records"):
        figure = f"drift of {row['item']}"
        one = {"subject": row["item"], "year": row["year"]}
        figures.add(figure, [{**one, "value": row["psi_excess"]}])
        plain = f"The codes of {row['item']} are spread as the year before (stability index beyond chance at most {DRIFT_LARGE:g})"
        figures.between(figure, plain, most=DRIFT_LARGE, severity=WARNING, names=("year",))
    figures.table("share moved", table, subject="item", value="total_variation")
    figures.between(
        "share moved",
        "No item has more than half of its records in other codes than the year before",
        most=MOST_MOVED, severity=CRITICAL, names=("subject", "year"),
    )  # fmt: skip


def _changes(figures: Figures, frames: Frames) -> None:
    """Indicators that have no limit: the newest closed year against the one before it."""
    table = yearly(frames).dropna(subset=["year"])
    years = judged_years(table["year"], frames.as_of)
    for indicator in WATCHED:
        rows = table[(table["indicator"] == indicator) & table["year"].isin(years[-2:])].sort_values("year")
        if len(rows) < 2 or rows["year"].iloc[1] - rows["year"].iloc[0] != 1:
            continue
        name, change = rows["name"].iloc[0], rows["value"].iloc[1] - rows["value"].iloc[0]
        figure = f"{indicator} against the year before"
        figures.add(figure, [{"subject": indicator, "year": rows["year"].iloc[1], "value": change}])
        plain = f"{name} has not moved by more than {MOST_CHANGE:g} points against the year before"
        figures.between(figure, plain, -MOST_CHANGE, MOST_CHANGE, severity=INFO, names=("year",))


def _unique(figures: Figures, frames: Frames) -> None:
    for row in frames["uniqueness"].to_dict("records"):
        figure = f"{row['key']} repeated"
        figures.add(figure, [{"subject": row["key"], "value": row["repeated"]}])
        severity = CRITICAL if row["key"] in CRITICAL_KEYS else WARNING
        figures.between(figure, f"No {row['key']} occurs twice", most=0, severity=severity)


def _loads(figures: Figures, frames: Frames) -> None:
    table = frames["loads"]
    figures.table("records missing after a load", table, subject="load", value="missing")
    figures.between(
        "records missing after a load",
        "Every record received was loaded or is in quarantine",
        0, 0, severity=CRITICAL, names=("subject",),
    )  # fmt: skip
    received = table[table["received"] > 0]
    share = received.assign(percent=100 * received["quarantined"] / received["received"])
    figures.table("percent quarantined", share, subject="load", value="percent")
    figures.between(
        "percent quarantined",
        f"Not more than {MOST_QUARANTINED:g} % of a load are in quarantine",
        most=MOST_QUARANTINED, severity=WARNING, names=("subject",),
    )  # fmt: skip
