"""What a document of the corpus is made of, and how its expectation is written.

A document is text with marks such as «a» just before the "<" of an element (or the first character of a
text); a fault names its mark, so lines are never counted by hand. Places are "" (root), "2" (second
patient) and "2.1" (its first tumor), all 1-based.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

NS = "http://naaccr.org/naaccrxml"
BASE = "http://naaccr.org/naaccrxml/naaccr-dictionary-{}.xml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
ANY = "*"
"""An id or a line that the issue leaves open."""
MARK = re.compile("«([a-z0-9]+)»")
LEVELS = ("NaaccrData", "Patient", "Tumor")

Row = tuple[str, str, str, str, str]
"""patient, tumor, level, naaccr_id, value; as in the long CSV."""


@dataclass(frozen=True)
class Fault:
    """One expected row of the faults CSV; `mark` is a mark, a line number as text, or ANY."""

    mark: str
    place: str
    item: str
    code: str
    value: str | None = None


@dataclass(frozen=True)
class Case:
    """A document, the files that go with it, and what must come out of it.

    `rows` None: not checked. `unreadable` is the code of the one File row. `patients` counts every
    patient of the file; `quarantined` lists the 1-based numbers of those that are kept out.
    """

    name: str
    data: bytes
    rows: tuple[Row, ...] | None = ()
    faults: tuple[tuple[str, str, str, str, str, str, str | None], ...] = ()
    unreadable: str | None = None
    dictionaries: tuple[bytes, ...] = ()
    suffix: str = ".xml"
    quarantined: tuple[int, ...] = ()
    patients: int | None = None
    pieces: dict[int, bytes] = field(default_factory=dict, hash=False)

    @property
    def exit_code(self) -> int:
        """What `registry naaccr validate` must answer."""
        return 2 if self.unreadable else 1 if self.faults else 0


def items(place: str, *pairs: tuple[str, str], **values: str) -> list[Row]:
    """Rows of one place, in the order given."""
    patient, _, tumor = place.partition(".")
    level = LEVELS[bool(patient) + bool(tumor)]
    return [(patient, tumor, level, name, value) for name, value in (*pairs, *values.items())]


def fault(mark: str, place: str, item: str, code: str, value: str | None = None) -> Fault:
    """One expected fault."""
    return Fault(mark, place, item, code, value)


def item(name: str, value: str, **more: str) -> str:
    """An Item element as a careful writer writes it (the value must need no escaping)."""
    extra = "".join(f' {key}="{text}"' for key, text in more.items())
    return f'<Item naaccrId="{name}"{extra}>{value}</Item>'


def doc(
    body: str,
    *,
    version: str = "260",
    kind: str | None = "A",
    spec: str | None = "1.8",
    time: str | None = "2026-01-05T12:00:00Z",
    users: str = "",
    extra: str = "",
    xmlns: str = f'xmlns="{NS}"',
    start: str = DECLARATION,
    tag: str = "NaaccrData",
    uri: str | None = None,
    mark: str = "«root»",
) -> str:
    """A whole document around a body."""
    attributes = [
        ("baseDictionaryUri", BASE.format(version) if uri is None else uri),
        ("userDictionaryUri", users or None),
        ("recordType", kind),
        ("timeGenerated", time),
        ("specificationVersion", spec),
    ]
    written = "".join(
        f' {name}="{value}"' for name, value in attributes if value is not None and value != "-"
    )
    return f"{start}{mark}<{tag}{written}{extra} {xmlns}>\n{body}\n</{tag}>\n"


def one(tumor_items: str = "", patient_items: str = "", **header: str | None) -> str:
    """A document of one patient with one tumor."""
    body = f"<Patient>\n{patient_items}\n<Tumor>\n{tumor_items}\n</Tumor>\n</Patient>"
    return doc(body, **header)  # type: ignore[arg-type]


def lines_of(text: str) -> dict[str, int]:
    """Mark → 1-based line; CR, LF and CR LF end a line."""
    found, at = {}, 0
    for match in MARK.finditer(text):
        before = MARK.sub("", text[: match.start()]).replace("\r\n", "\n").replace("\r", "\n")
        at = before.count("\n") + 1
        found[match[1]] = at
    return found


def case(
    name: str,
    text: str,
    rows: Iterable[Row] | None = (),
    faults: Iterable[Fault] = (),
    *,
    encoding: str = "utf-8",
    bom: bytes = b"",
    dictionaries: Iterable[str] = (),
    quarantined: Iterable[int] = (),
    patients: int | None = None,
) -> Case:
    """A readable document; marks become lines."""
    lines = lines_of(text)
    plain = MARK.sub("", text)
    expected = []
    for each in faults:
        patient, _, tumor = each.place.partition(".")
        level = LEVELS[bool(patient) + bool(tumor)]
        line = str(lines[each.mark]) if each.mark in lines else each.mark
        expected.append((line, patient, tumor, level, each.item, each.code, each.value))
    return Case(
        name,
        bom + plain.encode(encoding),
        None if rows is None else tuple(rows),
        tuple(expected),
        dictionaries=tuple(one.encode() for one in dictionaries),
        quarantined=tuple(quarantined),
        patients=patients,
    )


def broken(name: str, data: str | bytes, code: str = "not-well-formed", suffix: str = ".xml") -> Case:
    """A document that can't be read."""
    raw = MARK.sub("", data).encode() if isinstance(data, str) else data
    return Case(name, raw, unreadable=code, suffix=suffix)


def user_dictionary(uri: str, *definitions: str, version: str | None = "260") -> str:
    """A user-defined dictionary; definitions are "id number length level [attributes]"."""
    lines = []
    for each in definitions:
        naaccr_id, number, length, level, *more = each.split(" ", 4)
        lines.append(
            f'<ItemDef naaccrId="{naaccr_id}" naaccrNum="{number}" naaccrName="{naaccr_id} {number}" '
            f'length="{length}" parentXmlElement="{level}" {more[0] if more else ""}/>'
        )
    of = f'naaccrVersion="{version}" ' if version else ""
    return (
        f'<?xml version="1.0"?>\n<NaaccrDictionary dictionaryUri="{uri}" {of}specificationVersion="1.8" '
        f'xmlns="{NS}"><ItemDefs>{"".join(lines)}</ItemDefs></NaaccrDictionary>\n'
    )
