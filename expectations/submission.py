"""Submission-readiness suite: no open errors, and the thresholds of the years that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.checks import CRITICAL, INFO, WARNING, Figures, Suite
from expectations.frames import ALL, Frames
from expectations.programmes import add_limit, due_years, yearly

if TYPE_CHECKING:
    import pandas as pd

CERTIFYING = ("NAACCR", "NPCR", "USCS")
MOST_OVERRIDDEN = 20.0
"""Percent of an edit's firings that may be overridden before somebody asks whether it is routine; house rule."""

FEWEST_FIRINGS = 50


def suite(frames: Frames) -> Suite:
    """The edits' verdict, the official one, each facility's gate, and every certification threshold of the due year."""
    figures = Figures("submission-readiness", "Ready for submission")
    about = frames["about"].iloc[0]
    figures.add("edits run", [{"value": float(about["edited"])}])
    figures.between("edits run", "The edits have been run", 1, severity=CRITICAL)
    figures.add("official verdict", [{"value": float(about["official"])}])
    figures.between("official verdict", "The verdict of the official edits is loaded", 1, severity=INFO)
    _edits(figures, frames["edits"])
    _gate(figures, frames["gate"])
    _certification(figures, frames)
    return figures.suite()


def _edits(figures: Figures, edits: pd.DataFrame) -> None:
    for source, words in (("own", "edit"), ("official", "official edit")):
        review = WARNING if source == "own" else CRITICAL  # nobody here can take an official failure back
        for severity, level in (("error", CRITICAL), ("review", review), ("warning", INFO)):
            rows = edits[(edits["source"] == source) & (edits["severity"] == severity)]
            figure = f"open failures of {words}s, {severity}"
            figures.table(figure, rows, subject="edit", value="open")
            plain = f"No {words} of severity {severity} has open failures"
            figures.between(figure, plain, most=0, severity=level, names=("subject",))
    own = edits[edits["source"] == "own"].assign(firings=lambda rows: rows["open"] + rows["overridden"])
    own = own.groupby("edit", sort=True)[["overridden", "firings"]].sum().reset_index()
    own = own[own["firings"] >= FEWEST_FIRINGS]
    share = own.assign(percent=100 * own["overridden"] / own["firings"])
    figures.table("percent overridden", share, subject="edit", value="percent")
    plain = f"No edit is overridden in more than {MOST_OVERRIDDEN:g} % of its firings"
    figures.between("percent overridden", plain, most=MOST_OVERRIDDEN, severity=INFO, names=("subject",))


def _gate(figures: Figures, gate: pd.DataFrame) -> None:
    facilities = gate[gate["facility"] != ALL]
    wanted = (("errors", "errors"), ("official_errors", "errors of the official edits"))
    for column, words in wanted:
        figures.table(f"gate, {words}", facilities, value=column)
        plain = f"No facility has open {words}"
        figures.between(f"gate, {words}", plain, most=0, severity=CRITICAL, names=("facility",))
    figures.table("gate, reviews", facilities, value="reviews")
    figures.between(
        "gate, reviews", "No facility has open reviews", most=0, severity=WARNING, names=("facility",)
    )


def _certification(figures: Figures, frames: Frames) -> None:
    """Each programme's thresholds on the newest year that is due; what cannot be computed is said, too."""
    table, limits = yearly(frames), frames["thresholds"]
    told: set[str] = set()
    for limit in limits[limits["programme"].isin(CERTIFYING)].to_dict("records"):
        years = due_years(table["year"], frames.as_of, int(limit["months"]))[-1:]
        rows = table[table["indicator"] == limit["indicator"]]
        of_year = rows[rows["year"].isin(years)]
        chosen = of_year if len(of_year) else rows[rows["year"].isna() & (not rows["year"].notna().any())]
        add_limit(figures, limit, chosen, " in the year that is due")
        if limit["severity"] != INFO and limit["indicator"] not in told:
            told.add(limit["indicator"])
            figure = f"{limit['indicator']} is known"
            figures.add(figure, [{"subject": limit["indicator"], "value": float(len(chosen) > 0)}])
            figures.between(figure, f"{limit['name']} can be computed", 1, severity=INFO)
