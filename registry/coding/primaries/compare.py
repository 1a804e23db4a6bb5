"""The door of this room: compare pairs of tumors, list the rules, explain one."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from registry.coding import reference
from registry.coding.primaries import engine
from registry.coding.primaries.answers import DATE, REVIEW, SIDE, SITE, TABLE
from registry.coding.primaries.rule import GROUPS, RESULTS, Group, Rule
from registry.errors import NotFound

_MISSING = (
    (DATE, "a full diagnosis date of both tumors"),
    (SIDE, "the side (right or left) of both tumors"),
    (SITE, "the subsite of both tumors"),
    (TABLE, "a histology of each tumor that is in the rule's table"),
    (REVIEW, "a review of the records: the codes alone do not tell"),
)


def compare_tumors(pairs: pl.DataFrame, *, question: bool = False, today: date | None = None) -> pl.DataFrame:
    """Single or multiple primaries, and by which rule, for every pair of tumors.

    Args:
        pairs: one pair a row: `primarySite`, `histologyIcdO3`, `behaviorIcdO3`, `histologyIcdO2`,
            `behaviorIcdO2`, `laterality`, `dateOfDiagnosis` (full or partial), each with `_1` and `_2`;
            an absent column is blank. `histologicTypeIcdO3_1` and `behaviorCodeIcdO3_1` are read too.
        question: also add the question of the deciding rule.
        today: a diagnosis in a later year cannot be right; the current day when absent.

    Returns:
        The pairs, same columns and order, with `result` (single, multiple, questionable, invalid),
        `group_id`, `step` (both null where no rule was asked), `reason` and perhaps `question`.

    >>> pair = {"primarySite_1": "C509", "histologyIcdO3_1": "8520", "behaviorIcdO3_1": "3",
    ...         "laterality_1": "1", "dateOfDiagnosis_1": "20100101", "primarySite_2": "C509",
    ...         "histologyIcdO3_2": "8520", "behaviorIcdO3_2": "3", "laterality_2": "2",
    ...         "dateOfDiagnosis_2": "20100101"}
    >>> compare_tumors(pl.DataFrame([pair])).select("result", "group_id", "step", "reason").row(0)
    ('multiple', 'mph_2007_to_2017_breast', 'M7', 'One tumor is in the right and one in the left breast.')
    """
    groups = _groups()
    found = engine.decide(pairs, groups, today or date.today())
    keys = _keys(found)
    used = np.flatnonzero(np.bincount(keys.ravel()))
    texts = pl.DataFrame([_texts(np.unravel_index(key, _SHAPE), groups) for key in used], schema=_TEXTS)
    position = np.zeros(int(np.prod(_SHAPE)), np.uint32)
    position[used] = np.arange(len(used))
    added = texts[position[keys]]
    columns = ["group_id", "step", "reason", *(["question"] if question else [])]
    result = pl.Series("result", RESULTS).gather(found.result)
    return pairs.with_columns(result, *added.select(columns).get_columns())


_TEXTS = dict.fromkeys(("group_id", "step", "reason", "question"), pl.String)


_SHAPE = (64, 64, 32, 3, len(RESULTS))
"""Room for groups (and the reasons for none), rules of a group, what is missing, which tumor, results."""


def _keys(found: engine.Decisions) -> NDArray[np.int64]:
    """What the texts of a pair depend on, as one number."""
    return np.ravel_multi_index(
        (found.group + engine.REASONS, found.rule + 1, found.missing, found.which, found.result), _SHAPE
    )


def _texts(key: tuple[np.intp, ...], groups: dict[str, Group]) -> dict[str, str | None]:
    group, rule = int(key[0]) - engine.REASONS, int(key[1]) - 1
    missing, which, result = int(key[2]), int(key[3]), RESULTS[key[4]]
    if group < 0:
        return {"reason": _without_group(group, which)}
    group_id = engine.group_ids()[group]
    if rule < 0:
        return {"group_id": group_id, "reason": "No rule of the group decides."}
    asked = groups[group_id].rules[rule]
    reason = _cannot_tell(asked, missing) if result == "questionable" and missing else asked.reason
    return {"group_id": group_id, "step": asked.step or None, "reason": reason, "question": asked.question}


def _cannot_tell(rule: Rule, missing: int) -> str:
    needed = " and ".join(text for bit, text in _MISSING if missing & bit)
    name = f"Rule {rule.step}" if rule.step else "The rule"
    return f"{name} cannot be answered: it needs {needed}. ({rule.question})"


def _without_group(group: int, which: int) -> str:
    tumor = ("", "first", "second")[which]
    return {
        engine.NO_GROUP: f"There are no rules for the codes of the {tumor} tumor.",
        engine.OTHER_GROUP: "The tumors belong to different groups of rules, so they are different primaries.",
        engine.SAME_CODES: "There are no rules for these tumors, but all their codes and dates are equal.",
        engine.UNUSABLE: f"The {tumor} tumor cannot be compared: it needs a site (C000-C999, not C809), a "
        "histology (8000-9999), a behavior (0-3 or 6) and a year of diagnosis that is not in the future.",
    }[group]


@cache
def _groups() -> dict[str, Group]:
    """All declared groups, in the order of `mph_groups.csv`."""
    from registry.coding.primaries import groups  # noqa: F401 - declares them

    return {name: GROUPS[name] for name in engine.group_ids() if name in GROUPS}


def rules() -> pl.DataFrame:
    """All rules in the order in which they are asked: group_id, group, years, step, question, reason, result.

    >>> rules().filter(group_id="mph_2007_to_2017_breast", step="M7")["result"].item()
    'multiple'
    """
    lines_of_groups = reference.table("mph_groups.csv").unique("group_id", keep="first")
    names = {row["group_id"]: row for row in lines_of_groups.iter_rows(named=True)}
    lines = [
        (
            group.id,
            names[group.id]["name"],
            names[group.id]["years"],
            one.step,
            one.question,
            one.reason,
            one.result,
        )
        for group in _groups().values()
        for one in group.rules
    ]
    columns = ["group_id", "group", "years", "step", "question", "reason", "result"]
    return pl.DataFrame(lines, schema=dict.fromkeys(columns, pl.String), orient="row")


def explain(group_id: str, step: str | None = None) -> str:
    """A rule (or a whole group when `step` is absent) as text: question, what follows, examples.

    Raises:
        NotFound: there is no such group or step.

    >>> print(explain("mph_2007_to_2017_breast", "M6").splitlines()[0])
    M6 (single): Are both tumors inflammatory carcinoma (8530/3)?
    """
    group = _groups().get(group_id)
    found = [one for one in group.rules if step is None or one.step == step] if group else []
    if not found:
        what = f"there is no rule {step} in it" if group else "there is no such group of rules"
        raise NotFound(group_id, what, "see `registry primaries rules`")
    return "\n".join(_explained(one) for one in found)


def _explained(rule: Rule) -> str:
    head = f"{rule.step} " if rule.step else ""
    lines = [f"{head}({rule.result}): {rule.question}", f"  {rule.reason}"]
    lines += [
        f"  {one.first} and {one.second}: {one.result}"
        + ("" if one.step == rule.step else f" by {one.step or 'no rule'}")
        for one in rule.examples
    ]
    return "\n".join(lines)
