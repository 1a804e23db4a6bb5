"""The table of jobs: what each does, when it runs, how its last run ended; a job can be run now."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.job_words import STATES, duration
from dashboards.components.messages import guarded, plain
from dashboards.components.words import moment
from dashboards.pages import job_run

_KEY: Final = "jobs"
#: The run that was begun here last; it is shown until another job is chosen.
_BEGUN: Final = "_job_begun"
_COLUMNS: Final = {
    "title": ("Job", 245),
    "schedule": ("When", 185),
    "next_at": ("Next (UTC)", 125),
    "next_period": ("Next period", 95),
    "last": ("Last run", 140),
    "last_period": ("Of", 90),
    "last_finished_at": ("Ended (UTC)", 125),
    "took": ("Took", 80),
    "next_attempt_at": ("Tried again (UTC)", 125),
}


def titles() -> dict[str, str]:
    """Job → its title."""
    frame: pl.DataFrame = door.figures("jobs.list")
    return {job: title or job for job, title in frame.select("job", "title").iter_rows()}


def show() -> None:
    frame: pl.DataFrame = door.ask("jobs.list")
    for line in frame["fault"].drop_nulls().unique(maintain_order=True):
        st.error(plain(f"The registry's own job table is not used: {line}"), icon=":material/error:")
    if not bool(frame["scheduler"].any()):
        st.warning(
            "No scheduler runs in this server: jobs run only by `registry jobs run` (cron, systemd).",
            icon=":material/schedule:",
        )
    row = _table(frame)
    begun = st.session_state.get(_BEGUN)
    if row is not None:
        st.session_state.pop(_BEGUN, None)
        _one(row)
        return
    st.caption("Choose a job to see what it does, or to run it now.")
    if begun is not None and door.actor().may("jobs.show"):
        job_run.show(begun)


def _table(frame: pl.DataFrame) -> dict[str, Any] | None:
    last = [STATES.get(state, state) if state else "Never" for state in frame["last_state"]]
    shown = frame.with_columns(
        pl.Series("last", last, dtype=pl.String),
        pl.Series("took", [duration(value) or None for value in frame["last_seconds"]], dtype=pl.String),
        schedule=pl.when("enabled").then("schedule").otherwise(pl.lit("Switched off")),
    )
    names = [name for name in _COLUMNS if shown[name].null_count() < shown.height]
    config: dict[str, Any] = {name: tables.text(*_COLUMNS[name]) for name in names}
    config |= {
        name: st.column_config.DatetimeColumn(
            _COLUMNS[name][0], format="YYYY-MM-DD HH:mm", width=_COLUMNS[name][1]
        )
        for name in ("next_at", "last_finished_at", "next_attempt_at")
        if name in names
    }
    return tables.show(
        shown, key=f"jobs_{choices.round_of(_KEY)}", columns={name: _COLUMNS[name][0] for name in names}, config=config,
        select=True, rows=13, alt="Scheduled jobs",
    )  # fmt: skip


def _one(row: dict[str, Any]) -> None:
    """What a job does, and a button for who may run it."""
    with st.container(border=True):
        st.markdown(f"**{plain(row['title'])}** · {plain(row['what'] or row['does'] or '')}")
        told = [
            f"{row['schedule']} ({row['time_zone']})",
            "missed periods are caught up one by one"
            if row["catch_up"] == "all"
            else "of missed periods the newest runs",
            f"up to {row['retries']} more tries",
            f"last ended {moment(row['last_finished_at'])}" if row["last_finished_at"] is not None else "",
        ]
        st.caption(plain(" · ".join(part for part in told if part)))
        if door.actor().may("jobs.run_now") and row["scheduler"]:
            _run_now(row)


def _run_now(row: dict[str, Any]) -> None:
    with guarded(), st.form(f"run_{row['job']}_{choices.round_of(_KEY)}", border=False):
        a, b, c = st.columns([3, 4, 2], vertical_alignment="bottom")
        period = a.text_input(
            "Period (empty = the newest begun)", placeholder={"month": "2026-11", "year": "2026", "week": "2026-W47"}.get(
                row["period_kind"], "2026-11-22"),
        )  # fmt: skip
        again = b.toggle(
            "Again, although it was done", help="The run's outputs are made anew from today's data."
        )
        if c.form_submit_button("Run now", type="primary", icon=":material/play_arrow:", width="stretch"):
            answer = door.act(
                "jobs.run_now", job=row["job"], period=period.strip() or None, again=bool(again)
            )
            told = {
                "waiting": "waits its turn", "running": "runs", "done": "was done already: switch “Again” on",
            }  # fmt: skip
            choices.next_round(_KEY)
            st.session_state[_BEGUN] = int(answer["run_id"])
            st.toast(
                f"{row['title']} {answer['period']} {told.get(answer['state'], answer['state'])}.",
                icon=":material/schedule:",
            )
            st.rerun()
