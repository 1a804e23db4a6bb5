"""Makes this room's own table of sites that a histology occurs at from the SEER validation list.

`data/site_histology.csv.gz`: histologicTypeIcdO3, behaviorCodeIcdO3, primarySites (ranges,
blank-separated), as in the published starter table (US government work; an edition for diagnoses to
2023). From 2024 Cancer PathCHART's list of the year replaces it.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from registry.errors import NotFound

TABLE = Path(__file__).parent / "data" / "site_histology.csv.gz"


def build(shared: Path, out: Path = TABLE) -> int:
    """Rewrite the table from `quality/seer_site_histology.csv`; returns the number of rows.

    Raises:
        NotFound: the list is not there.
    """
    source = shared / "quality" / "seer_site_histology.csv"
    if not source.is_file():
        raise NotFound(str(source), "the site/histology validation list is not there")
    text = source.read_text(encoding="ascii").replace("\r\n", "\n")
    out.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))
    return text.count("\n") - 1
