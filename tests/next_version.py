"""A made-up NAACCR 27 as it would be published: version 26 with every kind of change in it.

| what | item |
|---|---|
| added | `serumMarkerLevel` [8801], digits, 2 long, codes 01 to 03 |
| renamed | `lymphVascularInvasion` [1182] is `lymphovascularInvasion` |
| retired | `tumorDeposits` [3934] |
| moved | `tobaccoUseSmokingStatus` [344] from Tumor to Patient |
| longer | `archiveFin` [3100] from 10 to 12 digits, `multTumRptAsOnePrim` [444] from 2 to 3 |
| codes | `laterality` without 5 (Midline), with 6 |
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import quoteattr

from registry.standards.comparison import TableSet
from registry.standards.tables import DATA

ADDED, RETIRED, MOVED = "serumMarkerLevel", "tumorDeposits", "tobaccoUseSmokingStatus"
BEFORE, RENAMED = "lymphVascularInvasion", "lymphovascularInvasion"
LONGER, LONGER_CODES = "archiveFin", "multTumRptAsOnePrim"
LOOKUPS = [
    *((RENAMED, code, f"Invasion {code}") for code in "0123489"),
    *(("laterality", code, f"Side {code}") for code in "0123469"),
    *(
        (LONGER_CODES, f"{code:03d}", f"Reported {code}")
        for code in (0, 10, 11, 12, 20, 30, 31, 32, 40, 80, 88, 999)
    ),
    *((ADDED, f"0{code}", f"Level {code}") for code in (1, 2, 3)),
]


def definitions(version: str = "260") -> list[dict[str, str]]:
    """Items of a version that the program knows, by number."""
    return [dict(row) for _, row in sorted(TableSet(DATA, version).items.items())]


def next_definitions() -> list[dict[str, str]]:
    """Items of the made-up version."""
    items = {row["id"]: row for row in definitions()}
    items[BEFORE] |= {"id": RENAMED, "name": "Lymphovascular Invasion (27)"}
    items[MOVED] |= {"level": "Patient"}
    items[LONGER] |= {"length": "12"}
    items[LONGER_CODES] |= {"length": "3"}
    del items[RETIRED]
    added = {
        **items["laterality"],
        "id": ADDED,
        "number": "8801",
        "name": "Serum Marker Level",
        "length": "2",
    }
    return [*items.values(), added]


def dictionary_xml(items: Iterable[dict[str, str]], version: str = "270") -> str:
    """A base dictionary with these items."""
    lines = []
    for row in items:
        attributes = {
            "naaccrId": row["id"], "naaccrNum": row["number"], "naaccrName": row["name"], "length": row["length"],
            "recordTypes": ",".join(row["record_types"]), "parentXmlElement": row["level"],
            "dataType": row["data_type"], "padding": row["padding"], "trim": row["trim"],
            **({"allowUnlimitedText": "true"} if row["unlimited"] == "true" else {}),
        }  # fmt: skip
        if attributes["padding"] == "none":
            del attributes["padding"]
        lines.append("<ItemDef " + " ".join(f"{k}={quoteattr(v)}" for k, v in attributes.items()) + "/>")
    return (
        '<?xml version="1.0"?>\n<NaaccrDictionary '
        f'dictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-{version}.xml" naaccrVersion="{version}" '
        'specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><ItemDefs>\n'
        + "\n".join(lines)
        + "\n</ItemDefs></NaaccrDictionary>\n"
    )


def publish(folder: Path, *, lookups: Iterable[tuple[str, str, str]] = LOOKUPS) -> Path:
    """Write the made-up version in the layout of the published files; returns the folder."""
    (folder / "dictionaries").mkdir(parents=True)
    (folder / "codes").mkdir()
    (folder / "dictionaries" / "naaccr-dictionary-270.xml").write_text(dictionary_xml(next_definitions()))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("naaccr_id", "code", "label"), *lookups])
    (folder / "codes" / "naaccr-v27-lookups.csv.gz").write_bytes(gzip.compress(text.getvalue().encode()))
    return folder
