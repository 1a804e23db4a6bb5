"""An illegal item never leaves: every profile, record type and version, with every item filled, the bytes read back."""

from __future__ import annotations

import csv
import datetime as dt
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import standards
from registry.formats.naaccr.frames import merged_dictionary
from registry.security.roles import confidential_items
from registry.standards import Dictionary, Item
from registry.submissions import Profile, Request, plan, profiles, submission_file
from tests.paths import needs_shared, shared

NOON = dt.datetime(2026, 10, 31, 12, 0)
VERSIONS = ("260", "250", "230", "210", "180", "140")
XML = "{http://naaccr.org/naaccrxml}"
#: What a state's dictionary may bring: its own items, and such as would open what the standard keeps shut.
OWN = Dictionary(
    None,
    "urn:state",
    [
        Item(9500, "stateFavourite", "Favourite", 40, "Tumor", "AMCI"),
        Item(9501, "statePatientNote", "Note", 40, "Patient", "AMCI"),
        Item(9502, "stateAbstractNote", "Note", 40, "Tumor", "AM"),
        Item(9503, "nameLast", "Shadow of a name", 40, "Patient", "AMCI"),
        Item(2230, "familyName", "The name's number", 40, "Patient", "AMCI"),
        Item(2230, "nameLast", "The name at another level", 40, "Tumor", "AMCI"),
        Item(2320, "number", "The SSN's number", 40, "Tumor", "AMCI"),
        Item(9504, "rootNote", "At the root", 40, "NaaccrData", "AMCI"),
    ],
)


def cases() -> list[object]:
    """Every profile with each of its record types and the versions; the older ones of most are slow tests."""
    found: list[object] = []
    for profile in profiles().values():
        for record_type in dict.fromkeys([profile.record_type, *profile.record_types]):
            for version in VERSIONS if record_type else VERSIONS[:1]:
                is_quick = version == VERSIONS[0] or (
                    version == "180" and profile.id in ("STATE_FULL", "NPCR_CSS")
                )
                name = f"{profile.id}-{record_type}-{version}"
                marks = [] if is_quick else [pytest.mark.slow]
                found.append(pytest.param(profile, record_type, version, id=name, marks=marks))
    return found


@cache
def everything() -> list[tuple[str, str, int, str]]:
    """Column, id, number and level of every item that a store may hold: all versions, default and state's own."""
    found: dict[str, tuple[str, str, int, str]] = {}
    for version in standards.VERSIONS:
        for item in merged_dictionary(version, [OWN]).definitions:
            key = f"{item.id}@{item.number}@{item.level}"
            found.setdefault(key, (item.column, item.id, item.number, item.level))
    return list(found.values())


def marker(naaccr_id: str, number: int, level: str) -> str:
    """A value that stands in no other item."""
    return f"PLANT.{naaccr_id}.{number}.{level}."


def frames() -> tuple[pl.DataFrame, pl.DataFrame, dict[str, tuple[str, int | None]]]:
    """One patient with one tumor, every item filled with its marker."""
    levels: dict[str, dict[str, str]] = {"Patient": {}, "Tumor": {}}
    columns: dict[str, tuple[str, int | None]] = {}
    for column, naaccr_id, number, level in everything():
        if level not in levels:
            continue
        name = column
        if name in levels[level] or (name in columns and columns[name] != (naaccr_id, number)):
            name = f"{naaccr_id}__{number}"
        levels[level].setdefault(name, marker(naaccr_id, number, level))
        columns[name] = (naaccr_id, number)
    patients = pl.DataFrame(
        {"patient_id": [1], **{name: [value] for name, value in levels["Patient"].items()}}
    )
    tumors = pl.DataFrame(
        {"tumor_id": [1], "patient_id": [1], **{name: [value] for name, value in levels["Tumor"].items()}}
    )
    return patients, tumors, columns


def legal_in(record_type: str, version: str) -> set[str]:
    """Ids that a record type of a version allows, from the dictionary alone."""
    return {
        item.id
        for item in standards.dictionary(version).definitions
        if record_type in item.record_types and item.level in ("Patient", "Tumor")
    }


def request_of(profile: Profile, record_type: str | None, version: str) -> Request:
    _, _, columns = frames()
    return Request(
        profile, NOON, home_state="NY", record_type=record_type, naaccr_version=version, registry_id="0000001234",
        dictionaries=(OWN,), columns=columns,
    )  # fmt: skip


def write(path: Path, request: Request) -> bytes:
    patients, tumors, _ = frames()
    with submission_file(path, request) as file:
        file.add(patients, tumors)
    return path.read_bytes()


@pytest.mark.parametrize(("profile", "record_type", "version"), cases())
def test_every_item_filled(tmp_path: Path, profile: Profile, record_type: str | None, version: str) -> None:
    request = request_of(profile, record_type, version)
    data = write(tmp_path / f"out.{'xml' if record_type else profile.format}", request)
    text = data.decode()
    if not profile.identifiers:
        numbers = {standards.item(one).number for one in confidential_items()}
        for _, naaccr_id, number, level in everything():
            if naaccr_id in confidential_items() or number in numbers:
                assert marker(naaccr_id, number, level) not in text, naaccr_id
    if record_type is None:
        return
    root = ElementTree.fromstring(text)
    assert set(root.attrib) <= {
        "baseDictionaryUri", "userDictionaryUri", "recordType", "timeGenerated", "specificationVersion"
    }  # fmt: skip
    assert {element.tag for element in root.iter()} == {
        f"{XML}{tag}" for tag in ("NaaccrData", "Patient", "Tumor", "Item")
    }
    allowed = legal_in(record_type, version)
    named = set() if profile.items.user != "all" else {"stateFavourite", "statePatientNote"} | (
        {"stateAbstractNote", "familyName", "number"} if record_type in "AM" else set()
    )  # fmt: skip
    defaults = standards.default_user_dictionary(version)
    if profile.items.user == "all" and defaults:
        named |= {item.id for item in defaults.definitions if record_type in item.record_types}
    if record_type == "C" and profile.items.user == "all":
        named |= {"familyName", "number"}
    at_root = {item.get("naaccrId") for item in root.findall(f"{XML}Item")}
    assert at_root == {"registryId"}
    inside = {
        item.get("naaccrId") for node in root.findall(f"{XML}Patient") for item in node.iter(f"{XML}Item")
    }
    assert inside <= allowed | named, sorted(inside - allowed - named)
    # Not empty by mistake: what may go, and is of this version, went.
    assert len(inside & allowed) > 0.9 * len(allowed)
    if profile.items.user == ():
        assert "urn:state" not in text
    leaving = {found.split(".")[0] for found in re.findall(r"PLANT\.([^<]*)", text)}
    assert leaving & {item for item in confidential_items() if item not in allowed} == set()


@pytest.mark.parametrize(
    "profile", [one for one in profiles().values() if not one.identifiers], ids=lambda one: one.id
)
def test_a_profile_cannot_name_an_identifier(tmp_path: Path, profile: Profile) -> None:
    """Even a registry's own profile that names the shadows of a name does not get them."""
    if profile.record_type is None:
        pytest.skip("a table names its columns")
    from dataclasses import replace

    items = replace(profile.items, user=("nameLast", "familyName", "number", "stateFavourite"))
    request = request_of(replace(profile, items=items), profile.record_type, "260")
    text = write(tmp_path / "out.xml", request).decode()
    assert "stateFavourite" in text
    for word in ("nameLast", "familyName", 'naaccrId="number"'):
        assert word not in text


@needs_shared
@pytest.mark.parametrize("record_type", ["I", "C", "M", "A"])
def test_the_published_list_of_items(record_type: str) -> None:
    """With identifiers and no user items, exactly the items of the published list may leave."""
    published = pl.read_csv(shared("linkage", "items_by_record_type.csv"))
    wanted = published.filter(pl.col(f"in_{record_type}") == 1, pl.col("level") != "NaaccrData")["naaccr_id"]
    profile = next(
        one
        for one in profiles().values()
        if record_type in (one.record_type, *one.record_types) and one.identifiers
    )
    request = Request(profile, NOON, home_state="NY", record_type=record_type)
    found = plan(request, published.filter(pl.col("level") != "NaaccrData")["naaccr_id"])
    assert set(found.columns) == set(wanted)
    assert set(found.left_out) == set(published.filter(pl.col("level") != "NaaccrData")["naaccr_id"]) - set(
        wanted
    )


@needs_shared
@pytest.mark.parametrize(
    "profile", [one for one in profiles().values() if not one.identifiers], ids=lambda one: one.id
)
def test_no_direct_identifier_of_the_published_list(tmp_path: Path, profile: Profile) -> None:
    published = pl.read_csv(shared("linkage", "items_by_record_type.csv")).filter(
        pl.col("direct_identifier") == 1
    )
    text = write(
        tmp_path / f"o.{'xml' if profile.record_type else profile.format}", request_of(profile, None, "260")
    ).decode()
    for naaccr_id in published["naaccr_id"]:
        assert f"PLANT.{naaccr_id}." not in text, naaccr_id
        assert f'naaccrId="{naaccr_id}"' not in text, naaccr_id


WHITE = "".join(chr(n) for n in range(0x110000) if chr(n).isspace() and n not in range(0x1C, 0x20))
"""White space as Unicode has it (Python also counts four separators of files and records)."""
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([one for one in profiles().values() if one.record_type]),
    st.dictionaries(st.sampled_from([row[1] for row in everything()]), TEXT, max_size=25),
)
def test_any_values_of_any_items(tmp_path: Path, profile: Profile, values: dict[str, str]) -> None:
    """Whatever is in the frames, markup and illegal characters too: the bytes hold legal items alone, and all of them."""
    levels = {item.id: item.level for item in standards.newest_items()}
    parts: dict[str, dict[str, list[str]]] = {"Patient": {}, "Tumor": {}}
    for name, value in values.items():
        parts.get(levels.get(name, "Tumor"), parts["Tumor"])[name] = [value]
    request = Request(profile, NOON, home_state="NY")
    with submission_file(tmp_path / "any.xml", request) as file:
        file.add(
            pl.DataFrame({"patient_id": [1], **parts["Patient"]}),
            pl.DataFrame({"tumor_id": [1], "patient_id": [1], **parts["Tumor"]}),
        )
    root = ElementTree.fromstring((tmp_path / "any.xml").read_bytes())
    assert profile.record_type is not None
    allowed = legal_in(profile.record_type, "260") - (set() if profile.identifiers else confidential_items())
    inside = {
        item.get("naaccrId") for node in root.findall(f"{XML}Patient") for item in node.iter(f"{XML}Item")
    }
    assert inside <= allowed
    blank = re.compile(r"[\x00-\x20\uFFFE\uFFFF]*")
    filled = {name for name, value in values.items() if not blank.fullmatch(value)}
    assert (filled & allowed) - {"sex"} <= inside


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, st.one_of(st.none(), TEXT)), min_size=1, max_size=4))
def test_any_values_in_a_table(tmp_path: Path, names: list[tuple[str, str | None]]) -> None:
    """Quotes, separators and line feeds in names: a reader of CSV finds each value in its place."""
    request = Request(profiles()["VPR"], NOON)
    keys = list(range(1, len(names) + 1))
    patients = pl.DataFrame(
        {"patient_id": keys, "nameLast": [one for one, _ in names], "nameFirst": [two for _, two in names]},
        schema_overrides={"nameFirst": pl.String},
    )
    with submission_file(tmp_path / "v.csv", request) as file:
        file.add(patients, pl.DataFrame({"tumor_id": keys, "patient_id": keys}))
    with (tmp_path / "v.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    plain = [tuple(re.sub(r"[\t\r\n]+", " ", (value or "").strip(WHITE)) for value in pair) for pair in names]
    assert [(row["LastName"], row["FirstName"]) for row in rows] == plain
