"""AJCC groups of the derived storage codes, against the tables that Collaborative Stage publishes."""

from __future__ import annotations

import json
import re
import zipfile

from registry.analytics.stages.ajcc import group_of_code
from tests.paths import needs_shared, shared


@needs_shared
def test_storage_codes_of_both_editions() -> None:
    with zipfile.ZipFile(shared("staging", "cs-02.05.50.zip")) as tables:
        for edition, digits in ((6, 2), (7, 3)):
            rows = json.loads(tables.read(f"tables/ajcc{edition}_stage_codes.json"))["rows"]
            seen = 0
            for name, value, _ in rows:
                code = value.removeprefix("VALUE:").strip()
                if not code:
                    continue
                roman = re.match(r"0|IV|I{1,3}", name)
                words = {"NA": "Not applicable", "OCCULT": "Occult", "UNK": "Unknown"}
                assert group_of_code(code, digits) == (words.get(name) or (roman and roman[0])), name
                seen += 1
            assert seen > 40
