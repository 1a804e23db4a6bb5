"""What the follow-up engine reads from the store: first the few columns its rules need, then the rest of few patients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from registry import followup
from registry.abstracting.consolidated import level_of
from registry.followup.configuration import editions
from registry.followup.physicians import PHYSICIANS
from registry.followup.settings import SETTINGS, configured
from registry.followup.worklist import (
    FOLLOW_UP_DETAILS,
    LIST_COLUMNS,
    PATIENT_DETAILS,
    TUMOR_DETAILS,
    WORK,
    perhaps_listed,
)
from registry.service import frames
from registry.service.followup import contacts as followup_contacts
from registry.service.operations import Context

KEY = "patient_id"
RULE_ITEMS = (
    "vitalStatus", "dateOfLastContact", "dateOfBirth", "addrCurrentCountry", "classOfCase", "primarySite",
    "histologicTypeIcdO3", "behaviorCodeIcdO3", "summaryStage2018", "dateOfDiagnosis", "dateOf1stContact",
)  # fmt: skip
DETAIL_ITEMS = tuple(
    item for item in (*PATIENT_DETAILS, "sex", *TUMOR_DETAILS, *FOLLOW_UP_DETAILS) if item not in RULE_ITEMS
)
FOLLOWS_UP = next(iter(PHYSICIANS.items()))
ELSEWHERE = "barred at another facility"

Frames = tuple[pl.DataFrame, pl.DataFrame]


def configuration_of(
    context: Context, day: dt.date, reference_date: str | dt.date | None = None
) -> followup.FollowUpConfiguration:
    """The configuration in force on `day`, with the registry's own settings, perhaps with another reference date."""
    chosen = None if reference_date is None else context.day(reference_date)
    return configured(day, texts(context), chosen)


def texts(context: Context) -> dict[str, str | None]:
    """The registry's own settings about follow-up, as they are kept."""
    return {name: context.store.get_meta(name) for name in SETTINGS}


def by_level(items: Iterable[str]) -> tuple[list[str], list[str]]:
    """Items of the patient, and items of the tumor, as the dictionary has them."""
    wanted = list(dict.fromkeys(items))
    of_patient = [item for item in wanted if level_of(item) == "Patient"]
    return of_patient, [item for item in wanted if item not in of_patient]


def rule_frames(context: Context, more: Iterable[str] = ()) -> Frames:
    """Every patient and tumor in scope with what the rules need and `more` items, in no order."""
    patient_items, tumor_items = by_level([*RULE_ITEMS, *more])
    if context.actor.facilities is not None:
        return frames.load(context, patient_items, tumor_items)
    return _rows(context, "patient", KEY, patient_items), _rows(
        context, "tumor", f"tumor_id, x.{KEY}", tumor_items
    )


def listed_frames(context: Context, settings: followup.FollowUpConfiguration, as_of: dt.date) -> Frames:
    """As `rule_frames`, of the living whose contact is due: few, and only their tumors are read."""
    patient_items, tumor_items = by_level(RULE_ITEMS)
    if context.actor.facilities is not None:
        patients, tumors = frames.load(context, patient_items, tumor_items)
        patients = perhaps_listed(patients, as_of, settings)
        return patients, tumors.join(patients, on=KEY, how="semi")
    patients = perhaps_listed(_rows(context, "patient", KEY, patient_items), as_of, settings)
    return patients, _rows(context, "tumor", f"tumor_id, x.{KEY}", tumor_items, KEY, patients[KEY])


def with_details(context: Context, people: pl.DataFrame, tumors: pl.DataFrame) -> Frames:
    """The same rows of patients and tumors with all that a list says of them."""
    if context.actor.facilities is not None:
        more = frames.load(context, *by_level((*DETAIL_ITEMS, *RULE_ITEMS)))
    else:
        patient_items, tumor_items = by_level(DETAIL_ITEMS)
        more = (
            _rows(context, "patient", KEY, _present(context, "patient", patient_items), KEY, people[KEY]),
            _rows(context, "tumor", "tumor_id", _present(context, "tumor", tumor_items), "tumor_id", tumors["tumor_id"]),
        )  # fmt: skip
    return tuple(
        known.join(_new(other, known, key), on=key, how="left", maintain_order="left")
        for known, other, key in zip((people, tumors), more, (KEY, "tumor_id"), strict=True)
    )  # type: ignore[return-value]


def _new(other: pl.DataFrame, known: pl.DataFrame, key: str) -> pl.DataFrame:
    """Columns of `other` that `known` has not, beside the key."""
    return other.select(key, pl.exclude(known.columns))


def _present(context: Context, table: str, items: list[str]) -> list[str]:
    there = set(context.store.columns(table))
    return [item for item in items if item in there]


def _rows(
    context: Context, table: str, ids: str, items: list[str], key: str = "", only: pl.Series | None = None
) -> pl.DataFrame:
    """Ids and items of a table's rows in no order; `only` of some values of `key`."""
    select = f"SELECT x.{ids} {frames.select_items(context, table, 'x', items)} FROM {table} x"
    if only is None:
        return context.store.query(f"{select} WHERE x.{frames.NOT_GONE}")
    wanted = only.rename(key).to_frame().cast(pl.Int64)
    return context.store.query(
        f"{select} SEMI JOIN wanted USING ({key}) WHERE x.{frames.NOT_GONE}", frames={"wanted": wanted}
    )


def facility_frames(context: Context) -> Frames:
    """Patients as `rule_frames`, and for each facility its own view of a tumor: one row a facility and tumor.

    Which cases a facility must follow is a matter of its own class of case; whether a patient is still known is not.
    """
    tumor_items = by_level(RULE_ITEMS)[1]
    patients = rule_frames(context)[0]
    reported = frames.abstracts(context, tumor_items).filter(pl.col("tumor_id").is_not_null())
    analytic = pl.col("classOfCase").is_in(editions()[0]["analytic_classes"]).fill_null(value=False)
    reported = reported.with_columns(analytic.alias("analytic")).sort(
        "analytic", "abstract_id", descending=[True, False]
    )
    return patients, (
        reported.unique(["facility_id", "tumor_id"], keep="first", maintain_order=True)
        .join(patients.select(KEY), on=KEY, how="semi")
        .select("tumor_id", KEY, "facility_id", *tumor_items)
    )


def work_so_far(context: Context, patient_ids: pl.Series, as_of: dt.date) -> followup.Work:
    """What the store knows of the work on these patients, as far as the actor may see it."""
    listed = pl.DataFrame({KEY: patient_ids}, schema={KEY: pl.Int64})
    scope, facilities = context.actor.scope_sql("c.facility_id")
    attempts = context.store.query(
        "SELECT c.patient_id, CAST(c.contacted_at AS DATE) AS date, c.method, c.outcome AS result, c.addressee, "
        "c.physician_id AS physician FROM follow_up_contact c SEMI JOIN listed USING (patient_id) "
        f"WHERE c.contact_type = 'attempt' AND c.tombstone_reason IS NULL AND {scope} ORDER BY c.contact_id",
        facilities,
        frames={"listed": listed},
    )
    return followup.Work(
        attempts=attempts, bars=_bars(context), consents=_consents(context, as_of), searched=_searched(context, as_of)
    )  # fmt: skip


def _bars(context: Context) -> pl.DataFrame:
    """Who may not be contacted, whoever said so; why, only where the actor may know."""
    bars = context.store.query(
        "SELECT patient_id, reason, facility_id FROM contact_bar WHERE lifted_at IS NULL "
        "QUALIFY row_number() OVER (PARTITION BY patient_id ORDER BY bar_id DESC) = 1 ORDER BY patient_id"
    )
    shown = pl.lit(value=True)
    if context.actor.facilities is not None:
        shown = pl.col("facility_id").is_in(sorted(context.actor.facilities)).fill_null(value=False)
    return bars.select(KEY, pl.when(shown).then("reason").otherwise(pl.lit(ELSEWHERE)).alias("barredWhy"))


def _consents(context: Context, as_of: dt.date) -> pl.DataFrame:
    """Words of physicians in force, one row for each code by which the physician is known."""
    said = followup_contacts.consents_in_force(context.store.query, as_of)
    numbers = (
        physicians(context, as_of)
        .select("physician_id", pl.col("npi").alias("physician"))
        .filter(pl.col("physician").is_not_null())
    )
    own = said.with_columns(pl.col("physician_id").alias("physician"))
    other = said.join(numbers, on="physician_id", how="inner").filter(
        pl.col("physician") != pl.col("physician_id")
    )
    return pl.concat([frame.select(KEY, "physician", "given") for frame in (own, other)])


def _searched(context: Context, as_of: dt.date) -> dict[str, dt.date]:
    """Day on which each passive source was searched last, up to `as_of`."""
    rows = context.store.query(
        "SELECT kind, max(CAST(created_at AS DATE)) AS day FROM follow_up_import "
        "WHERE CAST(created_at AS DATE) <= ? GROUP BY kind ORDER BY kind",
        [as_of],
    )
    found: dict[str, dt.date] = dict(rows.iter_rows())
    return found


def physicians(context: Context, as_of: dt.date) -> pl.DataFrame:
    """Physicians as the table has them on a day: frame[physician_id, npi, name]."""
    return context.store.query(
        "SELECT physician_id, nullif(trim(npi), '') AS npi, name FROM physician "
        "WHERE effective_from <= ? AND (effective_to IS NULL OR effective_to >= ?) "
        "QUALIFY row_number() OVER (PARTITION BY physician_id ORDER BY effective_from DESC) = 1 ORDER BY physician_id",
        [as_of, as_of],
    )


def as_listed(context: Context, listed: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The list with every column it can have, and physicianName beside physician (by the table's number, else by NPI)."""
    absent = [item for item in (*PATIENT_DETAILS, *FOLLOW_UP_DETAILS) if item not in listed.columns]
    listed = listed.with_columns(pl.lit(None, pl.String).alias(item) for item in absent)
    table = physicians(context, as_of)
    by_npi = table.filter(pl.col("npi").is_not_null()).select(pl.col("npi").alias("code"), "name")
    names = pl.concat([table.select(pl.col("physician_id").alias("code"), "name"), by_npi])
    names = names.unique("code", keep="first", maintain_order=True)
    named = listed.join(names, left_on="physician", right_on="code", how="left", maintain_order="left")
    anyway = [name for name in ("tumors", "followedAnyway") if name in listed.columns]
    work = [name for each in WORK for name in ((each, "physicianName") if each == "physician" else (each,))]
    named = named.rename({"name": "physicianName"})
    return named.select(KEY, *LIST_COLUMNS, *PATIENT_DETAILS, *FOLLOW_UP_DETAILS, *anyway, *work)
