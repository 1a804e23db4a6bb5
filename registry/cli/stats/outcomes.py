"""`registry stats outcomes`: stage, treatment, delays, observed and expected, funnel plots, volume, patient flow."""

from __future__ import annotations

from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options
from registry.cli.stats.narrowing import narrowing
from registry.errors import BadInput

MOST_ROWS = 500
WIDEST = 90
"""Combinations of treatments and names of hospitals are not cut."""


@click.group(epilog="Example: registry stats outcomes stage --by year --site Breast")
def outcomes() -> None:
    """Outcomes of hospitals; small numbers are hidden."""


def _tell(options: Options, operation: str, tables: dict[str, str], **asked: Any) -> int:
    """Ask, and print the named tables with their titles, then notes."""
    with options.connect() as session:
        answer = session.run(operation, **asked)
    parts = []
    for name, title in tables.items():
        if answer.get(name) is not None:
            parts.append(f"{title}\n{output.table(answer[name], limit=MOST_ROWS, widest=WIDEST)}")
    notes = [
        *answer["notes"],
        f"Numbers below {answer['threshold']}, and what would give them away, are not shown.",
    ]
    options.answer(answer, "\n\n".join([*parts, "\n".join(notes)]))
    return 0


@outcomes.command("stage", epilog="Example: registry stats outcomes stage --by facility --from 2020")
@click.option(
    "--by", default="year", show_default=True, help="year, period, site, sex, age, facility … or none."
)
@global_options
@narrowing
def stage(options: Options, by: str, selection: dict[str, Any]) -> int:
    """Stage at diagnosis within each group."""
    return _tell(options, "outcomes.stage", {"table": "Stage at diagnosis"}, by=_by(by), **selection)


@outcomes.command(
    "migration", epilog="Example: registry stats outcomes migration --periods 2010-2014,2015-2019"
)
@click.option("--periods", help="Spans of years of diagnosis, with commas (default: of five years).")
@click.option(
    "--years", type=float, default=3, show_default=True, help="Survival after so many years (3, 5 …)."
)
@global_options
@narrowing
def migration(options: Options, periods: str | None, years: float, selection: dict[str, Any]) -> int:
    """How the mix of stages shifted between periods, and survival by stage."""
    tables = {
        "shares": "Shares of stages",
        "survival": "Survival by stage",
        "adjusted": "Survival at one stage mix",
    }
    return _tell(options, "outcomes.migration", tables, periods=_spans(periods), years=years, **selection)


@outcomes.command("treatment", epilog="Example: registry stats outcomes treatment --by stage --site Breast")
@click.option("--by", default="stage", show_default=True, help="stage, year, facility … or none.")
@global_options
@narrowing
def treatment(options: Options, by: str, selection: dict[str, Any]) -> int:
    """First course of treatment: combinations, and each modality."""
    tables = {"combinations": "Combinations", "modalities": "Modalities"}
    return _tell(options, "outcomes.treatment", tables, by=_by(by), **selection)


@outcomes.command("time", epilog="Example: registry stats outcomes time --to-treatment surgery --by stage")
@click.option("--to-treatment", "of", default="first_treatment", show_default=True, help="first_treatment, surgery, systemic or radiation.")  # fmt: skip
@click.option("--by", default="none", show_default=True, help="stage, year, facility … or none.")
@click.option("--horizon", type=int, default=365, show_default=True, help="Days after which nobody is followed further.")  # fmt: skip
@global_options
@narrowing
def time(options: Options, of: str, by: str, horizon: int, selection: dict[str, Any]) -> int:
    """Days from diagnosis to treatment: percentiles of the treated (p), and of all (km_p)."""
    return _tell(
        options,
        "outcomes.time",
        {"table": "Days from diagnosis"},
        of=of,
        by=_by(by),
        horizon=horizon,
        **selection,
    )


@outcomes.command("oe", epilog="Example: registry stats outcomes oe --years 5 --mix stage,site,age")
@click.option("--years", type=float, default=5, show_default=True, help="Years of follow-up that count.")
@click.option("--mix", help="Case mix, with commas: stage, site, age, sex.")
@click.option("--limits", type=click.Choice(["exact", "byar"]), default="exact", show_default=True, help="Of observed / expected.")  # fmt: skip
@global_options
@narrowing
def oe(options: Options, years: float, mix: str | None, limits: str, selection: dict[str, Any]) -> int:
    """Observed against expected deaths of hospitals, by their mix of cases."""
    chosen = [word.strip() for word in mix.split(",")] if mix else None
    return _tell(
        options,
        "outcomes.oe",
        {"table": "Observed and expected"},
        years=years,
        mix=chosen,
        limits=limits,
        **selection,
    )


@outcomes.command(
    "funnel", epilog="Example: registry stats outcomes funnel colon-twelve-nodes --benchmark 85"
)
@click.argument("measure")
@click.option("--benchmark", type=float, help="Per cent; default: the measure's own.")
@global_options
@narrowing
def funnel(options: Options, measure: str, benchmark: float | None, selection: dict[str, Any]) -> int:
    """Hospitals' shares of a quality measure within exact control limits."""
    return _tell(
        options, "outcomes.funnel", {"points": "Hospitals"}, measure=measure, benchmark=benchmark, **selection
    )


@outcomes.command("volume", epilog="Example: registry stats outcomes volume --by facility,site")
@click.option(
    "--by", default="facility,year", show_default=True, help="One or two of facility, site, year, stage."
)
@global_options
@narrowing
def volume(options: Options, by: str, selection: dict[str, Any]) -> int:
    """Cases of hospitals."""
    words = [word.strip() for word in by.split(",")]
    return _tell(options, "outcomes.volume", {"table": "Cases"}, by=words, **selection)


@outcomes.command("flow", epilog="Example: registry stats outcomes flow --by facility")
@click.option("--by", default="none", show_default=True, help="facility, year, site … or none.")
@global_options
@narrowing
def flow(options: Options, by: str, selection: dict[str, Any]) -> int:
    """What hospitals had to do with their cases, and between which of them patients move."""
    tables = {"table": "Class of case", "transfers": "Diagnosed and treated"}
    return _tell(options, "outcomes.flow", tables, by=_by(by), **selection)


def _by(word: str) -> str | None:
    return None if word == "none" else word


def _spans(text: str | None) -> list[list[int]] | None:
    if not text:
        return None
    spans = [part.strip().split("-") for part in text.split(",")]
    if not all(len(span) == 2 and all(year.strip().isdecimal() for year in span) for span in spans):
        raise BadInput("--periods", f"{text} are no spans of years", "write 2010-2014,2015-2019")
    return [[int(year) for year in span] for span in spans]
