"""`registry demo`: the whole main job on made-up patients, through the ordinary commands, then the app."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

ACCOUNTS = {
    "anna": ("registrar", True, "abstracts of one hospital"),
    "quinn": ("quality", False, "edits and completeness"),
    "rita": ("researcher", False, "survival and counts, no identifiers"),
    "maya": ("manager", False, "everything but accounts"),
    "adam": ("admin", False, "everything"),
}
"""Name → role, held to one facility, what the account is for."""
SEARCHED = "infiltrating duct carcinoma upper outer quadrant left breast"
COHORT = """\
sites: [Breast]
sexes: ['2']
sequence: first
zero_time: half_day
"""
"""A cohort as a person writes it."""
PARTS = ("facilities.csv", "physicians.csv", "abstracts", "resent", "pathology", "treatments")


@click.command(epilog="Example: registry demo --patients 2000 --no-serve")
@click.option("--dir", "folder", default="registry-demo", show_default=True, type=click.Path(file_okay=False))
@click.option("--patients", default=5000, show_default=True, type=click.IntRange(100))
@click.option("--seed", default=1, show_default=True)
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-serve", is_flag=True, help="Stop after the summary.")
@global_options
def demo(options: Options, folder: str, patients: int, seed: int, port: int, no_serve: bool) -> None:
    """Make patients, load their files, derive, check, follow up, report, publish; then serve the app.

    All data are made up. The folder is made anew each time; nothing else is touched.
    """
    from registry.cli.serve import run_server

    place = Path(folder)
    key, password = _fresh(place)
    summary = run(place, patients, seed, key, password, quiet=options.quiet or options.as_json)
    options.answer(summary, "\n" + output.pairs(summary))
    if no_serve or options.as_json:
        return
    note = f"Demo accounts (password {password}): " + ", ".join(
        f"{name} = {role}" for name, (role, *_) in ACCOUNTS.items()
    )
    click.echo(f"\n{note}")
    served = Options(db=place / "registry.duckdb", key_file=place / "key", quiet=False)
    run_server(served, "127.0.0.1", port, note=note)


def _fresh(place: Path) -> tuple[Path, str]:
    """An empty folder of ours with a new key; a folder that is not a demo's is never emptied.

    Raises:
        BadInput: the folder holds something else.
    """
    from registry.errors import BadInput

    mark = place / "SYNTHETIC.txt"
    if place.exists() and any(place.iterdir()) and not mark.exists():
        raise BadInput(str(place), "holds other files", "name another folder with --dir")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    mark.write_text("Everything in this folder is made up. No real person is in it.\n")
    key, password = place / "key", f"demo-{secrets.token_hex(4)}"
    key.touch(mode=0o600)
    key.write_text(secrets.token_urlsafe(32) + "\n")
    accounts = place / "accounts.json"
    accounts.touch(mode=0o600)
    accounts.write_text(
        json.dumps({"password": password, "accounts": {name: role for name, (role, *_) in ACCOUNTS.items()}})
        + "\n"
    )
    return key, password


def run(place: Path, patients: int, seed: int, key: Path, password: str, *, quiet: bool) -> dict[str, Any]:
    """The main job, command by command; returns the summary that `--json` prints."""
    begun = time.monotonic()
    today = dt.date.today()
    command = _Commands(place / "registry.duckdb", key, quiet)
    incoming = place / "incoming"
    command("synth", "--patients", patients, "--seed", seed, "--out", incoming, "--as-of", today)
    (place / "lists").mkdir()
    checked = command(
        "naaccr", "validate", incoming / "abstracts", "--errors", place / "lists" / "faults.csv"
    )[0]
    command("init", "--reference-date", "2007-01-01", "--synthetic")
    command("settings", "home_state=NY", "submission_profiles=NPCR_CSS NAACCR_CFD IDE")
    loaded = command("ingest", *(incoming / part for part in PARTS if (incoming / part).exists()))
    derived = command("derive", "run")[0]
    found = command("code", "search", SEARCHED, "--limit", "1")[0][0]
    judged = command("primaries", "run")[0]
    proposed = command("numbering", "sequences")[0]
    edits = command("edits", "run")[0]
    year = today.year - 2
    (place / "reports").mkdir()
    suites = command("quality", "suites", "--docs", place / "data-docs")[0]
    card = command("quality", "scorecard", "--year", year)[0]
    command("quality", "report", "--out", place / "reports" / "edits.html")
    late = command("quality", "monitor", "reminders")[0]
    audit = command("quality", "audit", "draw", "recoding", "--year", year, "--seed", seed)[0]
    followed = _follow_up(command, place, today)
    report = place / "reports" / f"ny-{year}.xml"
    asked = ("--state", "NY", "--year", year, "--record-type", "I")
    exported = command("export", *asked, "--out", report)[0]
    command("naaccr", "convert", report, "--format", "parquet", "--out", report.with_suffix(".parquet"))
    sent = _submit(command, place, year)
    studied = _study(command, place, year)
    command("publish", "--out", place / "snapshot")
    command("export", "DEID", "--out", place / "extract")
    places = command("geocode", "export", "--out", place / "lists" / "addresses.csv")[0]
    command("jobs", "run", "followup-list", "--period", f"{today:%Y-%m}")
    _accounts(command, place, password)
    totals = command("stats", "overview")[0]
    counted = (
        "patients",
        "tumors",
        "abstracts",
        "pathology_reports",
        "treatments",
        "quarantined",
        "review_tasks",
    )
    return {
        **{name: totals[name] for name in counted},
        "files": len(loaded),
        "faults_in_files": sum(checked["faults"].values()),
        "derived_values": derived["values"],
        "code_found": f"{found['primarySite']} {found['histologicTypeIcdO3']}/{found['behaviorCodeIcdO3']} side {found['laterality']}",
        "pairs_of_tumors_judged": judged["pairs"],
        "pairs_to_decide": judged["opened"],
        "sequence_numbers_proposed": len(proposed),
        "edit_failures": edits["failures"],
        "suites": suites["suites"],
        "suites_passed": suites["suites_passed"],
        "certification": ", ".join(f"{name}: {level or 'none'}" for name, level in card["reached"].items()),
        "facilities_to_remind": len(late),
        "cases_to_code_again": audit["sampled"],
        "edit_report": str(place / "reports" / "edits.html"),
        **followed,
        "exported_tumors": exported["tumors"],
        "export_errors": exported["errors"],
        **sent,
        **studied,
        "addresses_to_geocode": places["tumors"],
        "snapshot": str(place / "snapshot"),
        "data_docs": suites["data_docs"],
        "database": str(place / "registry.duckdb"),
        "seconds": round(time.monotonic() - begun, 1),
    }


def _follow_up(command: _Commands, place: Path, today: dt.date) -> dict[str, Any]:
    """Follow-up as a year goes: hospital visits come in, the list is made, letters go out, a reply is entered."""
    visits = command("followup", "import", place / "incoming" / "visits" / "visits.csv", "--kind", "visits")[
        0
    ]
    listing = place / "lists" / f"followup-{today}.csv"
    listed = command("followup", "list", "--out", listing)[0]
    command(
        "followup", "letters", "--set", "sender=Synthetic Hospital", "--set", "address_1=1 Hospital Road",
        "--set", "city=Albany", "--set", "state=NY", "--set", "postal_code=12207",
    )  # fmt: skip
    letters = command("followup", "letters", "--out", place / "letters")[0]
    with listing.open(encoding="utf-8-sig") as file:
        first = next(csv.DictReader(file), None)
    if first:
        yesterday = today - dt.timedelta(days=1)
        command("followup", "record", first["patient_id"], "--method", "phone", "--on", yesterday, "--alive")
    rates = command("followup", "rates")[0]
    main = next(row for row in rates if row["unit"] == "patient" and row["window"] == "since_reference")
    return {
        "contacts_from_visits": visits["moved"],
        "follow_up_listed": listed["patients"],
        "letters": letters["letters"],
        "follow_up_rate": round(main["rate_pct"], 2),
    }


def _submit(command: _Commands, place: Path, year: int) -> dict[str, Any]:
    """A submission to the national program, sent and taken; cases of a neighbouring state sealed for it."""
    asked = ("--state", "NY", "--from", year, "--to", year)
    made = command("export", "NPCR_CSS", *asked, "--out", place / "submissions")[0][0]
    if made["state"] == "SEALED":
        command("export", "send", made["submission_id"])
        command("export", "ack", made["submission_id"], "--all", "accepted")
    key = place / "exchange-key"
    command("export", "key", key)
    command("export", "IDE", "--state", "PA", "--file-key-file", key, "--out", place / "submissions")
    return {"submitted_records": made["records"], "held_back": made["held"]}


def _study(command: _Commands, place: Path, year: int) -> dict[str, Any]:
    """A researcher's day: denominators are loaded, a cohort is saved, survival, rates and their trend are asked."""
    for kind in ("population", "life-table", "mortality"):
        file = place / "incoming" / "statistics" / f"{kind.replace('-', '_')}.csv"
        command("stats", "population", "load", file, "--kind", kind)
    definition = place / "lists" / "breast.yaml"
    definition.write_text(COHORT, encoding="utf-8")
    command("stats", "cohort", "save", "Breast, women", "--file", definition, "--note", "made by the demo")
    asked = ("--cohort", "Breast, women", "--by", "stage")
    net = command("stats", "survival", *asked, "--method", "net", "--age-weights", "icss1")[0]
    command("stats", "survival", *asked, "--method", "competing")
    rates = command("stats", "rates", "--from", year, "--to", year)[0]["table"]
    command("stats", "prevalence")
    trend = command("stats", "trend", "--cohort", "Breast, women")[0]["averages"]
    measured = [row for row in command("stats", "measures")[0]["table"] if not row["hidden"]]
    below = sum(row["found"].startswith("worse") for row in measured)
    command("stats", "outcomes", "time", "--site", "Breast")
    five = [row["estimate"] for row in net["at_years"] if row["years"] == 5 and row["group"] == "Localized"]
    return {
        "net_survival_5_years_localized_breast": round(five[0], 3) if five and five[0] else "hidden",
        f"cancers_per_100,000_in_{year}": round(rates[0]["rate"], 1)
        if rates and rates[0]["rate"]
        else "hidden",
        "quality_measures": f"{len(measured)} shown, {below} below their benchmark",
        "breast_yearly_change_pct": round(trend[0]["aapc"], 2) if trend else "hidden",
    }


class _Commands:
    """Runs `registry ...` in this process, as anybody would type it, and reads its JSON."""

    def __init__(self, database: Path, key: Path, quiet: bool) -> None:
        self._options = ["--db", str(database), "--key-file", str(key)]
        self._quiet = quiet

    def __call__(self, *words: object) -> list[Any]:
        from registry.cli import cli

        typed = [str(word) for word in words]
        begun = time.monotonic()
        if not self._quiet:
            click.echo(f"$ registry {' '.join(typed)}", nl=False)
        answer = io.StringIO()
        with contextlib.redirect_stdout(answer):
            cli.main(
                [*typed, *self._options, "--json", "--quiet"], prog_name="registry", standalone_mode=False
            )
        if not self._quiet:
            click.echo(f"   ({time.monotonic() - begun:.1f} s)")
        return [json.loads(line) for line in answer.getvalue().splitlines()]


def _accounts(command: _Commands, place: Path, password: str) -> None:
    """Demo accounts; the registrar is held to the first facility."""
    facilities = (place / "incoming" / "facilities.csv").read_text().splitlines()
    first = facilities[1].split(",")[0]
    secret = place / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    for name, (role, held, _) in ACCOUNTS.items():
        scope = ["--facility", first] if held else []
        command("user", "add", name, "--role", role, "--password-file", secret, *scope)
    secret.unlink()
