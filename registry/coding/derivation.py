"""What a derivation is, and the register of all of them.

A derivation is a named function that returns its output columns as polars expressions over NAACCR
items; id, version, inputs, outputs, source and examples stand beside it. Everything that derives a
variable goes through one door, `derive`, so a caller can list them all and each value can say which
algorithm and version made it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from registry.errors import BadInput, NotFound

Outputs = pl.Expr | dict[str, pl.Expr] | list[dict[str, pl.Expr]] | pl.DataFrame
"""One output, several by name, or steps (columns named `@…` are dropped at the end); a function with a
parameter `frame` gets the inputs of all rows and returns a frame of the outputs."""


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
        labels: function of an output's name that returns its names by code.
        why: function of one record (item → value) that says which rule decided, in words.
        distinct: derive distinct combinations of the inputs, then map back (few combinations, dear rules).
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
    labels: Callable[[str], Mapping[str, str]] | None = field(default=None, repr=False)
    why: Callable[[Mapping[str, str | None]], str | None] | None = field(default=None, repr=False)
    distinct: bool = False
    description: str = ""
    columns: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole docstring, on one line a paragraph."""
        paragraphs = inspect.cleandoc(self.make.__doc__ or "").split("\n\n")
        return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)

    @property
    def whole(self) -> bool:
        """Whether it looks at all rows together (a patient's tumors), as a function of a frame."""
        return "frame" in inspect.signature(self.make).parameters

    def steps(self, **parameters: Any) -> list[dict[str, pl.Expr]]:
        """Columns to add, step by step; the last step makes the outputs.

        Raises:
            BadInput: a parameter that the algorithm needs is missing.
        """
        made = self.make(**self._chosen(parameters))
        if isinstance(made, pl.Expr):
            made = {self.outputs[0]: made}
        assert not isinstance(made, pl.DataFrame), f"{self.id} needs a frame"
        return made if isinstance(made, list) else [made]

    def frame(self, inputs: pl.DataFrame, **parameters: Any) -> pl.DataFrame:
        """The outputs of a derivation over all rows: same height, same order.

        Raises:
            BadInput: a parameter that the algorithm needs is missing.
        """
        made = self.make(frame=inputs, **self._chosen(parameters))
        assert isinstance(made, pl.DataFrame) and made.height == inputs.height, self.id
        return made

    def _chosen(self, parameters: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(inspect.signature(self.make).parameters)
        wanted.pop("frame", None)
        given = {name: parameters[name] for name in wanted if parameters.get(name) is not None}
        for name, parameter in wanted.items():
            if parameter.default is inspect.Parameter.empty and name not in given:
                raise BadInput(f"derivation {self.id}", f"needs {name}", f"pass {name}=…")
        return given


_REGISTER: dict[str, Derivation] = {}


def derivation(
    id: str,
    *,
    version: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    source: str,
    effective_years: tuple[int | None, int | None] = (None, None),
    labels: Callable[[str], Mapping[str, str]] | None = None,
    why: Callable[[Mapping[str, str | None]], str | None] | None = None,
    distinct: bool = False,
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
            labels=labels,
            why=why,
            distinct=distinct,
            description=(function.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " "),
            columns=tuple(columns) or (*inputs, *outputs),
            examples=tuple(examples),
            parameters=dict(parameters or {}),
        )
        return function

    return declare


ROOMS = ("recodes", "survival", "people", "places", "treatment", "extent")
"""Packages of this room that declare derivations."""


def all_derivations() -> dict[str, Derivation]:
    """Every derivation by id, sorted (modules may be imported in any order)."""
    for room in ROOMS:
        importlib.import_module(f"registry.coding.{room}")
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


def usable(columns: Iterable[str]) -> list[str]:
    """Ids of the derivations whose inputs are all there, or are derived by others that are, sorted.

    >>> usable(["ageAtDiagnosis"])
    ['age-group', 'age-recodes']
    """
    known = set(columns)
    if "sexAssignedAtBirth" in known:
        known.add("sex")
    chosen: dict[str, Derivation] = {}
    while more := [
        one for one in all_derivations().values() if one.id not in chosen and set(one.inputs) <= known
    ]:
        chosen |= {one.id: one for one in more}
        known |= {output for one in more for output in one.outputs}
    return sorted(chosen)


def with_needed(chosen: Sequence[Derivation], columns: Iterable[str]) -> list[Derivation]:
    """These derivations, and those that derive their inputs which have no column; inputs first.

    >>> [one.id for one in with_needed(find(["age-group"]), ["dateOfBirth", "dateOfDiagnosis"])]
    ['age-at-diagnosis', 'age-group']
    """
    known = set(columns)
    by_output = {output: one for one in all_derivations().values() for output in one.outputs}
    needed = {one.id: one for one in chosen}
    waiting = list(chosen)
    while waiting:
        for item in waiting.pop().inputs:
            maker = by_output.get(item)
            if item not in known and maker is not None and maker.id not in needed:
                needed[maker.id] = maker
                waiting.append(maker)
    return _inputs_first(list(needed.values()))


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
            "parameters": ";".join(
                name for name in inspect.signature(one.make).parameters if name != "frame"
            ),
            "source": one.source,
            "year_min": one.effective_years[0],
            "year_max": one.effective_years[1],
            "description": one.description,
        }
        for one in all_derivations().values()
    ]
    schema = {"year_min": pl.Int64, "year_max": pl.Int64}
    return pl.DataFrame(rows, schema_overrides=schema).sort("id")
