"""Corrected abstracts that one facility sends again (record type M, same accession and sequence)."""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.synthetic import calendar_days
from registry.synthetic.draw import Bools, chance
from registry.synthetic.facts import Facts
from registry.synthetic.planted import replace

RESENDING = 1
"""Row of the facility in facilities.csv."""
RESENT = 0.02
NEWS_OF_DEATH = 0.5
"""Share of deaths unknown at first that the facility reports afterwards."""


def choose(
    rng: np.random.Generator, facts: Facts, population_people: pl.DataFrame, frame: pl.DataFrame, free: Bools, as_of: int
) -> tuple[pl.DataFrame, dict[str, int]]:  # fmt: skip
    """Corrected records of `free` abstracts, and how many changed what."""
    size = len(frame)
    there = free & (frame["facility"].to_numpy() == RESENDING)
    unreported = population_people["unreported"].to_numpy()[frame["person_row"].to_numpy()]
    news = there & unreported & chance(rng, NEWS_OF_DEATH, size)
    other = there & ~news & chance(rng, RESENT, size)
    kind = rng.integers(0, 3, size)
    today = calendar_days.text(np.full(size, as_of))
    parts, counts = [], {}
    for name, rows, change in (
        ("vital_status", news, _dead),
        ("primary_site", other & (kind == 0), _site),
        ("histology", other & (kind == 1), _histology),
        ("stage", other & (kind == 2), _stage),
    ):
        before = frame[np.flatnonzero(rows)]
        if not len(before):
            counts[name] = 0
            continue
        after = change(rng, facts, before, population_people)
        after = after.filter(~after.hash_rows().is_in(before.hash_rows().implode()))
        counts[name] = len(after)
        parts.append(after.with_columns(today.head(len(after)).alias("dateCaseLastChanged")))
    corrected = pl.concat(parts) if parts else frame.clear()
    return corrected.sort("patientIdNumber"), counts


def _dead(rng: np.random.Generator, facts: Facts, frame: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    person = people[frame["person_row"]]
    return frame.with_columns(
        pl.lit("0").alias("vitalStatus"),
        calendar_days.text(person["death_day"].to_numpy()).alias("dateOfLastContact"),
        person["true_cause"].alias("causeOfDeath"),
        pl.lit("1").alias("icdRevisionNumber"),
        pl.lit("2").alias("autopsy"),
        pl.lit("7").alias("followUpSource"),
    )


def _site(rng: np.random.Generator, facts: Facts, frame: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    drawn = facts.subsite_draw.draw(rng, frame["site_row"].to_numpy())
    same = facts.subsites["side"].gather(drawn) == facts.subsites["side"].gather(frame["subsite_row"])
    rows = np.flatnonzero(same.to_numpy())
    return replace(frame, rows, {"primarySite": facts.subsites["site"].gather(drawn[rows])})


def _histology(
    rng: np.random.Generator, facts: Facts, frame: pl.DataFrame, people: pl.DataFrame
) -> pl.DataFrame:
    drawn = facts.histology_draw.draw(rng, frame["site_row"].to_numpy())
    behavior = facts.histologies["behavior"].gather(drawn) == frame["behaviorCodeIcdO3"]
    grade = facts.histologies["grade_2017"].gather(drawn).fill_null("") == (
        facts.histologies["grade_2017"].gather(frame["histology_row"]).fill_null("")
    )
    specific = frame["histologicTypeIcdO3"].fill_null("8000") != "8000"
    rows = np.flatnonzero((behavior & grade & specific).to_numpy())
    return replace(frame, rows, {"histologicTypeIcdO3": facts.histologies["histology"].gather(drawn[rows])})


def _stage(rng: np.random.Generator, facts: Facts, frame: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    other = {"1": "2", "2": "1"}
    return frame.with_columns(
        pl.col("summaryStage2018").replace(other), pl.col("seerSummaryStage2000").replace(other)
    )
