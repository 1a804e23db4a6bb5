"""Samples for audits: which cases, how many, and always the same ones for the same seed.

A case's place in the draw is a hash of the seed and its key, so it depends neither on the order of the rows nor
on the library's random numbers, and a larger sample holds the smaller one.

Source: Commission on Cancer practice, 10 % of the year's analytic caseload, at most 200 (confirm against the
current standards).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import polars as pl

from registry.errors import BadInput

FRACTION, AT_MOST = 0.10, 200
ANALYTIC = (0, 22)
"""Class of case (item 610): diagnosed or first treated here."""


def analytic() -> pl.Expr:
    """True for analytic cases, class of case 00 to 22; False for all others and blanks.

    >>> pl.DataFrame({"classOfCase": ["00", "22", "30", "9", None]}).select(analytic()).to_series().to_list()
    [True, True, False, False, False]
    """
    code = pl.col("classOfCase").cast(pl.String).str.strip_chars()
    number = pl.when(code.str.contains(r"^\d\d$")).then(code).cast(pl.Int32)
    return number.is_between(*ANALYTIC).fill_null(value=False).alias("analytic")


def size(population: int, fraction: float = FRACTION, at_most: int = AT_MOST) -> int:
    """Cases to draw: the fraction rounded up, at most so many, at least one of a population that has any.

    Raises:
        BadInput: a fraction outside 0 to 1, or a limit below one.

    >>> size(95), size(5000), size(3), size(0)
    (10, 200, 1, 0)
    """
    if not 0 < fraction <= 1 or at_most < 1:
        raise BadInput(
            "sample", f"{fraction} of the cases, at most {at_most}", "use 0.1 and 200, for example"
        )
    wanted = math.ceil(round(fraction * population, 9))  # 0.1 * 30 is a little more than 3
    return min(population, at_most, wanted)


def allocate(counts: Mapping[str, int], wanted: int) -> dict[str, int]:
    """Cases of each stratum in proportion to its size, none left out while there is room, none beyond its size.

    Each next case goes to the stratum that is furthest behind its share; ties by name.

    >>> allocate({"a": 80, "b": 15, "c": 5}, 10)
    {'a': 8, 'b': 1, 'c': 1}
    >>> allocate({"a": 2, "b": 2}, 9)
    {'a': 2, 'b': 2}
    """
    filled = {name: count for name, count in sorted(counts.items()) if count > 0}
    total = sum(filled.values())
    wanted = min(wanted, total)
    given = dict.fromkeys(filled, 1 if wanted >= len(filled) else 0)
    for _ in range(wanted - sum(given.values())):
        open_ = [name for name in filled if given[name] < filled[name]]
        behind = max(open_, key=lambda name: (wanted * filled[name] / total - given[name], filled[name]))
        given[behind] += 1
    return given


def draw(
    cases: pl.DataFrame,
    seed: int,
    *,
    key: str = "abstract_id",
    fraction: float = FRACTION,
    at_most: int = AT_MOST,
    strata: Sequence[str] = (),
) -> pl.DataFrame:
    """A sample of the cases.

    Args:
        cases: one row a case; `key` is unique.
        seed: same seed, same cases: same sample.
        strata: columns; each combination of their values is sampled in proportion (null is a value).

    Returns:
        The drawn rows with `stratum` (text, "" without strata) and `draw` (1, 2, … the order of the hash), sorted by draw.

    >>> draw(pl.DataFrame({"abstract_id": range(1, 31)}), seed=7)["abstract_id"].to_list()
    [27, 28, 2]
    """
    if cases[key].is_duplicated().any():
        raise BadInput("sample", f"a {key} stands twice among the cases")
    order = pl.Series("place", [place(seed, value) for value in cases[key]], dtype=pl.UInt64)
    stratum = pl.lit("") if not strata else pl.concat_str([_text(name) for name in strata], separator=" | ")
    ranked = cases.with_columns(order, stratum=stratum).sort("place", key)
    wanted = size(ranked.height, fraction, at_most)
    counts = dict(ranked.group_by("stratum").agg(pl.len()).iter_rows())
    given = allocate(counts, wanted)
    taken = [
        group.head(given.get(name, 0))
        for (name,), group in sorted(ranked.partition_by("stratum", as_dict=True).items())
    ]
    chosen = pl.concat([ranked.clear(), *taken]).sort("place", key).drop("place")
    return chosen.with_columns(draw=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


def place(seed: int, value: object) -> int:
    """A case's place in the draw: 64 bits of a hash of seed and key."""
    text = f"{seed}:{value}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("(blank)")
