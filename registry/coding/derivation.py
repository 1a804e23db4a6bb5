"""What a derivation is, and the register of all of them.

A derivation is a named function that returns its output columns as polars expressions over NAACCR
items; id, version, inputs, outputs, source and examples stand beside it. Everything that derives a
variable goes through one door, `derive`, so a caller can list them all and each value can say which
algorithm and version made it.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from registry.errors import BadInput, NotFound

Outputs = pl.Expr | dict[str, pl.Expr] | list[dict[str, pl.Expr]]
"""One output, several by name, or steps; columns of a step named `@…` are dropped at the end."""


@dataclass(frozen=True)
class Derivation:
    """One algorithm. Declare it with the `derivation` decorator.

    Attributes:
        id: stable name, such as `seer-site-recode-2023`.
        version: version of the algorithm and its tables.
        inputs: NAACCR items that are read; an item without a column counts as blank.
        outputs: columns that are made (replacing columns of that name).
        source: the published definition.
        make: function that returns the expressions; its parameters (`as_of`, `cutoff_year`) are filled
            by `derive`.
        effective_years: first and last diagnosis year for which it is meant (None = open).
        description: first line of the function's docstring.
        columns: columns of the examples: inputs, then outputs.
        examples: rows of an example table, cells split by `|`; blank = null.
        parameters: values of parameters with which the examples hold.
    """

    id: str
    version: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    source: str
    make: Callable[..., Outputs] = field(repr=False)
    effective_years: tuple[int | None, int | None] = (None, None)
    description: str = ""
    columns: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    def steps(self, **parameters: Any) -> list[dict[str, pl.Expr]]:
        """Columns to add, step by step; the last step makes the outputs.

        Raises:
            BadInput: a parameter that the algorithm needs is missing.
        """
        wanted = inspect.signature(self.make).parameters
        given = {name: parameters[name] for name in wanted if parameters.get(name) is not None}
        for name, parameter in wanted.items():
            if parameter.default is inspect.Parameter.empty and name not in given:
                raise BadInput(f"derivation {self.id}", f"needs {name}", f"pass {name}=…")
        made = self.make(**given)
        if isinstance(made, pl.Expr):
            made = {self.outputs[0]: made}
        return made if isinstance(made, list) else [made]


_REGISTER: dict[str, Derivation] = {}


def derivation(
    id: str,
    *,
    version: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    source: str,
    effective_years: tuple[int | None, int | None] = (None, None),
    columns: Sequence[str] = (),
    examples: Sequence[str] = (),
    parameters: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Outputs]], Callable[..., Outputs]]:
    """Declare a derivation: decorate the function that returns its expressions.

    Args: see `Derivation`. `columns` defaults to inputs followed by outputs.
    """

    def declare(function: Callable[..., Outputs]) -> Callable[..., Outputs]:
        if id in _REGISTER:
            raise ValueError(f"derivation {id} is defined twice")
        _REGISTER[id] = Derivation(
            id=id,
            version=version,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            source=source,
            make=function,
            effective_years=effective_years,
            description=(function.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " "),
            columns=tuple(columns) or (*inputs, *outputs),
            examples=tuple(examples),
            parameters=dict(parameters or {}),
        )
        return function

    return declare


def all_derivations() -> dict[str, Derivation]:
    """Every derivation by id, sorted (modules may be imported in any order)."""
    from registry.coding import age, behavior_recode, site_recode, survival_time

    assert all((age, behavior_recode, site_recode, survival_time))
    return dict(sorted(_REGISTER.items()))


def find(names: Iterable[str]) -> list[Derivation]:
    """Derivations of those ids or output columns, each once, inputs before what needs them.

    Raises:
        NotFound: no derivation has that id or output.
    """
    every = all_derivations()
    by_output = {output: one for one in every.values() for output in one.outputs}
    chosen: dict[str, Derivation] = {}
    for name in names:
        one = every.get(name) or by_output.get(name)
        if one is None:
            raise NotFound(f"derivation {name}", "there is no such derivation", "see `registry derive list`")
        chosen[one.id] = one
    return _inputs_first(list(chosen.values()))


def _inputs_first(chosen: list[Derivation]) -> list[Derivation]:
    """Stable order in which a derivation follows those whose outputs it reads."""
    ordered: list[Derivation] = []
    waiting = chosen
    while waiting:
        pending = {output for one in waiting for output in one.outputs}
        ready = [one for one in waiting if not (set(one.inputs) - set(one.outputs)) & pending] or waiting[:1]
        ordered += ready
        waiting = [one for one in waiting if one not in ready]
    return ordered


def derive(
    frame: pl.DataFrame, ids: Sequence[str], as_of: dt.date | None = None, **parameters: Any
) -> pl.DataFrame:
    """Add derived columns.

    Args:
        frame: one row per tumor, columns NAACCR XML ids as text, blank = null. An input without a
            column counts as blank. Row order and all other columns are kept.
        ids: derivation ids or output column names, in any order.
        as_of: the day of the question, for algorithms that compare with today; today when absent.
        parameters: more for single algorithms (`cutoff_year`: the study ends on its 31 December).

    Returns:
        The frame with the outputs added (or replaced).

    Raises:
        NotFound: no such derivation. BadInput: a needed parameter is missing.

    >>> tumors = pl.DataFrame({"primarySite": ["C509"], "histologicTypeIcdO3": ["8500"]})
    >>> derive(tumors, ["seer-site-recode-2008"]).get_column("site_recode_2008").to_list()
    ['26000']
    """
    as_of = as_of or dt.date.today()
    for one in find(ids):
        missing = [item for item in one.inputs if item not in frame.columns]
        columns = [column for column in frame.columns if column not in one.outputs]
        work = frame.with_columns([pl.lit(None, pl.String).alias(item) for item in missing])
        for step in one.steps(as_of=as_of, **parameters):
            work = work.with_columns([made.alias(name) for name, made in step.items()])
        kept = frame.columns if set(one.outputs) <= set(frame.columns) else [*columns, *one.outputs]
        frame = work.select(kept)
    return frame


def derived_values(frame: pl.DataFrame, ids: Sequence[str], key: str = "tumor_id") -> pl.DataFrame:
    """Outputs of `derive` in long form, as the `derived` table keeps them.

    Args:
        frame: what `derive` returned, with the `key` column.
        ids: the same ids.
        key: column that identifies a record.

    Returns:
        Columns key, `item, value, algorithm, version`, sorted by key and item; blank values are left out.
    """
    parts = [
        frame.select(
            key,
            item=pl.lit(output),
            value=pl.col(output).cast(pl.String),
            algorithm=pl.lit(one.id),
            version=pl.lit(one.version),
        )
        for one in find(ids)
        for output in one.outputs
    ]
    return pl.concat(parts).filter(pl.col("value").is_not_null()).sort(key, "item")


def derivations() -> pl.DataFrame:
    """What can be derived: `id, version, inputs, outputs, parameters, source, year_min, year_max,
    description`, sorted by id.

    >>> "seer-site-recode-2023" in derivations().get_column("id")
    True
    """
    rows = [
        {
            "id": one.id,
            "version": one.version,
            "inputs": ";".join(one.inputs),
            "outputs": ";".join(one.outputs),
            "parameters": ";".join(inspect.signature(one.make).parameters),
            "source": one.source,
            "year_min": one.effective_years[0],
            "year_max": one.effective_years[1],
            "description": one.description,
        }
        for one in all_derivations().values()
    ]
    schema = {"year_min": pl.Int64, "year_max": pl.Int64}
    return pl.DataFrame(rows, schema_overrides=schema).sort("id")
