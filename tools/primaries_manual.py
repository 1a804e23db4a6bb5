"""Writes docs/reference/primaries/: a page a multiple-primary rule, from the rules and their examples.

`python -m tools.primaries_manual` rewrites them, `--check` only says whether they are current (exit 1
if not). A test does the same, so the manual never lags behind the rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from registry.coding import primaries, reference
from registry.coding.primaries.rule import GROUPS, Group, Rule
from tools import markdown

FOLDER = markdown.REFERENCE / "primaries"
GENERATED = markdown.generated("tools.primaries_manual")


def pages() -> dict[Path, str]:
    """Text of each page by its path."""
    order = primaries.rules().get_column("group_id").unique(maintain_order=True)
    groups = {name: GROUPS[name] for name in order}
    facts = {row["group_id"]: row for row in reference.table("mph_groups.csv").iter_rows(named=True)}
    made = {FOLDER / "README.md": "\n".join(_index(groups, facts))}
    for group in groups.values():
        folder = FOLDER / group.id
        made[folder / "README.md"] = "\n".join(_group(group, facts[group.id]))
        for step, rules in _steps(group):
            made[folder / f"{_file(step)}.md"] = "\n".join(_page(group, step, rules, facts[group.id]))
    return made


def _steps(group: Group) -> list[tuple[str, list[Rule]]]:
    """Rules by step: a step that can end in both ways is declared in two rules."""
    return [(step, list(rules)) for step, rules in groupby(group.rules, key=lambda rule: rule.step)]


def _file(step: str) -> str:
    return step or "rule"


def _index(groups: dict[str, Group], facts: dict[str, dict[str, str]]) -> Iterator[str]:
    yield "# Multiple-primary rules\n"
    yield GENERATED
    yield (
        "Two tumors of one person are judged by the rules of the group to which both belong, in the later "
        "of their diagnosis years. Tumors of different groups are multiple primaries. `registry primaries "
        "compare` judges pairs, `registry primaries explain` shows a rule.\n"
    )
    rows = [
        [
            f"[{one.id}]({one.id}/README.md)",
            facts[one.id]["name"],
            facts[one.id]["years"],
            str(len(_steps(one))),
        ]
        for one in groups.values()
    ]
    yield from markdown.table(["group", "name", "diagnosis years", "rules"], rows)


def _group(group: Group, facts: dict[str, str]) -> Iterator[str]:
    yield f"# {facts['name']}\n"
    yield GENERATED
    names = {
        "years": "Diagnosis years",
        "sites": "Sites",
        "without_sites": "Without sites",
        "histologies": "Histologies",
        "without_histologies": "Without histologies",
        "behaviors": "Behaviors",
    }
    yield "  \n".join(f"{text}: {facts[key]}." for key, text in names.items() if facts.get(key)) + "\n"
    rows = [
        [
            f"[{step or 'rule'}]({_file(step)}.md)",
            " or ".join(rule.result for rule in rules),
            rules[0].question,
        ]
        for step, rules in _steps(group)
    ]
    yield from markdown.table(["rule", "when yes", "question"], rows)


def _page(group: Group, step: str, rules: list[Rule], facts: dict[str, str]) -> Iterator[str]:
    yield f"# {facts['name']}: {step or 'rule'}\n"
    yield GENERATED
    for rule in rules:
        yield f"**{rule.question}**\n"
        yield f"Yes: {rule.result}. {rule.reason}\n"
    yield "## Examples\n\nA tumor is site, histology/behavior, laterality (- is blank), date of diagnosis.\n"
    rows = [
        [one.first, one.second, one.result + ("" if one.step == step else f", by {one.step or 'no rule'}")]
        for rule in rules
        for one in rule.examples
    ]
    yield from markdown.table(["first tumor", "second tumor", "answer"], rows)
    yield f"All rules of the group: [{group.id}](README.md).\n"


def main() -> int:
    """Write the pages, or with --check say how many are stale."""
    return markdown.write(pages(), __doc__ or "", [FOLDER])


if __name__ == "__main__":
    sys.exit(main())
