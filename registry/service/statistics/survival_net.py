"""Net and relative survival: the life table that people are compared with, and the figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import polars as pl

from registry.analytics import relative as relative_room
from registry.analytics.disclosure.marked_curve import publish_marked_curve
from registry.errors import BadInput, NotReady
from registry.service.statistics import survival_causes, survival_figure
from registry.service.statistics.survival_figure import Figure
from registry.service.statistics.survival_groups import DAYS_PER_MONTH, DAYS_PER_YEAR, People

if TYPE_CHECKING:
    from registry.analytics.relative.life_table import LifeTable
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
    source, expected, given = expectation(context, asked, question)
    given = {**given, "by": "group", "age_weights": question.standard}
    curve = _estimates(asked.frame, expected, method, months(asked.frame), given)
    return Figure(
        "survival",
        *survival_figure.published(curve, asked, "survival"),
        at_risk(curve, asked, question),
        notes=notes(question),
        sentences=[f"{TITLES[method]}, with 95 % limits on the log scale.", *basis(source, question)],
    )


def conditional(context: Context, asked: People, question: Question) -> Figure:
    """Net survival of those who lived `given` years already; years count from diagnosis."""
    source, expected, given = expectation(context, asked, question)
    begin = question.given * DAYS_PER_YEAR
    left = asked.frame.filter(pl.col("days") >= begin).with_columns(pl.col("days") - begin)
    made = relative_room.conditional_net_survival(
        asked.frame, expected, after=[begin], further=months(left), by="group", **given
    )
    curve = made.select(
        "group", (2 * (pl.col("after") + pl.col("further"))).alias("time"), pl.col("at_risk_then").alias("at_risk"),
        _since("events"), "survival", "lower", "upper",
    )  # fmt: skip
    years: list[float] = [year for year in survival_figure.YEARS if year > question.given]
    return Figure(
        "survival",
        *survival_figure.published(curve, asked, "survival", years=years or [question.given + 1]),
        at_risk(curve, asked, question),
        notes=notes(question),
        sentences=[
            f"Net survival of those alive {question.given:g} years after diagnosis was estimated as the ratio of net survival "
            "(Pohar Perme, in daily steps) later to that at that time, with 95 % limits on the log scale.",
            *basis(source, question),
        ],
    )


def crude_probability(context: Context, asked: People, question: Question) -> Figure:
    """Probability of death of the cancer and of other causes, without knowing causes of death."""
    source, expected, given = expectation(context, asked, question)
    made = relative_room.crude_probability(asked.frame, expected, by="group", at=months(asked.frame), **given)
    told = {"incidence": "", "std_error": "_se", "lower": "_lower", "upper": "_upper"}
    curve = made.select(
        "group", pl.col("time") * 2, "at_risk", _since("events"),
        *(pl.col(f"{cause}{end}").alias(f"{name}_{place}")
          for place, cause in enumerate(("cancer", "population")) for name, end in told.items()),
    )  # fmt: skip
    shown = publish_marked_curve(
        curve, [survival_figure.HALF_DAYS * year for year in survival_figure.YEARS], "group", asked.found.rule,
        values=[name for name in curve.columns if name[-2:] in ("_0", "_1")],
    )  # fmt: skip
    points, marked = (survival_causes.by_cause(frame, ["std_error"]) for frame in shown)
    return Figure(
        "incidence",
        points,
        marked,
        at_risk(curve, asked, question),
        notes=notes(question),
        sentences=[
            "The crude probability of death of this cancer, and of other causes, each in the presence of the other, was "
            "estimated by Cronin and Feuer in daily steps, with plain 95 % limits; causes of death were not used: deaths "
            "beyond those expected are counted as of the cancer.",
            *basis(source, question),
        ],
    )


def expectation(context: Context, asked: People, question: Question) -> tuple[str, LifeTable, dict[str, Any]]:
    """The life table's source, the table, and what every method that compares with it takes: period, strata."""
    source, rows = table(context, question.life_table)
    regional = "region" in asked.frame.columns
    expected = relative_room.life_table(rows if regional else rows.drop("region"))
    return source, expected, {
        "period": question.window, "strata": {"region": "region"} if regional else None,
    }  # fmt: skip


def at_risk(curve: pl.DataFrame, asked: People, question: Question) -> pl.DataFrame:
    """Numbers beneath the curve: of those under observation in the window of follow-up, where there is one."""
    if question.window is None:
        return survival_figure.at_risk(asked, "dead")
    return survival_figure.at_risk_within(curve, asked)


def _estimates(
    frame: pl.DataFrame, expected: Any, method: str, at: list[float], given: dict[str, Any]
) -> pl.DataFrame:
    """Frame of group, time (half days), at_risk, events since the row before, survival, lower, upper."""
    if method == "net":
        made = relative_room.net_survival(frame, expected, at=at, **given)
    else:
        made = relative_room.relative_survival(frame, expected, method=cast("Peer", method), at=at, **given)
    return made.with_columns(_since("events"), time=pl.col("time").cast(pl.Float64) * 2)


def _since(name: str) -> pl.Expr:
    """Counts up to each time as counts since the row before."""
    return pl.col(name) - pl.col(name).shift(1, fill_value=0).over("group")


def months(frame: pl.DataFrame) -> list[float]:
    """Whole months from 0 to the longest follow-up, in days."""
    longest = frame["days"].max()
    last = float(longest) if isinstance(longest, int | float) else 0.0
    return [DAYS_PER_MONTH * month for month in range(int(last // DAYS_PER_MONTH) + 1)]


def notes(question: Question) -> list[str]:
    """What a window of follow-up means for the figure."""
    if question.window is None:
        return []
    first, last = question.window
    return [
        f"Only follow-up from {first} to {last} counts; numbers at risk are of those under observation then."
    ]


def basis(source: str, question: Question) -> list[str]:
    """For the methods text: the life table, the approach and the age standard."""
    found = [
        f"Expected survival was taken from the life table {source} by age, sex and calendar year, and by region where it has regions.",
    ]
    if question.window is not None:
        first, last = question.window
        found.append(
            f"The {question.approach} approach was used: only follow-up from {first} to {last} counts."
        )
    if question.standard:
        name = STANDARDS.get(question.standard, question.standard)
        first = relative_room.age_weights(question.standard).age_from[0]
        found.append(
            f"Estimates were standardised by age to {name}; people younger than {first:g} were left out, and a group with nobody "
            "in one of the age groups was standardised over the others."
        )
    return found
