"""Strict joining of persons: until probabilistic linkage decides, only agreement joins.

An incoming patient id is the sender's own number, so it means something only together with the
sender. Three rules, tried in this order:

1. `same-sender-id`: sender and patient id are the same, nothing known contradicts (last name,
   first name, birth date, SSN) and at least one of name, birth date or SSN agrees.
2. `strict-agreement`: name, full birth date, sex and SSN are all known and all equal.
3. Otherwise a new patient. When SSN alone, or name and birth date without a usable SSN, point to
   somebody known (or the sender's id points to somebody who contradicts), the pair is *doubtful*
   and belongs in a registrar's queue.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from registry.standards import sex_at_birth

IDENTITY = ["sender", "patientIdNumber", "last", "first", "birth", "birth_sex", "ssn"]


class PersonMatch(NamedTuple):
    """What joining found.

    matches: frame[row, patient_id, rule]: incoming rows that are somebody known.
    doubts: frame[row, patient_id, reason]: incoming rows that may be somebody known.
    """

    matches: pl.DataFrame
    doubts: pl.DataFrame


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def _letters(text: pl.Expr) -> pl.Expr:
    letters = text.str.to_uppercase().str.replace_all(r"[^\p{L}]", "")
    return pl.when(letters != "").then(letters)


def identity(patients: pl.DataFrame, keep: list[str]) -> pl.DataFrame:
    """Compare-ready identity of patient-level records.

    Args:
        patients: NAACCR patient items; absent columns count as blank. `sender` as an own column.
        keep: own columns to carry (`row`, `patient_id`, ...).

    Returns:
        frame[*keep, sender, patientIdNumber, last, first, birth, birth_sex, ssn]; an SSN that is no
        person's (999999999, repeated digits, not nine digits) is blank.

    >>> frame = pl.DataFrame({"row": [0], "sender": ["A"], "nameLast": ["O'Neil"], "sex": ["2"],
    ...     "socialSecurityNumber": ["999999999"]})
    >>> identity(frame, ["row"]).select("last", "birth_sex", "ssn").row(0)
    ('ONEIL', '2', None)
    """
    ssn = _column(patients, "socialSecurityNumber").str.replace_all(r"\D", "")
    usable = (ssn.str.len_bytes() == 9) & ~ssn.is_in(
        [digit * 9 for digit in "0123456789"] + ["123456789", "987654321"]
    )
    coded_sex = {"sex", "sexAssignedAtBirth"} & set(patients.columns)
    sex = sex_at_birth() if coded_sex else pl.lit(None, pl.String)
    return patients.select(
        *keep,
        _column(patients, "sender").alias("sender"),
        _column(patients, "patientIdNumber").alias("patientIdNumber"),
        _letters(_column(patients, "nameLast")).alias("last"),
        _letters(_column(patients, "nameFirst")).alias("first"),
        _column(patients, "dateOfBirth").alias("birth"),
        pl.when(sex != "9").then(sex).alias("birth_sex"),
        pl.when(usable).then(ssn).alias("ssn"),
    )


def _differs(item: str) -> pl.Expr:
    """Both known and different. A partial birth date agrees with a date that it begins."""
    left, right = pl.col(item), pl.col(f"{item}_known")
    if item == "birth":
        same = left.str.starts_with(right) | right.str.starts_with(left)
        return (~same).fill_null(False)
    return (left != right).fill_null(False)


def contradictions() -> pl.Expr:
    """Number of identity items (name, birth date, sex, SSN) known on both sides and different."""
    name = _differs("last") | _differs("first")
    return pl.sum_horizontal(name, _differs("birth"), _differs("birth_sex"), _differs("ssn"))


def _agrees(item: str) -> pl.Expr:
    return (pl.col(item) == pl.col(f"{item}_known")).fill_null(False)


def _one_each(pairs: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Rows that point to exactly one known patient."""
    return (
        pairs.select("row", "patient_id")
        .unique()
        .group_by("row")
        .agg(pl.col("patient_id").min(), pl.len().alias("candidates"))
        .filter(pl.col("candidates") == 1)
        .select("row", "patient_id", pl.lit(rule).alias("rule"))
    )


def match_persons(incoming: pl.DataFrame, known: pl.DataFrame) -> PersonMatch:
    """Join incoming patients to known ones by strict rules (see the module's text).

    Args:
        incoming: `identity` frame with `row`.
        known: `identity` frame with `patient_id`; a patient may have several rows (one per
            abstract), all of which count.

    Returns:
        PersonMatch; both frames are sorted by row (doubts also by patient_id).

    >>> known = identity(pl.DataFrame({"patient_id": [7], "sender": ["A"], "patientIdNumber": ["01"],
    ...     "dateOfBirth": ["19500101"]}), ["patient_id"])
    >>> new = identity(pl.DataFrame({"row": [0, 1], "sender": ["A", "A"], "patientIdNumber": ["01", "01"],
    ...     "dateOfBirth": ["19500101", "19610203"]}), ["row"])
    >>> match_persons(new, known).matches.rows()
    [(0, 7, 'same-sender-id')]
    """
    by_id = incoming.drop_nulls("patientIdNumber").join(
        known, on=["sender", "patientIdNumber"], how="inner", suffix="_known", nulls_equal=True
    )
    clash = _differs("last") | _differs("first") | _differs("birth") | _differs("ssn")
    support = (_agrees("last") & _agrees("first")) | _agrees("birth") | _agrees("ssn")
    same_id = _one_each(by_id.filter(~clash & support), "same-sender-id")
    rest = incoming.join(same_id, on="row", how="anti")

    strict = rest.drop_nulls(["last", "first", "birth", "birth_sex", "ssn"]).filter(
        pl.col("birth").str.len_bytes() == 8
    )
    agreed = strict.join(
        known, on=["last", "first", "birth", "birth_sex", "ssn"], how="inner", suffix="_known"
    )
    strictly = _one_each(agreed, "strict-agreement")
    matches = pl.concat([same_id, strictly]).sort("row")
    return PersonMatch(matches, _doubts(incoming.join(matches, on="row", how="anti"), known, by_id))


def _doubts(unmatched: pl.DataFrame, known: pl.DataFrame, by_id: pl.DataFrame) -> pl.DataFrame:
    def pairs(frame: pl.DataFrame, reason: str) -> pl.DataFrame:
        return frame.select("row", "patient_id", pl.lit(reason).alias("reason"))

    by_ssn = unmatched.drop_nulls("ssn").join(known, on="ssn", how="inner", suffix="_known")
    by_name = unmatched.drop_nulls(["last", "first", "birth"]).join(
        known, on=["last", "first", "birth"], how="inner", suffix="_known"
    )
    weak = (_differs("ssn") | _differs("birth_sex")).not_() | (pl.col("ssn").is_null())
    contradicted = by_id.join(unmatched.select("row"), on="row", how="semi").filter(
        _agrees("birth") | _agrees("ssn")
    )
    doubts = pl.concat(
        [
            pairs(by_ssn, "same SSN, another item differs or is unknown"),
            pairs(by_name.filter(weak), "same name and birth date, SSN or sex not confirmed"),
            pairs(contradicted, "same sender's patient id, another item contradicts"),
        ]
    )
    return doubts.unique(["row", "patient_id"], keep="first", maintain_order=True).sort("row", "patient_id")
