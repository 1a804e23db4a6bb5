"""`registry disclosures`: whom a patient's data went to, six years back."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options

SHOWN = ["disclosed_on", "recipient", "recipient_address", "content", "purpose", "legal_basis"]


@click.group(invoke_without_command=True, epilog="Example: registry disclosures --patient 1042 --json")
@click.option(
    "--patient", type=int, help="Our number of the patient; without it, all that left the registry."
)
@click.option("--as-of", help="Day of the request (default: today).")
@click.option("--from", "start", help="First day (default: six years before).")
@click.option("--to", "end", help="Last day (default: the day of the request).")
@click.option("--all", "everything", is_flag=True, help="Also what needs no accounting, and why.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write this .csv or .parquet file instead.")
@global_options
@click.pass_context
def disclosures(
    ctx: click.Context,
    options: Options,
    patient: int | None,
    as_of: str | None,
    start: str | None,
    end: str | None,
    everything: bool,
    out: str | None,
) -> None:
    """Accounting of disclosures (45 CFR 164.528): date, recipient, address, what, why.

    Limited data sets under an agreement and de-identified data need no accounting; --all shows them too.
    """
    if ctx.invoked_subcommand is not None:
        return
    words = {"as_of": as_of, "start": start, "end": end, "everything": everything}
    with options.connect() as session:
        if patient is not None:
            frame = session.run("disclosures.of_patient", patient_id=patient, **words)
        else:
            frame = session.run("disclosures.list", **words)
    if out:
        from registry.cli.frames import write_frame

        write_frame(frame, Path(out))
        if options.as_json:
            click.echo(output.as_json({"file": out, "disclosures": frame.height}))
        options.remark(f"{out}: {frame.height:,} disclosures")
        return
    further = ["no_accounting_because"] if everything else []
    columns = [*SHOWN, *([] if patient is not None else ["patients"]), *further]
    text = output.table(frame.select(columns), limit=200) if frame.height else "no disclosures in that time"
    options.answer(frame, text)


@disclosures.command("add", epilog="Example: registry disclosures add --patient 7 --recipient Court --purpose Subpoena --content Abstract")  # fmt: skip
@click.option("--patient", "patients", type=int, multiple=True, required=True, help="Our number; may be repeated.")  # fmt: skip
@click.option("--recipient", required=True, help="Who received the data.")
@click.option("--address", help="Where, if known.")
@click.option("--purpose", required=True, help="What for.")
@click.option("--content", required=True, help="What it was, in a line.")
@click.option(
    "--kind", default="legal", show_default=True, help="Such as legal, research, other, authorized."
)
@click.option("--basis", help="The law, order or approval.")
@click.option("--on", help="The day (default: today).")
@global_options
def add(
    options: Options,
    patients: tuple[int, ...],
    recipient: str,
    address: str | None,
    purpose: str,
    content: str,
    kind: str,
    basis: str | None,
    on: str | None,
) -> None:
    """Note a disclosure made outside this program."""
    with options.connect() as session:
        result = session.run(
            "disclosures.add", patient_ids=list(patients), recipient=recipient, recipient_address=address,
            purpose=purpose, content=content, kind=kind, legal_basis=basis, on=on,
        )  # fmt: skip
    options.answer(result, f"disclosure {result['disclosure_id']}: {result['patients']} patients")
