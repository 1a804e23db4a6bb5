"""Expat callbacks that turn NAACCR XML into flat lists: nodes (patients, tumors) and items.

Expat gives exact byte offsets and line numbers. The callbacks stay lean; values are judged later, on
whole columns (`judge`). Whatever the standard does not know is noted, never dropped unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from registry.errors import BadInput
from registry.formats.naaccr.data import LEVELS, SEVERITIES, Problem
from registry.formats.naaccr.header import NAMESPACE, NaaccrHeader, read_header

MAX_DEPTH = 64
MAX_TEXT = 16 << 20
MAX_MARKUP = 16 << 20
MAX_ITEM_NAMES = 20_000
MAX_ITEMS_IN_PATIENT = 2_000_000
WIDE = {
    b"\xff\xfe": "utf-16-le",
    b"<\x00": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
    b"\x00<": "utf-16-be",
}
ROOT_NODE = -1
OUTSIDE, ROOT, PATIENT, TUMOR, ITEM = range(5)
LEVEL_NAMES = ("", "NaaccrData", "Patient", "Tumor", "Item")


@dataclass
class Parsed:
    """Flat lists. Items point to a row of the node lists (ROOT_NODE for root items)."""

    item_node: list[int] = field(default_factory=list)
    item_key: list[int] = field(default_factory=list)
    item_value: list[str] = field(default_factory=list)
    item_line: list[int] = field(default_factory=list)
    node_patient: list[int] = field(default_factory=list)
    node_tumor: list[int | None] = field(default_factory=list)
    node_line: list[int] = field(default_factory=list)
    node_start: list[int] = field(default_factory=list)
    node_length: list[int] = field(default_factory=list)
    patient_ends: list[tuple[int, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def cut(self, patients: int) -> Parsed:
        """Take the first `patients` complete patients out of these lists."""
        items, nodes = self.patient_ends[patients - 1] if patients else (0, 0)
        last = self.node_patient[nodes - 1] if nodes else -1
        taken = Parsed(
            problems=[p for p in self.problems if p.patient_index is None or p.patient_index <= last]
        )
        self.problems = [p for p in self.problems if p.patient_index is not None and p.patient_index > last]
        for name in ("item_node", "item_key", "item_value", "item_line"):
            values = getattr(self, name)
            setattr(taken, name, values[:items])
            del values[:items]
        for name in ("node_patient", "node_tumor", "node_line", "node_start", "node_length"):
            values = getattr(self, name)
            setattr(taken, name, values[:nodes])
            del values[:nodes]
        self.item_node = [node - nodes if node >= 0 else node for node in self.item_node]
        self.patient_ends = [(i - items, n - nodes) for i, n in self.patient_ends[patients:]]
        return taken


class NaaccrParser:
    """Feed it bytes; it fills `parsed` and, from the root element on, `header`.

    Args:
        name: file name for error lines.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.header: NaaccrHeader | None = None
        self.parsed = Parsed()
        self.keys: dict[tuple[str | None, str | None], int] = {}
        self.header_line = 1
        self._by_id: dict[str, int] = {}
        self._text: list[str] = []
        self._state = OUTSIDE
        self._above_item = OUTSIDE
        self._skipping = 0
        self._patient = -1
        self._tumor: int | None = None
        self._node = ROOT_NODE
        self._patient_node = ROOT_NODE
        self._patient_items = 0
        self._key = 0
        self._line = 0
        self._fed = 0
        self._anchor = 0
        self._mark = b""
        self._wide: str | None = None
        self.namespace = ""
        self._parser = self._make_parser()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.EntityDeclHandler = self._refuse_entity
        parser.StartDoctypeDeclHandler = self._doctype
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        return parser

    @property
    def kept_from(self) -> int:
        """First byte that may still be asked for: of the first patient in `parsed`, or the last tag."""
        return self.parsed.node_start[0] if self.parsed.node_start else self._anchor

    def take(self, patients: int) -> Parsed:
        """Cut the first complete patients out of `parsed`; the open patient stays behind."""
        items, nodes = self.parsed.patient_ends[patients - 1] if patients else (0, 0)
        self._patient_items -= items
        if self._node >= 0:
            self._node -= nodes
        self._patient_node -= nodes
        return self.parsed.cut(patients)

    # -- feeding -------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Parse the next bytes.

        Raises:
            BadInput: not well-formed, not NAACCR XML, dangerous, or an unsupported version.
        """
        if self._fed < 2:
            self._mark += data[:2]
            self._wide = WIDE.get(self._mark[:2])
        self._fed += len(data)
        self._parse(data, False)
        if len(self._text) > 16 and sum(map(len, self._text)) > MAX_TEXT:
            raise BadInput(self._where(), f"one text holds more than {MAX_TEXT >> 20} million characters")
        if self._fed - self._parser.CurrentByteIndex > MAX_MARKUP:
            raise BadInput(self._where(), f"one tag or comment is longer than {MAX_MARKUP >> 20} MiB")

    def close(self) -> None:
        """Say that there are no more bytes.

        Raises:
            BadInput: the file is empty or ends before its last tag.
        """
        if not self._fed:
            raise BadInput(self.name, "the file is empty", "send it again")
        self._parse(b"", True)

    def _parse(self, data: bytes, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except (LookupError, ValueError):  # pyexpat could not use the declared character set
            what = "the character set that the XML declaration names is not known"
            raise BadInput(self._where(), what, "send the file in UTF-8") from None
        except expat.ExpatError as error:
            where = f"{self.name}:{error.lineno}"
            if self.header is None and not self._skipping:
                raise BadInput(
                    where, f"not a NAACCR XML file ({error_text(error)})", "check the file"
                ) from None
            if final:
                what = f"the file ends too early, inside {LEVEL_NAMES[self._state] or 'the document'}"
                raise BadInput(where, what, "send the complete file again") from None
            raise BadInput(
                where,
                f"not well-formed XML at column {error.offset + 1} ({error_text(error)})",
                "ask the sender to correct and send the whole file again",
            ) from None

    def _where(self) -> str:
        return f"{self.name}:{self._parser.CurrentLineNumber}"

    def _refuse_entity(self, *_: object) -> None:
        raise BadInput(
            self._where(), "the file declares XML entities, which are refused", "send it without a DOCTYPE"
        )

    def _doctype(self, _name: str, system_id: str | None, public_id: str | None, _internal: int) -> None:
        if system_id or public_id:
            raise BadInput(
                self._where(),
                "the file points to an outside DTD, which is refused",
                "send it without a DOCTYPE",
            )

    # -- elements ------------------------------------------------------------------------------

    def _start(self, tag: str, attributes: list[str]) -> None:
        if self._skipping:
            self._skipping += 1
            if self._skipping > MAX_DEPTH:
                raise BadInput(self._where(), f"elements are nested deeper than {MAX_DEPTH}")
            return
        state, text = self._state, self._text
        if text:
            if len(text) == 1 and text[0].isspace() and state != ITEM:
                text.clear()
            else:
                self._stray_text()
        if tag == self._item_tag and OUTSIDE < state < ITEM:
            self._start_item(attributes, state)
        elif tag == self._patient_tag and state == ROOT:
            self._state = PATIENT
            self._patient += 1
            self._tumor = None
            self._patient_items = len(self.parsed.item_node)
            self._patient_node = self._node = self._add_node()
        elif tag == self._tumor_tag and state == PATIENT:
            self._state = TUMOR
            self._tumor = 0 if self._tumor is None else self._tumor + 1
            self._node = self._add_node()
        elif state == OUTSIDE:
            self._start_root(tag, attributes)
        else:
            self._start_unknown(tag)

    _item_tag = _patient_tag = _tumor_tag = ""

    def _start_root(self, tag: str, attributes: list[str]) -> None:
        namespace, _, local = tag.rpartition(" ")
        if local != "NaaccrData" or namespace not in ("", NAMESPACE):
            what = f"{local} in namespace {namespace}" if local == "NaaccrData" else local
            raise BadInput(
                self._where(),
                f"not a NAACCR XML file: the root element is {what[:120]}, expected NaaccrData",
                "check that this is the right file",
            )
        named = dict(zip(attributes[::2], attributes[1::2], strict=True))
        self.header = read_header(
            {_attribute_name(name): value for name, value in named.items()}, self._where()
        )
        self.header_line = self._parser.CurrentLineNumber
        prefix = f"{namespace} " if namespace else ""
        self._item_tag, self._patient_tag, self._tumor_tag = (
            prefix + local for local in ("Item", "Patient", "Tumor")
        )
        self.namespace = namespace
        self._state = ROOT

    def _start_item(self, attributes: list[str], state: int) -> None:
        self._line = self._parser.CurrentLineNumber
        if len(attributes) == 2 and attributes[0] == "naaccrId":
            key = self._by_id.get(attributes[1])
            self._key = self._new_key(attributes[1], None) if key is None else key
        else:
            self._item_attributes(attributes)
        if (state == PATIENT and self._tumor is not None) or (state == ROOT and self._patient >= 0):
            self._note("item-order", "the item stands after the elements below its level")
        self._above_item = state
        self._state = ITEM

    def _item_attributes(self, attributes: list[str]) -> None:
        named = dict(zip(attributes[::2], attributes[1::2], strict=True))
        naaccr_id, number = named.pop("naaccrId", None), named.pop("naaccrNum", None)
        if naaccr_id == "":
            naaccr_id = None
        self._key = self._new_key(naaccr_id, number)
        for name in named:
            if " " not in name:
                self._note(
                    "unexpected-attribute", f'Item has an unexpected attribute "{name[:60]}"', naaccr_id
                )

    def _new_key(self, naaccr_id: str | None, number: str | None) -> int:
        key = self.keys.setdefault((naaccr_id, number), len(self.keys))
        if number is None and naaccr_id is not None:
            self._by_id[naaccr_id] = key
        if len(self.keys) > MAX_ITEM_NAMES:
            raise BadInput(
                self._where(), f"more than {MAX_ITEM_NAMES:,} different item names", "check the file"
            )
        return key

    def _start_unknown(self, tag: str) -> None:
        """Note an element that the standard does not know here, and leave out all that it holds."""
        namespace, _, local = tag.rpartition(" ")
        inside = LEVEL_NAMES[self._state]
        self._skipping = 1
        if namespace == self.namespace or self._state == ITEM:
            self._note("unexpected-tag", f"{local[:60]} is not allowed in {inside}")

    def _end(self, tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
            if not self._skipping and self._state != ITEM:
                self._text.clear()
            return
        parsed, state = self.parsed, self._state
        if state == ITEM:
            text = self._text
            parsed.item_node.append(self._node if self._above_item != ROOT else ROOT_NODE)
            parsed.item_key.append(self._key)
            parsed.item_value.append(text[0] if len(text) == 1 else "".join(text))
            parsed.item_line.append(self._line)
            text.clear()
            self._state = self._above_item
            return
        if self._text:
            self._stray_text()
        if state == TUMOR:
            self._node, self._state = self._patient_node, PATIENT
        elif state == PATIENT:
            parsed.node_length[self._patient_node] = (
                self._end_of_tag() - parsed.node_start[self._patient_node]
            )
            self._anchor = parsed.node_start[self._patient_node] + parsed.node_length[self._patient_node]
            parsed.patient_ends.append((len(parsed.item_node), len(parsed.node_patient)))
            self._node, self._state = ROOT_NODE, ROOT
            if len(parsed.item_node) - self._patient_items > MAX_ITEMS_IN_PATIENT:
                raise BadInput(self._where(), f"a patient has more than {MAX_ITEMS_IN_PATIENT:,} items")
        else:
            self._state = OUTSIDE

    def _add_node(self) -> int:
        parsed = self.parsed
        parsed.node_patient.append(self._patient)
        parsed.node_tumor.append(self._tumor)
        parsed.node_line.append(self._parser.CurrentLineNumber)
        parsed.node_start.append(self._parser.CurrentByteIndex)
        parsed.node_length.append(0)
        return len(parsed.node_patient) - 1

    def _end_of_tag(self) -> int:
        """Byte after the patient's end tag; expat stands before it, or after an empty element."""
        here = self._parser.CurrentByteIndex
        context = self._parser.GetInputContext() or b""
        encoding = self._wide or "latin-1"
        closing, step = ">".encode(encoding), 2 if self._wide else 1
        at = context.find(closing)
        while at >= 0 and at % step:
            at = context.find(closing, at + 1)
        if at < 0:
            return here
        tag = context[: at + step].decode(encoding)
        is_end_tag = tag.startswith("</") and tag[2:-1].strip().rpartition(":")[2] == "Patient"
        return here + at + step if is_end_tag else here

    def _stray_text(self) -> None:
        """Text between elements must be blank; anything else is noted."""
        if self._state == ITEM:
            return
        text = "".join(self._text).strip()
        self._text.clear()
        if text:
            inside = LEVEL_NAMES[self._state]
            self._note("unexpected-text", f"text outside an item, in {inside}", value=text)

    def _note(self, code: str, message: str, item: str | None = None, value: str | None = None) -> None:
        state = self._above_item if self._state == ITEM else self._state
        patient = self._patient if state > ROOT else None
        tumor = self._tumor if state == TUMOR else None
        line, severity = self._parser.CurrentLineNumber, SEVERITIES[code]
        self.parsed.problems.append(
            Problem(line, patient, tumor, LEVELS[state], item, value, code, severity, message)
        )


def _attribute_name(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{{{namespace}}}{local}" if namespace else local


def error_text(error: expat.ExpatError) -> str:
    """Expat's words for an error.

    >>> try:
    ...     _ = expat.ParserCreate().Parse(b"<a>", True)
    ... except expat.ExpatError as error:
    ...     print(error_text(error))
    no element found
    """
    return expat.ErrorString(error.code) or "unknown error"
