"""The tables of the extent room hold what was published, and derive what is known to be right."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from registry import standards
from registry.coding import derive, reference
from registry.coding.derivation import find
from registry.coding.extent import build
from registry.errors import BadInput, NotFound
from tests.paths import needs_shared, shared

AS_OF = dt.date(2026, 1, 31)


@needs_shared
def test_committed_tables_are_what_build_writes(tmp_path: Path) -> None:
    counts = build.build(shared(), tmp_path)
    for name in counts:
        assert (tmp_path / name).read_bytes() == (reference.DATA / name).read_bytes()
    assert set(counts) == {table.name for table in build.TABLES}


@needs_shared
@pytest.mark.parametrize("table", build.HISTORIC_STAGE)
def test_every_published_rule_of_historic_stage_is_there(table: str) -> None:
    part, axes = build.HISTORIC_STAGE[table]
    with shared("coding", "seer", "historicstage", f"Historic-stage-{part}.csv").open(newline="") as lines:
        published = list(csv.reader(lines))[1:]
    ours = reference.table("historic_stage.csv.gz").filter(pl.col("table") == table)
    assert ours.height == len(published)
    for rule, row in zip(ours.to_dicts(), published, strict=True):
        conditions = [one.partition("=") for one in rule["conditions"].split("; ")]
        assert tuple(axis for axis, _, _ in conditions) == axes
        for (_, _, condition), cell in zip(conditions, row, strict=False):
            assert _members(condition.split()) == _members(cell.split(","))
        assert int(rule["result"]) == int(row[len(axes)])


def _members(parts: list[str]) -> set[int | str]:
    members: set[int | str] = set()
    for part in parts:
        low, _, high = part.partition("-")
        members |= set(range(int(low), int(high or low) + 1)) if low.isdigit() else {part}
    return members


@needs_shared
def test_every_published_size_is_there() -> None:
    ours = dict(reference.table("tumor_sizes.csv").rows())
    words = {"Not enough cases": "0-999", "Tumor size always 999": "999"}
    with shared("coding", "seer", "tumorsizeovertime", "edits.csv").open(
        encoding="utf-8", newline=""
    ) as lines:
        for site, sizes in csv.reader(lines):
            text = words.get(sizes, sizes)
            assert _members(ours.pop(site[:4]).split()) == _members(
                [part.strip() for part in text.split(",")]
            )
    assert ours == {}


def test_a_missing_or_damaged_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"Historic-stage-Leuk\.csv"):
        build.build(tmp_path, tmp_path)
    folder = tmp_path / "coding" / "seer" / "historicstage"
    folder.mkdir(parents=True)
    (folder / "Historic-stage-Leuk.csv").write_text("Primary Site,Histology 3,Is Leuk\n0-809,9731\n")
    with pytest.raises(BadInput, match=r"Historic-stage-Leuk\.csv:2: has 2 columns; give 3"):
        build.build(tmp_path, tmp_path)


CASES_OF_CODES = {
    ("2", "eodOld13Digit"): """
        C341 8140 1110-00&0-000 0    C341 8140 1115-008-0000 1    C341 8140 111-50100-000 2
        C341 8140 111-50140-11& 4    C341 8140 999&-0070-000 9    C341 8140 1111234567890 9
        C341 8722 111--2&&-110& 4    C344 9000 111-&808-1000 2    C341 8140 AAAAAAAAAAAAA 9
        C440 8720 1110103&3-000 0    C441 8720 1110700&00000 1    C447 8720 -----13&1-000 2
        C446 8720 999993994-000 2    C447 8720 8888740021110 4    C600 8720 4444-44076733 9
        C675 8140 66660&-&20100 1    C675 8140 &-&-230010000 1    C675 8140 &&&&&1-920000 2
        C675 8140 222232-63-000 2    C675 8140 555557-51-110 4    C675 9000 111-222220000 1
        C160 8140 33377-0&30300 1    C160 8140 33377-0&31300 2    C160 8140 33377-0&31310 4
        C508 8140 33338-2015900 2    C508 8140 33338-40--000 2    C508 8140 33336-2015900 4
        C619 9000 00001&7800000 1    C610 9000 00001&7800000 9    C569 9590 1111111111111 9
    """,
    ("1", "eodOld2Digit"): """
        C403 8000 0- 0    C601 8800 3& 1    C171 8888 64 2    C505 9589 &2 4    C505 9589 &7 4
        C505 9589 97 2    C677 8565 -- 9    C164 8234 0- 0    C169 9589 35 1    C209 9589 65 2
        C183 9500 &7 4    C209 9500 -- 9    C448 8234 0- 9    C619 9589 35 9    C152 9544 333 9
        C152 9544 3  9    C152 9544 5& 2    C183 9544 55 2    C200 9544 55 9    C645 8733 2& 1
    """,
    ("0", "eodOld2Digit"): """
        C403 8000 0- 0    C403 9600 0- 9    C403 8000 4- 1    C679 8000 4- 1    C679 9970 4- 9
        C676 8000 6- 2    C765 8000 9& 9    C000 9800 9& 9    C678 8000 &- 4    C750 8000 &- 4
        C670 8000 9& 9    C800 9990 9& 9    C400 8000 4& 9    C152 9500 5- 2    C425 9500 4- 9
    """,
    ("3", "eodOld4Digit"): """
        C019 9132 9909 0    C809 9140 9978 9    C328 9132 9981 4    C698 8778 9920 1    C698 8778 9929 1
        C698 8778 9928 2    C729 9589 9928 9    C698 9999 9928 9    C025 9100 9938 2    C569 9100 9916 9
        C569 9100 0216 4    C035 9133 9900 0    C035 9133 9910 1
    """,
}
"""EOD coding system and code: site, histology, code, stage (facts from the peer's published test cases)."""


@pytest.mark.parametrize(("system", "item"), CASES_OF_CODES)
def test_known_stages_of_old_codes(system: str, item: str) -> None:
    words = CASES_OF_CODES[system, item].split()
    rows = [words[start : start + 4] for start in range(0, len(words), 4)]
    frame = pl.DataFrame(rows, schema=["primarySite", "histologicTypeIcdO3", item, "stage"], orient="row")
    frame = frame.with_columns(dateOfDiagnosis=pl.lit("1984"), codingSystemForEod=pl.lit(system))
    made = derive(frame, ["historicStage"], as_of=AS_OF)
    assert made.filter(pl.col("historicStage") != pl.col("stage")).rows() == []


EXCEPTIONS = """
    4 C717 9529 9    7 C717 9529 9    7 C717 9629 9    1 C000 9731 9    3 C717 9821 4    3 C717 9823 9
    3 C424 9823 4    3 C419 9827 9    6 C475 9829 4    3 C444 9805 4
"""
"""Reporting source, site, histology, stage, whatever the extent code is."""


@pytest.mark.parametrize("system", ["0", "1", "2", "3"])
def test_known_stages_that_come_before_the_codes(system: str) -> None:
    words = EXCEPTIONS.split()
    rows = [words[start : start + 4] for start in range(0, len(words), 4)]
    schema = ["typeOfReportingSource", "primarySite", "histologicTypeIcdO3", "stage"]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    frame = frame.with_columns(dateOfDiagnosis=pl.lit("1984"), codingSystemForEod=pl.lit(system))
    made = derive(frame, ["historicStage"], as_of=AS_OF)
    assert made.get_column("historicStage").to_list() == frame.get_column("stage").to_list()


SIZES = """
    1999 C001 8070 999 -   -   999    2005 C001 8070 -   035 -   035    2011 C001 8743 -   991 -   XX1
    2015 C001 8070 -   991 -   005    2000 C003 8140 022 -   -   022    2016 C004 8071 -   996 030 030
    1996 C019 9680 002 -   -   XX1    2004 C019 9680 -   988 -   XX1    2007 C019 8070 -   994 -   035
    2015 C019 8070 -   993 -   025    2011 C019 8070 -   992 -   015    2016 C019 8070 -   992 999 999
    2010 C021 8070 -   080 -   999    2017 C022 8070 -   994 022 022    2013 C023 8070 -   995 -   045
    1994 C039 9140 001 -   -   XX1    2014 C040 8070 -   001 -   001    2014 C041 8070 -   990 -   990
    2000 C049 8070 000 -   -   000    1989 C050 8720 055 -   -   XX1    1991 C079 8082 110 -   -   999
    1991 C079 8082 060 -   -   060    2017 C079 8082 -   996 999 999    1996 C099 8070 001 -   -   990
    2017 C090 9734 -   988 999 XX1    2016 C119 8070 -   000 999 999    2016 C148 8070 -   000 000 000
    2001 C151 8070 998 -   -   998    2008 C153 8070 -   998 -   998    1997 C151 8070 110 -   -   110
    2002 C154 8041 998 -   -   998    2017 C154 8140 -   130 130 130    2020 C119 8072 -   -   010 010
"""
"""Year, site, histology, sizes of EOD, CS and summary, size over time (facts from the peer's test data)."""


def test_known_tumor_sizes() -> None:
    words = [None if word == "-" else word for word in SIZES.split()]
    rows = [words[start : start + 7] for start in range(0, len(words), 7)]
    items = [
        "dateOfDiagnosis",
        "primarySite",
        "histologicTypeIcdO3",
        "eodTumorSize",
        "csTumorSize",
        "tumorSizeSummary",
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys([*items, "size"], pl.String), orient="row")
    made = derive(frame.with_columns(behaviorCodeIcdO3=pl.lit("3")), ["tumorSizeOverTime"])
    assert made.filter(pl.col("tumorSizeOverTime").ne_missing(pl.col("size"))).rows() == []


@pytest.mark.parametrize(
    "name", ["historicStage", "tumorSizeOverTime", "derivedSummaryGrade2018", "breastSubtype"]
)
def test_inputs_are_items_of_the_dictionary(name: str) -> None:
    inputs = find([name])[0].inputs
    assert [standards.item(item).id for item in inputs] == list(inputs)
