"""Makes the table of standard populations from the published files: `registry standards build --from DIR`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from registry.analytics.incidence import ages
from registry.analytics.incidence.standard_populations import DATA, SOURCES, WEIGHTS
from registry.errors import BadInput, NotFound

STANDARDS = (
    ("us2000", "US 2000, 19 age groups", "2000",
     "US Census Bureau, Current Population Reports P25-1130 (Day JC, 1996); the projection for 2000 that SEER and NPCR use"),
    ("world_segi_doll", "World (Segi 1960, Doll 1966)", "1966",
     "Segi M, Cancer mortality for selected sites in 24 countries, 1960; Doll R et al., Cancer Incidence in Five Continents, "
     "1966; age 0 and 1-4 as 2,400 and 9,600"),
    ("europe_2013", "Europe 2013", "2013",
     "Eurostat, Revision of the European Standard Population, 2013 (ISBN 978-92-79-31094-2); 85 years and over together"),
)  # fmt: skip


def build(shared: Path, out: Path | None = None) -> dict[str, int]:
    """Write the two tables of this room; returns the rows of each.

    Args:
        shared: folder with statistics/standard_populations_19ag.csv: age_group, one column a standard.
        out: folder to write to; the package's own when absent.

    Raises:
        NotFound: the published file is not there.
        BadInput: it has other age groups, or a weight that is no number.
    """
    path = shared / "statistics" / "standard_populations_19ag.csv"
    if not path.is_file():
        raise NotFound(str(path), "the published standard populations are not there")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if tuple(row["age_group"] for row in rows) != ages.AGE_GROUPS:
        raise BadInput(path.name, "the age groups are not 00, 01-04, 05-09 ... 85+ in this order")
    try:
        weights = [
            (name, row["age_group"], int(row[name])) for name, *_ in STANDARDS for row in rows
        ]  # fmt: skip
    except (KeyError, ValueError) as error:
        raise BadInput(path.name, f"a standard is not complete ({error})") from None
    out = out or DATA
    out.mkdir(parents=True, exist_ok=True)
    return {
        WEIGHTS: _write(out / WEIGHTS, ("standard", "age_group", "weight"), weights),
        SOURCES: _write(out / SOURCES, ("standard", "title", "version", "source"), STANDARDS),
    }


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        kept = list(rows)
        writer.writerows(kept)
    return len(kept)
