"""A study: one cohort applied to the analysis frame, with its exclusion flow, its provenance and its methods text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.analytics import cohorts
from registry.analytics.cohorts import Cohort
from registry.analytics.disclosure import Profile, publish_flow, total_may_be_told
from registry.analytics.disclosure import profile as disclosure_profile
from registry.errors import BadInput
from registry.service.statistics import analysis_cache, saved_cohorts
from registry.version import __version__

if TYPE_CHECKING:
    from registry.service.operations import Context

Definition = Mapping[str, Any] | str | None


@dataclass(frozen=True)
class Study:
    """What an operation works with.

    Attributes:
        cohort: the definition in force; as_of: the cut-off in force.
        frame: rows of the analysis frame that are counted. flow: exact, never published.
        rule: disclosure profile. version: of the data. followed: people were followed.
        on: the day asked about. told: the number of those left may be shown.
    """

    cohort: Cohort
    as_of: dt.date
    frame: pl.DataFrame
    flow: pl.DataFrame
    rule: Profile
    version: int
    followed: bool
    on: dt.date
    told: bool = True

    @property
    def exclusions(self) -> pl.DataFrame:
        """The flow as it may be shown: frame[step, reason, excluded, remaining], small counts hidden."""
        return publish_flow(self.flow, profile=self.rule, end_told=self.told).drop("hidden")

    def stepped(self, kept: pl.DataFrame, reason: str) -> Study:
        """The study of those who are kept of its frame, with a further step in its flow."""
        return replace(
            self.counting(self.flow["remaining"][-1] - self.frame.height + kept.height, reason), frame=kept
        )

    def counting(self, left: int, reason: str) -> Study:
        """The study with a further step in its flow, which leaves so many; as it is when nobody goes."""
        gone = self.flow["remaining"][-1] - left
        if not gone:
            return self
        line = {"step": self.flow.height, "reason": reason, "excluded": gone, "remaining": left}
        return replace(self, flow=pl.concat([self.flow, pl.DataFrame([line], schema=self.flow.schema)]))

    def beside(self, counts: pl.Series, hidden: pl.Series) -> Study:
        """The study for an answer whose table has these counts: what is left is told where the hidden ones stay open."""
        return replace(self, told=self.told and total_may_be_told(counts, hidden, self.rule))

    @property
    def provenance(self) -> dict[str, Any]:
        """Where a figure comes from: plain words and dates, nothing of a patient."""
        return {
            "cohort": cohorts.as_dict(self.cohort), "cohort_link": cohorts.to_link(self.cohort),
            "software": f"cancer-registry {__version__}", "data_cut_off": self.as_of, "data_version": self.version,
            "made_on": self.on, "profile": self.rule.name, "threshold": self.rule.threshold,
        }  # fmt: skip

    def methods(self, *figure: str) -> str:
        """The methods text, with sentences on what was calculated."""
        return cohorts.methods_text(
            self.cohort,
            self.exclusions,
            self.as_of,
            figure,
            follow_up=self.followed,
            threshold=self.rule.threshold,
            software=f"cancer-registry {__version__}",
            data_version=self.version,
        )

    def answer(self, *figure: str) -> dict[str, Any]:
        """The keys that every answer has: exclusions, methods, provenance, threshold."""
        return {
            "exclusions": self.exclusions, "methods": self.methods(*figure), "provenance": self.provenance,
            "threshold": self.rule.threshold,
        }  # fmt: skip


def study(
    context: Context,
    cohort: Definition = None,
    *,
    as_of: str | dt.date | None = None,
    profile: str = "default",
    follow_up: bool = False,
    default: Cohort = cohorts.EVERYBODY,
    columns: Sequence[str] | None = None,
    items: Sequence[str] = (),
    **narrower: Any,
) -> Study:
    """Apply a cohort to the tumors in the actor's scope.

    Args:
        cohort: a definition, the name of a saved cohort, the text of a link, or None for `default`.
        as_of: the day asked about (default today); the cohort's own cut-off goes before it.
        profile: disclosure profile.
        follow_up: as `cohorts.apply`.
        columns: columns of the frame to keep; None = all.
        items: further NAACCR items, as columns (see `analysis_cache.items`).
        narrower: attributes of `Cohort` that the question itself gives; None = not given.

    Raises:
        BadInput: a wrong definition. NotFound: no cohort of that name.
    """
    on = context.day(as_of)
    rule = rule_for(context, profile)
    asked = cohorts.with_changes(definition_of(context, cohort, default), **narrower)
    if asked.facilities and not context.actor.sees_identifiers:
        raise BadInput("cohort", "your role does not see which hospital reported", "leave facilities out")
    frame = analysis_cache.tumors(context)
    version = analysis_cache.data_version(context)
    if items:
        more = analysis_cache.items(context, [name for name in items if name not in frame.columns])
        frame = pl.concat([frame, more.drop("tumor_id")], how="horizontal")
    wanted = None if columns is None else [*columns, *items]
    kept, flow = cohorts.apply(frame, asked, on, follow_up=follow_up, columns=wanted)
    return Study(asked, asked.cut_off or on, kept, flow, rule, version, follow_up, context.today)


def rule_for(context: Context, profile: str) -> Profile:
    """The disclosure profile, when the actor may ask for it.

    Raises:
        BadInput: there is none of this name, or it shows smaller counts than people outside the registry's work may see.
    """
    rule = disclosure_profile(profile)
    if not context.actor.sees_identifiers and rule.threshold < disclosure_profile("default").threshold:
        raise BadInput(
            "profile", "this one shows smaller counts than your role may see", "choose default or uscs"
        )
    return rule


def definition_of(context: Context, cohort: Definition, default: Cohort = cohorts.EVERYBODY) -> Cohort:
    """The cohort that is meant.

    Raises:
        BadInput: neither a definition nor a text. NotFound: no cohort of that name.
    """
    if cohort is None or cohort == "":
        return default
    if isinstance(cohort, str):
        if cohort.startswith(cohorts.LINK):
            return cohorts.from_link(cohort)
        return saved_cohorts.find(context, cohort).cohort
    if not isinstance(cohort, Mapping):
        raise BadInput("cohort", "is neither a definition nor a name", "give one of them")
    return cohorts.cohort_from(cohort)
