"""Standard populations: the weights that make rates of different age structures comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from registry.analytics.incidence import ages
from registry.errors import BadInput
from registry.standards import tables

DATA = Path(__file__).parent / "data"
WEIGHTS, SOURCES = "standard_populations.csv", "standard_population_sources.csv"


@dataclass(frozen=True)
class Standard:
    """A standard population.

    Attributes:
        name: short name in results.
        age_groups: in order of age, without overlap.
        weights: one an age group, >= 0, any sum above 0.
        title: what it is called in print.
        version: year or edition.
        source: where it was published.
    """

    name: str
    age_groups: tuple[str, ...]
    weights: tuple[float, ...]
    title: str = ""
    version: str = ""
    source: str = ""


Wanted = str | Standard | pl.DataFrame


def _file(name: str) -> Path:
    """The file of a table: an installed one, else the package's own."""
    installed = tables.find(name)
    return installed if installed.is_file() else DATA / name


@cache
def standards() -> pl.DataFrame:
    """The standards known by name: standard, title, version, source; sorted by standard.

    >>> standards()["standard"].to_list()
    ['europe_2013', 'us2000', 'world_segi_doll']
    """
    return pl.read_csv(_file(SOURCES), infer_schema=False).sort("standard")


@cache
def _weights() -> pl.DataFrame:
    return pl.read_csv(_file(WEIGHTS), schema_overrides={"standard": pl.String, "age_group": pl.String})


def standard(wanted: Wanted) -> Standard:
    """A standard by name, or from a frame age_group, weight (`own` is its name then).

    Raises:
        BadInput: there is no such name, an age group cannot be read or overlaps, or a weight is no number >= 0.

    >>> us = standard("us2000")
    >>> len(us.age_groups), us.weights[0], sum(us.weights)
    (19, 3794901.0, 274633642.0)
    >>> standard(pl.DataFrame({"age_group": ["50+", "0-49"], "weight": [40, 60]})).age_groups
    ('00-49', '50+')
    """
    if isinstance(wanted, Standard):
        return wanted
    if isinstance(wanted, pl.DataFrame):
        return _own(wanted)
    row = standards().filter(pl.col("standard") == wanted)
    if row.is_empty():
        known = ", ".join(standards()["standard"])
        raise BadInput("standard population", f'"{wanted}" is not known', f"use {known} or a file")
    one = _own(_weights().filter(pl.col("standard") == wanted))
    title, version, source = row.select("title", "version", "source").row(0)
    return Standard(wanted, one.age_groups, one.weights, title, version, source)


def _own(frame: pl.DataFrame) -> Standard:
    if missing := [name for name in ("age_group", "weight") if name not in frame.columns]:
        raise BadInput(
            "standard population", f"there is no column {', '.join(missing)}", "give age_group, weight"
        )
    weights = frame["weight"].cast(pl.Float64, strict=False)
    if (
        not len(weights)
        or not (weights.is_finite() & (weights >= 0)).fill_null(False).all()
        or not weights.sum()
    ):
        raise BadInput("standard population", "the weights are not all numbers of at least 0, or are all 0")
    texts = frame["age_group"].cast(pl.String).to_list()
    named = ages.order("" if text is None else text for text in texts)
    if len(named) != len(texts):
        raise BadInput("standard population", "an age group stands there twice")
    place = {ages.bounds(group): number for number, group in enumerate(named)}
    values = [0.0] * len(named)
    for text, weight in zip(texts, weights, strict=True):
        values[place[ages.bounds(text)]] = float(weight)
    return Standard("own", tuple(named), tuple(values))


def fitted(wanted: Wanted, groups: Sequence[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """A standard brought to the age groups of some counts.

    Args:
        wanted: the standard.
        groups: age groups of the counts, in order of age; they may be finer or coarser than the standard's, and
            cover a part of all ages: the standard's weights of that part are used then.

    Returns:
        The shared age groups; their weights, summing to 1; and the 0/1 matrix [shared, groups] that adds
        up counts to them.

    Raises:
        BadInput: the boundaries do not fit, or the standard has no weight at these ages.

    >>> shared, weights, matrix = fitted("us2000", ["00-04", "05-09", "10+"])
    >>> shared, weights.round(4).tolist(), matrix.shape
    (['00-04', '05-09', '10+'], [0.0691, 0.0725, 0.8583], (3, 3))
    """
    one = standard(wanted)
    spans = ages.common(groups, one.age_groups)
    weights = ages.membership(one.age_groups, spans) @ np.array(one.weights)
    if not weights.sum() > 0:
        raise BadInput(
            "standard population", f"{one.name} has no weight at these ages", "choose another standard"
        )
    return [ages.name(*span) for span in spans], weights / weights.sum(), ages.membership(groups, spans)
