"""The latest bytes of a document, and where text stands in them."""

from __future__ import annotations

import re

LINE_END = re.compile("\r\n|[\r\n]")
BLANKS = " \t\r\n"
_TOKEN = re.compile(
    r"(?P<quiet><!--.*?-->|<\?.*?\?>)"
    r"|<!\[CDATA\[(?P<cdata>.*?)\]\]>"
    r"|(?P<tag><(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)"
    r"|(?P<blank>(?:[ \t\r\n\x85\u2028]|&#0*(?:9|10|13|32);|&#x0*(?:9|[aA]|[dD]|20);)+)"
    r"|(?P<text>[^<]+)",
    re.DOTALL,
)


class Window:
    """The latest bytes of a document, by their place in it.

    >>> window = Window()
    >>> window.add(b"abcdef"); window.drop(2); window.get(3, 2), len(window)
    (b'de', 4)
    """

    def __init__(self) -> None:
        self._start = 0
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def add(self, data: bytes) -> None:
        """Put bytes at the end."""
        self._data += data

    def get(self, start: int, length: int) -> bytes:
        """Bytes from a place in the document on; it must not have been dropped."""
        return bytes(self._data[start - self._start : start - self._start + length])

    def drop(self, before: int) -> None:
        """Forget what stands before a place."""
        if before > self._start:
            del self._data[: before - self._start]
            self._start = before


def lines_after_text(raw: str, line_end: re.Pattern[str]) -> int:
    r"""Line ends between the first character of the last run of text in `raw` and its end.

    Args:
        raw: a piece of a document that ends where the next tag begins.
        line_end: what ends a line.

    >>> lines_after_text("<a>x\n<b/>\n <!-- y\n -->\n z\n\n", LINE_END)
    2
    """
    first = None
    for found in _TOKEN.finditer(raw):
        if found["tag"]:
            first = None
        elif first is None and found["text"]:
            first = found.start()
        elif first is None and found["cdata"] and found["cdata"].strip(BLANKS):
            inside = found["cdata"]
            first = found.start("cdata") + len(inside) - len(inside.lstrip(BLANKS))
    return len(line_end.findall(raw, first or 0)) if first is not None else 0


def end_of_tag(window: Window, start: int, codec: str) -> int:
    r"""Place after the tag, or the reference to an entity, that begins at a place.

    >>> window = Window()
    >>> window.add(b"</n:Patient\n><Patient>"); end_of_tag(window, 0, "utf-8")
    13
    """
    step = 2 if codec.startswith("utf-16") else 1
    size = 256
    while True:
        raw = window.get(start, size)
        text = raw.decode(codec, errors="ignore")
        closing = text.find(";" if text.startswith("&") else ">")
        if closing >= 0:
            return start + len(text[: closing + 1].encode(codec)) if step == 1 else start + 2 * (closing + 1)
        if len(raw) < size:
            return start
        size *= 4
