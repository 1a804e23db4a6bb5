"""Bytes to expat: encodings, XML 1.1, document types, limits, and one clear error for what cannot be read."""

from __future__ import annotations

import codecs
import re
from abc import ABC, abstractmethod
from xml.parsers import expat

from registry.formats.naaccr.data import UnreadableFile
from registry.formats.naaccr.entities import MAX_GAIN, Entities
from registry.formats.naaccr.prolog import Prolog, look
from registry.formats.naaccr.window import LINE_END, Window
from registry.formats.naaccr.xml11 import LINE_END as LINE_END_11
from registry.formats.naaccr.xml11 import Xml11

MAX_TEXT = 16 << 20
MAX_MARKUP = 16 << 20
MAX_PATIENT = 256 << 20
# Bytes outside of patients that are kept to find the line of a stray text.
KEPT_OUTSIDE = 8 << 20
RESEND = "ask the sender to correct and send the whole file again"


class XmlFeeder(ABC):
    """Expat with exact places in any encoding. A subclass has the callbacks `_start` and `_end`.

    Args:
        name: file name for error lines.

    Attributes:
        window: the bytes from `kept_from` on.
        trouble: place of what the parser stopped at.
        inside: what the parser stands in, in words; "" outside the root element.
    """

    inside = ""
    is_begun = False
    """True once the root element is known to be of the right kind."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.window = Window()
        self.trouble = 0
        self._text: list[str] = []
        self._kept_text = 0
        self._skipping = 0
        self._head: bytes | None = b""
        self._fed = 0
        self._anchor = 0
        self._gained = 0
        self._prolog = Prolog()
        self._entities = Entities()
        self._xml11: Xml11 | None = None
        self._check: codecs.IncrementalDecoder | None = None
        self._parser = self._make_parser(None)

    @abstractmethod
    def _start(self, tag: str, attributes: list[str]) -> None:
        """Take a start tag."""

    @abstractmethod
    def _end(self, tag: str) -> None:
        """Take an end tag."""

    @property
    def kept_from(self) -> int:
        """First byte that may still be asked for."""
        return self._anchor

    def _make_parser(self, encoding: str | None) -> expat.XMLParserType:
        parser = expat.ParserCreate(encoding, namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.ordered_attributes = True
        if hasattr(parser, "SetReparseDeferralEnabled"):  # every tag counts as soon as it is fed
            parser.SetReparseDeferralEnabled(False)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.EndDoctypeDeclHandler = self._end_doctype
        parser.ExternalEntityRefHandler = self._refuse_external
        parser.SkippedEntityHandler = self._undefined_entity
        # Else expat stops reading declarations at the first parameter entity, and drops what uses them.
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
        return parser

    @property
    def line_end(self) -> re.Pattern[str]:
        """What ends a line in the document."""
        return LINE_END_11 if self._xml11 else LINE_END

    def content(self, start: int, length: int) -> bytes:
        """Bytes of the document from a place on."""
        return self.window.get(start, length)

    def feed(self, data: bytes) -> None:
        """Parse the next bytes.

        Raises:
            UnreadableFile: not well-formed, not NAACCR XML, dangerous, or an unsupported version.
        """
        self.window.drop(self.kept_from)
        self.window.add(data)
        if self._head is not None:
            data = self._begin(data, False)
        if data:
            self._send(data, False)
        if len(self._text) > 16 and sum(map(len, self._text)) > MAX_TEXT:
            if not self._skipping:
                raise self._not_well_formed(f"one text holds more than {MAX_TEXT >> 20} million characters")
            del self._text[self._kept_text :]
        if self._fed - self._parser.CurrentByteIndex > MAX_MARKUP:
            raise self._not_well_formed(f"one tag or comment is longer than {MAX_MARKUP >> 20} MiB")
        if len(self.window) > KEPT_OUTSIDE:
            self._shorten()

    @abstractmethod
    def _shorten(self) -> None:
        """Keep the window bounded; a subclass says what it needs."""

    def close(self) -> None:
        """Say that there are no more bytes.

        Raises:
            UnreadableFile: the file is empty or ends before its last tag.
        """
        if self._head is not None:
            data = self._begin(b"", True)
            if not data:
                raise self._not_well_formed("the file is empty", "send it again")
            self._send(data, False)
        self._send(b"", True)

    def _begin(self, data: bytes, is_whole: bool) -> bytes:
        """Hold the first bytes until they say how the document is written; then give them all."""
        head = (self._head or b"") + data
        prolog = look(head, is_whole)
        if prolog is None:
            self._head = head
            return b""
        if prolog.problem:
            raise self._not_well_formed(prolog.problem, "send the file in UTF-8")
        self._head, self._prolog = None, prolog
        if prolog.override:
            self._parser = self._make_parser(prolog.override)
        if prolog.is_xml11:
            self._xml11 = Xml11(prolog.codec)
        elif prolog.is_wide:  # expat takes half a surrogate pair for a character
            self._check = codecs.getincrementaldecoder(prolog.codec)("strict")
        return head

    def _send(self, data: bytes, final: bool) -> None:
        try:
            if self._check:
                self._check.decode(data, final)
            elif self._xml11:
                data = self._xml11.feed(data) + (self._xml11.finish() if final else b"")
        except UnicodeDecodeError as error:
            raise self._not_well_formed(f"bytes that are not {self._prolog.codec} ({error.reason})") from None
        self._fed += len(data)
        try:
            self._parser.Parse(data, final)
        except (LookupError, ValueError):  # pyexpat could not use the declared character set
            what = "the character set that the XML declaration names cannot be read"
            raise self._not_well_formed(what, "send the file in UTF-8") from None
        except expat.ExpatError as error:
            raise self._failed(error, final) from None

    def _failed(self, error: expat.ExpatError, final: bool) -> UnreadableFile:
        words = expat.ErrorString(error.code) or "unknown error"
        if not self.is_begun:
            what, action = f"not a NAACCR XML file ({words})", "check the file"
        elif final:
            what = f"the file ends too early, inside {self.inside or 'the document'}"
            action = "send the complete file again"
        else:
            what, action = f"not well-formed XML at column {error.offset + 1} ({words})", RESEND
        self.trouble = self._place()
        return UnreadableFile(self.name, error.lineno, "not-well-formed", what, action)

    def _not_well_formed(self, what: str, action: str = RESEND) -> UnreadableFile:
        self.trouble = self._place()
        return UnreadableFile(self.name, self._parser.CurrentLineNumber, "not-well-formed", what, action)

    def _place(self) -> int:
        """Where the present event begins in the document."""
        here = self._parser.CurrentByteIndex
        return self._xml11.original(here) if self._xml11 else here

    # -- the document type ---------------------------------------------------------------------

    def _doctype(self, _name: str, system_id: str | None, public_id: str | None, _internal: int) -> None:
        if system_id or public_id:
            what = "the file points to an outside DTD, which is refused"
            raise self._not_well_formed(what, "send it without a DOCTYPE")

    def _entity(self, name: str, is_parameter: int, value: str | None, *_: object) -> None:
        refused = self._entities.declare(f"%{name}" if is_parameter else name, value)
        if refused:
            raise self._not_well_formed(refused, "send it without a DOCTYPE")

    def _end_doctype(self) -> None:
        refused = self._entities.problem()
        if refused:
            raise self._not_well_formed(refused, "send it without a DOCTYPE")
        if self._entities:
            self._parser.CharacterDataHandler = self._counted_text

    def _counted_text(self, text: str) -> None:
        self._gained += len(text)
        if self._gained > self._fed + MAX_GAIN:
            raise self._not_well_formed("its entities unfold to far more text than the file holds")
        self._text.append(text)

    def _refuse_external(self, *_: object) -> int:
        raise self._not_well_formed("an entity stands outside the file, which is refused")

    def _undefined_entity(self, name: str, _is_parameter: int) -> None:
        raise self._not_well_formed(f"the entity {name[:40]} is not defined")
