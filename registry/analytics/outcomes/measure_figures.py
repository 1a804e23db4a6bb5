"""Figures of a quality measure: each case's answer, counts and shares by group, and why cases were left out."""

from __future__ import annotations

from typing import Final

import polars as pl

from registry.analytics.outcomes import conditions
from registry.analytics.outcomes.columns import DATES, SOURCES
from registry.analytics.outcomes.limits import with_share
from registry.analytics.outcomes.measure import Measure, kind
from registry.analytics.outcomes.treatment import MODALITIES, with_treatment
from registry.standards import dates

NOT_ASKED, EXCLUDED, MET, NOT_MET, UNDECIDED = "not asked", "excluded", "met", "not met", "cannot be decided"
ANSWERS: Final = pl.Enum([NOT_ASKED, EXCLUDED, MET, NOT_MET, UNDECIDED])
FOUND: Final = ["better than the benchmark", "as the benchmark", "worse than the benchmark"]


def measured(frame: pl.DataFrame) -> pl.DataFrame:
    """The analysis frame with the columns that measures ask about (see `columns.COLUMNS`).

    Args:
        frame: one row a tumor: columns of the analysis frame and NAACCR items (dates of therapy, treatment).

    Whether a treatment was given is null where it is unknown, so that no condition holds or fails by it.
    """
    have = frame.columns
    made = [
        pl.col(source).alias(name) for name, source in SOURCES.items() if source in have and name not in have
    ]
    if "histologicTypeIcdO3" in have:
        made.append(pl.col("histologicTypeIcdO3").cast(pl.Int32, strict=False).alias("histology"))
    if "diagnostic_confirmation" in have:
        made.append(pl.col("diagnostic_confirmation").is_in([1, 2, 3, 4]).alias("confirmed"))
    if {"last_contact", "diagnosed"} <= set(have):
        made.append((pl.col("last_contact") - pl.col("diagnosed")).dt.total_days().alias("followed"))
    if "diagnosed" in have:
        day = pl.col("dateOfDiagnosis").cast(pl.String).str.len_bytes() == 8
        exact = day if "dateOfDiagnosis" in have else pl.lit(value=True)
        made += [
            pl.when(exact)
            .then((dates.earliest(_whole(item)) - pl.col("diagnosed")).dt.total_days())
            .alias(name)
            for name, item in DATES.items()
            if item in have
        ]
    told = with_treatment(frame.with_columns(made))
    return told.with_columns(
        pl.when(pl.col(name) != "unknown").then(pl.col(name)).alias(name) for name in MODALITIES
    )


def _whole(item: str) -> pl.Expr:
    text = pl.col(item).cast(pl.String)
    return pl.when(text.str.len_bytes() == 8).then(text)


def answers(frame: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """What the measure says of each case: frame[answer (Enum), reason (text; null when asked)], row by row.

    Args:
        frame: as `measured` returns it, with every column that the measure asks about.

    A denominator or an exclusion that cannot be decided does not hold; a numerator that cannot be decided is told
    apart, and counts as not met in the share.

    >>> from registry.analytics.outcomes.measure import measure_from
    >>> one = measure_from({"id": "x", "version": "1", "title": "t", "question": "q", "site": "s", "source": "s", "benchmark": 90,
    ...     "denominator": ["age >= 18"], "exclusions": [{"reason": "dead", "when": ["dead"]}], "numerator": ["year > 2000"]})
    >>> cases = pl.DataFrame({"age": [9, 50, 50, 50, 50], "dead": [False, True, False, False, False], "year": [2001, 2001, 2001, 1999, None]})
    >>> answers(cases, one)["answer"].to_list()
    ['not asked', 'excluded', 'met', 'not met', 'cannot be decided']
    """
    first = frame.select(
        conditions.expression(measure.denominator[0], kind).fill_null(value=False)
    ).to_series()
    inside = frame.filter(first)  # the first condition is mostly a site, which leaves few
    not_asked = pl.select(
        pl.repeat(NOT_ASKED, frame.height, dtype=pl.String).cast(ANSWERS).alias("answer"),
        pl.repeat(told(measure.denominator[0]), frame.height, dtype=pl.String).alias("reason"),
    )
    if inside.is_empty():
        return not_asked
    found = _answers(inside, measure)
    place = (first.cum_sum().cast(pl.Int64) - 1).clip(0)
    return not_asked.select(
        pl.when(first).then(found[name].gather(place)).otherwise(pl.col(name)).alias(name)
        for name in found.columns
    )


def _answers(frame: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """The same for cases that fulfil the first condition."""
    asked = [conditions.expression(one, kind).fill_null(value=False) for one in measure.denominator]
    out = [
        (reason, conditions.expression(when, kind).fill_null(value=False))
        for reason, when in measure.exclusions
    ]
    met = conditions.expression(measure.numerator, kind)
    work = frame.select(
        *(expression.alias(f"a{place}") for place, expression in enumerate(asked)),
        *(expression.alias(f"x{place}") for place, (_, expression) in enumerate(out)),
        met.alias("met"),
    )
    reason = pl.coalesce(
        *(
            pl.when(~pl.col(f"a{place}")).then(pl.lit(told(one)))
            for place, one in enumerate(measure.denominator)
        ),
        *(pl.when(pl.col(f"x{place}")).then(pl.lit(why)) for place, (why, _) in enumerate(out)),
    )
    inside = pl.all_horizontal(f"a{place}" for place in range(len(asked)))
    left_out = pl.any_horizontal(pl.lit(value=False), *(f"x{place}" for place in range(len(out))))
    answer = (
        pl.when(~inside).then(pl.lit(NOT_ASKED)).when(left_out).then(pl.lit(EXCLUDED)).when(pl.col("met")).then(pl.lit(MET))
        .when(~pl.col("met")).then(pl.lit(NOT_MET)).otherwise(pl.lit(UNDECIDED))
    )  # fmt: skip
    return work.select(answer.cast(ANSWERS).alias("answer"), reason.alias("reason"))


def told(condition: object) -> str:
    """A condition in words, for the list of reasons.

    >>> told({"any": ["age < 7", "dead"]})
    'age < 7 or dead'
    """
    if isinstance(condition, str):
        return condition
    if isinstance(condition, list):
        return " and ".join(told(one) for one in condition)
    assert isinstance(condition, dict)
    (word, inner), *_ = condition.items()
    joined = (" and " if word == "all" else " or ").join(told(one) for one in inner)
    return f"none of: {joined}" if word == "none" else joined


def figures(frame: pl.DataFrame, measure: Measure, by: list[str]) -> pl.DataFrame:
    """Counts and share by group.

    Args:
        frame: cases with columns `by` and `answer` (see `answers`).

    Returns:
        by, total (asked and not excluded), met, not_met, undecided, excluded, percent (met of total), lower, upper
        (Clopper–Pearson, 95 %), benchmark, found (one of FOUND: where the limits lie; null without cases), sorted by group;
        groups in which nobody was asked are left out.
    """
    said = [
        (pl.col("answer") == answer).sum().cast(pl.Int64).alias(name)
        for name, answer in (
            ("met", MET),
            ("not_met", NOT_MET),
            ("undecided", UNDECIDED),
            ("excluded", EXCLUDED),
        )
    ]
    counted = frame.group_by(by).agg(said) if by else frame.select(said)
    table = counted.with_columns(pl.sum_horizontal("met", "not_met", "undecided").alias("total"))
    table = with_share(table.filter(pl.col("total") + pl.col("excluded") > 0), "met", exact=True)
    good, bad = (FOUND[0], FOUND[2]) if measure.direction == "at least" else (FOUND[2], FOUND[0])
    found = (
        pl.when(pl.col("lower") > measure.benchmark).then(pl.lit(good)).when(pl.col("upper") < measure.benchmark).then(pl.lit(bad))
        .when(pl.col("total") > 0).then(pl.lit(FOUND[1]))
    )  # fmt: skip
    shown = table.with_columns(pl.lit(measure.benchmark).alias("benchmark"), found.alias("found")).select(
        *by,
        "total",
        "met",
        "not_met",
        "undecided",
        "excluded",
        "percent",
        "lower",
        "upper",
        "benchmark",
        "found",
    )
    return shown.sort(by, nulls_last=True) if by else shown


def why(answered: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """Why cases are not in the figure: frame[step, kind, reason, excluded, remaining], in the measure's order.

    Args:
        answered: what `answers` returned. kind is "start", "not asked" or "excluded"; each case counts at the first
            condition that it does not fulfil.
    """
    counted = dict(answered.group_by("answer", "reason").agg(pl.len().cast(pl.Int64).alias("n")).select(
        pl.concat_str(pl.col("answer").cast(pl.String), pl.lit("|"), pl.col("reason").fill_null("")), "n"
    ).iter_rows())  # fmt: skip
    remaining = answered.height
    rows: list[tuple[int, str, str, int, int]] = [(0, "start", "cases of the cohort", 0, remaining)]
    steps = [(NOT_ASKED, told(one)) for one in measure.denominator] + [
        (EXCLUDED, reason) for reason, _ in measure.exclusions
    ]
    for number, (said, reason) in enumerate(steps, 1):
        gone = counted.pop(f"{said}|{reason}", 0)
        remaining -= gone
        rows.append((number, said, reason, gone, remaining))
    return pl.DataFrame(
        rows, schema={"step": pl.Int64, "kind": pl.String, "reason": pl.String, "excluded": pl.Int64, "remaining": pl.Int64}, orient="row"
    )  # fmt: skip
