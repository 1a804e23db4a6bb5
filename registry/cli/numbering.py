"""Commands about accession and sequence numbers."""

from __future__ import annotations

import click

from registry.cli import output
from registry.cli.options import Options, global_options

_SENTENCE = 160
_KINDS = click.Choice(["hospital", "central"])


@click.group(epilog="Example: registry numbering gaps --year 2025")
def numbering() -> None:
    """Accession numbers and sequence numbers."""


@numbering.command("gaps", epilog="Example: registry numbering gaps --facility 0009990010 --year 2025")
@click.option("--facility", help="Only this facility.")
@click.option("--year", type=int, help="Only this year of first contact.")
@global_options
def numbering_gaps(options: Options, facility: str | None, year: int | None) -> int:
    """Show accession numbers that nobody has. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("numbering.gaps", facility_id=facility, year=year)
    text = output.table(frame, limit=200) if frame.height else "no gaps"
    options.answer(frame, text)
    return 1 if frame.height else 0


@numbering.command("doubles", epilog="Example: registry numbering doubles")
@global_options
def numbering_doubles(options: Options) -> int:
    """Show accession numbers of several patients, and patients with several. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("numbering.doubles")
    text = output.table(frame, limit=200) if frame.height else "no doubles"
    options.answer(frame, text)
    return 1 if frame.height else 0


@numbering.command("accession", epilog="Example: registry numbering accession 23")
@click.argument("abstract_id", type=int)
@global_options
def numbering_accession(options: Options, abstract_id: int) -> None:
    """Give an abstract its patient's accession number at its facility."""
    with options.connect() as session:
        record = session.run("records.abstract", abstract_id=abstract_id)
        answer = session.run(
            "numbering.accession", abstract_id=abstract_id, expected_version=record["version"]
        )
    options.answer(answer, f"{answer['accessionNumberHosp']} ({answer['how']})")


@numbering.command("sequences", epilog="Example: registry numbering sequences --kind hospital")
@click.option("--kind", type=_KINDS, help="Only these numbers (default: both).")
@click.option("--patient", type=int, help="All numbers of one patient, also those that stay.")
@global_options
def numbering_sequences(options: Options, kind: str | None, patient: int | None) -> None:
    """Show the sequence numbers that would change, old and new, and why."""
    with options.connect() as session:
        if patient is None:
            frame = session.run("numbering.proposals", kind=kind)
        else:
            frame = session.run("numbering.proposal", patient_id=patient)["rows"]
            frame = frame if kind is None else frame.filter(frame["kind"] == kind)
    shown = frame.select("patient_id", "abstract_id", "facility_id", "kind", "old", "new", "why")
    options.answer(
        frame, output.table(shown, limit=200, widest=_SENTENCE) if frame.height else "nothing would change"
    )


@numbering.command("confirm", epilog='Example: registry numbering confirm 17 --reason "second tumor of 2025"')
@click.argument("patient_id", type=int)
@click.option("--kind", type=_KINDS, help="Only these numbers (default: both).")
@click.option("--reason", help="Why, for the history of the abstracts.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@global_options
def numbering_confirm(
    options: Options, patient_id: int, kind: str | None, reason: str | None, yes: bool
) -> int:
    """Show the new sequence numbers of a patient, ask, and write them."""
    with options.connect() as session:
        proposal = session.run("numbering.proposal", patient_id=patient_id)
        rows = proposal["rows"]
        rows = rows.filter(rows["old"].ne_missing(rows["new"]))
        rows = rows if kind is None else rows.filter(rows["kind"] == kind)
        if rows.is_empty():
            options.answer({"patient_id": patient_id, "changed": 0}, "nothing would change")
            return 0
        if not yes:
            click.echo(
                output.table(rows.select("abstract_id", "kind", "old", "new", "why"), widest=_SENTENCE),
                err=True,
            )
            click.confirm("Write these numbers?", abort=True, err=True)
        answer = session.run(
            "numbering.confirm", patient_id=patient_id, shown=proposal["shown"], reason=reason, kind=kind
        )
    options.answer(answer, f"{answer['changed']} abstracts have new numbers")
    return 0
