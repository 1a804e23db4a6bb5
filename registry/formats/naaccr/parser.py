"""Expat callbacks that turn NAACCR XML into flat lists: nodes (patients, tumors) and items.

Expat gives exact byte offsets and line numbers. The callbacks stay lean; values are judged later, on
whole columns (`judge`). Whatever the standard does not know is noted, never dropped unseen.
"""

from __future__ import annotations

from registry.formats.naaccr.data import LEVELS, SEVERITIES, Problem, UnreadableFile
from registry.formats.naaccr.feeding import MAX_PATIENT, XmlFeeder
from registry.formats.naaccr.header import NAMESPACE, NaaccrHeader, read_header
from registry.formats.naaccr.keys import is_blank
from registry.formats.naaccr.parsed import ROOT_NODE, Parsed
from registry.formats.naaccr.window import BLANKS, end_of_tag, lines_after_text
from registry.formats.naaccr.xml11 import restored

MAX_DEPTH = 64
MAX_ITEM_NAMES = 20_000
MAX_ITEMS_IN_PATIENT = 2_000_000
OUTSIDE, ROOT, PATIENT, TUMOR, ITEM = range(5)
CORE = ("NaaccrData", "Patient", "Tumor", "Item")
# Attributes of these namespaces say something to every XML tool and are never a fault.
HARMLESS = ("http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/XMLSchema-instance")
# Only specification 1.0 (which a missing specificationVersion means) lets every element carry others' attributes.
ANY_ATTRIBUTE = (None, "1.0")


class NaaccrParser(XmlFeeder):
    """Feed it bytes; it fills `parsed` and, from the root element on, `header`.

    Args:
        name: file name for error lines.

    Attributes:
        keys: the distinct (naaccrId, naaccrNum) pairs so far, numbered.
        namespace: of the root element.
        window: the bytes from the first patient in `parsed` on, or from the last tag outside of patients.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.header: NaaccrHeader | None = None
        self.parsed = Parsed()
        self.keys: dict[tuple[str | None, str | None], int] = {}
        self.header_line = 1
        self.namespace = ""
        self._ids: list[str | None] = []
        self._by_id: dict[str, int] = {}
        self._state = OUTSIDE
        self._above_item = OUTSIDE
        self._is_late = False
        self._any_attribute = False
        self._patient = -1
        self._tumor: int | None = None
        self._node = ROOT_NODE
        self._patient_node = ROOT_NODE
        self._patient_items = 0
        self._key = 0
        self._line = 0
        self._of_item: list[Problem] = []

    _item_tag = _patient_tag = _tumor_tag = ""
    root_tag = patient_tag = ""
    """How the start tags of the root element and of patients begin in the document."""
    root_place = 0

    @property
    def inside(self) -> str:  # type: ignore[override]
        """What the parser stands in."""
        return "Item" if self._state == ITEM else LEVELS[self._state] if self._state else ""

    @property
    def kept_from(self) -> int:
        """First byte that may still be asked for: of the first patient in `parsed`, or the last tag."""
        return self.parsed.node_start[0] if self.parsed.node_start else self._anchor

    @property
    def open_patient(self) -> tuple[int, int, int] | None:
        """Index, place and line of the patient that has begun and not ended."""
        if self._level() < PATIENT:
            return None
        nodes, node = self.parsed, self._patient_node
        return self._patient, nodes.node_start[node], nodes.node_line[node]

    @property
    def patients_begun(self) -> int:
        """How many patients have begun."""
        return self._patient + 1

    @property
    def codec(self) -> str:
        """Python's name of the document's encoding."""
        return self._prolog.codec

    def take(self, patients: int) -> Parsed:
        """Cut the first complete patients out of `parsed`; the open patient stays behind.

        Their bytes can be had (`content`) until the next `feed`.
        """
        return self._forget(*(self.parsed.patient_ends[patients - 1] if patients else (0, 0)), patients)

    def take_whole(self) -> Parsed:
        """Cut everything but the open patient out of `parsed`."""
        if self._level() >= PATIENT:
            return self._forget(self._patient_items, self._patient_node, len(self.parsed.patient_ends))
        counts = len(self.parsed.item_node), len(self.parsed.node_patient)
        return self._forget(*counts, len(self.parsed.patient_ends))

    def _level(self) -> int:
        """The state of the root, patient or tumor that the parser is in, also inside an item."""
        return self._above_item if self._state == ITEM else self._state

    def _forget(self, items: int, nodes: int, patients: int) -> Parsed:
        self._patient_items -= items
        if self._node >= 0:
            self._node -= nodes
        self._patient_node -= nodes
        return self.parsed.cut_at(items, nodes, patients)

    def share_names(self, other: NaaccrParser) -> None:
        """Number item names as another parser of the same document does."""
        self.keys, self._ids, self._by_id = other.keys, other._ids, other._by_id

    def _shorten(self) -> None:
        here = self._place()
        if self._level() >= PATIENT:
            if here - self.parsed.node_start[self._patient_node] > MAX_PATIENT:
                raise self._not_well_formed(f"a patient holds more than {MAX_PATIENT >> 20} MiB")
            return
        self._parser.buffer_text = False  # gives out the text that expat's wrapper still holds
        self._parser.buffer_text = True
        if not any(text.strip(BLANKS) for text in self._text):
            self._text.clear()
            self._anchor = max(here, self._anchor)

    # -- elements ------------------------------------------------------------------------------

    def _start(self, tag: str, attributes: list[str]) -> None:
        if self._skipping:
            self._skipping += 1
            if self._skipping > MAX_DEPTH:
                raise self._not_well_formed(f"elements are nested deeper than {MAX_DEPTH}")
            return
        state, text = self._state, self._text
        if text and state != ITEM:
            if len(text) == 1 and not text[0].strip(BLANKS):
                text.clear()
            else:
                self._check_text()
        if self._xml11:
            attributes = [restored(each) for each in attributes]
        if tag == self._item_tag and OUTSIDE < state < ITEM:
            self._start_item(attributes, state)
        elif tag == self._patient_tag and state == ROOT:
            self._state = PATIENT
            self._is_late = False
            self._patient += 1
            self._tumor = None
            self._patient_items = len(self.parsed.item_node)
            self._patient_node = self._node = self._add_node()
            self._anchor = self.parsed.node_start[-1]
            self._check_attributes(attributes)
        elif tag == self._tumor_tag and state == PATIENT:
            self._state = TUMOR
            self._is_late = False
            self._tumor = 0 if self._tumor is None else self._tumor + 1
            self._node = self._add_node()
            self._check_attributes(attributes)
        elif state == OUTSIDE:
            self._start_root(tag, attributes)
        else:
            self._start_other(tag)

    def _start_root(self, tag: str, attributes: list[str]) -> None:
        namespace, _, local = tag.rpartition(" ")
        line = self._parser.CurrentLineNumber
        if local != "NaaccrData":
            what = f"not a NAACCR XML file: the root element is {local[:120]}, expected NaaccrData"
            raise UnreadableFile(self.name, line, "wrong-root", what, "check that this is the right file")
        if namespace not in ("", NAMESPACE):
            what = f"NaaccrData is in namespace {namespace[:120]}, expected {NAMESPACE}"
            raise UnreadableFile(self.name, line, "namespace", what, "ask the sender to correct it")
        named = zip(attributes[::2], attributes[1::2], strict=True)
        try:
            self.header = read_header({_attribute_name(name): value for name, value in named})
        except ValueError as error:
            action = "ask the sender which NAACCR version it is, or install the tables of that version"
            raise UnreadableFile(self.name, line, "base-dictionary", str(error), action) from None
        self.header_line, self.namespace = line, namespace
        prefix = f"{namespace} " if namespace else ""
        self._item_tag, self._patient_tag, self._tumor_tag = (
            prefix + local for local in ("Item", "Patient", "Tumor")
        )
        self._any_attribute = self.header.specification_version in ANY_ATTRIBUTE
        self.root_place = self._anchor = self._place()
        raw = self.content(self.root_place, 1 << 10).decode(self.codec, errors="ignore")
        self.root_tag = raw[: raw.find("NaaccrData") + len("NaaccrData")]
        self.patient_tag = self.root_tag.replace("NaaccrData", "Patient")
        self._state = ROOT
        self.is_begun = True

    def _start_item(self, attributes: list[str], state: int) -> None:
        self._line = self._parser.CurrentLineNumber
        self._above_item = state
        self._state = ITEM
        if len(attributes) == 2 and attributes[0] == "naaccrId":
            key = self._by_id.get(attributes[1])
            self._key = self._new_key(attributes[1], None) if key is None else key
        else:
            named = dict(zip(attributes[::2], attributes[1::2], strict=True))
            self._key = self._new_key(named.pop("naaccrId", None), named.pop("naaccrNum", None))
            self._check_attributes(list(named), 1)
        if self._is_late:
            self._note("item-order", "the item stands after elements that must come after it")

    def _new_key(self, naaccr_id: str | None, number: str | None) -> int:
        key = self.keys.setdefault((naaccr_id, number), len(self.keys))
        if key == len(self._ids):
            self._ids.append(None if is_blank(naaccr_id) else naaccr_id)
        if number is None and naaccr_id is not None:
            self._by_id[naaccr_id] = key
        if len(self.keys) > MAX_ITEM_NAMES:
            what = f"more than {MAX_ITEM_NAMES:,} different item names"
            raise self._not_well_formed(what, "check the file")
        return key

    def _check_attributes(self, attributes: list[str], step: int = 2) -> None:
        """Note attributes that the standard does not know on a patient, tumor or item."""
        for name in attributes[::step]:
            namespace, _, local = name.rpartition(" ")
            is_foreign = namespace not in ("", NAMESPACE)
            if namespace not in HARMLESS and not (is_foreign and self._any_attribute):
                self._note(
                    "unexpected-attribute", f'{self.inside} has an unexpected attribute "{local[:60]}"'
                )

    def _start_other(self, tag: str) -> None:
        """An extension, or an element that may not stand here; what it holds is not looked at."""
        namespace, _, local = tag.rpartition(" ")
        self._skipping = 1
        self._kept_text = len(self._text)
        inside = self.inside
        has_children = self._patient >= 0 if self._state == ROOT else self._tumor is not None
        if self._state == ITEM or namespace in ("", NAMESPACE):
            self._note("unexpected-tag", f"{local[:60]} is not allowed in {inside}")
        elif local in CORE:
            what = (
                f"{local} of namespace {namespace[:100]} is not the standard's, and not allowed in {inside}"
            )
            self._note("unexpected-tag", what)
        elif self._state != TUMOR and has_children:
            below = LEVELS[self._state + 1]
            self._note("unexpected-tag", f"the extension {local[:60]} stands after a {below} of its {inside}")
        else:
            self._is_late = True

    def _end(self, tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
            if not self._skipping:
                del self._text[self._kept_text :]
            return
        parsed, state = self.parsed, self._state
        if state == ITEM:
            text = self._text
            value = text[0] if len(text) == 1 else "".join(text)
            if self._xml11:
                value = restored(value)
            parsed.item_node.append(self._node if self._above_item != ROOT else ROOT_NODE)
            parsed.item_key.append(self._key)
            parsed.item_value.append(value)
            parsed.item_line.append(self._line)
            text.clear()
            self._state = self._above_item
            if self._of_item:
                self.parsed.problems += [note._replace(value=value or None) for note in self._of_item]
                self._of_item.clear()
            return
        if self._text:
            self._check_text()
        self._is_late = True
        if state == TUMOR:
            self._node, self._state = self._patient_node, PATIENT
        elif state == PATIENT:
            self._end_patient()
        else:
            self._state = OUTSIDE

    def _end_patient(self) -> None:
        parsed, start = self.parsed, self.parsed.node_start[self._patient_node]
        here, codec = self._place(), self._prolog.codec
        end = end_of_tag(self.window, here, codec)
        tag = self.content(here, end - here).decode(codec, errors="replace")
        is_end_tag = tag.startswith("</") and tag[2:-1].strip(BLANKS).rpartition(":")[2] == "Patient"
        # Expat stands before an end tag, after an empty element, or before the entity that holds the patient.
        self._anchor = end if is_end_tag or here == start else here
        parsed.node_length[self._patient_node] = self._anchor - start
        parsed.patient_ends.append((len(parsed.item_node), len(parsed.node_patient)))
        self._node, self._state = ROOT_NODE, ROOT
        if len(parsed.item_node) - self._patient_items > MAX_ITEMS_IN_PATIENT:
            raise self._not_well_formed(f"a patient has more than {MAX_ITEMS_IN_PATIENT:,} items")
        if self._xml11:
            self._xml11.forget(self.kept_from)

    def _add_node(self) -> int:
        parsed = self.parsed
        parsed.node_patient.append(self._patient)
        parsed.node_tumor.append(self._tumor)
        parsed.node_line.append(self._parser.CurrentLineNumber)
        parsed.node_start.append(self._place())
        parsed.node_length.append(0)
        return len(parsed.node_patient) - 1

    # -- faults --------------------------------------------------------------------------------

    def _check_text(self) -> None:
        """Text between elements must be blank; anything else is noted, with the line where it begins."""
        pieces = self._text
        text = "".join(pieces)
        text = (restored(text) if self._xml11 else text).strip(BLANKS)
        pieces.clear()
        if text:
            here = self._place()
            raw = self.content(self._anchor, here - self._anchor).decode(self._prolog.codec, errors="replace")
            self._anchor = here
            line = self._parser.CurrentLineNumber - lines_after_text(raw, self.line_end)
            self._note("unexpected-text", f"text outside an item, in {LEVELS[self._state]}", line, text)

    def _note(self, code: str, message: str, line: int | None = None, value: str | None = None) -> None:
        """Note a fault here; one of an item waits for the item's value."""
        is_item, state = self._state == ITEM, self._level()
        patient = self._patient if state > ROOT else None
        tumor = self._tumor if state == TUMOR else None
        item = self._ids[self._key] if is_item and self._ids else None
        line = line or self._parser.CurrentLineNumber
        problem = Problem(line, patient, tumor, LEVELS[state], item, value, code, SEVERITIES[code], message)
        (self._of_item if is_item else self.parsed.problems).append(problem)


def _attribute_name(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{{{namespace}}}{local}" if namespace else local
