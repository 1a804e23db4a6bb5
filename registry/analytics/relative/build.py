"""Write this room's table of age standards from the published weights: `registry standards build --from DIR`."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from registry.analytics.relative.weights import TABLE
from registry.errors import NotFound


def build(shared: Path, out: Path = TABLE.parent) -> dict[str, int]:
    """Write `icss.csv` (standard, age_from, weight) and return its number of rows.

    Args:
        shared: folder with `statistics/icss_weights.csv` (lower age, one column a standard).
        out: folder to write to (made when missing).

    Raises:
        NotFound: the published weights are not there.
    """
    source = shared / "statistics" / "icss_weights.csv"
    if not source.is_file():
        raise NotFound(str(source), "no such file", "name the folder that holds statistics/icss_weights.csv")
    table = (
        pl.read_csv(source)
        .unpivot(index="age", variable_name="standard", value_name="weight")
        .select(pl.col("standard").str.to_lowercase(), pl.col("age").alias("age_from"), "weight")
        .sort("standard", "age_from")
    )
    out.mkdir(parents=True, exist_ok=True)
    table.write_csv(out / TABLE.name)
    return {TABLE.name: table.height}
