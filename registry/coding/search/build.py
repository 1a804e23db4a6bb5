"""Makes the tables of code search from the published lists of ICD-O and SEER.

* `site_terms.csv.gz`: code, kind (preferred, included), term: ICD-O-3 topography with its inclusion terms; terms that the
  book lists under a heading ("Skin of:") are written out ("Skin of nose");
* `site_histology_lists.csv.gz`: list (2015, 2018), histology, behavior, sites: SEER's site/type validation lists;
* `site_histology_frequency.csv.gz`: site, histology, behavior, per_million: how common each tumor is;
* `seer_short_names.csv.gz`: code, name: the abbreviated histology names in SEER's lists.

`term_words.csv`, `term_abbreviations.csv`, `everyday_terms.csv` and `usual_sites.csv` are written by hand (words of
registrars; abbreviations as in NAACCR's and CAP's lists) and are copied as they are.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table

WHO = "ICD-O: copyright World Health Organization / IARC; replaceable table, see NOTICE"
OWN = "Apache-2.0, as the project"
SEER = "SEER: US government work"

TABLES = (
    Table(
        "site_terms.csv.gz",
        "names of the topography codes: one row a term",
        "WHO ICD-O-3",
        "ICD-O-3",
        "",
        WHO,
    ),
    Table(
        "site_histology_lists.csv.gz",
        "sites at which a histology is not questioned: one row a list, histology and behavior",
        "SEER site/histology validation lists, seer.cancer.gov/icd-o-3",
        "2015-09-18; 2018",
        "",
        SEER,
    ),
    Table(
        "site_histology_frequency.csv.gz",
        "how common a tumor is: one row a site, histology and behavior",
        "imsweb/data-generator",
        "928d890",
    ),
    Table(
        "seer_short_names.csv.gz",
        "abbreviated histology names: one row a name",
        "SEER site/histology validation lists, seer.cancer.gov/icd-o-3",
        "2015-09-18; 2018",
        "",
        SEER,
    ),
    Table(
        "term_words.csv", "words that mean another word, and how nearly", "this project", "2026-11", "", OWN
    ),
    Table("term_abbreviations.csv", "abbreviations in registrars' text", "this project", "2026-11", "", OWN),
    Table(
        "everyday_terms.csv", "everyday names of codes that no list has", "this project", "2026-11", "", OWN
    ),
    Table(
        "usual_sites.csv",
        "where histologies usually arise",
        "this project, after ICD-O-3",
        "2026-11",
        "",
        OWN,
    ),
)
BY_HAND = ("term_words.csv", "term_abbreviations.csv", "everyday_terms.csv", "usual_sites.csv")

LIST_2015, LIST_2018 = "seer_site_type_validation_20150918.csv.gz", "seer_site_histology_2018.csv.gz"
MISPRINTS = {
    "smallintestine": "small intestine",
    "limband": "limb and",
    "system,NOS": "system, NOS",
    "Ceruminal": "Ceruminous",
    " Note:": "",
    "Columnella": "Columella",
}
GROUPS_2018 = {
    "base of tongue": "C019",
    "tongue (excl base of tongue)": "C020-C029",
    "nasopharynx (excl posterior wall)": "C110 C112-C119",
    "posterior wall of nasopharynx": "C111",
    "middle ear": "C301",
    "sinuses": "C310-C313 C318",
    "accessory sinus, nos": "C319",
    "bones & joints (excl skull and face, mandible)": "C400-C409 C412-C419",
    "bones of skull and face": "C410",
    "mandible": "C411",
    "peripheral nerves": "C470-C479",
    "connective & soft tissue": "C490-C499",
    "fallopian tube": "C570",
    "other female genital (excl fallopian tube)": "C571-C579",
    "penis": "C600-C609",
    "scrotum": "C632",
    "anal canal & anus": "C210-C218",
    "nasal cavity (including nasal cartilage)": "C300",
}
"""Site groups of the list of 2018 that differ from those of 2015."""


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Write the tables; returns the rows of each.

    Raises:
        NotFound: a published file is not there, unless `partly`.
    """
    lists = [partial(_published, shared, name) for name in (LIST_2015, LIST_2018)]
    counts = reference.write_each(
        out,
        {
            "site_terms.csv.gz": (("code", "kind", "term"), lambda: sorted(set(_site_terms(shared)))),
            "site_histology_lists.csv.gz": (
                ("list", "histology", "behavior", "sites"),
                lambda: _lists(*(read() for read in lists)),
            ),
            "site_histology_frequency.csv.gz": (
                ("site", "histology", "behavior", "per_million"),
                lambda: _frequency(shared),
            ),
            "seer_short_names.csv.gz": (("code", "name"), lambda: _short_names(*(read() for read in lists))),
        },
        partly=partly,
    )
    for name in () if partly else BY_HAND:
        content = (reference.DATA / name).read_bytes()
        (out / name).write_bytes(content)
        counts[name] = content.count(b"\n") - 1
    return counts


def _published(shared: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(reference.published(shared, "icdo", name), "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _site_terms(shared: Path) -> Iterator[tuple[str, str, str]]:
    """Terms of the four-character sites.

    Inclusion lines that begin with a small letter are the second lines of exclusion notes in the source and are left
    out: they would bring "skin of upper lip" to C00.0.
    """
    path = reference.published(shared, "icdo", "icdo3_topography_terms.txt")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [
            (row["Kode"].replace(".", ""), row["Lvl"], _corrected(row["Title"]))
            for row in csv.DictReader(file, delimiter="\t")
        ]
    heading = {code: title.rstrip(" :") for code, level, title in rows if level == "k"}
    for code, level, title in rows:
        if level == "4":
            yield code, "preferred", title
        elif level == "b" and code in heading:
            yield code, "included", f"{heading[code]} {title}"
        elif level == "incl" and title[0].isupper() and not re.search(r"C\d\d", title):
            yield code, "included", title


def _corrected(title: str) -> str:
    for wrong, right in MISPRINTS.items():
        title = title.replace(wrong, right)
    return title


def _sites(ranges: str) -> set[str]:
    """`C000-C002,C009` → the codes in between (existing or not)."""
    codes: set[str] = set()
    for part in re.findall(r"C\d{3}(?:-C\d{3})?", ranges):
        first, _, last = part.partition("-")
        codes |= {f"C{number:03d}" for number in range(int(first[1:]), int((last or first)[1:]) + 1)}
    return codes


def _lists(older: list[dict[str, str]], newer: list[dict[str, str]]) -> list[tuple[str, str, str, str]]:
    groups = {row["Site Description"].casefold(): row["Site recode"] for row in older} | GROUPS_2018
    allowed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in older:
        allowed["2015", row["Histology/Behavior"]] |= _sites(row["Site recode"])
    for row in newer:
        allowed["2018", row["morphology"]] |= _sites(groups[row["site_group"].casefold()])
    return [
        (year, code[:4], code[5], " ".join(sorted(sites)))
        for (year, code), sites in sorted(allowed.items())
        if code[4:5] == "/"
    ]


def _frequency(shared: Path) -> list[tuple[str, str, str, int]]:
    total: dict[tuple[str, str, str], float] = defaultdict(float)
    for sex in ("female", "male"):
        with reference.published(shared, "names", f"sites_sex_{sex}.csv").open(
            encoding="utf-8", newline=""
        ) as file:
            for share, site, histology, behavior, *_ in csv.reader(file):
                total[site, histology, behavior] += float(share) / 2
    return [(*key, round(share * 10_000)) for key, share in sorted(total.items()) if round(share * 10_000)]


def _short_names(older: list[dict[str, str]], newer: list[dict[str, str]]) -> list[tuple[str, str]]:
    names = {(row["Histology/Behavior"], row["Histology/Behavior Description"].strip()) for row in older}
    names |= {(row["morphology"], row["morphology_description"].strip()) for row in newer}
    return sorted((code, name) for code, name in names if code[4:5] == "/" and name)
