"""Scheduled jobs: what runs when, what failed, each run with its attempts, and running one now."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.job_words import CAUSES, STATES, duration, short_hash
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, moment
from dashboards.pages import job_run, jobs_table

_RUNS: Final = {
    "run_id": ("Run", 55),
    "title": ("Job", 260),
    "period": ("Period", 95),
    "state": ("State", 120),
    "attempt": ("Attempt", 70),
    "cause": ("Why", 115),
    "started_at": ("Started (UTC)", 130),
    "seconds": ("Took", 75),
    "output": ("Output", 95),
    "error": ("Error", 340),
}
_NEXT: Final = {
    "at": ("When", 135),
    "title": ("Job", 330),
    "period": ("Period", 110),
    "as_of": ("As of", 100),
    "state": ("", 160),
}
_MOST: Final = 200
_MOST_FAILURES: Final = 5


def show() -> None:
    st.title("Jobs")
    offered = {
        name: run
        for name, (run, operation) in {
            "Jobs": (_jobs, "jobs.list"),
            "Runs": (_history, "jobs.history"),
            "Next": (_next, "jobs.next"),
        }.items()
        if door.actor().may(operation)
    }
    with guarded():
        choices.section("jobs_section", offered)()


@st.fragment
def _jobs() -> None:
    with guarded():
        failures = door.ask("jobs.failures") if door.actor().may("jobs.failures") else None
        if failures is not None and failures.height:
            _failures(failures)
        jobs_table.show()


def _failures(frame: Any) -> None:
    """Runs that failed or ended with problems, and that nothing has made good since."""
    lines = [
        f"{row['title']} {row['period']}: {STATES.get(row['state'], row['state']).lower()}"
        + (f" ({row['error']})" if row["error"] else "")
        for row in frame.head(_MOST_FAILURES).iter_rows(named=True)
    ]
    if frame.height > _MOST_FAILURES:
        lines.append(f"and {frame.height - _MOST_FAILURES} more, under “Runs”")
    head = f"**{counted(frame.height, 'run')} to look at**"
    st.error("  \n".join([head, *map(plain, lines)]), icon=":material/error:")


@st.fragment
def _history() -> None:
    with guarded():
        titles = jobs_table.titles()
        a, b, c = st.columns([4, 6, 2], vertical_alignment="bottom")
        job = choices.pick(a, "Job", list(titles), "runs_job", titles)
        state = b.segmented_control(
            "State", [None, *STATES], default=None, key="runs_state",
            format_func=lambda word: STATES[word] if word else "All",
        )  # fmt: skip
        if c.button("Look again", icon=":material/refresh:", key="runs_again", width="stretch"):
            choices.next_round("runs")
        frame = door.ask("jobs.history", job=job, state=state, limit=_MOST)
        if not frame.height:
            empty("No run fits this choice." if job or state else "No job has run yet.")
            return
        shown = frame.with_columns(
            frame["job"].replace(titles).alias("title"),
            frame["state"].replace(STATES),
            frame["cause"].replace(CAUSES),
            _texts("output", [short_hash(value) for value in frame["output_hash"]]),
            _texts("seconds", [duration(value) for value in frame["seconds"]]),
        )
        names = {
            name: label for name, (label, _w) in _RUNS.items() if shown[name].null_count() < shown.height
        }
        config: dict[str, Any] = {name: tables.text(*entry) for name, entry in _RUNS.items()}
        config |= {name: tables.year(*_RUNS[name]) for name in ("run_id", "attempt")}
        config["started_at"] = _moment(*_RUNS["started_at"])
        row = tables.show(
            shown, key=f"runs_{choices.round_of('runs')}", columns=names,
            config=config, select=True, rows=9, alt="Runs of jobs",
        )  # fmt: skip
        if row is None:
            st.caption("The newest first. Choose one to see its attempts, its log and what it wrote.")
        else:
            job_run.show(int(row["run_id"]))


@st.fragment
def _next() -> None:
    with guarded():
        frame = door.ask("jobs.next", count=40)
        if not frame.height:
            empty("No job is planned.")
            return
        words = {"waiting": "Missed: waits its turn", "planned": "Planned"}
        shown = frame.with_columns(frame["state"].replace(words))
        config: dict[str, Any] = {name: tables.text(*entry) for name, entry in _NEXT.items()}
        config["at"] = _moment(*_NEXT["at"])
        config["as_of"] = st.column_config.DateColumn("As of", format="YYYY-MM-DD", width=100)
        tables.show(
            shown, key="jobs_next", columns={name: label for name, (label, _w) in _NEXT.items()}, config=config, rows=14,
            alt="What runs next",
        )  # fmt: skip
        first = frame.row(0, named=True)
        st.caption(plain(f"Times are UTC. Next: {first['title']}, {moment(first['at'])}."))


def _texts(name: str, values: list[str]) -> Any:
    import polars as pl

    return pl.Series(name, values, dtype=pl.String)


def _moment(label: str, width: int) -> Any:
    return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm", width=width)
