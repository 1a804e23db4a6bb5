"""The reporting monitor and the edit report through the door: figures of a real file, in scope."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, PERSON, TUMOR, TWO, changed, write

AS_OF = "2023-12-31"
AT_ONE = Actor("anna", "quality", frozenset({ONE}))
SECRET = "SECONDSECRET"
FACILITIES = f"""facility_id,effective_from,effective_to,npi,name,closed,expected_cases,contact_email
{ONE},2000-01-01,,1000001010,FIRST HOSPITAL,,12,first@example.org
{TWO},2000-01-01,2022-12-31,1000001028,OLD NAME,,500,old@example.org
{TWO},2023-01-01,,1000001028,{SECRET},,60,two@example.org
0009990036,2000-01-01,,1000001036,THIRD HOSPITAL,,,
0009990044,2000-01-01,,1000001044,CLOSED HOSPITAL,2023-03-01,40,
"""


def _case(
    number: int, facility: str, received: str | None, **items: str | None
) -> tuple[dict[str, str], list[dict[str, str]]]:
    person = changed(
        PERSON, patientIdNumber=f"{number:08}", nameLast=f"{SECRET if facility == TWO else 'Name'}{chr(65 + number)}",
        socialSecurityNumber=f"2{number:08}", dateOfBirth=f"19{40 + number}0101",
    )  # fmt: skip
    tumor = changed(
        TUMOR, reportingFacility=facility, accessionNumberHosp=f"2023{number:05}", medicalRecordNumber=f"M{number}",
        dateCaseReportReceived=received, abstractedBy="AB", **items,
    )  # fmt: skip
    return person, [tumor]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitor")
    with Session.create(folder / "r.duckdb", key=KEY, synthetic=True) as opened:
        (folder / "facilities.csv").write_text(FACILITIES)
        opened.run("ingest.file", path=str(folder / "facilities.csv"))
        cases = [_case(n, ONE, f"2023{n:02}15", dateOf1stContact="20230110") for n in range(1, 13)]
        cases += [_case(20 + n, TWO, f"20230{n}15", dateOf1stContact="20230110") for n in range(1, 4)]
        cases += [_case(30, TWO, "20991231"), _case(31, TWO, "2023"), _case(32, TWO, None, laterality="8")]
        opened.run("ingest.file", path=write(folder / "cases.xml", *cases))
        opened.run("quality.run", edit_set="all", as_of=AS_OF)
    return folder


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    shutil.copytree(made, tmp_path / "r")
    with Session.open(tmp_path / "r" / "r.duckdb", key=KEY) as opened:
        yield opened


def _by_facility(table: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {str(row["facility_id"]): row for row in table.iter_rows(named=True)}


def test_facilities_against_what_was_expected(session: Session) -> None:
    rows = _by_facility(session.run("monitor.facilities", as_of=AS_OF))
    first, second = rows[ONE], rows[TWO]
    assert (first["received"], first["expected"], first["expected_from"], first["state"]) == (
        12,
        12.0,
        "facility",
        "on time",
    )
    assert first["median_days"] == 171  # between 156 days (June) and 186 (July)
    assert first["timely_percent"] == pytest.approx(100 * 6 / 12)
    # the newest row of the table counts on that day; what was said for 2099, or only as a year, came on the day of loading
    assert (second["name"], second["expected"], second["received"], second["state"]) == (
        SECRET,
        60.0,
        3,
        "silent",
    )
    assert (second["last_received"], second["months_silent"]) == (dt.date(2023, 3, 15), 9)
    assert rows["0009990036"]["state"] == "no expectation"
    assert rows["0009990044"]["state"] == "closed"
    today = _by_facility(session.run("monitor.facilities"))
    assert today[TWO]["received"] == 3
    assert today[TWO]["pass_percent"] < 100


def test_months_add_up_and_a_figure_of_the_year_counts_first(session: Session) -> None:
    assert (
        session.run("monitor.expect", facility=ONE, year=2023, expected=24, source="budget")["expected"] == 24
    )
    assert session.run("monitor.expect", facility=ONE, year=2023, expected=36)["expected"] == 36
    table = session.run("monitor.months", facility=ONE, as_of=AS_OF, count=12)
    assert table["received"].to_list() == [1] * 12
    assert table["expected"].to_list() == [3.0] * 12
    everybody = session.run("monitor.months", as_of=AS_OF, count=12)
    assert (
        everybody["received"].sum() == session.run("monitor.facilities", as_of=AS_OF)["received"].sum() == 15
    )
    assert session.run("monitor.expectations").select("facility_id", "year", "expected", "source").rows() == [
        (ONE, 2023, 36, None)
    ]
    session.run("monitor.expect", facility=ONE, year=2023, expected=None)
    assert session.run("monitor.expectations", year=2023).is_empty()
    assert session.run("monitor.months", facility=ONE, as_of=AS_OF, count=1)["expected"].to_list() == [1.0]
    assert session._store.verify_audit().ok


def test_reminders_keep_their_last_contact(session: Session) -> None:
    first = session.run("monitor.reminders", as_of=AS_OF)
    assert first.select("facility_id", "contact_email", "times_reminded").rows() == [
        (TWO, "two@example.org", 0)
    ]
    session.run(
        "monitor.remind", facility="9990028", method="telephone", note="asked for the file", on="2023-12-20"
    )
    assert session.run("monitor.reminders", as_of=AS_OF)["last_reminded"].to_list() == [dt.date(2023, 12, 20)]
    kept = session._store.query("SELECT reason, note, reminded_by FROM facility_reminder").row(0)
    assert kept[:2] == ("nothing received for 8 months (usually every 1)", "asked for the file")
    assert session.run("monitor.reminders", as_of="2023-12-19")["last_reminded"].to_list() == [None]
    for words in ({"method": "pigeon"}, {"on": "2999-01-01"}, {"on": "soon"}):
        with pytest.raises(BadInput):
            session.run("monitor.remind", facility=TWO, **words)


def test_casefinding_sources_are_reviewed_month_by_month(session: Session) -> None:
    words: dict[str, Any] = {
        "facility": ONE,
        "year": 2023,
        "month": 1,
        "source": "pathology and cytology",
        "on": "2023-02-10",
    }
    anna = session.as_actor(AT_ONE)
    assert anna.run("monitor.review", **words, reviewed=200, eligible=14, open_items=2) == {
        "review_id": 1,
        "version": 1,
    }
    table = anna.run("monitor.casefinding", facility=ONE, year=2023, as_of="2023-03-15")
    row = table.filter((pl.col("month") == 1) & (pl.col("source") == "pathology and cytology")).row(
        0, named=True
    )
    assert (row["state"], row["open_items"], row["reviewed_by"], row["version"]) == (
        "open items",
        2,
        "anna",
        1,
    )
    assert anna.run("monitor.review", **words, reviewed=200, eligible=14, expected_version=1)["version"] == 2
    with pytest.raises(Conflict):
        anna.run("monitor.review", **words, reviewed=1, expected_version=1)
    for more in ({"month": 13}, {"source": " "}, {"reviewed": 3, "eligible": 4}, {"open_items": -1}):
        with pytest.raises(BadInput):
            anna.run("monitor.review", **{**words, **more})
    assert anna.run("monitor.sources", facility=ONE, names=["pathology and cytology", "own log"]) == [
        "pathology and cytology",
        "own log",
    ]
    assert anna.run("monitor.casefinding", facility=ONE, year=2023)["source"].n_unique() == 2
    assert len(anna.run("monitor.sources", facility=ONE, names=[])) > 2


def test_a_facility_sees_itself_alone(session: Session) -> None:
    anna = session.as_actor(AT_ONE)
    session.run("monitor.expect", facility=TWO, year=2023, expected=77)
    session.run("monitor.remind", facility=TWO)
    for name, words in (
        ("monitor.facilities", {}), ("monitor.months", {}), ("monitor.reminders", {}), ("monitor.expectations", {}),
    ):  # fmt: skip
        given = {} if name == "monitor.expectations" else {"as_of": AS_OF, **words}
        assert set(anna.run(name, **given)["facility_id"]) <= {ONE}
    for name, words in (
        ("monitor.months", {}), ("monitor.casefinding", {"year": 2023}), ("monitor.sources", {"names": []}), ("monitor.remind", {}),
        ("monitor.review", {"year": 2023, "month": 1, "source": "x"}),
    ):  # fmt: skip
        for facility in (TWO, "0000000999"):
            with pytest.raises(NotFound):
                anna.run(name, facility=facility, **words)
    with pytest.raises(Denied):
        anna.run("monitor.expect", facility=ONE, year=2023, expected=1)
    with pytest.raises(Denied):
        session.as_actor(Actor("rita", "researcher")).run("monitor.facilities")


@pytest.mark.parametrize("format", ["html", "csv", "xlsx"])
def test_the_report_names_nobody_and_stays_in_scope(session: Session, format: str) -> None:
    words: dict[str, Any] = {"format": format, "as_of": AS_OF, "records": True}
    whole = session.run("quality.report_document", **words)
    assert whole["content"] == session.run("quality.report_document", **words)["content"]
    held = session.as_actor(AT_ONE).run("quality.report_document", **words)
    texts = [_content(found) for found in (whole, held)]
    assert SECRET in texts[0]  # as the name of the facility
    for letter in range(21, 33):
        assert f"{SECRET}{chr(65 + letter)}" not in texts[0]
    assert "Alvarez" not in texts[0] + texts[1]
    assert SECRET not in texts[1]
    assert TWO not in texts[1]
    assert "FIRST HOSPITAL" in texts[1]
    assert whole["name"].startswith("edit-report-2023-12-31.")
    one = session.run("quality.report_document", facility="9990010", **words)
    assert SECRET not in _content(one)


def _content(found: dict[str, Any]) -> str:
    data: bytes = found["content"]
    if found["name"].endswith(".html"):
        return data.decode()
    archive = zipfile.ZipFile(io.BytesIO(data))
    return "\n".join(archive.read(name).decode("utf-8") for name in archive.namelist())


def test_the_report_says_what_to_know(session: Session) -> None:
    page = session.run("quality.report_document", as_of=AS_OF)["content"].decode()
    assert "SYNTHETIC DATA, no real persons" in page
    assert "No official result was imported." in page
    assert 'id="edit"' in page
    assert 'id="records"' not in page
    only = session.run("quality.report_document", by="year", as_of=AS_OF)["content"].decode()
    assert 'id="year"' in only
    assert 'id="edit"' not in only
    for words in ({"format": "pdf"}, {"by": "weather"}):
        with pytest.raises(BadInput):
            session.run("quality.report_document", **words)


def test_an_empty_registry_has_a_report_and_a_monitor(tmp_path: Path) -> None:
    with Session.create(tmp_path / "empty.duckdb", key=KEY) as opened:
        for format in ("html", "csv", "xlsx"):
            assert opened.run("quality.report_document", format=format, records=True, as_of=AS_OF)["content"]
        assert opened.run("monitor.facilities", as_of=AS_OF).is_empty()
        assert opened.run("monitor.months", as_of=AS_OF).is_empty()
        assert opened.run("monitor.reminders", as_of=AS_OF).is_empty()
        assert opened.run("audits.list").is_empty()
        assert opened.run("audits.mine").is_empty()
