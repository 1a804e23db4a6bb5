"""Submissions in a real Chromium: preview, seal, send, the receiver's report, rejected records, disclosures."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import Served, settle
from tests.browser.test_app_browser import assert_well, choose_row, token_of
from tests.browser.test_follow_up_browser import fill
from tests.browser.test_quality_browser import pick, section

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

HEADER = "patientIdNumber,tumorRecordNumber,answer,reason"


def metric(page: Page, label: str) -> int:
    """A figure of the page."""
    box = page.get_by_test_id("stMetric").filter(has_text=re.compile(f"^{label}"))
    return int(box.get_by_test_id("stMetricValue").inner_text().replace(",", ""))


def prepare(page: Page, profile: str, **typed: str) -> str:
    """Preview and prepare a submission; its address."""
    section(page, "New submission")
    pick(page, "Profile", re.compile(profile))
    for label, text in typed.items():
        fill(page, label, text)
    page.get_by_role("button", name="Preview", exact=True).click()
    page.get_by_text("Held back, and why").wait_for()
    settle(page)
    going = metric(page, "Records that go")
    assert going > 0
    page.get_by_role("button", name=f"Prepare {going:,} records").click()
    page.wait_for_url(re.compile(r"\?submission=\d+$"))
    settle(page)
    assert metric(page, "Records") == going
    return page.url


def first_patient(page: Page) -> str:
    """The number of the patient in the first record, once the table is drawn."""
    cells = page.locator("[data-testid=stDataFrame] tbody tr").first.locator("td")
    return str(cells.filter(has_text=re.compile(r"^\d+$")).first.text_content())


def seal(page: Page) -> None:
    page.get_by_role("button", name="Seal it").click()
    page.get_by_text(re.compile(r"^Sealed: \d+ files? written\.$")).wait_for()
    settle(page)


def send(page: Page) -> str:
    """Mark as sent; what the page says of it."""
    page.get_by_role("button", name="Mark as sent").click()
    said = page.get_by_text(re.compile(r"^Marked as sent\."))
    said.wait_for()
    settle(page)
    return said.inner_text()


def test_a_submission_goes_out_comes_back_and_is_corrected(
    served: Served, sign_in: Callable[..., Page]
) -> None:
    page = sign_in("paul", "/submissions")
    address = prepare(page, "NAACCR, Call for Data", State="NY")
    seal(page)
    section(page, "Files")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").nth(_file(page, ".manifest.json")).click()
    manifest = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").nth(_file(page, ".xml")).click()
    content = Path(waiting.value.path()).read_bytes()
    assert hashlib.sha256(content).hexdigest() in json.dumps(manifest)
    assert served.last_name.encode() not in content
    link = str(page.get_by_role("link", name="Download").first.get_attribute("href"))
    other = token_of(sign_in("quinn"))
    with httpx.Client(base_url=served.address, cookies={"registry_session": other}) as client:
        assert client.get(link).status_code == 404
    assert send(page) == "Marked as sent."
    _answer(page)
    section(page, "Records")
    page.get_by_role("button", name="Prepare a resubmission").click()
    page.get_by_role("button", name=re.compile(r"^(link )?It corrects No\. \d+")).wait_for()
    settle(page)
    assert page.url != address and page.get_by_text("changes only").count() == 1
    section(page, "History")
    assert_well(page)


def _file(page: Page, ending: str) -> int:
    """Which of the files ends like this."""
    names = page.locator(".rg-item b").all_inner_texts()
    return next(n for n, name in enumerate(names) if name.endswith(ending))


def _answer(page: Page) -> None:
    """Load a report with a record that was never sent, then the report put right: one record is rejected."""
    section(page, "Records")
    patient = first_patient(page)
    box = page.get_by_role("textbox", name="The report (CSV with its header line, or JSON)")
    box.fill("no header\n1,2,3")
    page.get_by_role("button", name="Load the answer").click()
    page.locator("[data-testid=stAlert]").first.wait_for()
    settle(page)
    assert box.input_value().startswith("no header")
    rejected = f"{HEADER}\n{patient},1,rejected,county is not of this state\n"
    box.fill(f"{rejected}99999999,1,rejected,unknown\n")
    page.get_by_role("button", name="Load the answer").click()
    page.get_by_text("1 line of the report belong", exact=False).wait_for()
    settle(page)
    assert (
        metric(page, "Rejected") == 1 and metric(page, "Accepted") == 0
    )  # such a report decides nothing else
    if not box.is_visible():
        page.locator("summary", has_text="The receiver answered").click()
    box.fill(rejected)
    page.get_by_role("button", name="Load the answer").click()
    page.get_by_text(re.compile(r"^[1-9][\d,]* records accepted, 1 rejected\.")).wait_for()
    settle(page)
    assert page.get_by_text("Partly rejected", exact=True).count() == 1
    assert metric(page, "Rejected") == 1


def test_a_rejected_record_is_work_for_a_registrar(sign_in: Callable[..., Page]) -> None:
    sender = sign_in("paul", "/submissions")
    prepare(sender, "CanReg")
    seal(sender)
    send(sender)
    sender.get_by_text("All rejected", exact=True).click()
    settle(sender)
    sender.get_by_role("button", name="Load the answer").click()
    sender.get_by_text(re.compile(r"^0 records accepted")).wait_for()
    page = sign_in("quinn", "/submissions")
    section(page, "Rejected records")
    said = page.get_by_text(re.compile(r"^[\d,]+ records to correct")).inner_text()
    choose_row(page, 0, 0)
    page.get_by_role("textbox", name="Or why nothing has to be corrected").fill("the receiver was wrong")
    page.get_by_role("button", name="Settle without a correction").click()
    page.get_by_text("Settled.", exact=True).wait_for()
    settle(page)
    assert page.get_by_text(said, exact=True).count() == 0
    choose_row(page, 0, 0)
    page.get_by_role("button", name="Open record").click()
    page.wait_for_url(re.compile(r"/record\?patient=\d+"))
    settle(page)
    assert_well(page)


def test_an_identified_submission_is_found_among_the_disclosures(sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/submissions")
    prepare(page, "full abstracts")
    section(page, "Records")
    patient = first_patient(page)
    seal(page)
    assert re.search(r"disclosure of [\d,]+ patients", send(page))
    page.get_by_role("button", name="To the submissions").click()
    settle(page)
    section(page, "Disclosures")
    number = page.get_by_role("spinbutton", name="Patient number")
    number.fill(patient)
    number.press("Tab")
    page.get_by_text(f"1 disclosure of patient {patient} in the last six years.").wait_for()
    assert_well(page)


def test_who_may_not_submit_previews_only(visit: Callable[[str, str], Page]) -> None:
    page = visit("quinn", "/submissions")
    section(page, "Preview")
    pick(page, "Profile", re.compile("CanReg"))
    page.get_by_role("button", name="Preview", exact=True).click()
    page.get_by_text("Held back, and why").wait_for()
    settle(page)
    assert page.get_by_role("button", name=re.compile("^Prepare ")).count() == 0
    section(page, "Calendar")
    page.locator("[data-testid=stDataFrame] td").first.wait_for(state="attached")
    assert page.get_by_role("radio", name="Disclosures").count() == 0
    assert_well(page)
