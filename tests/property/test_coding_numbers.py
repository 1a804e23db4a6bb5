"""Codes become numbers exactly when they are written as the standard writes them."""

from __future__ import annotations

import re

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.coding.numbers import PREPARED

FORMS = {
    "@site": ("primarySite", r"C([0-9]{3})"),
    "@histology": ("histologicTypeIcdO3", r"([0-9]{4})"),
    "@behavior": ("behaviorCodeIcdO3", r"([0-9])"),
    "@diagnosis_year": ("dateOfDiagnosis", r"([0-9]{4}).*"),
}
TEXTS = st.one_of(st.none(), st.text("C0123456789+-. _eEx٣", max_size=9), st.text(max_size=5))


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=12))
@example(
    ["C509", "C50", "c509", "C+12", "C-12", "C 12", "C1e1", "C1_2", "C5099", "+850", "-850", "8500", " 850"]
)
@example(
    ["850 ", "85.0", "1e10", "0x10", "٣٣٣٣", "3", "+", "-", "٣", "2015", "201513", "+201", "20 5", "2015-01"]
)
def test_only_well_formed_codes_are_numbers(texts: list[str | None]) -> None:
    for name, (item, form) in FORMS.items():
        found = pl.DataFrame({item: pl.Series(texts, dtype=pl.String)}).select(PREPARED[name]).to_series()
        matches = [re.fullmatch(form, text, re.DOTALL) if text else None for text in texts]
        assert found.to_list() == [int(match[1]) if match else None for match in matches]
