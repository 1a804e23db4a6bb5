"""Rates of the registry's own tumors, as a table for people."""

from __future__ import annotations

from typing import Any

from registry.cli.options import Options
from registry.cli.stats.answers import figures, tell
from registry.cli.stats.tables import listed


def answer(options: Options, given: dict[str, Any]) -> int:
    """Ask the registry and print."""
    wanted = {
        name: given[name] for name in ("cohort", "site", "sex", "year_from", "year_to", "source", "measure")
    }
    wanted |= {name: given[name] for name in ("age_from", "age_to", "profile", "as_of")}
    asked = {name: value for name, value in wanted.items() if value is not None}
    if given["standard"] is not None:
        asked["standard"] = _standard(given["standard"])
    with options.connect() as session:
        found = session.run("rates.table", by=listed(given["by"], "--by") or ["year"], **asked)
    table = found["table"]
    return tell(options, found, figures(table), table=table, out=given["out"], methods=bool(given["methods"]))


def _standard(text: str) -> str | dict[str, float]:
    """A known standard by name, or the weights of a file."""
    from registry.analytics.incidence import standards
    from registry.cli.stats.counts_file import standards_named
    from registry.errors import BadInput

    named = standards_named(text)
    if len(named) > 1:
        raise BadInput("--standard", "only one at a time without --input", "name one")
    ((name, one),) = named.items()
    return (
        name if name in set(standards()["standard"]) else dict(zip(one.age_groups, one.weights, strict=True))
    )
