"""The app in a real Chromium, against the real service on a made-up registry."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import WORDS, Served, settle

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Request

pytestmark = pytest.mark.browser

PAGES = {
    "/": "Overview",
    "/survival": "Survival",
    "/quality": "Quality",
    "/follow-up": "Follow-up",
    "/record": "Record",
}
SORRY = "could not be shown"


def token_of(page: Page) -> str:
    (cookie,) = [c for c in page.context.cookies() if c["name"] == "registry_session"]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    return str(cookie["value"])


def assert_well(page: Page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    text = page.locator(".stMain").inner_text()
    assert SORRY not in text and "Traceback" not in text


def choose_row(page: Page, table: int, row: int) -> None:
    grid = page.locator("[data-testid=stDataFrame]").nth(table).locator(".dvn-scroller").first
    grid.click(position={"x": 16, "y": 52 + 35 * row})
    settle(page)


def test_wrong_password_says_so_and_right_one_enters(
    served: Served, new_context: Callable[[], BrowserContext]
) -> None:
    page = new_context().new_page()
    page.goto(served.address + "/survival")
    assert "/sign-in" in page.url
    page.fill("#name", "olga")
    page.fill("#password", "not these words")
    page.click("button")
    assert "wrong" in page.get_by_role("alert").inner_text()
    assert not page.context.cookies()
    page.fill("#name", "olga")
    page.fill("#password", WORDS)
    page.click("button")
    settle(page)
    assert page.url == served.address + "/survival"
    assert "olga" in page.locator(".rg-who").inner_text()


def test_reload_and_permalink_keep_the_session(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", "/quality")
    token = token_of(page)
    page.reload()
    settle(page)
    page.goto(served.address + f"/record?patient={served.patient_id}")
    settle(page)
    page.get_by_text(re.compile(f"^{served.last_name},")).first.wait_for()
    assert token_of(page) == token


@pytest.mark.parametrize("path", PAGES)
def test_each_page_renders(served: Served, visit: Callable[[str, str], Page], path: str) -> None:
    page = visit("olga", "/")
    elsewhere: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(served.address):
            elsewhere.append(request.url)

    page.on("request", note)
    page.goto(served.address + path)
    settle(page)
    page.get_by_role("heading", name=PAGES[path], exact=True).wait_for()
    assert_well(page)
    assert "Synthetic data" in page.locator(".rg-banner").inner_text()
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 1366
    assert elsewhere == []


@pytest.mark.parametrize(("path", "section"), [("/", "Completeness"), ("/quality", "Indicators")])
def test_second_sections_render(visit: Callable[[str, str], Page], path: str, section: str) -> None:
    page = visit("olga", path)
    page.get_by_text(section, exact=True).click()
    settle(page)
    assert_well(page)
    page.locator("[data-testid=stDataFrame]").first.wait_for()


def test_survival_compares_and_shows_numbers_at_risk(
    served: Served, visit: Callable[[str, str], Page]
) -> None:
    page = visit("rita", "/survival")
    page.get_by_text("Number at risk").wait_for()
    page.get_by_role("combobox", name="Compare by").click()
    page.get_by_role("option", name="Sex").click()
    settle(page)
    page.locator(".legendtext", has_text="Female").first.wait_for()
    page.get_by_text("Log-rank test").wait_for()
    assert_well(page)


def test_researcher_is_offered_figures_only(served: Served, visit: Callable[[str, str], Page]) -> None:
    page = visit("rita", f"/record?patient={served.patient_id}")
    names = page.get_by_test_id("stTopNavLink").all_inner_texts()
    shown = [name.split("\n")[-1].strip() for name in names]
    assert shown == ["Overview", "Survival", "Incidence", "Outcomes", "Cohorts"]
    assert served.last_name not in page.locator(".stMain").inner_text()


@pytest.mark.parametrize("path", ["/record", "/quality", "/follow-up"])
def test_a_page_of_another_role_says_so(visit: Callable[[str, str], Page], path: str) -> None:
    page = visit("rita", path)
    page.get_by_text("This page is not part of your role (researcher)").wait_for()
    page.get_by_role("heading", name=PAGES[path], exact=True).wait_for()
    assert page.get_by_text("Page not found").count() == 0
    assert page.get_by_text("main page").count() == 0


def test_researcher_sees_no_staff_counts(visit: Callable[[str, str], Page]) -> None:
    page = visit("rita", "/")
    labels = page.get_by_test_id("stMetricLabel").all_inner_texts()
    assert "Tumors" in labels and "Facilities" in labels
    assert not {"Open edit failures", "Review tasks", "In quarantine"} & set(labels)
    for small in re.findall(r"Without a year of diagnosis: ([\d,]+)", page.locator(".stMain").inner_text()):
        assert int(small.replace(",", "")) >= 11
    labels = visit("quinn", "/").get_by_test_id("stMetricLabel").all_inner_texts()
    assert {"Open edit failures", "Review tasks", "In quarantine"} <= set(labels)


def test_registrar_finds_only_the_own_facility(served: Served, visit: Callable[[str, str], Page]) -> None:
    page = visit("anna", "/record")
    page.get_by_role("textbox", name="Find a patient").fill(served.foreign_name)
    page.keyboard.press("Enter")
    page.get_by_text("Nobody fits.").wait_for()
    assert served.foreign_name.split()[0] not in page.url


@pytest.mark.parametrize("path", PAGES)
def test_each_page_renders_for_a_registrar(
    served: Served, visit: Callable[[str, str], Page], path: str
) -> None:
    page = visit("anna", path)
    assert_well(page)


def test_nothing_is_served_without_a_session(served: Served) -> None:
    with httpx.Client(base_url=served.address) as client:
        for path in (
            "/media/abc.csv",
            "/download/abc",
            "/_stcore/host-config",
            "/_stcore/metrics",
            "/component/x",
            "/figure/plotly.js",
        ):
            assert client.get(path).status_code == 401, path
        page = client.get("/record?patient=1", headers={"accept": "text/html"})
        assert page.status_code == 303 and page.headers["location"].startswith("/sign-in")
        assert client.get("/sign-in").headers["x-frame-options"] == "DENY"
        upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
        key = {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}
        assert client.get("/_stcore/stream", headers={**upgrade, **key}).status_code in {401, 403}


def test_download_is_safe_and_belongs_to_one_session(
    served: Served, sign_in: Callable[..., Page], tmp_path: Path
) -> None:
    page = sign_in("quinn", "/follow-up")
    link = page.get_by_role("link", name="Download CSV")
    address = str(link.get_attribute("href"))
    with page.expect_download() as waiting:
        link.click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    assert waiting.value.suggested_filename == "follow-up-list.csv"
    assert text.splitlines()[0].startswith("patient_id,")
    other = sign_in("anna")
    for cookies, status in (
        ({}, 401),
        ({"registry_session": token_of(other)}, 404),
        ({"registry_session": token_of(page)}, 200),
    ):
        with httpx.Client(base_url=served.address, cookies=cookies) as client:
            assert client.get(address).status_code == status


def test_sign_out_ends_the_session_everywhere(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga")
    token = token_of(page)
    second = page.context.new_page()
    second.goto(served.address + "/survival")
    settle(second)
    page.get_by_role("link", name="Sign out").click()
    page.wait_for_url("**/sign-in**")
    with httpx.Client(base_url=served.address, cookies={"registry_session": token}) as client:
        assert client.get("/_stcore/host-config").status_code == 401
    second.get_by_role("combobox", name="Compare by").click()
    second.get_by_role("option", name="Sex").click()
    second.wait_for_url("**/sign-in**")


def reopen(page: Page) -> None:
    """Reopen the abstract with a reason when it is locked."""
    if not page.get_by_text("This abstract is locked").count():
        return
    page.get_by_text("Status", exact=True).click()
    settle(page)
    page.get_by_role("combobox", name="Move to").click()
    page.get_by_role("option", name="Reopened").click()
    page.get_by_role("textbox", name="Reason").fill("a test corrects it")
    page.get_by_role("button", name="Move", exact=True).click()
    page.get_by_text("status reopened").wait_for()
    page.get_by_text("Items", exact=True).click()
    settle(page)


def test_edit_live_check_save_conflict_history(served: Served, sign_in: Callable[..., Page]) -> None:
    where = f"/record?patient={served.patient_id}&abstract={served.abstract_id}"
    olga = sign_in("olga", where)
    reopen(olga)
    quinn = sign_in("quinn", where)
    for page, value in ((olga, "20991231"), (quinn, "209")):
        field = page.get_by_role("textbox", name="Date of Last Contact", exact=True)
        field.fill(value)
        page.get_by_text("1 unsaved change").wait_for()
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Date of Last Contact"
    olga.locator(".st-key-edits_panel").get_by_text(re.compile("dateOfLastContact")).first.wait_for()

    quinn.get_by_role("textbox", name="Date of Last Contact", exact=True).fill("20260102")
    quinn.locator(".st-key-edits_panel").wait_for()
    quinn.wait_for_timeout(1500)
    quinn.get_by_role("button", name="Save", exact=True).click()
    quinn.get_by_text("No unsaved change").wait_for()

    olga.get_by_role("textbox", name="Date of Last Contact", exact=True).fill("20260103")
    olga.wait_for_timeout(1500)
    olga.get_by_role("button", name="Save", exact=True).click()
    olga.get_by_text("quinn saved this abstract while you were editing it").wait_for()
    compared = olga.get_by_test_id("stTable").inner_text()
    assert "20260102" in compared and "20260103" in compared
    olga.get_by_role("button", name="Save mine over it").click()
    olga.get_by_text("No unsaved change").wait_for()

    olga.get_by_text("History", exact=True).click()
    settle(olga)
    for said in ("20260102", "20260103", "quinn"):
        olga.locator("[data-testid=stDataFrame] td", has_text=said).first.wait_for(state="attached")


def test_unsaved_typing_is_back_after_signing_in_again(served: Served, sign_in: Callable[..., Page]) -> None:
    where = f"/record?patient={served.patient_id}&abstract={served.abstract_id}"
    page = sign_in("olga", where)
    reopen(page)
    page.get_by_role("textbox", name="Date of Last Contact", exact=True).fill("20260707")
    page.get_by_text("1 unsaved change").wait_for()
    page.wait_for_timeout(1500)
    page.get_by_text("Sign out").click()
    again = sign_in("olga", where)
    again.get_by_text("1 unsaved change").wait_for()
    field = again.get_by_role("textbox", name="Date of Last Contact", exact=True)
    assert field.input_value() == "20260707"
    again.get_by_role("button", name="Discard").click()
    again.get_by_text("No unsaved change").wait_for()
    settle(again)
    third = sign_in("olga", where)
    third.get_by_text("No unsaved change").wait_for()


def test_tab_goes_from_field_to_field(served: Served, visit: Callable[[str, str], Page]) -> None:
    page = visit("olga", f"/record?patient={served.patient_id}&abstract={served.abstract_id}")
    if page.get_by_text("This abstract is locked").count():
        pytest.skip("the abstract is locked: the test that edits it has not run")
    page.get_by_role("textbox", name="Name--Last", exact=True).focus()
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert reached[:2] == ["Name--First", "Date of Birth"]


def test_own_password_is_changed_after_giving_the_old_one(
    served: Served, sign_in: Callable[..., Page]
) -> None:
    page = sign_in("nora", "/account")
    other = sign_in("nora")

    def change(old: str, new: str) -> None:
        for label, text in (("Old password", old), ("New password", new), ("New password again", new)):
            page.get_by_role("textbox", name=label, exact=True).fill(text)
        page.get_by_role("button", name="Change password").click()

    change("not these words", "crocus by the garden gate")
    page.get_by_text("name or password is wrong").wait_for()
    change(WORDS, "short")
    page.get_by_text("shorter than 12 characters").wait_for()
    change(WORDS, "crocus by the garden gate")
    page.get_by_text("Your other sessions have ended").wait_for()
    other.goto(served.address + "/survival")
    assert "/sign-in" in other.url


def test_quality_shows_messages_without_holes(visit: Callable[[str, str], Page]) -> None:
    page = visit("quinn", "/quality")
    cells = page.locator("[data-testid=stDataFrame]").first.locator("td")
    cells.first.wait_for(state="attached")
    text = " ".join(cells.all_text_contents())
    assert len(text) > 200 and "…" not in text and "{" not in text


def test_quality_leads_to_the_record(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", "/quality")
    choose_row(page, 0, 0)
    page.get_by_role("button", name="Open record").click()
    page.wait_for_url(re.compile(r"/record\?(patient|abstract)=\d+"))
    settle(page)
    assert_well(page)


def test_missing_record_is_one_friendly_line(served: Served, visit: Callable[[str, str], Page]) -> None:
    page = visit("anna", "/record?patient=99999999")
    page.get_by_text("there is no patient 99999999 in your scope").wait_for()
    assert_well(page)


def test_log_holds_no_names_and_no_requests(served: Served) -> None:
    text = served.log.read_text()
    assert served.last_name not in text and served.foreign_name not in text
    assert "GET /" not in text and WORDS not in text
