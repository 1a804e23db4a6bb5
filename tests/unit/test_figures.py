"""Figures without a browser: what is drawn, what is hidden, what a table and a workbook say."""

from __future__ import annotations

import io
import zipfile
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from dashboards import door, provenance, workbook
from dashboards.components import panel
from dashboards.components.figures import forest, funnel, look, picture, rates, risks, shares, survival

NASTY = "<b>A & B</b>"


def curve(*rows: tuple[str, float, float | None]) -> pl.DataFrame:
    """Curve with limits 0.1 on both sides."""
    frame = pl.DataFrame(rows, schema=["group", "years", "estimate"], orient="row")
    return frame.with_columns(lower=pl.col("estimate") - 0.1, upper=pl.col("estimate") + 0.1)


def test_small_numbers_at_risk_are_hidden() -> None:
    at_risk = pl.DataFrame({"group": ["a", "a"], "years": [0.0, 1.0], "at_risk": [1234, None]})
    drawn = survival.curves(
        curve(("a", 0.0, 1.0), ("a", 1.0, 0.5)), at_risk, ["a"], y_title="Survival", threshold=16
    )
    texts = [list(trace.text) for trace in drawn.data if trace.mode == "text"]
    assert texts == [["1,234", "&lt;16"]]


def test_curves_begin_at_one_and_a_group_is_told_apart_by_line_and_colour() -> None:
    frame = curve(("a", 1.0, 0.9), ("b", 1.0, 0.5))
    none = pl.DataFrame(schema={"group": pl.String, "years": pl.Float64, "at_risk": pl.Int64})
    drawn = survival.curves(frame, none, ["a", "b"], y_title="Survival", threshold=11)
    lines = [trace for trace in drawn.data if trace.line.width and trace.line.width > 1]
    assert [list(trace.y) for trace in lines] == [[1.0, 0.9], [1.0, 0.5]]
    assert len({trace.line.dash for trace in lines}) == len({trace.line.color for trace in lines}) == 2
    rising = survival.curves(frame, none, ["a"], y_title="Incidence", threshold=11, rising=True)
    assert rising.data[-1].y[0] == 0.0


def test_a_hidden_year_is_a_hole_that_no_band_crosses() -> None:
    frame = pl.DataFrame(
        {
            "group": ["a"] * 5,
            "year": [2000, 2001, 2002, 2003, 2004],
            "rate": [1.0, 2.0, None, 4.0, 5.0],
            "lower": [0.5, 1.0, None, 3.0, 4.0],
            "upper": [2.0, 3.0, None, 5.0, 6.0],
        }
    )
    drawn = rates.over_years(frame, ["a"], provisional=[2004])
    filled = [list(trace.x) for trace in drawn.data if trace.fill == "tonexty"]
    assert filled == [[2000, 2001], [2003, 2004]]
    line = drawn.data[-1]
    assert line.y[2] is None and line.marker.color[-1] == "white" != line.marker.color[0]


def test_nought_is_not_on_a_log_axis() -> None:
    frame = pl.DataFrame(
        {
            "group": ["a"] * 2,
            "year": [2000, 2001],
            "rate": [0.0, 5.0],
            "lower": [0.0, 4.0],
            "upper": [1.0, 6.0],
        }
    )
    drawn = rates.over_years(frame, ["a"], log=True)
    assert list(drawn.data[-1].y) == [None, 5.0] and drawn.layout.yaxis.type == "log"


def test_joinpoints_are_marked_with_their_years() -> None:
    years = [2000, 2005, 2010]
    observed = pl.DataFrame({"group": ["a"] * 3, "year": years, "rate": [10.0, 15.0, 9.0]})
    segments = pl.DataFrame(
        {
            "group": ["a", "a"],
            "first_year": [2000, 2005],
            "last_year": [2005, 2010],
            "apc": [8.0, -9.0],
            "lower": [7.0, -10.0],
            "upper": [9.0, -8.0],
        }
    )
    drawn = rates.trend(observed, observed, segments, ["a"])
    (joined,) = [trace for trace in drawn.data if trace.mode == "markers+text"]
    assert list(joined.x) == [2005] and list(joined.y) == [15.0] and joined.textposition == ("top center",)


def test_names_are_never_markup() -> None:
    frame = pl.DataFrame({"name": [NASTY], "value": [1.0], "lower": [0.5], "upper": [2.0]})
    drawn = shares.with_limits(frame, x_title="x", reference=1.0, reference_name=NASTY, log=True)
    assert (
        NASTY not in drawn.to_json()
        and "&lt;b&gt;A &amp; B&lt;/b&gt;" in drawn.to_plotly_json()["layout"]["yaxis"]["ticktext"]
    )
    assert NASTY not in panel.as_table(frame, {"name": NASTY, "value": "n"}, NASTY)


def test_funnel_and_forest_leave_out_what_is_hidden() -> None:
    points = pl.DataFrame(
        {"name": ["a", "b"], "n": [50, None], "value": [60.0, None], "outside": ["below", "inside"]}
    )
    limits = pl.DataFrame(
        {
            "n": [10, 50],
            "lower_95": [1.0, 2.0],
            "upper_95": [3.0, 4.0],
            "lower_99_8": [0.0, 1.0],
            "upper_99_8": [4.0, 5.0],
        }
    )
    drawn = funnel.funnel(points, limits, benchmark=80, benchmark_name="goal", x_title="n", y_title="%")
    marks = [trace for trace in drawn.data if trace.mode == "markers"]
    assert [(trace.name, list(trace.y)) for trace in marks] == [("below the limits", [60.0])]
    rows = pl.DataFrame(
        {
            "name": ["a", "b"],
            "hazard_ratio": [2.0, None],
            "lower": [1.5, None],
            "upper": [2.5, None],
            "p": [0.01, None],
        }
    )
    assert [note.text for note in forest.forest(rows).layout.annotations] == [
        "2.00 (1.50–2.50), p = 0.010",
        "not shown",
    ]


def test_stacked_risks_share_one_grid() -> None:
    frame = pl.DataFrame({"cause": ["x", "x", "y"], "years": [1.0, 2.0, 2.0], "estimate": [0.1, 0.2, 0.3]})
    drawn = risks.stacked(frame, ["x", "y"])
    assert list(drawn.data[0].x) == list(drawn.data[1].x)
    assert (drawn.data[0].y[0], drawn.data[0].y[-1], drawn.data[1].y[-1]) == (0.0, 0.2, 0.3)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "http://a.example"])
def test_no_cell_of_a_workbook_is_a_formula_or_a_link(text: str) -> None:
    made = workbook.to_xlsx(pl.DataFrame({"name": [text], "n": [-5]}), [("Cohort", text)])
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        sheets = [
            book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")
        ]
        kept = book.read("xl/sharedStrings.xml").decode()
    assert len(sheets) == 2 and all("<f>" not in sheet and "<hyperlink" not in sheet for sheet in sheets)
    assert f">{text}<" in kept and "<v>-5</v>" in sheets[0]
    assert made == workbook.to_xlsx(pl.DataFrame({"name": [text], "n": [-5]}), [("Cohort", text)])


def test_provenance_stands_beside_each_row_of_a_csv() -> None:
    answer = {"provenance": {"cohort": "Colon", "data_cut_off": "2025-12-31"}, "methods": "m", "notes": ["n"]}
    told = provenance.beside(pl.DataFrame({"rate": [1.0, 2.0]}), answer)
    assert told.columns == ["rate", "cohort", "data_cut_off"] and told["cohort"].to_list() == [
        "Colon",
        "Colon",
    ]
    assert provenance.lines(answer)[-2:] == [("Methods", "m"), ("Note", "n")]


@pytest.mark.parametrize(("state", "noted"), [("svg", ["curve.svg"]), ("exe", []), (None, [])])
def test_a_picture_that_was_taken_is_noted(
    monkeypatch: pytest.MonkeyPatch, state: str | None, noted: list[str]
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(
        door, "ask", lambda operation, /, **how: asked.append({"operation_": operation, **how})
    )
    drawn = lambda **_how: SimpleNamespace(taken=state, failed=None)  # noqa: E731
    monkeypatch.setattr(picture, "_component", lambda: drawn)
    table = pl.DataFrame({"n": [1, 2]})
    picture.buttons("c", name="curve", title="t", provenance=[], operation="survival.estimate", table=table)
    assert [each["name"] for each in asked] == noted
    for each in asked:
        assert each["operation_"] == "downloads.record" and each["rows"] == 2 and len(each["sha256"]) == 64


def test_marks_of_fourteen_groups_differ() -> None:
    assert len({(look.mark(n).colour, look.mark(n).dash) for n in range(14)}) == 14
