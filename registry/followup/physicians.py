"""Which physicians a patient has: each stands in two items, a licence number and an NPI, and either may be blank.

Items 2460-2505 of the NAACCR dictionary. Codes of nobody and of an unknown physician stand in `rules.toml`.
"""

from __future__ import annotations

import polars as pl

from registry.followup.configuration import FollowUpConfiguration
from registry.followup.due import text

PHYSICIANS = {
    "physicianFollowUp": "npiPhysicianFollowUp",
    "physicianManaging": "npiPhysicianManaging",
    "physicianPrimarySurg": "npiPhysicianPrimarySurg",
    "physician3": "npiPhysician3",
    "physician4": "npiPhysician4",
}
"""Licence item → NPI item, in the order in which they are asked."""

ITEMS = tuple(item for pair in PHYSICIANS.items() for item in pair)


def known(frame: pl.DataFrame, item: str, configuration: FollowUpConfiguration) -> pl.Expr:
    """A physician's code as text, null where it is blank or says that nobody is known."""
    code = text(frame, item)
    return pl.when(code.is_in(configuration.unknown_physicians).not_()).then(code).alias(item)


def first_known(frame: pl.DataFrame, item: str, configuration: FollowUpConfiguration) -> pl.Expr:
    """The code a physician is known by: the licence number, else the NPI (text, null when neither is known).

    >>> frame = pl.DataFrame({"physicianFollowUp": ["00000043", "99999999", None],
    ...     "npiPhysicianFollowUp": ["1234567893", "1234567893", "9999999999"]})
    >>> frame.select(first_known(frame, "physicianFollowUp", FollowUpConfiguration())).to_series().to_list()
    ['00000043', '1234567893', None]
    """
    codes = [known(frame, each, configuration) for each in (item, PHYSICIANS[item])]
    return pl.coalesce(codes).alias(item)


def another(frame: pl.DataFrame, configuration: FollowUpConfiguration) -> pl.Expr:
    """The first physician besides the one who follows up: neither number of theirs is the same."""
    asked = [known(frame, item, configuration) for item in next(iter(PHYSICIANS.items()))]
    found: list[pl.Expr] = [pl.lit(None, pl.String)]
    for item, npi in list(PHYSICIANS.items())[1:]:
        if not {item, npi} & set(frame.columns):
            continue
        pair = zip(asked, (known(frame, each, configuration) for each in (item, npi)), strict=True)
        same = pl.any_horizontal(*((one == other).fill_null(value=False) for one, other in pair))
        found.append(pl.when(same.not_()).then(first_known(frame, item, configuration)))
    return pl.coalesce(found)
