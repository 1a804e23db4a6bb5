"""`registry followup letters`: who is written to, the PDFs, what was mailed, who sends."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    import polars as pl

    from registry.service.remote import AnySession

SHOWN = [
    "batch_id",
    "addressee",
    "recipient_name",
    "language",
    "letters",
    "pages",
    "send_by",
    "state",
    "file_name",
]


@click.command(
    "letters",
    epilog="Example: registry followup letters --as-of 2026-11-01 --out letters/   then: "
    "registry followup letters --mark-sent 12 13",
)
@click.argument("more", nargs=-1, type=int, metavar="[BATCH]...")
@click.option("--as-of", help="Day the letters bear (default: today).")
@click.option(
    "--out", type=click.Path(file_okay=False), help="Folder for the PDFs (one a physician; one a language)."
)
@click.option(
    "--to",
    "addressee",
    type=click.Choice(["physician", "nursing_home", "patient", "contact"]),
    help="Letters of this kind only (default: each patient's next step).",
)
@click.option("--language", help="For those without a language of their own: en, es.")
@click.option("--facility", help="The facility that writes, to its own patients.")
@click.option(
    "--patient", "patient_ids", type=int, multiple=True, help="These patients only (repeat for several)."
)
@click.option("--plan", "plan_only", is_flag=True, help="Show who would be written to, and who not and why.")
@click.option("--batches", "list_only", is_flag=True, help="List what was made.")
@click.option(
    "--mark-sent", "sent", type=int, multiple=True, metavar="BATCH", help="Note a batch as mailed (repeat)."
)
@click.option("--on", help="Day of mailing, with --mark-sent (default: today).")
@click.option(
    "--mailed-anyway",
    "anyway",
    is_flag=True,
    help="With --mark-sent: also letters that may not go out any more.",
)
@click.option(
    "--cancel", "cancelled", type=int, multiple=True, metavar="BATCH", help="Take a batch back (repeat)."
)
@click.option("--reason", default="", help="Why, with --cancel.")
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a setting, as sender=... (repeat)."
)
@click.option("--settings", "show_settings", is_flag=True, help="Show the settings of letters.")
@click.option(
    "--template", type=click.Path(exists=True, dir_okay=False), help="Keep this Typst file as a template (with --to, --language)."
)  # fmt: skip
@global_options
def letters(options: Options, **chosen: Any) -> int | None:
    """Make the follow-up letters of a day, note what was mailed.

    Without --out nothing is made: what would be is shown, as with --plan. Making them again for the same day makes what
    is still missing and writes all of that day that waits to be mailed.
    """
    _share_out(chosen)
    with options.connect() as session:
        if chosen["changes"] or chosen["show_settings"]:
            _settings(options, session, chosen)
            return None
        if chosen["template"]:
            _template(options, session, chosen)
            return None
        if chosen["sent"]:
            return _mark_sent(options, session, chosen)
        if chosen["cancelled"]:
            told = session.run("letters.cancel", batch_ids=list(chosen["cancelled"]), reason=chosen["reason"])
            options.answer(
                told, f"{_count(told['batches'], 'batch')} taken back, {_count(told['letters'], 'letter')}"
            )
            return None
        if chosen["list_only"]:
            frame = session.run("letters.batches")
            options.answer(
                frame, output.table(frame.select(SHOWN), limit=200) if frame.height else "no letters yet"
            )
            return None
        if chosen["out"] and not chosen["plan_only"]:
            return _make(options, session, chosen)
        _plan(options, session, chosen)
        return None


def _share_out(chosen: dict[str, Any]) -> None:
    """Further numbers of batches belong to --mark-sent or --cancel."""
    from registry.errors import BadInput

    more = chosen.pop("more")
    named = [name for name in ("sent", "cancelled") if chosen[name]]
    if len(named) > 1:
        raise BadInput("letters", "--mark-sent and --cancel are two steps", "give one of them")
    if more and not named:
        raise BadInput(
            "letters",
            f"what is {more[0]}",
            "write --mark-sent or --cancel before the batch, --patient before a patient",
        )
    for name in named:
        chosen[name] = (*chosen[name], *more)


def _count(number: int, word: str) -> str:
    """A number and its word.

    >>> _count(1, "batch"), _count(1200, "batch"), _count(0, "letter")
    ('1 batch', '1,200 batches', '0 letters')
    """
    plural = f"{word}es" if word.endswith("ch") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def _asked(chosen: dict[str, Any]) -> dict[str, Any]:
    asked = {name: chosen[name] for name in ("as_of", "addressee", "facility", "language")}
    return asked | {"patient_ids": list(chosen["patient_ids"]) or None}


def _plan(options: Options, session: AnySession, chosen: dict[str, Any]) -> None:
    told = session.run("letters.prepare", **_asked(chosen))
    counts = told["counts"]
    made = f"{_count(counts['letters'], 'letter')} in {_count(counts['batches'], 'batch')}"
    parts = [f"{made}, {_count(counts['not_written'], 'patient')} not written to"]
    if told["batches"].height:
        parts.append(output.table(told["batches"], limit=200))
    if told["not_written"].height:
        shown = told["not_written"].select("patient_id", "status", "addressee", "why", "reason")
        parts.append(output.table(shown, limit=200))
    options.answer(told, "\n\n".join([*parts, *told["remarks"]]))


def _make(options: Options, session: AnySession, chosen: dict[str, Any]) -> int:
    folder = _folder(options, Path(chosen["out"]))
    told = session.run("letters.make", **_asked(chosen))
    waiting = session.run("letters.batches", state="made", as_of=str(told["as_of"]), limit=100_000)
    stopped: list[str] = []
    written = _write_all(session, waiting, folder, stopped)
    for line in [*told["remarks"], *stopped]:
        options.remark(line)
    counts = dict(told["not_written"]["why"].value_counts(sort=True).iter_rows())
    answer = {
        "as_of": str(told["as_of"]), "run": told["run"], "letters": told["letters"], "batches": told["batch_ids"],
        "files": written, "not_written": told["not_written"], "stopped": stopped,
    }  # fmt: skip
    words = [f"{_count(told['letters'], 'letter')} made; {_count(len(written), 'file')} in {folder}"]
    words += [f"not written to: {told['not_written'].height:,}"] if counts else []
    words += [f"  {why}: {number:,}" for why, number in sorted(counts.items())]
    options.answer(answer, "\n".join(words))
    return 1 if stopped else 0


def _write_all(session: AnySession, waiting: pl.DataFrame, folder: Path, stopped: list[str]) -> list[str]:
    """Each batch that waits to be mailed, as a file that nobody else may read; `stopped` gets what may not go out."""
    from registry.errors import Conflict

    written = []
    for batch_id in waiting["batch_id"].sort().to_list():
        try:
            made = session.run("letters.file", batch_id=batch_id)
        except Conflict as refused:
            stopped.append(str(refused))
            continue
        path = folder / made["name"]
        unfinished = folder / f".{made['name']}.part"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made["content"])
        unfinished.replace(path)
        written.append(str(path))
    return written


def _folder(options: Options, folder: Path) -> Path:
    """The folder for the PDFs, made for its owner alone; one that others can read is only remarked upon."""
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
    elif stat.S_IMODE(folder.stat().st_mode) & 0o077 and os.name == "posix":
        options.remark(f"{folder}: others on this machine can look into this folder (chmod 700 closes it)")
    return folder


def _mark_sent(options: Options, session: AnySession, chosen: dict[str, Any]) -> int:
    told = session.run(
        "letters.mark_sent", batch_ids=list(chosen["sent"]), on=chosen["on"], mailed_anyway=chosen["anyway"]
    )
    since = told["since"]
    noted = f"{_count(told['batches'], 'batch')}, {_count(told['letters'], 'letter')}"
    text = f"{noted} noted as mailed on {told['on']}"
    if since.height:
        text += f"\n\nnot to be written to any more, take these out if you still can\n{output.table(since, limit=200)}"
    options.answer(told, text)
    return 1 if since.height else 0


def _settings(options: Options, session: AnySession, chosen: dict[str, Any]) -> None:
    from registry.errors import BadInput

    changes: dict[str, str] = {}
    for each in chosen["changes"]:
        name, equals, value = each.partition("=")
        if not equals:
            raise BadInput("--set", f"{each!r} has no =", "write it as sender=NAME")
        changes[name.strip()] = value
    if changes:
        session.run("letters.configure", facility=chosen["facility"], **changes)
    frame = session.run("letters.settings", facility=chosen["facility"])
    options.answer(frame, output.table(frame, limit=100))


def _template(options: Options, session: AnySession, chosen: dict[str, Any]) -> None:
    from registry.errors import BadInput

    if not chosen["addressee"]:
        raise BadInput(
            "--template", "needs --to, whom the letter is for", "add --to patient (and --language es)"
        )
    content = Path(chosen["template"]).read_text(encoding="utf-8")
    language = chosen["language"] or "en"
    told = session.run(
        "letters.set_template", addressee=chosen["addressee"], language=language, content=content
    )
    options.answer(told, f"{told['template']}.{told['language']}: version {told['version']}")


COMMANDS = (letters,)
"""What `registry followup` gets from here."""
