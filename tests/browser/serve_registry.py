"""Make a small registry and serve it: `python -m tests.browser.serve_registry FOLDER PORT`.

In a process of its own, as in real life: the database file has one owner, and Streamlit's settings are one per process.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

from registry.security import Actor
from registry.service.session import Session, local_actor
from registry.store import Store
from registry.synthetic import generate
from tests.browser.conftest import ACCOUNTS, LATE_FACILITY, WORDS


def main(folder: Path, port: int) -> None:
    """Fill a database and serve it until told to stop."""
    from dashboards.server import build_app, listen, run
    from pipelines.schedule import Scheduler

    database = folder / "registry.duckdb"
    session = Session(Store.create(database, key="a key for this test"), local_actor())
    fill(session, folder / "received")
    facts = folder / "facts.new"
    facts.write_text(json.dumps(_facts(session)))
    facts.rename(folder / "facts.json")
    scheduler = Scheduler(session, database)
    app = build_app(lambda: session, lifespan=scheduler.lifespan(), note="Made-up people only.")
    run(app, listen(port=port))


def fill(session: Session, received: Path) -> None:
    """Load 400 made-up patients, derive, check, add accounts."""
    generate(400, seed=11, out=received)
    files = [received / "facilities.csv", received / "physicians.csv"]
    for kind in ("abstracts", "pathology", "treatments"):
        files += sorted((received / kind).iterdir())
    for file in files:
        session.run("ingest.file", path=str(file))
    for kind in ("population", "life_table", "mortality"):
        file = received / "statistics" / f"{kind}.csv"
        session.run("population.load", path=str(file), kind=kind, source="SYNTHETIC")
    session.run("derive.run")
    session.run("quality.run")
    session.run("primaries.run")
    session.run("settings.change", synthetic="true")
    this_year = dt.datetime.now(dt.UTC).year
    session.run("monitor.expect", facility=LATE_FACILITY, year=this_year, expected=9000)
    for name, (role, facilities) in ACCOUNTS.items():
        session.run("account.add", name=name, password=WORDS, role=role, facilities=facilities)


def _facts(session: Session) -> dict[str, object]:
    """A patient and abstract of anna's facility alone, and the name of somebody whom her facility never saw."""
    anna = session.as_actor(_actor_of_anna())
    mine: dict[str, object] = {}
    for patient_id in range(1, 400):
        record = session.run("records.patient", patient_id=patient_id)
        facilities = set(record["abstracts"]["facility_id"])
        person = record["patient"]
        name = f"{person.get('nameLast')} {person.get('nameFirst')}"
        if facilities == {"0009990028"} and not mine and _untouched(session, record):
            abstract_id = int(record["abstracts"]["abstract_id"][0])
            mine = {"patient_id": patient_id, "abstract_id": abstract_id, "last_name": person["nameLast"]}
        unseen = "0009990028" not in facilities and anna.run("records.search", text=name).is_empty()
        if mine and unseen:
            return {**mine, "foreign_name": name, "pair_patient_id": _with_open_pair(session)}
    raise SystemExit("the made-up registry has no suitable patients")


def _with_open_pair(session: Session) -> int:
    """A patient with two tumors that the rules call one, and whose sequence numbers don't fit."""
    renumbered = set(session.run("numbering.proposals")["patient_id"])
    return next(int(n) for n in session.run("primaries.list")["patient_id"] if n in renumbered)


def _untouched(session: Session, record: dict[str, Any]) -> bool:
    """No edit objects to it, so that what a test types is all that an edit can mean."""
    abstract_id = int(record["abstracts"]["abstract_id"][0])
    return bool(session.run("records.check", abstract_id=abstract_id, changes={}).is_empty())


def _actor_of_anna() -> Actor:
    role, facilities = ACCOUNTS["anna"]
    return Actor("anna", role, frozenset(facilities or ()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
