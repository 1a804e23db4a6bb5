"""What older programs kept among the runs of jobs is found again where it stands now."""

from __future__ import annotations

import json
from pathlib import Path

from registry.service import Session
from registry.store import Store
from tests.integration.stores import KEY
from tests.integration.test_migrations import older


def test_results_of_suites_leave_the_runs_of_jobs(tmp_path: Path) -> None:
    path = tmp_path / "r.duckdb"
    Session.create(path, key=KEY).close()
    with Store.open(path, key=KEY) as store:
        for number, passed in ((3, 1), (7, 2)):
            result = json.dumps({"suites_passed": passed, "data_docs": "docs/index.html"})
            store.housekeeping(
                "INSERT INTO job_run (run_id, job, period, state, attempt, actor, started_at, finished_at, result) "
                "VALUES (?, 'quality-suites', ?, 'done', 1, 'anna', now(), now(), ?)",
                [number, f"2026-11-0{number}T00:00:00", result],
            )
        assert store.new_ids("job_run", 8)[-1] == 8
    older(path)
    with Session.open(path, key=KEY) as session:
        assert session.run("quality.suites") == {"suites_passed": 2, "data_docs": "docs/index.html"}
        assert session.run("jobs.history").is_empty()
        session.run("quality.record_suites", result={"suites_passed": 4}, data_docs="x")
        assert session.run("quality.suites")["suites_passed"] == 4
        assert session.run("audit.verify")["ok"]
