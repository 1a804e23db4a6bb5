"""Two age-adjusted rates compared: their ratio and their difference, with limits.

Sources: log-normal limits: Breslow NE, Day NE, Statistical Methods in Cancer Research II, IARC 1987, chapter 2; F limits:
Fay MP, Approximate confidence intervals for rate ratios from directly standardized rates with sparse data, Commun Stat
Theory Methods 1999;28:2141-2160, with the smaller addition of Tiwari RC, Clegg LX, Zou Z, Stat Methods Med Res
2006;15:547-569 (SEER*Stat's choice); limits of a difference from those of its terms: Zou GY, Donner A, Construction of
confidence limits about effect measures, Stat Med 2008;27:1693-1702.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.analytics.incidence.cells import columns_of
from registry.errors import BadInput

Ratio = Literal["log-normal", "f-tiwari", "f-fay"]
Difference = Literal["normal", "mover"]


def rate_ratios(
    rates: pl.DataFrame,
    reference: Mapping[str, Any],
    by: By = None,
    method: Ratio = "log-normal",
    level: float = 0.95,
) -> pl.DataFrame:
    """Each rate divided by the reference rate of its group.

    Args:
        rates: result of `age_adjusted_rates` (for the F limits) or `crude_rates`.
        reference: the row compared with: column -> value, such as {"year": 2000}.
        by: columns within which rows are compared (the standard is always one of them when it is a column).
        method: limits: log-normal; f-tiwari or f-fay, which also hold for small counts.
        level: confidence level.

    Returns:
        All rows but the references, in their order: columns of `rates` up to rate, and reference_rate, rate_ratio,
        lower, upper. Null where a rate is 0 (log-normal), or the reference is 0 or missing.

    Raises:
        BadInput: no row is the reference, a group has two, or there is no such method.

    >>> rates = pl.DataFrame({"year": [2000, 2020], "rate": [50.0, 40.0], "se": [2.0, 1.5]})
    >>> rate_ratios(rates, {"year": 2000}).select(pl.col("rate_ratio", "lower", "upper").round(4)).row(0)
    (0.8, 0.7185, 0.8908)
    """
    pairs = _paired(rates, reference, by)
    top, bottom = pairs["rate"].to_numpy(), pairs["reference_rate"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(bottom > 0, top / bottom, np.nan)
    if method == "log-normal":
        lower, upper = _log_normal(pairs, ratio, level)
        ratio = np.where(top > 0, ratio, np.nan)
    elif method in ("f-tiwari", "f-fay"):
        lower, upper = _f_limits(pairs, method, level)
    else:
        raise BadInput("rate ratio", f'"{method}" is no kind of limits', "use log-normal, f-tiwari or f-fay")
    return _answer(pairs, rates, {"rate_ratio": ratio, "lower": lower, "upper": upper})


def rate_differences(
    rates: pl.DataFrame,
    reference: Mapping[str, Any],
    by: By = None,
    method: Difference = "normal",
    level: float = 0.95,
) -> pl.DataFrame:
    """Each rate less the reference rate of its group; arguments as in `rate_ratios`.

    Args:
        rates: result of `age_adjusted_rates` or `crude_rates`.
        reference: the row compared with.
        by: columns within which rows are compared.
        method: limits: normal, or mover (from the limits of both rates, for small counts).
        level: confidence level (that of the rates' own limits with mover).

    Returns:
        As `rate_ratios`, with difference, lower, upper in the unit of the rates.

    >>> rates = pl.DataFrame({"year": [2000, 2020], "rate": [50.0, 40.0], "se": [2.0, 1.5]})
    >>> rate_differences(rates, {"year": 2000}).select(pl.col("difference", "lower", "upper").round(3)).row(0)
    (-10.0, -14.9, -5.1)
    """
    pairs = _paired(rates, reference, by)
    top, bottom = pairs["rate"].to_numpy(), pairs["reference_rate"].to_numpy()
    gap = top - bottom
    if method == "normal":
        width = _z(level) * np.hypot(pairs["se"].to_numpy(), pairs["reference_se"].to_numpy())
        lower, upper = gap - width, gap + width
    elif method == "mover":
        high = "upper_tiwari" if "upper_tiwari" in rates.columns else "upper"
        columns_of(pairs, ["lower", high])
        own, other = (
            (pairs[f"{prefix}lower"].to_numpy(), pairs[prefix + high].to_numpy())
            for prefix in ("", "reference_")
        )
        lower = gap - np.hypot(top - own[0], other[1] - bottom)
        upper = gap + np.hypot(own[1] - top, bottom - other[0])
    else:
        raise BadInput("rate difference", f'"{method}" is no kind of limits', "use normal or mover")
    return _answer(pairs, rates, {"difference": gap, "lower": lower, "upper": upper})


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def _paired(rates: pl.DataFrame, reference: Mapping[str, Any], by: By) -> pl.DataFrame:
    """Rows that are not references beside the reference of their group (columns reference_...)."""
    columns_of(rates, [*reference, *names(by), "rate", "se"])
    within = [*names(by)]
    if "standard" in rates.columns and "standard" not in within:
        within.append("standard")
    same = pl.all_horizontal(
        pl.col(column).cast(pl.String) == str(value) for column, value in reference.items()
    )
    marked = rates.with_columns(same.fill_null(False).alias("_reference"))
    chosen, rest = marked.filter("_reference").drop("_reference"), marked.filter(~pl.col("_reference"))
    if chosen.is_empty():
        asked = ", ".join(f"{column} {value}" for column, value in reference.items())
        raise BadInput("rate comparison", f"there is no reference row with {asked}")
    if chosen.select(within).is_duplicated().any() if within else chosen.height > 1:
        raise BadInput("rate comparison", "a group has two reference rows", "name more columns")
    measured = [name for name in chosen.columns if name not in within and chosen.schema[name].is_numeric()]
    other = chosen.select(
        *within, *(pl.col(name).cast(pl.Float64).alias(f"reference_{name}") for name in measured)
    )
    if not within:
        return rest.drop("_reference").join(other, how="cross")
    return rest.drop("_reference").join(other, on=within, how="left", nulls_equal=True, maintain_order="left")


def _log_normal(pairs: pl.DataFrame, ratio: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    top, bottom = pairs["rate"].to_numpy(), pairs["reference_rate"].to_numpy()
    both = (top > 0) & (bottom > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.hypot(pairs["se"].to_numpy() / top, pairs["reference_se"].to_numpy() / bottom)
        factor = np.exp(_z(level) * spread)
        return np.where(both, ratio / factor, np.nan), np.where(both, ratio * factor, np.nan)


def _f_limits(pairs: pl.DataFrame, method: str, level: float) -> tuple[np.ndarray, np.ndarray]:
    """F limits; what the upper limit of each rate adds stands in the columns room and room_square."""
    from scipy.special import fdtri

    kind = method.removeprefix("f-")
    add, add_square = f"room_{kind}", f"room_square_{kind}"
    columns_of(pairs, [add, add_square])
    (value, variance, room, square), (low, low_variance, low_room, low_square) = (
        [pairs[prefix + name].to_numpy() for name in ("rate", "se", add, add_square)]
        for prefix in ("", "reference_")
    )
    variance, low_variance = variance**2, low_variance**2
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        own, more = 2 * value**2 / variance, 2 * (value + room) ** 2 / (variance + square)
        other, other_more = 2 * low**2 / low_variance, 2 * (low + low_room) ** 2 / (low_variance + low_square)
        lower = value / (low + low_room) * fdtri(own, other_more, tail)
        upper = (value + room) / low * fdtri(more, other, 1 - tail)
    known = ~(np.isnan(value) | np.isnan(low))
    lower = np.where(known & (value == 0), 0.0, lower)
    return lower, np.where(known & (low > 0), upper, np.nan)


def _answer(pairs: pl.DataFrame, rates: pl.DataFrame, values: dict[str, np.ndarray]) -> pl.DataFrame:
    kept = rates.columns[: rates.columns.index("rate") + 1]
    columns = [pl.Series(name, value, nan_to_null=True) for name, value in values.items()]
    return pairs.select(*kept, "reference_rate").with_columns(columns)
