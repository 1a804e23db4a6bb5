"""Edits hold for any input: one record is judged as in a frame, fast dates are right dates."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from registry import edits
from registry.edits import interpreter, terms
from registry.edits.plan import compile_plan
from registry.standards import dates

AS_OF = dt.date(2026, 11, 1)
VALUES = {
    "primarySite": ["C509", "C619", "C421", "C710", "C779", "C809", "C99", None],
    "histologicTypeIcdO3": ["8500", "8140", "9861", "9680", "8000", "0000", None],
    "behaviorCodeIcdO3": ["0", "1", "2", "3", "6", None],
    "sexAssignedAtBirth": ["1", "2", "9", "5", None],
    "sex": ["1", "2", "4", None],
    "dateOfBirth": ["19580301", "1958", "20210101", "x", None],
    "dateOfDiagnosis": ["20200115", "2018", "202313", "20170101", None],
    "dateOfLastContact": ["20200115", "2017", "20260901", None],
    "ageAtDiagnosis": ["062", "999", "10", "012", None],
    "laterality": ["0", "1", "5", "9", "7", None],
    "vitalStatus": ["0", "1", "4", None],
    "causeOfDeath": ["0000", "C509", "7777", "bad!", None],
    "summaryStage2018": ["0", "1", "7", "8", "9", None],
    "diagnosticConfirmation": ["1", "3", "7", "9", None],
    "typeOfReportingSource": ["1", "6", "7", None],
    "race1": ["01", "02", "99", None],
    "race2": ["88", "01", "99", None],
    "rxSummSurgPrimSite": ["00", "30", "98", None],
    "rxSummSurgPrimSite2023": ["A000", "A200", "Z1", None],
    "rxSummChemo": ["00", "03", "85", None],
    "rxDateChemo": ["20200201", "2019", None],
    "overRideSiteType": ["1", None],
}
RECORDS = st.fixed_dictionaries({item: st.sampled_from(values) for item, values in VALUES.items()})
EVERY_ITEM = compile_plan(edits.edit_ids("all")).columns
ODD = [
    "",
    "0",
    "1",
    "9",
    "99",
    "-1",
    "+5",
    "-99",
    " 1",
    "1 ",
    "C509",
    "c509",
    "C5",
    "000",
    "99999999999",
    "20201301",
]
DIRTY = st.one_of(
    st.none(), st.sampled_from(ODD), st.text(max_size=12), st.text("0123456789-.C ", max_size=10)
)
DIRTY_RECORDS = st.builds(
    lambda known, odd: known | odd,
    RECORDS,
    st.dictionaries(st.sampled_from(EVERY_ITEM), DIRTY, min_size=5, max_size=60),
)
IDS = [e.id for e in edits.all_edits().values() if e.level != "inter-record" and not e.of_flags]


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_one_record_is_judged_as_in_a_frame(records: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame(records, schema=dict.fromkeys(VALUES, pl.String)).with_row_index("tumor_id")
    together = edits.run(None, frame, IDS, as_of=AS_OF)
    for row, record in enumerate(records):
        alone = {
            (f.edit, f.severity, f.state, f.message) for f in edits.check_record(record, IDS, as_of=AS_OF)
        }
        in_frame = together.filter(pl.col("tumor_id") == row).select("edit", "severity", "state", "message")
        assert alone == set(in_frame.rows())


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(DIRTY_RECORDS, min_size=3, max_size=12))
def test_dirty_text_never_raises_and_is_judged_alike(records: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame(records, schema=dict.fromkeys(EVERY_ITEM, pl.String)).with_row_index("tumor_id")
    together = edits.run(None, frame, "all", as_of=AS_OF)
    counted = edits.counts(None, frame, "all", as_of=AS_OF)
    assert counted["records"].sum() == together.height
    for row, record in enumerate(records):
        alone = {
            (f.edit, f.severity, f.state, f.message) for f in edits.check_record(record, IDS, as_of=AS_OF)
        }
        in_frame = together.filter((pl.col("tumor_id") == row) & pl.col("edit").is_in(IDS))
        assert alone == set(in_frame.select("edit", "severity", "state", "message").rows())


A, B, N, M = pl.col("a"), pl.col("b"), pl.col("n"), pl.col("m")
OPERATIONS = {
    "parse": A.cast(pl.Int32, strict=False),
    "parse unsigned": A.cast(pl.UInt8, strict=False),
    "narrow": N.cast(pl.UInt8, strict=False),
    "to text": N.cast(pl.String),
    "base 36": A.str.to_integer(base=36, dtype=pl.Int32, strict=False),
    "plus": N + M,
    "times": N * M,
    "times text length": N * A.str.len_chars(),
    "floor": N // M,
    "remainder": N % M,
    "absolute": N.abs(),
    "clip": N.clip(-3, M),
    "smallest": pl.min_horizontal(N, M),
    "largest": pl.max_horizontal(A, B),
    "and": (N > 1) & (M < 5),
    "or": (N > 1) | (A == "1"),
    "xor": (N > 1) ^ (M > 1),
    "not": ~(A == B),
    "any": pl.any_horizontal(N == 1, M == 2, A.is_null()),
    "between": A.is_between(pl.lit("1"), B),
    "in": A.is_in(["1", "C509", ""]),
    "same or null": N.eq_missing(M),
    "fill": (N > 3).fill_null(value=True),
    "coalesce": pl.coalesce(A, B),
    "when": pl.when(N > 1).then(A).when(M > 1).then(B),
    "gather": pl.lit(pl.Series([True, False, None, True] * 3)).gather(N.clip(-4, 3)),
    "slice": A.str.slice(-3, 2),
    "head": A.str.head(2),
    "tail": A.str.tail(3),
    "strip": A.str.strip_chars(),
    "upper": A.str.to_uppercase(),
    "replace": A.str.replace_all("[^0-9]", ""),
    "digits": A.str.contains(r"^\d{1,3}$"),
    "negated class": A.str.contains("[^0-9C]"),
    "words": A.str.contains(r"(?i)\bc5\w+"),
    "letters": A.str.contains(r"^[\p{L} '-]+$"),
    "starts": A.str.starts_with("C"),
    "ends": A.str.ends_with("9"),
    "bytes": A.str.len_bytes(),
    "joined": pl.concat_str([A, B], separator="|"),
    "joined, nulls left out": pl.concat_str([A, B], separator="|", ignore_nulls=True),
    "mapped": A.replace_strict({"1": 10, "0": 20}, default=None, return_dtype=pl.Int32),
    "place": pl.lit(pl.Series([1, 5, 9])).search_sorted(N),
    "enumeration": A.cast(pl.Enum(["0", "1", "C509"]), strict=False).to_physical().cast(pl.Int32),
}
ROWS = st.fixed_dictionaries(
    {
        "a": DIRTY,
        "b": DIRTY,
        "n": st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1), st.integers(-5, 300)),
        "m": st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1), st.integers(-5, 9)),
    }
)
SCHEMA = {"a": pl.String(), "b": pl.String(), "n": pl.Int32(), "m": pl.Int32()}


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=4, max_size=8))
def test_operations_on_one_record_are_those_of_polars(rows: list[dict[str, str | int | None]]) -> None:
    made = interpreter.functions(OPERATIONS, SCHEMA)
    assert [name for name, function in made.items() if function is None] == []
    frame = pl.DataFrame(rows, schema=SCHEMA)
    for name, expression in OPERATIONS.items():
        together = frame.select(expression.alias("x"))["x"].to_list()
        assert [made[name](row) for row in rows] == together, name


DATES = st.one_of(
    st.none(),
    st.text(alphabet="0123456789-/ X", max_size=9),
    st.dates(min_value=dt.date(1800, 1, 1), max_value=dt.date(2100, 12, 31)).map(lambda d: f"{d:%Y%m%d}"),
    st.integers(180000, 210099).map(str),
    st.integers(18000000, 21009999).map(str),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(DATES, min_size=1, max_size=20))
@example(["0000", "00000101", "0999", "1000"])
def test_fast_dates_equal_the_standards_dates(values: list[str | None]) -> None:
    frame = pl.DataFrame({"d": pl.Series(values, dtype=pl.String)})
    for name in ("d@digits", "d@day"):
        frame = frame.with_columns(terms.definition(name).alias(name))
    fast = frame.select(terms.is_real_date("d").fill_null(value=False).alias("fast"))["fast"]
    known = frame.select(dates.is_valid("d").fill_null(value=False).alias("slow"))["slow"]
    written = pl.Series([bool(v) and v.strip() == v for v in values])
    assert (fast == (known & written)).all()
    first = frame.filter(known & written).select(
        "d@day", slow=dates.earliest("d").dt.strftime("%Y%m%d").cast(pl.Int32)
    )
    assert first["d@day"].to_list() == first["slow"].to_list()
