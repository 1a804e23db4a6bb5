"""Code search, primaries, sequence numbers and derived variables in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Served, settle
from tests.browser.test_app_browser import assert_well, choose_row, reopen

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_words_fill_the_codes_of_the_form(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", f"/record?patient={served.patient_id}&abstract={served.abstract_id}")
    reopen(page)
    words = page.get_by_role("textbox", name="Words of the diagnosis")
    words.fill("lobular ca of upper outer left breast")
    first = page.locator(".st-key-code_hit_1")
    first.get_by_text("C50.4 · 8520/3 · left").wait_for()
    assert "Upper-outer quadrant of breast" in first.inner_text() and "matched:" in first.inner_text()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Words of the diagnosis"
    first.get_by_role("button", name="Use", exact=True).click()
    page.get_by_text(re.compile(r"\d unsaved change")).first.wait_for()
    settle(page)
    for name, value in (("Primary Site", "C504"), ("Histologic Type ICD-O-3", "8520")):
        assert page.get_by_role("textbox", name=name, exact=True).input_value() == value
    assert (
        "2 · Left" in page.get_by_role("combobox", name="Laterality").input_value()
        or page.get_by_text("2 · Left").count()
    )
    page.locator("[data-testid=stPopover] button").first.click()
    page.get_by_text("C505 · Lower-outer quadrant of breast").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Cause of death", exact=True).first.click()
    settle(page)
    page.get_by_role("textbox", name="Words of the cause of death").fill("cancer of the pancreas")
    page.locator(".st-key-code_hit_1").get_by_text("C259").wait_for()
    page.get_by_text("Operation", exact=True).click()
    settle(page)
    page.get_by_role("textbox", name="Words of the operation").fill("total mastectomy")
    page.locator(".st-key-code_hit_1").get_by_text(re.compile("^40$")).wait_for()
    page.get_by_text("Diagnosis", exact=True).first.click()
    settle(page)
    words.fill("qqqq zzzz")
    page.get_by_text("No code fits these words.").wait_for()
    assert_well(page)
    page.get_by_role("button", name="Discard").click()
    page.get_by_text("No unsaved change").wait_for()


def test_a_locked_abstract_offers_no_code_search(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("paul", f"/record?patient={served.patient_id}&abstract={served.abstract_id}")
    page.locator(".st-key-edits_panel").wait_for()
    assert page.get_by_role("textbox", name="Words of the diagnosis").count() == 0


def open_section(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()
    settle(page)
    assert_well(page)


def test_a_registrar_decides_otherwise_with_a_reason(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", f"/record?patient={served.pair_patient_id}")
    open_section(page, "Primaries and numbers")
    pair = page.locator("[class*=st-key-pair_]").first
    pair.get_by_text("one primary", exact=True).wait_for()
    pair.get_by_text("The records keep two tumors, the rules say one.").wait_for()
    assert re.search(r"rule M\d+", pair.inner_text())
    pair.get_by_role("button", name="Decide otherwise").click()
    page.get_by_role("button", name="Keep the decision").click()
    page.get_by_text("needs a reason").wait_for()
    page.get_by_role("textbox", name="Reason", exact=True).fill("two separate masses on imaging")
    page.get_by_role("button", name="Keep the decision").click()
    page.get_by_text(re.compile("two primaries by olga")).wait_for()
    settle(page)
    assert "two separate masses on imaging" in page.locator(".stMain").inner_text()
    page.get_by_role("button", name="Compare again").click()
    settle(page)
    page.get_by_text(re.compile("two primaries by olga")).wait_for()
    pair.get_by_role("button", name="Change the decision").click()
    page.get_by_role("textbox", name="Reason", exact=True).fill("one mass after all")
    page.get_by_role("button", name="Take it back").click()
    pair.get_by_role("button", name="Decide otherwise").wait_for()
    settle(page)
    assert "two primaries by olga" not in page.locator(".stMain").inner_text()


def test_sequence_numbers_are_shown_and_confirmed(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", f"/record?patient={served.pair_patient_id}")
    open_section(page, "Primaries and numbers")
    cells = page.locator("[data-testid=stDataFrame] td")
    cells.filter(has_text="→ 02").first.wait_for(state="attached")
    page.get_by_role("button", name=re.compile(r"Write \d+ numbers")).click()
    page.get_by_text("All numbers stand as the rules would give them.").wait_for()
    settle(page)
    assert cells.filter(has_text="→").count() == 0


def test_a_derived_variable_says_why(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", f"/record?patient={served.patient_id}")
    open_section(page, "Derived variables")
    page.get_by_text("No variable is chosen.").wait_for()
    choose_row(page, 0, 0)
    page.get_by_text(re.compile(r"age-at-diagnosis · version")).wait_for()
    page.get_by_test_id("stTable").wait_for()
    assert_well(page)


def test_a_facility_s_registrar_sees_these_screens(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("anna", f"/record?patient={served.patient_id}")
    for name in ("Primaries and numbers", "Derived variables"):
        open_section(page, name)


def test_a_number_that_was_taken_out_is_given_again(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("olga", f"/record?patient={served.patient_id}&abstract={served.abstract_id}")
    reopen(page)
    field = page.get_by_role("textbox", name=re.compile("^Accession Number"))
    number = field.input_value()
    assert re.fullmatch(r"\d{9}", number)
    assert page.get_by_role("button", name="Give a number").count() == 0
    field.fill("")
    page.get_by_text("1 unsaved change").wait_for()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("No unsaved change").wait_for()
    page.get_by_role("button", name="Give a number").click()
    page.get_by_text(f"Accession number {number}.").wait_for()
    settle(page)
    assert field.input_value() == number
    assert_well(page)
