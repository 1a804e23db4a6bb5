"""`registry extract`: de-identified and limited data sets, and the agreements they leave under."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(
    epilog="Example: registry extract make LIMITED --agreement DUA-2026-3 --out extract --format csv"
)
def extract() -> None:
    """Data for research: extracts and agreements."""


@extract.command("make", epilog="Example: registry extract make DEID --dates shifted --out extract")
@click.argument("profile")
@click.option("--out", required=True, type=click.Path(file_okay=False), help="Folder for the extract.")
@click.option("--agreement", help="The agreement it leaves under (needed for LIMITED).")
@click.option("--study", default="", help="Name of the study: each gets its own study numbers.")
@click.option("--dates", help="months, shifted or (LIMITED) full.")
@click.option("--column", "columns", multiple=True, help="Only this column; may be repeated.")
@click.option("--from", "first_year", type=int, help="First year of diagnosis.")
@click.option("--to", "last_year", type=int, help="Last year of diagnosis.")
@click.option("--state", help="Residents of this state at diagnosis.")
@click.option("--format", default="parquet", show_default=True, help="parquet or csv.")
@click.option("--as-of", help="Date written into the manifest (default: today).")
@global_options
def make(
    options: Options, profile: str, out: str, agreement: str | None, columns: tuple[str, ...], **words: Any
) -> None:
    """Write an extract (DEID or LIMITED); refused whole when an identifier is found in it."""
    with options.connect() as session:
        result = session.run(
            "extract.make", profile=profile, out=str(Path(out).absolute()), agreement_id=agreement,
            columns=list(columns) or None, **words,
        )  # fmt: skip
    options.answer(result, summary(out, result))


def summary(out: str, result: dict[str, Any]) -> str:
    """What left and what stayed, for people."""
    risk = result["report"]["risk"]
    lines = [
        f"{out}: {result['patients']:,} patients, {result['tumors']:,} tumors, "
        f"{sum(map(len, result['columns'].values()))} columns; {result['basis']}",
        f"smallest group that looks alike: {risk['smallest_group']}; patients in groups below 11: "
        f"{risk['patients_in_groups_below_11']:,}",
        *(f"held back: {count:,} tumors, {reason}" for reason, count in result["held_back"].items()),
        f"looked through {result['looked_through']['bytes']:,} bytes: no identifier",
    ]
    return "\n".join(lines)


@extract.command("profiles", epilog="Example: registry extract profiles")
@global_options
def profiles(options: Options) -> None:
    """What each profile may release."""
    with options.connect() as session:
        frame = session.run("extract.profiles")
    text = "\n\n".join(
        f"{row['profile']}: {row['title']}\ndates: {', '.join(row['dates'])}\ncolumns: {', '.join(row['columns'])}"
        for row in frame.iter_rows(named=True)
    )
    options.answer(frame, text)


@extract.command("agreements", epilog="Example: registry extract agreements --valid")
@click.option("--valid", is_flag=True, help="Only those in force.")
@click.option("--as-of", help="Day (default: today).")
@global_options
def agreements(options: Options, valid: bool, as_of: str | None) -> None:
    """Agreements on extracts."""
    with options.connect() as session:
        frame = session.run("extract.agreements", state="valid" if valid else "all", as_of=as_of)
    shown = ["agreement_id", "recipient", "profile", "purpose", "valid_from", "expires_on", "in_force"]
    options.answer(frame, output.table(frame.select(shown)))


@extract.command("agree", epilog="Example: registry extract agree DUA-2026-3 --profile LIMITED --recipient 'State University' --purpose Survival --expires 2028-12-31")  # fmt: skip
@click.argument("agreement_id")
@click.option("--profile", required=True, help="LIMITED or DEID.")
@click.option("--recipient", required=True, help="Who receives the data.")
@click.option("--purpose", required=True, help="What for.")
@click.option("--title", help="Title of the study.")
@click.option("--column", "columns", multiple=True, help="Only this column may leave; may be repeated.")
@click.option("--approved-by", help="Board or person who approved it.")
@click.option("--begins", "valid_from", help="First day.")
@click.option("--expires", "expires_on", help="Last day (needed for LIMITED).")
@global_options
def agree(options: Options, agreement_id: str, columns: tuple[str, ...], **words: Any) -> None:
    """Note an agreement on extracts."""
    with options.connect() as session:
        result = session.run("extract.add_agreement", agreement_id=agreement_id, columns=list(columns) or None, **words)  # fmt: skip
    options.answer(result, f"agreement {result['agreement_id']} noted")


@extract.command("end", epilog="Example: registry extract end DUA-2026-3 --reason 'study stopped'")
@click.argument("agreement_id")
@click.option("--reason", required=True, help="Why.")
@global_options
def end(options: Options, agreement_id: str, reason: str) -> None:
    """End an agreement: no further extract leaves under it."""
    with options.connect() as session:
        result = session.run("extract.end_agreement", agreement_id=agreement_id, reason=reason)
    options.answer(result, f"agreement {agreement_id} ended")
