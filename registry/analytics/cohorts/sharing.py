"""A cohort's definition as YAML and as a short text for a link."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from registry.analytics.cohorts.definition import FORMAT, Cohort, as_dict, cohort_from
from registry.errors import BadInput

LINK = f"c{FORMAT}."
"""How the text of a link begins."""
LONGEST = 64 * 1024
"""Bytes of a definition; nobody writes a longer one."""


def to_yaml(cohort: Cohort) -> str:
    """The definition as YAML, one key a line in the order of the attributes.

    >>> print(to_yaml(Cohort(name="Early breast", sites=("Breast",), years=(2010, 2020))), end="")
    format: 1
    name: Early breast
    sites: [Breast]
    years: [2010, 2020]
    """
    import yaml

    written: str = yaml.safe_dump(
        {"format": FORMAT, **as_dict(cohort)},
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )
    return written


def from_yaml(text: str) -> Cohort:
    """A cohort from YAML (or JSON).

    Raises:
        BadInput: no YAML, or no definition.

    >>> from_yaml("sites: [Breast]").sites
    ('Breast',)
    """
    import yaml

    if len(text.encode()) > LONGEST:
        raise BadInput("cohort", "the definition is too long", f"it has more than {LONGEST} bytes")
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise BadInput("cohort", f"this is no YAML{where}", "compare with an exported cohort") from None
    except (RecursionError, ValueError):  # a day or a number that there is not
        raise BadInput("cohort", "this is no definition", "compare with an exported cohort") from None
    if not isinstance(read, dict):
        raise BadInput("cohort", "this is no definition", "compare with an exported cohort")
    return cohort_from(read)


def to_link(cohort: Cohort) -> str:
    """The definition as letters, digits, - and _ that stand in an address as they are.

    >>> from_link(to_link(Cohort(sites=("Breast",)))) == Cohort(sites=("Breast",))
    True
    """
    plain = json.dumps(as_dict(cohort), separators=(",", ":"), ensure_ascii=False).encode()
    return LINK + base64.urlsafe_b64encode(zlib.compress(plain, 9, wbits=-15)).decode().rstrip("=")


def from_link(text: str) -> Cohort:
    """A cohort from the text of a link.

    Raises:
        BadInput: it is damaged, or of another version.
    """
    packed = text.removeprefix(LINK)
    wrong = BadInput("cohort link", "is damaged or of another version", "copy the whole link again")
    if packed == text:
        raise wrong
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj(wbits=-15)
        plain = unpacking.decompress(raw, LONGEST)
        if unpacking.unconsumed_tail or unpacking.unused_data or not unpacking.eof:
            raise wrong
        read: Any = json.loads(plain)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise wrong from None
    return cohort_from(read)
