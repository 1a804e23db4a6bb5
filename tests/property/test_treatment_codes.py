"""Surgery tables and days to treatment against plain row-by-row definitions."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from functools import cache

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from registry.coding import derive, reference
from registry.coding.treatment import check_surgery_code, surgery_table

AS_OF = dt.date(2026, 1, 31)
TABLES = reference.table("surgery_tables.csv").to_dicts()
SURGERY = ("surgery_table_version", "surgery_table_title", "surgery_codes")


@cache
def _tables(year: int) -> list[dict[str, str | None]]:
    return [t for t in TABLES if int(t["year_min"]) <= year <= int(t["year_max"] or 9999)]


@cache
def _in(text: str | None, code: str) -> bool:
    """Whether a code is in ranges, compared as text of the same length."""
    parts = (part.partition("-") for part in (text or "").split())
    return any(low <= code <= (high or low) for low, _, high in parts)


def _surgery(site: str | None, histology: str | None, date: str | None) -> tuple[str | None, ...]:
    year = (date or "")[:4]
    if not re.fullmatch(r"\d{4}", year) or not re.fullmatch(r"C\d\d\d?", site or ""):
        return None, None, None
    if not re.fullmatch(r"\d{4}", histology or "") or int(year) > AS_OF.year:
        return None, None, None
    place = (site or "")[1:].ljust(3, "9")
    for table in _tables(int(year)):
        named = _in(table["histologies_in"], histology or "")
        if named or (_in(table["sites"], place) and not _in(table["histologies_out"], histology or "")):
            return table["version"], table["title"], table["codes"]
    return None, None, None


def test_surgery_as_row_by_row() -> None:
    sites = [f"C{number:03}" for number in range(0, 1000, 7)] + [
        "C50",
        "C42",
        "C5",
        "c509",
        "C50X",
        "C5099",
        None,
    ]
    histologies = [
        "8000",
        "8140",
        "8720",
        "9590",
        "9727",
        "9732",
        "9750",
        "9762",
        "9805",
        "9823",
        "9989",
        "9992",
        "99",
        None,
    ]
    years = [
        "1997",
        "1998",
        "2003",
        "2004",
        "2009",
        "2011",
        "2017",
        "202106",
        "2022",
        "2023",
        "2024",
        "2026",
        "2027",
        "20",
        None,
    ]
    rows = list(itertools.product(sites, histologies, years))
    schema = ["primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(schema, pl.String), orient="row")
    made = derive(frame, ["surgery_codes"], as_of=AS_OF).select(SURGERY).rows()
    assert [(row, is_) for row, is_ in zip(rows, made, strict=True) if is_ != _surgery(*row)] == []


def test_the_form_allows_what_the_column_says() -> None:
    for site, histology, year in itertools.product(
        ("C509", "C619", "C421", "C341"), ("8140", "9732"), (1998, 2018, 2025)
    ):
        version, title, codes = _surgery(site, histology, str(year))
        table = surgery_table(site, histology, year)
        assert table is not None and (table.version, table.title, " ".join(table.legal_codes)) == (
            version,
            title,
            codes,
        )
        assert [code.code for code in table.codes] == (codes or "").split()
        for code in ("00", "30", "A300", "B300", "98", "A980"):
            assert check_surgery_code(code, site, histology, year).legal is (code in (codes or "").split())


def _days(diagnosis: str | None, treatment: str | None) -> str:
    dates = []
    for text in (diagnosis, treatment):
        if not re.fullmatch(r"[0-9]{8}", text or ""):
            return "999"
        assert text is not None
        try:
            dates.append(dt.date(int(text[:4]), int(text[4:6]), int(text[6:])))
        except ValueError:
            return "999"
    return f"{min(max((dates[1] - dates[0]).days, 0), 998):03}"


_YEARS = st.integers(1900, 2030)
_DATE = st.one_of(
    st.dates(dt.date(1990, 1, 1), dt.date(2026, 12, 31)).map(lambda date: f"{date:%Y%m%d}"),
    st.tuples(_YEARS, st.integers(0, 13), st.integers(0, 32)).map(
        lambda part: "{:04}{:02}{:02}".format(*part)
    ),
    st.sampled_from([None, "", "2015", "201503", "20150300", "2015 301", "+2015031", "2015/3/1", "99999999"]),
)


@given(st.lists(st.tuples(_DATE, _DATE), min_size=1, max_size=50))
@example(
    [("20200101", "20220925"), ("20200101", "20220926"), ("19000228", "19000229"), ("20000228", "20000229")]
)
def test_days_to_treatment_as_row_by_row(pairs: list[tuple[str | None, str | None]]) -> None:
    schema = dict.fromkeys(("dateOfDiagnosis", "dateInitialRxSeer"), pl.String)
    made = derive(pl.DataFrame(pairs, schema=schema, orient="row"), ["daysToTreatment"])
    assert made.get_column("daysToTreatment").to_list() == [_days(*pair) for pair in pairs]
