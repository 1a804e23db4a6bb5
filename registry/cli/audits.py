"""Commands of audits: coding again without sight of the codes, and casefinding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry quality audit draw recoding --year 2024")
def audit() -> None:
    """Re-abstraction, recoding and casefinding audits: samples, agreement, findings."""


@audit.command("draw", epilog="Example: registry quality audit draw recoding --year 2024 --fraction 0.1")
@click.argument("kind", type=click.Choice(["reabstraction", "recoding"]))
@click.option("--year", type=int, required=True, help="Diagnosis year of the analytic cases.")
@click.option("--facility", help="One facility's cases only.")
@click.option(
    "--fraction", default=0.1, show_default=True, type=click.FloatRange(0, 1), help="Share of the cases."
)
@click.option(
    "--at-most", default=200, show_default=True, type=click.IntRange(1), help="No more cases than this."
)
@click.option("--seed", type=int, help="The same seed over the same cases draws the same sample.")
@global_options
def audit_draw(options: Options, kind: str, **chosen: Any) -> None:
    """Draw a sample of the year's analytic cases."""
    with options.connect() as session:
        told = session.run("audits.draw", kind=kind, **chosen)
    text = (
        f"audit {told['audit_id']}: {told['sampled']:,} of {told['population']:,} cases, seed {told['seed']}"
    )
    options.answer(told, text)


@audit.command("list", epilog="Example: registry quality audit list")
@global_options
def audit_list(options: Options) -> None:
    """Show all audits."""
    with options.connect() as session:
        frame = session.run("audits.list")
    options.answer(frame, output.table(frame, limit=400) if frame.height else "no audit yet")


@audit.command("assign", epilog="Example: registry quality audit assign 1 --to ana --to ben")
@click.argument("audit_id", type=int)
@click.option("--to", multiple=True, required=True, help="Account that codes again (repeat for several).")
@click.option("--coders", default=1, show_default=True, type=click.IntRange(1), help="Coders of each case.")
@global_options
def audit_assign(options: Options, audit_id: int, to: tuple[str, ...], coders: int) -> None:
    """Deal the cases out to people."""
    with options.connect() as session:
        told = session.run("audits.assign", audit_id=audit_id, to=list(to), coders=coders)
    options.answer(told, output.pairs(told))


@audit.command("results", epilog="Example: registry quality audit results 1")
@click.argument("audit_id", type=int)
@global_options
def audit_results(options: Options, audit_id: int) -> None:
    """Agreement by item with limits and kappa, or how complete casefinding was."""
    with options.connect() as session:
        told = session.run("audits.results", audit_id=audit_id)
    frames = {name: value for name, value in told.items() if hasattr(value, "height") and value.height}
    text = "\n\n".join(f"{name}\n{output.table(frame, limit=200)}" for name, frame in frames.items())
    options.answer(told, text or "nothing is finished yet")


@audit.command("findings", epilog="Example: registry quality audit findings --audit 1")
@click.option("--audit", "audit_id", type=int, help="One audit only.")
@global_options
def audit_findings(options: Options, audit_id: int | None) -> int:
    """Show items that were coded otherwise and wait for a decision. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("audits.findings", audit_id=audit_id)
    options.answer(frame, output.table(frame, limit=400) if frame.height else "no open finding")
    return 1 if frame.height else 0


@audit.command(
    "casefinding", epilog="Example: registry quality audit casefinding listed.csv --facility 0006210010"
)
@click.argument("listed", type=click.Path(dir_okay=False))
@click.option("--facility", help="Whose list it is, for rows that name none.")
@click.option("--year", type=int, help="The audited year.")
@click.option("--title", default="", help="What the audit is called.")
@global_options
def audit_casefinding(
    options: Options, listed: str, facility: str | None, year: int | None, title: str
) -> int:
    """Look an audited list of cases up in the registry. Exit code 1 when a case is missing or unclear."""
    with options.connect() as session:
        told = session.run(
            "audits.casefinding", path=str(Path(listed).absolute()), facility=facility, year=year, title=title
        )
    options.answer(told, output.pairs(told))
    return 1 if told["missed"] or told["unclear"] or told["unreadable"] else 0
