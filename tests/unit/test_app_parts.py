"""Parts of the app that need no browser: safe CSV, drafts and conflicts, sections, logs, settings."""

from __future__ import annotations

import csv
import io
import logging
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards import door, quiet
from dashboards.components import draft, sections
from registry.errors import Conflict
from registry.security.roles import ROLES, Actor
from registry.service.safe_csv import to_csv

DANGEROUS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|calc", "＝1", "%0A"]


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert rows(to_csv(pl.DataFrame({"name": [text]})))[1] == ["'" + text]


@pytest.mark.parametrize("text", ["RIVERA", "-5", "-1.5", "0000000001", "C50.4", "O'BRIEN", "a=b"])
def test_harmless_cells_stay(text: str) -> None:
    assert rows(to_csv(pl.DataFrame({"name": [text]})))[1] == [text]


@settings(deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r\n")), min_size=1))
def test_every_text_comes_back_safe_and_whole(texts: list[str]) -> None:
    back = [row[0] if row else "" for row in rows(to_csv(pl.DataFrame({"a": texts, "b": texts})))[1:]]
    for before, after in zip(texts, back, strict=True):
        assert after in {before, "'" + before}
        assert not after.lstrip().startswith(("=", "@")) or after.startswith("'")


def test_numbers_lists_and_nulls_are_written() -> None:
    frame = pl.DataFrame({"n": [-5, None], "items": [["a", "b"], None]})
    assert rows(to_csv(frame)) == [["n", "items"], ["-5", "a; b"], ["", ""]]


def record(version: int, **values: str) -> dict[str, Any]:
    items = [{"item": i, "name": i.title(), "number": 1, "value": v} for i, v in values.items()]
    return {"abstract_id": 7, "version": version, "status": "reopened", "editable": True, "items": items}


def test_typing_back_what_was_saved_is_no_change() -> None:
    work = draft.Draft(record(1, site="C504", sex="2"))
    work.type("site", "C509 ")
    assert work.changes == {"site": "C509"} and work.value("site") == "C509"
    work.type("site", "C504")
    assert work.changes == {}
    work.type("sex", "")
    assert work.changes == {"sex": ""}


def test_conflict_shows_both_values_and_what_only_they_changed() -> None:
    work = draft.Draft(record(1, site="C504", sex="2", race="01", dateCaseLastChanged="1"))
    work.type("site", "C509")
    work.theirs = record(2, site="C503", sex="1", race="01", dateCaseLastChanged="2")
    assert work.conflicts() == [
        {"item": "Site", "before": "C504", "mine": "C509", "theirs": "C503"},
        {"item": "Sex", "before": "2", "mine": "", "theirs": "1"},
    ]


@pytest.mark.parametrize(("keep_mine", "changes"), [(True, {"site": "C509"}), (False, {})])
def test_rebase_keeps_theirs_and_perhaps_mine(
    monkeypatch: pytest.MonkeyPatch, keep_mine: bool, changes: dict[str, str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(door, "ask", lambda operation, /, **_: asked.append(operation))
    work = draft.Draft(record(1, site="C504", sex="2"))
    work.type("site", "C509")
    work.keep()
    work.keep()
    assert asked == ["records.keep_draft"] and work.kept == {"site": "C509"}
    key = work.key
    work.rebase(record(2, site="C503", sex="1"), keep_mine=keep_mine)
    assert work.changes == changes and work.saved("sex") == "1" and work.record["version"] == 2
    assert work.key != key and work.theirs is None
    assert asked[1:] == ([] if keep_mine else ["records.drop_draft"])


def test_save_that_comes_second_keeps_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(operation: str, /, **arguments: Any) -> Any:
        if operation == "records.save":
            assert arguments["expected_version"] == 1 and arguments["idempotency_key"] == work.key
            raise Conflict("abstract 7", "was changed by somebody else")
        return record(2, site="C503")

    monkeypatch.setattr(door, "ask", ask)
    work = draft.Draft(record(1, site="C504"))
    work.type("site", "C509")
    with pytest.raises(Conflict):
        work.save(None)
    assert work.changes == {"site": "C509"} and work.theirs is not None and work.theirs["version"] == 2


def test_every_item_of_the_dictionary_has_a_section() -> None:
    from registry import standards

    items = (
        standards.dictionary().items.rename({"id": "item"}).filter(pl.col("level") != "NaaccrData").to_dicts()
    )
    found = sections.sections(items)
    placed = [entry["item"] for name, entries in found.items() if name != sections.MAIN for entry in entries]
    assert sorted(placed) == sorted(entry["item"] for entry in items)
    assert len(found[sections.MAIN]) >= 25


def test_logs_say_kind_and_place_only(caplog: pytest.LogCaptureFixture) -> None:
    factory = logging.getLogRecordFactory()
    logging.setLogRecordFactory(quiet.redacted)
    try:
        try:
            raise ValueError("RIVERA, MARIA 987654321")
        except ValueError as error:
            logging.getLogger("anything").exception("failed: %s", error)
    finally:
        logging.setLogRecordFactory(factory)
    assert "RIVERA" not in caplog.text and "ValueError at test_app_parts.py:" in caplog.text


def test_safe_settings_win_over_a_persons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit import config

    from dashboards.server import build_app

    monkeypatch.setenv("STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION", "false")
    monkeypatch.setenv("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "true")
    build_app(lambda: pytest.fail("no session is opened while building"))
    assert config.get_option("server.enableXsrfProtection") is True
    assert config.get_option("browser.gatherUsageStats") is False
    assert config.get_option("client.showErrorDetails") == "none"
    assert config.get_option("server.enableStaticServing") is False
    monkeypatch.undo()
    door._factory = None
    config.get_config_options(force_reparse=True)


@pytest.mark.parametrize("role", ROLES)
def test_each_address_is_a_page_or_says_whose_it_is(monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    import streamlit

    from dashboards import pages

    made: list[dict[str, Any]] = []
    kept: dict[str, Any] = {}

    def page(_run: Any, **how: Any) -> dict[str, Any]:
        made.append(how)
        return how

    monkeypatch.setattr(streamlit, "Page", page)
    monkeypatch.setattr(streamlit, "session_state", kept)
    actor = Actor("somebody", role)
    pages.pages_for(actor)
    assert sorted(how["url_path"] for how in made) == sorted(entry[0] for entry in pages.PAGES)
    own = {path for path, _title, _icon, names in pages.PAGES if pages.opens(actor, names)}
    assert set(kept["_pages"]) == own
    assert all(how["visibility"] == "hidden" for how in made if how["url_path"] not in own)
    assert [how["url_path"] for how in made if how.get("default")] == ["overview"]


@pytest.mark.parametrize(
    ("role", "pages_of"),
    [
        ("registrar", {"quality", "audits", "monitor"}),
        ("quality", {"quality", "audits", "monitor"}),
        ("manager", {"quality", "audits", "monitor"}),
        ("auditor", {"quality"}),
        ("researcher", set()),
    ],
)
def test_quality_pages_follow_the_role_matrix(role: str, pages_of: set[str]) -> None:
    from dashboards import pages

    actor = Actor("somebody", role)
    offered = {path for path, _title, _icon, names in pages.PAGES if pages.opens(actor, names)}
    assert offered & {"quality", "audits", "monitor"} == pages_of


@pytest.mark.parametrize(
    ("facilities", "offered"), [(None, True), (frozenset({"0000000001"}), False), (frozenset(), False)]
)
def test_figures_of_the_whole_registry_are_central_staffs(
    monkeypatch: pytest.MonkeyPatch, facilities: frozenset[str] | None, offered: bool
) -> None:
    from dashboards.pages import quality

    shown: list[list[str]] = []

    def control(_label: str, options: list[str], **_how: Any) -> str:
        shown.append(options)
        return options[0]

    monkeypatch.setattr(door, "actor", lambda: Actor("somebody", "registrar", facilities))
    monkeypatch.setattr(quality.st, "title", lambda _text: None)
    monkeypatch.setattr(quality.st, "segmented_control", control)
    monkeypatch.setitem(quality._SECTIONS, "Work", (lambda: None, "quality.failures"))
    quality.show()
    assert ("Suites" in shown[0]) is offered and "Work" in shown[0]


def test_a_record_marks_the_items_of_the_edit_and_escapes_values() -> None:
    from dashboards.components import failure_panel

    entry = {"number": 400, "label": "Breast", "listed": True}
    items = [
        {**entry, "item": "primarySite", "name": "Primary Site", "value": "C509"},
        {**entry, "item": "nameLast", "name": "Name--Last", "value": "<b>O'Hara</b>", "label": None},
    ]
    found = {
        "failure": {},
        "record": {"items": items},
        "highlight": ["primarySite", "sex"],
        "judged_values": {"primarySite": "C619", "sex": None, "socialSecurityNumber": "*****1586"},
        "changed_since": True,
    }
    drawn = failure_panel._record(found)
    marked = [row for row in drawn.split("<tr")[1:] if row.startswith(' class="rg-marked"')]
    assert "Primary Site" in marked[0] and "judged: C619" in marked[0]
    assert not any("Sex" in row for row in marked)
    assert "<b>O" not in drawn and "&lt;b&gt;O" in drawn
