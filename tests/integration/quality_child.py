"""Child of test_quality_crash: runs two edit sets in turn over a registry until it is killed.

Usage: python -m tests.integration.quality_child DATABASE   (key in REGISTRY_KEY)

After `R` (ready) each line `Q <run_id>` acknowledges a finished run.
"""

from __future__ import annotations

import os
import sys

import registry

SETS = ("all", ["laterality-valid", "site-sex", "ir-ssn-shared"])


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(database: str) -> None:
    session = registry.open(database)
    turn = 0
    say("R")
    while True:
        result = session.run("quality.run", edit_set=SETS[turn % 2], as_of="2026-10-31", full=True)
        say("Q", result["run_id"])
        turn += 1


if __name__ == "__main__":
    main(sys.argv[1])
