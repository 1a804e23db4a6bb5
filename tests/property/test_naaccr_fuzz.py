"""Mutated documents: no crash, and nothing of them lost in silence.

What Python's own XML tree builder sees in a document is the measure: every item it finds is in the items,
in a patient put aside, or in a row of the errors.
"""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.formats import NaaccrData, UnreadableFile, read_naaccr_xml
from tests.unit.test_naaccr_faults import ROOT

NAACCR = "{http://naaccr.org/naaccrxml}"
IDS = ["patientIdNumber", "nameLast", "vitalStatus", "primarySite", "laterality", "registryId", "zzz", ""]
FRAGMENTS = [
    *("<", ">", "</", "/>", "&", "&amp;", "&lt;", "&#65;", "&#x1;", "&who;", "]]>", "<![CDATA[", "<!--", "-->", "<?x ?>", "--"),
    *("<Patient>", "</Patient>", "<Patient/>", "<Tumor>", "</Tumor>", "<Tumor/>", "</Item>", "</NaaccrData>", "<NaaccrData>"),
    *("<Item>", '<Item naaccrId="nameLast">', '<Item naaccrId="nameLast"/>', '<Item naaccrNum="400">C504</Item>', "<b/>"),
    *('<x:y xmlns:x="urn:x"/>', '<x:Item xmlns:x="urn:x">', '<y xmlns="">', "</y>", "text", " ", "\n", "\r", "\x85", "\u00a0"),
    *("\x00", "\x01", "\ud7ff", "\ufffe", "\ufdd0", "é", "\U0001f600", '"', "'", "=", ' a="1"', ' naaccrId="grade"', ' x:a="1"'),
    *('<?xml version="1.1"?>', "<!DOCTYPE NaaccrData>", '<!DOCTYPE NaaccrData [<!ENTITY who "DOE">]>', "C504", " C504 ", "20260230"),
]  # fmt: skip
QUIET = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE.*?\]>", re.DOTALL)
ITEM = re.compile(rb"<Item naaccrId=[^/>]*>")
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-16", "latin-1"]
DAMAGED = settings(max_examples=90, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def items(draw: st.DrawFn, most: int) -> str:
    chosen = draw(
        st.lists(
            st.tuples(st.sampled_from(IDS), st.sampled_from(["1", "C504", " 9", "", " ", "x&amp;y"])),
            max_size=most,
        )
    )
    return "".join(f'<Item naaccrId="{name}">{value}</Item>\n' for name, value in chosen)


@st.composite
def documents(draw: st.DrawFn) -> str:
    head = draw(
        st.sampled_from(["", "<?xml version='1.0'?>\n", '<!DOCTYPE NaaccrData [<!ENTITY who "DOE">]>\n'])
    )
    body = draw(items(1))
    for _ in range(draw(st.integers(0, 4))):
        tumors = "".join(f"<Tumor>{draw(items(2))}</Tumor>\n" for _ in range(draw(st.integers(0, 2))))
        body += f"<Patient>{draw(items(2))}{tumors}</Patient>\n"
    return f"{head}<NaaccrData {ROOT}>\n{body}</NaaccrData>"


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    text = draw(documents())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.sampled_from([0, 0, 0, 1, 5, 40]))
        text = text[:at] + draw(st.sampled_from(FRAGMENTS)) + text[at + cut :]
    encoding = draw(st.sampled_from(ENCODINGS))
    data = text.encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace")
    if encoding == "latin-1":
        data = b"<?xml version='1.0' encoding='latin-1'?>" + data
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=3)) + data[at + 1 :]
    return data


def read(data: bytes, **options: object) -> NaaccrData | None:
    try:
        return read_naaccr_xml(data, **options)  # type: ignore[arg-type]
    except BadInput as error:
        assert "\n" not in str(error)
        return None


def tree_of(data: bytes) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in element if child.tag == NAACCR + name]


def values_of(element: ElementTree.Element) -> list[tuple[str, str]]:
    found = []
    for child in children(element, "Item"):
        value = (child.text or "") + "".join(inner.tail or "" for inner in child)
        if value.strip(" \t\r\n"):
            found.append((child.get("naaccrId", ""), value))
    return found


@DAMAGED
@given(mutated())
def test_nothing_is_lost_in_silence(data: bytes) -> None:
    batch, tree = read(data), tree_of(data)
    if batch is None:
        return
    # XML 1.1, and encodings and entities that the tree builder does not know, are measured elsewhere.
    if tree is None:
        assert b"1.1" in data[:40] or b"latin-1" in data[:60] or b"\x00" in data
        return
    aside = set(batch.quarantined["patient_index"])
    rows = batch.items.rows()
    patients = children(tree, "Patient")
    assert batch.patients.height + batch.quarantined.height == len(patients)
    for index, patient in enumerate(patients):
        if index in aside:
            assert index not in {row[0] for row in rows}
            continue
        expected = [(None, *each) for each in values_of(patient)]
        for number, tumor in enumerate(children(patient, "Tumor")):
            expected += [(number, *each) for each in values_of(tumor)]
        assert sorted(map(str, expected)) == sorted(str((t, i, v)) for p, t, _, i, v in rows if p == index)
    at_root = [(item, value) for patient, _, _, item, value in rows if patient is None]
    reported = set(batch.errors.filter(level="NaaccrData").select("item", "value").rows())
    for naaccr_id, value in values_of(tree):
        assert (naaccr_id, value) in at_root or (naaccr_id.strip() or None, value) in reported
    for start, length, content in batch.quarantined.select("byte_start", "byte_length", "content").rows():
        assert content == data[start : start + length] and length


@DAMAGED
@given(mutated())
def test_recovery_accounts_for_what_it_does_not_read(data: bytes) -> None:
    plain, recovered = read(data), read(data, recover=True)
    if plain is not None:
        assert recovered is not None
        assert recovered.items.equals(plain.items) and recovered.errors.equals(plain.errors)
        assert recovered.quarantined.equals(plain.quarantined)
        return
    if recovered is None:
        return
    assert "not-well-formed" in set(recovered.errors["code"])
    spans = recovered.patients.select("byte_start", "byte_length").rows()
    spans += recovered.quarantined.select("byte_start", "byte_length").rows()
    covered = sorted((start, start + length) for start, length in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(covered))
    for start, length, content in recovered.quarantined.select("byte_start", "byte_length", "content").rows():
        assert content == data[start : start + length]
    if b"\x00" not in data:
        gaps = [data[a[1] : b[0]] for a, b in itertools.pairwise([(0, 0), *covered, (len(data), 0)])]
        between = len(ITEM.findall(QUIET.sub(b"", b"|".join(gaps))))
        at_root = recovered.items.filter(level="NaaccrData").height
        assert between <= at_root + recovered.errors.filter(level="NaaccrData").height + data.count(
            b"></Item>"
        )
    indexes = recovered.patients["patient_index"].to_list()
    assert indexes == sorted(set(indexes)) and not set(indexes) & set(recovered.quarantined["patient_index"])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_one_clear_line(data: bytes) -> None:
    for recover in (False, True):
        try:
            read_naaccr_xml(data, recover=recover)
        except UnreadableFile as error:
            assert error.line >= 1 and "\n" not in str(error)
