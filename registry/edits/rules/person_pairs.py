"""Which patient numbers may stand for one person: candidate pairs, and evidence for and against each.

After Fellegi and Sunter (A Theory for Record Linkage, 1969): each item adds a weight (about log2 of how much
likelier its agreement is in one person than in two) or takes one away; weights and threshold are data,
`data/person_weights.csv`. Only pairs that share a block are compared, see `BLOCKS`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from registry.edits.definition import PATIENT
from registry.edits.rules import groups
from registry.edits.rules.spelling import Words, begins, ends, one_digit_error, one_error

WEIGHTS = Path(__file__).parents[1] / "data" / "person_weights.csv"
READS = ("nameLast", "nameFirst", "sexAssignedAtBirth", "sex", "socialSecurityNumber")
EXPLAINED = {
    "ssn": "socialSecurityNumber",
    "birth": "dateOfBirth",
    "names": "names",
    "last": "nameLast",
    "first": "nameFirst",
    "sex": "sex",
}
"""Parts of the evidence and their items in the table of weights."""

UNUSABLE = [int(digit * 9) for digit in "0123456789"] + [123456789, 987654321]
"""Numbers that are typed when the social security number is not known."""

Levels = NDArray[np.str_]
Mask = NDArray[np.bool_]


@cache
def weights() -> dict[tuple[str, str], int]:
    """Weight by item and level; the threshold is that of `("threshold", "")`."""
    rows = pl.read_csv(WEIGHTS).fill_null("").select("item", "level", "weight").rows()
    return {(item, level): weight for item, level, weight in rows}


def identities(frame: pl.DataFrame) -> pl.DataFrame:
    """What identifies a person, one row for each patient and way of writing it.

    Args:
        frame: `READS`, `dateOfBirth@first`, `dateOfBirth@last`, `@sex` and the engine's patient column.

    Returns:
        frame[patient, last, first (letters), born, born_last (YYYYMMDD, earliest and latest day), sex, ssn].
    """
    ssn = pl.col("socialSecurityNumber").cast(pl.Int32, strict=False)
    wanted = frame.lazy().select(
        pl.col(PATIENT).alias("patient"),
        _letters("nameLast").alias("last"),
        _letters("nameFirst").alias("first"),
        pl.col("dateOfBirth@first").alias("born"),
        pl.col("dateOfBirth@last").alias("born_last"),
        pl.col("@sex").cast(pl.String).alias("sex"),
        ssn.replace_strict(dict.fromkeys(UNUSABLE), default=ssn).alias("ssn"),
    )
    known = wanted.filter(pl.col("patient").is_not_null() & (pl.col("first").is_not_null() | _has("ssn")))
    return known.unique().collect()


def _has(column: str) -> pl.Expr:
    return pl.col(column).is_not_null()


def _letters(item: str) -> pl.Expr:
    letters = pl.col(item).str.to_uppercase().str.replace_all(r"[^\p{L}]", "")
    return pl.when(letters != "").then(letters)


_FULL_BIRTH = pl.when(pl.col("born") == pl.col("born_last")).then("born")

BLOCKS: dict[str, tuple[pl.Expr, ...]] = {
    "social security number": (pl.col("ssn"),),
    "birth date and initials": (
        _FULL_BIRTH,
        pl.col("last").str.slice(0, 1).hash() ^ pl.col("first").str.slice(0, 1).hash(),
    ),
    "birth date and last name": (_FULL_BIRTH, pl.col("last")),
    "birth date and first name": (_FULL_BIRTH, pl.col("first")),
    "names and year of birth": (pl.col("last"), pl.col("first"), pl.col("born") // 10_000),
    "names, month and day of birth": (pl.col("last"), pl.col("first"), _FULL_BIRTH % 10_000),
}
"""Pairs are compared when they agree in all of a block's parts (initials in either order)."""

MOST_IN_BLOCK = 30
"""Larger blocks are left out: they come from placeholders (a birth date of 1900-01-01) or from names too
common to be evidence, and would make the work grow with the square of the file."""

AT_ONCE = 500_000
"""Pairs that are judged together, which bounds the memory."""


def candidates(people: pl.DataFrame) -> tuple[groups.Rows, groups.Rows]:
    """Row numbers of every two identities of different patients that share a block, each pair once."""
    height = people.height
    found = [np.empty(0, np.int64)]
    for parts in BLOCKS.values():
        key = people.select(
            pl.when(pl.all_horizontal([part.is_not_null() for part in parts])).then(pl.struct(parts).hash())
        ).to_series()
        first, second = groups.pairs_of(key, MOST_IN_BLOCK, skip_larger=True)
        found.append(np.minimum(first, second) * height + np.maximum(first, second))
    pairs = np.unique(np.concatenate(found))
    first, second = pairs // max(height, 1), pairs % max(height, 1)
    patient = people.get_column("patient")
    others = (patient.gather(first) != patient.gather(second)).to_numpy()
    return first[others], second[others]


def likely(frame: pl.DataFrame) -> pl.DataFrame:
    """Pairs of patients above the threshold, and why.

    Args:
        frame: see `identities`.

    Returns:
        frame[patient_1, patient_2, weight, ssn, birth, names, last, first, sex]: the level of each item
        (null = nothing to compare), the strongest evidence of each two patients, sorted by them.
    """
    people = identities(frame)
    first, second = candidates(people)
    parts = [
        _above(people[first[start : start + AT_ONCE]], people[second[start : start + AT_ONCE]])
        for start in range(0, max(len(first), 1), AT_ONCE)
    ]
    best = pl.concat(parts).sort(
        "weight", "patient_1", "patient_2", *EXPLAINED, descending=[True] + [False] * 8
    )
    strongest = best.unique(["patient_1", "patient_2"], keep="first", maintain_order=True)
    return strongest.sort("patient_1", "patient_2").select("patient_1", "patient_2", "weight", *EXPLAINED)


def _above(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """The pairs that reach the threshold, with their evidence."""
    numbers = {
        "ssn": _ssn(one["ssn"], other["ssn"]),
        "birth": _birth(one, other),
        "sex": _of([("same", one["sex"] == other["sex"]), ("different", one["sex"] != other["sex"])]),
    }
    sure = pl.DataFrame(numbers).select(_total("ssn", "birth", "sex")).to_series()
    possible = (sure + _at_best(one, other) >= weights()["threshold", ""]).arg_true()
    one, other = one[possible], other[possible]
    found = pl.DataFrame(
        {
            "patient_1": pl.select(pl.min_horizontal(one["patient"], other["patient"])).to_series(),
            "patient_2": pl.select(pl.max_horizontal(one["patient"], other["patient"])).to_series(),
            **{part: level[possible] for part, level in numbers.items()},
            **_names(one, other),
        }
    )
    return found.with_columns(weight=_total(*EXPLAINED)).filter(
        pl.col("weight") >= weights()["threshold", ""]
    )


def _total(*parts: str) -> pl.Expr:
    """Sum of the weights of these parts of the evidence."""
    summands = []
    for part in parts:
        levels = {level: weight for (item, level), weight in weights().items() if item == EXPLAINED[part]}
        summands.append(pl.col(part).replace_strict(levels, default=0, return_dtype=pl.Int32))
    return pl.sum_horizontal(summands)


def _at_best(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    """The most that the names can add, without looking at their letters."""
    weight = weights()
    last = pl.when(one["last"] == other["last"]).then(weight["nameLast", "same"])
    first = pl.when(one["first"] == other["first"]).then(weight["nameFirst", "same"])
    similar = [
        max(weight[item, level] for level in ("one error", "part")) for item in ("nameLast", "nameFirst")
    ]
    exchanged = pl.when(one["last"] == other["first"]).then(weight["names", "exchanged"]).otherwise(0)
    written = last.otherwise(similar[0]) + first.otherwise(similar[1])
    return pl.select(pl.max_horizontal(written, exchanged)).to_series()


def _names(one: pl.DataFrame, other: pl.DataFrame) -> dict[str, pl.Series]:
    """Levels of the names, null where they cannot be compared or are exchanged."""
    last, first = (Words(one[name], other[name]) for name in ("last", "first"))
    exchanged = (one["last"] == other["first"]) & (one["first"] == other["last"])
    exchanged = (exchanged & (one["last"] != one["first"])).fill_null(value=False)
    levels = {"last": _last(last), "first": _first(first)}
    return {
        "names": pl.select(pl.when(exchanged).then(pl.lit("exchanged"))).to_series(),
        **{name: pl.select(pl.when(~exchanged).then(level)).to_series() for name, level in levels.items()},
    }


def _of(levels: list[tuple[str, pl.Series]]) -> pl.Series:
    """The first level whose condition holds, else null."""
    return pl.select(pl.coalesce([pl.when(holds).then(pl.lit(level)) for level, holds in levels])).to_series()


def _ssn(one: pl.Series, other: pl.Series) -> pl.Series:
    slip = pl.Series(one_digit_error(one.fill_null(0).to_numpy(), other.fill_null(0).to_numpy()))
    return _of([("same", one == other), ("one error", slip & (one != other)), ("different", one != other)])


def _birth(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    a, b = one["born"], other["born"]
    full = (a == one["born_last"]) & (b == other["born_last"])
    apart = sum(
        (p != q).cast(pl.Int8)
        for p, q in [(a // 10_000, b // 10_000), (a // 100 % 100, b // 100 % 100), (a % 100, b % 100)]
    )
    exchanged = (a // 10_000 == b // 10_000) & (a // 100 % 100 == b % 100) & (a % 100 == b // 100 % 100)
    fits = (a <= other["born_last"]) & (b <= one["born_last"])
    months = (one["born_last"] // 100 == a // 100) & (other["born_last"] // 100 == b // 100)
    return _of(
        [
            ("same", full & (a == b)),
            ("day and month exchanged", full & exchanged),
            ("one part differs", full & (apart == 1)),
            ("same month", ~full & fits & months),
            ("same year", ~full & fits),
            ("different", a.is_not_null() & b.is_not_null()),
        ]
    )


def _last(words: Words) -> pl.Series:
    return _of(
        [
            ("same", pl.Series(words.equal)),
            ("one error", pl.Series(one_error(words) & (words.shorter >= 4))),
            ("part", pl.Series((begins(words) | ends(words)) & (words.shorter >= 4))),
            ("different", pl.Series(words.known)),
        ]
    )


def _first(words: Words) -> pl.Series:
    return _of(
        [
            ("same", pl.Series(words.equal)),
            ("one error", pl.Series(one_error(words) & (words.shorter >= 4))),
            ("part", pl.Series(begins(words))),
            ("different", pl.Series(words.known)),
        ]
    )
