"""Audits of coding and casefinding through the door: blinded, in scope, nothing lost, differences become work."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import FACILITIES, KEY, ONE, PERSON, TUMOR, TWO, changed, hl7, write

ANNA = Actor("anna", "registrar")
BERT = Actor("bert", "registrar")
AT_ONE = Actor("quality-one", "quality", frozenset({ONE}))
ITEMS = ["primarySite", "laterality", "histologicTypeIcdO3", "dateOf1stContact"]
TEXT = "TEXT: mass in the upper outer quadrant"


def _person(number: int) -> dict[str, str]:
    return changed(
        PERSON, patientIdNumber=f"{number:08}", nameLast=f"Name{chr(65 + number % 26)}{chr(65 + number // 26)}",
        dateOfBirth=f"19{40 + number % 50}0214", socialSecurityNumber=f"2{number:08}",
    )  # fmt: skip


def _tumor(number: int, **items: str | None) -> dict[str, str]:
    return changed(
        TUMOR, accessionNumberHosp=f"2023{number:05}", medicalRecordNumber=f"MRN{number}", tumorRecordNumber="01",
        abstractedBy="ANNA" if number % 2 else "OTTO", textDxProcPath=TEXT, rxTextSurgery="TEXT: lumpectomy", **items,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry: 40 analytic cases at ONE, 10 at TWO, a consultation, and one of another year."""
    folder = tmp_path_factory.mktemp("audits")
    with Session.create(folder / "r.duckdb", key=KEY) as opened:
        (folder / "facilities.csv").write_text(FACILITIES)
        (folder / "messages.hl7").write_text(hl7(text="Report of case one", person=_person(1)))
        cases = [(_person(n), [_tumor(n, reportingFacility=ONE if n <= 40 else TWO)]) for n in range(1, 51)]
        cases += [
            (_person(51), [_tumor(51, classOfCase="30")]),
            (_person(52), [_tumor(52, dateOfDiagnosis="20220115")]),
        ]
        for path in (
            str(folder / "facilities.csv"),
            write(folder / "one.xml", *cases),
            str(folder / "messages.hl7"),
        ):
            opened.run("ingest.file", path=path)
        for name, facilities in (("anna", None), ("bert", None), ("otto", None), ("at-two", [TWO])):
            opened.run(
                "account.add",
                name=name,
                password="a very long pass phrase",
                role="registrar",
                facilities=facilities,
            )
    return folder


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    """A copy of it, open."""
    shutil.copytree(made, tmp_path / "r")
    with Session.open(tmp_path / "r" / "r.duckdb", key=KEY) as opened:
        yield opened


def _draw(session: Session, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"kind": "recoding", "year": 2023, "seed": 7, "items": ITEMS, **more}
    return session.run("audits.draw", **given)


def test_the_sample_is_of_analytic_cases_and_the_same_for_a_seed(session: Session) -> None:
    first, second = _draw(session), _draw(session)
    assert (first["population"], first["sampled"]) == (50, 5)
    held = "SELECT abstract_id, draw FROM quality_audit_case WHERE audit_id = ? ORDER BY draw"
    cases = [session._store.query(held, [audit["audit_id"]]) for audit in (first, second)]
    assert cases[0].equals(cases[1])
    whole = _draw(session, fraction=1.0, strata=["facility", "abstractor"])
    assert whole["sampled"] == 50
    assert _draw(session, fraction=1.0, at_most=3)["sampled"] == 3
    assert _draw(session, facility="9990028")["population"] == 10
    default = session.run("audits.draw", kind="reabstraction", year=2023)
    assert {"primarySite", "gradeClinical"} <= set(default["items"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"kind": "other"}, "kind of audit"),
        ({"strata": ["weekday"]}, "stratum"),
        ({"year_of": "death"}, "year of"),
        ({"items": ["nonsense"]}, "audited items"),
        ({"year": 1999}, "no analytic case"),
        ({"fraction": 2.0}, "sample"),
    ],
)
def test_odd_samples_are_refused(session: Session, words: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        _draw(session, **words)


def test_nobody_gets_a_case_of_their_own(session: Session) -> None:
    audit = _draw(session, fraction=1.0)["audit_id"]
    assert session.run("audits.assign", audit_id=audit, to=["anna", "otto"]) == {"assigned": 50, "left": 0}
    given = session._store.query(
        "SELECT k.auditor, c.abstractor, count(*) AS n FROM quality_audit_coding k JOIN quality_audit_case c USING (case_id) "
        "GROUP BY ALL ORDER BY ALL"
    )
    assert given.rows() == [("anna", "OTTO", 25), ("otto", "ANNA", 25)]
    # a second coder each: only bert is left for all; his facilities do not matter, those of at-two do
    assert session.run("audits.assign", audit_id=audit, to=["at-two"], coders=2) == {
        "assigned": 10,
        "left": 40,
    }
    assert session.run("audits.assign", audit_id=audit, to=["bert"], coders=2) == {"assigned": 40, "left": 0}
    assert session.run("audits.assign", audit_id=audit, to=["bert"]) == {"assigned": 0, "left": 0}
    with pytest.raises(BadInput, match="nobody"):
        session.run("audits.assign", audit_id=audit, to=[])
    with pytest.raises(NotFound):
        session.run("audits.assign", audit_id=audit, to=["nobody-known"])
    with pytest.raises(NotFound, match="not all of these"):
        session.run("audits.assign", audit_id=audit, to=["anna"], case_ids=[999])


def _given_to_bert(session: Session, kind: str = "recoding", **more: Any) -> tuple[int, Session, list[int]]:
    audit = _draw(session, kind=kind, fraction=1.0, **more)["audit_id"]
    session.run("audits.assign", audit_id=audit, to=["bert"])
    bert = session.as_actor(BERT)
    return audit, bert, bert.run("audits.mine").filter(pl.col("audit_id") == audit)["case_id"].to_list()


def _text(value: Any) -> str:
    return json.dumps(value.to_dicts() if isinstance(value, pl.DataFrame) else value, default=str)


@pytest.mark.parametrize("kind", ["recoding", "reabstraction"])
def test_the_auditor_is_blinded(session: Session, kind: str) -> None:
    _, bert, cases = _given_to_bert(session, kind)
    seen = [bert.run("audits.case", case_id=case) for case in cases]
    for case in seen:
        assert [item["item"] for item in case["items"]] == ITEMS
        assert all(item["value"] is None for item in case["items"])
        everything = " ".join(_text(case[part]) for part in ("identification", "texts", "reports", "items"))
        assert TEXT in everything
        for code in ("C504", "8500", "20230110"):
            assert code not in everything
        shown = {each["item"] for each in case["identification"]}
        assert shown == ({"nameLast", "nameFirst", "dateOfBirth", "medicalRecordNumber", "accessionNumberHosp", "reportingFacility"}
                         if kind == "reabstraction" else {"sexAssignedAtBirth"} | shown & {"sex", "ageAtDiagnosis"})  # fmt: skip
    assert any("Report of case one" in _text(case["reports"]) for case in seen)
    with pytest.raises(NotFound):
        session.as_actor(ANNA).run("audits.case", case_id=cases[0])


def test_differences_become_work_and_are_settled(session: Session) -> None:
    audit, bert, cases = _given_to_bert(session)
    same = {
        "primarySite": "C504",
        "laterality": "2",
        "histologicTypeIcdO3": "8500",
        "dateOf1stContact": "20230110",
    }
    first = bert.run("audits.recode", case_id=cases[0], values={"laterality": "1"}, expected_version=1)
    assert (first["state"], first["version"], first["differences"]) == ("begun", 2, 0)
    assert bert.run("audits.case", case_id=cases[0])["items"][1]["value"] == "1"
    with pytest.raises(Conflict):
        bert.run("audits.recode", case_id=cases[0], values=same, expected_version=1)
    ended = bert.run(
        "audits.recode", case_id=cases[0], values={**same, "laterality": "1", "dateOf1stContact": None},
        expected_version=2, finished=True,
    )  # fmt: skip
    assert (ended["compared"], ended["differences"]) == (4, 2)
    for case in cases[1:20]:
        bert.run("audits.recode", case_id=case, values=same, expected_version=1, finished=True)
    with pytest.raises(BadInput, match="finished"):
        bert.run("audits.recode", case_id=cases[0], values=same, expected_version=3)

    found = session.run("audits.findings", audit_id=audit)
    assert found.select("item", "original", "recoded", "auditor").rows() == [
        ("dateOf1stContact", "20230110", None, "bert"), ("laterality", "2", "1", "bert"),
    ]  # fmt: skip
    tasks = session.run("tasks.list", kind="audit-discrepancy")
    assert tasks.height == 2
    assert (
        tasks["detail"][1]
        == f"audit {audit}: laterality of abstract {found['abstract_id'][1]} was coded otherwise"
    )

    results = session.run("audits.results", audit_id=audit)
    assert (results["cases"], results["finished"]) == (50, 20)
    assert results["overall"].select("compared", "agreed", "percent").row(0) == (80, 78, 97.5)
    assert results["items"].select("item", "compared", "agreed").rows() == [
        ("dateOf1stContact", 20, 19), ("histologicTypeIcdO3", 20, 20), ("laterality", 20, 19), ("primarySite", 20, 20),
    ]  # fmt: skip
    assert results["abstractors"]["compared"].sum() == results["facilities"]["compared"].sum() == 80
    assert results["coders"].is_empty()

    resolved = session.run("audits.resolve", finding_id=found["finding_id"][1], resolution="original",
                           reason="the report says left", expected_version=1)  # fmt: skip
    assert resolved["version"] == 2
    assert (
        session.run("tasks.list", kind="audit-discrepancy")["task_id"].to_list()
        == tasks["task_id"].to_list()[:1]
    )
    reviewed = session.run("audits.results", audit_id=audit)["reviewed"]
    assert dict(reviewed.select("item", "agreed").iter_rows())["laterality"] == 20
    with pytest.raises(BadInput, match="resolved already"):
        session.run(
            "audits.resolve",
            finding_id=found["finding_id"][1],
            resolution="both",
            reason="x",
            expected_version=2,
        )
    with pytest.raises(BadInput, match="reason"):
        session.run(
            "audits.resolve",
            finding_id=found["finding_id"][0],
            resolution="both",
            reason=" ",
            expected_version=1,
        )

    session.run("audits.close", audit_id=audit)
    with pytest.raises(BadInput, match="closed"):
        session.run("audits.assign", audit_id=audit, to=["anna"])
    with pytest.raises(BadInput, match="finished"):
        bert.run("audits.recode", case_id=cases[30], values=same, expected_version=1)
    assert session.run("audits.list", state="open").is_empty()
    assert session._store.verify_audit().ok


def test_codes_that_the_item_does_not_have_are_refused(session: Session) -> None:
    _, bert, cases = _given_to_bert(session)
    for values in ({"laterality": "8"}, {"grade": "1"}, {"primarySite": "C50411111"}):
        with pytest.raises(BadInput):
            bert.run("audits.recode", case_id=cases[0], values=values, expected_version=1)
    with pytest.raises(BadInput, match="nothing is coded"):
        bert.run("audits.recode", case_id=cases[0], values={}, expected_version=1, finished=True)
    assert bert.run("audits.case", case_id=cases[0])["version"] == 1


def test_several_coders_and_who_looked(session: Session) -> None:
    audit, bert, cases = _given_to_bert(session, items=["laterality"], at_most=4)
    session.run("audits.assign", audit_id=audit, to=["anna", "otto"], coders=2)
    bert.run("records.abstract", abstract_id=session._store.query(
        "SELECT abstract_id FROM quality_audit_case WHERE case_id = ?", [cases[0]]).item())  # fmt: skip
    for name in ("anna", "otto", "bert"):
        coder = session.as_actor(Actor(name, "registrar"))
        for case in coder.run("audits.mine")["case_id"]:
            coder.run("audits.recode", case_id=case, values={"laterality": "1" if case == cases[0] else "2"},
                      expected_version=1, finished=True)  # fmt: skip
    results = session.run("audits.results", audit_id=audit)
    row = results["coders"].row(0, named=True)
    assert (row["item"], row["cases"], row["coders"]) == ("laterality", 4, 3)
    # one case: 1 of 3 pairs agree; three cases: all
    assert row["percent"] == pytest.approx(100 * (1 / 3 + 3) / 4)
    assert results["auditors"]["compared"].sum() == 8
    assert results["looked"].rows() == [("bert", 1)]


def test_an_open_coding_hides_the_findings_of_its_case(session: Session) -> None:
    audit, bert, cases = _given_to_bert(session, items=["laterality"], at_most=4)
    session.run("audits.assign", audit_id=audit, to=["otto", "anna"], coders=2)
    bert.run("audits.recode", case_id=cases[0], values={"laterality": "1"}, expected_version=1, finished=True)
    other = session._store.query(
        "SELECT auditor FROM quality_audit_coding WHERE case_id = ? AND auditor <> 'bert'", [cases[0]]
    ).item()
    assert bert.run("audits.findings").height == 1
    assert session.as_actor(Actor(other, "registrar")).run("audits.findings").is_empty()


def test_a_facility_sees_its_own_audits_only(session: Session) -> None:
    audit, bert, cases = _given_to_bert(session)
    for case in cases:
        bert.run("audits.recode", case_id=case, values={"laterality": "1"}, expected_version=1, finished=True)
    held = session.as_actor(AT_ONE)
    assert held.run("audits.list")["cases"].to_list() == [40]
    assert set(held.run("audits.findings", limit=10_000)["facility_id"]) == {ONE}
    results = held.run("audits.results", audit_id=audit)
    assert (results["cases"], results["finished"]) == (40, 40)
    assert results["facilities"]["facility_id"].to_list() == [ONE]
    with pytest.raises(Denied):
        held.run("audits.close", audit_id=audit)
    at_two = _draw(session, facility=TWO)["audit_id"]
    for name in ("audits.show", "audits.results"):
        with pytest.raises(NotFound):
            held.run(name, audit_id=at_two)
    of_two = (
        session.run("audits.findings", limit=10_000).filter(pl.col("facility_id") == TWO).row(0, named=True)
    )
    with pytest.raises(NotFound):
        held.run(
            "audits.resolve",
            finding_id=of_two["finding_id"],
            resolution="both",
            reason="x",
            expected_version=1,
        )
    own = held.run("audits.draw", kind="recoding", year=2023, seed=1, fraction=1.0)
    assert own["population"] == 40
    assert held.run("audits.close", audit_id=own["audit_id"])["state"] == "closed"


LIST = f"""facility,source,mrn,last name,first name,birth date,site,date
{ONE},pathology,MRN1,,,,C50.4,2023-01-15
{ONE},pathology,MRN1,,,,C50.4,2023-01-15
{ONE},index,MRN2,,,,C61,2023-01-15
{ONE},index,NOBODY,SECRETNAME,ANN,19500101,C61,2023-01-15
{TWO},index,MRN41,,,,C504,20230120
,index,MRN1,,,,C504,20230120
{ONE},index,MRN3,,,,C504,today
"""


def test_a_casefinding_list_becomes_figures_and_work(session: Session) -> None:
    made = session.run(
        "audits.casefinding", path="list.csv", content=LIST, title="audit of the year", year=2023
    )
    assert made | {"audit_id": 0} == {
        "audit_id": 0, "rows": 7, "found": 2, "missed": 1, "unclear": 1, "unreadable": 2, "repeated": 1,
    }  # fmt: skip
    audit = made["audit_id"]
    rows = session.run("audits.listed", audit_id=audit)
    assert rows["line"].to_list() == [2, 3, 4, 5, 6, 7, 8]
    assert rows["last_name"][3] == "SECRETNAME"
    assert rows["reason"].to_list()[5:] == ["a number without a facility", "date is not a date"]
    waiting = session.run("audits.listed", audit_id=audit, state="work")
    assert waiting["line"].to_list() == [4, 5, 7, 8]
    tasks = session.run("tasks.list")
    ours = tasks.filter(pl.col("kind").str.starts_with("casefinding-"))
    assert sorted(ours["kind"]) == [
        "casefinding-missed", "casefinding-unclear", "casefinding-unreadable", "casefinding-unreadable",
    ]  # fmt: skip
    assert "SECRETNAME" not in _text(ours)
    overall = session.run("audits.results", audit_id=audit)["overall"].row(0, named=True)
    assert (overall["found"], overall["missed"], overall["unclear"]) == (2, 1, 1)
    unclear = waiting.row(0, named=True)
    session.run(
        "audits.settle",
        entry_id=unclear["entry_id"],
        outcome="not_eligible",
        reason="benign",
        expected_version=1,
    )
    with pytest.raises(Conflict):
        session.run(
            "audits.settle", entry_id=unclear["entry_id"], outcome="found", reason="no", expected_version=1
        )
    with pytest.raises(BadInput, match="earlier"):
        session.run(
            "audits.settle", entry_id=rows["entry_id"][1], outcome="found", reason="no", expected_version=1
        )
    overall = session.run("audits.results", audit_id=audit)["overall"].row(0, named=True)
    assert (overall["cases"], overall["unclear"], overall["not_eligible"]) == (3, 0, 1)
    assert session.run("tasks.list", kind="casefinding-unclear").is_empty()
    assert session.run("audits.list")["open_work"].to_list() == [3]
    assert session._store.verify_audit().ok


def test_a_facility_takes_in_its_own_list_only(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LIST)
    held = session.as_actor(AT_ONE)
    made = held.run("audits.casefinding", path=str(file), facility="9990010")
    assert (made["found"], made["unreadable"]) == (
        2,
        2,
    )  # the row without facility is of ONE, that of TWO is not looked up
    rows = held.run("audits.listed", audit_id=made["audit_id"])
    assert rows.height == 7
    assert rows["reason"][4] == "the facility is not in your scope"
    assert rows["patient_id"][4] is None
    by_central = session.run("audits.casefinding", path="list.csv", content=LIST)["audit_id"]
    assert set(held.run("audits.listed", audit_id=by_central)["facility_id"]) == {ONE}
    entry = session.run("audits.listed", audit_id=by_central).filter(pl.col("facility_id") == TWO)[
        "entry_id"
    ][0]
    with pytest.raises(NotFound):
        held.run("audits.settle", entry_id=entry, outcome="found", reason="x", expected_version=1)
    other = session.as_actor(Actor("two", "quality", frozenset({TWO})))
    with pytest.raises(NotFound):
        other.run("audits.listed", audit_id=made["audit_id"])


@pytest.mark.parametrize(
    "words", [{"path": "missing.csv"}, {"content": "mrn,site\n"}, {"content": "a,b\n1,2\n"}, {"content": ""}]
)
def test_lists_that_cannot_be_used_are_refused(session: Session, words: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        session.run("audits.casefinding", **words)
    assert session.run("audits.list").is_empty()


def test_audits_of_the_year_stand_on_the_scorecard(session: Session) -> None:
    def card(year: int) -> dict[str, float | None]:
        found = session.run("quality.scorecard", year=year, as_of="2026-10-31")["card"]
        wanted = found.filter(pl.col("indicator").is_in(["recode_agreement", "case_finding_audit"]))
        return dict(wanted.select("indicator", "value").iter_rows())

    assert set(card(2023).values()) == {None}
    _, bert, cases = _given_to_bert(session, items=["laterality"])
    for case in cases[:10]:
        given = {"laterality": "1" if case == cases[0] else "2"}
        bert.run("audits.recode", case_id=case, values=given, expected_version=1, finished=True)
    session.run("audits.casefinding", path="list.csv", content=LIST, year=2023)
    assert card(2023) == {"recode_agreement": 90.0, "case_finding_audit": pytest.approx(100 * 2 / 3)}
    assert set(card(2022).values()) == {None}
