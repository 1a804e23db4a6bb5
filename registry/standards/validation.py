r"""Every fault of a dictionary file: what it lacks, what it must not say, what clashes with the standard.

>>> table = b"NAACCR XML ID,NAACCR Number,Length,Parent XML Element\nShoeSize,9700,2,Foot\n"
>>> validate_dictionary(table, "state.csv", "260")["code"].to_list()
['id-format', 'level']

Source: NAACCR XML Data Exchange Standard, dictionary specifications 1.0 to 1.8 and their schemas; the faults
are those that the standard's Java library reports, and some that only several dictionaries can have.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from registry.standards import validation_items
from registry.standards.dictionary_raw import Problem, RawDictionary, Unreadable, shown
from registry.standards.naaccr_dictionary import default_user_dictionary, dictionary, version_code, versions
from registry.standards.user_dictionaries import parse_file
from registry.standards.validation_items import BASE_URI, SPECIFICATIONS, Rules
from registry.standards.validation_record import grouped_problems, record_problems, standard_problems
from registry.standards.validation_together import clashes

WARNINGS = frozenset(("id-case",))
"""Codes of what the standard's library lets pass, though it asks for trouble."""

FAULTS: dict[str, Any] = {"line": pl.Int64, "item": pl.String, "code": pl.String, "message": pl.String}
ROOT_ATTRIBUTES = {
    *("dictionaryUri", "naaccrVersion", "specificationVersion", "dateLastModified", "description")
}
DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?")


def validate_dictionary(data: bytes, name: str, version: str | None = None) -> pl.DataFrame:
    """All faults of a base, default user or user-defined dictionary, as XML or as a table.

    Args:
        data: the file.
        name: its name, for messages.
        version: NAACCR version of the files that the dictionary is for; needed when it says none itself.

    Returns:
        `line` (1-based), `item` (its id as written, null for the dictionary), `code`, `message`; sorted.
        One row if the file is no dictionary at all; none if it has no fault.

    Raises:
        NotFound: `version` is not known and not the dictionary's own.
    """
    return _frame(_problems(data, name, version)[1])


def _problems(data: bytes, name: str, version: str | None) -> tuple[RawDictionary | None, list[Problem]]:
    try:
        raw = parse_file(data, name)
    except Unreadable as error:
        return None, [Problem(error.line, None, error.code, error.what)]
    rules = _rules(raw, version)
    found = [*raw.problems, *_root(raw, rules, version), *validation_items.problems(raw, rules)]
    if rules.base:
        found += grouped_problems(raw, rules)
    else:
        found += [
            Problem(one.line, one.id, "grouped-item", "a user dictionary cannot define grouped items")
            for one in raw.grouped
        ]
        found += standard_problems(raw, rules)
    return raw, [*found, *record_problems(raw, rules)]


def _rules(raw: RawDictionary, version: str | None) -> Rules:
    """What this dictionary is judged by."""
    stated = raw.attributes.get("naaccrVersion", "").strip() or None
    used = stated
    if stated is None and version is not None:
        used = version_code(version)
    specification = raw.attributes.get("specificationVersion", "").strip()
    table = raw.table
    if not specification:
        specification = SPECIFICATIONS[-1] if table else SPECIFICATIONS[0]
    known = used is not None and used in versions()
    place = (
        SPECIFICATIONS.index(specification) if specification in SPECIFICATIONS else len(SPECIFICATIONS) - 1
    )
    return Rules(
        specification=place,
        base=bool(BASE_URI.fullmatch(raw.attributes.get("dictionaryUri", "").strip())),
        table=table,
        version=used,
        standard=dictionary(used) if known else None,
        gaps=default_user_dictionary(used) if known and used else None,
    )


def _root(raw: RawDictionary, rules: Rules, version: str | None) -> Iterator[Problem]:
    for code, message in _root_faults(raw, rules, version):
        yield Problem(raw.line, None, code, message)


def _root_faults(raw: RawDictionary, rules: Rules, version: str | None) -> Iterator[tuple[str, str]]:
    attributes = {name: value.strip() for name, value in raw.attributes.items()}
    specification, stated = attributes.get("specificationVersion"), attributes.get("naaccrVersion")
    if raw.namespace != validation_items.NAMESPACE:
        yield "namespace", f"the dictionary must be in the namespace {validation_items.NAMESPACE}"
    for name in attributes.keys() - ROOT_ATTRIBUTES:
        yield "unknown-attribute", f"NaaccrDictionary has an unknown attribute {shown(name)}"
    if specification and specification not in SPECIFICATIONS:
        yield "specification-version", f"specificationVersion {shown(specification)} is not supported"
    if not attributes.get("dictionaryUri") and not rules.table:
        yield "missing-uri", "dictionaryUri is required"
    if not stated and (rules.base or rules.before("1.1")):
        yield "missing-version", "naaccrVersion is required"
    if stated and stated not in versions() and stated != version:
        yield "unknown-version", f"naaccrVersion {shown(stated)} is not known here"
    if stated and version and stated != version and stated != version_code(version):
        yield "other-version", f"the dictionary is for NAACCR {stated[:10]}, not for {version}"
    modified = attributes.get("dateLastModified")
    if modified and not _is_date_time(modified):
        yield "date-last-modified", f"dateLastModified {shown(modified)} is not an XML date and time"
    if not raw.items:
        yield "no-items", "a dictionary must define at least one item"


def _is_date_time(text: str) -> bool:
    if not DATE_TIME.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(re.sub(r"\.\d+", "", text))
    except ValueError:
        return False
    return True


def validate_dictionaries(files: Sequence[tuple[str, bytes]], version: str | None = None) -> pl.DataFrame:
    """Faults of several user dictionaries, each alone and all together.

    Together they must have different URIs and the same version, an id or a number that two of them define
    must be the same item, and no columns may overlap. (Files that carry such dictionaries can be read all the same: see `Dictionary.merged`.)

    Args:
        files: (name, bytes) of each.
        version: as in `validate_dictionary`.

    Returns:
        `file` and the columns of `validate_dictionary`; in the order of `files`.
    """
    found = [_problems(data, name, version) for name, data in files]
    together: list[list[Problem]] = [[] for _ in files]
    for place, problem in clashes([raw for raw, _ in found], version):
        together[place].append(problem)
    frames = [
        _frame([*alone, *clash]).select(pl.lit(name).alias("file"), pl.all())
        for (name, _), (_, alone), clash in zip(files, found, together, strict=True)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema={"file": pl.String, **FAULTS})


def _frame(problems: Iterable[Problem]) -> pl.DataFrame:
    rows = sorted(set(problems), key=lambda one: (one.line, one.item or "", one.code, one.message))
    return pl.DataFrame(rows, schema=FAULTS, orient="row")
