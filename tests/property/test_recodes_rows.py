"""Recodes of whole frames against one tumor at a time, written slowly from the rules, odd codes included."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import coding
from registry.coding import reference

ODD = st.text("C0123456789cX ./", min_size=1, max_size=6)
SITES = st.one_of(
    st.integers(0, 809).map("C{:03d}".format),
    st.sampled_from(
        ["C421", "C779", "C499", "C700", "C751", "C753", "C809", "C67", "c679", "C5099", "C", "509"]
    ),
    ODD,
    st.none(),
)
HISTOLOGIES = st.one_of(
    st.integers(8000, 9999).map(str),
    st.sampled_from(
        ["9590", "9589", "9050", "9055", "9140", "9823", "9727", "9993", "850", "98235", "08500"]
    ),
    ODD,
    st.none(),
)
BEHAVIORS = st.one_of(st.sampled_from("01239"), st.sampled_from(["03", "X", "33"]), st.none())
DATES = st.one_of(
    st.sampled_from(
        ["2000", "2001", "2003", "2004", "2009", "2010", "20100101", "202012", "9999", "201", "0000"]
    ),
    st.integers(1970, 2030).map(str),
    st.none(),
)
Tumor = tuple[str | None, str | None, str | None, str | None]
TUMORS = st.lists(st.tuples(SITES, HISTOLOGIES, BEHAVIORS, DATES), min_size=1, max_size=30)
ITEMS = ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"]


def _rules(table: str, recode: str) -> list[dict[str, Any]]:
    return reference.table(table).filter(pl.col("recode") == recode).to_dicts()


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[0-9]+", text) else None


def _in(value: int, text: str | None) -> bool:
    for part in (text or "").split():
        low, _, high = part.partition("-")
        if int(low) <= value <= int(high or low):
            return True
    return False


def _between(value: str, text: str | None, form: str) -> bool:
    """Whether a text lies in one of the ranges, compared letter by letter."""
    for part in (text or "").split():
        low, _, high = part.partition("-")
        if form.format(int(low)) <= value <= form.format(int(high or low)):
            return True
    return False


def _fits(
    inside: Callable[[Any, str | None], bool], value: Any, included: str | None, excluded: str | None
) -> bool:
    return inside(value, included) if included else not inside(value, excluded)


def by_number(table: str, recode: str, unknown: str, *, behavior: bool, dated: bool) -> Callable[..., str]:
    rules = _rules(table, recode)

    def answer(site: str | None, kind: str | None, beh: str | None, date: str | None) -> str:
        if not site or not re.fullmatch("C[0-9]+", site) or _number(kind) is None:
            return unknown
        year = _number((date or "")[:4]) if len(date or "") >= 4 else None
        if (behavior and _number(beh) is None) or (dated and year is None):
            return unknown
        for rule in rules:
            first, last = rule.get("year_min"), rule.get("year_max")
            when = year or 0
            in_time = when >= int(first) if first else (when <= int(last) if last else True)
            if (
                in_time
                and _fits(_in, int(site[1:]), rule["sites_in"], rule["sites_out"])
                and _fits(_in, _number(kind), rule["histologies_in"], rule["histologies_out"])
                and (not rule["behaviors"] or _in(int(beh or 99), rule["behaviors"]))
            ):
                return str(rule["code"])
        return unknown

    return answer


def by_text(
    table: str, recode: str, unknown: str, *, behavior: bool, digits: bool = False
) -> Callable[..., str]:
    rules = _rules(table, recode)

    def inside(form: str) -> Callable[[str, str | None], bool]:
        return lambda value, text: _between(value, text, form)

    def answer(site: str | None, kind: str | None, beh: str | None, date: str | None) -> str:
        if not site or not kind or (behavior and not beh):
            return unknown
        if digits and not re.fullmatch("[0-9]+", site.removeprefix("C")):
            return unknown
        for rule in rules:
            if (
                _fits(inside("C{:03d}"), site, rule["sites_in"], rule["sites_out"])
                and _fits(inside("{:04d}"), kind, rule["histologies_in"], rule["histologies_out"])
                and (not rule["behaviors"] or _between(beh or "", rule["behaviors"], "{}"))
            ):
                return str(rule["code"])
        return unknown

    return answer


def behavior_recode(site: str | None, kind: str | None, beh: str | None, date: str | None) -> str:
    """The published steps, one after the other."""
    written = re.fullmatch("[Cc][0-9]{3}", site or "") and re.fullmatch("[0-9]{4}", kind or "")
    year = _number((date or "")[:4]) if len(date or "") >= 4 else None
    if not written or not re.fullmatch("[0-9]", beh or "") or year is None or year == 9999:
        return "9"
    place, histology, behavior = int((site or "")[1:]), int(kind or ""), int(beh or "")
    if 670 <= place <= 679:
        behavior = 3
    recode = "9"
    brain = place in (700, 701) or 709 <= place <= 729 or 751 <= place <= 753
    since_2001 = histology in (
        9393,
        9538,
        9950,
        9960,
        9961,
        9962,
        9980,
        9982,
        9983,
        9984,
        9985,
        9986,
        9987,
        9989,
    )
    if year >= 2004 and brain and behavior in (0, 1):
        recode = str(behavior)
    elif behavior == 2:
        recode = "2"
    elif year >= 2001 and behavior == 3 and (since_2001 or (340 <= place <= 349 and histology == 9133)):
        recode = "4"
    elif behavior == 1 and (place <= 699 or 730 <= place <= 750 or 754 <= place <= 809):
        recode = "5"
    elif behavior == 3:
        recode = "3"
    if behavior == 3 and year >= 2010 and histology in (9724, 9751, 9759, 9831, 9975, 9991, 9992):
        recode = "6"
    return recode


SITE, NEWER = "site_recode_rules.csv", {"behavior": True, "dated": True}
OLDER = {"behavior": False, "dated": False}
PLAIN: dict[str, Callable[[], Callable[..., str]]] = {
    "site_recode_2003": lambda: by_number(SITE, "2003", "99999", **OLDER),
    "site_recode_2003_without_km": lambda: by_number(SITE, "2003-without-km", "99999", **OLDER),
    "site_recode_2008": lambda: by_number(SITE, "2008", "99999", **OLDER),
    "site_recode_2023": lambda: by_number(SITE, "2023", "99", **NEWER),
    "site_recode_2023_expanded": lambda: by_number(SITE, "2023-expanded", "99", **NEWER),
    "seerBehaviorRecode": lambda: behavior_recode,
    "iccc_third_edition": lambda: by_number("iccc_rules.csv", "iccc_third_edition", "999", **OLDER),
    "iccc_who2008": lambda: by_number("iccc_rules.csv", "iccc_who2008", "999", behavior=True, dated=False),
    "iccc_iarc2017": lambda: by_number("iccc_rules.csv", "iccc_iarc2017", "999", behavior=True, dated=False),
    "ayaSiteRecode2008": lambda: by_text("aya_rules.csv", "ayaSiteRecode2008", "99", behavior=True),
    "ayaSiteRecode2020": lambda: by_text("aya_rules.csv", "ayaSiteRecode2020", "999", behavior=True),
    "seerLymphNeoplasmRecode2021": lambda: by_text(
        "lymphoid_rules.csv", "seerLymphNeoplasmRecode2021", "99", behavior=False, digits=True
    ),
    "seerBrainCnsRecode2020": lambda: by_text(
        "brain_cns_rules.csv", "seerBrainCnsRecode2020", "99", behavior=True
    ),
}


def _frame(tumors: list[Tumor]) -> pl.DataFrame:
    cells = [[None if cell is None or not cell.strip() else cell for cell in tumor] for tumor in tumors]
    return pl.DataFrame(cells, schema=dict.fromkeys(ITEMS, pl.String), orient="row")


@pytest.mark.parametrize("output", PLAIN)
@settings(max_examples=60, deadline=None)
@given(tumors=TUMORS)
def test_frames_equal_single_tumors(output: str, tumors: list[Tumor]) -> None:
    frame = _frame(tumors)
    plain = PLAIN[output]()
    got = coding.derive(frame, [output]).get_column(output).to_list()
    assert got == [plain(*row) for row in frame.rows()]


@settings(max_examples=30, deadline=None)
@given(tumors=TUMORS, seed=st.integers(0, 9))
def test_order_of_rows_does_not_matter_and_every_tumor_has_one_group(tumors: list[Tumor], seed: int) -> None:
    frame = _frame(tumors).with_row_index("row")
    derived = coding.derive(frame, list(PLAIN))
    shuffled = coding.derive(frame.sample(fraction=1, shuffle=True, seed=seed), list(PLAIN)).sort("row")
    assert derived.equals(shuffled)
    for output in PLAIN:
        counts = derived.get_column(output).value_counts()
        assert counts.get_column("count").sum() == frame.height
        assert derived.get_column(output).null_count() == 0


def test_all_recodes_together_equal_each_alone() -> None:
    frame = _frame(
        [
            (f"C{site:03d}", str(kind), str(kind % 4), str(1995 + site % 30))
            for site in range(0, 810, 7)
            for kind in range(8000, 9993, 31)
        ]
    )
    together = coding.derive(frame, list(PLAIN))
    for output in PLAIN:
        alone = coding.derive(frame, [output])
        assert alone.get_column(output).equals(together.get_column(output))
