"""What jobs do: one function a work, each from a task to figures; its files go into the task's folder.

Files hold only what the data and the day decide, so that a run that was cut off ends in the same bytes. Figures about
this very attempt (what changed, numbers given out) go into the run's result.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

    from registry.service.remote import AnySession


@dataclass
class Task:
    """One attempt at a run, as its work sees it.

    folder: where files are made now; final: where they will lie. problems: lines that make the run end as `problems`.
    varying: beginnings of names of files that carry the clock of their making, which the output hash leaves out.
    """

    session: AnySession
    job: str
    period: str
    as_of: dt.date
    parameters: Mapping[str, Any]
    folder: Path
    final: Path
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    varying: tuple[str, ...] = ()

    @property
    def day(self) -> str:
        """The day that the run is about, as operations take it."""
        return self.as_of.isoformat()

    def log(self, line: str) -> None:
        """Add a line (counts, no patient data) to the run's log."""
        self.lines.append(line)

    def table(self, name: str, frame: pl.DataFrame) -> None:
        """Write a frame as CSV for spreadsheets."""
        from registry.service.safe_csv import to_csv

        (self.folder / name).write_bytes(to_csv(frame))
        self.log(f"{name}: {frame.height:,} rows")

    def figures(self, name: str, values: Mapping[str, Any]) -> None:
        """Write figures as JSON, keys sorted."""
        text = json.dumps(
            {"as_of": self.day, **values}, indent=1, sort_keys=True, default=str, ensure_ascii=False
        )
        (self.folder / name).write_text(text + "\n", encoding="utf-8")


def follow_up_list(task: Task) -> dict[str, Any]:
    """The month's list, those delinquent, the rates (kept for the trend), and the letters that would be written."""
    listed = task.session.run("followup.list", as_of=task.day)
    task.table("follow-up-list.csv", listed)
    task.table("delinquent.csv", listed.filter(listed["status"] == "DELINQUENT"))
    task.table("rates.csv", task.session.run("followup.rates", as_of=task.day))
    kept = task.session.run("followup.keep_rates", as_of=task.day)
    task.log("rates of this day were kept before" if kept["already"] else f"{kept['kept']:,} rates kept")
    found = {"listed": listed.height, **_by(listed, "status")}
    if task.parameters["letters"]:
        plan = task.session.run("letters.prepare", as_of=task.day)
        task.table("letters.csv", plan["batches"])
        task.table("no-letter.csv", _counted(plan["not_written"], "addressee", "why", "reason"))
        found |= {name: plan["counts"][name] for name in ("letters", "batches", "not_written")}
    task.figures("summary.json", found)
    return found


def follow_up_annual(task: Task) -> dict[str, Any]:
    """The list and the rates of the year's first day, whole and by facility, site, year of diagnosis and physician."""
    made = task.session.run("followup.annual", as_of=task.day)
    task.table("follow-up-list.csv", made["list"])
    task.table("rates.csv", made["rates"])
    for by in ("facility", "site", "year", "physician", "age_band"):
        task.table(
            f"rates-by-{by.replace('_', '-')}.csv", task.session.run("followup.rates", as_of=task.day, by=by)
        )
    task.figures("summary.json", made["summary"])
    return {"listed": made["list"].height, **_by(made["list"], "status")}


def _by(frame: pl.DataFrame, column: str) -> dict[str, int]:
    counted = frame[column].value_counts().sort(column)
    return {str(value).lower(): int(count) for value, count in counted.iter_rows()}


def _counted(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Rows by these columns: no names leave for a count."""
    return frame.group_by(columns).len("patients").sort(columns)


def passive(task: Task) -> dict[str, Any]:
    """Last contact moved forward by the pathology reports of the registry."""
    told = task.session.run("followup.import", kind="pathology")
    found = {name: count for name, count in told.items() if type(count) is int and name != "import_id"}
    task.log(", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found.items()))
    return found


def linkage(task: Task) -> dict[str, Any]:
    """Reports and treatments that waited for their patient."""
    told = dict(task.session.run("jobs.attach"))
    still = {
        f"{kind}_waiting": told[f"{kind}_waiting"] - told[f"{kind}_attached"]
        for kind in ("reports", "treatments")
    }
    task.figures("linkage.json", {**still, "possible_same_persons": told["possible_same_persons"]})
    task.log(f"attached: {told['reports_attached']:,} reports, {told['treatments_attached']:,} treatments")
    return told


def derive(task: Task) -> dict[str, Any]:
    """Derived variables of all tumors."""
    told = task.session.run("derive.run", as_of=task.day)
    task.figures("derived.json", {name: told[name] for name in ("tumors", "values", "derivations")})
    task.log(
        f"{told['tumors']:,} tumors, {told['values']:,} values, {told['changed']:,} of them new or changed"
    )
    return {name: told[name] for name in ("tumors", "values", "changed")}


def edits(task: Task) -> dict[str, Any]:
    """All records judged; open errors are problems of the run, as `registry edits run` says by its exit code."""
    edit_set, own = task.parameters["edit_set"], task.parameters["own"] or None
    told = task.session.run("quality.run", edit_set=edit_set, as_of=task.day, own=own)
    names = ("abstracts", "patients", "failures", "errors", "reviews", "warnings", "overridden")
    task.figures("edits.json", {"edit_set": edit_set, **{name: told[name] for name in names}})
    task.table("failures-by-edit.csv", task.session.run("quality.summary"))
    task.log(f"{told['judged']:,} patients judged; {told['new']:,} new failures, {told['fixed']:,} fixed")
    if told["errors"]:
        task.problems.append(f"{told['errors']:,} errors are open")
    return {name: told[name] for name in (*names, "judged", "new", "fixed", "reopened", "retired")}


def suites(task: Task) -> dict[str, Any]:
    """The quality suites, judged in a process of their own; a critical finding is a problem of the run."""
    from pipelines.check import judge_suites

    task.varying = ("pages/",)
    told = judge_suites(task.session, task.folder / "pages", as_of=task.day)
    page = Path(told.pop("data_docs")).relative_to(task.folder)
    task.session.run("quality.record_suites", result=told, data_docs=str(task.final / page))
    task.figures("verdict.json", told)
    counts = {name: told[name] for name in ("suites", "suites_passed", "critical", "warning", "info")}
    task.log(f"{counts['suites_passed']} of {counts['suites']} suites passed")
    if counts["critical"]:
        task.problems.append(f"{counts['critical']} critical findings")
    return counts


def snapshot(task: Task) -> dict[str, Any]:
    """A de-identified snapshot for research."""
    name = f"{task.parameters['profile']}-{task.day}"
    told = task.session.run(
        "publish.snapshot", out=str(task.folder / name), kept_as=str(task.final / name), as_of=task.day,
        profile=task.parameters["profile"], study=task.parameters["study"],
    )  # fmt: skip
    task.log(f"{told['patients']:,} patients, {told['tumors']:,} tumors")
    return {name: told[name] for name in ("profile", "patients", "tumors")}


def backup(task: Task) -> dict[str, Any]:
    """A verified copy of the database. Encrypted afresh each time, its bytes differ from one attempt to the next."""
    told = task.session.run("store.backup", path=str(task.folder / f"registry-{task.period}.duckdb"))
    task.log(
        f"{len(told['tables'])} tables, {told['rows']:,} rows, audit chain of {told['audit_rows']:,} verified"
    )
    return {name: told[name] for name in ("rows", "audit_rows", "bytes", "encrypted")}


def submissions(task: Task) -> dict[str, Any]:
    """Drafts of the submissions that come due; one that cannot be prepared is a problem of the run."""
    from pipelines.submit import due

    found = due(task.session, task.as_of, ahead_days=task.parameters["days_before"])
    for each in found:
        what = f"{each['profile']} due {each['due_on']}: {each['state']}"
        task.log(f"{what}{'; ' + each['note'] if each['note'] else ''}")
        if each["submission_id"] is None:
            task.problems.append(f"{each['profile']} due {each['due_on']}: {each['note'] or each['state']}")
    return {"due": len(found), "drafts": sum(each["submission_id"] is not None for each in found)}


WORKS: Final[dict[str, Callable[[Task], dict[str, Any]]]] = {
    "followup-list": follow_up_list,
    "followup-annual": follow_up_annual,
    "passive": passive,
    "linkage": linkage,
    "derive": derive,
    "edits": edits,
    "suites": suites,
    "snapshot": snapshot,
    "backup": backup,
    "submissions": submissions,
}
"""Work by its name in the job table (`registry.service.jobs.table.WORKS` has their parameters)."""
