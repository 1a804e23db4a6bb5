"""The staging room on small algorithms and stage tables of our own."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry import edits, staging
from registry.edits.examples import AS_OF
from registry.errors import BadInput, NotFound
from registry.staging import algorithm, build, stage_groups
from registry.standards import tables


def table(name: str, columns: list[tuple[str, str]], rows: list[list[str]]) -> dict[str, Any]:
    return {"id": name, "definition": [{"key": key, "type": kind} for key, kind in columns], "rows": rows}


SELECTION = table(
    "selection",
    [("site", "INPUT"), ("hist", "INPUT"), ("year_dx", "INPUT"), ("result", "ENDPOINT")],
    [["C500-C506,C508", "8000-8700, 8982", "2018-9998, 9999,", "MATCH"], ["C509", "*", "*", "MATCH"]],
)
GRADES = table("grades", [("grade_clin", "INPUT")], [["1"], ["C"], [""]])
STAGES = table(
    "stage_path",
    [("path_t", "INPUT"), ("path_n", "INPUT"), ("path_m", "INPUT"), ("path_stage", "ENDPOINT")],
    [
        ["T1,T2", "N0(i-)", "M0", "VALUE:IIA"],
        ["*", "*", "M1", "VALUE:4"],
        ["T3", "N0", "M0", "ERROR:"],
        ["T4", "N0", "M0", "VALUE:{{t}}"],
    ],
)
SCHEMA = {
    "id": "breast",
    "algorithm": "mine",
    "version": "1.0",
    "title": "Breast",
    "schema_selection_table": "selection",
    "inputs": [{"key": "grade_clin", "naaccr_xml_id": "gradeClinical", "table": "grades"}],
    "outputs": [{"key": "naaccr_schema_id", "naaccr_xml_id": "schemaId", "default": "00480"}],
    "involved_tables": ["selection", "stage_path", "missing"],
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """An algorithm of one schema in the published form, at shared/staging/eod_public-3.10.zip."""
    sites = table("primary_site", [("site", "INPUT")], [["C500-C509"]])
    histologies = table("histology", [("hist", "INPUT")], [["8000-8700"], ["8982"]])
    path = tmp_path / "shared" / "staging" / "eod_public-3.10.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("schemas/breast.json", json.dumps(SCHEMA))
        for one in (SELECTION, GRADES, STAGES, sites, histologies):
            content.writestr(f"tables/{one['id']}.json", json.dumps(one))
        content.writestr("glossary/words.json", "not read")
    (path.parent / "eod_public-3.9.zip").write_bytes(b"older, not opened")
    return path


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """A folder of installed tables, taken out of use afterwards."""
    folder = tmp_path / "tables"
    folder.mkdir()
    yield folder
    tables.use()


def test_the_newest_release_is_normalised(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert build.build(published.parents[1], out) == {build.SCHEMAS: 1, build.SELECTION: 2, build.CODES: 3}
    assert (out / build.SELECTION).read_text(encoding="utf-8").splitlines() == [
        "schema,sites,histologies,behaviors,years,sexes,discriminators_1,discriminators_2",
        "breast,500-506 508,8000-8700 8982,,2018-9998 9999 blank,,,",
        "breast,509,,,,,,",
    ]
    assert (out / build.CODES).read_text(encoding="utf-8").splitlines()[1:] == [
        ",primarySite,500-509",
        ",histologicTypeIcdO3,8000-8700 8982",
        "breast,gradeClinical,1 C blank",
    ]


def test_installed_tables_replace_our_own(published: Path, installed: Path) -> None:
    build.build(published.parents[1], installed)
    tables.use(installed)
    assert staging.lookup_schema(site="C500", histology="8500", year=2020) == ["breast"]
    assert staging.lookup_schema(site="C500", histology="8500", year=2017) == []
    assert staging.lookup_schema(site="C500", histology="8500", year="") == ["breast"]
    assert staging.lookup_schema(site="C619", histology="8140") == []
    assert staging.codes("00480", "gradeClinical") == {"1", "C"}
    unknown = pl.lit(None, pl.Int32)
    tumors = pl.DataFrame({"site": [500, 500, 509, 619], "year": [2020, 2017, 2017, 2020]})
    number = staging.schema_set(
        site=pl.col("site"),
        histology=pl.lit(8500),
        year=pl.col("year"),
        **dict.fromkeys(("behavior", "sex", "discriminator_1", "discriminator_2"), unknown),
    )
    assert [staging.members(n) for n in tumors.select(number).to_series()] == [["breast"], [], ["breast"], []]
    tables.use()
    assert staging.lookup_schema(site="C619", histology="8140") == ["prostate"]


def test_files_that_are_no_algorithms(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        algorithm.read(tmp_path / "absent.zip")
    with pytest.raises(NotFound):
        build.build(tmp_path, tmp_path / "out")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK nothing")
    with pytest.raises(BadInput, match=r"broken\.zip"):
        algorithm.read(broken)
    for name, text in (("empty.zip", None), ("odd.zip", "[1]"), ("cut.zip", '{"id":')):
        with zipfile.ZipFile(tmp_path / name, "w") as content:
            if text:
                content.writestr("schemas/a.json", text)
        with pytest.raises(BadInput, match=name):
            algorithm.read(tmp_path / name)


def test_lookups_that_ask_too_little() -> None:
    assert staging.lookup_schema() == []
    assert staging.lookup_schema(year=2020) == []
    assert staging.lookup_schema(site="C509", year=2020) == []
    assert staging.lookup_schema(site="509") == []
    assert staging.lookup_schema(site="C507") == []
    assert "breast" in staging.lookup_schema(site="C509")
    with pytest.raises(NotFound):
        staging.schema("00481")


def test_stage_groups_of_a_csv(tmp_path: Path, installed: Path) -> None:
    source = tmp_path / "mine.csv"
    source.write_text(
        "schemaId,T,N,M,group,basis\n00480,T1,N0,M0,IA,\n00480,cT1,cN1,cM0,2,c\n", encoding="utf-8"
    )
    assert stage_groups.install(source, installed) == 2
    tables.use(installed)
    assert stage_groups.stage_groups("00480", "pT1", "pN0", "cM0") == {"1a"}
    assert stage_groups.stage_groups("00480", "pT1(m)", "pN0(sn)", "cM0") == {"1a"}
    assert stage_groups.stage_groups("00480", "pT1", "pN1", "cM0") == set()
    assert stage_groups.stage_groups("00480", "cT1", "cN1", "cM0", basis="c") == {"2"}
    assert stage_groups.stage_groups("00580", "pT1", "pN0", "cM0") == set()
    record = {"ajccTnmPathT": "pT1", "ajccTnmPathN": "pN0", "ajccTnmPathM": "cM0", "schemaId": "00480"}
    for group, wrong in (("1A", False), ("IA", False), ("2", True), ("99", False), (None, False)):
        judged = {**record, "ajccTnmPathStageGroup": group}
        frame = pl.DataFrame([judged], schema=dict.fromkeys(judged, pl.String))
        found = edits.run(None, frame, ["stage-group-consistent"], as_of=AS_OF)
        assert found.height == int(wrong), group
        assert len(edits.check_record(judged, ["stage-group-consistent"], as_of=AS_OF)) == int(wrong), group


def test_stage_groups_of_an_algorithm(published: Path, installed: Path) -> None:
    assert stage_groups.install(published, installed) == 3
    tables.use(installed)
    assert stage_groups.stage_groups("00480", "pT2", "pN0(i-)", "cM0") == {"2a"}
    assert stage_groups.stage_groups("00480", "pT4", "pN3", "pM1") == {"4"}
    assert stage_groups.stage_groups("00480", "pT3", "pN0", "cM0") == set()
    assert stage_groups.stage_groups("00480", "pT4", "pN0", "cM0") == set()
    assert stage_groups.stage_groups("00480", "pT2", "pN0(i-)", "cM0", basis="c") == set()


def test_stage_groups_that_cannot_be_installed(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        stage_groups.install(tmp_path / "absent.csv", tmp_path)
    source = tmp_path / "half.csv"
    source.write_text("schemaId,T,N\n", encoding="utf-8")
    with pytest.raises(BadInput, match="M, group"):
        stage_groups.install(source, tmp_path)
    source.write_text("schemaId,T,N,M,group\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no stage groups"):
        stage_groups.install(source, tmp_path)
    with pytest.raises(BadInput, match="own folder"):
        stage_groups.install(source, build.DATA)
