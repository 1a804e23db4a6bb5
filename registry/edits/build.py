"""Makes this room's own table of sites that a histology occurs at from SEER's validation lists.

`data/site_histology.csv.gz`: histologicTypeIcdO3, behaviorCodeIcdO3, primarySites (ranges,
blank-separated), for diagnoses to 2023. It is the union of three editions (US government work): the
starter table, which is the newest but has no row for soft tissue, ill-defined and unknown sites and
lacks some rows (8130/3 of the bladder), the list of 2018, which names groups of sites, and the list of
2015, which gives their codes. A combination that any edition accepts is accepted. From 2024 Cancer
PathCHART's list of the year stands instead: `registry.edits.pathchart`.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from registry import standards
from registry.edits.terms import intervals
from registry.errors import BadInput, NotFound

TABLE = Path(__file__).parent / "data" / "site_histology.csv.gz"
COLUMNS = ("histologicTypeIcdO3", "behaviorCodeIcdO3", "primarySites")

Sites = dict[tuple[str, ...], set[int]]
"""Site numbers (C509 = 509) by the cells that stand before them: histology and behavior."""

# Groups of the 2018 list that the 2015 list did not part; the others have the same names in both.
_PARTED = {
    "Base of Tongue": "C019",
    "Tongue (Excl Base of Tongue)": "C020-C029",
    "Nasopharynx (Excl Posterior Wall)": "C110,C112-C119",
    "Posterior Wall of Nasopharynx": "C111",
    "Middle Ear": "C301",
    "Sinuses": "C310-C318",
    "Accessory Sinus, NOS": "C319",
    "Bones & Joints (Excl Skull and Face, Mandible)": "C400-C409,C412-C419",
    "Bones of Skull and Face": "C410",
    "Mandible": "C411",
    "Peripheral Nerves": "C470-C479",
    "Connective & Soft Tissue": "C490-C499",
    "Fallopian Tube": "C570",
    "Other Female Genital (Excl Fallopian Tube)": "C571-C579",
    "Penis": "C600-C609",
    "Scrotum": "C632",
}


def build(shared: Path, out: Path = TABLE) -> int:
    """Rewrite the table from the published lists; returns the number of rows.

    Args:
        shared: folder with `quality/seer_site_histology.csv` and the two lists in `coding/icdo`.

    Raises:
        NotFound: a list is not there.
        BadInput: the list of 2018 names a group of sites that nobody has said the codes of.
    """
    newest = shared / "quality" / "seer_site_histology.csv"
    of_2015 = shared / "coding" / "icdo" / "seer_site_type_validation_20150918.csv.gz"
    of_2018 = shared / "coding" / "icdo" / "seer_site_histology_2018.csv.gz"
    codes: dict[str, str] = {}
    listed: Sites = defaultdict(set)
    for row in _rows(newest):
        listed[row[COLUMNS[0]], row[COLUMNS[1]]] |= sites_of(row[COLUMNS[2]])
    for row in _rows(of_2015):
        codes[_letters(row["Site Description"])] = row["Site recode"]
        _accept(listed, row["Histology/Behavior"], sites_of(row["Site recode"]))
    codes |= {_letters(name): ranges for name, ranges in _PARTED.items()}
    for row in _rows(of_2018):
        group = codes.get(_letters(row["site_group"]))
        if group is None:
            raise BadInput(of_2018.name, f"the codes of the group {row['site_group']!r} are not known")
        _accept(listed, row["morphology"], sites_of(group))
    of_a_registry = {key: sites for key, sites in listed.items() if key[1] in "0123"}
    return write(out, COLUMNS, table_rows(of_a_registry))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise NotFound(str(path), "the site/histology validation list is not there")
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))


def _accept(listed: Sites, morphology: str, sites: set[int]) -> None:
    histology, _, behavior = morphology.partition("/")
    listed[histology, behavior] |= sites


def _letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def sites_of(text: str) -> set[int]:
    """Numbers of the topography codes in ranges; numbers that are no code (C800) are dropped.

    >>> sorted(sites_of("C500-C503, C800,C809"))
    [500, 501, 502, 503, 809]
    """
    return {site for low, high in intervals(text) for site in range(low, high + 1)} & _published()


@cache
def _published() -> frozenset[int]:
    return frozenset(int(code[1:]) for code in standards.topography().get_column("code"))


def ranges_of(sites: Iterable[int]) -> str:
    """Blank-separated ranges that hold just these sites and no other topography code.

    >>> ranges_of({500, 501, 502, 503, 504, 505, 506, 508, 809})
    'C500-C508 C809'
    """
    wanted = set(sites)
    spans: list[list[int]] = []
    joins = False
    for site in sorted(_published()):
        if site in wanted:
            if joins:
                spans[-1][1] = site
            else:
                spans.append([site, site])
        joins = site in wanted
    return " ".join(f"C{low:03d}" if low == high else f"C{low:03d}-C{high:03d}" for low, high in spans)


def table_rows(listed: Sites) -> list[tuple[str, ...]]:
    """Rows of a table, sorted: the key's cells and the sites as ranges."""
    return [(*key, ranges_of(sites)) for key, sites in sorted(listed.items()) if sites]


def write(path: Path, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    """Write a gzipped CSV, always the same bytes for the same rows; returns the number of rows."""
    lines = [",".join(columns), *(",".join(row) for row in rows)]
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode("ascii"), mtime=0))
    return len(lines) - 1
