"""What survival is compared by, and the study behind a survival figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.analytics import cohorts
from registry.analytics.stages import comparability
from registry.errors import BadInput
from registry.service.statistics.study import Definition, Study, study

if TYPE_CHECKING:
    from registry.service.operations import Context

TOO_SMALL = "in no group that is large enough to be shown"
DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
SEXES = {"1": "Male", "2": "Female", "9": "Unknown"}
AGES = {0: "0-14", 15: "15-44", 45: "45-54", 55: "55-64", 65: "65-74", 75: "75+"}
"""First age → group, as the standards for survival cut it."""
PERIOD = 5
MOST_BY = 3
"""Things that can be compared by at once."""
TITLES = {
    "site": "Site", "stage": "Stage", "sex": "Sex", "race": "Race", "hispanic": "Hispanic origin", "age": "Age",
    "year": "Year of diagnosis", "period": "Period of diagnosis", "state": "State", "county": "County",
    "grade": "Grade", "ajcc": "AJCC stage group", "facility": "Facility",
}  # fmt: skip
_COLUMNS = {
    "site": "site_group", "hispanic": "hispanic", "period": "year", "ajcc": "ajcc_group",
    **{name: name for name in ("stage", "sex", "race", "age", "year", "state", "county", "grade", "facility")},
}  # fmt: skip
"""What is compared by → column of the analysis frame."""


@dataclass(frozen=True)
class People:
    """Those in a survival figure, each in a group.

    Attributes:
        found: the study. frame: its rows with `group` (Enum in the groups' own order) and `half_days` (Int32).
        by: what is compared by; empty for all together. left_out: people in groups below the threshold, or in none.
    """

    found: Study
    frame: pl.DataFrame
    by: list[str]
    left_out: int

    @property
    def notes(self) -> list[str]:
        """Sentences on stages of several manuals, and on those who are in no group that is shown."""
        found = []
        if "stage_era" in self.frame.columns:
            eras = self.frame["stage_era"].drop_nulls().unique().cast(pl.String).sort().to_list()
            found = [comparability(eras)]
        if self.left_out:
            found.append(
                "People without a value to compare by, and groups below the threshold, are not shown."
            )
        return [text for text in found if text]

    @property
    def left_out_shown(self) -> int | None:
        """How many are in no group that is shown; None when that is a small number."""
        return None if 0 < self.left_out < self.found.rule.threshold else self.left_out

    def without(self, stays: pl.Expr, reason: str) -> People:
        """The same without some people, told as a further step of the flow."""
        kept = self.frame.filter(self.frame.select(stays.alias("stays")).to_series())
        found = self.found.stepped(kept, reason)
        return of_large_groups(found, self.by, self.left_out)

    @property
    def groups(self) -> list[str]:
        """Groups in order."""
        kind = self.frame["group"].dtype
        assert isinstance(kind, pl.Enum)
        return list(kind.categories)


def people(
    context: Context,
    cohort: Definition,
    by: str | Sequence[str] | None,
    *,
    columns: Sequence[str] = (),
    as_of: str | dt.date | None = None,
    profile: str = "default",
    **selection: Any,
) -> People:
    """The people of a survival figure.

    Args:
        columns: of the analysis frame, kept beside those of follow-up. selection: see `narrowed`.

    Raises:
        BadInput: nothing can be compared by this, or a selected value is unknown.
    """
    wanted = compared(by)
    if "facility" in {*wanted, *columns} and not context.actor.sees_identifiers:
        raise BadInput(
            "survival", "your role does not see which hospital reported", "compare by something else"
        )
    chosen = narrowed(**selection)
    if "stage" in wanted or chosen["stages"]:
        columns = [*columns, "stage_era"]
    found = study(
        context, cohort, as_of=as_of, profile=profile, follow_up=True, default=cohorts.SURVIVAL,
        columns=[*(_COLUMNS[name] for name in wanted), *columns], **chosen,
    )  # fmt: skip
    labelled = found.frame.with_columns(
        grouped(found.frame, wanted).alias("group"),
        pl.when(pl.col("days") == 0).then(1).otherwise(2 * pl.col("days")).cast(pl.Int32).alias("half_days"),
    )
    return of_large_groups(replace(found, frame=labelled), wanted)


def of_large_groups(found: Study, by: list[str], left_out: int = 0) -> People:
    """Those of the study who are in groups that may be shown; the others are a step of the flow, so that nobody can tell
    their number from the difference.
    """
    shown = large(found.frame, found.rule.threshold)
    gone = found.frame.height - shown.height
    found = found.stepped(shown, TOO_SMALL)
    return People(found, shown, by, left_out + gone)


def columns_of(by: Sequence[str]) -> list[str]:
    """Columns of the analysis frame that these comparisons read."""
    return [_COLUMNS[name] for name in by]


def compared(by: str | Sequence[str] | None) -> list[str]:
    """What is compared by, as a list of at most three known words."""
    wanted = [] if by is None or by == "" else [by] if isinstance(by, str) else list(by)
    wanted = [{"site_group": "site", "age_group": "age"}.get(name, name) for name in wanted]
    for name in wanted:
        if name not in TITLES:
            raise BadInput("survival", f"cannot compare by {name!r}", f"choose one of {', '.join(TITLES)}")
    if len(wanted) > MOST_BY or len(set(wanted)) < len(wanted):
        raise BadInput("survival", "at most three different things can be compared by", "choose one to three")
    return wanted


def grouped(frame: pl.DataFrame, by: list[str]) -> pl.Series:
    """The group of each row: an Enum in the order of the groups that occur; null where a value is unknown."""
    if not by:
        return pl.Series("group", ["All"], pl.Enum(["All"])).new_from_index(0, frame.height)
    parts = [_present(_labels(frame[_COLUMNS[name]], name)) for name in by]
    label = parts[0]
    for part in parts[1:]:
        outer, inner = (categories(one) for one in (label, part))
        code = label.to_physical().cast(pl.UInt32) * len(inner) + part.to_physical().cast(pl.UInt32)
        label = _present(code.cat.to(pl.Enum([f"{a}, {b}" for a in outer for b in inner])))
    return label


def _present(labels: pl.Series) -> pl.Series:
    """The same with those categories only that occur, in their order."""
    every = categories(labels)
    codes = labels.to_physical().cast(pl.UInt32)
    seen = codes.drop_nulls().unique().sort()
    if len(seen) == len(every):
        return labels
    places = pl.Series([0] * max(len(every), 1), dtype=pl.UInt32).scatter(seen, range(len(seen)))
    return places.gather(codes).cat.to(pl.Enum([every[place] for place in seen]))


def categories(labels: pl.Series) -> list[str]:
    """Categories of an Enum column, in order."""
    assert isinstance(labels.dtype, pl.Enum)
    return list(labels.dtype.categories)


def _labels(values: pl.Series, name: str) -> pl.Series:
    """An Enum of words in their natural order."""
    if name == "sex":
        codes = values.cast(pl.Enum(list(SEXES)))  # text where a life table was asked
        return codes.to_physical().cat.to(pl.Enum(list(SEXES.values())))
    if name == "age":
        starts = list(AGES)
        place = values.to_frame("age").select(
            pl.when(pl.col("age").is_not_null()).then(
                pl.sum_horizontal(*((pl.col("age") >= start).cast(pl.UInt8) for start in starts[1:]))
            )
        )
        return place.to_series().cast(pl.UInt8).cat.to(pl.Enum(list(AGES.values())))
    if name in ("year", "period"):
        return _years(values, PERIOD if name == "period" else 1)
    if isinstance(values.dtype, pl.Enum):
        return values
    words = values.unique().drop_nulls().cast(pl.String).sort()
    return values.cast(pl.Enum(words))


def _years(values: pl.Series, size: int) -> pl.Series:
    """Years, or spans of years that end in 4 and 9."""
    low, high = values.min(), values.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return pl.Series("group", [None], pl.Enum([])).new_from_index(0, len(values))
    first = low // size * size
    names = [str(year) if size == 1 else f"{year}-{year + size - 1}" for year in range(first, high + 1, size)]
    return ((values.cast(pl.Int32) - first) // size).cast(pl.UInt32).cat.to(pl.Enum(names))


def large(frame: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Without groups below the threshold, and without those in no group."""
    group = frame["group"]
    names = categories(group)
    codes = group.to_physical().cast(pl.UInt32)
    counts = codes.drop_nulls().value_counts()
    small = counts.filter(pl.col("count") < threshold)
    if small.is_empty() and not group.null_count() and counts.height == len(names):
        return frame
    shown = counts.filter(pl.col("count") >= threshold)[codes.name].to_list()
    kept = frame.filter(codes.is_in(pl.Series(shown, dtype=pl.UInt32).implode()).fill_null(False))
    labels = _present(kept["group"]) if len(shown) < len(names) else kept["group"]
    return kept.with_columns(labels.alias("group"))


def narrowed(
    *,
    site: str | None = None,
    sex: str | None = None,
    stage: str | None = None,
    sites: Sequence[str] | None = None,
    sexes: Sequence[str] | None = None,
    stages: Sequence[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
) -> dict[str, Any]:
    """A question's own selection as attributes of `Cohort`; None = as the cohort says.

    >>> narrowed(sex="Female", year_from=2010)
    {'sites': None, 'sexes': ['2'], 'stages': None, 'years': [2010, None]}
    """
    words = {word: code for code, word in SEXES.items()}
    chosen = {
        name: [one] if one else list(several) if several else None
        for name, one, several in (("sites", site, sites), ("sexes", sex, sexes), ("stages", stage, stages))
    }
    if chosen["sexes"]:
        chosen["sexes"] = [words.get(word, word) for word in chosen["sexes"]]
    return {**chosen, "years": None if year_from is None and year_to is None else [year_from, year_to]}
