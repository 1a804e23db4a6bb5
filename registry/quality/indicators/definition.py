"""What an indicator is, and the register of all of them.

Two kinds. One of *records* is a `Formula`: expressions over the records of a registry, so that it can be split by
facility, county, site, sex, year and abstractor. One from *outside* needs what no record holds (expected cases,
deaths, an audit) and is an ordinary function of such figures; in a run over records it has no value unless its
result is given. Name, formula, source and examples stand beside either; the spec tests run the examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import polars as pl

from registry.errors import NotFound

CATALOGUE = tuple(
    """
    completeness_oe completeness_naaccr_imr completeness_dup_adj dco_pct duplicate_per_1000 edits_pass_pct
    missing_age_pct missing_sex_pct missing_county_pct missing_race_pct timeliness_23m timeliness_12m
    abstract_lag_median report_lag_median mv_pct hv_pct clinical_only_pct basis_unknown_pct mi_ratio dci_pct
    dci_mi_completeness flow_completeness capture_recapture stability age_curve childhood_rate psu_pct cup_pct
    unspecified_morph_pct unspecified_subsite_pct age_unknown_pct stage_unknown_pct treatment_unknown_pct
    followup_rate lost_to_followup_pct cod_missing_pct override_rate recode_agreement kappa case_finding_audit
    edit_fail_per_100
    """.split()
)
"""Every indicator's id in the order of the catalogue, which is the order of every result."""

GROUPS = ("completeness", "validity", "missing", "timeliness", "followup", "process", "reliability")
DIMENSIONS = ("facility", "county", "site", "sex", "year", "abstractor")
"""What records can be split by."""


class Measure(NamedTuple):
    """An indicator's value with what it was made from; a part that has no meaning is None.

    >>> Measure(95.0, 950, 1000).value
    95.0
    """

    value: float | None
    numerator: float | None = None
    denominator: float | None = None


@dataclass(frozen=True)
class Formula:
    """A numerator over a denominator, each an expression with one value a record.

    Attributes:
        part: Boolean or count; summed over the records of `among`. None when the indicator has no numerator.
        among: Boolean or count; its sum is the denominator.
        per: 100 for percent, 1000 for per mille.
        patients: count distinct patients instead of records (both expressions Boolean).
        median_of: the value is the median of this expression over `among`, not a quotient.
    """

    part: pl.Expr | None
    among: pl.Expr
    per: float = 100.0
    patients: bool = False
    median_of: pl.Expr | None = None


@dataclass(frozen=True)
class Indicator:
    """One indicator. Build it with the `records` or `outside` decorator.

    Attributes:
        id: as in the catalogue.
        name: in words.
        group: completeness, validity, missing, timeliness, followup, process or reliability.
        formula: in one line, as print and screen show it.
        source: where it comes from.
        population: what it is usually split by.
        items: NAACCR XML ids that the records need; also the columns of the examples.
        make: of records: makes the Formula; of outside figures: computes the Measure.
        of_records: which of the two kinds.
        needs_failures: it has no value without a run of the edits.
        needs: what must be given from outside, in words.
        examples: `records => numerator/denominator = value`; records split by ` / `, cells by `|`.
        notes: decisions, and where the catalogue leaves room.
    """

    id: str
    name: str
    group: str
    formula: str
    source: str
    make: Callable[..., Any]
    of_records: bool
    population: str = ""
    items: tuple[str, ...] = ()
    needs_failures: bool = False
    needs: str = ""
    examples: tuple[str, ...] = ()
    notes: str = ""


_REGISTER: dict[str, Indicator] = {}
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _add(indicator: Indicator) -> None:
    if indicator.id in _REGISTER or indicator.id not in CATALOGUE or indicator.group not in GROUPS:
        raise ValueError(f"indicator {indicator.id} is defined twice, or is not in the catalogue")
    _REGISTER[indicator.id] = indicator


def records(
    id: str,
    name: str,
    *,
    group: str,
    formula: str,
    source: str,
    items: str,
    examples: Sequence[str],
    population: str = "year",
    needs_failures: bool = False,
    notes: str = "",
) -> Callable[[Callable[[], Formula]], Callable[[], Formula]]:
    """Declare an indicator of records: decorate the function that returns its Formula."""

    def declare(function: Callable[[], Formula]) -> Callable[[], Formula]:
        _add(
            Indicator(
                id, name, group, formula, source, function, True, population, tuple(items.split()),
                needs_failures, "", tuple(examples), notes,
            )
        )  # fmt: skip
        return function

    return declare


def outside(
    id: str,
    name: str,
    *,
    group: str,
    formula: str,
    source: str,
    needs: str,
    population: str = "year",
    notes: str = "",
) -> Callable[[_Function], _Function]:
    """Declare an indicator of outside figures: decorate the function that computes its Measure.

    Its examples are the doctest of the function.
    """

    def declare(function: _Function) -> _Function:
        _add(
            Indicator(
                id, name, group, formula, source, function, False, population, (), False, needs, (), notes
            )
        )
        return function

    return declare


def all_indicators() -> Mapping[str, Indicator]:
    """Every indicator by id, in catalogue order."""
    from registry.quality.indicators import modules

    modules.load()
    return {name: _REGISTER[name] for name in CATALOGUE}


def find(indicator_id: str) -> Indicator:
    """The indicator of that id.

    Raises:
        NotFound: there is none.

    >>> find("cup_pct").name
    'Cancer of unknown primary'
    """
    found = all_indicators().get(indicator_id)
    if found is None:
        raise NotFound(
            f"indicator {indicator_id}", "there is no such indicator", "see the list of indicators"
        )
    return found


def listing() -> pl.DataFrame:
    """The catalogue as a frame: `indicator, name, group, population, formula, needs, items, source, notes`.

    >>> listing().height
    41
    """
    rows = [
        {
            "indicator": one.id, "name": one.name, "group": one.group, "population": one.population,
            "formula": one.formula, "needs": one.needs, "items": ";".join(one.items), "source": one.source,
            "notes": one.notes,
        }
        for one in all_indicators().values()
    ]  # fmt: skip
    return pl.DataFrame(rows)
