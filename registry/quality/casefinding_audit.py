"""Casefinding audit: are the eligible cases of an audited list in the registry?

A row of the list (`casefinding_list.read`) finds a patient by strict keys alone and then one of the patient's tumors
by site and date; whatever is not certain is `unclear` and belongs to a person, never to a rule.

Source: NPCR technical audits (case-finding completeness), Cancer 2007; own rules of matching.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import polars as pl

from registry.quality.casefinding_list import FIELDS
from registry.quality.proportions import with_percent
from registry.standards import dates

ABSTRACT_ITEMS = (
    "medicalRecordNumber", "accessionNumberHosp", "nameLast", "nameFirst", "dateOfBirth", "primarySite",
    "histologicTypeIcdO3", "dateOfDiagnosis", "dateOf1stContact",
)  # fmt: skip
FOUND, MISSED, UNCLEAR, UNREADABLE, REPEATED = "found", "missed", "unclear", "unreadable", "repeated"
NOT_ELIGIBLE = "not_eligible"
DAYS_BEFORE, DAYS_AFTER = 90, 366
"""A listed date belongs to a tumor from so long before its diagnosis to so long after it (or after first contact)."""

BLOOD = "HEM"
MOVED_SITES = {"C43": "C44", "D03": "C44", "D04": "C44", "D05": "C50", "D06": "C53"}
"""ICD-10-CM categories of disease indexes whose ICD-O-3 site is another one."""
NO_SITE = re.compile(r"C(45|46|7[6-9]|80|97)|D")
"""Categories that name no site: mesothelioma, Kaposi sarcoma, secondary and ill-defined ones, the rest of chapter D."""
BLOOD_CATEGORY = re.compile(r"C(8[1-9]|9[0-6])|D4[5-7]")


def site_group(code: str | None) -> str | None:
    """What two codings of a site are compared by: the ICD-O group; blood for systemic ones; null when it names no site.

    >>> site_group("C504"), site_group("C50411"), site_group("C439"), site_group("C8330"), site_group("C787")
    ('C50', 'C50', 'C44', 'HEM', None)
    """
    category = (code or "")[:3]
    if not category or BLOOD_CATEGORY.match(category):
        return BLOOD if category else None
    if category in MOVED_SITES:
        return MOVED_SITES[category]
    return None if NO_SITE.match(category) else category


def match(rows: pl.DataFrame, abstracts: pl.DataFrame) -> pl.DataFrame:
    """Judge each row against the registry's abstracts.

    Keys, each strict: medical record number within the facility; accession number within the facility; last name,
    first name and full birth date anywhere. A candidate whose last name and birth date both contradict the row is
    another person. Then site (see `site_group`) and date decide: both fit = found; nobody known = missed; everything
    between = unclear.

    Args:
        rows: from `read`; `facility` filled.
        abstracts: frame[abstract_id, patient_id, tumor_id, facility_id, *ABSTRACT_ITEMS].

    Returns:
        rows with state, agreed_on (the key), patient_id, abstract_id (of a found case) and case (which rows tell of the
        same case: listed in two sources, it counts once), in the order of `rows`.
    """
    asked = _prepared_rows(rows)
    candidates = _candidates(asked, _prepared(abstracts))
    judged = [_judge(row, candidates.get(row["line"], [])) for row in asked.iter_rows(named=True)]
    kinds = {"state": pl.String, "agreed_on": pl.String, "patient_id": pl.Int64, "abstract_id": pl.Int64,
             "case": pl.String, "why": pl.String}  # fmt: skip
    answers = pl.DataFrame(judged, schema=kinds, orient="row")
    joined = pl.concat([rows, answers], how="horizontal")
    repeated = (pl.int_range(pl.len()).over(*FIELDS) > 0) & (pl.col("state") != UNREADABLE)
    return joined.with_columns(
        state=pl.when(repeated).then(pl.lit(REPEATED)).otherwise("state"),
        reason=pl.when(repeated).then(pl.lit("the same row again")).otherwise(pl.coalesce("reason", "why")),
    ).drop("why")


def _letters(name: str) -> pl.Expr:
    letters = pl.col(name).str.to_uppercase().str.replace_all(r"[^\p{L}]", "")
    return pl.when(letters != "").then(letters)


def _plain(name: str) -> pl.Expr:
    """A number as two systems may write it: no leading zeros, no blanks or hyphens, capitals."""
    plain = pl.col(name).str.to_uppercase().str.replace_all(r"[\s-]", "").str.strip_chars_start("0")
    return pl.when(plain != "").then(plain)


def _prepared(abstracts: pl.DataFrame) -> pl.DataFrame:
    groups = {code: site_group(code) for code in abstracts["primarySite"].unique()}
    histology = pl.col("histologicTypeIcdO3").cast(pl.Int32, strict=False)
    return abstracts.select(
        "abstract_id", "patient_id", "tumor_id",
        k_facility=pl.col("facility_id"), k_mrn=_plain("medicalRecordNumber"), k_accession=_plain("accessionNumberHosp"),
        k_last=_letters("nameLast"), k_first=_letters("nameFirst"), k_birth=pl.col("dateOfBirth"),
        site_group=pl.col("primarySite").replace_strict(groups, return_dtype=pl.String),
        blood=histology.is_between(9590, 9993).fill_null(value=False),
        diagnosed=pl.col("dateOfDiagnosis"), contacted=pl.col("dateOf1stContact"),
    )  # fmt: skip


def _prepared_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "line", "reason", "site", "date",
        k_facility=pl.col("facility"), k_mrn=_plain("medical_record_number"), k_accession=_plain("accession_number"),
        k_last=_letters("last_name"), k_first=_letters("first_name"), k_birth=pl.col("birth_date"),
    )  # fmt: skip


KEYS = {
    "medical record number": ("k_facility", "k_mrn"),
    "accession number": ("k_facility", "k_accession"),
    "name and birth date": ("k_last", "k_first", "k_birth"),
}
"""Key → its columns, the surest first."""


def _candidates(rows: pl.DataFrame, known: pl.DataFrame) -> dict[int, list[dict[str, object]]]:
    """Abstracts that a key points to, by line, each once with its surest key."""
    parts = []
    for rank, (key, columns) in enumerate(KEYS.items()):
        asked = rows.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in columns))
        if "k_birth" in columns:
            asked = asked.filter(pl.col("k_birth").str.len_bytes() == 8)
        own = known.with_columns(last=pl.col("k_last"), birth=pl.col("k_birth"))
        own = own.drop([name for name in own.columns if name.startswith("k_") and name not in columns])
        parts.append(
            asked.select("line", *columns)
            .join(own, on=list(columns), how="inner")
            .drop(columns)
            .with_columns(agreed_on=pl.lit(key), rank=pl.lit(rank))
        )
    found = pl.concat(parts, how="diagonal").sort("line", "abstract_id", "rank")
    found = found.unique(["line", "abstract_id"], keep="first", maintain_order=True).sort(
        "line", "rank", "abstract_id"
    )
    groups = found.partition_by("line", as_dict=True, maintain_order=True)
    return {int(line): group.to_dicts() for (line,), group in groups.items()}


Verdict = tuple[str, str | None, int | None, int | None, str | None, str | None]
"""state, agreed_on, patient_id, abstract_id, case, why."""


def _judge(row: dict[str, object], candidates: list[dict[str, object]]) -> Verdict:
    if row["reason"]:
        return UNREADABLE, None, None, None, None, None
    group = site_group(_text(row["site"]))
    listed = "|".join(
        str(row[name] or "")
        for name in ("k_facility", "k_mrn", "k_accession", "k_last", "k_first", "k_birth")
    )
    case = f"{listed}|{group or ''}"
    if not candidates:
        return MISSED, None, None, None, case, "nobody known by these keys"
    same = [each for each in candidates if not _another_person(row, each)]
    if not same:
        return UNCLEAR, None, None, None, case, "the number is another person's in the registry"
    people = {each["patient_id"] for each in same}
    first = same[0]
    if len(people) > 1:
        return UNCLEAR, _text(first["agreed_on"]), None, None, case, "the keys point to several patients"
    fitting = [each for each in same if _site_fits(group, each) and _date_fits(row, each, group)]
    tumors = {each["tumor_id"] or each["abstract_id"] for each in fitting}
    agreed, patient = _text(first["agreed_on"]), _number(first["patient_id"])
    if len(tumors) == 1 or (fitting and group is not None):
        best = fitting[0]
        tumor = best["tumor_id"] or f"a{best['abstract_id']}"
        return FOUND, _text(best["agreed_on"]), patient, _number(best["abstract_id"]), f"tumor {tumor}", None
    return UNCLEAR, agreed, patient, None, case, _why(same, group, fitting)


def _why(same: list[dict[str, object]], group: str | None, fitting: list[dict[str, object]]) -> str:
    if fitting:
        return "the patient has several tumors that it could be"
    if group is not None and not any(_site_fits(group, each) for each in same):
        return "the patient is known, with other sites"
    return (
        "the patient is known, the dates do not fit"
        if group
        else "the patient is known; site and date do not tell"
    )


def _another_person(row: dict[str, object], known: dict[str, object]) -> bool:
    """Last name and birth date are known on both sides and both differ."""
    last, birth = _text(row["k_last"]), _text(row["k_birth"])
    other_last, other_birth = _text(known["last"]), _text(known["birth"])
    if not (last and other_last and birth and other_birth):
        return False
    apart = not (birth.startswith(other_birth) or other_birth.startswith(birth))
    return last != other_last and apart


def _site_fits(group: str | None, known: dict[str, object]) -> bool:
    if group is None:
        return True
    return known["site_group"] == group or (group == BLOOD and bool(known["blood"]))


def _date_fits(row: dict[str, object], known: dict[str, object], group: str | None) -> bool:
    """The listed date lies around diagnosis or first contact; without a date the site alone must tell."""
    listed = _text(row["date"])
    if listed is None:
        return group is not None
    first, last = dates.earliest_date(listed), dates.latest_date(listed)
    before, after = dt.timedelta(days=DAYS_BEFORE), dt.timedelta(days=DAYS_AFTER)
    for text in (_text(known["diagnosed"]), _text(known["contacted"])):
        start, end = dates.earliest_date(text), dates.latest_date(text)
        if start and end and first and last and start - before <= last and first <= end + after:
            return True
    return False


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))


def completeness(listed: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Case-finding completeness: of the eligible cases listed, how many the registry has.

    A case listed in two sources counts once in each group; what a person settled counts as settled.

    Args:
        listed: frame[state, case, outcome (found, missed, not_eligible or null), *by].

    Returns:
        frame[*by, rows, unreadable, not_eligible, unclear (not settled), cases (found + missed), found, missed, percent,
        lower, upper (exact 95 % limits), lowest, highest (percent if all unclear cases were missed, or found)], sorted.
    """
    keys = list(by)
    judged = listed.with_columns(
        verdict=pl.coalesce("outcome", "state"),
        case=pl.coalesce("case", pl.format("row {}", pl.int_range(pl.len()))),
    )
    rank = {FOUND: 0, MISSED: 1, UNCLEAR: 2, NOT_ELIGIBLE: 3}
    once = (
        judged.filter(pl.col("verdict").is_in(list(rank)))
        .sort(pl.col("verdict").replace_strict(rank), maintain_order=True)
        .unique([*keys, "case"], keep="first", maintain_order=True)
    )
    counted = _counts(once, keys, [(pl.col("verdict") == verdict).sum().alias(verdict) for verdict in rank])
    unreadable = (pl.col("verdict") == UNREADABLE).sum().alias(UNREADABLE)
    rows = _counts(judged, keys, [pl.len().alias("rows"), unreadable])
    joined = rows.join(counted, on=keys, how="left", nulls_equal=True) if keys else rows.hstack(counted)
    frame = joined.with_columns(pl.exclude(keys).fill_null(0).cast(pl.Int64))
    frame = frame.with_columns(cases=pl.col(FOUND) + pl.col(MISSED))
    whole = pl.col("cases") + pl.col("unclear")
    numbers = ["rows", UNREADABLE, NOT_ELIGIBLE, UNCLEAR, "cases", FOUND, MISSED]
    frame = with_percent(frame, FOUND, "cases").with_columns(
        lowest=pl.when(whole > 0).then(100 * pl.col(FOUND) / whole),
        highest=pl.when(whole > 0).then(100 * (pl.col(FOUND) + pl.col("unclear")) / whole),
    )
    frame = frame.select(*keys, *numbers, "percent", "lower", "upper", "lowest", "highest")
    return frame.sort(keys, nulls_last=True) if keys else frame


def _counts(frame: pl.DataFrame, keys: list[str], sums: list[pl.Expr]) -> pl.DataFrame:
    return frame.group_by(keys).agg(sums) if keys else frame.select(sums)
