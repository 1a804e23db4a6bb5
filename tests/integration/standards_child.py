"""Child of test_standards_crash: installs next year's files and takes them back, over and over, until it is killed.

Usage: python -m tests.integration.standards_child DATABASE FOLDER   (key in REGISTRY_KEY)

Each line acknowledges one finished operation: `I <pack>` an installation, `U <pack>` one taken back.
"""

from __future__ import annotations

import os
import sys

import registry


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(database: str, folder: str) -> None:
    session = registry.open(database)
    say("R")
    if "installed" in session.run("standards.list")["state"]:
        say("U", session.run("standards.undo")["pack_id"])
    while True:
        say("I", session.run("standards.install", path=folder)["pack_id"])
        say("U", session.run("standards.undo")["pack_id"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
