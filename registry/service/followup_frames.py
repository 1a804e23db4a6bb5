"""What the follow-up engine reads from the store: first the few columns its rules need, then the rest of few patients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from registry import followup
from registry.abstracting.consolidated import level_of
from registry.followup.configuration import editions
from registry.followup.due import not_listed_from
from registry.followup.physicians import PHYSICIANS
from registry.followup.settings import SETTINGS, configured
from registry.followup.worklist import FOLLOW_UP_DETAILS, LIST_COLUMNS, PATIENT_DETAILS, TUMOR_DETAILS, WORK
from registry.service import followup_contacts, frames
from registry.service.operations import Context

KEY = "patient_id"
RULE_ITEMS = (
    "vitalStatus", "dateOfLastContact", "dateOfBirth", "addrCurrentCountry", "classOfCase", "primarySite",
    "histologicTypeIcdO3", "behaviorCodeIcdO3", "summaryStage2018", "dateOfDiagnosis", "dateOf1stContact",
)  # fmt: skip
DETAIL_ITEMS = (
    *RULE_ITEMS, *PATIENT_DETAILS, "sex", *TUMOR_DETAILS, *FOLLOW_UP_DETAILS,
)  # fmt: skip
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
    return _read(context, by_level([*RULE_ITEMS, *more]), "TRUE", "TRUE")


def rated_frames(
    context: Context, settings: followup.FollowUpConfiguration, more: Iterable[str] = ()
) -> Frames:
    """As `rule_frames`, without most of the tumors that no rate can count, for their class of case."""
    return _read(context, by_level([*RULE_ITEMS, *more]), "TRUE", _perhaps_analytic(context, settings))


def listed_frames(context: Context, settings: followup.FollowUpConfiguration, as_of: dt.date) -> Frames:
    """As `rule_frames`, without most of the patients who can't be on the list: the dead, and who was heard of lately.

    What is left out is certain by the text of one column; the rules judge the rest.
    """
    tumors = "TRUE" if settings.follow_anyway else _perhaps_analytic(context, settings)
    return _read(context, by_level(RULE_ITEMS), _perhaps_due(context, settings, as_of), tumors)


def _read(context: Context, items: tuple[list[str], list[str]], of_patients: str, of_tumors: str) -> Frames:
    """Patients and tumors that fit conditions over their tables (`x`); a facility's staff: all of theirs."""
    if context.actor.facilities is not None:
        return frames.load(context, *items)
    patients = context.store.query(
        f"SELECT x.{KEY} {frames.select_items(context, 'patient', 'x', items[0])} FROM patient x "
        f"WHERE x.{frames.NOT_GONE} AND {of_patients}"
    )
    chosen, known = "", None
    if of_patients != "TRUE":
        chosen, known = f"SEMI JOIN known USING ({KEY})", {"known": patients.select(KEY)}
    tumors = context.store.query(
        f"SELECT x.tumor_id, x.{KEY} {frames.select_items(context, 'tumor', 'x', items[1])} FROM tumor x {chosen} "
        f"WHERE x.{frames.NOT_GONE} AND {of_tumors}",
        frames=known,
    )
    return patients, tumors


def _perhaps_analytic(context: Context, settings: followup.FollowUpConfiguration) -> str:
    """Condition that is false only for tumors whose class of case is plainly not analytic (two characters, another code)."""
    if "classOfCase" not in context.store.columns("tumor"):
        return "TRUE"
    codes = ", ".join(f"'{code}'" for code in settings.analytic_classes)
    return f"""coalesce(x."classOfCase" IN ({codes}) OR length(x."classOfCase") <> 2, FALSE)"""


def _perhaps_due(context: Context, settings: followup.FollowUpConfiguration, as_of: dt.date) -> str:
    """Condition that is false only for patients who are plainly dead, or plainly heard of after the list's last day.

    Plainly = eight digits with a day that every month has; days 29 to 31 are left to the rules.
    """
    if not {"vitalStatus", "dateOfLastContact"} <= set(context.store.columns("patient")):
        return "TRUE"
    codes = ", ".join(f"'{code}'" for code in settings.dead_codes)
    number = 'TRY_CAST(x."dateOfLastContact" AS INTEGER)'
    return (
        f"""NOT coalesce(x."vitalStatus" IN ({codes}), FALSE) AND NOT coalesce(length(x."dateOfLastContact") = 8 """
        f"AND {number} BETWEEN {not_listed_from(as_of, settings):%Y%m%d} AND 99981231 "
        f"AND {number} // 100 % 100 BETWEEN 1 AND 12 AND {number} % 100 BETWEEN 1 AND 28, FALSE)"
    )


def detail_frames(context: Context, rules: Frames, patient_ids: pl.Series) -> Frames:
    """Of the patients of these numbers and their tumors all that a list says.

    Args:
        rules: what `rule_frames` gave; it is not read again.
        patient_ids: who is listed.
    """
    levels = by_level(item for item in DETAIL_ITEMS if item not in RULE_ITEMS)
    listed = pl.DataFrame({KEY: patient_ids}, schema={KEY: pl.Int64})
    if context.actor.facilities is not None:
        levels = by_level(DETAIL_ITEMS)
        whole = frames.load(context, *levels)
        return whole[0].join(listed, on=KEY, how="semi"), whole[1].join(listed, on=KEY, how="semi")
    found = []
    for table, key, items, known in zip(("patient", "tumor"), (KEY, "tumor_id"), levels, rules, strict=True):
        there = set(context.store.columns(table))
        columns = "".join(f', x."{item}"' for item in items if item in there)
        more = context.store.query(
            f"SELECT x.{key} {columns} FROM {table} x SEMI JOIN listed USING ({KEY}) WHERE {frames.NOT_GONE}",
            frames={"listed": listed},
        )
        found.append(known.join(more, on=key, how="inner"))
    return found[0], found[1]


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
