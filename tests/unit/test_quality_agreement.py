"""Agreement of coders against published and hand-worked figures."""

from __future__ import annotations

import math

import polars as pl
import pytest

from registry.errors import BadInput
from registry.quality.agreement import agreement, among_coders, cohen_kappa, discrepancies, fleiss_kappa
from registry.quality.proportions import beta_share, exact_limits, with_percent


def _pairs(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """Two coders' codes of a contingency table."""
    cells = [
        (row, column) for row, line in enumerate(table) for column, n in enumerate(line) for _ in range(n)
    ]
    return [a for a, _ in cells], [b for _, b in cells]


def test_cohens_own_example() -> None:
    """Cohen 1960, table 1: shares in percent of 200 cases; observed .29, by chance .35."""
    found = cohen_kappa(*_pairs([[50, 26, 24], [24, 4, 32], [6, 30, 4]]))
    assert found.n == 200
    assert found.observed == pytest.approx(0.29)
    assert found.expected == pytest.approx(0.35)
    assert found.kappa == pytest.approx(-0.06 / 0.65)


def test_standard_error_of_a_textbook_table() -> None:
    """Fleiss, Levin and Paik 2003, table 18.1 and its text: kappa .68, standard error .087."""
    found = cohen_kappa(*_pairs([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert found.kappa == pytest.approx(0.23 / 0.34)
    assert found.std_error == pytest.approx(0.087, abs=1e-3)  # .0877, printed as .087
    low, high = found.limits or (math.nan, math.nan)
    assert (round(low, 2), round(high, 2)) == (0.50, 0.85)


def test_standard_error_by_hand() -> None:
    """Table 20, 5 / 10, 15: kappa .4; the variance's three terms worked on paper."""
    found = cohen_kappa(*_pairs([[20, 5], [10, 15]]))
    assert found.kappa == pytest.approx(0.4)
    same = 0.4 * (1 - 1.1 * 0.6) ** 2 + 0.3 * (1 - 0.9 * 0.6) ** 2
    # the cell (row i, column j) weighs column margin i and row margin j: .6 + .5 and .4 + .5
    other = 0.36 * (0.1 * (0.6 + 0.5) ** 2 + 0.2 * (0.4 + 0.5) ** 2)
    expected = math.sqrt((same + other - (0.4 - 0.5 * 0.6) ** 2) / 50) / 0.5
    assert found.std_error == pytest.approx(expected)


def test_fleiss_own_kind_of_table() -> None:
    """Ten cases, fourteen coders, five codes: observed .378, by chance .213, kappa .210."""
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    found = fleiss_kappa([[code for code, n in enumerate(case) for _ in range(n)] for case in table])
    assert (round(found.observed, 3), round(found.expected, 3)) == (0.378, 0.213)
    assert round(found.kappa or 0, 3) == 0.210


def test_one_code_only_has_no_kappa() -> None:
    found = cohen_kappa(["1"] * 5, ["1"] * 5)
    assert (found.observed, found.kappa, found.limits) == (1.0, None, None)
    assert fleiss_kappa([["1", "1"], ["1", "1", "1"]]).kappa is None


@pytest.mark.parametrize(("first", "second"), [([], []), (["1"], ["1", "2"])])
def test_unequal_codings_are_refused(first: list[str], second: list[str]) -> None:
    with pytest.raises(BadInput, match="kappa"):
        cohen_kappa(first, second)
    with pytest.raises(BadInput, match="twice"):
        fleiss_kappa([["1"], ["2"]])


CODINGS = pl.DataFrame(
    [
        (1, "laterality", "1", "1", "anna"),
        (2, "laterality", "2", " 2 ", "anna"),
        (3, "laterality", "1", "2", "bert"),
        (4, "laterality", None, "  ", "bert"),
        (1, "grade", None, "3", "anna"),
        (2, "grade", "2", "2", "anna"),
    ],
    schema=["case_id", "item", "original", "recoded", "abstractor"],
    orient="row",
)


def test_agreement_by_item_leaves_out_what_nobody_coded() -> None:
    found = agreement(CODINGS)
    assert found.select("item", "compared", "agreed").rows() == [("grade", 2, 1), ("laterality", 3, 2)]
    low, high = exact_limits(2, 3)
    assert found.row(1, named=True)["lower"] == pytest.approx(100 * low, abs=1e-5)
    assert found.row(1, named=True)["upper"] == pytest.approx(100 * high, abs=1e-5)


def test_kappa_over_items_is_their_weighted_mean() -> None:
    whole = agreement(CODINGS, by=[]).row(0, named=True)
    items = agreement(CODINGS)
    assert (whole["compared"], whole["agreed"], whole["kappa_lower"]) == (5, 3, None)
    assert whole["kappa"] == pytest.approx(sum(items["compared"] * items["kappa"]) / 5)
    assert whole["expected"] == pytest.approx(sum(items["compared"] * items["expected"]) / 5)
    by_both = agreement(CODINGS, by=["abstractor", "item"])
    assert by_both.select("abstractor", "item", "compared").rows() == [
        ("anna", "grade", 2), ("anna", "laterality", 2), ("bert", "laterality", 1),
    ]  # fmt: skip


def test_nothing_compared_gives_an_empty_table() -> None:
    empty = CODINGS.filter(pl.col("case_id") == 4)
    assert agreement(empty).is_empty()
    assert discrepancies(empty).is_empty()
    assert among_coders(empty).is_empty()


def test_discrepancies_are_sorted_and_keep_blanks_as_blanks() -> None:
    assert discrepancies(CODINGS).rows() == [
        (1, "grade", None, "3", "anna"),
        (3, "laterality", "1", "2", "bert"),
    ]


def test_among_coders_counts_the_original_once() -> None:
    codings = pl.DataFrame(
        {"case_id": [1, 1, 2, 2], "item": ["grade"] * 4, "original": ["1", "1", "2", "2"], "recoded": ["1", "1", "2", "1"]}
    )  # fmt: skip
    row = among_coders(codings).row(0, named=True)
    # case 1: 3 of 3 pairs agree, case 2: 1 of 3; codes: four of 1, two of 2
    assert (row["cases"], row["coders"]) == (2, 3)
    assert row["percent"] == pytest.approx(100 * 2 / 3)
    assert row["kappa"] == pytest.approx((2 / 3 - 20 / 36) / (1 - 20 / 36))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput, match="recoded"):
        agreement(CODINGS.drop("recoded"))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.3085), (9, 10, 0.5550, 0.9975), (81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617)],
)
def test_exact_limits_of_published_tables(k: int, n: int, low: float, high: float) -> None:
    """Newcombe, Statist Med 17 (1998), table I, for 81/263 and 15/148."""
    found = exact_limits(k, n)
    assert found == pytest.approx((low, high), abs=5e-5)


def test_exact_limits_agree_with_a_library() -> None:
    beta = pytest.importorskip("scipy.stats").beta
    for k, n, level in [
        (1, 3, 0.9),
        (196, 200, 0.95),
        (964, 1000, 0.95),
        (99_990, 100_000, 0.99),
        (1, 50_000, 0.95),
    ]:
        tail = (1 - level) / 2
        wanted = (beta.ppf(tail, k, n - k + 1), beta.ppf(1 - tail, k + 1, n - k))
        assert exact_limits(k, n, level) == pytest.approx(wanted, rel=1e-9)


def test_limits_need_a_proportion() -> None:
    for k, n, level in [(2, 1, 0.95), (0, 0, 0.95), (-1, 2, 0.95), (1, 2, 1.0)]:
        with pytest.raises(BadInput):
            exact_limits(k, n, level)
    assert beta_share(2, 2, -1) == 0
    assert beta_share(2, 2, 2) == 1
    assert with_percent(pl.DataFrame({"a": [0], "b": [0]}), "a", "b").row(0) == (0, 0, None, None, None)
