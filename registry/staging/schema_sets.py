"""Schemas of whole columns of tumors, as dense look-ups.

Each tumor gets the number of a *set of schemas*: those that it may belong to by what is known of it.
Usually the set holds one schema; it holds more when a discriminator, the sex, the behavior or the year
that would decide is not known. What holds for sets (does it contain a schema, does it allow a code) is
one more look-up by that number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from registry.staging.schemas import Spans, codes, rules, schemas, valid_values, within

_FIRST, _LAST = 2018, 2099
_AXES: Mapping[str, tuple[str, ...]] = {
    "behaviors": tuple("0123"),
    "years": tuple(str(year) for year in range(_FIRST - 1, _LAST + 1)),
    "sexes": ("1", "2", "9"),
    "discriminators_1": tuple("0123456789"),
    "discriminators_2": tuple("0123456789"),
}
"""Values of the axes beside site and histology. 2017 stands for all years before 2018."""


@dataclass(frozen=True)
class _Sets:
    """The compiled selection table.

    `site` and `histology` give the class of every number, `pair` the row of both classes, `axes` the
    class of each value (the last one: unknown), `cells` the set's number for row and classes.
    """

    site: pl.Series
    histology: pl.Series
    histologies: int
    pair: pl.Series
    axes: Mapping[str, pl.Series]
    sizes: Mapping[str, int]
    cells: pl.Series
    members: tuple[frozenset[str], ...]


def schema_set(
    *,
    site: pl.Expr,
    histology: pl.Expr,
    behavior: pl.Expr,
    year: pl.Expr,
    sex: pl.Expr,
    discriminator_1: pl.Expr,
    discriminator_2: pl.Expr,
) -> pl.Expr:
    """Number of the set of schemas that each tumor may belong to; null when there is none.

    Args:
        site: topography as a number below 1000 (C509 = 509).
        histology: number below 10000.
        behavior, year, sex, discriminator_1, discriminator_2: numbers. Null or a value that no schema
            asks for means that any may be true.

    >>> tumor = pl.DataFrame({"site": [509, 111, 509], "histology": [8500, 8070, None]})
    >>> unknown = pl.lit(None, pl.Int32)
    >>> number = schema_set(site=pl.col("site"), histology=pl.col("histology"), behavior=unknown,
    ...     year=pl.lit(2020), sex=unknown, discriminator_1=unknown, discriminator_2=unknown)
    >>> [members(n) for n in tumor.select(number).to_series()][:2]
    [['breast'], ['nasopharynx', 'oropharynx_hpv_mediated_p16_pos', 'oropharynx_p16_neg']]
    """
    made = _sets()
    pair = pl.lit(made.site).gather(site) * made.histologies + pl.lit(made.histology).gather(histology)
    index = pl.lit(made.pair).gather(pair)
    years = pl.when(year < _FIRST).then(0).when(year <= _LAST).then(year - (_FIRST - 1))
    values = {
        "behaviors": _digit(behavior, len(_AXES["behaviors"])),
        "years": years,
        "sexes": pl.when(sex == 9).then(2).when((sex >= 1) & (sex <= 2)).then(sex - 1),
        "discriminators_1": _digit(discriminator_1, 10),
        "discriminators_2": _digit(discriminator_2, 10),
    }
    for axis, value in values.items():
        place = value.cast(pl.UInt32).fill_null(len(_AXES[axis]))
        index = index * made.sizes[axis] + pl.lit(made.axes[axis]).gather(place)
    return pl.lit(made.cells).gather(index)


def _digit(value: pl.Expr, below: int) -> pl.Expr:
    return pl.when((value >= 0) & (value < below)).then(value)


def set_of_schema(number: pl.Expr) -> pl.Expr:
    """Number of the set that holds only the schema of this number; null when there is no such schema.

    Args:
        number: NAACCR's number of the schema, below 100000.
    """
    return pl.lit(_alone()).gather(number)


def members(number: int | None) -> list[str]:
    """Ids of the schemas in a set, sorted; empty for null."""
    return [] if number is None else sorted(_sets().members[number])


def some(sets: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """Whether the set holds one of these schemas (ids)."""
    wanted = frozenset(names)
    return pl.lit(pl.Series([bool(one & wanted) for one in _sets().members])).gather(sets)


def only(sets: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """Whether the set holds none but these schemas (ids)."""
    wanted = frozenset(names)
    return pl.lit(pl.Series([one <= wanted for one in _sets().members])).gather(sets)


def holds(sets: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Whether the set holds the schema of NAACCR's number; null when there is no such schema."""
    place = pl.lit(_places()).gather(number)
    return pl.lit(_holding()).gather(sets * len(schemas()) + place)


def allows(sets: pl.Expr, item: str, code: pl.Expr) -> pl.Expr:
    """Whether a schema of the set takes this code of the item; True where the set is null (not known).

    Args:
        sets: numbers of sets.
        item: NAACCR id of an item whose codes depend on the schema.
        code: one digit or capital letter as a number in base 36; null where it is something else.
    """
    known = pl.lit(_allowed(item)).gather(sets.fill_null(len(_sets().members)) * 36 + code)
    return known.fill_null(value=False)


@cache
def _sets() -> _Sets:
    """Compile the rules (about 265) to the look-ups."""
    every = rules()
    sites, of_site = _classes(
        [rule.conditions.get("sites") for rule in every], valid_values("primarySite"), 1000
    )
    histologies, of_histology = _classes(
        [rule.conditions.get("histologies") for rule in every], valid_values("histologicTypeIcdO3"), 10_000
    )
    axes, fitting = {}, []
    for axis, values in _AXES.items():
        masks = np.array([_fits(rule.conditions.get(axis), values) for rule in every]).T
        distinct, place = _distinct(masks)
        axes[axis] = pl.Series(place)
        fitting.append(distinct)
    others = _product(fitting)
    pairs = (sites[:, None, :] & histologies[None, :, :]).reshape(-1, len(every))
    kinds, pair = _distinct(pairs)
    known: dict[frozenset[str], int] = {frozenset([one.id]): n for n, one in enumerate(schemas())}
    cells = np.concatenate([_cells(kind, others, known) for kind in kinds])
    numbers = pl.Series("cells", cells).to_frame()
    return _Sets(
        site=pl.Series(of_site),
        histology=pl.Series(of_histology),
        histologies=len(histologies),
        pair=pl.Series(pair),
        axes=axes,
        sizes={axis: len(one) for axis, one in zip(_AXES, fitting, strict=True)},
        cells=numbers.select(pl.when(pl.col("cells") >= 0).then("cells").cast(pl.UInt32)).to_series(),
        members=tuple(known),
    )


def _classes(conditions: list[Spans | None], valid: Spans, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Values that no rule tells apart: the rules that fit each class, and the class of each value."""
    known = _marked(valid, size)
    masks = np.array([known if spans is None else known & _marked(spans, size) for spans in conditions]).T
    return _distinct(masks)


def _distinct(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different rows, and which of them each row is. Rows compare as packed bits: ten times faster."""
    packed = np.packbits(masks, axis=1)
    whole = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
    _, first, place = np.unique(whole, return_index=True, return_inverse=True)
    return masks[first], place.ravel().astype(np.uint32)


def _marked(spans: Spans, size: int) -> np.ndarray:
    marked = np.zeros(size, dtype=bool)
    for low, high in spans:
        marked[int(low) : int(high) + 1] = True
    return marked


def _fits(spans: Spans | None, values: tuple[str, ...]) -> list[bool]:
    """Whether each value fits, and at the end whether an unknown one may."""
    return [*(spans is None or within(value, spans) for value in values), True]


def _product(fitting: list[np.ndarray]) -> np.ndarray:
    """Rules that fit each combination of classes, the last axis running fastest."""
    made = fitting[0]
    for one in fitting[1:]:
        made = (made[:, None, :] & one[None, :, :]).reshape(-1, one.shape[1])
    return made


def _cells(kind: np.ndarray, others: np.ndarray, known: dict[frozenset[str], int]) -> np.ndarray:
    """Number of the set for every combination of the other axes; -1 where no rule fits."""
    mine = np.flatnonzero(kind)
    assert len(mine) < 63, "one bit a rule"
    bits = others[:, mine] @ (1 << np.arange(len(mine)))
    _, first, place = np.unique(bits, return_index=True, return_inverse=True)
    numbers = []
    for pattern in others[first][:, mine]:
        found = frozenset(rules()[row].schema for row in mine[pattern])
        numbers.append(known.setdefault(found, len(known)) if found else -1)
    return np.array(numbers, dtype=np.int32)[place.ravel()]


@cache
def _places() -> pl.Series:
    """Place of every schema number in the list of schemas; null for other numbers."""
    place = {int(one.schema_id): n for n, one in enumerate(schemas())}
    return pl.Series([place.get(number) for number in range(100_000)], dtype=pl.UInt32)


@cache
def _alone() -> pl.Series:
    """Number of the set of one, by schema number: the first sets are those of one schema, in order."""
    assert all(_sets().members[n] == {one.id} for n, one in enumerate(schemas()))
    return _places()


@cache
def _holding() -> pl.Series:
    ids = [one.id for one in schemas()]
    return pl.Series([name in one for one in _sets().members for name in ids])


@cache
def _allowed(item: str) -> pl.Series:
    """Whether each set takes each code; at the end whether any schema does."""
    by_schema = {one.id: codes(one.id, item) for one in schemas()}
    every = [*_sets().members, frozenset(by_schema)]
    allowed = [frozenset[str]().union(*(by_schema[name] for name in one)) for one in every]
    return pl.Series([code in one for one in allowed for code in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"])
