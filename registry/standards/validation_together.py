"""Faults that only several user dictionaries have: what one says of an item, another contradicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.standards.dictionary_raw import Problem, RawDictionary, RawItem
from registry.standards.validation_items import meaning
from registry.standards.validation_record import span_of

Clash = tuple[int, Problem]


def clashes(files: Sequence[RawDictionary | None], version: str | None) -> Iterator[Clash]:
    """Clashes of dictionaries that are used together, each at the later one.

    Args:
        files: dictionaries in order; None for one that could not be read.
        version: NAACCR version that they are used for; None to ask only that they agree.

    Yields:
        (place of the dictionary in `files`, its problem).
    """
    read = [(place, raw) for place, raw in enumerate(files) if raw is not None]
    yield from _roots(read, version)
    yield from _items(read)
    yield from _overlaps(read)


def _roots(files: list[tuple[int, RawDictionary]], version: str | None) -> Iterator[Clash]:
    uris: dict[str, str] = {}
    stated: tuple[str, str] | None = None
    for place, raw in files:
        uri = raw.attributes.get("dictionaryUri", "").strip()
        own = raw.attributes.get("naaccrVersion", "").strip()
        if uri and uri in uris:
            yield place, Problem(raw.line, None, "duplicate-uri", f"{uris[uri]} has the same dictionaryUri")
        uris.setdefault(uri, raw.name)
        if own and version is None:
            stated = stated or (own, raw.name)
            if own != stated[0]:
                what = f"the dictionary is for NAACCR {own[:10]}, {stated[1]} for {stated[0][:10]}"
                yield place, Problem(raw.line, None, "other-version", what)


def _items(files: list[tuple[int, RawDictionary]]) -> Iterator[Clash]:
    """An id or a number that two dictionaries define must be the same item."""
    ids: dict[str, tuple[int, str, dict[str, str]]] = {}
    numbers: dict[str, tuple[int, str, str]] = {}
    for place, raw in files:
        for one in raw.items:
            if not one.id:
                continue
            meant = meaning(one.attributes)
            first, name, before = ids.setdefault(one.id, (place, raw.name, meant))
            if first != place and before != meant:
                differing = ", ".join(key for key in meant if before[key] != meant[key])
                what = f"{name} defines it with another {differing}"
                yield place, Problem(one.line, one.id, "other-item", what)
            number = meant["naaccrNum"]
            first, name, owner = numbers.setdefault(number, (place, raw.name, one.id))
            if number and first != place and owner != one.id:
                what = f"{name} uses number {number} for {owner}"
                yield place, Problem(one.line, one.id, "other-number", what)


def _overlaps(files: list[tuple[int, RawDictionary]]) -> Iterator[Clash]:
    """Items of different dictionaries in the same columns of a flat record."""
    spans = sorted(
        ((span, place, one) for place, raw in files for one in raw.items if (span := span_of(one))),
        key=lambda found: (*found[:2], found[2].line),
    )
    last: tuple[tuple[int, int], int, RawItem] | None = None
    for span, place, one in spans:
        if last and span[0] <= last[0][1] and place != last[1] and one.id != last[2].id:
            later, (start, end), other = (
                (place, last[0], last[2]) if place > last[1] else (last[1], span, one)
            )
            here = one if later == place else last[2]
            what = f"its columns overlap {other.id} of {_name(files, min(place, last[1]))} in {start}-{end}"
            yield later, Problem(here.line, here.id, "overlapping-columns", what)
        if last is None or span[1] > last[0][1]:
            last = span, place, one


def _name(files: list[tuple[int, RawDictionary]], place: int) -> str:
    return next(raw.name for at, raw in files if at == place)
