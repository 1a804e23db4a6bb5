"""How a document is written: its encoding and its version of XML, from its first bytes.

Sources: XML 1.0 (fifth edition), appendix F; XML 1.1, section 2.8.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

ENOUGH = 1024
WIDE = {
    b"\xff\xfe": "utf-16-le",
    b"<\x00": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
    b"\x00<": "utf-16-be",
}
UTF32 = (b"\x00\x00\xfe\xff", b"\xff\xfe\x00\x00", b"\x00\x00\x00<", b"<\x00\x00\x00")
BOM = b"\xef\xbb\xbf"
START = "<?xml"
DECLARED = re.compile(r"""(version|encoding)[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)')""")
VERSION = re.compile(r"1\.[0-9]+", re.ASCII)
KNOWN_TO_EXPAT = ("utf-8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "us-ascii")


@dataclass(frozen=True)
class Prolog:
    """Encoding and version of a document.

    Attributes:
        codec: Python's name of the encoding.
        override: what to tell expat instead of the declared encoding, or None.
        is_wide: UTF-16.
        is_xml11: XML 1.1.
        problem: why the document cannot be read, or None.
    """

    codec: str = "utf-8"
    override: str | None = None
    is_wide: bool = False
    is_xml11: bool = False
    problem: str | None = None


def look(head: bytes, is_whole: bool) -> Prolog | None:
    """What the first bytes say; None when more bytes are needed.

    Args:
        head: the bytes so far.
        is_whole: no more bytes will come.

    >>> look(b'<?xml version="1.1" encoding="ISO-8859-1"?><a/>', False)
    Prolog(codec='iso8859-1', override=None, is_wide=False, is_xml11=True, problem=None)
    >>> look(b"<?x", False) is None
    True
    """
    if len(head) < 4 and not is_whole:
        return None
    if head[:4] in UTF32:
        return Prolog(problem="the file is in UTF-32")
    wide = WIDE.get(head[:2])
    has_bom = head.startswith(BOM)
    text = head.decode(wide or "latin-1", errors="ignore")
    text = (text[3:] if has_bom else text).removeprefix("\ufeff")
    if not is_whole and len(text) < ENOUGH:
        is_begun = text.startswith(START) if len(text) >= len(START) else START.startswith(text)
        if is_begun and "?>" not in text:
            return None
    declaration = text[: text.find("?>")] if re.match(r"<\?xml[ \t\r\n]", text) else ""
    said = {found[1]: found[2] or found[3] or "" for found in DECLARED.finditer(declaration)}
    return _prolog(said.get("version", "1.0"), said.get("encoding"), wide, has_bom)


def _prolog(version: str, encoding: str | None, wide: str | None, has_bom: bool) -> Prolog:
    if not VERSION.fullmatch(version):
        return Prolog(problem=f"XML version {version[:10]!r} does not exist")
    codec = wide or "utf-8"
    override = None
    if encoding is not None:
        try:
            declared = codecs.lookup(encoding).name
        except (LookupError, ValueError):
            what = f"the encoding {encoding[:40]!r} that the XML declaration names is not known"
            return Prolog(problem=what)
        if has_bom and declared not in ("utf-8", "utf-8-sig"):
            return Prolog(
                problem=f"the file begins as UTF-8, but its XML declaration names {encoding[:40]!r}"
            )
        if wide is None:
            codec = declared
        family = "utf-16" if declared.startswith("utf-16") else declared
        if encoding.lower() not in KNOWN_TO_EXPAT and family in ("utf-8", "utf-16"):
            override = (
                "utf-8" if family == "utf-8" else (wide or "utf-16").replace("-le", "le").replace("-be", "be")
            )
    return Prolog(codec, override, wide is not None, version == "1.1")
