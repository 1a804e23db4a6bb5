"""Incidence: rates, their limits and comparisons, prevalence."""

from registry.analytics.incidence.adjusted import age_adjusted_rates
from registry.analytics.incidence.ages import AGE_GROUPS, AGE_GROUPS_18, age_code, age_group
from registry.analytics.incidence.comparison import rate_differences, rate_ratios
from registry.analytics.incidence.cumulative import cumulative_rates
from registry.analytics.incidence.delay import delay_flags
from registry.analytics.incidence.mortality import mortality_incidence
from registry.analytics.incidence.poisson import exact_limits
from registry.analytics.incidence.prevalence import limited_duration_prevalence
from registry.analytics.incidence.rate_table import counted, rate_table
from registry.analytics.incidence.rates import age_specific_rates, crude_rates
from registry.analytics.incidence.sir import standardised_incidence_ratios
from registry.analytics.incidence.standard_populations import Standard, fitted, standard, standards

__all__ = [
    "AGE_GROUPS",
    "AGE_GROUPS_18",
    "Standard",
    "age_adjusted_rates",
    "age_code",
    "age_group",
    "age_specific_rates",
    "counted",
    "crude_rates",
    "cumulative_rates",
    "delay_flags",
    "exact_limits",
    "fitted",
    "limited_duration_prevalence",
    "mortality_incidence",
    "rate_differences",
    "rate_ratios",
    "rate_table",
    "standard",
    "standardised_incidence_ratios",
    "standards",
]
