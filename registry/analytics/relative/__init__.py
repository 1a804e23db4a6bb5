"""Relative and net survival: what the cancer does, beside what everybody dies of.

`people` and `life_table` turn frames into arrays, `sums` adds up each day's people at risk (compiled in `kernel`), and each
further module is one method over these sums.
"""

from registry.analytics.relative.approach import approach
from registry.analytics.relative.conditional import conditional_net_survival
from registry.analytics.relative.crude import crude_probability
from registry.analytics.relative.ederer import relative_survival
from registry.analytics.relative.excess import ExcessModel, excess_hazard
from registry.analytics.relative.expected import expected_hazard, expected_survival
from registry.analytics.relative.life_table import LifeTable, life_table
from registry.analytics.relative.net_test import NetTest, net_survival_test
from registry.analytics.relative.pohar_perme import net_survival
from registry.analytics.relative.weights import AgeWeights, age_weights

__all__ = [
    "AgeWeights",
    "ExcessModel",
    "LifeTable",
    "NetTest",
    "age_weights",
    "approach",
    "conditional_net_survival",
    "crude_probability",
    "excess_hazard",
    "expected_hazard",
    "expected_survival",
    "life_table",
    "net_survival",
    "net_survival_test",
    "relative_survival",
]
