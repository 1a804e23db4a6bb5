"""Work on quality in a real Chromium: the board, the report, the scorecard, the reporting monitor, audits."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import Served, settle
from tests.browser.test_app_browser import assert_well, choose_row, token_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def section(page: Page, name: str) -> None:
    page.locator(".stMain").get_by_role("radio", name=name, exact=True).or_(
        page.locator(".stMain button", has_text=re.compile(f"^{re.escape(name)}$"))
    ).first.click()
    settle(page)
    assert_well(page)


def pick(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    page.get_by_role("combobox", name=label, exact=True).first.click()
    page.get_by_role("option", name=option).first.click()
    settle(page)


def failures(page: Page) -> int:
    """How many failures the board says it shows."""
    said = page.get_by_text(re.compile(r"^[\d,]+ failures?\. Choose a row")).inner_text()
    return int(said.split(" ")[0].replace(",", ""))


def test_a_review_is_overridden_with_a_reason_and_leaves_the_open_list(sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", "/quality")
    everything = failures(page)
    pick(page, "Severity", "Review")
    reviews = failures(page)
    assert 1 < reviews < everything
    choose_row(page, 0, 0)
    panel = page.locator(".st-key-failure_work")
    assert panel.locator("tr.rg-marked").count() >= 1
    assert "Our own edits" in panel.inner_text()
    panel.get_by_role("button", name="Override", exact=True).click()
    panel.get_by_text("needs a reason").wait_for()
    panel.get_by_role("textbox", name="Why the record is right as it stands").fill(
        "chart was looked at again"
    )
    panel.get_by_role("button", name="Override", exact=True).click()
    page.get_by_text(f"{reviews - 1} failure").first.wait_for()
    settle(page)
    assert failures(page) == reviews - 1 and panel.count() == 0
    assert_well(page)
    section(page, "Overrides")
    choose_row(page, 0, 0)
    page.get_by_text(re.compile("^quinn, .*chart was looked at again")).wait_for()
    page.get_by_role("textbox", name="Why it is withdrawn").fill("the wrong chart")
    page.get_by_role("button", name="Withdraw", exact=True).click()
    settle(page)
    section(page, "Work")
    pick(page, "Severity", "Review")
    assert failures(page) == reviews


def test_failures_are_given_to_a_person(sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/quality")
    page.get_by_text("Mine 0", exact=True).wait_for()
    for row in (0, 1):
        choose_row(page, 0, row)
    pick(page, "Give to", "olga")
    page.get_by_role("textbox", name="Note (optional)").fill("before Friday")
    page.get_by_role("button", name="Give 2 failures").click()
    page.get_by_text("Mine 2", exact=True).click()
    settle(page)
    assert failures(page) == 2
    choose_row(page, 0, 0)
    page.get_by_text("Given to olga by olga: before Friday").wait_for()


def test_the_report_is_taken_along_as_page_and_files(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", "/quality")
    section(page, "Report")
    page.get_by_text("Open per 100 records").first.wait_for(state="attached")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Printable page").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert waiting.value.suggested_filename.endswith(".html")
    assert text.lstrip().lower().startswith("<!doctype html>") and served.last_name not in text
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV files").click()
    with zipfile.ZipFile(waiting.value.path()) as files:
        assert "facility.csv" in files.namelist()
    address = str(page.get_by_role("link", name="Excel").get_attribute("href"))
    other = token_of(sign_in("anna"))
    with httpx.Client(base_url=served.address, cookies={"registry_session": other}) as client:
        assert client.get(address).status_code == 404


def test_the_scorecard_says_what_is_met_and_what_is_missing(visit: Callable[[str, str], Page]) -> None:
    page = visit("paul", "/quality")
    section(page, "Scorecard")
    levels = page.locator(".rg-level")
    levels.first.wait_for()
    assert levels.count() == 5
    told = levels.all_inner_texts()
    assert any("NAACCR gold" in text for text in told)
    assert all(re.search(r"[✓✗?] (met|not met|not computable)", text) for text in told)
    row = page.locator("table.rg-grid tr", has_text="Records passing edits").first
    assert re.search(r"\d", row.inner_text())
    for name in ("Indicators", "Suites", "Official results"):
        section(page, name)


def test_an_overdue_facility_is_reminded(sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", "/monitor")
    section(page, "Reminders")
    choose_row(page, 0, 0)
    page.get_by_role("textbox", name="Note (optional)").fill("spoke to the registrar")
    page.get_by_role("button", name="Record reminder").click()
    page.get_by_text("Reminder recorded.").wait_for()
    settle(page)
    cells = page.locator("[data-testid=stDataFrame] td").all_text_contents()
    assert "1" in cells
    section(page, "Facilities")
    choose_row(page, 0, 0)
    page.get_by_text("Received and expected by month").wait_for()


def test_a_hospital_notes_its_casefinding(sign_in: Callable[..., Page]) -> None:
    page = sign_in("anna", "/monitor")
    grid = page.locator("table.rg-grid")
    grid.wait_for()
    page.get_by_role("spinbutton", name="Looked through").fill("12")
    page.get_by_role("spinbutton", name="Reportable").fill("5")
    page.get_by_role("spinbutton", name="Still open").fill("2")
    page.get_by_role("button", name="Save the review").click()
    grid.get_by_text("2 open").wait_for()
    section(page, "Our reporting")
    page.get_by_text("Received and expected by month").wait_for()


def test_a_case_is_coded_again_without_sight_of_its_codes(sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", "/audits")
    section(page, "New audit")
    page.get_by_role("spinbutton", name="Share of the year's analytic cases, %").fill("100")
    page.get_by_role("spinbutton", name="At most").fill("1")
    page.get_by_role("button", name="Draw the sample").click()
    page.wait_for_url(re.compile(r"\?audit=\d+"))
    settle(page)
    audit = page.url
    page.get_by_role("combobox", name="Auditors", exact=True).click()
    page.get_by_role("option", name="quinn").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Give out").click()
    page.get_by_text("1 given out").wait_for()
    page.get_by_role("button", name="To the audits").click()
    settle(page)
    section(page, "My cases")
    choose_row(page, 0, 0)
    page.wait_for_url(re.compile(r"\?case=\d+"))
    settle(page)
    blinded = page.content()
    fields = page.get_by_role("textbox").all()
    blinded += " ".join(field.input_value() for field in fields)
    page.get_by_role("textbox", name=re.compile("^Histologic Type ICD-O-3")).fill("8001")
    page.get_by_role("button", name="Finish the case").click()
    page.wait_for_url(re.compile(r"/audits$"))
    page.goto(audit)
    settle(page)
    page.get_by_text("Kappa, mean of items").wait_for()
    assert page.get_by_text("1 of 1", exact=True).count() == 1
    section(page, "Differences")
    page.locator("[data-testid=stDataFrame] td").first.wait_for(state="attached")
    cells = page.locator("[data-testid=stDataFrame] td").all_text_contents()

    def said(item: str) -> list[str]:
        """What the record and the auditor say of an item."""
        return cells[cells.index(item) + 1 : cells.index(item) + 3]

    histology, date = said("Histologic Type ICD-O-3"), said("Date of Diagnosis")
    assert histology[1] == "8001" and re.fullmatch(r"\d{4}", histology[0]) and re.fullmatch(r"\d{8}", date[0])
    text = re.sub(r"<[^>]*>", " ", blinded)
    assert histology[0] not in text and date[0] not in text
    choose_row(page, 0, 0)
    page.get_by_role("textbox", name="Reason", exact=True).fill("the texts do not say")
    page.get_by_role("button", name="Settle", exact=True).click()
    page.get_by_text("Settled. The record itself").wait_for()


def test_a_pasted_casefinding_list_is_looked_up(sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/audits")
    section(page, "New audit")
    page.get_by_role("textbox", name="Title", exact=True).fill("Disease index")
    listed = "source\tlast_name\tfirst_name\tbirth_date\tsite\tdate\nindex\tNOBODY\tNEMO\t19500101\tC504\t20200101\n"
    page.get_by_role("textbox", name="The list with its header line").fill(listed)
    page.get_by_role("button", name="Look the cases up").click()
    page.wait_for_url(re.compile(r"\?audit=\d+"))
    settle(page)
    choose_row(page, 0, 0)
    pick(page, "What became of it", "Not reportable")
    page.get_by_role("textbox", name="Reason", exact=True).fill("benign")
    page.get_by_role("button", name="Settle", exact=True).click()
    page.get_by_text("Settled.", exact=True).wait_for()
    assert_well(page)


def test_the_record_shows_its_failures_and_is_judged_again(
    served: Served, sign_in: Callable[..., Page]
) -> None:
    page = sign_in("quinn", "/quality")
    choose_row(page, 0, 0)
    page.get_by_role("button", name="Open record").click()
    page.wait_for_url(re.compile(r"/record\?"))
    settle(page)
    section(page, "Edit failures")
    choose_row(page, 0, 0)
    panel = page.locator(".st-key-failure_record")
    assert panel.locator("tr.rg-marked").count() >= 1
    panel.get_by_role("button", name="Judge again").click()
    page.get_by_text(re.compile(r"Judged again, the whole patient: \d+ fixed")).wait_for()
    assert_well(page)
