"""Makes this room's own tables of places: postal codes of a state, census tracts of a county.

Published files (a folder `places`):

* `zip_states.csv`: `zip` (five digits, or the first three) and `state`, one row for each state that a
  ZIP Code delivers to or that its census area (ZCTA) lies in;
* `tracts.txt`: any delimited list with a column `GEOID` of 11 digits (state, county, tract), such as
  the Census Bureau's gazetteer file of census tracts.

Tables: `postal_codes.csv` (first, last, state: five-digit ZIP Codes, or first letters in Canada) and
`census_tracts_2020.csv.gz` (state, county, tracts joined by blanks).
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from registry.errors import BadInput, NotFound

OUT = Path(__file__).parent / "data"

CANADA = {
    "NL": "A",
    "NS": "B",
    "PE": "C",
    "NB": "E",
    "QC": "GHJ",
    "ON": "KLMNP",
    "MB": "R",
    "SK": "S",
    "AB": "T",
    "BC": "V",
    "NT": "X",
    "NU": "X",
    "YT": "Y",
}
"""First letters of Canadian postal codes (Canada Post)."""

_FIPS = (
    "01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY 22LA 23ME "
    "24MD 25MA 26MI 27MN 28MS 29MO 30MT 31NE 32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH 40OK 41OR 42PA 44RI "
    "45SC 46SD 47TN 48TX 49UT 50VT 51VA 53WA 54WV 55WI 56WY 60AS 66GU 69MP 72PR 78VI"
)
STATE_OF_FIPS = {entry[:2]: entry[2:] for entry in _FIPS.split()}
"""Postal abbreviation of each FIPS state code (ANSI INCITS 38)."""


def build(shared: Path, out: Path = OUT) -> dict[str, int]:
    """Rewrite both tables from `shared/places`; returns the rows of each.

    Raises:
        NotFound: a published file is not there.
        BadInput: it does not hold what it should.
    """
    postal = [("first", "last", "state"), *postal_codes(_rows(shared / "places" / "zip_states.csv"))]
    tracts = [("state", "county", "tracts"), *tracts_by_county(_rows(shared / "places" / "tracts.txt"))]
    (out / "postal_codes.csv").write_text(_text(postal), encoding="ascii")
    packed = gzip.compress(_text(tracts).encode("ascii"), mtime=0)
    (out / "census_tracts_2020.csv.gz").write_bytes(packed)
    return {"postal_codes.csv": len(postal) - 1, "census_tracts_2020.csv.gz": len(tracts) - 1}


def postal_codes(rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Ranges of postal codes by state: whole prefixes for the state that has most of one, single codes
    for the others.

    >>> rows = [{"zip": "560", "state": "MN"}, {"zip": "56027", "state": "IA"}, {"zip": "561", "state": "MN"}]
    >>> list(postal_codes(rows))[:2]
    [('56000', '56199', 'MN'), ('56027', '56027', 'IA')]
    """
    served: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        served[row["zip"]].add(row["state"])
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for code, states in served.items():
        counted[code[:3]].update(dict.fromkeys(states, 1_000 if len(code) == 3 else 1))
    main = {prefix: sorted(found, key=lambda s: (-found[s], s))[0] for prefix, found in counted.items()}
    found = []
    for (_, state), run in groupby(enumerate(sorted(main)), lambda p: (int(p[1]) - p[0], main[p[1]])):
        prefixes = [prefix for _, prefix in run]
        found.append((f"{prefixes[0]}00", f"{prefixes[-1]}99", state))
    for code, states in served.items():
        found += [(code, code, state) for state in states if len(code) == 5 and state != main[code[:3]]]
    found += [(letter, letter, province) for province, letters in CANADA.items() for letter in letters]
    return iter(sorted(found))


def tracts_by_county(rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Tracts of each county, in order.

    >>> list(tracts_by_county([{"GEOID": "19153000200"}, {"GEOID": "19153000101"}]))
    [('IA', '153', '000101 000200')]
    """
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        number = row["GEOID"].strip()
        if not re.fullmatch("[0-9]{11}", number) or number[:2] not in STATE_OF_FIPS:
            raise BadInput("tracts.txt", "a GEOID is not state, county and tract (11 digits)", "see the file")
        found[STATE_OF_FIPS[number[:2]], number[2:5]].append(number[5:])
    return ((state, county, " ".join(sorted(tracts))) for (state, county), tracts in sorted(found.items()))


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise NotFound(str(path), "the published list is not there", "name the folder that holds places/")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    header = lines[0] if lines else ""
    delimiter = next((mark for mark in "\t|," if mark in header), ",")
    names = [name.strip() for name in header.split(delimiter)]
    if not {"GEOID"} <= {*names} and not {"zip", "state"} <= {*names}:
        raise BadInput(path.name, "its first line names no GEOID, or no zip and state", "see the manual")
    return [dict(zip(names, cells, strict=False)) for cells in csv.reader(lines[1:], delimiter=delimiter)]


def _text(rows: Iterable[tuple[str, str, str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)
