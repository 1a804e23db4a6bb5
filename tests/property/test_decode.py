"""Whatever stands in a column: decoding never fails, loses no row, and what it cannot read is listed."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.naaccr.decode import decode, unlisted

ITEMS = [
    "laterality", "race1", "vitalStatus", "cancerStatus", "overRideSsNodespos", "tumorSizeSummary", "psaLabValue",
    "sequenceNumberCentral", "dateOfDiagnosis", "pathDateSpecCollect1", "nameLast", "ageAtDiagnosis",
]  # fmt: skip
DIGITS = st.text("0123456789", min_size=1, max_size=14)
VALUES = st.one_of(
    st.none(),
    DIGITS,
    st.sampled_from(["", " ", "1", "9", "XXX.7", "20240229", "20240230", "2024", "2024-02-29T25:00:00Z", "01 ", "-1", "½", "١"]),
    st.text(max_size=8),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ITEMS), st.lists(VALUES, max_size=8))
def test_decoding_whatever_comes(item: str, values: list[str | None]) -> None:
    frame = pl.DataFrame({"row": range(len(values)), item: values}, schema={"row": pl.Int64, item: pl.String})
    found, wrong = decode(frame), unlisted(frame)
    assert found["row"].to_list() == frame["row"].to_list()
    assert found.schema == decode(frame.clear()).schema
    if item == "nameLast":
        assert found.equals(frame) and wrong.is_empty()
        return
    rejected = set(wrong["value"])
    assert dict(wrong.select("value", "count").rows()) == {value: values.count(value) for value in rejected}
    for value, row in zip(values, found.drop("row").rows(), strict=True):
        blank = value is None or not value.strip()
        if blank and item != "overRideSsNodespos":
            assert not any(cell is not None for cell in row)
        elif not blank:
            assert any(cell is not None for cell in row) == (value not in rejected), value
