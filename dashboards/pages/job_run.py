"""One run of a job: its attempts, its log, what it wrote; looked at again every few seconds while it runs."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import tables
from dashboards.components.job_words import ATTEMPTS, CAUSES, STATES, duration, short_hash
from dashboards.components.messages import guarded, plain
from dashboards.components.words import moment

_SECONDS = 3


def show(run_id: int) -> None:
    """The run; one that waits or runs is drawn anew by itself."""
    found = door.ask("jobs.show", run_id=run_id)
    moving = _moves(found["run"])

    @st.fragment(run_every=_SECONDS if moving else None)
    def draw() -> None:
        with guarded():
            now = door.ask("jobs.show", run_id=run_id)
            _one(now)
            if moving and not _moves(now["run"]):
                st.rerun()

    draw()


def _moves(run: dict[str, Any]) -> bool:
    """Whether it is worth looking again soon: it runs, or waits for its turn (not for a later try)."""
    return run["state"] == "running" or (run["state"] == "waiting" and run["next_attempt_at"] is None)


def _one(found: dict[str, Any]) -> None:
    run = found["run"]
    with st.container(border=True):
        st.markdown(
            f"**{plain(run['title'])} · {plain(run['period'])}** · {STATES.get(run['state'], run['state'])}"
        )
        facts = [
            f"as of {run['as_of']}",
            CAUSES.get(run["cause"], run["cause"] or ""),
            f"started {moment(run['started_at'])}" if run["started_at"] is not None else "",
            duration(run["seconds"]),
            f"will be tried again {moment(run['next_attempt_at'])}"
            if run["next_attempt_at"] is not None
            else "",
        ]
        st.caption(plain(" · ".join(fact for fact in facts if fact)))
        if run["error"]:
            st.error(plain(run["error"]), icon=":material/error:")
        if run.get("notify_error"):
            st.warning(
                plain(f"Nobody could be told: {run['notify_error']}"), icon=":material/notifications_off:"
            )
        left, right = st.columns([6, 6], gap="large")
        with left:
            _attempts(found["attempts"])
            _outputs(found["outputs"], str(run.get("folder") or ""))
        with right:
            st.markdown("**Log**")
            st.code(found["log"] or "Nothing was noted.", language=None, height=320)


def _attempts(frame: pl.DataFrame) -> None:
    st.markdown("**Attempts**")
    shown = frame.with_columns(
        pl.col("state").replace(ATTEMPTS),
        pl.col("cause").replace(CAUSES),
        pl.Series("took", [duration(value) for value in frame["seconds"]], dtype=pl.String),
        pl.Series("output", [short_hash(value) for value in frame["output_hash"]], dtype=pl.String),
    )
    columns = {"attempt": "No.", "state": "How it ended", "cause": "Why", "started_at": "Started (UTC)", "took": "Took",
               "output": "Output", "error": "Error"}  # fmt: skip
    if shown["error"].null_count() == shown.height:
        columns.pop("error")
    tables.show(shown, key="attempts", columns=columns, rows=5, alt="Attempts of the run")


def _outputs(frame: pl.DataFrame, folder: str) -> None:
    st.markdown("**What it wrote**")
    if not frame.height:
        st.caption("No files.")
        return
    st.caption(plain(f"In {folder}, beside the database"))
    shown = frame.with_columns(
        pl.Series("hash", [short_hash(value) for value in frame["sha256"]], dtype=pl.String)
    )
    columns = {"name": "File", "bytes": "Bytes", "hash": "SHA-256"}
    tables.show(shown, key="outputs", columns=columns, rows=8, alt="Files that the run wrote")
