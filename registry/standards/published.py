"""What NAACCR publishes for a version, found in a folder and checked: dictionaries, code lists, terms."""

from __future__ import annotations

import gzip
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from registry.errors import BadInput, NotFound
from registry.standards.dictionary_xml import DictionaryXml, parse_dictionary

BASE = re.compile(r"https?://(?:www\.)?naaccr\.org/naaccrxml/(user-defined-)?naaccr-dictionary-(\d{3})\.xml")
EMPTY_GZIP = gzip.compress(b"", mtime=0)


@dataclass
class Published:
    """What a folder of published files holds.

    Attributes:
        dictionaries: base and default user dictionaries by file name as NAACCR names them.
        naaccr: the folder with `items/` and `codes/`, when there is one.
        coding: the folder with `icdo/` and `seer/`, when there is one.
    """

    dictionaries: dict[str, bytes]
    naaccr: Path
    coding: Path | None
    versions: list[str] = field(default_factory=list)

    @property
    def newest(self) -> str:
        """The newest NAACCR version of the folder."""
        return self.versions[-1]


def published(source: Path) -> Published:
    """Find and check the published files of a folder (or one dictionary file).

    Args:
        source: a folder with `dictionaries/`, and if there are any `items/`, `codes/`, `coding/`; one that holds
            such a folder under the name `naaccr`; one with dictionaries in it; or one dictionary.

    Raises:
        NotFound: no such folder. BadInput: no NAACCR base dictionary here, or one that cannot be used.
    """
    if not source.exists():
        raise NotFound(str(source), "there is no such folder", "check the name")
    folder = source.parent if source.is_file() else source
    naaccr = folder / "naaccr" if (folder / "naaccr").is_dir() else folder
    places = [place for place in (folder / "dictionaries", naaccr / "dictionaries") if place.is_dir()]
    files = [path for place in dict.fromkeys(places or [folder]) for path in sorted(place.glob("*.xml"))]
    found: dict[str, bytes] = {}
    versions = set()
    for path in [source] if source.is_file() else files:
        data = path.read_bytes()
        name = _base_name(parse_dictionary(data, path.name), path.name)
        if name is None:
            continue  # a state's own dictionary comes with its files, not with the standard
        if found.setdefault(name, data) != data:
            raise BadInput(path.name, f"two different files hold {name}", "keep the one that counts")
        if not name.startswith("user-"):
            versions.add(name[-7:-4])
    if not versions:
        raise BadInput(str(source), "holds no NAACCR base dictionary", "name the folder of next year's files")
    coding = folder / "coding"
    return Published(found, naaccr, coding if coding.is_dir() else None, sorted(versions))


def _base_name(dictionary: DictionaryXml, name: str) -> str | None:
    """The published name of a base or default user dictionary, None for a user-defined one.

    Raises:
        BadInput: a base dictionary that contradicts itself or is empty.
    """
    uri = BASE.fullmatch(dictionary.uri.strip())
    if uri is None:
        return None
    if dictionary.version != uri[2]:
        raise BadInput(name, f"is dictionary {uri[2]} by its URI, but {dictionary.version} by naaccrVersion")
    if not dictionary.items:
        raise BadInput(name, "defines no items", "ask for an intact copy")
    for what in ("id", "number"):
        seen: set[object] = set()
        for item in dictionary.items:
            value = item[what].casefold() if what == "id" else item[what]
            if value in seen:
                raise BadInput(name, f"defines {what} {item[what]} twice", "ask for an intact copy")
            seen.add(value)
    return f"{uri[1] or ''}naaccr-dictionary-{uri[2]}.xml"


def stage(files: Published, staged: Path) -> None:
    """The published files in the layout that the builders read; those that were not published are empty."""
    (staged / "dictionaries").mkdir()
    for name, data in files.dictionaries.items():
        (staged / "dictionaries" / name).write_bytes(data)
    codes = staged / "codes"
    codes.mkdir()
    if (files.naaccr / "codes").is_dir():
        for path in (files.naaccr / "codes").iterdir():
            if path.is_file():
                shutil.copyfile(path, codes / path.name)
    kinds = ("lookups", "documented-codes")
    versions = {path.name[8:10] for kind in kinds for path in codes.glob(f"naaccr-v??-{kind}.csv.gz")}
    wanted = [f"naaccr-v{version}-{kind}.csv.gz" for version in versions for kind in kinds]
    icdo = staged / "coding" / "icdo"
    icdo.mkdir(parents=True)
    if files.coding and (files.coding / "icdo").is_dir():
        shutil.copytree(files.coding / "icdo", icdo, dirs_exist_ok=True)
    terms = ("icdo32_morphology_terms.csv", "icdo3_first_edition_morphology_terms.txt")
    for path in (
        *(codes / name for name in (*wanted, "padoh-code-schemes.csv.gz")),
        *(codes / "padoh-field_code_scheme.csv", *(icdo / name for name in terms)),
    ):
        if not path.exists():
            path.write_bytes(EMPTY_GZIP if path.suffix == ".gz" else b"")
