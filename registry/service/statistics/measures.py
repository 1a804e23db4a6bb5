"""Quality measures: the package's and a registry's own, their figures, and the cases behind them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Final

import polars as pl

from registry.analytics.disclosure import Profile, publish_counts, publish_flow, total_may_be_told
from registry.analytics.outcomes import columns as measure_columns
from registry.analytics.outcomes import measure_figures
from registry.analytics.outcomes.measure import Measure, own_measures, read
from registry.analytics.outcomes.measure_figures import NOT_MET, UNDECIDED
from registry.errors import BadInput, Conflict, NotFound
from registry.service.operations import Context, operation
from registry.service.statistics import measures_kept, outcome_publishing
from registry.service.statistics.measure_study import by_group, study_of
from registry.service.statistics.outcome_cases import ALL_HOSPITALS, Cases, asked, groups_shown

LARGEST: Final = 200_000
"""Characters of a file of measures."""
_SHARE: Final = ("percent", "lower", "upper", "found")


@operation("measures.list")
def listed(context: Context) -> pl.DataFrame:
    """Measures in force: frame[measure, version, title, site, question, benchmark, direction, source, own, columns].

    `own` tells the registry's own measures from the package's; `columns` are those that it asks about.
    """
    own = measures_kept.added(context)
    rows = [
        {
            "measure": one.id, "version": one.version, "title": one.title, "site": one.site, "question": one.question,
            "benchmark": one.benchmark, "direction": one.direction, "source": one.source, "own": one.id in own,
            "columns": ", ".join(one.columns()),
        }
        for one in measures_kept.current(context)
    ]  # fmt: skip
    return pl.DataFrame(rows)


@operation("measures.show")
def show(context: Context, measure: str) -> dict[str, Any]:
    """One measure: its definition, its sentences line by line, and the versions that the registry has had.

    Returns:
        {definition, lines: frame[part, text], versions: frame[version, current, added_by, added_at]}.
    """
    one = measures_kept.find(context, measure)
    told = measure_figures.told
    lines = [("question", one.question), ("benchmark", f"{one.direction} {one.benchmark:g} %")]
    lines += [("asked of", told(condition)) for condition in one.denominator]
    lines += [(f"left out: {reason}", told(when)) for reason, when in one.exclusions]
    lines += [("met by", told(condition)) for condition in one.numerator]
    lines += [("source", one.source), *([("note", one.note)] if one.note else [])]
    versions = measures_kept.rows(context).filter(pl.col("measure_id") == one.id)
    return {
        "definition": one.as_dict(),
        "lines": pl.DataFrame(lines, schema=["part", "text"], orient="row"),
        "versions": versions.select(
            pl.col("measure_version").alias("version"), "current", "added_by", "added_at"
        ),
    }


@operation("measures.columns")
def columns(context: Context) -> pl.DataFrame:
    """Columns that a measure may name: frame[column, kind, meaning, values].

    Beside these every NAACCR item of the dictionary may be named by its id.
    """
    return measure_columns.table()


@operation("measures.figures")
def figures(
    context: Context,
    measure: str | None = None,
    by: str | None = None,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """How often measures were met, by group, and why cases were left out.

    Args:
        measure: id of one; None = all in force. by: facility, year … (see `outcomes.choices`), None = all together.

    Returns:
        {table[measure, version, title, group, total, met, percent, lower, upper, undecided, excluded, benchmark, found,
        hidden], why[measure, step, kind, reason, excluded, remaining, hidden], by, groups, notes, exclusions, methods,
        provenance, threshold}; exact limits (Clopper–Pearson, 95 %).
    """
    wanted = measures_kept.current(context) if measure is None else [measures_kept.find(context, measure)]
    question = asked(cohort, profile, as_of, (sites, sexes, stages, year_from, year_to))
    found = study_of(context, wanted, by, question)
    together = study_of(context, wanted, None, question) if by == "facility" else found
    rule = found.found.rule
    published = [_published(found, one) for one in wanted]
    tables = [shown.select(*_named(one), pl.all()) for one, (shown, _) in zip(wanted, published, strict=True)]
    reasons = [
        publish_flow(
            measure_figures.why(measure_figures.answers(together.frame, one), one),
            profile=rule,
            end_told=told,
        ).select(pl.lit(one.id).alias("measure"), pl.all())
        for one, (_, told) in zip(wanted, published, strict=True)
    ]
    sentence = (
        "Measures count cases that fulfil every condition of the denominator and no exclusion; cases that cannot be "
        "decided count as not met; limits are exact (Clopper-Pearson, 95 %)."
    )
    table = pl.concat(tables)
    return {
        "table": table, "why": pl.concat(reasons), **found.answer(sentence),
        "groups": groups_shown(table, found),
    }  # fmt: skip


def _named(one: Measure) -> list[pl.Expr]:
    return [
        pl.lit(value).alias(name)
        for name, value in (("measure", one.id), ("version", one.version), ("title", one.title))
    ]


def _published(found: Cases, one: Measure) -> tuple[pl.DataFrame, bool]:
    """Figures of one measure by group with small numbers hidden; and whether the sums of groups may be told beside them."""
    rule = found.found.rule
    table = by_group(found, one)
    sums = ["total", "met", "undecided", "excluded"]
    label = ALL_HOSPITALS if found.by == "facility" else "All groups"
    several = found.by is not None and table.height > 1
    both = (
        outcome_publishing.with_total(table, label, sums)
        if several
        else table.with_columns(pl.col("group").cast(pl.String))
    )
    shares = outcome_publishing.shares(
        both, "met", rule, by=["group"], total_group=label if several else None, also=_SHARE
    )
    totals = {"group": label} if several else None
    for name in ("undecided", "excluded"):
        counts = publish_counts(both.select("group", name), name, by="group", totals=totals, profile=rule)
        shares = shares.with_columns(counts[name])
    rest = both["total"] - both["met"] - both["undecided"]
    telling = rest.is_between(1, rule.threshold - 1)
    shares = shares.with_columns(pl.when(~telling).then("undecided").alias("undecided"))
    told = found.by == "facility" or not several or _sum_open(both, shares, "total", label, rule)
    if several and not _sum_open(
        both, shares, "excluded", label, rule
    ):  # zeros beside few cases would tell these
        shares = shares.with_columns(pl.lit(None, pl.Int64).alias("excluded"))
    asked_of = pl.Series(both["total"] > 0)
    return shares.filter(asked_of & (pl.col("group") != label)).select(
        "group",
        "total",
        "met",
        "percent",
        "lower",
        "upper",
        "undecided",
        "excluded",
        "benchmark",
        "found",
        "hidden",
    ), told


def _sum_open(exact: pl.DataFrame, shown: pl.DataFrame, name: str, label: str, rule: Profile) -> bool:
    """Whether a number of all groups may be told beside those of the groups (row `label`: their sum)."""
    groups = (exact["group"] != label).alias("groups")
    parts, published = exact.filter(groups), shown.filter(groups)
    if not shown.filter(~groups)[name].null_count():
        return True
    hidden = published[name].is_null()
    half = name == "total" and (hidden & (published["met"] > 1).fill_null(value=False)).any()
    return not half and total_may_be_told(parts[name], hidden, rule)


@operation("measures.cases")
def cases_not_met(
    context: Context,
    measure: str,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    as_of: str | dt.date | None = None,
) -> pl.DataFrame:
    """Cases in the actor's scope that did not meet a measure, or for which it cannot be decided.

    Returns:
        frame[tumor_id, patient_id, year, primarySite, stage, answer], sorted by answer and tumor.
    """
    one = measures_kept.find(context, measure)
    question = asked(cohort, "default", as_of, (sites, sexes, stages, year_from, year_to))
    found = study_of(context, [one], None, question)
    both = pl.concat([found.frame, measure_figures.answers(found.frame, one)], how="horizontal")
    return (
        both.filter(pl.col("answer").is_in([NOT_MET, UNDECIDED]))
        .select("tumor_id", "patient_id", "year", pl.col("primarySite", "stage", "answer").cast(pl.String))
        .sort("answer", "tumor_id", descending=[True, False])
    )


@operation("measures.add", changes=True)
def add(context: Context, text: str) -> dict[str, Any]:
    """Add measures of the registry from TOML, or new versions of them. A measure of the package may be replaced so.

    Args:
        text: tables [[measure]]; see `docs/guide/statistics.md`.

    Returns:
        {added: ids, unchanged: ids}.

    Raises:
        BadInput: every fault of every measure. Conflict: this version is there already with another definition.
    """
    context.require_central("measures.add")
    if len(text) > LARGEST:
        raise BadInput("measures", f"the file has more than {LARGEST:,} characters")
    wanted = read(text)
    known = measures_kept.rows(context)
    new, same = [], []
    for one in wanted:
        mine = known.filter(pl.col("measure_id") == one.id, pl.col("measure_version") == one.version)
        if mine.is_empty():
            new.append(one)
        elif json.loads(mine["definition"][0]) == json.loads(measures_kept.definition_text(one)):
            same.append(one)
        else:
            raise Conflict(
                f"measure {one.id}",
                f"version {one.version} is there already and says something else",
                "give it a new version",
            )
    with context.store.unit_of_work(context.actor.name, "measures.add") as work:
        for one in [*new, *same]:
            work.execute(
                "UPDATE measure SET current = (measure_version = ?) WHERE measure_id = ?",
                [one.version, one.id],
            )
        for one in new:
            row = {
                "measure_id": one.id, "measure_version": one.version, "definition": measures_kept.definition_text(one),
                "current": True, "added_by": context.actor.name, "added_at": context.stamp,
            }  # fmt: skip
            work.insert("measure", pl.DataFrame([row]))
        work.log(
            "measure",
            ", ".join(one.id for one in wanted),
            "measures.add",
            None,
            {"versions": [one.version for one in wanted]},
        )
    return {"added": [one.id for one in new], "unchanged": [one.id for one in same]}


@operation("measures.withdraw", changes=True)
def withdraw(context: Context, measure: str) -> dict[str, Any]:
    """Take one of the registry's measures out of force; its versions stay. The package's own of this id counts again.

    Raises:
        NotFound: the registry has no such measure in force.
    """
    context.require_central("measures.withdraw")
    if measure not in measures_kept.added(context):
        ours = measure in {one.id for one in own_measures()}
        told = "belongs to the package and stays" if ours else "is not one of this registry's measures"
        raise NotFound("measure", f"{measure!r} {told}", "see the list of measures")
    with context.store.unit_of_work(context.actor.name, "measures.withdraw") as work:
        work.execute("UPDATE measure SET current = FALSE WHERE measure_id = ?", [measure])
        work.log("measure", measure, "measures.withdraw", None, None)
    return {"withdrawn": measure}
