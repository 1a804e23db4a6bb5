"""The staging room against the published algorithm and the results of its Java peer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry import staging
from registry.staging import algorithm, build, stage_groups
from registry.staging.algorithm import Algorithm
from tests.paths import needs_shared, shared

KEYWORDS = {
    "site": "site",
    "hist": "histology",
    "behavior": "behavior",
    "year_dx": "year",
    "sex_at_birth": "sex",
    "discriminator_1": "discriminator_1",
    "discriminator_2": "discriminator_2",
}


@pytest.fixture(scope="module")
def eod() -> Algorithm:
    return algorithm.read(shared("staging", "eod_public-3.3.zip"))


@needs_shared
def test_the_tables_are_what_the_build_makes(tmp_path: Path) -> None:
    counts = build.build(shared(), tmp_path)
    assert counts == {build.SCHEMAS: 141, build.SELECTION: 265, build.CODES: 431}
    for name in counts:
        assert (tmp_path / name).read_bytes() == (build.DATA / name).read_bytes(), name


@needs_shared
def test_all_published_lookups() -> None:
    cases = shared("staging", "examples_eod_lookup.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(cases) == 400
    wrong = []
    for case in map(json.loads, cases):
        given = {KEYWORDS[key]: value for key, value in case["input"].items()}
        if staging.lookup_schema(**given) != case["schemas"]:
            wrong.append(case["input"])
    assert not wrong


@needs_shared
def test_schema_numbers_of_staged_cases() -> None:
    """Every staged case of the peer has our schema and its number, whatever else it holds."""
    cases = shared("staging", "examples_eod.jsonl").read_text(encoding="utf-8").splitlines()
    staged = [case for case in map(json.loads, cases) if case["result"] == "STAGED"]
    assert len(staged) > 250
    for case in staged:
        given = {KEYWORDS[key]: value for key, value in case["input"].items() if key in KEYWORDS}
        assert case["schema_id"] in staging.lookup_schema(**given), case["id"]
        assert staging.schema(case["schema_id"]).schema_id == case["output"]["naaccr_schema_id"]


@needs_shared
def test_codes_of_every_schema(eod: Algorithm) -> None:
    """Codes as the publisher's tables list them, read another way than the build does."""
    for name, one in eod.schemas.items():
        for given in one["inputs"]:
            item = given.get("naaccr_xml_id")
            if item in build.ITEMS:
                listed = {row[0] for row in eod.tables[given["table"]]["rows"]} - {""}
                assert staging.codes(name, item) == listed, (name, item)


@needs_shared
def test_no_licensed_words_or_stage_tables_are_shipped() -> None:
    for path in build.DATA.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert "AJCC" not in text and "stage group" not in text.lower(), path.name
    assert not (build.DATA / stage_groups.GROUPS).exists()
    assert not list(build.DATA.glob("*.zip"))


@needs_shared
@pytest.mark.parametrize(("name", "schemas"), [("cs-02.05.50.zip", 153), ("pediatric-1.3.zip", 33)])
def test_other_algorithms_of_the_format_can_be_read(name: str, schemas: int) -> None:
    assert len(algorithm.read(shared("staging", name)).schemas) == schemas


@needs_shared
def test_an_algorithm_that_derives_stage_groups_can_be_installed(tmp_path: Path) -> None:
    assert stage_groups.install(shared("staging", "cs-02.05.50.zip"), tmp_path) > 1_000
    lines = (tmp_path / stage_groups.GROUPS).read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(stage_groups.COLUMNS)
    assert all(len(line.split(",")) == len(stage_groups.COLUMNS) for line in lines)
