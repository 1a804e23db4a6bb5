"""Survival, incidence, outcomes and cohorts in a real Chromium: figures, tables, links, downloads."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Served, settle

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

FIGURES = {
    "/survival?method=competing&by=sex": "Cumulative incidence of death by cause, by sex: this cancer",
    "/survival?method=net&by=": "Net survival (Pohar Perme)",
    "/survival?method=conditional-net&by=&given=2": "Conditional net survival (Pohar Perme) of those who lived 2 years",
    "/survival?method=crude-probability&by=": "Crude probability of death, by life table",
    "/survival?show=model": "Hazard ratios, Cox model: death of any cause",
    "/incidence": "Age-adjusted incidence over years",
    "/incidence?show=trend": "Trend of age-adjusted incidence",
    "/incidence?show=mortality&mortality_by=sex": "Mortality-to-incidence ratio by sex",
    "/outcomes": "Stage at diagnosis, by year of diagnosis",
    "/outcomes?show=time&time_by=": "Days from diagnosis to first treatment",
    "/outcomes?show=expected": "Observed and expected deaths within 5 years of diagnosis, by hospital",
}


def figure(page: Page, title: str) -> Locator:
    """The figure under a title; the page has no fault, and nothing sticks out."""
    page.get_by_text(title, exact=True).first.wait_for()
    plot = page.locator(".js-plotly-plot").first
    plot.wait_for()
    text = page.locator(".stMain").inner_text()
    assert "could not be shown" not in text and page.locator("[data-testid=stException]").count() == 0
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 1366
    return plot


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def taken(page: Page, role: str, name: str) -> tuple[str, bytes]:
    """What a click gives to keep: file name and content."""
    with page.expect_download() as waiting:
        page.get_by_role(role, name=re.compile(f"^{name} of:")).first.click()  # type: ignore[arg-type]
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize("path", FIGURES)
def test_an_address_opens_its_figure(visit: Callable[[str, str], Page], path: str) -> None:
    page = visit("rita", path)
    figure(page, FIGURES[path])
    page.get_by_text("How it was made").wait_for()
    assert re.search(r"Data cut off: \d{4}-\d\d-\d\d", page.locator(".stMain").inner_text())


def test_choices_go_into_the_address_and_come_back(sign_in: Callable[..., Page]) -> None:
    page = sign_in("rita", "/survival?by=sex&years=2010-2020")
    page.locator(".legendtext", has_text="Female").first.wait_for()
    choose(page, "Small counts", "USCS: under 16 hidden")
    assert page.url.endswith("?by=sex&years=2010-2020&profile=uscs") or "profile=uscs" in page.url
    page.reload()
    settle(page)
    page.locator(".legendtext", has_text="Female").first.wait_for()
    text = page.locator(".stMain").inner_text()
    assert "2010" in text and "2020" in text and "Counts under 16 are hidden" in text


def test_the_table_says_what_the_figure_shows(visit: Callable[[str, str], Page]) -> None:
    page = visit("quinn", "/survival?by=sex")
    figure(page, "Observed survival (Kaplan–Meier), by sex")
    page.get_by_text("The same as a table").click()
    table = page.get_by_role("region", name="Observed survival (Kaplan–Meier), by sex")
    table.wait_for()
    assert table.get_attribute("tabindex") == "0"
    headings = table.get_by_role("columnheader").all_inner_texts()
    assert headings == ["Group", "Years", "At risk", "Estimate (95 % limits)"]
    rows = table.get_by_role("row").all_inner_texts()
    assert any("Female" in row and re.search(r"\d+\.\d%", row) for row in rows)


def test_pictures_and_files_carry_their_provenance(sign_in: Callable[..., Page]) -> None:
    page = sign_in("rita", "/survival?by=sex")
    figure(page, "Observed survival (Kaplan–Meier), by sex")
    name, picture = taken(page, "button", "SVG")
    assert name == "survival-kaplan-meier.svg"
    drawn = picture.decode()
    assert drawn.startswith("<svg") and "Number at risk" in drawn and "Data cut off" in drawn
    settle(page)
    name, picture = taken(page, "button", "PNG")
    assert name == "survival-kaplan-meier.png" and picture.startswith(b"\x89PNG") and len(picture) > 20_000
    settle(page)
    _, numbers = taken(page, "link", "CSV")
    header, first = numbers.decode("utf-8-sig").splitlines()[:2]
    assert header.startswith("group,years,estimate,lower,upper,cohort,software,data_cut_off")
    assert "cancer-registry" in first
    _, book = taken(page, "link", "XLSX")
    with zipfile.ZipFile(io.BytesIO(book)) as files:
        kept = files.read("xl/sharedStrings.xml").decode()
    assert "Data cut off" in kept and "Exclusions" in kept


def test_a_cohort_is_built_saved_and_used(served: Served, sign_in: Callable[..., Page]) -> None:
    page = sign_in("quinn", "/cohorts")
    before = page.get_by_role("region", name="Who is counted").inner_text()
    page.get_by_role("combobox", name="Sex at birth").click()
    page.get_by_role("option", name="Female").click()
    settle(page)
    page.keyboard.press("Escape")
    assert page.get_by_role("region", name="Who is counted").inner_text() != before
    assert "cohort=c1." in page.url
    page.get_by_role("textbox", name="Name", exact=True).fill("Women of this test")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Women of this test is saved.").wait_for()
    page.get_by_role("button", name="Survival", exact=True).click()
    page.wait_for_url(re.compile(r"/survival\?.*cohort=c1\."))
    settle(page)
    page.get_by_text("sexes 2").first.wait_for()
    choose(page, "Cohort", "Women of this test")
    page.get_by_text("Cohort: Women of this test").wait_for()


def test_a_cohort_is_read_from_a_file(sign_in: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "cohort.yaml"
    file.write_text("format: 1\nname: Lung of men\nsites: [Lung and Bronchus]\nsexes: ['1']\n")
    page = sign_in("quinn", "/cohorts")
    page.get_by_role("button", name="Open YAML").click()
    page.locator("input[type=file]").set_input_files(file)
    page.wait_for_url(re.compile(r"cohort=c1\."))
    settle(page)
    name, text = taken(page, "link", "YAML")
    assert name == "lung-of-men.yaml" and b"sites: [Lung and Bronchus]" in text


def test_a_facility_sees_its_own_people_only(visit: Callable[[str, str], Page]) -> None:
    page = visit("anna", "/incidence")
    page.get_by_text("an account of a facility sees its own patients here").wait_for()
    assert page.get_by_text("Over years", exact=True).count() == 0
