"""Relative and net survival: what the cancer does, beside what everybody dies of.

`people` and `life_table` turn frames into arrays, `sums` adds up each day's people at risk (compiled in `kernel`), and each
further module is one method over these sums.
"""

from registry.analytics.relative.ederer import relative_survival
from registry.analytics.relative.expected import expected_hazard, expected_survival
from registry.analytics.relative.life_table import LifeTable, life_table
from registry.analytics.relative.pohar_perme import net_survival
from registry.analytics.relative.weights import AgeWeights, age_weights

__all__ = [
    "AgeWeights",
    "LifeTable",
    "age_weights",
    "expected_hazard",
    "expected_survival",
    "life_table",
    "net_survival",
    "relative_survival",
]
