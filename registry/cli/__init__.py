"""`registry ...`: thin commands over the service. Each loads its room only when it is run.

Exit codes: 0 done, 1 done but problems were found, 2 could not do it.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

import click

from registry.cli.lazy import LazyGroup
from registry.errors import RegistryError, place
from registry.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo:demo", "The whole main job on made-up patients, then the app."),
    "init": ("database:init", "Make a new registry database."),
    "serve": ("serve:serve", "Run the app, the jobs and the loopback interface."),
    "ingest": ("data:ingest", "Load abstracts, pathology messages, treatments, reference tables."),
    "quarantine": ("data:quarantine", "Look at what could not be loaded."),
    "load": ("data:load", "What was loaded, and the faults of each file."),
    "review": ("data:review", "List what waits for a registrar's decision."),
    "synth": ("data:synth", "Write made-up patients as files a registry receives."),
    "code": ("code:code", "Find codes by words, read a code, see its neighbours."),
    "derive": ("derive:derive", "Derived variables: list, explain, run, compare versions."),
    "primaries": ("primaries:primaries", "Single or multiple primaries: judge pairs, read the rules."),
    "numbering": ("numbering:numbering", "Accession and sequence numbers: gaps, proposals, confirming."),
    "edits": ("edits:edits", "Run the edits over the registry or a file; list, explain, over-ride."),
    "quality": ("quality:quality", "Scorecard, indicators, suites, edit reports, reporting monitor, audits."),
    "followup": ("followup:followup", "Annual follow-up: list, rates, letters, replies, passive sources."),
    "jobs": ("jobs:jobs", "Scheduled jobs: list, run, history, what comes next, units."),
    "stats": ("stats:stats", "Survival, rates, trends, prevalence, quality measures; counts."),
    "export": ("export:export", "Submissions to states and programs; plain NAACCR XML files."),
    "publish": ("publish:publish", "Write a de-identified research snapshot."),
    "extract": ("extract:extract", "Extracts for research under agreements: de-identified, limited."),
    "disclosures": ("disclosures:disclosures", "Whom a patient's data went to, six years back."),
    "geocode": ("geocode:geocode", "Addresses at diagnosis to a geocoder and back."),
    "naaccr": ("naaccr:naaccr", "NAACCR files: validate, read, write, convert."),
    "dictionary": ("dictionary:dictionary", "The NAACCR dictionary: show, search, compare, validate."),
    "standards": ("standards:standards", "Published tables: what is installed, and next year's."),
    "settings": ("settings:settings", "Facts about this registry: show them, change them."),
    "user": ("database:user", "Accounts of people."),
    "audit": ("database:audit", "Verify and read the audit chain."),
    "backup": ("database:backup", "Copy the running database into a second encrypted file."),
    "restore": ("database:restore", "Make a database from a backup."),
}
"""Name → (module:function of this package, one line of help)."""


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    package=__name__,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--db", type=click.Path(), help="Database file (default: $REGISTRY_DB or registry.duckdb).")
@click.option("--key-file", type=click.Path(), help="File that holds the database key (or $REGISTRY_KEY).")
@click.option("--as", "as_user", help="Act as this account (or $REGISTRY_USER); asks for its password.")
@click.option(
    "--json", "as_json", is_flag=True, help="Machine-readable answer on stdout, nothing else there."
)
@click.option("--quiet", is_flag=True, help="No progress and no remarks.")
@click.version_option(__version__, prog_name="registry")
@click.pass_context
def cli(ctx: click.Context, **options: Any) -> None:
    """A cancer registry: load, check, follow up, analyse, report.

    \b
    Try it:      registry demo
    Your data:   registry init --db my.duckdb
                 registry ingest abstracts.xml --db my.duckdb
    """
    ctx.obj = options


def _warn(message: Warning | str, *_: Any) -> None:
    """A warning for people is one line on stderr."""
    click.echo(f"registry: {message}", err=True)


def _no_warning(*_: Any) -> None:
    """With --quiet warnings are not shown."""


def _complain(line: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"error": line}))
    click.echo(f"registry: {line}", err=True)


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; every error is one line and an exit code, never a traceback."""
    words = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in words
    warnings.showwarning = _no_warning if "--quiet" in words else _warn  # type: ignore[assignment]
    try:
        result = cli.main(args=words, prog_name="registry", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except RegistryError as error:
        _complain(str(error), as_json)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        _complain(" ".join(error.format_message().split()), as_json)
        sys.exit(2)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("registry: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("REGISTRY_DEBUG"):
            raise
        _complain(_unexpected(error), as_json)
        sys.exit(2)


def _unexpected(error: Exception) -> str:
    """One line about a defect: kind and place, never the message (it may hold patient data)."""
    if isinstance(error, OSError):
        return f"{error.filename or 'file'}: {error.strerror or type(error).__name__}; check the disk and permissions"
    return (
        f"a defect ({type(error).__name__} at {place(error)}); REGISTRY_DEBUG=1 shows more, please report it"
    )
