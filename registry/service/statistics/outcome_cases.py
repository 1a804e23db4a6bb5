"""The cases behind figures of outcomes: their groups, and hospitals as their own abstracts name them.

A tumor is a case of every hospital whose abstract of it is analytic. Central staff see each hospital. Staff of a facility
see their own cases, and those of all other hospitals pooled when these are several and together large enough.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from registry.analytics.cohorts import EVERYBODY, Cohort, as_dict
from registry.analytics.disclosure import profile as disclosure_profile
from registry.service import frames
from registry.service.statistics import survival_groups
from registry.service.statistics.study import Definition, Study, definition_of, study

if TYPE_CHECKING:
    from registry.service.operations import Context

ALL_HOSPITALS: Final = "All hospitals"
OTHERS: Final = "Other hospitals"
FEWEST_OTHERS: Final = 3
"""Hospitals that the pooled rest must have, so that none of them can be worked out by another."""
OTHERS_NOTE: Final = f"Other hospitals are shown together, when they are {FEWEST_OTHERS} or more."
CASES_NOTE: Final = (
    "A tumor counts at every hospital that diagnosed it or gave first course treatment (class of case 00-22), so cases "
    "of hospitals may add up to more than the tumors."
)


@dataclass(frozen=True)
class Question:
    """What every operation is asked: a cohort and what narrows it."""

    cohort: Definition
    profile: str
    as_of: str | dt.date | None
    selection: dict[str, Any]
    follow_up: bool = False
    default: Cohort = EVERYBODY
    columns: Sequence[str] | None = None
    items: Sequence[str] = ()

    def study(self, context: Context, **more: Any) -> Study:
        """The study of this question in a scope."""
        return study(
            context, self.cohort, as_of=self.as_of, profile=self.profile, follow_up=self.follow_up, default=self.default,
            columns=self.columns, items=self.items, **survival_groups.narrowed(**self.selection), **more,
        )  # fmt: skip


@dataclass(frozen=True)
class Cases:
    """Rows of a figure with `group` (Enum in the groups' own order; null = no group).

    Attributes:
        found: the study. by: what it is grouped by, None = not at all. notes: sentences to be shown.
    """

    found: Study
    frame: pl.DataFrame
    by: str | None
    notes: list[str]

    @property
    def groups(self) -> list[str]:
        """Groups in order."""
        kind = self.frame["group"].dtype
        assert isinstance(kind, pl.Enum)
        return list(kind.categories)

    def large(self) -> Cases:
        """Without cases in no group and groups below the threshold; where the flow counts the same rows, a step of it."""
        kept = survival_groups.large(self.frame, self.found.rule.threshold)
        hospitals = self.by == "facility"
        found = self.found if hospitals else self.found.counting(kept.height, survival_groups.TOO_SMALL)
        return replace(self, frame=kept, found=found)

    def beside(self, table: pl.DataFrame) -> Cases:
        """The cases for an answer with this table: their number is told where it tells no hidden total of a group."""
        return replace(
            self, found=replace(self.found, told=self.found.told and not table["total"].null_count())
        )

    def answer(self, *sentences: str) -> dict[str, Any]:
        """The keys that every answer has."""
        return {"by": self.by, "groups": self.groups, "notes": self.notes, **self.found.answer(*sentences)}


def cases(context: Context, question: Question, by: str | None) -> Cases:
    """The cases of a question by one characteristic (a word of `survival_groups.TITLES`), or all together."""
    if by == "facility":
        return of_hospitals(context, question)
    wanted = survival_groups.compared(by)
    found = question.study(context)
    frame = found.frame.with_columns(survival_groups.grouped(found.frame, wanted).alias("group"))
    return Cases(found, frame, by or None, [])


def of_hospitals(context: Context, question: Question, *, analytic: bool = True) -> Cases:
    """The cases of hospitals; `facility_id` says whose, `class_of_case` is that hospital's.

    Args:
        analytic: only those of class 00-22 (or without class).
    """
    found = question.study(context)
    frame = hospital_cases(context, found.frame, analytic=analytic)
    names = hospital_names(context, frame["facility_id"].unique().to_list())
    frame = frame.with_columns(
        pl.col("facility_id").replace_strict(names, default=None, return_dtype=pl.String).alias("group")
    )
    notes = [CASES_NOTE] if analytic else []
    order = sorted(
        set(names.values()),
        key=lambda name: (len(name), name) if name.startswith("Hospital ") else (0, name.casefold()),
    )
    if context.actor.facilities is not None:
        rest = _rest(context, question, analytic=analytic)
        if rest is not None:
            frame, order = pl.concat([frame, rest], how="diagonal_relaxed"), [*order, OTHERS]
        notes.append(OTHERS_NOTE)
    return Cases(found, frame.with_columns(pl.col("group").cast(pl.Enum(order))), "facility", notes)


def _rest(context: Context, question: Question, *, analytic: bool) -> pl.DataFrame | None:
    """Cases of all other hospitals in one group; None when they are too few, or when small numbers were to be shown."""
    own = context.actor.facilities or frozenset()
    if disclosure_profile(question.profile).threshold < disclosure_profile("default").threshold:
        return None
    whole = replace(context, actor=replace(context.actor, facilities=None))
    # the cohort that this account means by a name, not one that only central staff see
    meant = as_dict(definition_of(context, question.cohort, question.default))
    everybody = replace(question, cohort=meant).study(whole, facilities=())
    frame = hospital_cases(whole, everybody.frame, analytic=analytic)
    frame = frame.filter(~pl.col("facility_id").is_in(sorted(own)))
    if frame["facility_id"].n_unique() < FEWEST_OTHERS or frame.height < everybody.rule.threshold:
        return None
    return frame.with_columns(pl.lit(OTHERS).alias("group"))


def hospital_cases(context: Context, frame: pl.DataFrame, *, analytic: bool = True) -> pl.DataFrame:
    """The frame once for each hospital of a tumor: `facility_id` (text) and that hospital's `class_of_case`, sorted by both.

    Of several abstracts of one hospital the lowest class counts.
    """
    scope, parameters = context.actor.scope_sql("a.facility_id")
    read = context.store.query(
        f"""SELECT a.tumor_id, a.facility_id {frames.select_items(context, "abstract", "a", ["classOfCase"])}
            FROM abstract a WHERE a.status <> 'void' AND a.tumor_id IS NOT NULL AND a.facility_id IS NOT NULL AND {scope}""",
        parameters,
    )
    kept = read.group_by("tumor_id", "facility_id").agg(
        pl.col("classOfCase").cast(pl.Int8, strict=False).min().alias("class_of_case")
    )
    if analytic:
        kept = kept.filter(pl.col("class_of_case").is_between(0, 22) | pl.col("class_of_case").is_null())
    return (
        frame.drop("class_of_case", strict=False)
        .join(kept.with_columns(pl.col("tumor_id").cast(pl.Int64), pl.col("facility_id").cast(pl.String)), on="tumor_id")
        .sort("facility_id", "tumor_id")
    )  # fmt: skip


def hospital_names(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """facility_id → name for a figure, the id added where two have one name; numbers for whoever sees no identifiers."""
    known = context.store.query(
        "SELECT facility_id, arg_max(name, effective_from) AS name FROM facility GROUP BY facility_id ORDER BY facility_id"
    )
    names = {row["facility_id"]: row["name"] for row in known.iter_rows(named=True)}
    if not context.actor.sees_identifiers:
        places = {one: number for number, one in enumerate(sorted({*names, *ids}), 1)}
        return {one: f"Hospital {places[one]}" for one in sorted(ids)}
    wanted = {one: (names.get(one) or one).strip() for one in sorted(ids)}
    often = [name.casefold() for name in wanted.values()]
    return {
        one: name if often.count(name.casefold()) == 1 else f"{name} ({one})" for one, name in wanted.items()
    }


def asked(
    cohort: Definition,
    profile: str,
    as_of: str | dt.date | None,
    selection: tuple[Any, Any, Any, Any, Any],
    **more: Any,
) -> Question:
    """The arguments that operations share, as one question.

    Args:
        selection: sites, sexes, stages, first and last year, each None when not given. more: attributes of Question.
    """
    names = ("sites", "sexes", "stages", "year_from", "year_to")
    return Question(cohort, profile, as_of, dict(zip(names, selection, strict=True)), **more)


def groups_shown(table: pl.DataFrame, found: Cases) -> list[str]:
    """Groups that a table shows, in their own order."""
    there = set(table["group"].unique())
    return [name for name in found.groups if name in there]
