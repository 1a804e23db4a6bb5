"""`registry export preview|list|show|records|calendar`: submissions, and what they would be."""

from __future__ import annotations

from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options


def request_options(function: Any) -> Any:
    """Options that say what a submission holds."""
    for option in reversed([
        click.option("--state", help="Residents of this state at diagnosis; for IDE the receiving state."),
        click.option("--from", "from_year", type=int, help="First diagnosis year."),
        click.option("--to", "to_year", type=int, help="Last diagnosis year."),
        click.option("--record-type", type=click.Choice(["I", "C", "A", "M"]), help="Default: the profile's."),
        click.option("--naaccr-version", help="140 to 260 (default: the newest installed)."),
        click.option("--facility", help="Only this facility's abstracts."),
        click.option("--as-of", help="Day or time of the submission (ISO; default: now)."),
        click.option("--full", is_flag=True, help="The whole file of a profile that sends changes."),
        click.option("--strict", is_flag=True, help="Refuse it when edits hold a record back or a required item is blank."),
    ]):  # fmt: skip
        function = option(function)
    return function


@click.command("preview", epilog="Example: registry export preview NPCR_CSS --state NY")
@click.argument("profile")
@request_options
@click.option("--limit", default=20, show_default=True, help="Held-back records to list.")
@global_options
def preview(options: Options, profile: str, limit: int, **request: Any) -> int:
    """Show what would go, what is held back and why; nothing is kept. Exit code 1 when it could not be sealed."""
    with options.connect() as session:
        found = session.run("submission.preview", profile=profile, limit=limit, **request)
    if options.as_json:
        click.echo(output.as_json(found))
        return 1 if found["problems"] else 0
    click.echo(
        f"{found['title']}: {found['going']:,} records of {found['patients']:,} patients go, {found['deleted']:,} are deleted "
        f"there, {found['held']:,} are held back; {len(found['items']):,} items"
    )
    shown = ("changes", "by_year", "held_back", "held_records", "outside")
    for name in shown:
        if found[name].height:
            click.echo(f"\n{name.replace('_', ' ')}\n{output.table(found[name])}")
    blank = found["required"].filter(found["required"]["blank"] > 0)
    if blank.height:
        click.echo(f"\nrequired items that are blank\n{output.table(blank)}")
    for line in found["problems"]:
        options.remark(f"cannot be sealed: {line}")
    return 1 if found["problems"] else 0


STATES = (
    "DRAFT", "VALIDATED", "SEALED", "SENT", "ACKNOWLEDGED", "PARTLY_REJECTED", "REJECTED", "RESUBMITTED", "DISCARDED",
)  # fmt: skip


@click.command("list", epilog="Example: registry export list --state SENT")
@click.option("--state", type=click.Choice(STATES, case_sensitive=False), help="Only these.")
@click.option("--profile", help="Only this profile.")
@click.option("--limit", default=200, show_default=True)
@global_options
def list_command(options: Options, **arguments: Any) -> None:
    """List submissions, newest first."""
    with options.connect() as session:
        found = session.run("submission.list", **arguments)
    shown = [
        "submission_id",
        "profile",
        "region",
        "facility_id",
        "state",
        "records",
        "held",
        "rejected",
        "due_on",
        "created_at",
    ]
    options.answer(found, output.table(found.select(shown)))


@click.command("show", epilog="Example: registry export show 12")
@click.argument("submission_id", type=int)
@global_options
def show(options: Options, submission_id: int) -> None:
    """Show one submission: its state, events, counts, files, and what may be done next."""
    with options.connect() as session:
        found = session.run("submission.show", submission_id=submission_id)
    if options.as_json:
        click.echo(output.as_json(found))
        return
    row = found["submission"]
    for name in (
        "profile",
        "title",
        "recipient",
        "region",
        "facility_id",
        "state",
        "as_of",
        "records",
        "deleted",
        "held",
    ):
        if row[name] is not None:
            click.echo(f"{name.replace('_', ' '):12} {output.cell(row[name], 90)}")
    for line in row["problems"]:
        click.echo(f"{'problem':12} {line}")
    for name in ("events", "changes", "answers", "held_back", "files"):
        if found[name].height:
            click.echo(f"\n{name.replace('_', ' ')}\n{output.table(found[name], widest=70)}")
    if found["may"]:
        click.echo(f"\nnext: {', '.join(found['may'])}")


@click.command("records", epilog="Example: registry export records 12 --answer rejected")
@click.argument("submission_id", type=int)
@click.option("--answer", type=click.Choice(["accepted", "rejected", "none"]))
@click.option("--change", type=click.Choice(["new", "changed", "same", "deleted"]))
@click.option("--held", is_flag=True, help="Those held back instead.")
@click.option("--limit", default=1000, show_default=True)
@global_options
def records_command(
    options: Options, submission_id: int, answer: str | None, change: str | None, held: bool, limit: int
) -> None:
    """List the records of a submission, or what it held back."""
    with options.connect() as session:
        if held:
            found = session.run("submission.held", submission_id=submission_id, limit=limit)
        else:
            found = session.run(
                "submission.records", submission_id=submission_id, answer=answer, change=change, limit=limit
            )
    options.answer(found, output.table(found))


@click.command("calendar", epilog="Example: registry export calendar --as-of 2026-11-01")
@click.option("--as-of", help="Day (default: today).")
@click.option("--days", default=400, show_default=True, help="Days to look ahead.")
@global_options
def calendar(options: Options, **arguments: Any) -> None:
    """List when submissions are due, and whether they were made."""
    with options.connect() as session:
        found = session.run("submission.calendar", **arguments)
    options.answer(found, output.table(found.drop("cadence")))
