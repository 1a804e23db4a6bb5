"""A registry's own edits: Python and CSV files beside the package."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from registry import edits
from registry.errors import BadInput, Denied, NotFound, RegistryError

AS_OF = dt.date(2026, 11, 1)

PYTHON = """
import polars as pl
from registry.edits import edit

@edit("own-iowa", message="{addrAtDxState} is not Iowa", items=["addrAtDxState"], severity="warning",
      passes=["IA", ""], fails=["IL", "WI"])
def not_iowa() -> pl.Expr:
    return pl.col("addrAtDxState") != "IA"
"""

CSV = """edit_id,severity,level,items,message,fails_when,years,override_item,columns,passes,fails
own-prostate,review,inter-item,primarySite;laterality,Prostate with side {laterality},"primarySite = 'C619' AND laterality <> '0'",2018-,overRideSiteType,primarySite;laterality;dateOfDiagnosis,C619 | 0 | 2020;C619 | 1 | 2017,C619 | 1 | 2018
own-payer,warning,item,primaryPayerAtDx,Payer {primaryPayerAtDx} is not used here,"value IN ('value', '99')",,,,10;20,99
"""


@pytest.fixture(autouse=True)
def register() -> Iterator[None]:
    """The register as it was, afterwards."""
    before = list(edits.all_edits())
    yield
    edits.unload_own()
    assert list(edits.all_edits()) == before


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    tmp_path.chmod(0o700)

    def keep(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return keep


Write = Callable[[str, str], Path]


def test_a_python_file_adds_edits_to_lists_and_sets(write: Write) -> None:
    assert edits.load_own(write("ours.py", PYTHON)) == ("own-iowa",)
    assert edits.find("own-iowa").own and "own-iowa" in edits.edit_ids("central")
    found = edits.run(None, pl.DataFrame({"tumor_id": [1, 2], "addrAtDxState": ["IL", "IA"]}), ["own-iowa"])
    assert found.select("tumor_id", "message").rows() == [(1, "IL is not Iowa")]
    assert [f.edit for f in edits.check_record({"addrAtDxState": "WI"}, ["own-iowa"])] == ["own-iowa"]


def test_a_csv_file_holds_sql_expressions(write: Write) -> None:
    path = write("ours.csv", CSV)
    records = pl.DataFrame(
        {
            "tumor_id": [1, 2, 3, 4],
            "primarySite": ["C619", "C619", "C61X", "C509"],
            "laterality": ["1", "1", "1", None],
            "dateOfDiagnosis": ["2020", "2017", "2020", "2020"],
            "overRideSiteType": ["1", None, None, None],
            "primaryPayerAtDx": [None, "10", "10", "99"],
        }
    )
    assert edits.load_own(path) == ("own-prostate", "own-payer")
    found = edits.run(None, records, ["own-prostate", "own-payer"], as_of=AS_OF, own=path)
    assert found.select("tumor_id", "edit", "severity", "state").rows() == [
        (1, "own-prostate", "review", "overridden"),
        (4, "own-payer", "warning", "open"),
    ]


def test_lists_in_sql_judge_one_record_too(write: Write) -> None:
    text = """edit_id,severity,level,items,message,fails_when,passes,fails
own-county,warning,inter-item,countyAtDx,County {countyAtDx},"countyAtDx NOT IN ('001', '003')",001,005
"""
    edits.load_own(write("ours.csv", text))
    assert [f.edit for f in edits.check_record({"countyAtDx": "005"}, ["own-county"])] == ["own-county"]
    assert not edits.check_record({"countyAtDx": "003"}, ["own-county"])


def test_own_edits_run_with_the_sets_they_name(write: Write) -> None:
    text = PYTHON.replace('severity="warning"', 'severity="warning", sets=["hospital"]')
    edits.load_own(write("ours.py", text))
    assert [name for name in edits.names() if "own-iowa" in edits.edit_ids(name)] == ["all", "hospital"]


def test_a_changed_file_takes_the_place_of_the_earlier_one(write: Write) -> None:
    edits.load_own(write("ours.py", PYTHON))
    assert edits.load_own(write("ours.py", PYTHON.replace("own-iowa", "own-state"))) == ("own-state",)
    with pytest.raises(NotFound):
        edits.find("own-iowa")


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("a.py", "import polars as pl\nraise ValueError('no')", "does not work: no"),
        ("a.py", "def", "does not work"),
        ("a.py", PYTHON.replace("own-iowa", "site-sex"), "defined twice"),
        ("a.py", PYTHON.replace('passes=["IA", ""]', 'passes=["IA", "IL"]'), "should be: passes"),
        ("a.py", PYTHON.replace('fails=["IL", "WI"]', "fails=[]"), "needs an example"),
        ("a.py", PYTHON.replace("addrAtDxState", "addrAtDxPlanet"), "unknown items addrAtDxPlanet"),
        ("a.csv", CSV.replace("laterality <> '0'", "laterality <> "), "not an SQL expression"),
        ("a.csv", CSV.replace("warning,item", "fatal,item"), "severity must be one of"),
        ("a.csv", CSV.replace("warning,item", "warning,inter-record"), "level must be one of"),
        ("a.csv", CSV.replace("2018-", "20-18"), "years are written"),
        ("a.csv", CSV.replace("fails_when", "when"), "no column fails_when"),
        ("a.csv", CSV.replace("years,", "jahre,"), "unknown column jahre"),
        ("a.csv", CSV.replace("10;20,99", "10;20"), "as many cells"),
        ("a.csv", CSV.replace("C619 | 1 | 2018", "C619"), "1 cells for 3 columns"),
        ("a.txt", "", ".py or a .csv"),
    ],
)
def test_a_wrong_file_is_one_line_and_changes_nothing(write: Write, name: str, text: str, what: str) -> None:
    before = dict(edits.all_edits())
    with pytest.raises(RegistryError, match=what) as caught:
        edits.load_own(write(name, text))
    assert "\n" not in str(caught.value)
    assert edits.all_edits() == before


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_bytes(b"\xff\xfe\x00edit")
    with pytest.raises(BadInput, match="UTF-8"):
        edits.load_own(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        edits.load_own(tmp_path / "none.py")


@pytest.mark.parametrize(("mode", "folder"), [(0o666, 0o700), (0o660, 0o700), (0o600, 0o777)])
def test_code_that_others_may_write_is_not_run(write: Write, mode: int, folder: int) -> None:
    path = write("ours.py", PYTHON)
    path.chmod(mode)
    path.parent.chmod(folder)
    with pytest.raises(Denied, match="others could write"):
        edits.load_own(path)
    with pytest.raises(NotFound):
        edits.find("own-iowa")
