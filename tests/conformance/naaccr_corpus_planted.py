"""A large file with faults of every kind at known places, among many good patients. Same seed, same file."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.conformance.naaccr_corpus_base import ANY, DECLARATION, LEVELS, NS, Case, Row

SITES = ("C504", "C619", "C343", "C187", "C445", "C700")
NAMES = (
    "Doe",
    "Müller",
    "O&apos;Neil",
    "Łuk",
    "van der Berg",
    "Ortega-Ruiz",
    "李",
    "Smith &amp; Sons",
    "Brown",
)
STATES = ("NY", "CA", "PA", "CO")


@dataclass
class Line:
    """One element of the file, on a line of its own (or several), with what it should give."""

    text: str
    item: str | None = None
    value: str | None = None
    codes: list[str] = field(default_factory=list)
    shuts: bool = False
    named: str | None = None
    plain: bool = True


@dataclass
class Person:
    """Lines of a patient: its own items, each tumor's, and what stands after the tumors."""

    own: list[Line]
    tumors: list[list[Line]]
    after: list[Line] = field(default_factory=list)
    tag: str = "<Patient>"
    codes: list[str] = field(default_factory=list)


def _unescaped(text: str) -> str:
    return text.replace("&apos;", "'").replace("&amp;", "&")


def _item(name: str, written: str) -> Line:
    return Line(f'<Item naaccrId="{name}">{written}</Item>', name, _unescaped(written))


def _person(rng: random.Random, number: int) -> Person:
    own = [
        _item("patientIdNumber", f"{number:08}"),
        _item("nameLast", rng.choice(NAMES)),
        _item("sexAssignedAtBirth", rng.choice("129")),
        _item("dateOfBirth", f"{rng.randint(1930, 1990)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"),
        _item("vitalStatus", rng.choice("01")),
    ]
    return Person(own, [_tumor(rng, n) for n in range(1, rng.choice((1, 1, 1, 2, 3)) + 1)])


def _tumor(rng: random.Random, number: int) -> list[Line]:
    return [
        _item("tumorRecordNumber", f"{number:02}"),
        _item("primarySite", rng.choice(SITES)),
        _item("laterality", rng.choice("01249")),
        _item("behaviorCodeIcdO3", rng.choice("23")),
        _item("dateOfDiagnosis", f"{rng.randint(2000, 2024)}{rng.choice(('', '03', '0214', '1231'))}"),
        _item("ageAtDiagnosis", f"{rng.randint(0, 99):03}"),
        _item("addrAtDxState", rng.choice(STATES)),
    ]


# -- plants: each changes one patient and writes down what must be found ------------------------


def _set(lines: list[Line], name: str, written: str, *codes: str, value: str | None = None) -> None:
    (line,) = (one for one in lines if one.item == name)
    if not line.plain:
        return  # one plant a value: what two together give is the business of the small documents
    line.text = f'<Item naaccrId="{name}">{written}</Item>'
    line.value = written if value is None else value
    line.codes += codes
    line.plain = False


def _own(
    name: str, written: str, *codes: str, value: str | None = None
) -> Callable[[random.Random, Person], None]:
    return lambda _, person: _set(person.own, name, written, *codes, value=value)


def _of_tumor(
    name: str, written: str, *codes: str, value: str | None = None
) -> Callable[[random.Random, Person], None]:
    return lambda rng, person: _set(rng.choice(person.tumors), name, written, *codes, value=value)


def _insert(make: Callable[[], Line], *, tumor: bool) -> Callable[[random.Random, Person], None]:
    def plant(rng: random.Random, person: Person) -> None:
        lines = rng.choice(person.tumors) if tumor else person.own
        new = make()
        if not any(one.text == new.text for one in lines):
            lines.insert(rng.randint(0, len(lines)), new)

    return plant


def _bad(text: str, code: str, named: str = "") -> Callable[[], Line]:
    return lambda: Line(text, codes=[code], shuts=True, named=named)


def _twice(rng: random.Random, person: Person) -> None:
    lines = rng.choice([person.own, *person.tumors])
    name = rng.choice([one.item for one in lines if one.item and not one.codes] or [None])  # type: ignore[list-item]
    if name and sum(one.item == name or one.named == name for one in lines) == 1:
        first = next(one for one in lines if one.item == name)
        lines.append(Line(first.text, None, None, ["duplicate-item"], True, named=name))


def _late(_: random.Random, person: Person) -> None:
    if not person.after:
        person.after.append(Line('<Item naaccrId="nameMiddle">Q</Item>', "nameMiddle", "Q", ["item-order"]))


def _attribute(_: random.Random, person: Person) -> None:
    if not person.codes:
        person.tag, person.codes = '<Patient id="1">', ["unexpected-attribute"]


def _restyle(old: str, new: str) -> Callable[[random.Random, Person], None]:
    """A legal change of writing: the value stays the same."""

    def plant(rng: random.Random, person: Person) -> None:
        (line,) = (one for one in rng.choice(person.tumors) if one.item == "primarySite")
        if line.plain:
            line.text, line.plain = line.text.replace(old, new, 1), False

    return plant


PLANTS: tuple[Callable[[random.Random, Person], None], ...] = (
    _own("nameLast", "x" * 41, "too-long"),
    _of_tumor("ageAtDiagnosis", "0071", "too-long"),
    _of_tumor("tumorRecordNumber", "1", "too-short"),
    _own("patientIdNumber", "7", "too-short"),
    _of_tumor("ageAtDiagnosis", "0x1", "data-type"),
    _of_tumor("ageAtDiagnosis", "x", "data-type", "too-short"),
    _of_tumor("dateOfDiagnosis", "unknown", "data-type"),
    _own("nameLast", " Doe", "leading-space"),
    _of_tumor("primarySite", "C504 ", "trailing-space"),
    _own("nameLast", "\nDoe\t", "leading-space", "trailing-space"),
    _of_tumor("laterality", "   ", "leading-space", "trailing-space"),
    _of_tumor("primarySite", "C5O4", "code-list"),
    _own("sexAssignedAtBirth", "F", "data-type", "code-list"),
    _of_tumor("addrAtDxState", "ny ", "data-type", "code-list", "trailing-space"),
    _own("dateOfBirth", "19500230", "impossible-date"),
    _of_tumor("dateOfDiagnosis", "20231301", "data-type", "impossible-date"),
    _insert(
        lambda: Line(
            '<Item naaccrId="maritalStatusAtDx" naaccrNum="151">9</Item>',
            "maritalStatusAtDx",
            "9",
            ["wrong-number"],
        ),
        tumor=True,
    ),
    _insert(
        lambda: Line(
            '<Item naaccrId="textRemarks">two\nlines, "so"</Item>',
            "textRemarks",
            'two\nlines, "so"',
            ["record-type"],
        ),
        tumor=True,
    ),
    _late,
    _insert(_bad("<Note>text</Note>", "unexpected-tag"), tumor=False),
    _insert(_bad('<x:Item naaccrId="grade" xmlns:x="urn:x">9</x:Item>', "unexpected-tag"), tumor=True),
    _insert(_bad("<Patient/>", "unexpected-tag"), tumor=True),
    _insert(_bad('<Item naaccrId="medicalRecordNumber">a<b/></Item>', "unexpected-tag", ANY), tumor=True),
    _insert(_bad("stray", "unexpected-text"), tumor=False),
    _insert(_bad("<![CDATA[stray]]>", "unexpected-text"), tumor=True),
    _insert(_bad('<Item naaccrId="grade" code="9">9</Item>', "unexpected-attribute", "grade"), tumor=True),
    _attribute,
    _insert(_bad("<Item>9</Item>", "missing-id"), tumor=True),
    _insert(_bad('<Item naaccrNum="2240">Ann</Item>', "missing-id", ANY), tumor=False),
    _insert(_bad('<Item naaccrId="primaryCite">C504</Item>', "unknown-id", "primaryCite"), tumor=True),
    _insert(_bad('<Item naaccrId="sex">1</Item>', "unknown-id", "sex"), tumor=False),
    _insert(_bad('<Item naaccrId="nameFirst">Ann</Item>', "wrong-level", "nameFirst"), tumor=True),
    _insert(_bad('<Item naaccrId="grade">9</Item>', "wrong-level", "grade"), tumor=False),
    _twice,
    _restyle(' naaccrId="', ' \n  naaccrId = "'),
    _restyle('naaccrId="primarySite"', "naaccrId='primarySite'"),
    _restyle('naaccrId="primarySite"', 'naaccrNum="400" naaccrId="primarySite"'),
    _restyle(">C", "><![CDATA[C]]>"),
    _restyle(">C", "><!-- C -->&#67;"),
    _insert(lambda: Line("<!-- <Patient> -->"), tumor=False),
    _insert(lambda: Line("<?note </Patient> ?>"), tumor=True),
)


def planted(patients: int = 2000, plants: int = 420, seed: int = 1) -> Case:
    """The file: about three plants of each kind in twenty patients' places, root items and a comment too."""
    rng = random.Random(seed)
    people = [_person(rng, number) for number in range(1, patients + 1)]
    for n in range(plants):
        PLANTS[n % len(PLANTS)](rng, rng.choice(people))
    PLANTS[11](rng, people[0])
    PLANTS[14](rng, people[-1])
    PLANTS[23](rng, people[-2])
    return _written(people, f"planted, seed {seed}")


def _written(people: list[Person], name: str) -> Case:
    text = [
        f'{DECLARATION}<NaaccrData baseDictionaryUri="{NS}/naaccr-dictionary-260.xml" recordType="C"\n'
        f'  timeGenerated="2026-01-05T12:00:00Z" specificationVersion="1.8" xmlns="{NS}">\n'
        '<Item naaccrId="registryId">0000000001</Item>\n'
    ]
    line, number = 5, 0
    rows: list[Row] = [("", "", LEVELS[0], "registryId", "0000000001")]
    faults: list[tuple[str, str, str, str, str, str, str | None]] = []
    shut: dict[int, bytes] = {}

    def put(one: Line, patient: str, tumor: str) -> None:
        nonlocal line
        place = (str(line), patient, tumor, LEVELS[1 + bool(tumor)])
        named = one.item or one.named or ""
        faults.extend((*place, named, code, one.value) for code in one.codes)
        if one.item and (one.value or "").strip():
            kept.append((patient, tumor, LEVELS[1 + bool(tumor)], one.item, one.value or ""))
        pieces.append(one.text)
        line += one.text.count("\n") + 1

    for number, person in enumerate(people, 1):
        kept: list[Row] = []
        pieces: list[str] = []
        patient = str(number)
        put(Line(person.tag, codes=person.codes), patient, "")
        for each in person.own:
            put(each, patient, "")
        for at, lines in enumerate(person.tumors, 1):
            put(Line("<Tumor>"), patient, str(at))
            for each in lines:
                put(each, patient, str(at))
            put(Line("</Tumor>"), patient, str(at))
        for each in person.after:
            put(each, patient, "")
        line += 1
        content = "\n".join([*pieces, "</Patient>"])
        text.append(content + "\n")
        everything = [*person.own, *person.after, *(one for lines in person.tumors for one in lines)]
        if person.codes or any(one.shuts for one in everything):
            shut[number] = content.encode()
        else:
            rows += kept
    data = ("".join(text) + "</NaaccrData>\n").encode()
    return Case(name, data, tuple(rows), tuple(faults), quarantined=tuple(shut), patients=number, pieces=shut)
