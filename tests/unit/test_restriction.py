"""Item 1856: every receiver and code, a registry's own rules, what no rule names."""

from __future__ import annotations

import polars as pl
import pytest

from registry import standards
from registry.errors import BadInput
from registry.security import restriction

CODES = ["00", "01", "02", "03", "04", "05", "06", "07"]


def held(values: list[str | None], recipient: str, rules: pl.DataFrame | None = None) -> list[bool]:
    return restriction.held_back(pl.Series(values, dtype=pl.String), recipient, rules).is_not_null().to_list()


def test_every_receiver_has_a_rule_for_every_code_of_the_dictionary() -> None:
    codes = {"", *standards.codes(restriction.ITEM)["code"]}
    rules = restriction.packaged()
    for recipient in restriction.recipients():
        assert set(rules.filter(pl.col("recipient") == recipient)["code"]) == codes
    assert rules.select("reason", "source").null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("recipient", restriction.recipients())
def test_unrestricted_and_blank_records_go_unknown_codes_stay(recipient: str) -> None:
    assert held(["00", None, "", "  ", " 00"], recipient) == [False] * 5
    assert held(["08", "99", "x", "0"], recipient) == [True] * 4


@pytest.mark.parametrize("recipient", ["research", "ide", "vpr", "ci5", "canreg"])
def test_restricted_records_stay(recipient: str) -> None:
    assert held(CODES[1:], recipient) == [True] * 7


def test_a_facility_reports_its_own_and_surveillance_gets_all() -> None:
    for recipient in ("state", "cdc", "naaccr", "seer"):
        assert held(CODES, recipient) == [False] * 8
    assert held(CODES, "coc") == [False, True, False, False, True, True, False, True]


def test_own_rules_win_and_one_receiver_falls_back_on_its_kind() -> None:
    own = pl.DataFrame({
        "recipient": ["research:A-1", "ide:NY", "cdc", "research"], "code": ["02", "01", "02", "00"],
        "allowed": [True, True, False, False], "reason": ["approved study", None, None, "stopped"],
    })  # fmt: skip
    rules = restriction.with_own(own)
    assert held(["02", "03", "00"], "research:A-1", rules) == [False, True, True]
    assert held(["02"], "research", rules) == [True]
    assert held(["01", "02"], "ide:NY", rules) == [False, True]
    assert held(["01"], "ide:VT", rules) == [True]
    assert held(["02", "03"], "cdc", rules) == [True, False]
    reasons = restriction.held_back(pl.Series(["00", "02"]), "research", rules).to_list()
    assert reasons[0] == "item 1856 code 00: stopped"


def test_an_unknown_receiver_gets_nothing() -> None:
    with pytest.raises(BadInput, match="no rules for a receiver 'press'"):
        held(["00"], "press")
    with pytest.raises(BadInput, match="no rules for a receiver"):
        restriction.with_own(pl.DataFrame({"recipient": ["press"], "code": ["00"], "allowed": [True]}))
