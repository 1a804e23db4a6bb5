"""Our differences between versions are the published ones."""

from __future__ import annotations

import re

import pytest

from registry import standards
from tests.paths import needs_shared, shared

ATTRIBUTE = {
    "length": "length", "name": "name", "data level": "level", "data type": "data_type", "padding": "padding",
    "allow-unlimited attribute": "unlimited",
}  # fmt: skip
ADDED = re.compile(r"were (added to|removed from) version \d+:")
CHANGED = re.compile(r"got their (.+?) (changed|removed) in (?:version |v)\d+:")
LINE = re.compile(r' - (\w+) \(#(\d+)\)(?: - (?:from "(.*?)" to "(.*?)"|(.*)))?')
# The comparison of 25 and 26 was made before the spelling of this id was put right in the dictionary.
MISPRINTS = {"spreadhThrougAirSpacesStas": "spreadThroughAirSpacesStas"}


def published(text: str) -> set[tuple[str, int, str, str | None, str | None, str | None]]:
    """(item, number, change, attribute, before, after) of a published comparison."""
    rows, kind = set(), ("", "")
    for line in text.splitlines():
        if found := ADDED.search(line):
            kind = ("added" if found[1].startswith("added") else "retired", "")
        elif found := CHANGED.search(line):
            kind = ("changed", ATTRIBUTE[found[1]])
        elif found := LINE.match(line):
            item, number, before, after, name = found.groups()
            item = MISPRINTS.get(item, item)
            if kind[0] == "changed":
                values = ("true", "false") if kind[1] == "unlimited" else (before, after)
                rows.add((item, int(number), *kind, *values))
            else:
                values = (None, name) if kind[0] == "added" else (name, None)
                rows.add((item, int(number), kind[0], None, *values))
    return rows


@needs_shared
@pytest.mark.parametrize(
    ("older", "newer"),
    [("210", "220"), ("220", "230"), ("230", "240"), ("240", "250"), ("250", "260")],
)
def test_differences_between_versions(older: str, newer: str) -> None:
    path = shared("naaccr", "differences", f"dictionary-differences-v{older}-and-v{newer}.txt")
    expected = published(path.read_text(encoding="utf-8"))
    assert len(expected) > 10
    assert set(standards.diff(older, newer).rows()) == expected
