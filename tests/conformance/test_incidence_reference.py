"""Rates against R (epitools: pois.exact, ageadjust.direct) and published formulas, from file to file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from registry.analytics.incidence import build, standards
from registry.analytics.incidence.standard_populations import DATA
from registry.cli import main
from tests.paths import needs_shared, shared

STANDARDS = {"us2000": "us2000", "segi": "world_segi_doll", "eur2013": "europe_2013"}
PEER_STOPS = 2e-6
"""epitools looks for exact limits with a root finder that stops within 1e-4 cases: the true limit is the chi-square one."""


def _key(case: str, strata: str, stat: str) -> tuple[str, ...] | None:
    """Where the answer has the number of a row of the expected results."""
    measure, *rest = case.split(":")
    if measure == "apc" or stat.endswith("_epitools"):
        return None
    year = strata[:4]
    if measure == "crude":
        return measure, rest[0], year, "", "", stat.removesuffix("_exact")
    if measure == "age_specific":
        return measure, rest[0], year, strata[5:], "", stat
    if measure == "age_adjusted":
        return measure, rest[1], year, "", STANDARDS[rest[0]], stat.replace("fayfeuer", "fay_feuer")
    if measure == "rate_ratio_lognormal":
        return "rate_ratio", rest[1], year, "", STANDARDS[rest[0]], stat
    return measure, rest[0], year, "", "", stat


@needs_shared
def test_rates_as_in_r(tmp_path: Path) -> None:
    """1e-9 relative to max(1, |value|); exact Poisson limits as far as the peer is exact."""
    out = tmp_path / "out.csv"
    with pytest.raises(SystemExit) as stop:
        main([
            "stats", "rates", "--input", str(shared("statistics", "incidence_input.csv")), "--standard",
            ",".join(STANDARDS.values()), "--reference-year", "2000", "--out", str(out),
        ])  # fmt: skip
    assert not stop.value.code
    table = pl.read_csv(out, infer_schema=False).fill_null("")
    assert table.columns == ["measure", "group", "year", "age_group", "standard", "stat", "value"]
    found = {tuple(row[:6]): float(row[6] or "nan") for row in table.rows()}
    compared = 0
    for case, strata, stat, value in (
        pl.read_csv(shared("statistics", "expected_incidence.csv"), infer_schema=False)
        .select("case", "strata", "stat", "value").iter_rows()
    ):  # fmt: skip
        if (key := _key(case, strata, stat)) is None:
            continue
        exact = key[0] in ("crude", "sir") and key[5] in ("lower", "upper")
        assert found[key] == pytest.approx(float(value), rel=0, abs=_margin(float(value), exact)), key
        compared += 1
    assert compared == 758


def _margin(value: float, exact: bool) -> float:
    return (PEER_STOPS if exact else 1e-9) * max(1.0, abs(value))


@needs_shared
def test_standards_are_built_again_byte_for_byte(tmp_path: Path) -> None:
    counts = build.build(shared(), tmp_path)
    assert counts == {"standard_populations.csv": 57, "standard_population_sources.csv": standards().height}
    for name in counts:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()
