"""XML 1.1 for a parser of XML 1.0: line ends and control characters, put into words that it understands.

XML 1.1 ends lines also with NEL and LS, allows references to control characters, and forbids C1 controls
as they are. Everything else that matters here is as in XML 1.0.
Source: Extensible Markup Language (XML) 1.1 (second edition), sections 2.2 and 2.11.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right

# A control character travels as this noncharacter and the one that follows it by the control's number;
# the noncharacter itself travels doubled.
MARK = "\ufdd0"
LINE_END = re.compile("\r\n|\r\x85|[\r\n\x85\u2028]")
_COMMON = "\r\x85|\x85|\u2028|" + MARK + r"|[\x7f-\x84\x86-\x9f]"
_CONTENT = re.compile(_COMMON + r"|&#(?:x[0-9a-fA-F]+|[0-9]+);|<!--|<!\[CDATA\[|<\?")
_INSIDE = {
    "<!--": (re.compile(_COMMON + "|-->"), "-->"),
    "<![CDATA[": (re.compile(_COMMON + r"|\]\]>"), "]]>"),
    "<?": (re.compile(_COMMON + r"|\?>"), "?>"),
}
# A token that the end of a piece may have cut; references are looked at up to this length.
HELD = 32
_PARTIAL = re.compile(r"(?:\r|&(?:#x?[0-9a-fA-F]*)?|<(?:!-?|!\[[A-Z]*)?|--?|\]\]?|\?)\Z")


class Xml11:
    r"""Translates the bytes of an XML 1.1 document, in pieces; the encoding stays.

    >>> translator = Xml11("utf-8")
    >>> translator.feed("<a>x\x85&#x1;".encode()) + translator.finish()
    b'<a>x\n&#xFDD0;&#xFDD1;'
    >>> translator.original(5)
    6
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._rest = ""
        self._inside: str | None = None
        self._written = 0
        self._places = [0]
        self._shifts = [0]

    def feed(self, data: bytes) -> bytes:
        """The next bytes, translated; the end of a piece may be held back.

        Raises:
            UnicodeDecodeError: bytes that the encoding does not have.
        """
        text = self._rest + self._decoder.decode(data)
        found = _PARTIAL.search(text, max(len(text) - HELD, 0))
        cut = found.start() if found else len(text)
        self._rest = text[cut:]
        return self._translated(text[:cut])

    def finish(self) -> bytes:
        """What was held back.

        Raises:
            UnicodeDecodeError: the last character is cut.
        """
        text, self._rest = self._rest + self._decoder.decode(b"", True), ""
        return self._translated(text)

    def original(self, place: int) -> int:
        """Place in the document of a place in the translated bytes."""
        return place + self._shifts[bisect_right(self._places, place) - 1]

    def forget(self, before: int) -> None:
        """Places in the document before this one will not be asked for again."""
        cut = bisect_right(self._places, before - self._shifts[-1]) - 1
        if cut > 0:
            del self._places[:cut], self._shifts[:cut]

    def _translated(self, text: str) -> bytes:
        pieces, at = [], 0
        while True:
            pattern = _INSIDE[self._inside][0] if self._inside else _CONTENT
            found = pattern.search(text, at)
            if not found:
                break
            token = found[0]
            new = self._translate(token)
            before = text[at : found.start()].encode(self._codec)
            old, written = token.encode(self._codec), new.encode(self._codec)
            pieces += [before, written]
            self._written += len(before) + len(written)
            if len(old) != len(written):
                self._places.append(self._written)
                self._shifts.append(self._shifts[-1] + len(old) - len(written))
            at = found.end()
        last = text[at:].encode(self._codec)
        self._written += len(last)
        return b"".join([*pieces, last])

    def _translate(self, token: str) -> str:
        if self._inside and token == _INSIDE[self._inside][1]:
            self._inside = None
        elif token in _INSIDE:
            self._inside = token
        elif token in ("\x85", "\r\x85", "\u2028"):
            return "\n"
        elif token == MARK:
            return MARK * 2
        elif token.startswith("&"):
            return _reference(token)
        elif "\x7f" <= token <= "\x9f":
            return "\x01"  # not allowed as it is: the parser will say so, with its line
        return token


def _reference(token: str) -> str:
    digits = token[2:-1]
    number = int(digits[1:], 16) if digits.startswith("x") else int(digits[:20])
    is_control = 0 < number < 0x20 and number not in (0x9, 0xA, 0xD)
    if is_control or number == ord(MARK):
        return f"&#x{ord(MARK):X};&#x{ord(MARK) + (number if is_control else 0):X};"
    return token


def restored(text: str) -> str:
    r"""Text of a translated document as it was meant.

    >>> restored("a\ufdd0\ufdd1b")
    'a\x01b'
    """
    return re.sub(f"{MARK}(.)", _meant, text) if MARK in text else text


def _meant(found: re.Match[str]) -> str:
    return MARK if found[1] == MARK else chr(ord(found[1]) - ord(MARK))
