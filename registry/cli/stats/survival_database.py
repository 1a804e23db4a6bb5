"""`registry stats survival` without a file: the registry's own patients, small numbers hidden."""

from __future__ import annotations

from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options
from registry.cli.stats.tables import listed
from registry.errors import BadInput

SIMPLE = ("by", "site", "sex", "stage", "year_from", "year_to", "profile", "as_of", "cohort")
"""What the plain question, Kaplan–Meier of one grouping, takes."""
MODELS = {
    "cox": ("covariates", "strata", "ties"),
    "excess": ("covariates", "intervals", "approach", "period", "life_table"),
}
"""Models, operations of their own, and the options that each takes beside the selection."""
OF_MODELS = ("covariates", "strata", "ties", "intervals")
FURTHER = ("method", "approach", "period", "given", "age_weights", "life_table", "ci", "test")
"""What only the question after a method takes."""
YEAR = 365.25


def answer(options: Options, given: dict[str, Any]) -> int:
    """Ask the registry and print the answer."""
    if given["method"] in MODELS:
        return _model(options, given)
    if foreign := [name for name in OF_MODELS if given[name] is not None]:
        raise BadInput(f"--{foreign[0]}", "goes with --method cox or excess", "leave it out")
    further = any(given[name] is not None for name in FURTHER) or "," in (given["by"] or "")
    asked = (
        _by_method(given) if further else {name: given[name] for name in SIMPLE if given[name] is not None}
    )
    with options.connect() as session:
        found = session.run("survival.estimate" if further else "survival.kaplan_meier", **asked)
    if options.as_json:
        click.echo(output.as_json(found))
        return 0
    click.echo(output.table(found["at_years"], limit=200))
    for name in ("median", "mean"):
        if further and found.get(name) is not None:
            click.echo(f"\n{name}")
            click.echo(output.table(found[name], limit=200))
    if further and found.get("test"):
        click.echo(f"\n{_test_line(found['test'])}")
    click.echo(output.table(found["exclusions"]))
    for note in found["notes"] if further else [found["note"]]:
        click.echo(note)
    return 0


def _model(options: Options, given: dict[str, Any]) -> int:
    """A model's terms."""
    method = given["method"]
    taken = (*MODELS[method], *(name for name in SIMPLE if name != "by"), "method")
    further = dict.fromkeys((*SIMPLE, *FURTHER, *OF_MODELS))
    if foreign := [name for name in further if given[name] is not None and name not in taken]:
        raise BadInput(
            f"--{foreign[0].replace('_', '-')}", f"does not go with --method {method}", "leave it out"
        )
    asked = _by_method({name: given[name] if name in taken else None for name in given})
    asked = {name: value for name, value in asked.items() if name != "method"}
    asked["covariates"] = listed(given["covariates"], "--covariates") or None
    for name in ("strata", "ties") if method == "cox" else ():
        asked[name] = given[name]
    if method == "excess":
        asked["intervals"] = _numbers(given["intervals"])
    with options.connect() as session:
        found = session.run(
            f"survival.{method}", **{name: value for name, value in asked.items() if value is not None}
        )
    if options.as_json:
        click.echo(output.as_json(found))
        return 0
    for name in ("terms", "baseline", "proportional", "exclusions"):
        if found.get(name) is not None:
            click.echo(output.table(found[name], limit=200) + "\n")
    for note in found["notes"]:
        click.echo(note)
    return 0


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in listed(text, "--intervals")]
    except ValueError:
        raise BadInput("--intervals", "are no numbers of years", "write for example 0,1,2,5") from None


def _by_method(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `survival.estimate`."""
    asked = {
        "by": listed(given["by"], "--by") or None,
        "sites": given["site"] and [given["site"]],
        "sexes": given["sex"] and [given["sex"]],
        "stages": given["stage"] and [given["stage"]],
        "standard": given["age_weights"],
        "period": _years(given["period"]),
        "given": _number_of_years(given["given"]),
    }
    same = (
        "method",
        "year_from",
        "year_to",
        "approach",
        "life_table",
        "ci",
        "test",
        "profile",
        "as_of",
        "cohort",
    )
    asked |= {name: given[name] for name in same}
    return {name: value for name, value in asked.items() if value is not None}


def _years(text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.split(":")
    if len(parts) != 2 or not all(len(part) == 4 and part.isdigit() for part in parts):
        raise BadInput("--period", "is not two years", "write 2015:2019, or days with --input")
    return [int(part) for part in parts]


def _number_of_years(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text) / YEAR
    except ValueError:
        raise BadInput("--given", "is no number of days", "write for example 365.25") from None


def _test_line(test: dict[str, Any]) -> str:
    chisq, p = test.get("chisq"), test.get("p")
    if chisq is None or p is None:
        return f"{test['title']}: not shown"
    return f"{test['title']}: chi-square {chisq:.2f}, {test['df']} degrees of freedom, p {p:.4g}"
