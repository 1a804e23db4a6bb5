"""How well two or more coders agree: percent agreement with exact limits, Cohen's and Fleiss' kappa.

A *coding* is the same item of the same case coded twice: `original` as it stands in the registry, `recoded` by a
blinded auditor. An item that both leave blank was not coded by anybody and is not compared; blank against a
code is a disagreement.

Sources: Cohen, Educ Psychol Meas 20 (1960) 37-46; Fleiss, Cohen and Everitt, Psychol Bull 72 (1969) 323-327 (standard
error); Fleiss, Psychol Bull 76 (1971) 378-382 (several coders).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from registry.errors import BadInput
from registry.quality.proportions import with_percent

NORMAL_95 = 1.959963984540054
BLANK = ""
CODING = ("case_id", "item", "original", "recoded")
RESULT = (
    "compared",
    "agreed",
    "percent",
    "lower",
    "upper",
    "expected",
    "kappa",
    "kappa_lower",
    "kappa_upper",
)


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance.

    Attributes:
        n: cases compared.
        observed: share of agreement.
        expected: share that chance alone gives.
        kappa: (observed - expected) / (1 - expected); None when chance already gives full agreement (one code only).
        std_error: large-sample standard error; None where kappa is, and for Fleiss' kappa.
    """

    n: int
    observed: float
    expected: float
    kappa: float | None
    std_error: float | None = None

    @property
    def limits(self) -> tuple[float, float] | None:
        """95 % limits, held to -1 and 1."""
        if self.kappa is None or self.std_error is None:
            return None
        reach = NORMAL_95 * self.std_error
        return max(-1.0, self.kappa - reach), min(1.0, self.kappa + reach)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> Kappa:
    """Two coders' codes of the same cases, in the same order. Any hashable value is a code, None too.

    Raises:
        BadInput: not as many codes on both sides, or none.

    >>> found = cohen_kappa("yyyyynnnnn", "yyyynynnnn")
    >>> found.observed, found.expected, round(found.kappa, 6)
    (0.8, 0.5, 0.6)
    """
    if len(first) != len(second) or not first:
        raise BadInput("kappa", f"{len(first)} and {len(second)} codes", "give one code of each coder a case")
    n = len(first)
    cells = Counter(zip(first, second, strict=True))
    rows, columns = Counter(first), Counter(second)
    observed = sum(count for (a, b), count in cells.items() if a == b) / n
    expected = sum(rows[code] * columns[code] for code in rows) / n**2
    if math.isclose(expected, 1.0):
        return Kappa(n, observed, expected, None)
    kappa = (observed - expected) / (1 - expected)
    return Kappa(n, observed, expected, kappa, _std_error(cells, rows, columns, n, expected, kappa))


def _std_error(
    cells: Mapping[tuple[Hashable, Hashable], int],
    rows: Mapping[Hashable, int],
    columns: Mapping[Hashable, int],
    n: int,
    expected: float,
    kappa: float,
) -> float:
    """Fleiss, Cohen and Everitt 1969, formula for a kappa that is not zero."""
    same = sum(
        count / n * (1 - (rows[a] + columns[a]) / n * (1 - kappa)) ** 2
        for (a, b), count in cells.items()
        if a == b
    )
    other = sum(count / n * ((columns[a] + rows[b]) / n) ** 2 for (a, b), count in cells.items() if a != b)
    variance = same + (1 - kappa) ** 2 * other - (kappa - expected * (1 - kappa)) ** 2
    return math.sqrt(max(0.0, variance) / n) / (1 - expected)


def fleiss_kappa(ratings: Iterable[Sequence[Hashable]]) -> Kappa:
    """Several coders: one sequence of codes a case; cases with fewer than two codes are left out.

    Cases may have different numbers of coders; with the same number this is Fleiss' kappa of 1971.

    Raises:
        BadInput: no case has two codes.

    >>> round(fleiss_kappa(["aab", "aaa", "bbb", "abb"]).kappa, 6)
    0.333333
    """
    cases = [Counter(codes) for codes in ratings if len(codes) > 1]
    if not cases:
        raise BadInput("kappa", "no case was coded twice")
    totals: Counter[Hashable] = Counter()
    observed = 0.0
    for case in cases:
        coders = case.total()
        observed += sum(count * (count - 1) for count in case.values()) / (coders * (coders - 1))
        totals += case
    observed /= len(cases)
    expected = sum(count**2 for count in totals.values()) / totals.total() ** 2
    if math.isclose(expected, 1.0):
        return Kappa(len(cases), observed, expected, None)
    return Kappa(len(cases), observed, expected, (observed - expected) / (1 - expected))


def compared(codings: pl.DataFrame) -> pl.DataFrame:
    """Codings with trimmed values, blank = "", without the items that both left blank; adds `agrees`.

    Args:
        codings: frame[case_id, item, original, recoded, ...], one row an item coded twice.
    """
    missing = [name for name in CODING if name not in codings.columns]
    if missing:
        raise BadInput("codings", f"there is no column {missing[0]}")
    values = [
        pl.col(name).cast(pl.String).str.strip_chars().fill_null(BLANK) for name in ("original", "recoded")
    ]
    return (
        codings.with_columns(values)
        .filter((pl.col("original") != BLANK) | (pl.col("recoded") != BLANK))
        .with_columns(agrees=pl.col("original") == pl.col("recoded"))
    )


def agreement(codings: pl.DataFrame, by: Sequence[str] = ("item",)) -> pl.DataFrame:
    """Agreement of original and recoded values, by item, or by any columns of the frame.

    Kappa is that of one item, for codes of several items are no common scale: without `item` in `by` it is the mean of
    the items' kappas, weighted by cases compared, and has no limits.

    Args:
        codings: frame[case_id, item, original, recoded, ...].
        by: grouping columns; none for the whole.

    Returns:
        frame[*by, compared, agreed, percent, lower, upper (exact, %), expected (% by chance), kappa, kappa_lower,
        kappa_upper], sorted by `by`, null last.

    >>> codings = pl.DataFrame({"case_id": [1, 2, 3], "item": ["laterality"] * 3, "original": ["1", "2", None],
    ...     "recoded": ["1", "1", None]})
    >>> agreement(codings).select("item", "compared", "agreed", "percent", "kappa").row(0)
    ('laterality', 2, 1, 50.0, 0.0)
    """
    pairs = compared(codings)
    keys = list(by)
    groups = pairs.partition_by(keys, as_dict=True, maintain_order=True) if keys else {(): pairs}
    rows = [
        (*key, group.height, int(group["agrees"].sum()), *_kappa_row(group, single="item" in keys))
        for key, group in groups.items()
        if group.height
    ]
    kinds = ("expected", "kappa", "kappa_lower", "kappa_upper")
    schema = {name: pairs.schema[name] for name in keys}
    schema |= {"compared": pl.Int64(), "agreed": pl.Int64()} | dict.fromkeys(kinds, pl.Float64())
    frame = with_percent(pl.DataFrame(rows, schema=schema, orient="row"), "agreed", "compared")
    return (frame.sort(keys, nulls_last=True) if keys else frame).select(*keys, *RESULT)


def _kappa_row(group: pl.DataFrame, *, single: bool) -> tuple[float | None, ...]:
    """expected, kappa and its limits of one group of pairs."""
    if single:
        found = _kappa_of(group)
        low, high = found.limits or (None, None)
        return 100 * found.expected, found.kappa, low, high
    items = [_kappa_of(part) for part in group.partition_by("item", maintain_order=True)]
    weights = [(found.n, found.kappa) for found in items if found.kappa is not None]
    total = sum(n for n, _ in weights)
    mean = sum(n * kappa for n, kappa in weights) / total if total else None
    return sum(found.n * 100 * found.expected for found in items) / group.height, mean, None, None


def _kappa_of(group: pl.DataFrame) -> Kappa:
    return cohen_kappa(group["original"].to_list(), group["recoded"].to_list())


def among_coders(codings: pl.DataFrame) -> pl.DataFrame:
    """Agreement of all coders of a case with one another, the original being one of them.

    Args:
        codings: frame[case_id, item, original, recoded, ...], one row a coder; the original repeats.

    Returns:
        frame[item, cases, coders (most codes a case), percent (pairs of codes that agree), kappa (Fleiss)], sorted by item.
    """
    pairs = compared(codings).sort("item", "case_id")
    rows = []
    for (item,), group in pairs.partition_by("item", as_dict=True, maintain_order=True).items():
        cases = [
            [case["original"][0], *case["recoded"].to_list()]
            for case in group.partition_by("case_id", maintain_order=True)
        ]
        found = fleiss_kappa(cases)
        rows.append((item, found.n, max(map(len, cases)), 100 * found.observed, found.kappa))
    kinds = (pl.String, pl.Int64, pl.Int64, pl.Float64, pl.Float64)
    names = ("item", "cases", "coders", "percent", "kappa")
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def discrepancies(codings: pl.DataFrame) -> pl.DataFrame:
    """The codings that differ, as they came, sorted by item and case: what becomes work.

    >>> codings = pl.DataFrame({"case_id": [1, 2], "item": ["grade"] * 2, "original": ["1", "2"], "recoded": ["1", " 3"]})
    >>> discrepancies(codings).rows()
    [(2, 'grade', '2', '3')]
    """
    blank = [
        pl.when(pl.col(name) != BLANK).then(pl.col(name)).alias(name) for name in ("original", "recoded")
    ]
    different = compared(codings).filter(~pl.col("agrees")).drop("agrees").with_columns(blank)
    return different.sort("item", "case_id", maintain_order=True)
