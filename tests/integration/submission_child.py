"""Child of test_submission_crash: prepares, seals and sends submissions until it is killed.

Usage: python -m tests.integration.submission_child FOLDER FIRST_DAY   (key in REGISTRY_KEY)

Each line acknowledges one finished step: `P <id> <as of>` prepared and sealed, `S <id>` sent, `A <id>` answered.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path

from tests.integration.submitted import opened


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(folder: str, first: int) -> None:
    with opened(Path(folder), dt.datetime(2027, 12, 31, tzinfo=dt.UTC)) as session:
        say("R")
        for number in range(first, 400):
            as_of = (dt.date(2026, 11, 1) + dt.timedelta(days=number)).isoformat()
            made = session.run(
                "submission.prepare",
                profile="NPCR_CSS",
                as_of=as_of,
                seal=True,
                out=str(Path(folder) / "out"),
            )
            say("P", made["submission_id"], as_of)
            session.run("submission.send", submission_id=made["submission_id"])
            say("S", made["submission_id"])
            session.run("submission.acknowledge", submission_id=made["submission_id"], answer="accepted")
            say("A", made["submission_id"])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
