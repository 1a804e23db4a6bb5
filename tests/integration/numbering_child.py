"""A process that asks for accession numbers of some abstracts, waiting for the file when another one has it."""

from __future__ import annotations

import json
import sys

from registry.service import Session
from tests.received import KEY

if __name__ == "__main__":
    path, *numbers = sys.argv[1:]
    given = []
    for number in numbers:
        with Session.open(path, key=KEY, wait=60) as session:
            version = session.run("records.abstract", abstract_id=int(number))["version"]
            answer = session.run("numbering.accession", abstract_id=int(number), expected_version=version)
            given.append(answer["accessionNumberHosp"])
    print(json.dumps(given))
