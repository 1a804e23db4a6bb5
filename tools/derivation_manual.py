"""Writes docs/reference/derivations/: a page a derived variable, from the definitions and their examples.

`python -m tools.derivation_manual` rewrites them, `--check` only says whether they are current (exit 1
if not). A test does the same, so the manual never lags behind the definitions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from registry.coding.derivation import Derivation, all_derivations
from registry.coding.examples import examples
from tools import markdown

FOLDER = markdown.REFERENCE / "derivations"
GENERATED = markdown.generated("tools.derivation_manual")


def pages() -> dict[Path, str]:
    """Text of each page by its path."""
    every = all_derivations().values()
    made = {FOLDER / f"{one.id}.md": "\n".join(_page(one)) for one in every}
    return {FOLDER / "README.md": "\n".join(_index(list(every))), **made}


def _index(every: list[Derivation]) -> Iterator[str]:
    yield "# Derived variables\n"
    yield GENERATED
    yield (
        "Each is made by `registry.coding.derive` (`registry derive run`) and kept with its algorithm and "
        "version. `registry derive explain` says why one record has its value.\n"
    )
    rows = [
        [f"[{one.id}]({one.id}.md)", markdown.names(one.outputs), one.version, one.description]
        for one in every
    ]
    yield from markdown.table(["derivation", "makes", "version", "what it is"], rows)


def _page(one: Derivation) -> Iterator[str]:
    yield f"# {one.id}\n"
    yield GENERATED
    yield one.text.replace("\n", "\n\n") + "\n"
    facts = [
        f"Version: {one.version}.",
        f"Inputs: {markdown.names(one.inputs)}.",
        f"Outputs: {markdown.names(one.outputs)}.",
    ]
    if any(one.effective_years):
        since, until = one.effective_years
        facts.append(f"Diagnosis years {since or '…'} to {until or '…'}.")
    if one.parameters:
        facts.append("Examples with " + ", ".join(f"{k} = {v}" for k, v in one.parameters.items()) + ".")
    facts.append(f"Source: {one.source}.")
    yield "  \n".join(facts) + "\n"
    yield "## Examples\n\n(blank) is a blank item.\n"
    rows = examples(one).rows()
    yield from markdown.table(one.columns, [[value or "(blank)" for value in row] for row in rows])


def main() -> int:
    """Write the pages, or with --check say how many are stale."""
    return markdown.write(pages(), __doc__ or "", [FOLDER])


if __name__ == "__main__":
    sys.exit(main())
