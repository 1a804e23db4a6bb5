"""The generator's tables of facts (`data/`, sources in `data/SOURCES.md`), ready for drawing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from registry.synthetic.draw import Bools, Floats, Grouped, Ints

DATA = Path(__file__).parent / "data"
STAGES = "IBLRDU"
"""I in situ, B benign or borderline, L localized, R regional, D distant, U unstaged."""
FIRST_YEAR = 2007


def read(name: str) -> pl.DataFrame:
    """One table of the data folder, every column as text."""
    return pl.read_csv(DATA / f"{name}.csv", infer_schema=False)


@dataclass(frozen=True)
class Facts:
    """Tables as columns; `site` rows are in the order of sites.csv and give the group numbers."""

    sites: pl.DataFrame
    subsites: pl.DataFrame
    histologies: pl.DataFrame
    surgery: pl.DataFrame
    counties: pl.DataFrame
    facilities: pl.DataFrame
    first_names: pl.DataFrame
    surnames: pl.DataFrame
    subsite_draw: Grouped
    histology_draw: Grouped
    stage_draw: Grouped
    surgery_draw: Grouped
    stage_rows: Ints
    """(site x stage letter) -> row in the arrays below, -1 when the site has no such stage."""
    excess_level: Floats
    """Excess hazard: cumulative hazard = level * years ** shape."""
    excess_shape: Floats
    treated: dict[str, Floats]
    histology_code: Ints
    """Columns of histologies.csv as numbers; grade 0 when no code is implied."""
    histology_behavior: Ints
    histology_grade: Ints
    subsite_side: Ints
    """0 not paired, 1 paired, 2 only right"""
    surgery_local: Bools
    """Rows of surgery.csv that remove no nodes: ablation and local excision."""
    surgery_ablation: Bools
    stage_letter: Ints
    other_mortality: Floats
    """(male, female) x (makeham, level, slope, yearly decline, reference year)"""

    def site_numbers(self, column: str) -> Floats:
        """A numeric column of sites.csv."""
        return self.sites[column].cast(pl.Float64).to_numpy()

    def is_group(self, *groups: str) -> Bools:
        """Sites with one of these names."""
        return self.sites["group"].is_in(list(groups)).to_numpy()

    def is_scale(self, *scales: str) -> Bools:
        """Sites with one of these grade scales."""
        return self.sites["grade_scale"].is_in(list(scales)).to_numpy()

    def is_kind(self, *kinds: str) -> Bools:
        """Sites whose `kind` is one of these."""
        return self.sites["kind"].is_in(list(kinds)).to_numpy()


def _by_site(name: str, order: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
    table = read(name).join(order, on="group", how="left", maintain_order="left")
    table = table.sort("site_number", maintain_order=True)
    if table["site_number"].null_count():
        raise ValueError(f"{name}.csv names a group that sites.csv does not have")
    return table, table["site_number"].cast(pl.Int64).to_numpy()


def _floats(table: pl.DataFrame, column: str) -> Floats:
    return table[column].cast(pl.Float64).to_numpy()


def _excess_hazard(stages: pl.DataFrame) -> tuple[Floats, Floats]:
    """Weibull through the relative survival after 1 and after 5 years."""
    one = -np.log(np.minimum(_floats(stages, "rs1") / 100, 1 - 1e-4))
    five = -np.log(np.minimum(_floats(stages, "rs5") / 100, 1 - 2e-4))
    return one, np.log(np.maximum(five / one, 1.05)) / np.log(5.0)


@lru_cache(maxsize=1)
def load() -> Facts:
    """All tables; read once."""
    sites = read("sites")
    order = sites.select("group").with_row_index("site_number")
    subsites, subsite_site = _by_site("subsites", order)
    histologies, histology_site = _by_site("histologies", order)
    stages, stage_site = _by_site("stages", order)
    surgery, surgery_site = _by_site("surgery", order)
    letters = np.array([STAGES.index(letter) for letter in stages["stage"]])
    rows = np.full((len(sites), len(STAGES)), -1)
    rows[stage_site, letters] = np.arange(len(stages))
    invasive = np.where(letters >= STAGES.index("L"), _floats(stages, "share"), 0.0)
    level, shape = _excess_hazard(stages)
    modalities = ("surgery", "radiation", "chemo", "hormone", "brm")
    mortality = read("other_mortality").sort("sex").drop("sex").cast(pl.Float64).to_numpy()
    return Facts(
        sites=sites,
        subsites=subsites,
        histologies=histologies,
        surgery=surgery,
        counties=read("counties"),
        facilities=read("facilities"),
        first_names=read("first_names").sort("sex", maintain_order=True),
        surnames=read("surnames"),
        subsite_draw=Grouped(subsite_site, _floats(subsites, "weight")),
        histology_draw=Grouped(histology_site, _floats(histologies, "weight")),
        stage_draw=Grouped(stage_site, invasive),
        surgery_draw=Grouped(surgery_site, _floats(surgery, "weight")),
        stage_rows=rows,
        excess_level=level,
        excess_shape=shape,
        treated={name: _floats(stages, name) / 100 for name in modalities},
        stage_letter=letters,
        other_mortality=mortality,
        histology_code=_floats(histologies, "histology").astype(np.int64),
        histology_behavior=_floats(histologies, "behavior").astype(np.int64),
        histology_grade=histologies["grade_2017"].fill_null("0").cast(pl.Int64).to_numpy(),
        subsite_side=subsites["side"]
        .replace_strict({"none": 0, "paired": 1, "right": 2})
        .cast(pl.Int64)
        .to_numpy(),
        surgery_local=surgery["code_2022"].is_in(["15", "16", "26", "27"]).to_numpy(),
        surgery_ablation=surgery["code_2022"].is_in(["15", "16"]).to_numpy(),
    )
