"""Are the examples of the edits good enough? Breaks each rule on purpose and sees whether they notice.

Coarse: the rule's answer becomes always true, always false, or its opposite; every edit's examples
must notice all three (a test holds that). Fine: one thing in the source of the rule's function
changes (a comparison, `&` or `|`, a dropped operand, a number, a code in a text), and the share that
the examples notice is the score; what they did not notice is listed.

`python -m tools.mutate_edits [--edit ID …]` prints the fine score and the survivors.
"""

from __future__ import annotations

import argparse
import ast
import copy
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from registry import edits
from registry.edits import definition, plan
from registry.edits.definition import Edit, Expression
from registry.edits.examples import FAILS, REVIEWS, examples, outcomes


@dataclass(frozen=True)
class Mutant:
    """One way to break an edit: what was changed, and the broken function."""

    edit: Edit
    change: str
    expression: Expression


# --- coarse ----------------------------------------------------------------------------------------


def coarse(edit: Edit) -> Iterator[Mutant]:
    """The edit's answer made always true, always false, and its opposite."""
    changes = {
        "always true": lambda answer: _constant(answer, value=True),
        "always false": lambda answer: _constant(answer, value=False),
        "opposite": _opposite,
    }
    for name, change in changes.items():
        yield Mutant(edit, name, _changed(edit, change))


def _changed(edit: Edit, change: Any) -> Expression:
    """The edit's function with its answer changed; it keeps its signature, which the engine reads."""
    original = edit.expression
    needed = [p for p in inspect.signature(original).parameters.values() if p.default is p.empty]
    if len(needed) == 0:
        return lambda: change(original())
    if len(needed) == 1:
        return lambda one: change(original(one))
    return lambda one, two: change(original(one, two))


def _constant(answer: Any, *, value: bool) -> Any:
    if isinstance(answer, pl.Series):
        words = pl.Series([("x" if value else None)] * len(answer), dtype=pl.String)
        return words if answer.dtype == pl.String else pl.Series([value] * len(answer), dtype=pl.Boolean)
    return pl.when(answer.is_null()).then(value).otherwise(value)


def _opposite(answer: Any) -> Any:
    if not isinstance(answer, pl.Series):
        return ~answer.fill_null(value=False)
    if answer.dtype == pl.String:
        return pl.select(pl.when(answer.is_null()).then(pl.lit("x"))).to_series()
    return ~answer.fill_null(value=False)


# --- fine ------------------------------------------------------------------------------------------

_COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
_RANGE = re.compile(r"C?\d{2,4}(-C?\d{2,4})?([,\s]+C?\d{2,4}(-C?\d{2,4})?)*")


def fine(edit: Edit) -> Iterator[Mutant]:
    """The edit's function with one thing in its source changed at a time."""
    function = inspect.unwrap(edit.expression)
    tree = _source(function)
    if tree is None:
        return
    for change, broken in _mutations(tree):
        made = _function(function, broken)
        if made is not None:
            yield Mutant(edit, change, made)


def _source(function: Expression) -> ast.FunctionDef | ast.Lambda | None:
    """The function's syntax tree without decorators and docstring; of a lambda, the lambda."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        module = ast.parse(
            text if text.lstrip().startswith(("@", "def")) else f"({text.strip().rstrip(',')})"
        )
    except (OSError, TypeError, SyntaxError):
        return None
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name == getattr(function, "__name__", ""):
            node.decorator_list = []
            return node
        if isinstance(node, ast.Lambda) and function.__name__ == "<lambda>":
            return node
    return None


def _function(original: Expression, tree: ast.FunctionDef | ast.Lambda) -> Expression | None:
    """The changed tree as a function over the original's names, its defaults and closure kept."""
    names = {**getattr(original, "__globals__", {})}
    closure = inspect.getclosurevars(original)
    names |= dict(closure.nonlocals)
    if isinstance(tree, ast.Lambda):
        module: ast.mod = ast.Expression(body=tree)
        made = eval(compile(ast.fix_missing_locations(module), "<mutant>", "eval"), names)
    else:
        module = ast.Module(body=[tree], type_ignores=[])
        exec(compile(ast.fix_missing_locations(module), "<mutant>", "exec"), names)
        made = names[tree.name]
    made.__defaults__ = getattr(original, "__defaults__", None)
    return made  # type: ignore[no-any-return]


def _mutations(tree: ast.FunctionDef | ast.Lambda) -> Iterator[tuple[str, Any]]:
    """Every change of one node: what it is, and the changed tree."""
    nodes = list(ast.walk(tree))
    kept = _not_logic(tree)
    for number, node in enumerate(nodes):
        if id(node) in kept:
            continue
        for change, new in _of_node(node):
            broken = copy.deepcopy(tree)
            old = list(ast.walk(broken))[number]
            yield (
                f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)} → {change}",
                _replaced(broken, old, new),
            )


def _not_logic(tree: ast.AST) -> set[int]:
    """Nodes that say nothing about the rule: the docstring, names of columns, types, arguments."""
    kept: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            if ast.get_docstring(node) is not None:
                kept |= {id(part) for part in ast.walk(node.body[0])}
            kept |= {id(part) for part in ast.walk(node.args)}
            kept |= {id(part) for part in ast.walk(node.returns)} if node.returns else set()
        if isinstance(node, ast.Call):
            kept |= {id(part) for word in node.keywords for part in ast.walk(word)}
    return kept


def _of_node(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        new = copy.deepcopy(node)
        new.ops = [_COMPARISONS[type(node.ops[0])]()]
        yield ast.unparse(new), new
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        other = ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd()
        swapped = ast.BinOp(left=node.left, op=other, right=node.right)
        yield ast.unparse(swapped), swapped
        yield ast.unparse(node.left), node.left
        yield ast.unparse(node.right), node.right
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        yield ast.unparse(node.operand), node.operand
    elif isinstance(node, ast.List) and len(node.elts) > 1:
        for place in range(len(node.elts)):
            shorter = ast.List(elts=[e for n, e in enumerate(node.elts) if n != place], ctx=ast.Load())
            yield ast.unparse(shorter), shorter
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, ast.expr]]:
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool):
        for other in (value - 1, value + 1):
            yield str(other), ast.Constant(other)
    elif isinstance(value, str) and value and _RANGE.fullmatch(value.strip()):
        for found in re.finditer(r"\d{2,4}", value):
            for step in (-1, 1):
                width = len(found.group())
                number = f"{max(int(found.group()) + step, 0):0{width}d}"
                text = value[: found.start()] + number + value[found.end() :]
                yield repr(text), ast.Constant(text)
    elif isinstance(value, str) and value.isdigit():
        other = str((int(value) + 1) % 10 ** len(value)).zfill(len(value))
        yield repr(other), ast.Constant(other)


def _replaced(tree: Any, old: ast.AST, new: ast.expr) -> Any:
    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return copy.deepcopy(new) if node is old else self.generic_visit(node)

    return Swap().visit(tree)


# --- do the examples notice? ---------------------------------------------------------------------


@contextmanager
def in_place_of(mutant: Mutant) -> Iterator[None]:
    """The broken edit stands on the register for a while."""
    edit_id = mutant.edit.id
    original = definition.all_edits()[edit_id]
    try:
        _put(replace(original, expression=mutant.expression))
        yield
    finally:
        _put(original)


def _put(edit: Edit) -> None:
    definition._REGISTER[edit.id] = edit
    definition.all_edits.cache_clear()
    for compiled in (plan.compile_plan, plan._item_edits, plan.silenced, plan.flags_read):
        compiled.cache_clear()


def noticed(mutant: Mutant) -> bool:
    """Whether an example of the edit comes out differently, or the broken rule does not even work."""
    cases = list(examples(mutant.edit))
    with in_place_of(mutant):
        try:
            found = outcomes(definition.find(mutant.edit.id), cases)
        except Exception:
            return True
    if mutant.edit.review_when and not mutant.edit.reviews:
        found = [FAILS if outcome == REVIEWS else outcome for outcome in found]
    return found != [case.kind for case in cases]


def score(edit_ids: list[str]) -> tuple[int, list[str]]:
    """Number of fine mutants of the edits, and one line for each that no example noticed."""
    number, survivors = 0, []
    for edit_id in edit_ids:
        for mutant in fine(edits.find(edit_id)):
            number += 1
            if not noticed(mutant):
                survivors.append(f"{edit_id}: {mutant.change}")
    return number, survivors


def main() -> int:
    """Print the fine score and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edit", action="append", help="only this edit (may be repeated)")
    chosen = parser.parse_args().edit or list(edits.all_edits())
    number, survivors = score(chosen)
    print("\n".join(survivors))
    share = 1 - len(survivors) / number if number else 1.0
    print(f"{number} mutants of {len(chosen)} edits, {number - len(survivors)} noticed ({share:.1%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
