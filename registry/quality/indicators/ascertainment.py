"""Ascertainment: are all cases in the registry? Observed against expected, and deaths against cases."""

from __future__ import annotations

import math
from collections.abc import Collection

import polars as pl

from registry.errors import BadInput
from registry.quality.indicators.definition import Formula, Measure, outside, records
from registry.quality.indicators.vocabulary import DCO, SAME_TUMOR

HOWE = "Howe, in NAACCR: Cancer Incidence in North America 1994-1998 (2001); Tucker et al."
PARKIN = "Parkin & Bray, Eur J Cancer 2009;45:756-764 (part II: completeness)"
SCREENED = ("prostate", "breast")
"""Sites left out of the ratio in US practice: screening finds cases that nobody dies of."""


@outside(
    "completeness_oe",
    "Case ascertainment completeness (observed/expected)",
    group="completeness",
    formula="100 * O / E",
    source="NAACCR certification criteria; CDC NPCR standards",
    needs="expected cases",
    notes="O counts what observed_cases counts. The value is not cut; `truncated` cuts it for print at one decimal.",
)
def completeness_oe(observed: float, expected: float) -> Measure:
    """Cases of a year over those expected.

    Args:
        observed: see `observed_cases`.
        expected: expected cases, for example from `completeness_naaccr_imr`'s expected rate.

    >>> completeness_oe(9517, 10_000).value
    95.17
    """
    return Measure(100 * observed / expected if expected else None, observed, expected)


def truncated(percent: float) -> float:
    """As programmes print completeness: one decimal, cut, never rounded up.

    >>> truncated(94.99), truncated(95.0)
    (94.9, 95.0)
    """
    return math.floor(round(percent * 10, 9)) / 10


def observed_cases(tumors: pl.DataFrame, diagnosis_year: int, state: str | None = None) -> int:
    """Distinct reportable malignant tumors of a diagnosis year, in situ bladder among them.

    Args:
        tumors: primarySite, histologicTypeIcdO3, behaviorCodeIcdO3, laterality, dateOfDiagnosis, and a patient id;
            addrAtDxState when `state` is given.
        diagnosis_year: the year.
        state: only residents of this state.

    >>> tumors = pl.DataFrame({"patientIdNumber": ["1", "1", "2", "3"], "primarySite": ["C509", "C509", "C679", "C539"],
    ...     "histologicTypeIcdO3": ["8500", "8500", "8130", "8070"], "behaviorCodeIcdO3": ["3", "3", "2", "2"],
    ...     "laterality": ["1", "1", "0", "0"], "dateOfDiagnosis": ["20240105", "20240105", "2024", "2024"]})
    >>> observed_cases(tumors, 2024)
    2
    """
    bladder_in_situ = pl.col("primarySite").str.starts_with("C67") & (pl.col("behaviorCodeIcdO3") == "2")
    counted = (pl.col("behaviorCodeIcdO3") == "3") | bladder_in_situ
    chosen = tumors.filter(pl.col("dateOfDiagnosis").str.starts_with(str(diagnosis_year)), counted)
    if state is not None:
        chosen = chosen.filter(pl.col("addrAtDxState") == state)
    keys = [key for key in ("patient_id", "patient_index", "patientIdNumber") if key in chosen.columns][:1]
    if not keys:
        return chosen.height
    filled = pl.all_horizontal([pl.col(item).is_not_null() for item in (*keys, *SAME_TUMOR)])
    return chosen.filter(~(filled & ~pl.struct(*keys, *SAME_TUMOR).is_first_distinct())).height


def expected_rates(rates: pl.DataFrame, excluded: Collection[str] = SCREENED) -> pl.DataFrame:
    """Expected incidence of each site and race from mortality.

    Args:
        rates: frame[site, race, incidence, mortality, standard_incidence, standard_mortality], age-adjusted; mortality
            and the standard over five years, `incidence` of the judged year.
        excluded: sites that are left out.

    Returns:
        `site, race, incidence, expected`, sorted. A site without standard deaths has no expectation and is left out.
    """
    return (
        rates.filter(~pl.col("site").is_in(list(excluded)), pl.col("standard_mortality") > 0)
        .with_columns(
            expected=pl.col("standard_incidence") * pl.col("mortality") / pl.col("standard_mortality")
        )
        .select("site", "race", "incidence", "expected")
        .sort("site", "race")
    )


@outside(
    "completeness_naaccr_imr",
    "NAACCR incidence-to-mortality-ratio expectation",
    group="completeness",
    formula="100 * sum(AAI_reg) / sum(AAI_std * AAM_reg / AAM_std) over sites and races",
    source=f"{HOWE}; limits of the method: Das et al., Cancer Causes Control 2008",
    needs="age-adjusted incidence and mortality of the registry and of a standard, by site and race",
    notes="NAACCR's site list, its weight from the list to all sites and its adjustments for duplicates and DCO are "
    "NAACCR's to give: sites come with the rates, the weight as `all_sites`, race shares as `weights`.",
)
def completeness_naaccr_imr(
    rates: pl.DataFrame,
    *,
    weights: dict[str, float] | None = None,
    all_sites: float = 1.0,
    excluded: Collection[str] = SCREENED,
) -> Measure:
    """Observed over expected incidence, the expected from deaths and a standard's incidence-to-mortality ratio.

    Args:
        rates: see `expected_rates`.
        weights: share of each race in the population; None = every row counts alike.
        all_sites: factor that carries the expected sum of the list to all sites (1 = the list is judged).
        excluded: sites left out of the ratio.

    Returns:
        value in percent, numerator = observed rate, denominator = expected rate.

    Raises:
        BadInput: a race has no weight.

    >>> rates = pl.DataFrame({"site": ["colon", "lung", "prostate"], "race": ["all"] * 3, "incidence": [40.0, 60.0, 99.0],
    ...     "mortality": [15.0, 50.0, 20.0], "standard_incidence": [42.0, 63.0, 110.0],
    ...     "standard_mortality": [15.0, 50.0, 20.0]})
    >>> round(completeness_naaccr_imr(rates).value, 6)
    95.238095
    """
    found = expected_rates(rates, excluded)
    if weights is not None:
        if unknown := sorted(set(found["race"]) - set(weights)):
            raise BadInput("expected cases", f"no weight for race {', '.join(unknown)}")
        shares = pl.DataFrame({"race": list(weights), "weight": [float(w) for w in weights.values()]})
        found = found.join(shares, on="race", how="left")
        found = found.with_columns(pl.col("incidence", "expected") * pl.col("weight"))
    observed, expected = float(found["incidence"].sum()), float(found["expected"].sum()) * all_sites
    return Measure(100 * observed / expected if expected else None, observed, expected)


@outside(
    "completeness_dup_adj",
    "Duplicate-adjusted completeness",
    group="completeness",
    formula="completeness_oe * (1 - unresolved duplicate rate)",
    source="NAACCR practice",
    needs="completeness_oe",
    notes="The rate as a proportion. In a run it follows from completeness_oe, when given, and the records' duplicates.",
)
def completeness_dup_adj(completeness: float, duplicates_per_1000: float) -> Measure:
    """Completeness without what is counted twice.

    >>> round(completeness_dup_adj(95.2, 2.0).value, 4)
    95.0096
    """
    return Measure(completeness * (1 - duplicates_per_1000 / 1000))


@outside(
    "mi_ratio",
    "Mortality:incidence ratio (M:I)",
    group="completeness",
    formula="deaths from the cancer / new cases of the same period",
    source=PARKIN,
    population="site x sex x period",
    needs="deaths by underlying cause, from vital statistics",
    notes="Compare with 1 - five-year survival: above it, and above 1 for certain, cases are missing.",
)
def mi_ratio(deaths: float, cases: float) -> Measure:
    """Deaths over cases.

    >>> mi_ratio(430, 1000).value
    0.43
    """
    return Measure(deaths / cases if cases else None, deaths, cases)


@records(
    "dci_pct",
    "Death-certificate-initiated percentage",
    group="completeness",
    formula="100 * (casefindingSource = 80 or typeOfReportingSource = 7) / n",
    source=PARKIN,
    items="casefindingSource typeOfReportingSource",
    examples=["80|1 / 10|1 / 80|7 / |7 => 3/4 = 75", "|1 / |7 => 0/0 = none"],
    notes="First known from a death certificate: casefinding source 80, and every DCO. Where no record says how it "
    "was found there is no value: DCO alone are not the DCI. `death_certificate_initiated` takes counts of trace-back.",
)
def dci_pct() -> Formula:
    """Cases first known from a death certificate, those confirmed by trace-back among them."""
    found_by_death = pl.col("casefindingSource") == "80"
    somebody_says = pl.col("casefindingSource").is_not_null().any()
    return Formula(found_by_death.fill_null(value=False) | DCO, among=pl.lit(value=True) & somebody_says)


def death_certificate_initiated(confirmed: int, dco: int, cases: int) -> Measure:
    """DCI from the counts of trace-back: notified cases that it confirmed, and those that stayed DCO.

    >>> death_certificate_initiated(30, 20, 1000).value
    5.0
    """
    return Measure(100 * (confirmed + dco) / cases if cases else None, confirmed + dco, cases)


@outside(
    "dci_mi_completeness",
    "DCI and M:I method (Ajiki)",
    group="completeness",
    formula="1 - DCI * (1/MI - 1) / (1 - DCI) = (1 - DCI/MI) / (1 - DCI)",
    source=f"Ajiki et al. 1998, as reviewed in {PARKIN}",
    population="site or all",
    needs="DCI and M:I of the same cases",
    notes="A proportion. Both forms are one: put the first over 1 - DCI and DCI - DCI cancels. Missed and found cases "
    "are taken to die alike.",
)
def dci_mi_completeness(dci: float, mi: float) -> Measure:
    """Share of cases registered, from the share first known by death and the mortality:incidence ratio.

    Args:
        dci: proportion (0 to 1) first known from a death certificate.
        mi: mortality:incidence ratio, above 0.

    >>> round(dci_mi_completeness(0.05, 0.5).value, 6)
    0.947368
    """
    if not 0 <= dci < 1 or mi <= 0:
        return Measure(None)
    return Measure((1 - dci / mi) / (1 - dci), 1 - dci / mi, 1 - dci)
