"""Cases and person-years of a table of rates as arrays: one axis a division, ages last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from registry.analytics.incidence import counted
from registry.analytics.stages import GROUPS as STAGES
from registry.errors import BadInput
from registry.service.statistics import denominators
from registry.service.statistics.denominators import People
from registry.service.statistics.study import Study

BY: Final = ("site_group", "year", "sex", "race", "state", "county", "stage")
ALSO_CALLED: Final = {"site": "site_group", "age": "age_group"}
"""The words that survival and outcomes use for the same divisions."""
"""Divisions of a table of rates; age_group besides."""
OF_PEOPLE: Final = ("year", "sex", "race", "state", "county")
MOST_ROWS: Final = 300_000
SEX_OF_SITE: Final = {
    **dict.fromkeys(("Prostate", "Testis", "Penis", "Other Male Genital Organs"), "1"),
    **dict.fromkeys(
        ("Cervix Uteri", "Corpus and Uterus, NOS", "Ovary", "Vagina", "Vulva", "Other Female Genital Organs"),
        "2",
    ),
}
"""Sites that one sex has: their rates are of the people of that sex."""


@dataclass(frozen=True)
class Axis:
    """One division: its columns in the result, its levels in order, and their labels by column."""

    name: str
    labels: dict[str, list[Any]]

    @property
    def size(self) -> int:
        """Number of levels."""
        return len(next(iter(self.labels.values())))


@dataclass(frozen=True)
class RateCells:
    """What rates are made of.

    Attributes:
        study: with the flow continued to the tumors counted here.
        people: the population.
        axes: the divisions, in the order asked for.
        counts: [*axes, ages]. population: [*axes, ages], NaN = no denominator.
        missing: what has no denominator: frame[what, reason].
    """

    study: Study
    people: People
    axes: list[Axis]
    counts: np.ndarray
    population: np.ndarray
    missing: pl.DataFrame

    def keys(self) -> pl.DataFrame:
        """The divisions of every cell, in the order of the arrays."""
        sizes = [axis.size for axis in self.axes]
        if not sizes:
            return pl.DataFrame()
        places = np.indices(sizes).reshape(len(sizes), -1)
        return pl.DataFrame(
            {
                name: pl.Series(name, labels, dtype=pl.Int64 if name == "year" else pl.String).gather(place)
                for axis, place in zip(self.axes, places, strict=True)
                for name, labels in axis.labels.items()
            }
        )


def divisions(by: str | Sequence[str]) -> list[str]:
    """Names of divisions, by whichever word they were asked for.

    >>> divisions(["site", "year"]), divisions("age")
    (['site_group', 'year'], ['age_group'])
    """
    return [ALSO_CALLED.get(name, name) for name in ([by] if isinstance(by, str) else by)]


def rate_cells(study: Study, people: People, by: list[str]) -> RateCells:
    """Count a study's tumors and bring the population to the same divisions.

    Raises:
        BadInput: an unknown division, or a table that would be too large.
    """
    if unknown := [name for name in by if name not in BY]:
        raise BadInput("rates", f"cannot divide by {unknown[0]!r}", f"use {', '.join(BY)}, age_group")
    by = [name for name in by if name != "state" or "county" not in by]
    years = _years(study, people)
    frame, flow, missing, years = _countable(study, people, by, years)
    axes = [_axis(name, frame, study, people, years) for name in by]
    sizes = [axis.size for axis in axes]
    counted_study = replace(study, frame=frame, flow=flow)
    if np.prod(sizes, dtype=float) > MOST_ROWS:
        raise BadInput("rates", f"the table would have more than {MOST_ROWS:,} rows", "divide by less")
    if not all(sizes):
        nobody = np.zeros((*sizes, len(people.age_groups)))
        return RateCells(counted_study, people, axes, nobody, nobody, missing)
    codes = [_codes(axis, frame) for axis in axes]
    age = frame["age_group"].cast(pl.String).replace_strict(
        {group: place for place, group in enumerate(people.age_groups)}, return_dtype=pl.Int8
    )  # fmt: skip
    counts = counted([*codes, age.to_numpy()], [*sizes, len(people.age_groups)])
    population = _population(people, axes, years, sex_of(study), [int(year) for year in missing["what"]])
    return RateCells(counted_study, people, axes, counts, population, missing)


def sex_of(study: Study) -> str | None:
    """The sex that has the sites asked for, when it is one sex that has all of them."""
    sexes = {SEX_OF_SITE.get(site) for site in study.cohort.sites}
    return sexes.pop() if len(sexes) == 1 else None


def _years(study: Study, people: People) -> list[int]:
    """Years of the table: those asked for, else those with tumors; none after the day asked about."""
    low, high = study.cohort.years
    seen = study.frame["year"].drop_nulls()
    first = low if low is not None else (int(seen.min()) if len(seen) else 1)  # type: ignore[arg-type]
    last = high if high is not None else (int(seen.max()) if len(seen) else 0)  # type: ignore[arg-type]
    return list(range(first, min(last, study.as_of.year) + 1))


def _countable(
    study: Study, people: People, by: list[str], years: list[int]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, list[int]]:
    """Tumors that have a place in the table, the flow to them, what has no denominator, and the years of the table."""
    known = set(people.rows["year"])
    if not {"county", "year", "sex"} <= set(by):  # sums over places would be of some of them only
        known -= set(people.partial)
    frame, asked = study.frame, years
    if "year" not in by and people.source != denominators.NONE:
        years = [year for year in years if year in known]
    places = ("state", "county") if "county" in by else ("state",) if "state" in by else ()
    needed = [name for name in by if name in ("race", "stage")] + list(places)
    males, females = ([site for site, own in SEX_OF_SITE.items() if own == sex] for sex in denominators.SEXES)
    sex, site = frame["sex"].cast(pl.String), frame["site_group"]
    steps = [
        ("sex not known as male or female", sex.is_in(denominators.SEXES)),
        ("a sex that does not have the site", ~((_is_one(site, males) & (sex == "2")) | (_is_one(site, females) & (sex == "1")))),
        ("age not known", frame["age_group"].is_not_null()),
        ("year of diagnosis without a place in the table", frame["year"].is_in(years)),
        *((f"{name} not known", frame[name].is_not_null()) for name in needed),
        ("age outside the age groups", _is_one(frame["age_group"], people.age_groups)),
        ("living outside the population's area", _inside(frame, people, by_county="county" in by)),
    ]  # fmt: skip
    flow, before = [*study.flow.rows()], frame.height
    left = pl.repeat(True, frame.height, eager=True)
    for reason, kept in steps:
        left = left & kept.fill_null(False)
        now = int(left.sum())
        flow.append((len(flow), reason, before - now, now))
        before = now
    columns = dict.fromkeys(["year", "age_group", "site_group", *by, *places])
    frame = frame.select(columns.keys()).filter(left)
    if people.source == denominators.NONE:
        absent = "no population is loaded (registry stats population load FILE --source NAME)"
    else:
        absent = f"{people.source} has no population of this year"
    rows = [
        (str(year), f"{people.source} has {people.partial[year]}" if year in people.partial else absent)
        for year in asked
        if year not in known
    ]
    missing = pl.DataFrame(rows, schema={"what": pl.String, "reason": pl.String}, orient="row")
    return frame, pl.DataFrame(flow, schema=study.flow.schema, orient="row"), missing, years


def _is_one(column: pl.Series, wanted: Sequence[str]) -> pl.Series:
    """Whether values are among these: the categories are looked up, not the rows."""
    if not isinstance(column.dtype, pl.Enum):
        return column.cast(pl.String).is_in(list(wanted))
    found = np.array([*(name in set(wanted) for name in column.dtype.categories), False])
    return pl.Series(found[column.to_physical().fill_null(len(found) - 1).to_numpy()])


def _inside(frame: pl.DataFrame, people: People, *, by_county: bool) -> pl.Series:
    """Which tumors live in the population's area."""
    pairs = frame.select("state", "county").unique()
    texts = pairs.select(pl.col("state", "county").cast(pl.String))
    belongs = denominators.inside(texts, people.area, by_county=by_county)
    if belongs.all():
        return pl.repeat(True, frame.height, eager=True)
    joined = frame.select("state", "county").join(
        pairs.with_columns(belongs),
        on=["state", "county"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return joined["inside"]


def _axis(name: str, frame: pl.DataFrame, study: Study, people: People, years: list[int]) -> Axis:
    """The levels of one division, also those without tumors."""
    if name == "year":
        return Axis(name, {"year": years})
    if name in ("state", "county") and people.source == denominators.NONE:
        columns = ["state", "county"][: 2 if name == "county" else 1]
        places = frame.select(pl.col(columns).cast(pl.String)).unique().sort(columns)
        return Axis(name, {column: places[column].to_list() for column in columns})
    if name == "county":
        places = people.area.sort("state", "county")
        return Axis(name, {"state": places["state"].to_list(), "county": places["county"].to_list()})
    if name == "state":
        return Axis(name, {"state": people.area["state"].unique().sort().to_list()})
    present = [value for value in frame[name].cast(pl.String).unique().to_list() if value is not None]
    if name == "sex":
        only = sex_of(study)
        wanted = [only] if only else study.cohort.sexes or denominators.SEXES
        return Axis(name, {"sex": [sex for sex in denominators.SEXES if sex in wanted]})
    if name == "race":
        known = set(people.rows["race"].unique()) - {""}
        order = [*frame.schema["race"].categories.to_list(), "Other"]  # type: ignore[attr-defined]
        return Axis(name, {"race": [race for race in order if race in known | set(present)]})
    if name == "stage":
        return Axis(name, {"stage": [stage for stage in STAGES if stage in present]})
    levels = sorted(set(present) | set(study.cohort.sites))
    return Axis(name, {"site_group": levels})


def _codes(axis: Axis, frame: pl.DataFrame) -> np.ndarray:
    """Place of each tumor among the levels of a division."""
    if axis.name == "county":
        levels = pl.DataFrame(axis.labels).with_row_index("_place")
        pairs = frame.select("state", "county").unique()
        named = pairs.with_columns(pl.col("state", "county").cast(pl.String).name.suffix("_text")).join(
            levels, left_on=["state_text", "county_text"], right_on=["state", "county"]
        )
        return (
            frame.select("state", "county")
            .join(named.select("state", "county", "_place"), on=["state", "county"], how="left", maintain_order="left")
            ["_place"].to_numpy().astype(np.int32)
        )  # fmt: skip
    labels = axis.labels[axis.name]
    if axis.name == "year":
        return (
            (frame["year"].cast(pl.Int32) - labels[0]).to_numpy() if labels else np.zeros(0, dtype=np.int32)
        )
    places = {value: place for place, value in enumerate(labels)}
    column = frame[axis.name]
    if isinstance(column.dtype, pl.Enum):  # the few categories are looked up, not the many rows
        table = np.array(
            [places.get(value, -1) for value in column.dtype.categories.to_list()], dtype=np.int32
        )
        return table[column.to_physical().to_numpy()]
    return column.cast(pl.String).replace_strict(places, return_dtype=pl.Int32).to_numpy()


def _population(
    people: People, axes: list[Axis], years: list[int], sex: str | None, without: list[int]
) -> np.ndarray:
    """Person-years on the axes; an axis that people are not divided by has length 1, unless sites have a sex."""
    rows = people.rows if sex is None else people.rows.filter(pl.col("sex") == sex)
    rows = rows.filter(pl.col("year").is_in(years) & ~pl.col("year").is_in(without))
    names = [name for axis in axes if axis.name in OF_PEOPLE for name in axis.labels]
    shape = [axis.size if axis.name in OF_PEOPLE else 1 for axis in axes]
    site = next((place for place, axis in enumerate(axes) if axis.name == "site_group"), None)
    both = _filled(rows, axes, names, shape, people.age_groups)
    if site is None:
        return both
    labels = axes[site].labels["site_group"]
    by_sex = any(axis.name == "sex" for axis in axes)
    slices = []
    for label in labels:
        own = SEX_OF_SITE.get(label)
        if own is None:
            slices.append(both)
        elif by_sex:  # the other sex has no such organ: no row
            place = next(number for number, axis in enumerate(axes) if axis.name == "sex")
            wrong = np.array([value != own for value in axes[place].labels["sex"]])
            part = both.copy()
            part[(slice(None),) * place + (wrong,)] = np.nan
            slices.append(part)
        else:
            slices.append(_filled(rows.filter(pl.col("sex") == own), axes, names, shape, people.age_groups))
    return np.concatenate(slices, axis=site)


def _filled(
    rows: pl.DataFrame, axes: list[Axis], names: list[str], shape: list[int], groups: list[str]
) -> np.ndarray:
    """Sums of the population's rows on the axes; NaN where it has none."""
    summed = rows.group_by([*names, "age_group"]).agg(pl.col("population").sum())
    where: list[np.ndarray] = []
    for axis, size in zip(axes, shape, strict=True):
        if axis.name not in OF_PEOPLE:
            where.append(np.zeros(summed.height, dtype=np.int64))
            continue
        levels = pl.DataFrame(axis.labels, schema_overrides={"year": pl.Int32}).with_row_index("_place")
        levels = (
            levels.with_columns(pl.col("year").cast(summed.schema["year"]))
            if "year" in axis.labels
            else levels
        )
        found = summed.join(levels, on=list(axis.labels), how="left", maintain_order="left")["_place"]
        where.append(found.fill_null(size).to_numpy().astype(np.int64))
    ages = summed["age_group"].replace_strict(
        {group: place for place, group in enumerate(groups)}, return_dtype=pl.Int64
    )
    table = np.full(
        (*(size + 1 for size in shape), len(groups)), np.nan
    )  # one level more for what is not asked for
    table[(*where, ages.to_numpy())] = summed["population"].to_numpy()
    return table[tuple(slice(size) for size in shape)]
