"""What is done next about a patient on the list, and since when: passive sources first, then one person after another.

Every function takes a frame with one row a patient and gives expressions over it. Attempts count from the last contact
on: whoever was heard of begins anew. Order of the steps: `followup_rules` section 5, the months in `rules.toml`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from registry.followup.configuration import FollowUpConfiguration
from registry.followup.due import text
from registry.followup.physicians import PHYSICIANS
from registry.standards import dates

PASSIVE = "passive_"
STEPS = {
    "passive_visits": "search hospital visits",
    "passive_pathology": "search pathology reports",
    "passive_naaccr": "search files of other registries",
    "registry_only": "barred from contact: passive sources alone",
    "physician_letter": "write to the physician who follows up",
    "patient_letter": "write to the patient",
    "second_physician": "ask another physician",
    "contact_letter": "write to the contact person",
    "phone": "telephone",
    "lost": "lost: keep trying",
}
"""Codes of nextSource in plain words; a registry's own passive source is `passive_` and its word."""

OF_THE_STORE = "pathology"
"""The passive source that every registry has: reports in the store."""

ATTEMPT_SCHEMA = {
    "date": pl.Date, "method": pl.String, "result": pl.String, "addressee": pl.String, "physician": pl.String,
}  # fmt: skip
_PROFESSIONAL = ("physician", "nursing_home", "institution")
FLAG_WORDS = "noPatientContactFlag [1854]"


def sources_of(configuration: FollowUpConfiguration, searched: Mapping[str, dt.date]) -> tuple[str, ...]:
    """Passive sources of a registry: those it names, else pathology reports and what it has searched before.

    >>> sources_of(FollowUpConfiguration(), {"visits": dt.date(2026, 1, 1)})
    ('visits', 'pathology')
    """
    if configuration.passive_sources is not None:
        return configuration.passive_sources
    ordered = [code.removeprefix(PASSIVE) for code in STEPS if code.startswith(PASSIVE)]
    used = {*searched, OF_THE_STORE}
    return tuple(sorted(used, key=lambda name: (ordered.index(name) if name in ordered else 99, name)))


def attempts_so_far(people: pl.DataFrame, attempts: pl.DataFrame, as_of: dt.date, key: str) -> pl.DataFrame:
    """Contacts tried since the last one that told something, up to `as_of`.

    Args:
        people: `key`, last_contact (Date).
        attempts: `key`, date (Date or NAACCR text), method, result and where known addressee, physician.

    Returns:
        `key`, attempts (Int32), lastAttempt (text: date, method, result), last_try (Date), asked (Int32: tries with
        a physician or institution), wrote_patient, wrote_contact, phoned (Boolean); patients with an attempt alone.
    """
    present = [
        pl.col(name).cast(kind) if name in attempts.columns else pl.lit(None, kind).alias(name)
        for name, kind in ATTEMPT_SCHEMA.items()
        if name != "date"
    ]
    day = pl.col("date") if attempts.schema["date"] == pl.Date else dates.earliest("date")
    since = (
        attempts.select(key, day.alias("date"), *present)
        .join(people.select(key, "last_contact"), on=key, how="inner")
        .filter(
            pl.col("date").le(as_of) & (pl.col("last_contact").is_null() | (pl.col("date") > pl.col("last_contact")))
        )
    )  # fmt: skip
    words = [pl.col("date").cast(pl.String), "method", "result"]
    letter = pl.col("method").is_in(["letter", "email", "portal", "fax"])

    def told(condition: pl.Expr, name: str) -> pl.Expr:
        return condition.fill_null(value=False).any().alias(name)

    return (
        since.with_columns(pl.concat_str(words, separator=" ", ignore_nulls=True).alias("lastAttempt"))
        .group_by(key)
        .agg(
            pl.len().cast(pl.Int32).alias("attempts"),
            pl.col("lastAttempt").max(),
            pl.col("date").max().alias("last_try"),
            pl.col("addressee").is_in(_PROFESSIONAL).sum().cast(pl.Int32).alias("asked"),
            told(letter & (pl.col("addressee") == "patient"), "wrote_patient"),
            told(letter & (pl.col("addressee") == "contact"), "wrote_contact"),
            told(pl.col("method") == "phone", "phoned"),
        )
    )


def consent_of(people: pl.DataFrame, consents: pl.DataFrame, key: str) -> pl.DataFrame:
    """What physicians said about writing to each patient: `key`, patientLetterConsent (given, refused).

    Args:
        people: `key` and the codes of PHYSICIANS where known.
        consents: those in force, one row a statement: `key` (null = all patients of that physician), physician (any
            code the physician is known by), given (Boolean). A word about one patient stands above one about all.

    Returns:
        Patients of whom something was said; one refusal outweighs every consent.
    """
    item, npi = next(iter(PHYSICIANS.items()))
    own = consents.filter(pl.col(key).is_not_null()).select(key, "physician", "given")
    wide = consents.filter(pl.col(key).is_null()).select("physician", "given")
    of_all = [
        people.select(key, text(people, code).alias("physician")).join(wide, on="physician", how="inner")
        for code in (item, npi)
        if code in people.columns
    ]
    general = pl.concat([own.clear(), *(each.select(own.columns) for each in of_all)])
    general = general.join(own, on=[key, "physician"], how="anti")
    refused = pl.col("given").not_().any()
    return (
        pl.concat([own, general])
        .group_by(key)
        .agg(pl.when(refused).then(pl.lit("refused")).otherwise(pl.lit("given")).alias("patientLetterConsent"))
    )  # fmt: skip


def letters_to() -> pl.Expr:
    """REGISTRY_ONLY when contact is barred, else PHYSICIAN when one follows up, else PATIENT; from barred, physician."""
    return (
        pl.when("barred")
        .then(pl.lit("REGISTRY_ONLY"))
        .when(pl.col("physician").is_not_null())
        .then(pl.lit("PHYSICIAN"))
        .otherwise(pl.lit("PATIENT"))
    )


def barred_why(people: pl.DataFrame, configuration: FollowUpConfiguration) -> pl.Expr:
    """Why nobody may be written to about the patient, "" when one may; from barredWhy (the registry's own bar) and 1854."""
    own = text(people, "barredWhy")
    flag = (text(people, "noPatientContactFlag") == "1").fill_null(value=False)
    by_flag = pl.when(flag & configuration.patient_contact_flag_bars_letters).then(pl.lit(FLAG_WORDS))
    return pl.coalesce(own, by_flag, pl.lit(""))


def next_source(
    people: pl.DataFrame,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
    searched: Mapping[str, dt.date],
) -> list[pl.Expr]:
    """Columns nextSource (a code of STEPS) and nextSourceFrom (Date: not before that day; null = at once).

    Args:
        people: last_contact, barred, physician, secondPhysician, patientLetterConsent, followUpContactName, telephone and
            the columns of `attempts_so_far`, their nulls filled.
        as_of: day on which the question is asked.
        configuration: months, tries, sources, consent.
        searched: day on which each passive source was searched last.
    """
    steps: list[tuple[pl.Expr, str, pl.Expr]] = [
        (_unsearched(name, as_of, configuration, searched), PASSIVE + name, pl.lit(None, pl.Date))
        for name in sources_of(configuration, searched)
    ]
    tries, waited = (
        pl.col("attempts"),
        dates.add_months(pl.col("last_try"), configuration.months_between_tries),
    )
    first = _no_earlier(configuration.physician_letter_month, waited)
    later = _no_earlier(configuration.patient_letter_month, waited)
    consent = pl.col("patientLetterConsent")
    agreed = (
        consent == "given"
        if configuration.patient_letters_need_consent == "required"
        else consent != "refused"
    )
    physician, second = pl.col("physician").is_not_null(), pl.col("secondPhysician").is_not_null()
    steps += [
        (pl.col("barred"), "registry_only", pl.lit(None, pl.Date)),
        (tries >= configuration.tries_before_lost, "lost", waited),
        (physician & (pl.col("asked") == 0), "physician_letter", first),
        (agreed & pl.col("wrote_patient").not_(), "patient_letter", later),
        (second & (pl.col("asked") <= physician.cast(pl.Int32)), "second_physician", later),
        (
            text(people, "followUpContactName").is_not_null() & pl.col("wrote_contact").not_(),
            "contact_letter",
            later,
        ),
        (known_telephone(people) & pl.col("phoned").not_(), "phone", later),
    ]
    code, day = pl.lit("lost"), waited
    for condition, name, since in reversed(steps):
        code = pl.when(condition).then(pl.lit(name)).otherwise(code)
        day = pl.when(condition).then(since).otherwise(day)
    return [code.alias("nextSource"), pl.when(day > as_of).then(day).alias("nextSourceFrom")]


def known_telephone(people: pl.DataFrame) -> pl.Expr:
    """True where a telephone number is known (0000000000 = none, 9999999999 = unknown)."""
    number = text(people, "telephone")
    return number.is_not_null() & number.is_in(["0000000000", "9999999999"]).not_().fill_null(value=False)


def _unsearched(
    name: str, as_of: dt.date, configuration: FollowUpConfiguration, searched: Mapping[str, dt.date]
) -> pl.Expr:
    """True where a source was not looked through since the patient came on the list, or not for a long time."""
    day = searched.get(name)
    if day is None or day < dates.months_after(as_of, -configuration.passive_again_months):
        return pl.lit(value=True)
    due = dates.add_months(pl.col("last_contact"), configuration.due_months)
    return (dates.add_months(due, -configuration.due_ahead_months) > day).fill_null(value=False)


def _no_earlier(months: int, waited: pl.Expr) -> pl.Expr:
    """The later of the month after the last contact and the end of waiting for an answer; null when neither is known."""
    return pl.max_horizontal(dates.add_months(pl.col("last_contact"), months), waited)
