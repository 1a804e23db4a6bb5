"""Saved cohorts: one definition of who is counted, used by every figure."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any

import polars as pl

from registry.analytics import cohorts
from registry.analytics.cohorts import Cohort
from registry.analytics.disclosure import profiles
from registry.errors import BadInput, Conflict, Denied
from registry.service.operations import Context, operation
from registry.service.statistics import saved_cohorts
from registry.service.statistics.saved_cohorts import Saved
from registry.service.statistics.study import definition_of, study

FORMS = ("yaml", "link")
_SAVING = threading.Lock()


@operation("cohort.preview")
def preview(
    context: Context,
    cohort: dict[str, Any] | str | None = None,
    follow_up: bool = True,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """What a definition counts today, without saving it.

    Args:
        cohort: a definition, the name of a saved cohort, or the text of a link.
        follow_up: with the steps of survival figures.
        profile, as_of: disclosure profile, day asked about.

    Returns:
        {name, definition, sentences, link, yaml, n (null when small), exclusions, methods, provenance, threshold}.
    """
    found = study(
        context, cohort, as_of=as_of, profile=profile, follow_up=follow_up, columns=["tumor_id", "patient_id"]
    )
    return {**_told(found.cohort), "n": found.exclusions["remaining"][-1], **found.answer()}


def _told(cohort: Cohort) -> dict[str, Any]:
    """A definition in all its forms."""
    return {
        "name": cohort.name, "definition": cohorts.as_dict(cohort), "sentences": cohorts.describe(cohort),
        "link": cohorts.to_link(cohort), "yaml": cohorts.to_yaml(cohort),
    }  # fmt: skip


@operation("cohort.choices")
def choices(context: Context) -> dict[str, Any]:
    """Values that a definition may name: those that occur in the actor's scope, in order, and fixed choices.

    Returns:
        attribute of `Cohort` → values; profiles: name → threshold; defaults: kind of figure → definition.
    """
    from registry.analytics.cohorts.definition import CHOICES
    from registry.service.statistics.analysis_cache import tumors

    frame = tumors(context)
    columns = {"sites": "site_group", "stages": "stage", "races": "race", "states": "state", "counties": "county",
               "facilities": "facility", "years": "year"}  # fmt: skip
    found: dict[str, Any] = {key: list(values) for key, values in CHOICES.items()}
    for key, column in columns.items():
        values = frame[column].drop_nulls().unique()
        if isinstance(values.dtype, pl.Categorical):
            values = values.cast(pl.String)
        found[key] = values.sort().to_list()
    if not context.actor.sees_identifiers:
        found["facilities"] = []  # nothing that they may select by
    found["profiles"] = {name: rule.threshold for name, rule in profiles().items()}
    found["defaults"] = {
        "survival": cohorts.as_dict(cohorts.SURVIVAL), "incidence": cohorts.as_dict(cohorts.INCIDENCE),
    }  # fmt: skip
    return found


@operation("cohort.save", changes=True)
def save(
    context: Context,
    name: str,
    definition: dict[str, Any] | str,
    note: str | None = None,
    shared: bool = True,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Save a definition under a name, or a new version of it.

    Args:
        definition: a definition, the text of a link, or the name of a saved cohort (a copy).
        shared: others see it. expected_version: of the saved cohort that this one takes the place of.

    Returns:
        {cohort_id, name, version}.

    Raises:
        Conflict: it is saved already, or somebody saved another version meanwhile. Denied: it is somebody else's.
    """
    named = cohorts.with_changes(definition_of(context, definition), name=name)
    if not named.name:
        raise BadInput("cohort", "has no name", "give one")
    written = {
        "name": named.name, "definition": json.dumps(cohorts.as_dict(named), ensure_ascii=False), "note": note,
        "shared": shared,
    }  # fmt: skip
    with (
        _SAVING,  # only this process writes to the database: of two who save one name the later finds the earlier's
        context.store.unit_of_work(context.actor.name, "cohort.save") as work,
    ):
        own = _own(context, named.name)
        if own is None:
            if expected_version is not None:
                raise Conflict("cohort", "it is not saved any more", "save it without a version")
            number = work.new_ids("cohort", 1)[0]
            row = {
                "cohort_id": number,
                **written,
                "facility_id": saved_cohorts.home(context),
                "owner": context.actor.name,
            }
            work.insert(
                "cohort", pl.DataFrame([row], schema_overrides={"note": pl.String, "facility_id": pl.String})
            )
            return {"cohort_id": int(number), "name": named.name, "version": 1}
        if expected_version is None:
            raise Conflict(
                "cohort",
                f"this name is saved already, version {own.version}",
                "name the version that you change",
            )
        version = work.update("cohort", own.cohort_id, written, expected_version=expected_version)
    return {"cohort_id": own.cohort_id, "name": named.name, "version": version}


def _own(context: Context, name: str) -> Saved | None:
    """The saved cohort that a save under this name would change.

    Raises:
        Denied: it is somebody else's.
    """
    rows = [
        saved_cohorts.of_row(row)
        for row in saved_cohorts.visible(context).iter_rows(named=True)
        if row["name"].casefold() == name.casefold()
    ]
    if rows and not any(one.may_change(context) for one in rows):
        raise Denied("cohort.save", "this name is taken by somebody else's cohort", "choose another name")
    return next((one for one in rows if one.may_change(context)), None)


@operation("cohort.list")
def saved(context: Context) -> pl.DataFrame:
    """Saved cohorts that the actor sees: frame[name, description, note, owner, mine, shared, version, changed_at]."""
    found = saved_cohorts.visible(context)
    about = [cohorts.describe(cohorts.cohort_from(json.loads(text)))[0] for text in found["definition"]]
    return found.select(
        "name",
        pl.Series("description", about, dtype=pl.String),
        "note",
        "owner",
        "shared",
        "version",
        "changed_at",
    )


@operation("cohort.show")
def show(context: Context, name: str) -> dict[str, Any]:
    """One saved cohort: {name, definition, sentences, link, yaml, note, owner, shared, version, changed_at, may_change}."""
    one = saved_cohorts.find(context, name)
    return {
        **_told(one.cohort), "name": one.name, "note": one.note, "owner": one.owner, "shared": one.shared,
        "version": one.version, "changed_at": one.changed_at, "may_change": one.may_change(context),
    }  # fmt: skip


@operation("cohort.remove", changes=True)
def remove(context: Context, name: str, expected_version: int) -> dict[str, Any]:
    """Take a saved cohort off the list; it stays in the history. Returns {name, version}."""
    one = saved_cohorts.find(context, name)
    if not one.may_change(context):
        raise Denied("cohort.remove", "this is somebody else's cohort", "ask its owner")
    with context.store.unit_of_work(context.actor.name, "cohort.remove") as work:
        version = work.update(
            "cohort", one.cohort_id, {"removed_at": context.stamp}, expected_version=expected_version
        )
    return {"name": one.name, "version": version}


@operation("cohort.export")
def export(context: Context, cohort: dict[str, Any] | str, form: str = "yaml") -> str:
    """A definition (or a saved cohort by its name) as YAML, or as the text of a link."""
    if form not in FORMS:
        raise BadInput("cohort.export", f"there is no form {form!r}", f"choose {' or '.join(FORMS)}")
    found = definition_of(context, cohort)
    return cohorts.to_yaml(found) if form == "yaml" else cohorts.to_link(found)


@operation("cohort.load")
def load(context: Context, text: str) -> dict[str, Any]:
    """The definition in YAML or in the text of a link, checked: {name, definition, sentences, link, yaml}."""
    asked = text.strip()
    return _told(cohorts.from_link(asked) if asked.startswith(cohorts.LINK) else cohorts.from_yaml(text))
