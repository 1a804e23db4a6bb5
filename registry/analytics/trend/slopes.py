"""What a slope on the log scale means: change in percent a year, its limits and its p value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from registry.analytics.trend.student import quantile, two_sided


@dataclass(frozen=True)
class Slope:
    """A slope of the log rate a year, its standard error and the degrees of freedom of that (inf = normal)."""

    slope: float
    se: float
    df: float

    @property
    def apc(self) -> float:
        """Annual percent change."""
        return 100 * math.expm1(self.slope)

    def limits(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence limits of the annual percent change; nan where no degree of freedom is left.

        >>> [round(limit, 3) for limit in Slope(0.01, 0.001, math.inf).limits()]
        [0.807, 1.203]
        """
        reach = quantile((1 + level) / 2, self.df) * self.se
        return 100 * math.expm1(self.slope - reach), 100 * math.expm1(self.slope + reach)

    @property
    def p(self) -> float:
        """Two-sided p value of "no change"; nan where it cannot be told.

        >>> round(Slope(0.02, 0.01, 10).p, 6)
        0.073388
        """
        if not self.df > 0 or math.isnan(self.se):
            return math.nan
        if self.se == 0:
            return 0.0 if self.slope else 1.0
        return two_sided(self.slope / self.se, self.df)

    def row(self, level: float = 0.95) -> dict[str, float]:
        """apc, lower, upper, p, slope, se_log_slope."""
        lower, upper = self.limits(level)
        return {
            "apc": self.apc, "lower": lower, "upper": upper, "p": self.p, "slope": self.slope, "se_log_slope": self.se,
        }  # fmt: skip
