"""Follow-up in a real Chromium: a reply moves last contact, a refused date keeps the typing, letters, jobs."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import Served, settle
from tests.browser.test_app_browser import assert_well, choose_row, token_of
from tests.browser.test_quality_browser import pick, section

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

TODAY = dt.datetime.now(dt.UTC).date()
LATELY = str(TODAY - dt.timedelta(days=20))


def listed(page: Page) -> int:
    """How many patients the work list says it holds."""
    said = page.get_by_text(re.compile(r"^[\d,]+ patients?, in the order to be worked")).inner_text()
    return int(said.split(" ")[0].replace(",", ""))


def last_contact(page: Page) -> str:
    return page.locator(".rg-failure b").first.inner_text()


def fill(page: Page, label: str, text: str) -> Locator:
    """Type and leave the field, as a person does."""
    field = page.get_by_role("textbox", name=label, exact=True).first
    field.fill(text)
    field.press("Tab")
    settle(page)
    return field


def open_patient(page: Page, row: int = 0) -> str:
    """Open a patient of the work list; the address with the number."""
    choose_row(page, 0, row)
    page.wait_for_url(re.compile(r"\?patient=\d+$"))
    settle(page)
    return page.url


def test_a_reply_moves_the_last_contact_and_the_patient_leaves_the_list(sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/follow-up")
    waiting = listed(page)
    open_patient(page)
    before = last_contact(page)
    assert before < LATELY
    fill(page, "Date stated", LATELY)
    pick(page, "Vital status", "Alive")
    pick(page, "Cancer Status", re.compile("^1 "))
    page.get_by_text(f"When recorded: Last contact is now {LATELY}.").wait_for()
    assert last_contact(page) == before  # nothing is written while one types
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text(f"Last contact is now {LATELY}.", exact=True).wait_for()
    settle(page)
    assert last_contact(page) == LATELY
    history = page.locator("table.rg-items tbody tr").first.inner_text()
    assert "olga" in history and LATELY in history and "Date of Last Contact" in history
    assert page.get_by_role("textbox", name="Date stated").input_value() == ""
    page.get_by_role("button", name="To the work list").click()
    settle(page)
    assert listed(page) == waiting - 1
    assert_well(page)


def test_a_refused_date_shows_one_line_and_keeps_the_typing(sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/follow-up")
    address = open_patient(page, 1)
    before = last_contact(page)
    tomorrow = str(TODAY + dt.timedelta(days=1))
    note = fill(page, "Note (optional)", "spoke to the daughter")
    stated = fill(page, "Date stated", tomorrow)
    page.get_by_text(re.compile("^Date stated: .*future")).wait_for()
    page.get_by_role("button", name="Record", exact=True).click()
    settle(page)
    lines = page.locator("[data-testid=stAlert]").all_inner_texts()
    assert len(lines) == 1 and re.fullmatch(r"error\s+Date stated: is in the future[^\n]*", lines[0].strip())
    assert stated.input_value() == tomorrow and note.input_value() == "spoke to the daughter"
    page.goto(address)
    settle(page)
    assert last_contact(page) == before
    assert page.get_by_text("Nothing was tried and nothing came yet.").count() == 1


def test_a_bar_is_set_with_a_reason_and_holds_letters(sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/follow-up")
    address = open_patient(page, 2)
    number = address.rpartition("=")[2]
    page.locator("summary", has_text="Bar contact with this patient").click()
    settle(page)
    refusal = page.get_by_text("needs a reason")
    for _ in range(4):  # a click while the panel still opens may be lost on a busy machine
        page.get_by_role("button", name="Bar contact", exact=True).click()
        settle(page)
        if refusal.count():
            break
    refusal.wait_for()
    page.get_by_role("textbox", name="Why", exact=True).fill("asked by telephone not to be written to")
    page.get_by_role("button", name="Bar contact", exact=True).click()
    page.get_by_text(re.compile("No follow-up contact with this patient: asked by telephone")).wait_for()
    settle(page)
    page.get_by_role("button", name="To the work list").click()
    settle(page)
    section(page, "New letters")
    page.get_by_text(re.compile("^No letter, and why")).click()
    settle(page)
    pick(page, "Reason", re.compile("^Barred"))
    cells = page.locator("[data-testid=stDataFrame] td").all_text_contents()
    assert number in cells
    page.goto(address)
    settle(page)
    page.locator("summary", has_text="Lift the bar").click()
    page.get_by_role("textbox", name="Why", exact=True).fill("changed his mind")
    page.get_by_role("button", name="Lift the bar", exact=True).click()
    page.get_by_text(re.compile(r"lifted .* by olga: changed his mind")).wait_for()
    page.get_by_text("None: the patient may be contacted.").wait_for()


def test_letters_are_made_printed_sent_and_answered(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/follow-up")
    section(page, "Passive sources")
    page.get_by_role("button", name="Search pathology reports").click()
    page.get_by_text(
        re.compile("reports? looked at")
    ).wait_for()  # sources that tell without asking come first
    settle(page)
    section(page, "New letters")
    page.locator("summary", has_text="Sender and look of letters").click()
    fill(page, "Neutral sender, on all other letters", "Tumor Office")
    page.get_by_role("button", name="Save the sender").click()
    page.get_by_text(re.compile("may not stand on an envelope")).wait_for()
    for label, text in (
        ("Neutral sender, on all other letters", "Health Records Office"),
        ("Sender, on letters to physicians", "Example Cancer Registry"),
        ("Address", "12 Main Street"),
        ("City", "Albany"),
        ("State", "NY"),
        ("ZIP code", "12207"),
    ):
        page.get_by_role("textbox", name=label, exact=True).fill(text)
    page.get_by_role("button", name="Save the sender").click()
    page.get_by_text("Saved.", exact=True).wait_for()
    settle(page)
    page.get_by_role("button", name=re.compile(r"^Make \d+ letters? in \d+ PDFs?$")).click()
    page.get_by_text(re.compile(r"letters? made in \d+ PDFs?")).wait_for()
    settle(page)
    page.get_by_text("No letter is to be written.").wait_for()  # nobody twice
    assert page.get_by_role("button", name=re.compile("^Make ")).count() == 0
    section(page, "Letters")
    choose_row(page, 0, 0)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download PDF").click()
    name = waiting.value.suggested_filename
    assert re.fullmatch(r"[\d-]+\.pdf", name) and served.last_name.lower() not in name.lower()
    assert Path(waiting.value.path()).read_bytes().startswith(b"%PDF-")
    address = str(page.get_by_role("link", name="Download PDF").get_attribute("href"))
    other = token_of(sign_in("paul"))
    with httpx.Client(base_url=served.address, cookies={"registry_session": other}) as client:
        assert client.get(address).status_code == 404
    page.get_by_role("button", name="Mark 1 PDF as sent").click()
    page.get_by_text(re.compile("letters? marked as sent")).wait_for()
    settle(page)
    page.get_by_text("Sent 1", exact=True).click()
    settle(page)
    choose_row(page, 0, 0)
    choose_row(page, 1, 0)
    page.wait_for_url(re.compile(r"\?patient=\d+$"))
    settle(page)
    before = last_contact(page)
    assert re.match(
        r"\d+-\d{8}-[PNTC] ", str(page.get_by_role("combobox", name="Answer to a letter").input_value())
    )
    assert "letter" in page.locator("table.rg-items tbody").inner_text().lower()
    fill(page, "Postmark", str(TODAY - dt.timedelta(days=3)))
    page.get_by_text(
        re.compile("^Postmark: |before the letter was")
    ).wait_for()  # posted before it was mailed
    fill(page, "Postmark", str(TODAY))
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text(f"Last contact is now {TODAY}.", exact=True).wait_for()
    settle(page)
    assert before < last_contact(page) == str(TODAY)
    assert page.get_by_role("combobox", name="Answer to a letter").count() == 0
    assert_well(page)


def test_every_field_of_the_reply_form_has_a_name(sign_in: Callable[..., Page]) -> None:
    page = sign_in("anna", "/follow-up")
    assert page.get_by_role("combobox", name="Facility").count() == 0  # held to one
    open_patient(page)
    for summary in page.locator(".stMain summary").all():
        summary.click()
    settle(page)
    fields = page.locator(".stMain").locator(
        "input:visible:not([tabindex='-1']), textarea:visible, button:visible"
    )
    assert fields.count() > 20
    for field in fields.all():
        named = field.evaluate(
            "e => (e.ariaLabel || e.getAttribute('aria-labelledby') || e.labels?.[0]?.innerText || e.innerText"
            " || e.title || '').trim()"
        )
        assert named, field.evaluate("e => e.outerHTML")


def test_rates_are_shown_by_group_and_age_band(visit: Callable[[str, str], Page]) -> None:
    page = visit("paul", "/follow-up")
    section(page, "Rates")
    assert page.get_by_test_id("stMetricValue").count() == 6
    pick(page, "By", "Age bands (SEER)")
    cells = page.locator("[data-testid=stDataFrame] td").all_text_contents()
    assert any("20-64" in cell for cell in cells) and any("goal" in cell for cell in cells)
    pick(page, "By", "Facility")
    assert_well(page)
    assert page.get_by_text(re.compile(r"^\d+ groups")).count() == 1


def test_who_may_only_look_is_offered_no_form(visit: Callable[[str, str], Page]) -> None:
    page = visit("quinn", "/follow-up")
    open_patient(page)
    assert page.get_by_role("button", name="Record", exact=True).count() == 0
    assert page.locator("summary", has_text="Bar contact").count() == 0
    page.get_by_role("heading", name="History").wait_for()


def test_a_job_is_run_from_the_screen(sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/jobs")
    rows_of = page.locator("[data-testid=stDataFrame] tbody tr")
    rows_of.first.wait_for(state="attached")
    rows = rows_of.all_text_contents()
    choose_row(page, 0, next(n for n, text in enumerate(rows) if "Monthly follow-up list" in text))
    page.get_by_role("button", name="Run now").click()
    page.get_by_text(re.compile(r"^Monthly follow-up list · \d{4}-\d{2} · Done$")).wait_for(timeout=90_000)
    settle(page)
    section(page, "Runs")
    choose_row(page, 0, 0)
    page.get_by_text("follow-up-list.csv").first.wait_for(state="attached")
    page.get_by_text(re.compile("rates kept")).wait_for()
    section(page, "Next")
    assert_well(page)


def test_jobs_are_looked_at_but_not_run_by_a_manager(visit: Callable[[str, str], Page]) -> None:
    page = visit("paul", "/jobs")
    choose_row(page, 0, 0)
    assert page.get_by_role("button", name="Run now").count() == 0
    assert_well(page)
