"""Net and relative survival: the life table that people are compared with, and the figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import polars as pl

from registry.analytics import relative as relative_room
from registry.errors import BadInput, NotReady
from registry.service.statistics import survival_figure
from registry.service.statistics.survival_figure import Figure
from registry.service.statistics.survival_groups import DAYS_PER_MONTH, DAYS_PER_YEAR, People

if TYPE_CHECKING:
    from registry.service.operations import Context
    from registry.service.statistics.survival_methods import Question

Peer = Literal["ederer1", "ederer2", "hakulinen"]
TITLES = {
    "net": "Net survival was estimated by Pohar Perme in daily steps",
    "ederer2": "Relative survival was estimated by Ederer II",
    "ederer1": "Relative survival was estimated by Ederer I",
    "hakulinen": "Relative survival was estimated by Hakulinen's method",
}
STANDARDS = {
    "icss1": "ICSS 1 (most cancers)", "icss2": "ICSS 2 (cancers of constant incidence by age)",
    "icss3": "ICSS 3 (cancers of young adults)",
}  # fmt: skip
"""International cancer survival standards (Corazziari, Quinn, Capocaccia 2004)."""


def sources(context: Context) -> list[str]:
    """Life tables that are loaded, the current ones first."""
    found = context.store.query(
        "SELECT source FROM population_table WHERE kind = 'life_table' ORDER BY NOT current, loaded_at DESC, source"
    )
    return found["source"].to_list()


def table(context: Context, source: str | None) -> tuple[str, pl.DataFrame]:
    """A life table's source and rows: region, sex, year, age, age_start_days, daily_hazard.

    Raises:
        NotReady: none is loaded. BadInput: none of this source.
    """
    known = sources(context)
    if not known:
        raise NotReady(
            "life table", "none is loaded", "load one: registry stats population load FILE --kind life-table"
        )
    if source is not None and source not in known:
        raise BadInput("life table", f"there is none of {source!r}", f"choose one of {', '.join(known)}")
    chosen = source or known[0]
    rows = context.store.query(
        """SELECT region, sex, year, age, age_start_days, daily_hazard FROM life_table WHERE source = ?
           ORDER BY region, sex, year, age""",
        [chosen],
    )
    if rows["age_start_days"].null_count() == rows.height:
        rows = rows.drop("age_start_days")
    return chosen, rows


def with_expectation(context: Context, asked: People, question: Question) -> People:
    """People for whom the life table has an expectation: `born` filled from age, `region` where the table has regions."""
    _, rows = table(context, question.life_table)
    codes = rows["sex"].unique().to_list()
    told = asked.without(pl.col("sex").cast(pl.String).is_in(codes), "sex not in the life table")
    half = ((pl.col("age").cast(pl.Float64) + 0.5) * DAYS_PER_YEAR).floor().cast(pl.Int64)
    born = pl.coalesce("born", pl.col("start") - pl.duration(days=half)).cast(pl.Date)
    frame = told.frame.with_columns(
        pl.min_horizontal(born, "start").alias("born"), pl.col("sex").cast(pl.String)
    )
    regions = set(rows["region"].unique().to_list())
    if regions != {""}:
        state = pl.col("state").cast(pl.String)
        place = pl.when(state.is_in(sorted(regions))).then(state)
        frame = frame.with_columns((place.fill_null("") if "" in regions else place).alias("region"))
        told = People(told.found, frame, told.by, told.left_out)
        return (
            told
            if "" in regions
            else told.without(pl.col("region").is_not_null(), "region not in the life table")
        )
    return People(told.found, frame, told.by, told.left_out)


def relative(context: Context, asked: People, method: str, question: Question) -> Figure:
    """The figure of one of TITLES."""
    source, rows = table(context, question.life_table)
    regional = "region" in asked.frame.columns
    expected = relative_room.life_table(rows if regional else rows.drop("region"))
    frame = asked.frame
    given: dict[str, Any] = {
        "by": "group", "period": question.window, "age_weights": question.standard,
        "strata": {"region": "region"} if regional else None,
    }  # fmt: skip
    curve = _estimates(frame, expected, method, _months(frame), given)
    return Figure(
        "survival",
        *survival_figure.published(curve, asked, "survival"),
        survival_figure.at_risk(asked, "dead"),
        notes=_notes(question),
        sentences=_sentences(method, source, question),
    )


def _estimates(
    frame: pl.DataFrame, expected: Any, method: str, at: list[float], given: dict[str, Any]
) -> pl.DataFrame:
    """Frame of group, time (half days), at_risk, events since the row before, survival, lower, upper."""
    if method == "net":
        made = relative_room.net_survival(frame, expected, at=at, **given)
    else:
        made = relative_room.relative_survival(frame, expected, method=cast("Peer", method), at=at, **given)
    before = pl.col("events").shift(1, fill_value=0).over("group")
    return made.with_columns(time=pl.col("time").cast(pl.Float64) * 2, events=pl.col("events") - before)


def _months(frame: pl.DataFrame) -> list[float]:
    longest = frame["days"].max()
    last = float(longest) if isinstance(longest, int) else 0.0
    return [DAYS_PER_MONTH * month for month in range(int(last // DAYS_PER_MONTH) + 1)]


def _notes(question: Question) -> list[str]:
    if question.window is None:
        return []
    first, last = question.window
    return [f"Only follow-up from {first} to {last} counts; numbers at risk are of everybody."]


def _sentences(method: str, source: str, question: Question) -> list[str]:
    found = [
        f"{TITLES[method]}, with 95 % limits on the log scale.",
        f"Expected survival was taken from the life table {source} by age, sex and calendar year, and by region where it has regions.",
    ]
    if question.window is not None:
        first, last = question.window
        found.append(
            f"The {question.approach} approach was used: only follow-up from {first} to {last} counts."
        )
    if question.standard:
        name = STANDARDS.get(question.standard, question.standard)
        found.append(f"Estimates were standardised by age to {name}.")
    return found
