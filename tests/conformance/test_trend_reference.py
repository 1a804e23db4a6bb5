"""Trends against published results: NCI Joinpoint's sample series, and APCs computed in R."""

from __future__ import annotations

import polars as pl
import pytest

from registry.cli import main
from tests.paths import needs_shared, shared


def trend(capsys: pytest.CaptureFixture[str], *words: str) -> pl.DataFrame:
    with pytest.raises(SystemExit) as stop:
        main(["stats", "trend", *words])
    assert not stop.value.code
    table = pl.read_csv(capsys.readouterr().out.encode(), infer_schema_length=None)
    assert table.columns == [
        "method", "group", "joinpoints", "segment", "first_year", "last_year", "apc", "lower", "upper", "p", "se_log_slope",
    ]  # fmt: skip
    return table


@needs_shared
@pytest.mark.parametrize(
    "choice",
    [
        "--joinpoints 3",
        "--max-joinpoints 3 --select bic",
        "--select bic3",
        "--select wbic",
        "--max-joinpoints 3 --select permutation",
    ],
)
def test_sample_of_nci_joinpoint(capsys: pytest.CaptureFixture[str], choice: str) -> None:
    """All joinpoints, 12 of 12 APCs to two decimals, and which of them differ significantly from 0."""
    sample = shared("statistics", "joinpoint_sample_colorectal.csv")
    found = trend(capsys, "--input", str(sample), "--by", "sex", "--method", "joinpoint", *choice.split())
    expected = pl.read_csv(shared("statistics", "expected_joinpoint_nci.csv"))
    assert (
        found.select("group", "segment", "first_year").rows()
        == expected.select("series", "segment", "first_year").rows()
    )
    ends = expected["joinpoint_at_end"].fill_null(2009)  # the last segment ends with the series
    assert found["last_year"].to_list() == ends.to_list()
    assert [f"{apc:.2f}" for apc in found["apc"]] == [f"{apc:.2f}" for apc in expected["apc"]]
    assert (found["p"] < 0.05).cast(pl.Int64).to_list() == expected["apc_significant"].to_list()
    outside_zero = (found["lower"] > 0) | (found["upper"] < 0)
    assert outside_zero.cast(pl.Int64).to_list() == expected["apc_significant"].to_list()


@needs_shared
def test_annual_percent_change_as_in_r(capsys: pytest.CaptureFixture[str]) -> None:
    """lm of the log rate with and without weights, glm of the crude counts: 1e-6 relative to max(1, |value|)."""
    found = trend(
        capsys, "--input", str(shared("statistics", "incidence_input.csv")), "--standard", "us2000",
        "--method", "apc,apc-unweighted,apc-poisson",
    )  # fmt: skip
    columns = {"apc": "apc", "lower_t": "lower", "upper_t": "upper", "p": "p", "se_logslope": "se_log_slope"}
    methods = {"weighted": "apc", "unweighted": "apc-unweighted", "poisson_crude": "apc-poisson"}
    compared = 0
    for case, stat, value in (
        pl.read_csv(shared("statistics", "expected_incidence.csv"), infer_schema_length=None)
        .filter(pl.col("case").str.starts_with("apc:"))
        .select("case", "stat", pl.col("value").cast(pl.Float64))
        .iter_rows()
    ):
        _, kind, *_, group = case.split(":")
        row = found.filter(method=methods[kind], group=group)
        assert row[columns[stat]].item() == pytest.approx(value, rel=1e-6, abs=1e-6), (case, stat)
        assert row.select("joinpoints", "segment", "first_year", "last_year").row(0) == (0, 1, 2000, 2020)
        compared += 1
    assert compared == 40
