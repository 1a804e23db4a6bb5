"""The compiled scanner gives what the reference parser gives, whatever the document and wherever it is cut."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from registry.errors import BadInput
from registry.formats import jit
from registry.formats.naaccr.data import FAULT_ORDER, NaaccrData
from registry.formats.naaccr.frames import Builder, merged_dictionary
from registry.formats.naaccr.reader import iter_reference
from registry.standards import Dictionary, Item

pytestmark = pytest.mark.skipif(not jit.available(), reason="numba is not installed, or switched off")

URI = "http://example.org/naaccrxml/everything.xml"
KINDS = ("text", "digits", "alpha", "mixed", "numeric", "date", "dateTime")
OWN = [
    Item(
        9500 + n,
        f"own{level[0]}{kind.title()}{trim.title()}{length}",
        "x",
        length,
        level,
        "AMCI",
        kind,
        trim=trim,
    )
    for n, (level, kind, trim, length) in enumerate(
        (level, kind, trim, length)
        for level in ("Patient", "Tumor")
        for kind in KINDS
        for trim, length in (("all", 3), ("none", 8), ("all", 12))
    )
]
OWN += [
    Item(9700 + n, f"ownFree{kind.title()}", "x", 5, "Tumor", "A", kind, unlimited=True)
    for n, kind in enumerate(KINDS)
]
OWN += [Item(9800, "ownTwice", "x", 5, "Tumor", "AMCI"), Item(9801, "ownTwice", "x", 5, "Tumor", "AMCI")]
OWN += [Item(9802, "nameLast", "x", 5, "Patient", "AMCI"), Item(9803, "NAMEFIRST", "x", 5, "Patient", "AMCI")]
OWN += [Item(9804, "line", "x", 5, "Patient", "AMCI"), Item(9805, "ownBoth", "x", 5, "Patient", "AMCI")]
OWN += [Item(9805, "ownBoth", "x", 5, "Tumor", "AMCI")]
DICTIONARY = Dictionary(None, URI, OWN)
NUMBERS = {item.id: item.number for item in OWN} | {
    "primarySite": 400,
    "sexAssignedAtBirth": 225,
    "dateOfBirth": 240,
}

PATIENT_IDS = [
    *(
        "sexAssignedAtBirth",
        "dateOfBirth",
        "race1",
        "patientIdNumber",
        "nameFirst",
        "causeOfDeath",
        "NAMEFIRST",
    ),
    *("line", "ownBoth", *(item.id for item in OWN if item.level == "Patient")),
]
TUMOR_IDS = [
    *(
        "primarySite",
        "dateOfDiagnosis",
        "tumorSizeSummary",
        "histologicTypeIcdO3",
        "textDxProcPe",
        "laterality",
    ),
    *("ageAtDiagnosis", "ownTwice", "ownBoth", *(item.id for item in OWN if item.level == "Tumor")),
]
VALUES = [
    *(
        "1",
        "2",
        "9",
        "C504",
        "C5O4",
        "8140",
        "015",
        "999",
        "ABC",
        "AB1",
        "abc",
        "12",
        "1.5",
        "1.",
        ".5",
        "12345678",
    ),
    *(
        "20240229",
        "20230229",
        "19001301",
        "202413",
        "2024",
        "1799",
        "21000101",
        "000",
        "2024-01-31T12:00:00Z",
    ),
    *(
        "",
        " ",
        " \n\t",
        " 1",
        "1 ",
        "C504 ",
        "\n1",
        "é",
        "ABCé",
        "日本",
        "𐍈" * 3,
        "\u00a0",
        "x" * 8,
        "x" * 12,
        "x" * 13,
    ),
    *(
        "A long text, longer than any view holds.",
        "two\nlines",
        "tab\there",
        "x" * 70,
        "9" * 12,
        "A" * 8,
        "a > b",
    ),
    *("Q&amp;A", "&lt;b&gt;", "&quot;&apos;", "&amp;" * 9, "a &amp;&amp; b and so on and on"),
]
ODD_VALUES = [
    *(
        "&#65;",
        "&#x20;",
        "&#13;",
        "<![CDATA[<x>]]>",
        "a<!-- </Patient> -->b",
        "a<?p q?>b",
        "a\rb",
        "a\r\nb",
        "]] >",
    ),
    *("<b>bold</b>", "<Item naaccrId='race1'>1</Item>", "]]&gt;", "&amp", "\x7f", "\u0085", "\ufffd"),
]
BROKEN_VALUES = ["&nosuch;", "]]>", "<", "\x01", "\uffff", "&", "</Tumor>", "&#0;"]
BROKEN_BYTES = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\0"]

few = st.integers(0, 9)
# Ids that the scanner knows, so that plain patients are read by it: one definition each.
UNCLEAR = {"line", "ownBoth", "ownTwice", "nameLast"}
PLAIN = {
    "Patient": [name for name in dict.fromkeys(PATIENT_IDS) if name not in UNCLEAR],
    "Tumor": [name for name in dict.fromkeys(TUMOR_IDS) if name not in UNCLEAR],
}


def mostly(usual: st.SearchStrategy[str], odd: st.SearchStrategy[str], broken: st.SearchStrategy[str]) -> Any:
    """The usual mostly; something odd now and then; what is not well-formed rarely."""
    kinds = st.sampled_from(["usual"] * 170 + ["odd"] * 29 + ["broken"])
    return kinds.flatmap({"usual": usual, "odd": odd, "broken": broken}.__getitem__)


@st.composite
def items(draw: st.DrawFn, ids: list[str], is_plain: bool, name: str = "") -> str:
    name = name or draw(st.sampled_from(ids))
    usual = st.sampled_from(VALUES)
    if is_plain:
        value, form = (
            draw(usual),
            draw(st.sampled_from(["plain", "plain", "plain", "number", "closed", "spaced"])),
        )
    else:
        value = draw(mostly(usual, st.sampled_from(ODD_VALUES), st.sampled_from(BROKEN_VALUES)))
        odd = [
            "wrong",
            "zero",
            "quotes",
            "order",
            "extra",
            "foreign",
            "none",
            "unknown",
            "case",
            "blank",
            "wide",
        ]
        usual_forms = st.sampled_from(["plain", "plain", "number", "closed", "spaced"])
        form = draw(mostly(usual_forms, st.sampled_from([*odd, "twice"]), st.just("numbered")))
    number = NUMBERS.get(name, 400)
    start = {
        "plain": f'<Item naaccrId="{name}">',
        "number": f'<Item naaccrId="{name}" naaccrNum="{number}">',
        "closed": f'<Item naaccrId="{name}"/>',
        "spaced": f'<Item naaccrId="{name}" />',
        "wrong": f'<Item naaccrId="{name}" naaccrNum="1">',
        "zero": f'<Item naaccrId="{name}" naaccrNum="0{number}">',
        "quotes": f"<Item naaccrId='{name}'>",
        "order": f'<Item naaccrNum="{number}" naaccrId="{name}">',
        "extra": f'<Item naaccrId="{name}" colour="red">',
        "foreign": f'<Item naaccrId="{name}" xml:lang="en">',
        "none": f'<Item naaccrNum="{number}">',
        "unknown": '<Item naaccrId="noSuchItem">',
        "case": f'<Item naaccrId="{name.upper()}">',
        "blank": '<Item naaccrId=" ">',
        "wide": f'<Item  naaccrId="{name}" >',
        "twice": f'<Item naaccrId="{name}">2</Item><Item naaccrId="{name}">',
        "numbered": f'<Item naaccrId="{name}" naaccrNum="{number}" naaccrNum="{number}">',
    }[form]
    return start if form in ("closed", "spaced") else f"{start}{value}</Item>"


BETWEEN = ["\n", "\n", "\n    ", "", " ", "\t", "\r\n", "\r\n  "]
ODD_BETWEEN = [
    "<!-- <Patient> -->",
    "<!--</Patient>-->",
    "stray",
    "\r",
    "<?pi x?>",
    "<![CDATA[ ]]>",
    "<![CDATA[x]]>",
]
EXTENSIONS = [
    "<e:x xmlns:e='urn:e'><Patient></Patient></e:x>",
    "<Other/>",
    "<e:Patient xmlns:e='urn:e'/>",
    "&#32;",
    "&#65;",
]


@st.composite
def elements(draw: st.DrawFn, is_plain: bool) -> str:
    """A patient."""

    def gap() -> str:
        if is_plain:
            return draw(st.sampled_from(BETWEEN))
        kinds = mostly(
            st.sampled_from(BETWEEN),
            st.sampled_from([*ODD_BETWEEN, *EXTENSIONS]),
            st.sampled_from(["<", "&"]),
        )
        return draw(kinds)

    def some(level: str, ids: list[str]) -> list[str]:
        if not is_plain:
            return draw(st.lists(items(ids, False), max_size=5))
        names = draw(st.lists(st.sampled_from(PLAIN[level]), max_size=7, unique=True))
        return [draw(items(ids, True, name)) for name in names]

    parts = []
    for one in some("Patient", PATIENT_IDS):
        parts += [gap(), one]
    for _ in range(draw(st.integers(0, 2))):
        inner = [gap() + one for one in some("Tumor", TUMOR_IDS)]
        start = (
            "<Tumor>" if is_plain else draw(st.sampled_from(["<Tumor>"] * 5 + ["<Tumor >", "<Tumor a='1'>"]))
        )
        end = "</Tumor>" if is_plain else draw(st.sampled_from(["</Tumor>"] * 9 + ["</Tumor\n>", ""]))
        parts += [gap(), start, *inner, gap(), end]
    if not is_plain and draw(few) == 0:
        parts.append(draw(items(PATIENT_IDS, is_plain)))
    whole = f"<Patient>{''.join(parts)}{gap()}</Patient>"
    if is_plain or draw(few) > 2:
        return whole
    return draw(
        st.sampled_from(
            [
                whole.replace("</Patient>", "</Patient >"),
                "<Patient/>",
                "<Patient a='b'></Patient>",
                "<n:Patient/>",
            ]
        )
    )


PROLOGS = [
    *[b'<?xml version="1.0" encoding="UTF-8"?>\n'] * 40,
    *(
        b"",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf<?xml version='1.0'?>",
        b"<?xml version='1.0' encoding='utf-8' standalone='yes'?>",
    ),
    *(
        b"<?xml version='1.0' encoding='ISO-8859-1'?>",
        b"<?xml version='1.1'?>\n",
        b"<!-- <Patient> -->\n",
        b"<!DOCTYPE NaaccrData>",
    ),
    *(
        b"\n<?xml version='1.0'?>",
        b"<?xml version='1.0' encoding='US-ASCII'?>",
        b"<?xml version='1.0' encoding='UTF-16'?>",
    ),
    b'<?xml version="1.0" encoding="UTF-8"?>\n',
]
ROOT = (
    '<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" userDictionaryUri="{}"'
    ' recordType="{}" specificationVersion="1.8"{}>'
)
NAMESPACES = [' xmlns="http://naaccr.org/naaccrxml" xmlns:n="http://naaccr.org/naaccrxml"'] * 20 + [
    "",
    ' xmlns:n="http://naaccr.org/naaccrxml"',
    ' xmlns="urn:x"',
]
ROOT_ITEMS = [
    *(
        "",
        "",
        '<Item naaccrId="recordType">I</Item>',
        "stray",
        "<!-- </Patient> -->",
        "<e:x xmlns:e='urn:e'>\n</e:x>",
    ),
    *(
        '<Item naaccrId="nameLast">X</Item>',
        "<Item naaccrId='registryType'>1</Item>",
        "<!-- <Patient> --><Other/>",
    ),
]
TAILS = ["\n</NaaccrData>\n"] * 30 + [
    "</NaaccrData>",
    "",
    "\n</NaaccrData>x",
    "</NaaccrData><!-- x -->",
    "x</NaaccrData>",
    "</Naaccr",
    "\n</NaaccrData>\n",
]


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    text = ROOT.format(
        draw(st.sampled_from([URI] * 9 + [""])),
        draw(st.sampled_from("AAAIIX")),
        draw(st.sampled_from(NAMESPACES)),
    )
    text += draw(st.sampled_from(BETWEEN)) + draw(st.sampled_from(ROOT_ITEMS))
    oddness = draw(st.sampled_from([0, 0, 0, 1, 4]))
    for _ in range(draw(st.integers(0, 7))):
        is_plain = draw(few) >= oddness
        text += draw(st.sampled_from(BETWEEN))
        text += draw(elements(is_plain))
        if not is_plain and draw(few) < 4:
            text += draw(st.sampled_from([*ODD_BETWEEN, *EXTENSIONS, *ROOT_ITEMS]))
    data = draw(st.sampled_from(PROLOGS)) + (text + draw(st.sampled_from(TAILS))).encode()
    damage = draw(st.sampled_from(["none"] * 30 + ["cut", "insert", "drop", "none"]))
    at = len(data) * draw(st.integers(10, 99)) // 100
    if damage == "cut":
        data = data[:at]
    elif damage == "insert":
        data = data[:at] + draw(st.sampled_from(BROKEN_BYTES)) + data[at:]
    elif damage == "drop":
        data = data[:at] + data[at + draw(st.integers(1, 30)) :]
    return data


def by_reference(data: bytes, on_error: str) -> NaaccrData | BadInput:
    try:
        (batch,) = iter_reference(io.BytesIO(data), Builder("x.xml", [DICTIONARY], on_error), 10**9)
        return batch
    except BadInput as error:
        return error


def by_scanner(data: bytes, on_error: str, block: int, patients_per_batch: int) -> NaaccrData | BadInput:
    from registry.formats.naaccr import fast
    from registry.formats.naaccr.joining import in_sequence

    before, fast.BLOCK = fast.BLOCK, block
    try:
        batches = list(fast.iter_fast(io.BytesIO(data), "x.xml", [DICTIONARY], patients_per_batch, on_error))
        used = [DICTIONARY] if batches[0].header.user_dictionaries == (URI,) else []
        items = merged_dictionary("260", used).definitions
        return in_sequence(batches, {item.column: item.number for item in items})
    except BadInput as error:
        return error
    finally:
        fast.BLOCK = before


def sorted_faults(frame: pl.DataFrame) -> pl.DataFrame:
    """Faults that differ in nothing that orders them may come in any order."""
    keys = frame.select(FAULT_ORDER)
    assert_frame_equal(keys, keys.sort(FAULT_ORDER, nulls_last=False))
    return frame.sort(frame.columns, nulls_last=False)


def assert_same(fast: NaaccrData | BadInput, reference: NaaccrData | BadInput) -> None:
    if isinstance(reference, BadInput) or isinstance(fast, BadInput):
        assert (type(fast), str(fast)) == (type(reference), str(reference))
        assert vars(fast) == vars(reference)
        return
    for name in ("patients", "tumors", "quarantined", "items"):
        assert_frame_equal(getattr(fast, name), getattr(reference, name))
    assert_frame_equal(sorted_faults(fast.errors), sorted_faults(reference.errors))
    assert fast.header == reference.header


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(
    documents(),
    st.sampled_from(["quarantine", "quarantine", "keep", "raise"]),
    st.integers(40, 2000),
    st.integers(1, 9),
)
def test_scanner_gives_what_the_reference_gives(
    data: bytes, on_error: str, block: int, patients: int
) -> None:
    reference = by_reference(data, on_error)
    # A structural fault is raised when its batch is complete: both must see the same batches then.
    patients_per_batch = patients if patients < 8 and on_error != "raise" else 10**9
    assert_same(by_scanner(data, on_error, block, patients_per_batch), reference)
    assert_same(by_scanner(data, on_error, 1 << 16, 10**9), reference)
