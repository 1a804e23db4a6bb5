"""Capture-recapture: how many cases there are, from how much two or more sources overlap."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from registry.errors import BadInput
from registry.quality.indicators.definition import Measure, outside

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """Estimated number of cases, those seen by any source among them.

    Attributes:
        cases: estimate.
        variance: of the estimate; None where the method gives none.
        seen: cases in at least one source.
    """

    cases: float
    variance: float | None
    seen: int

    @property
    def limits(self) -> tuple[float, float] | None:
        """95 % limits on the normal scale, never below what was seen."""
        if self.variance is None:
            return None
        reach = NORMAL_95 * math.sqrt(self.variance)
        return max(float(self.seen), self.cases - reach), self.cases + reach

    @property
    def completeness(self) -> float:
        """Percent of the estimated cases that some source has."""
        return 100 * self.seen / self.cases


def chapman(first: int, second: int, both: int) -> Estimate:
    """Chapman's estimate from two independent sources.

    Args:
        first: cases in the first source.
        second: cases in the second.
        both: cases in both.

    Raises:
        BadInput: more in both than in one.

    Source: Chapman, Univ Calif Publ Stat 1951;1:131-160; variance: Seber 1970.

    >>> found = chapman(200, 150, 100)
    >>> round(found.cases, 6), round(found.variance, 6)
    (299.50495, 145.84787)
    """
    if not 0 <= both <= min(first, second):
        raise BadInput("capture-recapture", f"{both} cases in both sources of {first} and {second}")
    cases = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    return Estimate(cases, variance, first + second - both)


@outside(
    "capture_recapture",
    "Two-source capture-recapture (Chapman)",
    group="completeness",
    formula="N = (n1 + 1)(n2 + 1)/(m + 1) - 1; completeness = 100 * seen / N",
    source="Chapman 1951; Parkin & Bray 2009",
    population="site or all",
    needs="two linked lists of cases",
    notes="The value is the percentage of the estimated cases that the sources hold together; numerator = seen, "
    "denominator = N. Three and more sources: log_linear.",
)
def capture_recapture(first: int, second: int, both: int) -> Measure:
    """Percent of the estimated cases that at least one of two sources has.

    >>> round(capture_recapture(200, 150, 100).value, 4)
    83.4711
    """
    found = chapman(first, second, both)
    return Measure(found.completeness if found.cases > 0 else None, found.seen, found.cases)


def overlap(cases: pl.DataFrame, case: str, source: str) -> dict[tuple[str, ...], int]:
    """How many cases each combination of sources has, from one row a case and source.

    >>> rows = pl.DataFrame({"case": [1, 1, 2, 3], "source": ["path", "hospital", "path", "path"]})
    >>> overlap(rows, "case", "source")
    {('hospital', 'path'): 1, ('path',): 2}
    """
    of_case = cases.select(case, source).drop_nulls().unique().sort(case, source)
    patterns = of_case.group_by(case, maintain_order=True).agg(pl.col(source))[source].to_list()
    found: dict[tuple[str, ...], int] = {}
    for pattern in sorted(tuple(map(str, sources)) for sources in patterns):
        found[pattern] = found.get(pattern, 0) + 1
    return found


def log_linear(seen: Mapping[tuple[str, ...], int], dependent: Collection[tuple[str, str]] = ()) -> Estimate:
    """Cases from three or more sources by a log-linear model, with chosen pairs of sources dependent.

    Args:
        seen: cases by combination of sources, see `overlap`; a combination that is absent has none.
        dependent: pairs of sources whose overlap is not by chance.

    Returns:
        estimate without a variance (choose among models first: their spread is larger than their error).

    Raises:
        BadInput: fewer than two sources, or as many parameters as there are combinations.

    Source: Fienberg, Biometrika 1972;59:591-603; Hook & Regal, Epidemiol Rev 1995;17:243-264.

    >>> round(log_linear({("a",): 100, ("b",): 50, ("a", "b"): 100}).cases, 4)
    300.0
    """
    sources = sorted({name for pattern in seen for name in pattern})
    if len(sources) < 2:
        raise BadInput("capture-recapture", "needs two sources or more")
    patterns = [bits for bits in product((0, 1), repeat=len(sources)) if any(bits)]
    pairs = [(sources.index(a), sources.index(b)) for a, b in dependent]
    design = np.array([[1, *bits, *(bits[a] * bits[b] for a, b in pairs)] for bits in patterns], dtype=float)
    if design.shape[1] > design.shape[0] or (design.shape[1] == design.shape[0] and len(sources) > 2):
        raise BadInput("capture-recapture", "as many parameters as combinations of sources")
    keys = [tuple(name for name, bit in zip(sources, bits, strict=True) if bit) for bits in patterns]
    counts = np.array([seen.get(key, 0) for key in keys], dtype=float)
    unseen = math.exp(poisson_fit(design, counts)[0])
    return Estimate(float(counts.sum() + unseen), None, int(counts.sum()))


def poisson_fit(
    design: np.ndarray, counts: Sequence[float] | np.ndarray, exposure: np.ndarray | None = None
) -> np.ndarray:
    """Coefficients of a log-linear Poisson model by Fisher scoring.

    Args:
        design: one row an observation, one column a coefficient.
        counts: observed counts.
        exposure: person-years; None = 1.

    >>> [round(float(b), 6) for b in poisson_fit(np.array([[1.0, 0], [1, 1]]), [10, 20])]
    [2.302585, 0.693147]
    """
    observed = np.asarray(counts, dtype=float)
    offset = np.zeros(len(observed)) if exposure is None else np.log(exposure)
    predictor = np.log(np.maximum(observed, 0.5))
    beta = np.zeros(design.shape[1])
    for _ in range(100):
        mean = np.exp(predictor)
        working = predictor - offset + (observed - mean) / mean
        weighted = design * mean[:, None]
        newer = np.linalg.lstsq(weighted.T @ design, weighted.T @ working, rcond=None)[0]
        done = bool(np.max(np.abs(newer - beta)) < 1e-12)
        beta, predictor = newer, np.clip(design @ newer + offset, -50, 50)
        if done:
            break
    return beta
