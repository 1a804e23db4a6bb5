r"""HL7 v2 syntax: messages in a stream of bytes, segments, fields, escapes.

Messages may stand alone, in MLLP frames, or in a batch (FHS/BHS ... BTS/FTS); segments may end in CR,
LF or CRLF; delimiters are those that each MSH names.
Source: HL7 version 2.5.1, chapter 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")
_HEADERS = (b"MSH", b"FHS", b"BHS")
_FRAME = b"\x0b\x1c"
_CHARSETS = {
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "8859/1": "latin-1",
    "ISO8859/1": "latin-1",
    "ASCII": "ascii",
}


@dataclass(frozen=True)
class Delimiters:
    """The characters that a message separates and escapes with."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


class Segment:
    """One segment; fields are numbered as HL7 numbers them (MSH-1 is the separator itself).

    >>> pid = Segment(["PID", "1", "", "A1^^^LAB~9^^^SSA^SS"], Delimiters())
    >>> pid.field(3), pid.component(3, 1), [r[4] for r in pid.repetitions(3) if len(r) > 4]
    ('A1^^^LAB~9^^^SSA^SS', 'A1', ['SS'])
    """

    def __init__(self, fields: list[str], delimiters: Delimiters) -> None:
        self.fields = fields
        self.delimiters = delimiters

    @property
    def name(self) -> str:
        """Three-letter segment name."""
        return self.fields[0]

    def field(self, number: int) -> str:
        """The raw text of a field, "" when it is absent."""
        return self.fields[number] if number < len(self.fields) else ""

    def component(self, number: int, component: int, subcomponent: int | None = None) -> str:
        """An unescaped component of the first repetition; `subcomponent` picks a part of it."""
        first = self.field(number).split(self.delimiters.repetition, 1)[0]
        return part(first.split(self.delimiters.component), component, self.delimiters, subcomponent)

    def repetitions(self, number: int) -> list[list[str]]:
        """The raw components of every repetition of a field."""
        text = self.field(number)
        if not text:
            return []
        return [one.split(self.delimiters.component) for one in text.split(self.delimiters.repetition)]

    def text(self, number: int) -> str:
        """A text field unescaped, its repetitions as lines."""
        lines = self.field(number).split(self.delimiters.repetition)
        return "\n".join(unescape(line, self.delimiters) for line in lines)


@dataclass
class Message:
    """The bytes of one message and where they stand in the (decompressed) file."""

    index: int
    byte_start: int
    data: bytes

    @property
    def byte_length(self) -> int:
        """Length in bytes, from MSH to the end of its last segment."""
        return len(self.data)


def part(components: list[str], number: int, delimiters: Delimiters, subcomponent: int | None = None) -> str:
    """Component `number` (from 1), unescaped and without surrounding blanks; "" when absent."""
    if number > len(components):
        return ""
    text = components[number - 1]
    if subcomponent is not None:
        pieces = text.split(delimiters.subcomponent)
        text = pieces[subcomponent - 1] if subcomponent <= len(pieces) else ""
    return unescape(text, delimiters).strip()


def split_messages(data: bytes) -> tuple[list[Message], list[tuple[int, bytes]], str | None]:
    r"""The messages of a file, bytes outside any message, and the batch sender (BHS-4.2 or BHS-4.1).

    >>> found, outside, sender = split_messages(b"\x0bMSH|^~\\&|A\rPID|1\r\x1c\rjunk\r")
    >>> [(m.byte_start, m.data) for m in found], outside
    ([(1, b'MSH|^~\\&|A\rPID|1\r')], [(20, b'junk')])
    """
    messages: list[Message] = []
    outside: list[tuple[int, bytes]] = []
    sender, start, end, is_open = None, 0, 0, False
    for found in _LINE.finditer(data):
        line = found[0]
        at = found.start() + len(line) - len(line.lstrip(_FRAME))
        head = line.lstrip(_FRAME)[:3]
        ends_frame = line[:1] == b"\x1c"
        if is_open and (head in (*_HEADERS, b"BTS", b"FTS") or ends_frame):
            messages.append(Message(len(messages), start, data[start:end]))
            is_open = False
        if head == b"MSH" and not ends_frame:
            start, is_open = at, True
        elif head == b"BHS":
            sender = _batch_sender(line) or sender
        elif not is_open and head not in (b"FHS", b"BTS", b"FTS") and line.strip(b"\r\n\x0b\x1c \x00"):
            outside.append((found.start(), line.strip(b"\r\n")))
        if is_open and line.strip(b"\r\n\x0b\x1c "):
            end = found.end()
            if b"\x1c" in line[1:]:
                end = found.start() + line.index(b"\x1c", 1)
    if is_open:
        messages.append(Message(len(messages), start, data[start:end]))
    return messages, outside, sender


def _batch_sender(line: bytes) -> str | None:
    text = line.lstrip(_FRAME).decode("latin-1")
    if len(text) < 8:
        return None
    components = (text.split(text[3]) + [""] * 4)[3].split(text[4])
    return (components[1] if len(components) > 1 else "") or components[0] or None


def decode(message: bytes) -> tuple[str, bool]:
    """Text of a message, and whether its character set had to be guessed.

    MSH-18 names the set; without one UTF-8 is tried, then Windows-1252.
    """
    head = message.split(b"\r", 1)[0].split(b"\n", 1)[0].decode("latin-1")
    fields = head.split(head[3]) if len(head) > 3 else []
    charset = _CHARSETS.get(fields[17].strip().upper()) if len(fields) > 17 else None
    for name in dict.fromkeys((charset or "utf-8", "utf-8")):
        try:
            return message.decode(name), bool(charset) and name != charset
        except UnicodeDecodeError:
            continue
    return message.decode("cp1252", errors="replace"), True


def delimiters_of(text: str) -> Delimiters | None:
    """The delimiters that MSH-1 and MSH-2 name, or None when they cannot be used.

    >>> delimiters_of("MSH!*@%$!LIS").component
    '*'
    """
    if len(text) < 8 or not text.startswith("MSH"):
        return None
    separator = text[3]
    encoding = text[4:].split(separator, 1)[0]
    used = separator + encoding[:4]
    if len(encoding) < 4 or len(set(used)) < 5 or any(c.isalnum() or c.isspace() for c in used):
        return None
    return Delimiters(separator, *encoding[:4])


def segments(text: str, delimiters: Delimiters) -> Iterator[Segment]:
    """The segments of a message; a line that is no segment continues the one before it."""
    is_segment = re.compile(rf"[A-Z][A-Z0-9]{{2}}(?:{re.escape(delimiters.field)}|$)")
    lines: list[str] = []
    for line in re.split(r"\r\n|\r|\n", text):
        clean = line.strip("\x0b\x1c\x00")
        if is_segment.match(clean):
            lines.append(clean)
        elif clean.strip() and lines:
            lines[-1] += "\n" + clean
    for line in lines:
        fields = line.split(delimiters.field)
        if fields[0] == "MSH":
            fields = ["MSH", delimiters.field, *fields[1:]]
        yield Segment(fields, delimiters)


@lru_cache(maxsize=64)
def _escape_pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(rf"{mark}([^{mark}\r\n]{{1,80}}){mark}")


def unescape(text: str, delimiters: Delimiters) -> str:
    r"""Replace escape sequences by what they stand for; unknown ones stay as they are.

    >>> unescape("A \\T\\ B\\.br\\C \\XC3A9\\", Delimiters())
    'A & B\nC é'
    """
    if delimiters.escape not in text:
        return text

    def meaning(found: re.Match[str]) -> str:
        code = found[1]
        known = {
            "F": delimiters.field,
            "S": delimiters.component,
            "T": delimiters.subcomponent,
            "R": delimiters.repetition,
            "E": delimiters.escape,
            "H": "",
            "N": "",
        }
        if code in known:
            return known[code]
        if re.fullmatch(r"\.(br|sp|ce)\s*\+?\d*", code):
            return "\n" * max(1, int(re.sub(r"\D", "", code) or 1))
        if re.fullmatch(r"\.(fi|nf|in|ti|sk)\s*[+-]?\d*", code):
            return " " if code.startswith(".sk") else ""
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
            return bytes.fromhex(code[1:]).decode("utf-8", errors="replace")
        return found[0]

    return _escape_pattern(delimiters.escape).sub(meaning, text)
