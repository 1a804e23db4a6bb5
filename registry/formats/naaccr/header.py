"""The root element of a NAACCR XML file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from registry import standards
from registry.standards import Dictionary

NAMESPACE = "http://naaccr.org/naaccrxml"
SPECIFICATIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8")
_BASE_URI = re.compile(r"http://naaccr\.org/naaccrxml/naaccr-dictionary-(\d{3})\.xml", re.ASCII)


@dataclass
class NaaccrHeader:
    """Attributes and root items of a NAACCR XML file.

    Only `version` and `record_type` are needed to write a file. `time_generated` is the text of an
    XML dateTime: it is given, never read from the clock, so that equal input gives equal bytes.
    `attributes` holds root attributes of other namespaces ("{uri}name") and unknown ones as they came.

    >>> NaaccrHeader(version="250", record_type="I").base_dictionary_uri
    'http://naaccr.org/naaccrxml/naaccr-dictionary-250.xml'
    """

    base_dictionary_uri: str = ""
    # Asked for each time: an installed version is newer than what was current at import.
    version: str = field(default_factory=lambda: standards.CURRENT_VERSION)
    record_type: str | None = None
    time_generated: str | None = None
    specification_version: str | None = None
    user_dictionaries: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.version = standards.version_code(self.version)
        if not self.base_dictionary_uri:
            self.base_dictionary_uri = standards.dictionary(self.version).uri

    def in_order(self, dictionaries: Iterable[Dictionary]) -> list[Dictionary]:
        """User dictionaries in the order in which the file names them, those that it doesn't name last.

        One without a URI of its own (a table) stands for a named one that is not among them.

        >>> header = NaaccrHeader(user_dictionaries=("urn:b", "urn:a"))
        >>> [one.uri for one in header.in_order(Dictionary(None, f"urn:{n}", []) for n in "xab")]
        ['urn:b', 'urn:a', 'urn:x']
        """
        given = list(dictionaries)
        by_uri = {one.uri: one for one in reversed(given)}
        nameless = [one for one in given if not one.uri_given and one.uri not in self.user_dictionaries]
        found = []
        for uri in self._named():
            if uri in by_uri:
                found.append(by_uri[uri])
            elif nameless:
                found.append(nameless.pop(0))
        return [*found, *(one for one in given if not any(one is other for other in found))]

    def uris_with(self, dictionaries: Iterable[Dictionary]) -> tuple[str, ...]:
        """The user dictionaries that a file with items of these names: the header's, then theirs."""
        given = list(dictionaries)
        missing = len({*self._named()} - {one.uri for one in given})
        nameless = [one for one in given if not one.uri_given and one.uri not in self.user_dictionaries]
        standing = {id(one) for one in nameless[:missing]}
        added = (one.uri for one in given if id(one) not in standing)
        return tuple(dict.fromkeys([*self.user_dictionaries, *added]))

    def _named(self) -> list[str]:
        """URIs of the user dictionaries that must be given: all but the version's own."""
        own = standards.default_user_dictionary(self.version)
        return [uri for uri in dict.fromkeys(self.user_dictionaries) if own is None or uri != own.uri]


def read_header(attributes: dict[str, str]) -> NaaccrHeader:
    """The header from the attributes of the root element.

    Raises:
        ValueError: no base dictionary is named, or its NAACCR version is not supported.

    >>> read_header({"baseDictionaryUri": "http://naaccr.org/naaccrxml/naaccr-dictionary-180.xml"}).version
    '180'
    """
    uri = attributes.get("baseDictionaryUri", "").strip(" \t\r\n")
    if not uri:
        raise ValueError("NaaccrData has no baseDictionaryUri")
    found = _BASE_URI.fullmatch(uri)
    if not found or found[1] not in standards.VERSIONS:
        supported = f"{standards.VERSIONS[0]} to {standards.VERSIONS[-1]}"
        raise ValueError(f"base dictionary {uri[:120]} is not a supported NAACCR version ({supported})")
    named = {"baseDictionaryUri", "userDictionaryUri", "recordType", "timeGenerated", "specificationVersion"}
    return NaaccrHeader(
        base_dictionary_uri=uri,
        version=found[1],
        record_type=attributes.get("recordType"),
        time_generated=attributes.get("timeGenerated"),
        specification_version=attributes.get("specificationVersion"),
        user_dictionaries=tuple(attributes.get("userDictionaryUri", "").split()),
        attributes={name: value for name, value in attributes.items() if name not in named},
    )
