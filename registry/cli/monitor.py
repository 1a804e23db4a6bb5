"""Commands of the reporting monitor: what facilities send, against what is expected of them."""

from __future__ import annotations

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry quality monitor facilities")
def monitor() -> None:
    """Reporting monitor: received against expected, timeliness, silent facilities, reminders."""


@monitor.command("facilities", epilog="Example: registry quality monitor facilities --as-of 2026-11-01")
@click.option("--as-of", help="Day of the question (default: today).")
@global_options
def monitor_facilities(options: Options, as_of: str | None) -> None:
    """Each facility this year: received, expected, days to receipt, share within six months, pass rate."""
    with options.connect() as session:
        frame = session.run("monitor.facilities", as_of=as_of)
    options.answer(frame, output.table(frame, limit=400) if frame.height else "no facility has sent anything")


@monitor.command("months", epilog="Example: registry quality monitor months --facility 0006210010")
@click.option("--facility", help="One facility (default: all together).")
@click.option("--as-of", help="Day of the question (default: today).")
@click.option("--count", default=24, show_default=True, type=click.IntRange(1, 240), help="How many months.")
@global_options
def monitor_months(options: Options, facility: str | None, as_of: str | None, count: int) -> None:
    """Received against expected, month by month."""
    with options.connect() as session:
        frame = session.run("monitor.months", facility=facility, as_of=as_of, count=count)
    options.answer(frame, output.table(frame, limit=400))


@monitor.command("reminders", epilog="Example: registry quality monitor reminders")
@click.option("--as-of", help="Day of the question (default: today).")
@global_options
def monitor_reminders(options: Options, as_of: str | None) -> int:
    """Facilities to write to: overdue and silent ones. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("monitor.reminders", as_of=as_of)
    options.answer(frame, output.table(frame, limit=400) if frame.height else "nobody is late")
    return 1 if frame.height else 0


@monitor.command(
    "expect", epilog="Example: registry quality monitor expect 0006210010 2026 480 --source 'annual plan'"
)
@click.argument("facility")
@click.argument("year", type=int)
@click.argument("cases", type=click.IntRange(0))
@click.option("--source", default="", help="Where the figure comes from.")
@global_options
def monitor_expect(options: Options, facility: str, year: int, cases: int, source: str) -> None:
    """Say how many cases a facility is expected to report in a year."""
    with options.connect() as session:
        result = session.run("monitor.expect", facility=facility, year=year, expected=cases, source=source)
    options.answer(result, f"facility {facility}: {cases:,} cases expected in {year}")


@monitor.command("casefinding", epilog="Example: registry quality monitor casefinding 0006210010 2026")
@click.argument("facility")
@click.argument("year", type=int)
@global_options
def monitor_casefinding(options: Options, facility: str, year: int) -> None:
    """Which casefinding sources of a hospital were reviewed, month by month, and what is open."""
    with options.connect() as session:
        frame = session.run("monitor.casefinding", facility=facility, year=year)
    options.answer(frame, output.table(frame, limit=400))
