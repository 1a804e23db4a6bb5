"""User-defined dictionaries, as NAACCR XML or as a table."""

from __future__ import annotations

import re
from pathlib import PurePath

from registry.errors import BadInput
from registry.standards.dictionary_csv import parse_csv
from registry.standards.dictionary_raw import RawDictionary, definition
from registry.standards.dictionary_xml import parse_xml
from registry.standards.items import Dictionary, Item

# The first bytes of an XML document, after a byte order mark and blanks; UTF-16 has zeros between.
XML_START = re.compile(rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\x00]*<")
# Faults that would make items go missing without a word, or take another one's attributes.
MISREAD = frozenset(("unexpected-element", "columns"))


def parse_file(data: bytes, name: str) -> RawDictionary:
    """Parse a dictionary file, XML or table, whichever its first character says.

    Raises:
        Unreadable: it is neither.
    """
    return parse_xml(data, name) if XML_START.match(data) else parse_csv(data, name)


def user_dictionary(data: bytes, name: str) -> Dictionary:
    r"""Read a user-defined dictionary, for example a state's, from NAACCR XML or from a table (CSV).

    A table without a URI gets one made from its file name, and `uri_given` is False: no data file can
    name it.

    Args:
        data: bytes of the dictionary file.
        name: its file name, for error lines.

    Raises:
        BadInput: not a usable dictionary.

    >>> table = b"NAACCR XML ID,NAACCR Number,Name,Length,Parent XML Element\nshoeSize,9700,Shoe,2,Patient\n"
    >>> state = user_dictionary(table, "Our state.csv")
    >>> state.uri, state.item("shoeSize").level
    ('urn:x-naaccr-dictionary:our-state', 'Patient')
    """
    raw = parse_file(data, name)
    for problem in raw.problems:
        if problem.code in MISREAD:
            raise BadInput(f"{name}:{problem.line}", problem.message, "correct the dictionary")
    items = [Item(**definition(one.attributes, raw.where(one))) for one in raw.items]
    uri = raw.attributes.get("dictionaryUri", "").strip()
    version = raw.attributes.get("naaccrVersion", "").strip() or None
    return Dictionary(version, uri or made_up_uri(name), items, uri_given=bool(uri))


def made_up_uri(name: str) -> str:
    """A URI for a dictionary that has none, from its file name.

    >>> made_up_uri("folder/Our state.v2.csv")
    'urn:x-naaccr-dictionary:our-state.v2'
    """
    stem = re.sub(r"[^a-z0-9.]+", "-", PurePath(name).stem.lower()).strip("-")
    return f"urn:x-naaccr-dictionary:{stem or 'unnamed'}"
