"""Child of test_jobs_kill: works off what is due until nothing is, and says what it began and ended.

Usage: python -m tests.integration.jobs_child DATABASE DAY   (key in REGISTRY_KEY; DAY is the day that its clock shows)

`R` when it has the database, `E job period state` for each run that ended, `Z` at the end.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipelines.run import work_off
from registry.security.roles import Actor
from registry.service import Session
from tests.integration.jobs_at import Clock, at


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(database: str, day: str) -> None:
    with Session.open(Path(database)) as opened:
        say("R")
        scheduler = at(opened, Clock(f"{day} 12:00")).as_actor(Actor("job:scheduler", "job"))
        told, _ = work_off(scheduler)
        for each in told:
            say("E", each["job"], each["period"], each["state"])
    say("Z")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
